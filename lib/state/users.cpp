#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/utf8.h"
#include "state/impl.h"

namespace cbx::state {

bool is_login_name(std::string_view text) {
  const auto alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (text.empty() || text.size() > 64 || !alnum(text[0])) return false;
  for (const char c : text)
    if (!alnum(c) && c != '.' && c != '_' && c != '-') return false;
  return true;
}

Status check_login_name(std::string_view text) {
  if (is_login_name(text)) return {};
  return fail(ErrorCode::data, fmt::format("'{}' is no login name: 1 to 64 of a-z 0-9 . _ -, the first a letter or "
                                           "digit",
                                           printable(text.substr(0, 80))));
}

Status check_email(std::string_view text) {
  const size_t at = text.rfind('@');
  bool good = at != std::string_view::npos && at > 0 && at <= 64 && at + 1 < text.size() && text.size() <= 254 &&
              is_utf8(text) && printable(text) == text;
  for (const char c : text) good = good && c != ' ' && c != ',' && c != '<' && c != '>' && c != '"';
  good = good && text.find('@') == at;
  if (good) return {};
  return fail(ErrorCode::data, fmt::format("'{}' is no e-mail address", printable(text.substr(0, 80))));
}

Status check_language(std::string_view text) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  if (text.empty() || (text.size() >= 2 && text.size() <= 8 && std::all_of(text.begin(), text.end(), letter)))
    return {};
  return fail(ErrorCode::data, fmt::format("'{}' is no language such as en or ko", printable(text.substr(0, 80))));
}

Error unknown_user(std::string_view name) {
  return {ErrorCode::no_input, fmt::format("no user '{}'", printable(name.substr(0, 80)))};
}

Status State::Impl::must_have_user(std::string_view name) {
  CBX_ASSIGN(auto* statement, db.cached("SELECT 1 FROM user WHERE name = ?1"));
  CBX_ASSIGN(const bool row, statement->bind(name).step());
  statement->reset();
  if (!row) return fail(unknown_user(name));
  return {};
}

namespace {

Result<std::vector<User>> read_users(db::Statement& statement) {
  std::vector<User> users;
  for (;;) {
    CBX_ASSIGN(const bool row, statement.step());
    if (!row) return users;
    users.push_back({.name = statement.text(0),
                     .email = statement.text(1),
                     .password_hash = statement.text(2),
                     .admin = statement.integer(3) != 0,
                     .enabled = statement.integer(4) != 0,
                     .created = statement.time(5),
                     .email_proven = statement.any_time(6),
                     .language = statement.text(7),
                     .totp = statement.integer(8) != 0});
  }
}

}  // namespace

Result<std::vector<User>> State::users() {
  CBX_ASSIGN(auto* statement, impl_->db.cached("SELECT name, email, password_hash, admin, enabled, created_ms, "
                                               "email_proven_ms, language, totp.secret IS NOT NULL FROM user "
                                               "LEFT JOIN totp ON totp.user = name ORDER BY name"));
  return read_users(statement->bind());
}

Result<std::optional<User>> State::user(std::string_view name) {
  CBX_ASSIGN(auto* statement, impl_->db.cached("SELECT name, email, password_hash, admin, enabled, created_ms, "
                                               "email_proven_ms, language, totp.secret IS NOT NULL FROM user "
                                               "LEFT JOIN totp ON totp.user = name WHERE name = ?1"));
  CBX_ASSIGN(auto found, read_users(statement->bind(name)));
  if (found.empty()) return std::optional<User>{};
  return std::optional<User>{std::move(found.front())};
}

Status State::Impl::must_be_free(std::string_view email, std::string_view name) {
  if (email.empty()) return {};
  CBX_ASSIGN(auto* taken, db.cached("SELECT name FROM user WHERE email = ?1 AND name <> ?2"));
  CBX_ASSIGN(const bool row, taken->bind(email, name).step());
  const std::string other = row ? taken->text(0) : "";
  taken->reset();
  if (!row) return {};
  return fail(ErrorCode::cannot_create, fmt::format("the e-mail address '{}' is that of user '{}'", email, other));
}

Status State::Impl::insert_user(const User& user) {
  CBX_ASSIGN(auto* existing, db.cached("SELECT 1 FROM user WHERE name = ?1"));
  CBX_ASSIGN(const bool there, existing->bind(user.name).step());
  existing->reset();
  if (there) return fail(ErrorCode::cannot_create, fmt::format("user '{}' exists already", user.name));
  CBX_TRY(must_be_free(user.email, user.name));
  return run(
      "INSERT INTO user (name, email, password_hash, admin, enabled, created_ms, email_proven_ms, language) "
      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
      user.name, user.email, user.password_hash, user.admin, user.enabled, user.created,
      user.email.empty() ? std::nullopt : user.email_proven, user.language);
}

Status State::add_user(const User& user) {
  CBX_TRY(check_login_name(user.name));
  if (!user.email.empty()) CBX_TRY(check_email(user.email));
  CBX_TRY(check_language(user.language));
  return impl_->db.transaction([&] { return impl_->insert_user(user); });
}

Status State::remove_user(std::string_view name) {
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(auto* statement, impl_->db.cached("DELETE FROM user WHERE name = ?1"));
    return must_touch(impl_->db, statement->bind(name).run(), unknown_user(name));
  });
}

Result<Belongings> State::belongings(std::string_view name) {
  CBX_TRY(impl_->must_have_user(name));
  Belongings all;
  CBX_ASSIGN(auto* devices, impl_->db.cached("SELECT id FROM device WHERE owner = ?1 ORDER BY id"));
  devices->bind(name);
  for (;;) {
    CBX_ASSIGN(const bool row, devices->step());
    if (!row) break;
    all.devices.push_back(devices->text(0));
  }
  CBX_ASSIGN(auto* counts, impl_->db.cached("SELECT (SELECT count(*) FROM token WHERE user = ?1), "
                                            "(SELECT count(*) FROM share WHERE user = ?1), "
                                            "(SELECT count(*) FROM session WHERE user = ?1)"));
  CBX_TRY(counts->bind(name).step());
  all.tokens = static_cast<int>(counts->integer(0));
  all.shares = static_cast<int>(counts->integer(1));
  all.sessions = static_cast<int>(counts->integer(2));
  counts->reset();
  return all;
}

}  // namespace cbx::state
