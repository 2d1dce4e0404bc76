// The command line of cbx-serve.
#pragma once

#include <string>
#include <vector>

#include "cli/tool.h"
#include "http/server.h"

namespace cbx::serve {

struct Options {
  std::vector<std::string> listen{"127.0.0.1:8080"};
  std::string unix_mode = "660";
  std::string sign;          // private key file for manifests
  std::string publish_host;  // where cameras reach the recorder, HOST[:PORT]
  int ready_fd = -1;
  http::ServerOptions server;
};

// Declares the options on the tool; `options` outlives the parsing.
void declare(cli::Tool& tool, Options& options);
// What no single option's check can see, and the texts read: addresses, modes.
Result<http::ServerOptions> server_options(const Options& options);
// What an operator should know before strangers do: passwords and recordings in clear text.
bool open_to_the_world_in_clear(const http::ServerOptions& options);

}  // namespace cbx::serve
