#include "options.h"

#include <fmt/format.h>

#include <cstdlib>

#include "base/device_id.h"
#include "base/file.h"

namespace cbx::ingest {

void declare(cli::Tool& tool, Options& o) {
  CLI::App& app = tool.app();
  tool.add_root_option();
  app.add_option("URL", o.pull, "Fetch this stream: srt://, rtsp://, rtmp://, http:// or https://")->type_name("");
  app.add_option("--listen", o.listen, "Take publishers in at srt://[HOST]:PORT[?latency=MILLISECONDS]; repeatable")
      ->type_name("URL")
      ->expected(1)
      ->allow_extra_args(false)  // what follows may be a URL to fetch from
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--device", o.device, "Device of a fetched stream, or of publishers without a stream id")
      ->type_name("ID");
  app.add_flag("--once", o.once, "Write the first publisher's transport stream to stdout, end with it");
  app.add_option("--exec", o.exec, "Run a shell command for each connection, the transport stream on its stdin")
      ->type_name("COMMAND");
  app.add_option("--records", o.records, "Append records to this file, or to an open descriptor fd:N")
      ->type_name("FILE");
  app.add_option("--register", o.registration, "Unknown devices: auto (add them) or closed (refuse them)")
      ->check(CLI::IsMember({"auto", "closed"}))
      ->type_name("HOW")
      ->capture_default_str();
  app.add_flag("--require-encryption", o.require_encryption, "Refuse devices that have no key");
  app.add_option("--passphrase-file", o.passphrase_file,
                 "Read the passphrase for devices without a key of their own from here")
      ->type_name("FILE");
  app.add_option("--max-connections", o.max_connections, "Connections in all")
      ->check(CLI::Range(1, 100000))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--max-per-address", o.max_per_address, "Connections from one address")
      ->check(CLI::Range(1, 100000))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--max-silent", o.max_silent, "Connections that have sent nothing yet (default: half of all)")
      ->check(CLI::Range(1, 100000))
      ->type_name("N");
  app.add_option("--silent-timeout", o.silent_timeout_s, "Close connections that send nothing for so many seconds")
      ->check(CLI::Range(1, 86400))
      ->type_name("SECONDS")
      ->capture_default_str();
  app.add_option("--ready-fd", o.ready_fd, "Write a newline to this descriptor when listening")
      ->check(CLI::Range(1, 1 << 20))
      ->type_name("N");
}

Status check(const Options& o) {
  const auto usage = [](std::string text) { return fail(ErrorCode::usage, std::move(text)); };
  if (o.listen.empty() && o.pull.empty()) return usage("nothing to do: give --listen URL, or a URL to fetch from");
  if (!o.listen.empty() && !o.pull.empty()) return usage("--listen and a URL to fetch from exclude each other");
  if (o.pull.size() > 1) return usage("one URL is fetched from; run one cbx-ingest for each");
  if (o.once && !o.exec.empty()) return usage("--once and --exec exclude each other");
  if (!o.pull.empty() && o.device.empty()) return usage("--device must name what is fetched");
  if (!o.device.empty()) CBX_TRY(check_device_id(o.device));
  return {};
}

Result<std::string> read_passphrase(const Options& o) {
  std::string secret;
  std::string from = "CBX_PASSPHRASE";
  if (!o.passphrase_file.empty()) {
    CBX_ASSIGN(secret, read_file(o.passphrase_file, 4096));
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
    from = fmt::format("'{}'", o.passphrase_file);
    if (secret.empty()) return fail(ErrorCode::config, fmt::format("no passphrase in {}", from));
  } else if (const char* value = std::getenv("CBX_PASSPHRASE")) {
    secret = value;
  }
  if (!secret.empty() && (secret.size() < 10 || secret.size() > 79))
    return fail(ErrorCode::config, fmt::format("the passphrase of {} is not 10 to 79 characters long", from));
  return secret;
}

}  // namespace cbx::ingest
