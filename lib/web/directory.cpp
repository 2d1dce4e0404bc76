#include "web/directory.h"

#include <cstring>

#include "web/credentials.h"

namespace cbx::web {
namespace {

constexpr std::chrono::seconds kAskEvery{1};
// How long those who are known go on when state.db can't be read.
constexpr std::chrono::seconds kGoOn{30};
// Requests wait behind it, so it is short: readers of a WAL database wait for a restore alone.
constexpr Millis kBusy{200};

// How exact `last_used` is in state.db: each note is a write with an fsync.
constexpr std::chrono::minutes kNoteEvery{10};

bool over(const std::optional<WallMs>& until, WallMs now) {
  return until && now >= *until;
}

}  // namespace

size_t Directory::Hash::operator()(const state::TokenDigest& digest) const {
  size_t first = 0;
  std::memcpy(&first, digest.data(), sizeof first);
  return first;
}

Directory::Directory(state::Accounts accounts) : change_counter_(accounts.change_counter) {
  for (auto& user : accounts.users) {
    if (!user.email.empty()) emails_.emplace(lower_case(user.email), user.name);
    users_.emplace(user.name, std::move(user));
  }
  for (auto& device : accounts.devices) devices_.emplace(device.id, Device{device.owner, device.enabled, {}});
  for (const auto& share : accounts.shares)
    if (const auto device = devices_.find(share.device); device != devices_.end())
      device->second.viewers.emplace(share.user, share.until);
  for (auto& token : accounts.tokens) tokens_.emplace(token.digest, std::move(token));
  for (const auto& [digest, token] : tokens_) token_ids_.emplace(token.id, &token);
  for (auto& session : accounts.sessions) {
    places_.insert(session.user + " " + address_group(session.address));
    sessions_.try_emplace(session.digest, std::move(session));
  }
  for (const auto& [digest, visit] : sessions_) session_ids_.emplace(visit.session.id, &visit);
}

const state::User* Directory::user(std::string_view name) const {
  const auto found = users_.find(name);
  return found == users_.end() || !found->second.enabled ? nullptr : &found->second;
}

const state::User* Directory::user_who_is(std::string_view name_or_email) const {
  if (name_or_email.find('@') == std::string_view::npos) return user(name_or_email);
  const auto found = emails_.find(lower_case(name_or_email));
  return found == emails_.end() ? nullptr : user(found->second);
}

bool Directory::has_email(std::string_view email) const {
  return emails_.contains(lower_case(email));
}

bool Directory::valid(const Visit& visit, WallMs now) const {
  state::Session session = visit.session;
  session.last_used = std::max(session.last_used, WallMs{Millis{visit.used.load(std::memory_order_relaxed)}});
  return state::session_valid(session, now) && user(session.user);
}

const state::Session* Directory::session(const state::TokenDigest& digest, WallMs now) const {
  const auto found = sessions_.find(digest);
  return found != sessions_.end() && valid(found->second, now) ? &found->second.session : nullptr;
}

const state::Session* Directory::session_of(std::string_view id) const {
  const auto found = session_ids_.find(id);
  return found == session_ids_.end() ? nullptr : &found->second->session;
}

bool Directory::note_use(const state::Session& session, WallMs now) const {
  const auto found = sessions_.find(session.digest);
  if (found == sessions_.end()) return false;
  int64_t before = found->second.used.load(std::memory_order_relaxed);
  const int64_t ms = now.time_since_epoch().count();
  return ms - before >= Millis{kNoteEvery}.count() && found->second.used.compare_exchange_strong(before, ms);
}

bool Directory::is_known_place(std::string_view user, std::string_view group) const {
  return places_.contains(std::string(user) + " " + std::string(group));
}

const state::Token* Directory::valid(const state::Token& token, WallMs now) const {
  if (over(token.until, now)) return nullptr;
  if (token.kind == state::TokenKind::user) return user(token.user) ? &token : nullptr;
  const auto device = devices_.find(token.device);
  if (device == devices_.end()) return nullptr;
  return token.kind == state::TokenKind::link || device->second.enabled ? &token : nullptr;
}

const state::Token* Directory::token(const state::TokenDigest& digest, WallMs now) const {
  const auto found = tokens_.find(digest);
  return found == tokens_.end() ? nullptr : valid(found->second, now);
}

// Whether the principal's token or session is still there, and for this device.
bool Directory::token_still_says(const Principal& principal, std::string_view device, WallMs now) const {
  if (principal.only_device && *principal.only_device != device) return false;
  if (!principal.session.empty()) {
    const auto visit = session_ids_.find(principal.session);
    return visit != session_ids_.end() && visit->second->session.user == principal.name && valid(*visit->second, now);
  }
  if (principal.token.empty()) return principal.kind == Principal::Kind::user;
  const auto found = token_ids_.find(principal.token);
  return found != token_ids_.end() && valid(*found->second, now);
}

bool Directory::user_may(const state::User& user, std::string_view device, Permission permission, WallMs now) const {
  if (user.admin) return true;
  const auto found = devices_.find(device);
  if (found == devices_.end()) return false;
  if (found->second.owner == user.name) return true;
  if (permission != Permission::view) return false;
  const auto viewer = found->second.viewers.find(user.name);
  return viewer != found->second.viewers.end() && !over(viewer->second, now);
}

bool Directory::may(const Principal& principal, std::string_view device, Permission permission, WallMs now) const {
  if (principal.read_only && permission != Permission::view) return false;
  if (!token_still_says(principal, device, now)) return false;
  switch (principal.kind) {
    case Principal::Kind::user: {
      const state::User* known = user(principal.name);
      return known && user_may(*known, device, permission, now);
    }
    case Principal::Kind::device:
      return permission == Permission::report && principal.only_device.has_value();
    case Principal::Kind::link:
      return permission == Permission::view && principal.only_device.has_value();
  }
  return false;
}

Status DirectoryKeeper::look() {
  if (!state_) {
    CBX_ASSIGN(state_, state::State::open(path_, false, kBusy));
  }
  CBX_ASSIGN(const int64_t counter, state_->change_counter());
  if (directory_ && directory_->change_counter() == counter) return {};
  CBX_ASSIGN(auto accounts, state_->accounts());
  directory_ = std::make_shared<const Directory>(std::move(accounts));
  return {};
}

void DirectoryKeeper::refresh() {
  const std::lock_guard lock(mutex_);
  asked_.reset();
}

std::shared_ptr<const Directory> DirectoryKeeper::current() {
  const std::lock_guard lock(mutex_);
  const Monotonic now = clock_.monotonic();
  if (!asked_ || now - *asked_ >= kAskEvery) {
    asked_ = now;
    if (const Status done = look(); done) {
      succeeded_ = now;
      if (std::exchange(failing_, false)) log_.info("users and tokens can be read again");
    } else {
      // A connection that has failed may be one to a file that is no more.
      state_.reset();
      if (!std::exchange(failing_, true)) log_.error("cannot read users and tokens: {}", done.error().message());
    }
  }
  return succeeded_ && now - *succeeded_ < kGoOn ? directory_ : nullptr;
}

}  // namespace cbx::web
