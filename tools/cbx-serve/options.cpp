#include "options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cbx::serve {
namespace {

bool is_loopback(const http::ListenAddress& address) {
  return !address.unix_path.empty() || address.host == "localhost" || address.host == "::1" ||
         address.host.starts_with("127.");
}

Result<unsigned> parse_mode(const std::string& text) {
  unsigned mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc{} || end != text.data() + text.size() || mode > 0777)
    return fail(ErrorCode::usage, fmt::format("'{}' is no mode: say octal digits such as 660", printable(text)));
  return mode;
}

}  // namespace

void declare(cli::Tool& tool, Options& o) {
  CLI::App& app = tool.app();
  tool.add_root_option();
  const auto repeatable = [](CLI::Option* option) {
    return option->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  repeatable(app.add_option("--listen", o.listen, "Serve at [HOST:]PORT or unix:PATH; repeatable"))
      ->type_name("ADDRESS")
      ->default_str("127.0.0.1:8080");
  app.add_option("--unix-mode", o.unix_mode, "Permissions of Unix sockets")->type_name("MODE")->capture_default_str();
  app.add_option("--cert", o.server.certificate, "Serve over TLS with this certificate chain (PEM)")->type_name("FILE");
  app.add_option("--key", o.server.key, "The certificate's private key (PEM)")->type_name("FILE");
  repeatable(app.add_option("--trust-proxy", o.server.trusted_proxies,
                            "Believe X-Forwarded-For and -Proto of this address, network or 'unix'; repeatable"))
      ->type_name("ADDRESS");
  app.add_option("--access-log", o.server.access_log, "Append a JSON line for each request; - for stdout")
      ->type_name("FILE");
  app.add_option("--allow-origin", o.server.allow_origin, "Let web pages of this origin use the server")
      ->type_name("ORIGIN");
  app.add_option("--sign", o.sign, "Sign manifests with this Ed25519 key (PEM)")->type_name("FILE");
  app.add_option("--publish-host", o.publish_host, "Where cameras reach the recorder, for their addresses")
      ->type_name("HOST[:PORT]");
  app.add_option("--threads", o.server.threads, "Threads that serve (default: twice the cores)")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  app.add_option("--max-connections", o.server.connections, "Connections in all")
      ->check(CLI::Range(1, 1000000))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--max-per-address", o.server.per_address, "Connections from one address")
      ->check(CLI::Range(1, 1000000))
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--ready-fd", o.ready_fd, "Write a newline to this descriptor when listening")
      ->check(CLI::Range(1, 1 << 20))
      ->type_name("N");
}

Result<http::ServerOptions> server_options(const Options& o) {
  http::ServerOptions out = o.server;
  for (const std::string& text : o.listen) {
    CBX_ASSIGN(auto address, http::parse_listen(text));
    out.listen.push_back(std::move(address));
  }
  CBX_ASSIGN(out.unix_mode, parse_mode(o.unix_mode));
  if (!out.allow_origin.empty() && !http::is_origin(out.allow_origin))
    return fail(ErrorCode::usage, fmt::format("'{}' is no origin: say https://example.org, without path and in lower "
                                              "case, or *",
                                              printable(out.allow_origin)));
  if (out.certificate.empty() != out.key.empty())
    return fail(ErrorCode::usage, "--cert and --key belong together: give both or none");
  return out;
}

bool open_to_the_world_in_clear(const http::ServerOptions& options) {
  return options.certificate.empty() && options.trusted_proxies.empty() &&
         !std::all_of(options.listen.begin(), options.listen.end(), is_loopback);
}

}  // namespace cbx::serve
