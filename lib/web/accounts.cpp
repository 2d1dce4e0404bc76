#include "web/accounts.h"

#include <fmt/format.h>

#include "net/letter.h"
#include "store/reserve.h"
#include "web/credentials.h"

namespace cbx::web {
namespace {

using state::ChallengeKind;

// Until a letter is of no use any more.
constexpr std::chrono::hours kNoticeLasts{24};
// Several times what a session takes: the recorder beside it takes what it can get.
constexpr int64_t kRoom = 256 << 10;

void push(const Call& call, net::Letter letter, Millis lasts) {
  if (!call.context().mail) return;
  const std::string to = net::masked(letter.to.address);
  if (!call.context().mail->push(std::move(letter), call.context().clock.monotonic() + lasts))
    call.context().log.error("too many letters wait: one to '{}' is not sent", to);
}

LetterKind code_letter(ChallengeKind kind) {
  switch (kind) {
    case ChallengeKind::sign_up:
      return LetterKind::sign_up_code;
    case ChallengeKind::login:
      return LetterKind::login_code;
    case ChallengeKind::reset:
      return LetterKind::reset_code;
    case ChallengeKind::email:
      break;
  }
  return LetterKind::email_code;
}

bool is_known_place(const Call& call, std::string_view user) {
  const auto now = call.context().access.directory();
  return now && !user.empty() && now->is_known_place(user, place(call));
}

// 401 needs to say by what else one could be let in (RFC 9110, 11.6.1); this doesn't make browsers ask.
http::Response unauthorized(http::Response response) {
  return response.with("WWW-Authenticate", R"(Bearer realm="cbx")");
}

}  // namespace

http::Response fault(int status, std::string_view code, std::string_view detail, const Json& more) {
  http::Response response = http::problem(status, detail, code);
  if (more.empty()) return response;
  Json body = Json::parse(std::get<std::string>(response.body));
  body.update(more);
  response.body = body.dump() + "\n";
  return response;
}

http::Response too_many(std::chrono::seconds wait) {
  return fault(429, "too_many", fmt::format("too often; try again in {} s", wait.count()))
      .with("Retry-After", fmt::format("{}", wait.count()));
}

http::Response gone() {
  return fault(410, "gone", "this has expired, was used, or was tried too often: begin again");
}

http::Response wrong_code(int tries_left) {
  return unauthorized(fault(401, "wrong_code", "the code is wrong", {{"tries_left", tries_left}}));
}

http::Response wrong_password() {
  return unauthorized(fault(401, "wrong_password", "the password is wrong"));
}

http::Response done() {
  return http::Response{204, {{"Cache-Control", "no-store"}}, {}, {}};
}

std::optional<http::Response> no_cookies(const http::Request& request) {
  if (keeps_session_cookie(request)) return std::nullopt;
  return fault(
      400, "needs_https",
      "browsers keep a session only from https, or from this machine: serve with --cert and --key, or behind a "
      "proxy that does and is given by --trust-proxy");
}

std::optional<http::Response> no_mail(const Call& call) {
  if (!call.context().mail)
    return fault(503, "no_mail", "this server sends no letters: ask whoever runs it (cbx-account(1))");
  if (!call.context().mail->full()) return std::nullopt;
  return fault(503, "mail_full", "too many letters wait to be sent; try again later").with("Retry-After", "60");
}

void make_room(const Call& call) {
  const auto space = store::disk_space(call.context().store.root());
  if (space && space->available < kRoom) (void)store::Reserve(call.context().store).give(kRoom);
}

Result<state::State> open_state(const Call& call) {
  auto state = state::State::open(call.context().store.state_path(), false);
  if (state) return state;
  call.context().log.error("cannot open the accounts: {}", state.error().message());
  return fail(ErrorCode::try_again, "the accounts cannot be opened at the moment");
}

Result<std::shared_ptr<const Directory>> directory(const Call& call) {
  auto now = call.context().access.directory();
  if (!now) return fail(ErrorCode::try_again, "who may what cannot be looked up at the moment");
  return now;
}

std::string place(const Call& call) {
  return address_group(call.request.peer);
}

http::Answer answered(Result<http::Answer> answer) {
  return answer ? std::move(*answer) : http::Answer{http::problem(answer.error())};
}

Result<std::string> needed(const Json& body, const char* name) {
  CBX_ASSIGN(auto text, text_field(body, name));
  if (!text) return fail(ErrorCode::usage, fmt::format("the field '{}' is missing", name));
  return std::move(*text);
}

Status check_mailbox(std::string_view email) {
  CBX_TRY(state::check_email(email));
  return net::check_address(email);
}

void send_code(const Call& call, const state::Challenge& challenge, const std::string& code) {
  const auto now = call.context().access.directory();
  if (!now || challenge.email.empty() || challenge.factor != state::Factor::email) return;
  LetterWords words{.code = code, .address = call.request.peer, .link = call.context().login.public_url};
  const state::User* user = challenge.user.empty() ? nullptr : now->user(challenge.user);
  LetterKind kind = code_letter(challenge.kind);
  std::string to = challenge.email;
  if (challenge.kind == ChallengeKind::reset && !user) return;
  // An address that is somebody's already.
  const bool new_address = challenge.kind == ChallengeKind::sign_up || challenge.kind == ChallengeKind::email;
  if (new_address && now->has_email(challenge.email)) {
    user = now->user_who_is(challenge.email);
    if (!user) return;
    kind = LetterKind::have_account;
    to = user->email;  // not as a stranger has typed it, whose mailbox that may be
    words.code.clear();
  }
  if (user) words.user = user->name;
  const std::string known = user ? user->language : challenge.language;
  push(call, make_letter(kind, language_of(call.request, known), {to, ""}, words), state::kChallengeLasts);
}

void tell(const Call& call, LetterKind kind, const state::User& user, const std::string& email) {
  if (email.empty()) return;
  const LetterWords words{.user = user.name, .address = call.request.peer, .link = call.context().login.public_url};
  push(call, make_letter(kind, language_of(call.request, user.language), {email, ""}, words), kNoticeLasts);
}

std::optional<http::Response> count_letter(const Call& call, const state::Challenge& c) {
  const std::string from = place(call), mailbox = mailbox_key(c.email);
  const bool known = is_known_place(call, c.user);
  std::optional<std::chrono::seconds> wait;
  const auto take = [&](Rate rate, Throttle::Who who) {
    if (!wait) wait = call.shared->throttle.take(rate, who);
  };
  switch (c.kind) {
    case ChallengeKind::login:
      if (known)
        take(Rate::logins_known, {c.user, from});
      else
        take(Rate::logins_strange, {c.user});
      break;
    case ChallengeKind::sign_up:
      take(Rate::letters_by, {from});
      take(Rate::sign_up_letters, {mailbox});
      break;
    case ChallengeKind::reset:
      take(Rate::letters_by, {from});
      if (!known) take(Rate::reset_by_stranger, {mailbox});
      take(Rate::reset_letters, {mailbox});
      break;
    case ChallengeKind::email:
      take(Rate::letters_by, {from});
      take(Rate::email_letters, {mailbox});
      break;
  }
  if (!wait) return std::nullopt;
  return too_many(*wait);
}

Result<http::Response> begin_challenge(const Call& call, state::State& state, const state::Challenge& challenge,
                                       const std::string& typed) {
  if (auto refused = count_letter(call, challenge)) return std::move(*refused);
  CBX_OURS(const auto made, state.add_challenge(challenge, call.now()));
  send_code(call, challenge, made.code);
  const bool totp = challenge.factor == state::Factor::totp;
  Json out{{"challenge", made.id}, {"factor", totp ? "totp" : challenge.email.empty() ? "operator" : "email"}};
  if (!typed.empty()) out["sent_to"] = net::masked(typed);
  out["expires"] = format_rfc3339(call.now() + state::kChallengeLasts);
  return reply(call, out);
}

Guess::Guess(const Call& call, std::string user)
    : throttle_(call.shared->throttle),
      user_(std::move(user)),
      place_(place(call)),
      known_(is_known_place(call, user_)) {
  take(Rate::wrong_codes_by, {place_}, &of_place_);
  if (user_.empty()) return;
  if (known_)
    take(Rate::wrong_codes_known, {user_, place_}, &of_account_);
  else
    take(Rate::wrong_codes, {user_}, &of_account_);
}

void Guess::take(Rate rate, Throttle::Who who, uint64_t* mark) {
  if (refused_) return;
  if (const auto wait = throttle_.take(rate, who, mark)) refused_ = too_many(*wait);
}

void Guess::right() {
  throttle_.give_back(Rate::wrong_codes_by, {place_}, of_place_);
  if (user_.empty()) return;
  if (known_)
    throttle_.give_back(Rate::wrong_codes_known, {user_, place_}, of_account_);
  else
    throttle_.give_back(Rate::wrong_codes, {user_}, of_account_);
}

Json account_json(const Call& call, const state::User& user, const state::Session* session) {
  const bool letters = call.context().mail && !user.email.empty();
  Json out{{"name", user.name},
           {"email", user.email},
           {"email_proven", user.email_proven.has_value()},
           {"language", user.language},
           {"admin", user.admin},
           {"second_factor", user.totp ? "totp"
                             : letters ? "email"
                                       : "none"},
           {"password", !user.password_hash.empty()},
           {"created", format_rfc3339(user.created)}};
  if (session) out["session"] = {{"id", session->id}, {"until", format_rfc3339(session->until)}};
  return out;
}

Status end_session(state::State& state, const std::string& id) {
  const Status ended = state.end_session(id);
  if (ended || ended.error().code() == ErrorCode::no_input) return {};
  return fail(ours(ended.error()));
}

Result<http::Response> log_in(const Call& call, state::State& state, const std::string& name) {
  CBX_OURS(const auto user, state.user(name));
  if (!user || !user->enabled) return gone();
  const std::string agent(call.request.header("user-agent").value_or(""));
  CBX_OURS(const auto made, state.add_session(name, call.request.peer, agent, call.now()));
  if (const auto before = call.context().access.session(call.request)) CBX_TRY(end_session(state, before->session));
  call.context().access.refresh();
  call.context().log.info("'{}' has logged in from {}", name, call.request.peer);
  return reply(call, account_json(call, *user, &made.session))
      .with("Set-Cookie", session_cookie(made.secret, state::kSessionLasts));
}

ApiRoute login_route(const char* path, const char* name, const char* summary, const char* description) {
  return {{.method = http::Method::post,
           .pattern = path,
           .name = name,
           .tag = "login",
           .summary = summary,
           .description = description,
           .who = Who::anybody},
          nullptr,
          always};
}

}  // namespace cbx::web
