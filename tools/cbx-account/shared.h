// What the subcommands have in common.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "cli/output.h"
#include "cli/tool.h"
#include "state/state.h"
#include "store/store.h"

namespace cbx::account {

using Json = nlohmann::ordered_json;

Result<state::State> open_state(const cli::Tool& tool);

// The one device that `selector` names: people may say the nickname.
Result<state::Device> find_device(state::State& state, const std::string& selector);

// "https://cam.example.org[:port][/path]", without a slash at the end.  Error `usage`.
Result<std::string> check_url(std::string url);

Json to_json(const state::Device& device);
Json to_json(const state::User& user);
Json to_json(const state::Session& session);
Json to_json(const state::Invite& invite);
Json to_json(const state::Token& token);
Json to_json(const state::Share& share);

// What a log-in asks for beside the password: "totp", "email" or "none" (then only a code from the operator).
std::string second_factor(const state::User& user);

// "2026-11-20 17:01:00", or what stands for no time.
std::string time_or(const std::optional<WallMs>& time, const store::Store& store, std::string_view none);

// A token just made, whose secret is never shown again; of a link, the prefix of paths that it opens, and under `url`
// (may be empty) the whole addresses of live and today's playlists.
Result<int> print_new_token(const cli::Tool& tool, const store::Store& store, const state::NewToken& made,
                            const std::string& url);

}  // namespace cbx::account
