#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "state/impl.h"
#include "state/secrets.h"

namespace cbx::state {
namespace {

// How long what has expired is still listed, so that people see why it stopped to work.
constexpr std::chrono::hours kKeepExpired{24 * 7};

bool same_address(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

Result<std::vector<Invite>> read_invites(db::Statement& statement) {
  std::vector<Invite> invites;
  for (;;) {
    CBX_ASSIGN(const bool row, statement.step());
    if (!row) return invites;
    invites.push_back({.id = statement.text(0),
                       .email = statement.text(1),
                       .admin = statement.integer(2) != 0,
                       .created = statement.time(3),
                       .until = statement.time(4),
                       .by = statement.text(5)});
  }
}

}  // namespace

Status check_invite(const std::optional<Invite>& invite, std::string_view email) {
  if (!invite) return fail(ErrorCode::no_input, "the invitation was used, has expired or was taken back");
  if (!invite->email.empty() && !same_address(invite->email, email))
    return fail(ErrorCode::usage, "the invitation is for another e-mail address");
  return {};
}

Result<std::optional<Invite>> State::Impl::invite(std::string_view id, WallMs now) {
  CBX_ASSIGN(auto* statement, db.cached("SELECT id, email, admin, created_ms, until_ms, made_by FROM invite "
                                        "WHERE id = ?1 AND until_ms > ?2"));
  CBX_ASSIGN(auto found, read_invites(statement->bind(id, now)));
  if (found.empty()) return std::optional<Invite>{};
  return std::optional<Invite>{std::move(found.front())};
}

Result<std::vector<Invite>> State::invites() {
  CBX_ASSIGN(auto* statement, impl_->db.cached("SELECT id, email, admin, created_ms, until_ms, made_by FROM invite "
                                               "ORDER BY created_ms, id"));
  return read_invites(statement->bind());
}

Result<NewInvite> State::add_invite(Invite wanted) {
  if (!wanted.email.empty()) CBX_TRY(check_email(wanted.email));
  if (wanted.until == WallMs{}) wanted.until = wanted.created + kInviteLasts;
  if (wanted.until <= wanted.created)
    return fail(ErrorCode::usage, fmt::format("{} has passed already", format_rfc3339(wanted.until)));
  CBX_ASSIGN(std::string secret, random_secret());
  const TokenDigest digest = token_digest(secret);
  wanted.id = digest_id(digest);
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    if (!wanted.by.empty()) CBX_TRY(impl_->must_have_user(wanted.by));
    CBX_TRY(impl_->must_be_free(wanted.email, {}));
    CBX_TRY(impl_->run("DELETE FROM invite WHERE until_ms < ?1", wanted.created - kKeepExpired));
    return impl_->run(
        "INSERT INTO invite (id, digest, email, admin, created_ms, until_ms, made_by) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, ''))",
        wanted.id, Bytes(digest.begin(), digest.end()), wanted.email, wanted.admin, wanted.created, wanted.until,
        wanted.by);
  }));
  return NewInvite{std::move(wanted), std::move(secret)};
}

Status State::remove_invite(std::string_view id) {
  return impl_->db.transaction([&]() -> Status {
    return must_touch(impl_->db, impl_->run("DELETE FROM invite WHERE id = ?1", id),
                      {ErrorCode::no_input, fmt::format("no invitation '{}'", printable(id.substr(0, 80)))});
  });
}

Result<std::optional<Invite>> State::find_invite(std::string_view secret, WallMs now) {
  if (!is_secret(secret)) return std::optional<Invite>{};
  const TokenDigest digest = token_digest(secret);
  CBX_ASSIGN(auto* statement, impl_->db.cached("SELECT id, email, admin, created_ms, until_ms, made_by FROM invite "
                                               "WHERE digest = ?1 AND until_ms > ?2"));
  CBX_ASSIGN(auto found, read_invites(statement->bind(Bytes(digest.begin(), digest.end()), now)));
  if (found.empty()) return std::optional<Invite>{};
  return std::optional<Invite>{std::move(found.front())};
}

}  // namespace cbx::state
