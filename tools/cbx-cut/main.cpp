#include "cut.h"

int main(int argc, char** argv) {
  cbx::cli::Tool tool("cbx-cut", "Copy any time range of a camera into one MP4, without re-encoding", CBX_VERSION);
  tool.add_root_option();
  tool.add_json_option();
  tool.accept_relative_times();
  cbx::cut_tool::CommandLine line;
  cbx::cut_tool::declare(tool, line);
  auto signals = cbx::SignalFd::create();
  return tool.run(argc, argv, [&]() -> cbx::Result<int> {
    if (!signals) return cbx::fail(signals.error());
    return cbx::cut_tool::run(tool, line, *signals);
  });
}
