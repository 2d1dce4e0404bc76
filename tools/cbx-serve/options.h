// The command line of cbx-serve.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/tool.h"
#include "http/server.h"
#include "net/smtp.h"
#include "web/service.h"

namespace cbx::serve {

struct Options {
  std::vector<std::string> listen{"127.0.0.1:8080"};
  std::string unix_mode = "660";
  std::string sign;  // private key file for manifests
  std::string web;   // folder of the page; empty: the one that cbx came with
  bool no_web = false;
  std::string sign_up = "invite";
  std::string public_url;
  std::string smtp_url, smtp_password_file, smtp_ca;
  bool smtp_starttls = false;  // also on this machine
  std::string mail_from;
  std::string publish_host;  // where cameras reach the recorder, HOST[:PORT]
  int ready_fd = -1;
  http::ServerOptions server;
};

// Declares the options on the tool; `options` outlives the parsing.
void declare(cli::Tool& tool, Options& options);
// What no single option's check can see, and the texts read: addresses, modes.
Result<http::ServerOptions> server_options(const Options& options);
// The folder of the page that cbx came with: beside the program's own (…/bin, …/share/cbx/web), where a build folder
// has a link, or where it was configured to be installed.  Empty when there is none.
std::string own_web_folder();
// The program of that name beside this one; empty when there is none.
std::string beside(const std::string& program);
Result<web::LoginOptions> login_options(const Options& options);
struct MailOptions {
  net::SmtpServer server;
  net::Mailbox from;
};
// Nothing when no mail server is given.  The password comes from the file, or the environment (CBX_SMTP_PASSWORD).
Result<std::optional<MailOptions>> mail_options(const Options& options);
// What an operator should know before strangers do: passwords and recordings in clear text.
bool open_to_the_world_in_clear(const http::ServerOptions& options);

}  // namespace cbx::serve
