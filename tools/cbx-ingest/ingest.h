// cbx-ingest's work, from checked options to the exit code.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "options.h"

namespace cbx::ingest {

// Runs until told to stop, or (--once) until the publisher is gone.  `state_path` is where devices are looked up.
Result<int> run(const Options& options, const std::string& state_path, const Logger& log);

}  // namespace cbx::ingest
