#include "web/ownership.h"

#include <fmt/format.h>

namespace cbx::web {
namespace {

constexpr Millis kBusy{5000};

}  // namespace

Result<state::State> state_to_change(const Call& call) {
  auto state = state::State::open(call.context().store.state_path(), false, kBusy);
  if (!state) return fail(ours(std::move(state).error()));
  return state;
}

void ownership_changed(const Call& call) {
  call.context().access.refresh();
  call.context().vault.refresh();
}

Status as_asked(Status status) {
  if (!status && status.error().code() == ErrorCode::data) return fail(ErrorCode::usage, status.error().message());
  return status;
}

http::Response no_content() {
  http::Response response;
  response.status = 204;
  return response.with("Cache-Control", "no-store");
}

http::Response uncached(const Call& call, const Json& json) {
  return http::json(call.operation->status, json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n")
      .with("Cache-Control", "no-store");
}

http::Response problem_with_code(int status, std::string_view code, std::string_view detail) {
  return http::problem(status, detail, code);
}

Result<std::optional<bool>> flag_field(const Json& body, const char* name) {
  const auto found = body.find(name);
  if (found == body.end()) return std::optional<bool>{};
  if (!found->is_boolean()) return fail(ErrorCode::usage, fmt::format("the field '{}' is true or false", name));
  return std::optional{found->get<bool>()};
}

Result<std::optional<WallMs>> time_field(const Call& call, const Json& body, const char* name) {
  CBX_ASSIGN(const auto text, text_field(body, name));
  if (!text) return std::optional<WallMs>{};
  CBX_ASSIGN(const WallMs time, parse_instant(*text, call.words()));
  return std::optional{time};
}

Result<std::string> required_text(const Json& body, const char* name) {
  CBX_ASSIGN(auto text, text_field(body, name));
  if (!text) return fail(ErrorCode::usage, fmt::format("the field '{}' is missing", name));
  return std::move(*text);
}

Result<state::Device> open_device(const Call& call, state::State& state, Permission permission) {
  CBX_ASSIGN(const Opened opened, call.open(permission, Needs::files));
  CBX_OURS(auto device, state.device(opened.device()));
  if (!device)
    return fail(ErrorCode::no_input,
                "this camera has recordings, but is not set up: add it with its id, or by 'cbx-account device add'");
  return std::move(*device);
}

}  // namespace cbx::web
