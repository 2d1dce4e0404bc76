#include "web/access.h"

#include <fmt/format.h>
#include <sodium.h>

#include <unordered_map>
#include <unordered_set>

#include "state/state.h"
#include "web/credentials.h"
#include "web/directory.h"
#include "web/limiter.h"
#include "web/password_check.h"

namespace cbx::web {
namespace {

constexpr const char* kBasicChallenge = R"(Basic realm="cbx", charset="UTF-8")";
constexpr const char* kBearerChallenge = R"(Bearer realm="cbx")";
constexpr const char* kBadToken = R"(Bearer realm="cbx", error="invalid_token")";
constexpr size_t kMostAddresses = 16384;
// A password that isn't hashed by then is a matter for another request.
constexpr std::chrono::seconds kLongestHash{30};

bool changes_something(const http::Request& request) {
  return request.method != http::Method::get && request.method != http::Method::head &&
         request.method != http::Method::options;
}

// Browsers add a remembered name and password to what other sites' pages make them send (Fetch Metadata, W3C).
bool from_another_site(const http::Request& request) {
  const auto site = request.headers.find("sec-fetch-site");
  return site != request.headers.end() && site->second != "same-origin" && site->second != "none";
}

http::Response too_many(std::chrono::seconds wait) {
  return http::problem(429, fmt::format("too many wrong log-ins; try again in {} s", wait.count()))
      .with("Retry-After", fmt::format("{}", wait.count()));
}

http::Response unavailable(std::string_view detail, int seconds) {
  return http::problem(503, detail).with("Retry-After", fmt::format("{}", seconds));
}

// 401 (RFC 9110, 15.5.2) with what may be shown instead; browsers would answer Basic with a dialog of their own.
http::Response challenge(const http::Request& request, http::Response response) {
  if (!from_browser_page(request)) response.with("WWW-Authenticate", kBasicChallenge);
  return response.with("WWW-Authenticate", kBearerChallenge);
}

http::Response wrong_password() {
  return http::problem(401, "the name or the password is wrong").with("WWW-Authenticate", kBasicChallenge);
}

http::Response wrong_token(Credentials::Kind kind) {
  if (kind == Credentials::Kind::link) return http::problem(404, "there is no such link, or it has expired");
  http::Response response = http::problem(401, "the token is wrong, has expired or was taken back");
  return kind == Credentials::Kind::bearer ? response.with("WWW-Authenticate", kBadToken)
                                           : response.with("WWW-Authenticate", kBasicChallenge);
}

http::Response nobody(const http::Request& request, std::string_view detail) {
  return challenge(request, http::problem(401, detail, "signed_out"));
}

bool has_second_factor(const state::User& user) {
  return user.totp || !user.email.empty();
}

http::Response needs_token(const http::Request& request) {
  return nobody(request,
                "this account logs in with a second factor: show a token in the password's place "
                "('cbx-account user token NAME')");
}

Principal principal_of(const state::Token& token, const Directory& directory) {
  Principal principal;
  principal.token = token.id;
  principal.read_only = token.read_only;
  if (!token.device.empty()) principal.only_device = token.device;
  switch (token.kind) {
    case state::TokenKind::user: {
      const state::User* user = directory.user(token.user);
      principal.name = token.user;
      principal.admin = user && user->admin && token.device.empty();
      break;
    }
    case state::TokenKind::device:
      principal.kind = Principal::Kind::device;
      principal.name = token.device;
      break;
    case state::TokenKind::link:
      principal.kind = Principal::Kind::link;
      principal.name = "link:" + token.id;
      break;
  }
  return principal;
}

}  // namespace

struct Access::Impl {
  Impl(const store::Store& store, const Options& options, const Clock& clock, const Logger& log)
      : state_path(store.state_path()),
        clock(clock),
        log(log),
        directory(state_path, clock, log),
        make_hash(options.hash),
        wrong_tokens(options.failures, options.in, kMostAddresses),
        passwords(options, hash, clock, log) {}

  using Then = std::function<http::Answer(const Principal&)>;
  http::Answer with_token(http::Request& request, const Directory& now, const Credentials& shown, const Then& then);
  http::Answer with_password(http::Request& request, const Directory& now, const Credentials& shown, const Then& then);
  std::optional<http::Answer> refuse_password(const http::Request& request, const PasswordCheck::Answer& answer,
                                              const http::Response& wrong) const;
  std::optional<Principal> session(const Directory& now, const Credentials& shown, const http::Request& request);
  void push_uses();
  http::Response refuse_token(const http::Request& request, const Credentials& shown);
  http::Answer go_on(http::Request& request, const Principal& principal, const Then& then);
  void note_use(const state::Token& token);
  void write_uses();
  WallMs wall() const { return floor_ms(clock.wall()); }

  const std::string state_path;
  const Clock& clock;
  const Logger& log;
  DirectoryKeeper directory;
  const KeyedHash hash;
  const std::function<Result<std::string>(std::string_view)> make_hash;
  std::mutex mutex;  // guards the next five
  Limiter wrong_tokens;
  std::chrono::sys_days uses_day{};
  std::unordered_set<std::string> used;  // tokens whose use on that day is noted, or soon will be
  std::vector<std::string> uses_to_write;
  std::vector<std::pair<std::string, std::string>> visits_to_write;  // sessions, and from where they were used
  PasswordCheck passwords;                                           // its threads end before anything else goes
};

http::Answer Access::Impl::go_on(http::Request& request, const Principal& principal, const Then& then) {
  request.user = principal.kind == Principal::Kind::device ? "device:" + principal.name : principal.name;
  return then(principal);
}

// By day and token, and not by the thread that answers: it is a write with an fsync.
void Access::Impl::note_use(const state::Token& token) {
  const auto today = std::chrono::floor<std::chrono::days>(clock.wall());
  if (token.last_used && *token.last_used >= WallMs(today)) return;
  const std::lock_guard lock(mutex);
  if (today != uses_day) uses_day = today, used.clear();
  if (!used.insert(token.id).second) return;
  uses_to_write.push_back(token.id);
  push_uses();
}

// One task writes all that have come by the time it runs.  The mutex is held.
void Access::Impl::push_uses() {
  if (uses_to_write.size() + visits_to_write.size() != 1) return;
  if (passwords.pool().push(WorkerPool::Urgency::idle, [this] { write_uses(); })) return;
  for (const auto& id : uses_to_write) used.erase(id);
  uses_to_write.clear();
  visits_to_write.clear();
}

void Access::Impl::write_uses() {
  std::vector<std::string> ids;
  std::vector<std::pair<std::string, std::string>> visits;
  {
    const std::lock_guard lock(mutex);
    ids.swap(uses_to_write);
    visits.swap(visits_to_write);
  }
  const auto write = [&]() -> Status {
    CBX_ASSIGN(auto state, state::State::open(state_path, false));
    for (const auto& id : ids) CBX_TRY(state.touch_token(id, wall()));
    for (const auto& [id, address] : visits) CBX_TRY(state.touch_session(id, address, wall()));
    return {};
  };
  if (const Status done = write(); !done)
    log.warn("cannot note that tokens or sessions were used: {}", done.error().message());
}

http::Response Access::Impl::refuse_token(const http::Request& request, const Credentials& shown) {
  const std::string group = address_group(request.peer);
  const uint64_t who = hash.brief({"tokens", group}), what = hash.brief({"token", shown.secret});
  const Monotonic now = clock.monotonic();
  const std::lock_guard lock(mutex);
  switch (wrong_tokens.charge(who, what, now)) {
    case Limiter::Verdict::blocked:
      if (wrong_tokens.report_blocked(who)) log.warn("too many wrong tokens from {}", group);
      return too_many(wrong_tokens.wait(who, now));
    case Limiter::Verdict::go_on:
      if (wrong_tokens.wrong(who, what)) log.info("wrong token from {}", group);
      break;
    case Limiter::Verdict::repeated:
      break;
  }
  return wrong_token(shown.kind);
}

http::Answer Access::Impl::with_token(http::Request& request, const Directory& now, const Credentials& shown,
                                      const Then& then) {
  const state::Token* token =
      state::is_token(shown.secret) ? now.token(state::token_digest(shown.secret), wall()) : nullptr;
  const bool in_path = shown.kind == Credentials::Kind::link;
  // Addresses are passed on, kept and logged by others: what can do more than a link does not belong there.
  if (!token || (in_path && token->kind != state::TokenKind::link)) return refuse_token(request, shown);
  if (token->kind == state::TokenKind::link && changes_something(request))
    return http::problem(403, "a link is for looking only");
  note_use(*token);
  return go_on(request, principal_of(*token, now), then);
}

std::optional<http::Answer> Access::Impl::refuse_password(const http::Request& request,
                                                          const PasswordCheck::Answer& answer,
                                                          const http::Response& wrong) const {
  switch (answer.verdict) {
    case PasswordCheck::Verdict::right:
      break;
    case PasswordCheck::Verdict::wrong:
      return wrong;
    case PasswordCheck::Verdict::blocked:
      return too_many(answer.wait);
    case PasswordCheck::Verdict::busy:
      return unavailable("too many log-ins at once; try again", 2);
    case PasswordCheck::Verdict::pending:
      if (request.waited && !answer.started) return unavailable("logging in takes too long; try again", 5);
      return http::Wait{answer.done, answer.seen, clock.monotonic() + kLongestHash};
  }
  return std::nullopt;
}

std::optional<Principal> Access::Impl::session(const Directory& now, const Credentials& shown,
                                               const http::Request& request) {
  const state::Session* session = now.session(state::token_digest(shown.secret), wall());
  const state::User* user = session ? now.user(session->user) : nullptr;
  if (!user) return std::nullopt;
  if (now.note_use(*session, wall())) {
    const std::lock_guard lock(mutex);
    visits_to_write.emplace_back(session->id, request.peer);
    push_uses();
  }
  Principal principal;
  principal.name = user->name;
  principal.admin = user->admin;
  principal.session = session->id;
  return principal;
}

http::Answer Access::Impl::with_password(http::Request& request, const Directory& now, const Credentials& shown,
                                         const Then& then) {
  const state::User* user = now.user(shown.name);
  const auto answer =
      passwords.check(shown.name, user ? &user->password_hash : nullptr, shown.secret, address_group(request.peer));
  if (auto refused = refuse_password(request, answer, wrong_password())) return std::move(*refused);
  // Or the password alone would be a way around the code.
  if (has_second_factor(*user)) return needs_token(request);
  Principal principal;
  principal.name = user->name;
  principal.admin = user->admin;
  return go_on(request, principal, then);
}

Access::Access(const store::Store& store, Options options, const Clock& clock, const Logger& log)
    : impl_(std::make_unique<Impl>(store, options, clock, log)) {}
Access::~Access() = default;

http::Answer Access::with_principal(http::Request& request, std::function<http::Answer(const Principal&)> then) {
  const Credentials shown = read_credentials(request);
  if (shown.kind == Credentials::Kind::none) return nobody(request, "log in, or show a token");
  if (shown.kind == Credentials::Kind::unreadable)
    return nobody(request, "the Authorization field is neither 'Bearer TOKEN' nor 'Basic …'");
  const auto now = impl_->directory.current();
  if (!now) return unavailable("who may what cannot be looked up at the moment", 5);
  if (shown.kind == Credentials::Kind::cookie) {
    const auto principal = impl_->session(*now, shown, request);
    if (!principal) return nobody(request, "the session has ended: log in again");
    if (changes_something(request) && !from_own_page(request))
      return http::problem(403,
                           "a session may change something from this server's own pages only: send "
                           "Sec-Fetch-Site: same-origin, or Origin");
    return impl_->go_on(request, *principal, then);
  }
  if (shown.kind != Credentials::Kind::basic) return impl_->with_token(request, *now, shown, then);
  if (changes_something(request) && from_another_site(request))
    return http::problem(403, "another site's page may not change anything here");
  if (state::is_token(shown.secret)) return impl_->with_token(request, *now, shown, then);
  return impl_->with_password(request, *now, shown, then);
}

std::optional<Principal> Access::session(const http::Request& request) {
  const Credentials shown = read_credentials(request);
  const auto now = impl_->directory.current();
  if (shown.kind != Credentials::Kind::cookie || !now) return std::nullopt;
  return impl_->session(*now, shown, request);
}

http::Answer Access::with_password(http::Request& request, std::string_view name, std::string_view password,
                                   const http::Response& wrong,
                                   const std::function<http::Answer(const state::User&)>& then) {
  const auto now = impl_->directory.current();
  if (!now) return unavailable("who may what cannot be looked up at the moment", 5);
  const state::User* user = now->user_who_is(name);
  // Counted by what was shown, not by whose it is: otherwise an address told its user.
  const auto answer = impl_->passwords.check(lower_case(name), user ? &user->password_hash : nullptr, password,
                                             address_group(request.peer));
  if (auto refused = impl_->refuse_password(request, answer, wrong)) return std::move(*refused);
  return then(*user);
}

namespace {

// A password on its way to what is stored of it.
struct Hash {
  const std::shared_ptr<Broadcast> done = std::make_shared<Broadcast>();
  std::mutex mutex{};  // guards the next one
  std::optional<Result<std::string>> result{};
};

}  // namespace

http::Answer Access::with_hash(http::Request& request, std::string_view password,
                               const std::function<http::Answer(const std::string& hash)>& then) {
  if (!request.memory) {
    if (const Status good = state::check_password(password); !good)
      return http::problem(400, good.error().message(), "bad_password");
    const auto hash = std::make_shared<Hash>();
    const auto make = impl_->make_hash ? impl_->make_hash : state::hash_password;
    const bool taken = impl_->passwords.pool().push(WorkerPool::Urgency::usual,
                                                    [hash, make, secret = std::string(password)]() mutable {
                                                      auto made = make(secret);
                                                      sodium_memzero(secret.data(), secret.size());
                                                      {
                                                        const std::lock_guard lock(hash->mutex);
                                                        hash->result.emplace(std::move(made));
                                                      }
                                                      hash->done->announce();
                                                    });
    if (!taken) return unavailable("too many passwords are set at once; try again", 2);
    request.memory = hash;
    return http::Wait{hash->done, 0, impl_->clock.monotonic() + kLongestHash};
  }
  const auto hash = std::static_pointer_cast<Hash>(request.memory);
  const uint64_t seen = hash->done->count();
  std::optional<Result<std::string>> result;
  {
    const std::lock_guard lock(hash->mutex);
    result = hash->result;
  }
  if (!result && request.waited) return unavailable("setting the password takes too long; try again", 5);
  if (!result) return http::Wait{hash->done, seen, impl_->clock.monotonic() + kLongestHash};
  if (!*result) return http::problem(result->error());
  return then(**result);
}

std::shared_ptr<const Directory> Access::directory() {
  return impl_->directory.current();
}

void Access::refresh() {
  impl_->directory.refresh();
}

bool Access::may(const Principal& principal, std::string_view device, Permission permission) {
  const auto now = impl_->directory.current();
  return now && now->may(principal, device, permission, impl_->wall());
}

std::vector<std::string> Access::visible(const Principal& principal, std::span<const std::string> devices) {
  std::vector<std::string> out;
  const auto now = impl_->directory.current();
  if (!now) return out;
  const WallMs wall = impl_->wall();
  for (const auto& device : devices)
    if (now->may(principal, device, Permission::view, wall)) out.push_back(device);
  return out;
}

}  // namespace cbx::web
