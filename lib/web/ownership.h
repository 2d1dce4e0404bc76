// What the routes that change state.db share (private to lib/web).
#pragma once

#include "cli/publish.h"
#include "state/state.h"
#include "web/api.h"

namespace cbx::web {

// To change it: only in what is_heavy, as every commit waits for the disk.
Result<state::State> state_to_change(const Call& call);
// After each change: whoever asks next is answered by it.
void ownership_changed(const Call& call);

// What is wrong with what was sent (`data`), as the asker's mistake (`usage`).
Status as_asked(Status status);

// 204.
http::Response no_content();
// An answer that nobody may keep: it holds a secret, or is none of a cache's business.
http::Response uncached(const Call& call, const Json& json);
// `status` with a code that pages know.
http::Response problem_with_code(int status, std::string_view code, std::string_view detail);

// Of a body: nullopt when it is not there.  Errors `usage`.
Result<std::optional<bool>> flag_field(const Json& body, const char* name);
Result<std::optional<WallMs>> time_field(const Call& call, const Json& body, const char* name);
Result<std::string> required_text(const Json& body, const char* name);

// The device that the path names, as state.db has it, if the principal has the permission.  Errors as Call::open()'s;
// no_input, too, where only recordings are known.
Result<state::Device> open_device(const Call& call, state::State& state, Permission permission);

}  // namespace cbx::web
