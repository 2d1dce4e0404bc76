// What a device did last, without reading what it did before.
#include "index/impl.h"

namespace cbx::index {

Result<std::optional<Connection>> Index::last_connection(std::string_view device, WallMs now) {
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return std::optional<Connection>{};
  CBX_ASSIGN(auto* last, impl_->db.cached("SELECT name, open_ms, close_ms, peer, protocol, encryption, latency_ms, "
                                          "cause, detail, duration_ms, bytes, packets, lost FROM connection WHERE "
                                          "device_id = ?1 AND open_ms IS NOT NULL ORDER BY open_ms DESC, id DESC "
                                          "LIMIT 1"));
  CBX_ASSIGN(const bool row, last->bind(*id).step());
  if (!row) return std::optional<Connection>{};
  Connection c;
  c.id = last->text(0);
  c.open = last->time(1);
  c.close = last->any_time(2);
  c.peer = last->text(3);
  c.protocol = last->text(4);
  c.encryption = static_cast<int>(last->integer(5));
  c.latency_ms = static_cast<int>(last->integer(6));
  c.cause = last->text(7);
  c.detail = last->text(8);
  c.duration_ms = last->integer(9);
  c.bytes = last->integer(10);
  c.packets = last->integer(11);
  c.lost = last->integer(12);
  c.span = {*c.open, c.close.value_or(now)};
  last->reset();
  return std::optional{std::move(c)};
}

Result<std::optional<LinkMinute>> Index::last_link(std::string_view device) {
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return std::optional<LinkMinute>{};
  CBX_ASSIGN(auto* rows, impl_->db.cached("SELECT max(minute_ms) FROM link WHERE device_id = ?1"));
  CBX_ASSIGN(const bool row, rows->bind(*id).step());
  const auto minute = row ? rows->any_time(0) : std::nullopt;
  rows->reset();
  if (!minute) return std::optional<LinkMinute>{};
  CBX_ASSIGN(auto found, links(device, {*minute, *minute + Millis{1}}));
  if (found.empty()) return std::optional<LinkMinute>{};
  return std::optional{found.back()};
}

}  // namespace cbx::index
