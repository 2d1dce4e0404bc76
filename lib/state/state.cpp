#include "state/state.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/device_id.h"
#include "base/log.h"
#include "state/backup.h"
#include "state/schema.h"

namespace cbx::state {

struct State::Impl {
  db::Database db;

  Result<std::vector<Device>> read(db::Statement& statement);
  Status add_tag(std::string_view id, const std::string& tag);
  // `done`, or an error when the statement before it touched no row.
  Status must_exist(std::string_view id, const Status& done);
};

State::State(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;
State::~State() = default;

Result<State> State::open(const std::string& path, bool create) {
  auto db = db::Database::open(path, schema(), create ? db::OpenMode::create : db::OpenMode::existing);
  if (!db) return fail(std::move(db).error());
  return State(std::unique_ptr<Impl>(new Impl{std::move(*db)}));
}

namespace {

constexpr const char* kAllDevices =
    "SELECT id, nickname, key, key_bits, enabled, created_ms, tag FROM device LEFT JOIN device_tag ON device = id "
    "ORDER BY id, tag";
constexpr const char* kOneDevice =
    "SELECT id, nickname, key, key_bits, enabled, created_ms, tag FROM device LEFT JOIN device_tag ON device = id "
    "WHERE id = ?1 ORDER BY tag";

Error unknown_device(std::string_view id) {
  return {ErrorCode::no_input, fmt::format("no device '{}'", printable(id.substr(0, 80)))};
}

}  // namespace

// One row a device and tag, the devices together.
Result<std::vector<Device>> State::Impl::read(db::Statement& statement) {
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
      devices.push_back(std::move(device));
    }
    if (!statement.null(6)) devices.back().tags.push_back(statement.text(6));
  }
}

Status State::Impl::add_tag(std::string_view id, const std::string& tag) {
  CBX_TRY(check_tag(tag));
  CBX_ASSIGN(auto* statement, db.cached("INSERT OR IGNORE INTO device_tag VALUES (?1, ?2)"));
  return statement->bind(id, tag).run();
}

Status State::Impl::must_exist(std::string_view id, const Status& done) {
  if (done && db.changes() == 0) return fail(unknown_device(id));
  return done;
}

Result<std::vector<Device>> State::devices() {
  CBX_ASSIGN(auto* statement, impl_->db.cached(kAllDevices));
  return impl_->read(statement->bind());
}

Result<std::optional<Device>> State::device(std::string_view id) {
  CBX_ASSIGN(auto* statement, impl_->db.cached(kOneDevice));
  CBX_ASSIGN(auto found, impl_->read(statement->bind(id)));
  if (found.empty()) return std::optional<Device>{};
  return std::optional<Device>{std::move(found.front())};
}

// A nickname must not be another device's id or nickname: DEVICE on a command line would then mean two cameras.
static Status check_names(db::Database& db, std::string_view id, std::string_view nickname) {
  CBX_TRY(check_nickname(nickname));
  if (!nickname.empty()) {
    CBX_ASSIGN(auto* taken, db.cached("SELECT id FROM device WHERE (nickname = ?1 OR id = ?1) AND id <> ?2"));
    CBX_ASSIGN(const bool row, taken->bind(nickname, id).step());
    if (row) {
      const std::string other = taken->text(0);
      taken->reset();
      return fail(ErrorCode::cannot_create, fmt::format("nickname '{}' is taken by device '{}'", nickname, other));
    }
  }
  CBX_ASSIGN(auto* clash, db.cached("SELECT id FROM device WHERE nickname = ?1 AND id <> ?1"));
  CBX_ASSIGN(const bool row, clash->bind(id).step());
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
    CBX_TRY(check_names(impl_->db, id, device.nickname));
    CBX_ASSIGN(auto* insert, impl_->db.cached("INSERT INTO device VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
    CBX_TRY(insert->bind(id, device.nickname, device.key, device.key_bits, device.enabled, device.created).run());
    for (const auto& tag : device.tags) CBX_TRY(impl_->add_tag(id, tag));
    return {};
  });
}

Status State::remove_device(std::string_view id) {
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(auto* statement, impl_->db.cached("DELETE FROM device WHERE id = ?1"));
    return impl_->must_exist(id, statement->bind(id).run());
  });
}

Status State::rename_device(std::string_view id, std::string_view nickname) {
  return impl_->db.transaction([&]() -> Status {
    CBX_TRY(check_names(impl_->db, id, nickname));
    CBX_ASSIGN(auto* statement, impl_->db.cached("UPDATE device SET nickname = ?2 WHERE id = ?1"));
    return impl_->must_exist(id, statement->bind(id, nickname).run());
  });
}

Status State::set_key(std::string_view id, std::string_view key, int key_bits) {
  if (!key.empty()) CBX_TRY(check_key(key));
  if (key_bits != 128 && key_bits != 256) return fail(ErrorCode::data, "key bits are 128 or 256");
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(auto* statement, impl_->db.cached("UPDATE device SET key = ?2, key_bits = ?3 WHERE id = ?1"));
    return impl_->must_exist(id, statement->bind(id, key, key_bits).run());
  });
}

Status State::set_enabled(std::string_view id, bool enabled) {
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(auto* statement, impl_->db.cached("UPDATE device SET enabled = ?2 WHERE id = ?1"));
    return impl_->must_exist(id, statement->bind(id, enabled).run());
  });
}

Status State::tag_device(std::string_view id, std::span<const std::string> add, std::span<const std::string> remove) {
  return impl_->db.transaction([&]() -> Status {
    CBX_ASSIGN(const auto existing, device(id));
    if (!existing) return fail(unknown_device(id));
    CBX_ASSIGN(auto* drop, impl_->db.cached("DELETE FROM device_tag WHERE device = ?1 AND tag = ?2"));
    for (const auto& tag : remove) CBX_TRY(drop->bind(id, tag).run());
    for (const auto& tag : add) CBX_TRY(impl_->add_tag(id, tag));
    return {};
  });
}

Result<int64_t> State::change_counter() {
  // A restore onto a damaged or missing file puts a new one in its place; this connection would watch the old one.
  if (!impl_->db.still_there()) {
    const std::string path = impl_->db.path();
    CBX_ASSIGN(auto reopened, db::Database::open(path, schema(), db::OpenMode::existing));
    impl_->db = std::move(reopened);
  }
  CBX_ASSIGN(auto* statement, impl_->db.cached("SELECT value FROM meta WHERE name = 'changes'"));
  CBX_ASSIGN(const bool row, statement->bind().step());
  if (!row) return fail(ErrorCode::data, fmt::format("'{}' has no change counter", impl_->db.path()));
  const int64_t value = statement->integer(0);
  statement->reset();
  return value;
}

Status State::backup(const std::string& to, bool force) {
  return write_backup(impl_->db, to, force);
}

}  // namespace cbx::state
