// cbx-account: users, sessions, devices, keys and tokens, in state.db.
#include "account.h"

int main(int argc, char** argv) {
  cbx::cli::Tool tool("cbx-account",
                      "Manage who may publish to a cbx store, and who may look: users, devices, keys and tokens",
                      CBX_VERSION);
  tool.add_root_option();
  tool.add_json_option();
  tool.app().require_subcommand(1);
  cbx::account::Body body;
  const auto choose = [&](cbx::account::Body chosen) { body = std::move(chosen); };
  const cbx::account::Commands commands{cbx::account::add_user_commands(tool, choose),
                                        cbx::account::add_device_commands(tool, choose)};
  cbx::account::add_share_commands(tool, commands, choose);
  cbx::account::add_token_commands(tool, commands, choose);
  cbx::account::add_login_commands(tool, commands, choose);
  cbx::account::add_invite_commands(tool, commands, choose);
  cbx::account::add_backup_commands(tool, choose);
  return tool.run(argc, argv, [&] { return body(); });
}
