// Records into rows.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/crash_point.h"
#include "base/log.h"
#include "index/impl.h"

namespace cbx::index {
namespace {

constexpr size_t kMostInterned = 100000;
constexpr int64_t kMinute = 60'000;

int64_t ms(WallMs t) {
  return t.time_since_epoch().count();
}

Bytes from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  Bytes out(hex.size() / 2);
  for (size_t i = 0; i < out.size(); i++) out[i] = static_cast<uint8_t>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
  return out;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// Looks up what `select` finds with these parameters, or makes it with `insert`.
template <typename... Args>
Result<int64_t> intern(db::Database& db, const char* select, const char* insert, const Args&... args) {
  CBX_ASSIGN(auto* found, db.cached(select));
  CBX_ASSIGN(const bool row, found->bind(args...).step());
  if (row) {
    const int64_t id = found->integer(0);
    found->reset();
    return id;
  }
  CBX_ASSIGN(auto* made, db.cached(insert));
  CBX_TRY(made->bind(args...).run());
  return db.last_id();
}

}  // namespace

void Index::Impl::forget_interned() {
  devices.clear();
  connections.clear();
  formats.clear();
  formats_by_id.clear();
  playbacks.clear();
  playbacks_by_id.clear();
}

// Everything of the day whose records lie in the journal of that day.
Status Index::Impl::clear_day(int64_t device, TimeRange day) {
  for (const char* sql : {"DELETE FROM segment WHERE device_id = ?1 AND start_ms >= ?2 AND start_ms < ?3",
                          "DELETE FROM segment_detail WHERE device_id = ?1 AND start_ms >= ?2 AND start_ms < ?3",
                          "DELETE FROM tombstone WHERE device_id = ?1 AND start_ms >= ?2 AND start_ms < ?3",
                          "DELETE FROM missing WHERE device_id = ?1 AND start_ms >= ?2 AND start_ms < ?3",
                          "DELETE FROM pushed WHERE device_id = ?1 AND start_ms >= ?2 AND start_ms < ?3",
                          "DELETE FROM link WHERE device_id = ?1 AND minute_ms >= ?2 AND minute_ms < ?3",
                          "DELETE FROM link_part WHERE device_id = ?1 AND minute_ms >= ?2 AND minute_ms < ?3",
                          "DELETE FROM event WHERE device_id = ?1 AND time_ms >= ?2 AND time_ms < ?3",
                          "DELETE FROM pin WHERE device_id = ?1 AND from_ms >= ?2 AND from_ms < ?3",
                          "DELETE FROM gap WHERE device_id = ?1 AND start_ms >= ?2 AND start_ms < ?3"}) {
    CBX_ASSIGN(auto* statement, db.cached(sql));
    CBX_TRY(statement->bind(device, day.from, day.to).run());
  }
  return {};
}

Status Index::Impl::check_interned() {
  CBX_ASSIGN(auto* statement, db.cached("PRAGMA data_version"));
  CBX_ASSIGN(const bool row, statement->bind().step());
  const int64_t version = row ? statement->integer(0) : 0;
  statement->reset();
  if (version != data_version) forget_interned();
  data_version = version;
  return {};
}

Result<Applied> Index::Impl::write(std::span<const Record> records, bool from_journal, const std::string* journal,
                                   uint64_t offset, const Day* day) {
  crash_point("index.apply");
  Applied applied;
  if (devices.size() + connections.size() + formats.size() + playbacks.size() > kMostInterned) forget_interned();
  const Status done = db.transaction([&]() -> Status {
    CBX_TRY(check_interned());
    if (day) {
      CBX_ASSIGN(const int64_t device, device_id(day->device));
      CBX_TRY(clear_day(device, day->range));
    }
    for (const Record& record : records) {
      CBX_TRY(std::visit(
          [&](const auto& r) -> Status {
            if constexpr (std::is_same_v<std::decay_t<decltype(r)>, SegmentRecord>)
              return put(r, from_journal, applied);
            else if constexpr (std::is_same_v<std::decay_t<decltype(r)>, PushedRecord>)
              return put(r, applied);
            else if constexpr (std::is_same_v<std::decay_t<decltype(r)>, LaggedRecord>) {
              applied.lagged = true;
              return {};
            } else
              return put(r);
          },
          record));
    }
    if (journal) {
      CBX_ASSIGN(auto* cursor,
                 db.cached("INSERT INTO journal_cursor VALUES (?1, ?2) ON CONFLICT DO UPDATE SET offset = ?2"));
      CBX_TRY(cursor->bind(*journal, static_cast<int64_t>(offset)).run());
    }
    crash_point("index.commit");
    return {};
  });
  if (!done) {
    forget_interned();
    return fail(done.error());
  }
  crash_point("index.committed");
  return applied;
}

Result<int64_t> Index::Impl::device_id(const std::string& name) {
  if (const auto known = devices.find(name); known != devices.end()) return known->second;
  CBX_ASSIGN(const int64_t id,
             intern(db, "SELECT id FROM device WHERE name = ?1", "INSERT INTO device (name) VALUES (?1)", name));
  devices.emplace(name, id);
  return id;
}

Result<int64_t> Index::Impl::connection_id(int64_t device, const std::string& name) {
  const std::string key = fmt::format("{}/{}", device, name);
  if (const auto known = connections.find(key); known != connections.end()) return known->second;
  CBX_ASSIGN(const int64_t id, intern(db, "SELECT id FROM connection WHERE device_id = ?1 AND name = ?2",
                                      "INSERT INTO connection (device_id, name) VALUES (?1, ?2)", device, name));
  connections.emplace(key, id);
  return id;
}

Result<int64_t> Index::Impl::format_id(const SegmentRecord& r) {
  // A variable frame rate differs in every file by a hair; hundredths keep the formats few.
  const double fps = std::round(r.fps * 100) / 100;
  const std::string key = fmt::format("{}\n{}\n{}\n{:.2f}\n{}\n{}\n{}\n{}", r.video, r.width, r.height, fps, r.rotation,
                                      r.audio, r.source, r.end);
  if (const auto known = formats.find(key); known != formats.end()) return known->second;
  CBX_ASSIGN(const int64_t id,
             intern(db,
                    "SELECT id FROM format WHERE video = ?1 AND width = ?2 AND height = ?3 AND fps = ?4 AND "
                    "rotation = ?5 AND audio = ?6 AND source = ?7 AND end = ?8",
                    "INSERT INTO format (video, width, height, fps, rotation, audio, source, end) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                    r.video, r.width, r.height, fps, r.rotation, r.audio, r.source, r.end));
  formats.emplace(key, id);
  return id;
}

Result<int64_t> Index::Impl::playback_id(const SegmentRecord& r) {
  const std::string key = fmt::format("{}\n{}", r.codecs, r.init);
  if (const auto known = playbacks.find(key); known != playbacks.end()) return known->second;
  CBX_ASSIGN(const int64_t id, intern(db, "SELECT id FROM playback WHERE codecs = ?1 AND init = ?2",
                                      "INSERT INTO playback (codecs, init) VALUES (?1, ?2)", r.codecs, r.init));
  playbacks.emplace(key, id);
  return id;
}

Status Index::Impl::put(const SegmentRecord& r, bool from_journal, Applied& applied) {
  const auto refuse = [&](std::string why) -> Status {
    applied.refused.push_back(std::move(why));
    return {};
  };
  // The index holds no paths: a file lies where its device and start say.
  if (r.path != store.segment_path(r.device, r.start))
    return refuse(fmt::format("path '{}' is not where this store keeps a segment of {} (another UTC offset?)",
                              printable(r.path), format_rfc3339(r.start)));
  if (!r.sha256.empty() && !is_sha256(r.sha256)) return refuse(fmt::format("'{}' has a bad sha256", printable(r.path)));
  CBX_ASSIGN(const int64_t device, device_id(r.device));
  CBX_ASSIGN(auto* dead, db.cached("SELECT 1 FROM tombstone WHERE device_id = ?1 AND start_ms = ?2"));
  CBX_ASSIGN(const bool deleted, dead->bind(device, r.start).step());
  dead->reset();
  if (deleted) return {};
  CBX_ASSIGN(const int64_t format, format_id(r));
  std::optional<int64_t> connection;
  if (!r.connection.empty()) {
    CBX_ASSIGN(connection, connection_id(device, r.connection));
  }
  CBX_ASSIGN(auto* insert, db.cached("INSERT OR IGNORE INTO segment VALUES (?1, ?2, ?3, ?4, ?5)"));
  CBX_TRY(insert->bind(device, r.start, r.duration_ms, r.bytes, format).run());
  const bool is_new = db.changes() > 0;
  if (is_new) applied.segments++;
  if (!is_new && !from_journal) return {};
  if (!is_new) {
    CBX_ASSIGN(auto* update, db.cached("UPDATE segment SET duration_ms = ?3, bytes = ?4, format_id = ?5 WHERE "
                                       "device_id = ?1 AND start_ms = ?2 AND (duration_ms, bytes, format_id) IS NOT "
                                       "(?3, ?4, ?5)"));
    CBX_TRY(update->bind(device, r.start, r.duration_ms, r.bytes, format).run());
  }
  std::optional<Bytes> hash;
  if (!r.sha256.empty()) hash = from_hex(r.sha256);
  std::optional<int64_t> playback, media_offset;
  if (!r.codecs.empty() || !r.init.empty()) {
    CBX_ASSIGN(playback, playback_id(r));
  }
  if (r.media_offset != 0) media_offset = r.media_offset;
  std::optional<Bytes> groups;
  if (!r.groups.empty()) groups = pack_groups(r.groups);
  CBX_ASSIGN(auto* detail,
             db.cached("INSERT INTO segment_detail VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO "
                       "UPDATE SET sha256 = ?3, connection_id = ?4, pts = ?5, clock_offset_ms = ?6, lost = ?7, "
                       "playback_id = ?8, media_offset = ?9, media_groups = ?10 WHERE "
                       "(sha256, connection_id, pts, clock_offset_ms, lost, playback_id, media_offset, media_groups) "
                       "IS NOT (?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"));
  CBX_TRY(
      detail->bind(device, r.start, hash, connection, r.pts, r.clock_offset_ms, r.lost, playback, media_offset, groups)
          .run());
  CBX_ASSIGN(auto* longest, db.cached("UPDATE device SET max_duration_ms = ?2 WHERE id = ?1 AND max_duration_ms < ?2"));
  return longest->bind(device, r.duration_ms).run();
}

Status Index::Impl::put(const ConnectionOpenRecord& r) {
  CBX_ASSIGN(const int64_t device, device_id(r.device));
  CBX_ASSIGN(const int64_t id, connection_id(device, r.connection));
  CBX_ASSIGN(auto* update, db.cached("UPDATE connection SET open_ms = ?2, peer = ?3, protocol = ?4, encryption = ?5, "
                                     "latency_ms = ?6 WHERE id = ?1"));
  return update->bind(id, r.time, r.peer, r.protocol, r.encryption, r.latency_ms).run();
}

Status Index::Impl::put(const ConnectionCloseRecord& r) {
  CBX_ASSIGN(const int64_t device, device_id(r.device));
  CBX_ASSIGN(const int64_t id, connection_id(device, r.connection));
  CBX_ASSIGN(auto* update, db.cached("UPDATE connection SET close_ms = ?2, cause = ?3, detail = ?4, duration_ms = ?5, "
                                     "bytes = ?6, packets = ?7, lost = ?8, open_ms = coalesce(open_ms, ?9) WHERE "
                                     "id = ?1"));
  return update
      ->bind(id, r.time, r.cause, r.detail, r.duration_ms, r.bytes, r.packets, r.lost,
             r.time - Millis{std::min(r.duration_ms, ms(r.time))})
      .run();
}

// A minute is nearly always of one connection and one row.  Only when a second one turns up are the parts kept apart,
// so that a part that comes again (from the journal after the pipe) is not counted twice.
Status Index::Impl::put(const LinkRecord& r) {
  CBX_ASSIGN(const int64_t device, device_id(r.device));
  CBX_ASSIGN(const int64_t connection, connection_id(device, r.connection));
  const int64_t minute = ms(r.time) / kMinute * kMinute;
  const int64_t offset = ms(r.time) - minute;
  CBX_ASSIGN(auto* find,
             db.cached("SELECT connection_id, offset_ms FROM link WHERE device_id = ?1 AND minute_ms = ?2"));
  CBX_ASSIGN(const bool there, find->bind(device, minute).step());
  const std::optional<int64_t> owner = there ? find->any_integer(0) : std::nullopt;
  const int64_t owner_offset = there ? find->integer(1) : 0;
  find->reset();
  if (!there || (owner == connection && owner_offset == offset)) {
    CBX_ASSIGN(auto* put, db.cached("INSERT OR REPLACE INTO link VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, "
                                    "?12)"));
    return put
        ->bind(device, minute, connection, offset, r.duration_ms, r.bytes, r.packets, r.missing, r.retransmitted,
               r.lost, r.rtt_ms, r.buffer_ms)
        .run();
  }
  if (owner) {
    CBX_ASSIGN(auto* keep, db.cached("INSERT OR REPLACE INTO link_part SELECT * FROM link WHERE device_id = ?1 AND "
                                     "minute_ms = ?2"));
    CBX_TRY(keep->bind(device, minute).run());
  }
  CBX_ASSIGN(auto* part, db.cached("INSERT OR REPLACE INTO link_part VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
                                   "?11, ?12)"));
  CBX_TRY(part->bind(device, minute, connection, offset, r.duration_ms, r.bytes, r.packets, r.missing, r.retransmitted,
                     r.lost, r.rtt_ms, r.buffer_ms)
              .run());
  CBX_ASSIGN(auto* sum, db.cached("INSERT OR REPLACE INTO link SELECT device_id, minute_ms, NULL, min(offset_ms), "
                                  "sum(duration_ms), sum(bytes), sum(packets), sum(missing), sum(retransmitted), "
                                  "sum(lost), max(rtt_ms), max(buffer_ms) FROM link_part WHERE device_id = ?1 AND "
                                  "minute_ms = ?2"));
  return sum->bind(device, minute).run();
}

Status Index::Impl::put(const EventRecord& r) {
  CBX_ASSIGN(const int64_t device, device_id(r.device));
  CBX_ASSIGN(auto* insert, db.cached("INSERT OR REPLACE INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6)"));
  return insert->bind(device, r.time, r.kind, r.source, r.note, r.value).run();
}

Status Index::Impl::put(const PinRecord& r) {
  CBX_ASSIGN(const int64_t device, device_id(r.device));
  CBX_ASSIGN(auto* insert, db.cached("INSERT OR REPLACE INTO pin VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
  return insert->bind(device, r.time, r.from, r.to, r.remove, r.reason, r.until, r.who).run();
}

Status Index::Impl::put(const GapRecord& r) {
  CBX_ASSIGN(const int64_t device, device_id(r.device));
  CBX_ASSIGN(auto* insert, db.cached("INSERT INTO gap VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET "
                                     "duration_ms = max(duration_ms, ?4), detail = ?5, connection = ?6"));
  return insert->bind(device, r.start, r.cause, r.duration_ms, r.detail, r.connection).run();
}

Status Index::Impl::put(const DeleteRecord& r) {
  if (r.dry_run) return {};
  CBX_ASSIGN(const int64_t device, device_id(r.device));
  CBX_ASSIGN(auto* bury, db.cached("INSERT OR REPLACE INTO tombstone VALUES (?1, ?2, ?3, ?4)"));
  CBX_TRY(bury->bind(device, r.start, r.time, r.reason).run());
  CBX_ASSIGN(auto* row, db.cached("DELETE FROM segment WHERE device_id = ?1 AND start_ms = ?2"));
  CBX_TRY(row->bind(device, r.start).run());
  CBX_ASSIGN(auto* detail, db.cached("DELETE FROM segment_detail WHERE device_id = ?1 AND start_ms = ?2"));
  return detail->bind(device, r.start).run();
}

// Where several speak of one instant, any order picks the same.
Status Index::Impl::put(const MissingRecord& r) {
  CBX_ASSIGN(const int64_t device, device_id(r.device));
  CBX_ASSIGN(auto* insert,
             db.cached("INSERT INTO missing VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET "
                       "time_ms = ?3, found = ?4, duration_ms = ?5, cause = ?6, detail = ?7 WHERE "
                       "(?3, ?4, ?5, ?6, ?7) > (time_ms, found, duration_ms, cause, detail)"));
  return insert->bind(device, r.start, r.time, r.found, r.duration_ms, r.cause, r.detail).run();
}

// Said twice of one target, the later saying counts; of two at one time, either, but always the same one.
Status Index::Impl::put(const PushedRecord& r, Applied& applied) {
  if (r.path != store.segment_path(r.device, r.start)) {
    applied.refused.push_back(fmt::format("path '{}' is not where this store keeps a segment of {}", printable(r.path),
                                          format_rfc3339(r.start)));
    return {};
  }
  if (!r.sha256.empty() && !is_sha256(r.sha256)) {
    applied.refused.push_back(fmt::format("'{}' was pushed with a bad sha256", printable(r.path)));
    return {};
  }
  CBX_ASSIGN(const int64_t device, device_id(r.device));
  CBX_ASSIGN(const int64_t target,
             intern(db, "SELECT id FROM target WHERE name = ?1", "INSERT INTO target (name) VALUES (?1)", r.target));
  std::optional<Bytes> hash;
  if (!r.sha256.empty()) hash = from_hex(r.sha256);
  CBX_ASSIGN(auto* insert, db.cached("INSERT INTO pushed VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET "
                                     "time_ms = ?4, bytes = ?5, object = ?6, sha256 = ?7 WHERE (time_ms, bytes, "
                                     "object, coalesce(sha256, x'')) < (?4, ?5, ?6, coalesce(?7, x''))"));
  return insert->bind(device, r.start, target, r.time, r.bytes, r.object == r.path ? std::string() : r.object, hash)
      .run();
}

}  // namespace cbx::index
