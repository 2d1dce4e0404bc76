// What deletion and the end of old journals do to rows.
#include <fmt/format.h>

#include "index/impl.h"

namespace cbx::index {

Result<std::vector<StoredFile>> Index::files(std::string_view device, WallMs from, size_t most) {
  std::vector<StoredFile> out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  CBX_ASSIGN(auto* rows,
             impl_->db.cached("SELECT start_ms, duration_ms, CASE WHEN EXISTS (SELECT 1 FROM missing m WHERE "
                              "m.device_id = s.device_id AND m.start_ms = s.start_ms AND m.found = 0) THEN "
                              "0 ELSE bytes END FROM segment s WHERE device_id = ?1 AND start_ms >= ?2 "
                              "ORDER BY start_ms LIMIT ?3"));
  rows->bind(*id, from, static_cast<int64_t>(most));
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) return out;
    out.push_back({rows->time(0), rows->integer(1), rows->integer(2)});
  }
}

Result<StoredTotal> Index::total(std::string_view device, TimeRange range) {
  StoredTotal total;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return total;
  CBX_ASSIGN(auto* rows,
             impl_->db.cached("SELECT count(*), coalesce(sum(bytes), 0), min(start_ms), max(start_ms) FROM segment "
                              "s WHERE device_id = ?1 AND start_ms >= ?2 AND start_ms < ?3 AND NOT EXISTS (SELECT 1 "
                              "FROM missing m WHERE m.device_id = s.device_id AND m.start_ms = s.start_ms AND m.found "
                              "= 0)"));
  CBX_ASSIGN(const bool row, rows->bind(*id, range.from, range.to).step());
  if (row) {
    total = {rows->integer(0), rows->integer(1), rows->any_time(2), rows->any_time(3)};
    rows->reset();
  }
  return total;
}

Result<std::optional<WallMs>> Index::last_start(std::string_view device, WallMs before) {
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return std::optional<WallMs>{};
  CBX_ASSIGN(auto* rows, impl_->db.cached("SELECT max(start_ms) FROM segment WHERE device_id = ?1 AND start_ms < ?2"));
  CBX_ASSIGN(const bool row, rows->bind(*id, before).step());
  const std::optional<WallMs> start = row ? rows->any_time(0) : std::nullopt;
  rows->reset();
  return start;
}

Result<std::vector<std::string>> Index::pushed_to(std::string_view device, WallMs start) {
  std::vector<std::string> out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  CBX_ASSIGN(auto* rows, impl_->db.cached("SELECT t.name FROM pushed p JOIN target t ON t.id = p.target_id WHERE "
                                          "p.device_id = ?1 AND p.start_ms = ?2 ORDER BY t.name"));
  rows->bind(*id, start);
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) return out;
    out.push_back(rows->text(0));
  }
}

Result<bool> Index::bury(std::string_view device, WallMs first, WallMs last, size_t count, WallMs time,
                         std::string_view reason) {
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return false;
  bool as_expected = false;
  CBX_TRY(impl_->db.transaction([&]() -> Status {
    auto& db = impl_->db;
    CBX_ASSIGN(auto* bury, db.cached("INSERT OR REPLACE INTO tombstone SELECT device_id, start_ms, ?4, ?5 FROM segment "
                                     "WHERE device_id = ?1 AND start_ms BETWEEN ?2 AND ?3"));
    CBX_ASSIGN(auto* counted, db.cached("SELECT count(*) FROM segment WHERE device_id = ?1 AND start_ms BETWEEN ?2 "
                                        "AND ?3"));
    CBX_ASSIGN(const bool row, counted->bind(*id, first, last).step());
    as_expected = row && counted->integer(0) == static_cast<int64_t>(count);
    counted->reset();
    if (!as_expected) return {};
    CBX_TRY(bury->bind(*id, first, last, time, reason).run());
    CBX_ASSIGN(auto* rows, db.cached("DELETE FROM segment WHERE device_id = ?1 AND start_ms BETWEEN ?2 AND ?3"));
    CBX_TRY(rows->bind(*id, first, last).run());
    CBX_ASSIGN(auto* details,
               db.cached("DELETE FROM segment_detail WHERE device_id = ?1 AND start_ms BETWEEN ?2 AND ?3"));
    return details->bind(*id, first, last).run();
  }));
  return as_expected;
}

Result<std::vector<WallMs>> Index::buried_since(std::string_view device, WallMs since) {
  std::vector<WallMs> out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  CBX_ASSIGN(auto* rows, impl_->db.cached("SELECT start_ms FROM tombstone WHERE device_id = ?1 AND time_ms >= ?2"));
  rows->bind(*id, since);
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) return out;
    out.push_back(rows->time(0));
  }
}

Result<bool> Index::day_is_forgettable(std::string_view device, TimeRange day, WallMs now) {
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return true;
  CBX_ASSIGN(auto* held, impl_->db.cached("SELECT 1 FROM segment WHERE device_id = ?1 AND start_ms >= ?2 AND "
                                          "start_ms < ?3"));
  CBX_ASSIGN(const bool has_files, held->bind(*id, day.from, day.to).step());
  held->reset();
  if (has_files) return false;
  // A pin or unpin is written to the day that its range begins in.  An unpin must stay as long as what it cuts.
  CBX_ASSIGN(auto* unpin,
             impl_->db.cached("SELECT 1 FROM pin p JOIN pin q ON q.device_id = p.device_id AND NOT q.remove AND "
                              "q.from_ms < p.to_ms AND q.to_ms > p.from_ms AND q.said_ms <= p.said_ms WHERE "
                              "p.device_id = ?1 AND p.from_ms >= ?2 AND p.from_ms < ?3 AND p.remove AND "
                              "(q.from_ms < ?2 OR q.from_ms >= ?3) AND (q.until_ms IS NULL OR q.until_ms > ?4)"));
  CBX_ASSIGN(const bool cuts, unpin->bind(*id, day.from, day.to, now).step());
  unpin->reset();
  if (cuts) return false;
  CBX_ASSIGN(auto* pin, impl_->db.cached("SELECT max(to_ms) FROM pin WHERE device_id = ?1 AND from_ms >= ?2 AND "
                                         "from_ms < ?3 AND NOT remove AND (until_ms IS NULL OR until_ms > ?4)"));
  CBX_ASSIGN(const bool row, pin->bind(*id, day.from, day.to, now).step());
  const std::optional<WallMs> reach = row ? pin->any_time(0) : std::nullopt;
  pin->reset();
  if (!reach) return true;
  CBX_ASSIGN(const auto in_force, pins(device, {day.from, *reach}, now));
  return in_force.empty();
}

Status Index::forget_day(std::string_view device, TimeRange day) {
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return {};
  auto& db = impl_->db;
  const Status done = db.transaction([&]() -> Status {
    CBX_TRY(impl_->clear_day(*id, day));
    static constexpr const char* kConnections[] = {
        // A connection is told by two records, which may stand in the journals of different days: what this day's said
        // goes.  Without an `open` record (its protocol is never empty) the opening is reckoned from the close.
        "UPDATE connection SET close_ms = NULL, cause = '', detail = '', duration_ms = 0, bytes = 0, packets = 0, "
        "lost = 0, open_ms = CASE WHEN protocol = '' THEN NULL ELSE open_ms END WHERE device_id = ?1 AND "
        "close_ms >= ?2 AND close_ms < ?3",
        "UPDATE connection SET open_ms = CASE WHEN close_ms IS NULL THEN NULL ELSE close_ms - min(duration_ms, "
        "close_ms) END, peer = '', protocol = '', encryption = 0, latency_ms = 0 WHERE device_id = ?1 AND "
        "open_ms >= ?2 AND open_ms < ?3 AND protocol <> ''",
    };
    for (const char* sql : kConnections) {
      CBX_ASSIGN(auto* statement, db.cached(sql));
      CBX_TRY(statement->bind(*id, day.from, day.to).run());
    }
    CBX_ASSIGN(auto* nameless,
               db.cached("DELETE FROM connection WHERE device_id = ?1 AND open_ms IS NULL AND close_ms IS NULL AND "
                         "id NOT IN (SELECT connection_id FROM segment_detail WHERE device_id = ?1 AND connection_id "
                         "IS NOT NULL UNION SELECT connection_id FROM link WHERE device_id = ?1 AND connection_id IS "
                         "NOT NULL UNION SELECT connection_id FROM link_part WHERE device_id = ?1)"));
    CBX_TRY(nameless->bind(*id).run());
    // A device that no record speaks of is none.
    CBX_ASSIGN(
        auto* unknown,
        db.cached(
            "DELETE FROM device WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM segment WHERE device_id = ?1) AND NOT "
            "EXISTS (SELECT 1 FROM tombstone WHERE device_id = ?1) AND NOT EXISTS (SELECT 1 FROM connection WHERE "
            "device_id = ?1) AND NOT EXISTS (SELECT 1 FROM link WHERE device_id = ?1) AND NOT EXISTS (SELECT 1 FROM "
            "event WHERE device_id = ?1) AND NOT EXISTS (SELECT 1 FROM pin WHERE device_id = ?1) AND NOT EXISTS "
            "(SELECT 1 FROM missing WHERE device_id = ?1) AND NOT EXISTS (SELECT 1 FROM gap WHERE device_id = ?1) AND "
            "NOT EXISTS (SELECT 1 FROM pushed WHERE device_id = ?1)"));
    return unknown->bind(*id).run();
  });
  impl_->forget_interned();
  return done;
}

}  // namespace cbx::index
