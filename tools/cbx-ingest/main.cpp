// cbx-ingest: take in live streams.  See cbx-ingest(1).
#include "cli/tool.h"
#include "ingest.h"
#include "options.h"

int main(int argc, char** argv) {
  cbx::cli::Tool tool("cbx-ingest", "Take in live streams over SRT and hand them on", CBX_VERSION);
  cbx::ingest::Options options;
  cbx::ingest::declare(tool, options);
  return tool.run(argc, argv, [&] { return cbx::ingest::run(options, tool.root() + "/state.db", tool.log()); });
}
