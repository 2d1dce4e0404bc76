// The command line of cbx-ingest.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/tool.h"

namespace cbx::ingest {

struct Options {
  std::vector<std::string> listen;  // srt:// URLs
  std::vector<std::string> pull;    // URLs to fetch from
  std::string device;               // of what is pulled, or of callers without a stream id
  bool once = false;
  std::string exec;
  std::string records;  // FILE or fd:N
  std::string registration = "closed";
  bool require_encryption = false;
  std::string passphrase_file;
  size_t max_connections = 1000;
  size_t max_per_address = 200;
  std::optional<size_t> max_silent;
  double silent_timeout_s = 20;
  int ready_fd = -1;

  bool register_auto() const { return registration == "auto"; }
};

// Declares the options on the tool; `options` outlives the parsing.
void declare(cli::Tool& tool, Options& options);
// What no single option's check can see: combinations.
Status check(const Options& options);
// The passphrase from --passphrase-file or CBX_PASSPHRASE, empty without either.
Result<std::string> read_passphrase(const Options& options);

}  // namespace cbx::ingest
