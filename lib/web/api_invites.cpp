// Invitations to sign up, for administrators.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "web/letters.h"
#include "web/ownership.h"

namespace cbx::web {
namespace {

Json invite_json(const state::Invite& invite) {
  return {{"id", invite.id},
          {"email", invite.email},
          {"admin", invite.admin},
          {"created", format_rfc3339(invite.created)},
          {"until", format_rfc3339(invite.until)},
          {"by", invite.by}};
}

// Whether a letter with the way to sign up is on its way to whom the invitation is for.  Without the page's address
// (--public-url) there is nothing to send: what a request says of its host is a stranger's word.
bool send_letter(const Call& call, const state::Invite& invite, const std::string& path) {
  const Context& context = call.context();
  if (invite.email.empty() || context.mail == nullptr || context.login.public_url.empty()) return false;
  LetterWords words;
  words.link = context.login.public_url + path;
  return context.mail->push(
      make_letter(LetterKind::invite, language_of(call.request, ""), {invite.email, ""}, words),
      context.clock.monotonic() + std::min<Millis>(invite.until - call.now(), state::kInviteLasts));
}

Result<http::Response> list(const Call& call) {
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_OURS(const auto all, state.invites());
  Json out{{"invites", Json::array()}};
  for (const auto& invite : all)
    if (invite.until > call.now()) out["invites"].push_back(invite_json(invite));
  return uncached(call, out);
}

Result<http::Response> add(const Call& call) {
  static constexpr std::array<std::string_view, 3> kFields{"email", "admin", "until"};
  CBX_ASSIGN(const Json body, read_body(call.request, kFields));
  state::Invite wanted;
  CBX_ASSIGN(const auto email, text_field(body, "email"));
  CBX_ASSIGN(const auto admin, flag_field(body, "admin"));
  CBX_ASSIGN(const auto until, time_field(call, body, "until"));
  if (email && !email->empty()) {
    CBX_TRY(as_asked(state::check_email(*email)));
    CBX_TRY(as_asked(net::check_address(*email)));
  }
  if (until && *until <= call.now())
    return fail(ErrorCode::usage, fmt::format("{} has passed already", format_rfc3339(*until)));
  wanted.email = email.value_or("");
  wanted.admin = admin.value_or(false);
  wanted.created = call.now();
  wanted.until = until.value_or(WallMs{});
  wanted.by = call.principal.name;
  CBX_ASSIGN(auto state, state_to_change(call));
  CBX_OURS(const auto made, state.add_invite(wanted));
  call.context().log.info("'{}' made invitation '{}'", call.principal.name, made.invite.id);
  Json out = invite_json(made.invite);
  // Behind '#', which browsers send to nobody.
  const std::string path = "/signup#invite=" + made.secret;
  out["path"] = path;
  out["mailed"] = send_letter(call, made.invite, path);
  return uncached(call, out);
}

Result<http::Response> remove(const Call& call) {
  CBX_ASSIGN(auto state, state_to_change(call));
  const Status gone = state.remove_invite(call.request.param("invite"));
  if (!gone && gone.error().code() == ErrorCode::no_input) return http::problem(404, "no such invitation");
  CBX_OURS_TRY(gone);
  call.context().log.info("'{}' took back invitation '{}'", call.principal.name, call.request.param("invite"));
  return no_content();
}

}  // namespace

std::vector<ApiRoute> invite_routes() {
  std::vector<ApiRoute> out;
  out.push_back({{.pattern = "/api/v1/invites",
                  .name = "listInvites",
                  .tag = "users",
                  .summary = "Invitations that are still good",
                  .description = "",
                  .who = Who::admin,
                  .schema = "InviteList"},
                 list,
                 always});
  out.push_back({{.method = http::Method::post,
                  .pattern = "/api/v1/invites",
                  .name = "addInvite",
                  .tag = "users",
                  .summary = "Invite somebody to sign up",
                  .description = "`path`, behind the page's address, is told this once. With `email` only who reads "
                                 "mail there can use it; it is sent there, if the server sends letters and knows "
                                 "the page's address.",
                  .who = Who::admin,
                  .body = "NewInvite",
                  .status = 201,
                  .schema = "MadeInvite"},
                 add,
                 always});
  out.push_back({{.method = http::Method::del,
                  .pattern = "/api/v1/invites/{invite}",
                  .name = "removeInvite",
                  .tag = "users",
                  .summary = "Take an invitation back",
                  .description = "",
                  .who = Who::admin,
                  .status = 204,
                  .type = ""},
                 remove,
                 always});
  return out;
}

}  // namespace cbx::web
