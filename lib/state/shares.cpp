#include <fmt/format.h>

#include "base/log.h"
#include "state/impl.h"
#include "state/secrets.h"

namespace cbx::state {

Status State::set_owner(std::string_view device, std::string_view user) {
  return impl_->db.transaction([&]() -> Status {
    CBX_TRY(impl_->must_have_device(device));
    if (!user.empty()) CBX_TRY(impl_->must_have_user(user));
    CBX_ASSIGN(auto* viewer, impl_->db.cached("DELETE FROM share WHERE device = ?1 AND user = ?2"));
    CBX_TRY(viewer->bind(device, user).run());
    CBX_ASSIGN(auto* statement, impl_->db.cached("UPDATE device SET owner = nullif(?2, '') WHERE id = ?1"));
    return statement->bind(device, user).run();
  });
}

Status State::claim_device(std::string_view device, std::string_view key, std::string_view user) {
  CBX_ASSIGN(const Bytes salt, random_bytes(32));
  return impl_->db.transaction([&]() -> Status {
    CBX_TRY(impl_->must_have_user(user));
    CBX_ASSIGN(const auto found, this->device(device));
    // Hashes of one length, whatever the keys', so that the time it takes tells neither how far a guess was right nor
    // whether there is such a device.
    const std::string real = found ? found->key : std::string();
    const bool right = same_bytes(keyed_hash(salt, real), keyed_hash(salt, key));
    if (!found || real.empty() || !right || !found->owner.empty())
      return fail(ErrorCode::no_input, "no device with this id and key waits for an owner");
    CBX_TRY(impl_->run("DELETE FROM share WHERE device = ?1 AND user = ?2", device, user));
    return impl_->run("UPDATE device SET owner = ?2 WHERE id = ?1", device, user);
  });
}

Result<std::vector<Share>> State::shares() {
  CBX_ASSIGN(auto* statement,
             impl_->db.cached("SELECT device, user, until_ms, created_ms FROM share ORDER BY device, user"));
  statement->bind();
  std::vector<Share> shares;
  for (;;) {
    CBX_ASSIGN(const bool row, statement->step());
    if (!row) return shares;
    shares.push_back({.device = statement->text(0),
                      .user = statement->text(1),
                      .until = statement->any_time(2),
                      .created = statement->time(3)});
  }
}

Status State::share(const Share& share) {
  if (share.until && *share.until <= share.created)
    return fail(ErrorCode::usage, fmt::format("{} has passed already", format_rfc3339(*share.until)));
  return impl_->db.transaction([&]() -> Status {
    CBX_TRY(impl_->must_have_user(share.user));
    CBX_ASSIGN(const auto device, this->device(share.device));
    if (!device) return fail(unknown_device(share.device));
    if (device->owner == share.user)
      return fail(ErrorCode::usage, fmt::format("user '{}' owns device '{}'", share.user, share.device));
    CBX_ASSIGN(auto* statement, impl_->db.cached("INSERT INTO share (device, user, until_ms, created_ms) "
                                                 "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (device, user) DO UPDATE "
                                                 "SET until_ms = ?3, created_ms = ?4"));
    return statement->bind(share.device, share.user, share.until, share.created).run();
  });
}

Status State::unshare(std::string_view device, std::string_view user) {
  return impl_->db.transaction([&]() -> Status {
    CBX_TRY(impl_->must_have_device(device));
    CBX_ASSIGN(auto* statement, impl_->db.cached("DELETE FROM share WHERE device = ?1 AND user = ?2"));
    return must_touch(impl_->db, statement->bind(device, user).run(),
                      {ErrorCode::no_input,
                       fmt::format("device '{}' isn't shared with user '{}'", device, printable(user.substr(0, 80)))});
  });
}

}  // namespace cbx::state
