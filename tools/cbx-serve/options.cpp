#include "options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/log.h"

namespace cbx::serve {
namespace {

bool is_loopback(const http::ListenAddress& address) {
  return !address.unix_path.empty() || address.host == "localhost" || address.host == "::1" ||
         address.host.starts_with("127.");
}

std::filesystem::path own_folder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

Result<unsigned> parse_mode(const std::string& text) {
  unsigned mode = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (error != std::errc{} || end != text.data() + text.size() || mode > 0777)
    return fail(ErrorCode::usage, fmt::format("'{}' is no mode: say octal digits such as 660", printable(text)));
  return mode;
}

void declare_accounts(CLI::App& app, Options& o) {
  app.add_option("--signup", o.sign_up, "Who may make an account at the page: open, invite or closed")
      ->check(CLI::IsMember({"open", "invite", "closed"}))
      ->type_name("WHO")
      ->capture_default_str();
  app.add_option("--public-url", o.public_url, "The page's address as people know it, for letters")->type_name("URL");
  app.add_option("--smtp-url", o.smtp_url, "Send letters by smtp://[user@]host[:port] or smtps://…")->type_name("URL");
  app.add_option("--smtp-password-file", o.smtp_password_file,
                 "Take the mail server's password from FILE's first line (default: CBX_SMTP_PASSWORD)")
      ->type_name("FILE");
  app.add_option("--smtp-ca", o.smtp_ca, "Trust these certificates (PEM) for the mail server")->type_name("FILE");
  app.add_flag("--smtp-starttls", o.smtp_starttls, "Require STARTTLS also of a mail server on this machine");
  app.add_option("--mail-from", o.mail_from, "Send letters as ADDRESS or 'Name <address>'")->type_name("ADDRESS");
}

// http(s)://host[:port][/path], without '/' at its end.
Result<std::string> parse_public_url(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  const bool scheme = url.starts_with("https://") || url.starts_with("http://");
  const size_t host = url.find("://") + 3;
  const bool good =
      scheme && url.size() > host && url[host] != '/' && url.size() < 500 &&
      std::all_of(url.begin(), url.end(), [](char c) {
        return c > 0x20 && c < 0x7f && std::string_view("\"<>\\^`{|}?#@").find(c) == std::string_view::npos;
      });
  if (!good)
    return fail(ErrorCode::usage, fmt::format("'{}' is no address of a page: say https://cbx.example.org",
                                              printable(url.substr(0, 200))));
  return url;
}

Result<std::string> read_password(const std::string& path) {
  if (path.empty()) {
    const char* given = std::getenv("CBX_SMTP_PASSWORD");
    return std::string(given ? given : "");
  }
  std::ifstream file(path);
  std::string line;
  if (!file || !std::getline(file, line))
    return fail(ErrorCode::no_input, fmt::format("cannot read a password from '{}'", path));
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

}  // namespace

Result<web::LoginOptions> login_options(const Options& o) {
  web::LoginOptions login;
  login.sign_up = o.sign_up == "open"     ? web::SignUp::open
                  : o.sign_up == "closed" ? web::SignUp::closed
                                          : web::SignUp::invite;
  if (!o.public_url.empty()) {
    CBX_ASSIGN(login.public_url, parse_public_url(o.public_url));
  }
  return login;
}

Result<std::optional<MailOptions>> mail_options(const Options& o) {
  if (o.smtp_url.empty()) {
    for (const auto& [name, given] : {std::pair{"--smtp-password-file", !o.smtp_password_file.empty()},
                                      {"--smtp-ca", !o.smtp_ca.empty()},
                                      {"--smtp-starttls", o.smtp_starttls},
                                      {"--mail-from", !o.mail_from.empty()}})
      if (given) return fail(ErrorCode::usage, fmt::format("{} is for --smtp-url, which is missing", name));
    return std::optional<MailOptions>{};
  }
  MailOptions mail;
  CBX_ASSIGN(mail.server, net::parse_smtp_url(o.smtp_url));
  if (o.mail_from.empty())
    return fail(ErrorCode::usage, "--smtp-url needs --mail-from: the address that letters come from");
  if (auto from = net::parse_mailbox(o.mail_from); from)
    mail.from = std::move(*from);
  else
    return fail(ErrorCode::usage, from.error().message());
  mail.server.ca_file = o.smtp_ca;
  if (o.smtp_starttls && !mail.server.tls) mail.server.starttls = true;
  if (!mail.server.user.empty()) {
    CBX_ASSIGN(mail.server.password, read_password(o.smtp_password_file));
    if (mail.server.password.empty())
      return fail(ErrorCode::usage,
                  "the mail server's user has no password: give --smtp-password-file, or "
                  "CBX_SMTP_PASSWORD in the environment");
  } else if (!o.smtp_password_file.empty()) {
    return fail(ErrorCode::usage, "--smtp-password-file needs a user: say smtp://user@host");
  }
  return std::optional{std::move(mail)};
}

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
  CLI::Option* web = app.add_option("--web", o.web, "Folder of the web page (default: the one that cbx came with)")
                         ->type_name("DIR")
                         ->envname("CBX_WEB");
  app.add_flag("--no-web", o.no_web, "Serve no web page, only recordings and the API")->excludes(web);
  declare_accounts(app, o);
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

std::string beside(const std::string& program) {
  std::error_code error;
  const auto path = own_folder() / program;
  return std::filesystem::is_regular_file(path, error) ? path.string() : std::string();
}

std::string own_web_folder() {
  std::error_code error;
  const auto program = own_folder();
  for (const auto& folder : {program / CBX_WEB_FROM_BIN, program / "share/cbx/web", std::filesystem::path(CBX_WEB_DIR)})
    if (std::filesystem::is_regular_file(folder / "index.html", error)) return folder.lexically_normal().string();
  return {};
}

bool open_to_the_world_in_clear(const http::ServerOptions& options) {
  return options.certificate.empty() && options.trusted_proxies.empty() &&
         !std::all_of(options.listen.begin(), options.listen.end(), is_loopback);
}

}  // namespace cbx::serve
