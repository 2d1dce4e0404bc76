#include "web/access.h"

#include <fmt/format.h>

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

http::Response wrong_password() {
  return http::problem(401, "the name or the password is wrong").with("WWW-Authenticate", kBasicChallenge);
}

http::Response wrong_token(Credentials::Kind kind) {
  if (kind == Credentials::Kind::link) return http::problem(404, "there is no such link, or it has expired");
  http::Response response = http::problem(401, "the token is wrong, has expired or was taken back");
  return kind == Credentials::Kind::bearer ? response.with("WWW-Authenticate", kBadToken)
                                           : response.with("WWW-Authenticate", kBasicChallenge);
}

http::Response nobody(std::string_view detail) {
  return http::problem(401, detail)
      .with("WWW-Authenticate", kBasicChallenge)
      .with("WWW-Authenticate", kBearerChallenge);
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
        wrong_tokens(options.failures, options.in, kMostAddresses),
        passwords(options, hash, clock, log) {}

  using Then = std::function<http::Answer(const Principal&)>;
  http::Answer with_token(http::Request& request, const Directory& now, const Credentials& shown, const Then& then);
  http::Answer with_password(http::Request& request, const Directory& now, const Credentials& shown, const Then& then);
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
  std::mutex mutex;  // guards the next four
  Limiter wrong_tokens;
  std::chrono::sys_days uses_day{};
  std::unordered_set<std::string> used;  // tokens whose use on that day is noted, or soon will be
  std::vector<std::string> uses_to_write;
  PasswordCheck passwords;  // its threads end before anything else goes
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
  // One task writes all that have come by the time it runs.
  if (uses_to_write.size() == 1 && !passwords.pool().push(WorkerPool::Urgency::idle, [this] { write_uses(); })) {
    uses_to_write.clear();
    used.erase(token.id);
  }
}

void Access::Impl::write_uses() {
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex);
    ids.swap(uses_to_write);
  }
  const auto write = [&]() -> Status {
    CBX_ASSIGN(auto state, state::State::open(state_path, false));
    for (const auto& id : ids) CBX_TRY(state.touch_token(id, wall()));
    return {};
  };
  if (const Status done = write(); !done) log.warn("cannot note that tokens were used: {}", done.error().message());
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

http::Answer Access::Impl::with_password(http::Request& request, const Directory& now, const Credentials& shown,
                                         const Then& then) {
  const state::User* user = now.user(shown.name);
  const auto answer =
      passwords.check(shown.name, user ? &user->password_hash : nullptr, shown.secret, address_group(request.peer));
  switch (answer.verdict) {
    case PasswordCheck::Verdict::right:
      break;
    case PasswordCheck::Verdict::wrong:
      return wrong_password();
    case PasswordCheck::Verdict::blocked:
      return too_many(answer.wait);
    case PasswordCheck::Verdict::busy:
      return unavailable("too many log-ins at once; try again", 2);
    case PasswordCheck::Verdict::pending:
      if (request.waited && !answer.started) return unavailable("logging in takes too long; try again", 5);
      return http::Wait{answer.done, answer.seen, clock.monotonic() + kLongestHash};
  }
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
  if (shown.kind == Credentials::Kind::none) return nobody("log in, or show a token");
  if (shown.kind == Credentials::Kind::unreadable)
    return nobody("the Authorization field is neither 'Bearer TOKEN' nor 'Basic …'");
  const auto now = impl_->directory.current();
  if (!now) return unavailable("who may what cannot be looked up at the moment", 5);
  if (shown.kind != Credentials::Kind::basic) return impl_->with_token(request, *now, shown, then);
  if (changes_something(request) && from_another_site(request))
    return http::problem(403, "another site's page may not change anything here");
  if (state::is_token(shown.secret)) return impl_->with_token(request, *now, shown, then);
  return impl_->with_password(request, *now, shown, then);
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
