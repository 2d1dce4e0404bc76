#include "account.h"
#include "state/state.h"
#include "store/store.h"

namespace cbx::account {
namespace {

struct Options {
  std::string file;
  bool force = false;
};

Result<int> backup(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_ASSIGN(auto state, state::State::open(store.state_path(), false));
  CBX_TRY(state.backup(options.file, options.force));
  return 0;
}

Result<int> restore(const cli::Tool& tool, const Options& options) {
  CBX_ASSIGN(const auto store, store::Store::open(tool.root()));
  CBX_TRY(state::State::restore(options.file, store.state_path(), options.force));
  return 0;
}

}  // namespace

void add_backup_commands(cli::Tool& tool, const Choose& choose) {
  auto options = std::make_shared<Options>();
  auto* sub = tool.app().add_subcommand("backup", "Write a copy of state.db");
  sub->add_option("file", options->file, "Where to; made with mode 0600")->required()->type_name("FILE");
  sub->add_flag("--force", options->force, "Replace an existing file");
  sub->callback([&tool, choose, options] { choose([&tool, options] { return backup(tool, *options); }); });

  sub = tool.app().add_subcommand("restore", "Make a backup the store's state.db again");
  sub->add_option("file", options->file, "A file made by 'cbx-account backup'")->required()->type_name("FILE");
  sub->add_flag("--force", options->force, "Replace the existing state.db");
  sub->callback([&tool, choose, options] { choose([&tool, options] { return restore(tool, *options); }); });
}

}  // namespace cbx::account
