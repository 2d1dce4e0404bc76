// cbx-index: the shared index of what the store has, and what it lacks.
#include "commands.h"

int main(int argc, char** argv) {
  using namespace cbx::index_tool;
  cbx::cli::Tool tool("cbx-index", "Keep and ask the index of a cbx store", CBX_VERSION);
  tool.add_root_option();
  tool.add_json_option();
  tool.accept_relative_times();
  tool.app().require_subcommand(1);
  Body body;
  const Choose choose = [&](Body chosen) { body = std::move(chosen); };
  for (const auto add : {add_init, add_add, add_list, add_show, add_gaps, add_coverage, add_why, add_tail, add_event,
                         add_events, add_pin, add_pins, add_pushed, add_forecast, add_rm})
    add(tool, choose);
  return tool.run(argc, argv, [&] { return body(); });
}
