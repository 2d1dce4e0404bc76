// The subcommands of cbx-account: each declares its options and gives back what to run when it is chosen.
#pragma once

#include <functional>

#include "cli/tool.h"

namespace cbx::account {

using Body = std::function<Result<int>()>;

// Calls `chosen` with the body of the subcommand that the command line names.
using Choose = std::function<void(Body)>;

// The subcommands that others add to.
struct Commands {
  CLI::App* user = nullptr;
  CLI::App* device = nullptr;
};

CLI::App* add_user_commands(cli::Tool& tool, const Choose& chosen);
CLI::App* add_device_commands(cli::Tool& tool, const Choose& chosen);
void add_share_commands(cli::Tool& tool, const Commands& commands, const Choose& chosen);
void add_token_commands(cli::Tool& tool, const Commands& commands, const Choose& chosen);
void add_login_commands(cli::Tool& tool, const Commands& commands, const Choose& chosen);
void add_invite_commands(cli::Tool& tool, const Commands& commands, const Choose& chosen);
void add_backup_commands(cli::Tool& tool, const Choose& chosen);

}  // namespace cbx::account
