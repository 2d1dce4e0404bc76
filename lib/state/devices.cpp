#include <fmt/format.h>

#include <algorithm>

#include "base/device_id.h"
#include "base/log.h"
#include "state/impl.h"

namespace cbx::state {
namespace {

constexpr const char* kAllDevices =
    "SELECT id, nickname, key, key_bits, enabled, created_ms, owner, tag FROM device LEFT JOIN device_tag ON device = "
    "id "
    "ORDER BY id, tag";
constexpr const char* kOneDevice =
    "SELECT id, nickname, key, key_bits, enabled, created_ms, owner, tag FROM device LEFT JOIN device_tag ON device = "
    "id "
    "WHERE id = ?1 ORDER BY tag";

}  // namespace

Error unknown_device(std::string_view id) {
  return {ErrorCode::no_input, fmt::format("no device '{}'", printable(id.substr(0, 80)))};
}

// One row a device and tag, the devices together.
Result<std::vector<Device>> State::Impl::read_devices(db::Statement& statement) {
  std::vector<Device> devices;
  for (;;) {
    CBX_ASSIGN(const bool row, statement.step());
    if (!row) return devices;
    if (std::string id = statement.text(0); devices.empty() || devices.back().id != id) {
      Device device;
      device.id = std::move(id);
      device.nickname = statement.text(1);
      device.key = statement.text(2);
      device.key_bits = static_cast<int>(statement.integer(3));
      device.enabled = statement.integer(4) != 0;
      device.created = statement.time(5);
      device.owner = statement.text(6);
      devices.push_back(std::move(device));
    }
    if (!statement.null(7)) devices.back().tags.push_back(statement.text(7));
  }
}

Status State::Impl::add_tag(std::string_view id, const std::string& tag) {
  CBX_TRY(check_tag(tag));
  CBX_ASSIGN(auto* statement, db.cached("INSERT OR IGNORE INTO device_tag VALUES (?1, ?2)"));
  return statement->bind(id, tag).run();
}

Status State::Impl::must_have_device(std::string_view id) {
  CBX_ASSIGN(auto* statement, db.cached("SELECT 1 FROM device WHERE id = ?1"));
  CBX_ASSIGN(const bool row, statement->bind(id).step());
  statement->reset();
  if (!row) return fail(unknown_device(id));
  return {};
}

Result<std::vector<Device>> State::devices() {
  CBX_ASSIGN(auto* statement, impl_->db.cached(kAllDevices));
  return impl_->read_devices(statement->bind());
}

Result<std::optional<Device>> State::device(std::string_view id) {
  CBX_ASSIGN(auto* statement, impl_->db.cached(kOneDevice));
  CBX_ASSIGN(auto found, impl_->read_devices(statement->bind(id)));
  if (found.empty()) return std::optional<Device>{};
  return std::optional<Device>{std::move(found.front())};
}

// Among the devices of one owner a nickname is no other's nickname or id: people would take one for the other.  What
// strangers call theirs is their affair; DEVICE on a command line that means several is refused there.
static Status check_names(db::Database& db, std::string_view id, std::string_view nickname, std::string_view owner) {
  CBX_TRY(check_nickname(nickname));
  if (!nickname.empty()) {
    CBX_ASSIGN(auto* taken, db.cached("SELECT id FROM device WHERE (nickname = ?1 OR id = ?1) AND id <> ?2 "
                                      "AND ifnull(owner, '') = ?3"));
    CBX_ASSIGN(const bool row, taken->bind(nickname, id, owner).step());
    if (row) {
      const std::string other = taken->text(0);
      taken->reset();
      return fail(ErrorCode::cannot_create, fmt::format("nickname '{}' is taken by device '{}'", nickname, other));
    }
  }
  CBX_ASSIGN(auto* clash,
             db.cached("SELECT id FROM device WHERE nickname = ?1 AND id <> ?1 AND ifnull(owner, '') = ?2"));
  CBX_ASSIGN(const bool row, clash->bind(id, owner).step());
  if (!row) return {};
  const std::string other = clash->text(0);
  clash->reset();
  return fail(ErrorCode::cannot_create, fmt::format("id '{}' is the nickname of device '{}'", id, other));
}

Status State::add_device(const Device& device) {
  CBX_ASSIGN(const std::string id, check_device_id(device.id));
  if (!device.key.empty()) CBX_TRY(check_key(device.key));
  if (device.key_bits != 128 && device.key_bits != 256) return fail(ErrorCode::data, "key bits are 128 or 256");
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(const auto existing, this->device(id));
    if (existing) return fail(ErrorCode::cannot_create, fmt::format("device '{}' exists already", id));
    CBX_TRY(check_names(impl_->db, id, device.nickname, device.owner));
    CBX_ASSIGN(auto* insert,
               impl_->db.cached("INSERT INTO device (id, nickname, key, key_bits, enabled, created_ms, owner) "
                                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, nullif(?7, ''))"));
    if (!device.owner.empty()) CBX_TRY(impl_->must_have_user(device.owner));
    CBX_TRY(insert->bind(id, device.nickname, device.key, device.key_bits, device.enabled, device.created, device.owner)
                .run());
    for (const auto& tag : device.tags) CBX_TRY(impl_->add_tag(id, tag));
    return {};
  });
}

Status State::remove_device(std::string_view id) {
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(auto* statement, impl_->db.cached("DELETE FROM device WHERE id = ?1"));
    return must_touch(impl_->db, statement->bind(id).run(), unknown_device(id));
  });
}

Status State::rename_device(std::string_view id, std::string_view nickname) {
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(const auto device, this->device(id));
    if (!device) return fail(unknown_device(id));
    CBX_TRY(check_names(impl_->db, id, nickname, device->owner));
    CBX_ASSIGN(auto* statement, impl_->db.cached("UPDATE device SET nickname = ?2 WHERE id = ?1"));
    return must_touch(impl_->db, statement->bind(id, nickname).run(), unknown_device(id));
  });
}

Status State::set_key(std::string_view id, std::string_view key, int key_bits) {
  if (!key.empty()) CBX_TRY(check_key(key));
  if (key_bits != 128 && key_bits != 256) return fail(ErrorCode::data, "key bits are 128 or 256");
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(auto* statement, impl_->db.cached("UPDATE device SET key = ?2, key_bits = ?3 WHERE id = ?1"));
    return must_touch(impl_->db, statement->bind(id, key, key_bits).run(), unknown_device(id));
  });
}

Status State::set_enabled(std::string_view id, bool enabled) {
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(auto* statement, impl_->db.cached("UPDATE device SET enabled = ?2 WHERE id = ?1"));
    return must_touch(impl_->db, statement->bind(id, enabled).run(), unknown_device(id));
  });
}

Status State::tag_device(std::string_view id, std::span<const std::string> add, std::span<const std::string> remove) {
  return impl_->db.transaction([&]() -> Status {
    CBX_TRY(impl_->must_have_device(id));
    CBX_ASSIGN(auto* drop, impl_->db.cached("DELETE FROM device_tag WHERE device = ?1 AND tag = ?2"));
    for (const auto& tag : remove) CBX_TRY(drop->bind(id, tag).run());
    for (const auto& tag : add) CBX_TRY(impl_->add_tag(id, tag));
    return {};
  });
}

}  // namespace cbx::state
