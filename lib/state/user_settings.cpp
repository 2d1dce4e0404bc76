// What changes about a user.
#include <fmt/format.h>

#include "state/impl.h"

namespace cbx::state {

Status State::set_password(std::string_view name, std::string_view password_hash, std::string_view except_session) {
  return impl_->db.transaction([&]() -> Status {
    const Status done = impl_->run("UPDATE user SET password_hash = ?2 WHERE name = ?1", name, password_hash);
    CBX_TRY(must_touch(impl_->db, done, unknown_user(name)));
    CBX_TRY(impl_->end_sessions(name, except_session));
    return impl_->drop_challenges(name);
  });
}

Status State::set_user_enabled(std::string_view name, bool enabled) {
  return impl_->db.transaction([&]() -> Status {
    const Status done = impl_->run("UPDATE user SET enabled = ?2 WHERE name = ?1", name, enabled);
    CBX_TRY(must_touch(impl_->db, done, unknown_user(name)));
    if (enabled) return {};
    CBX_TRY(impl_->end_sessions(name, {}));
    CBX_TRY(impl_->drop_challenges(name));
    CBX_TRY(impl_->run("DELETE FROM operator_code WHERE user = ?1", name));
    return impl_->run("DELETE FROM invite WHERE made_by = ?1", name);
  });
}

Status State::set_email(std::string_view name, std::string_view email, std::optional<WallMs> proven) {
  if (!email.empty()) CBX_TRY(check_email(email));
  if (email.empty()) proven.reset();
  return impl_->db.transaction([&]() -> Status {
    CBX_TRY(impl_->must_have_user(name));
    CBX_TRY(impl_->must_be_free(email, name));
    CBX_TRY(impl_->run("UPDATE user SET email = ?2, email_proven_ms = ?3 WHERE name = ?1", name, email, proven));
    return impl_->run("DELETE FROM challenge WHERE user = ?1 AND factor = 'email' AND email <> ?2", name, email);
  });
}

Status State::set_language(std::string_view name, std::string_view language) {
  CBX_TRY(check_language(language));
  return impl_->db.transaction([&]() -> Status {
    const Status done = impl_->run("UPDATE user SET language = ?2 WHERE name = ?1", name, language);
    return must_touch(impl_->db, done, unknown_user(name));
  });
}

Status State::set_admin(std::string_view name, bool admin) {
  return impl_->db.transaction([&]() -> Status {
    CBX_TRY(impl_->must_have_user(name));
    if (!admin) {
      CBX_ASSIGN(auto* others,
                 impl_->db.cached("SELECT (SELECT count(*) FROM user WHERE admin AND enabled AND name <> ?1) > 0 OR "
                                  "NOT (SELECT admin AND enabled FROM user WHERE name = ?1)"));
      CBX_ASSIGN(const bool row, others->bind(name).step());
      const bool allowed = row && others->integer(0) != 0;
      others->reset();
      if (!allowed)
        return fail(ErrorCode::usage, fmt::format("'{}' is the last admin: make somebody else one first", name));
      CBX_TRY(impl_->run("DELETE FROM invite WHERE made_by = ?1", name));
    }
    return impl_->run("UPDATE user SET admin = ?2 WHERE name = ?1", name, admin);
  });
}

}  // namespace cbx::state
