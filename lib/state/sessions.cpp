#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/utf8.h"
#include "state/impl.h"
#include "state/secrets.h"

namespace cbx::state {
namespace {

constexpr int kMostSessions = 50;
constexpr size_t kLongestAgent = 200, kLongestAddress = 64;
// A clock that was ahead when the session began must not keep it alive for as long as it was ahead.
constexpr std::chrono::hours kAhead{24};

// What a stranger sent, without control characters and broken UTF-8, cut between two characters.
std::string cleaned(std::string_view text, size_t longest) {
  std::string clean;
  while (!text.empty()) {
    const size_t length = std::max<size_t>(1, utf8_sequence_length(text));
    const std::string piece = printable(text.substr(0, length));
    if (clean.size() + piece.size() > longest) break;
    clean += piece;
    text.remove_prefix(length);
  }
  return clean;
}

}  // namespace

bool session_valid(const Session& session, WallMs now) {
  return now < session.until && now < session.last_used + kSessionIdles && now + kAhead >= session.created;
}

Result<std::vector<Session>> State::sessions() {
  CBX_ASSIGN(auto* statement, impl_->db.cached("SELECT id, digest, user, created_ms, used_ms, until_ms, address, agent "
                                               "FROM session ORDER BY created_ms, id"));
  statement->bind();
  std::vector<Session> sessions;
  for (;;) {
    CBX_ASSIGN(const bool row, statement->step());
    if (!row) return sessions;
    const Bytes digest = statement->blob(1);
    if (digest.size() != TokenDigest{}.size()) continue;  // the table's CHECK doesn't let it in
    Session session{.id = statement->text(0),
                    .digest = {},
                    .user = statement->text(2),
                    .created = statement->time(3),
                    .last_used = statement->time(4),
                    .until = statement->time(5),
                    .address = statement->text(6),
                    .agent = statement->text(7)};
    std::copy(digest.begin(), digest.end(), session.digest.begin());
    sessions.push_back(std::move(session));
  }
}

Result<NewSession> State::add_session(std::string_view user, std::string_view address, std::string_view agent,
                                      WallMs now) {
  CBX_ASSIGN(std::string secret, random_secret());
  Session made{.id = {},
               .digest = token_digest(secret),
               .user = std::string(user),
               .created = now,
               .last_used = now,
               .until = now + kSessionLasts,
               .address = cleaned(address, kLongestAddress),
               .agent = cleaned(agent, kLongestAgent)};
  made.id = digest_id(made.digest);
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(const auto known, this->user(user));
    if (!known) return fail(unknown_user(user));
    if (!known->enabled) return fail(ErrorCode::permission, fmt::format("user '{}' is disabled", known->name));
    CBX_TRY(impl_->run("DELETE FROM session WHERE until_ms <= ?1 OR used_ms <= ?2 OR created_ms > ?3", now,
                       now - kSessionIdles, now + kAhead));
    CBX_TRY(
        impl_->run("DELETE FROM session WHERE id IN (SELECT id FROM session WHERE user = ?1 "
                   "ORDER BY used_ms DESC, id LIMIT -1 OFFSET ?2)",
                   user, kMostSessions - 1));
    return impl_->run(
        "INSERT INTO session (id, digest, user, created_ms, used_ms, until_ms, address, agent) "
        "VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)",
        made.id, Bytes(made.digest.begin(), made.digest.end()), user, now, made.until, made.address, made.agent);
  }));
  return NewSession{std::move(made), std::move(secret)};
}

Status State::Impl::end_sessions(std::string_view user, std::string_view except) {
  return run("DELETE FROM session WHERE user = ?1 AND id <> ?2", user, except);
}

Status State::end_session(std::string_view id) {
  return impl_->db.transaction([&]() -> Status {
    return must_touch(impl_->db, impl_->run("DELETE FROM session WHERE id = ?1", id),
                      {ErrorCode::no_input, fmt::format("no session '{}'", printable(id.substr(0, 80)))});
  });
}

Status State::end_sessions(std::string_view user, std::string_view except_id) {
  return impl_->db.transaction([&]() -> Status {
    CBX_TRY(impl_->must_have_user(user));
    return impl_->end_sessions(user, except_id);
  });
}

Status State::touch_session(std::string_view id, std::string_view address, WallMs now) {
  return impl_->db.transaction([&]() -> Status {
    return impl_->run("UPDATE session SET used_ms = ?2, address = ?3 WHERE id = ?1", id, now,
                      cleaned(address, kLongestAddress));
  });
}

}  // namespace cbx::state
