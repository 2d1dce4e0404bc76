// Rows back into what they say.
#include <fmt/format.h>

#include <algorithm>

#include "index/impl.h"

namespace cbx::index {
namespace {

constexpr int kPage = 2000;

std::string to_hex(const Bytes& bytes) {
  std::string out;
  for (const uint8_t b : bytes) out += fmt::format("{:02x}", b);
  return out;
}

// The parts of `range` that `cut` leaves.
void subtract(std::vector<TimeRange>& ranges, const TimeRange& cut) {
  std::vector<TimeRange> left;
  for (const TimeRange& r : ranges) {
    const TimeRange before{r.from, std::min(r.to, cut.from)}, after{std::max(r.from, cut.to), r.to};
    if (!before.empty()) left.push_back(before);
    if (!after.empty()) left.push_back(after);
  }
  ranges = std::move(left);
}

}  // namespace

Result<std::optional<int64_t>> Index::Impl::find_device(std::string_view name) {
  CBX_TRY(check_interned());
  if (const auto known = devices.find(std::string(name)); known != devices.end()) return std::optional{known->second};
  CBX_ASSIGN(auto* statement, db.cached("SELECT id FROM device WHERE name = ?1"));
  CBX_ASSIGN(const bool row, statement->bind(name).step());
  if (!row) return std::optional<int64_t>{};
  const int64_t id = statement->integer(0);
  statement->reset();
  devices.emplace(name, id);
  return std::optional{id};
}

Result<const Format*> Index::Impl::format(int64_t id) {
  if (const auto known = formats_by_id.find(id); known != formats_by_id.end()) return &known->second;
  CBX_ASSIGN(auto* statement, db.cached("SELECT video, width, height, fps, rotation, audio, source, end FROM format "
                                        "WHERE id = ?1"));
  CBX_ASSIGN(const bool row, statement->bind(id).step());
  if (!row) return fail(ErrorCode::data, fmt::format("'{}': format {} is missing", db.path(), id));
  Format f;
  f.video = statement->text(0);
  f.width = static_cast<int>(statement->integer(1));
  f.height = static_cast<int>(statement->integer(2));
  f.fps = statement->real(3);
  f.rotation = static_cast<int>(statement->integer(4));
  f.audio = statement->text(5);
  f.source = statement->text(6);
  f.end = statement->text(7);
  statement->reset();
  return &formats_by_id.emplace(id, std::move(f)).first->second;
}

Result<const Playback*> Index::Impl::playback(int64_t id) {
  if (const auto known = playbacks_by_id.find(id); known != playbacks_by_id.end()) return &known->second;
  CBX_ASSIGN(auto* statement, db.cached("SELECT codecs, init FROM playback WHERE id = ?1"));
  CBX_ASSIGN(const bool row, statement->bind(id).step());
  if (!row) return fail(ErrorCode::data, fmt::format("'{}': init segment {} is missing", db.path(), id));
  Playback p{statement->text(0), statement->text(1)};
  statement->reset();
  return &playbacks_by_id.emplace(id, std::move(p)).first->second;
}

Result<std::vector<std::string>> Index::devices() {
  std::vector<std::string> out;
  CBX_ASSIGN(auto* statement, impl_->db.cached("SELECT name FROM device ORDER BY name"));
  statement->bind();
  for (;;) {
    CBX_ASSIGN(const bool row, statement->step());
    if (!row) return out;
    out.push_back(statement->text(0));
  }
}

namespace {

#define CBX_DETAIL_ROWS                                                                                          \
  "SELECT s.start_ms, s.duration_ms, s.bytes, s.format_id, d.sha256, c.name, d.pts, d.clock_offset_ms, d.lost, " \
  "d.playback_id, d.media_offset, d.media_groups "                                                               \
  "FROM segment s LEFT JOIN segment_detail d ON d.device_id = s.device_id AND d.start_ms = s.start_ms "          \
  "LEFT JOIN connection c ON c.id = d.connection_id WHERE s.device_id = ?1 AND s.start_ms >= ?2 AND s.start_ms < ?3 "
// A segment whose file is missing is not there, for everybody but those who look after the index itself.
#define CBX_THERE                                                                                        \
  "AND NOT EXISTS (SELECT 1 FROM missing m WHERE m.device_id = s.device_id AND m.start_ms = s.start_ms " \
  "AND m.found = 0) "
constexpr const char* kPlainPage =
    "SELECT start_ms, duration_ms, bytes, format_id FROM segment s WHERE device_id = ?1 AND start_ms >= ?2 AND "
    "start_ms < ?3 " CBX_THERE "ORDER BY start_ms LIMIT ?4";
constexpr const char* kSpans =
    "SELECT start_ms, duration_ms FROM segment s WHERE device_id = ?1 AND start_ms >= ?2 AND start_ms < "
    "?3 " CBX_THERE "ORDER BY start_ms";
constexpr const char* kDetailPage = CBX_DETAIL_ROWS CBX_THERE "ORDER BY s.start_ms LIMIT ?4";
constexpr const char* kRawRows = CBX_DETAIL_ROWS "ORDER BY s.start_ms";

Result<SegmentRecord> read_segment(Index::Impl& impl, db::Statement& row, std::string_view device, bool details) {
  SegmentRecord r;
  r.device = device;
  r.start = row.time(0);
  r.duration_ms = row.integer(1);
  r.bytes = row.integer(2);
  r.path = impl.store.segment_path(device, r.start);
  CBX_ASSIGN(const Format* f, impl.format(row.integer(3)));
  r.video = f->video;
  r.width = f->width;
  r.height = f->height;
  r.fps = f->fps;
  r.rotation = f->rotation;
  r.audio = f->audio;
  r.source = f->source;
  r.end = f->end;
  if (!details) return r;
  r.sha256 = to_hex(row.blob(4));
  r.connection = row.text(5);
  r.pts = row.any_integer(6);
  r.clock_offset_ms = row.any_integer(7);
  r.lost = row.integer(8);
  if (const auto id = row.any_integer(9)) {
    CBX_ASSIGN(const Playback* p, impl.playback(*id));
    r.codecs = p->codecs;
    r.init = p->init;
  }
  r.media_offset = row.integer(10);
  if (!unpack_groups(row.blob(11), r.groups)) r.groups.clear();
  return r;
}

}  // namespace

Status Index::segments(std::string_view device, TimeRange range, bool details,
                       const std::function<bool(const SegmentRecord&)>& visit) {
  CBX_TRY(impl_->check_interned());
  CBX_ASSIGN(auto* about, impl_->db.cached("SELECT id, max_duration_ms FROM device WHERE name = ?1"));
  CBX_ASSIGN(const bool known, about->bind(device).step());
  if (!known) return {};
  const int64_t id = about->integer(0);
  // One that began before the range may reach into it.
  WallMs from = range.from - Millis{about->integer(1)};
  about->reset();
  std::vector<SegmentRecord> page;
  do {
    page.clear();
    CBX_ASSIGN(auto* rows, impl_->db.cached(details ? kDetailPage : kPlainPage));
    rows->bind(id, from, range.to, kPage);
    for (;;) {
      CBX_ASSIGN(const bool row, rows->step());
      if (!row) break;
      CBX_ASSIGN(SegmentRecord r, read_segment(*impl_, *rows, device, details));
      page.push_back(std::move(r));
    }
    for (const SegmentRecord& r : page)
      if (r.start + Millis{r.duration_ms} > range.from && !visit(r)) return {};
    if (!page.empty()) from = page.back().start + Millis{1};
  } while (page.size() == kPage);
  return {};
}

Status Index::spans(std::string_view device, TimeRange range, const std::function<void(TimeRange)>& visit) {
  CBX_ASSIGN(auto* about, impl_->db.cached("SELECT id, max_duration_ms FROM device WHERE name = ?1"));
  CBX_ASSIGN(const bool known, about->bind(device).step());
  if (!known) return {};
  const int64_t id = about->integer(0);
  const WallMs from = range.from - Millis{about->integer(1)};
  about->reset();
  CBX_ASSIGN(auto* rows, impl_->db.cached(kSpans));
  rows->bind(id, from, range.to);
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) return {};
    const TimeRange span{rows->time(0), rows->time(0) + Millis{rows->integer(1)}};
    if (span.to > range.from) visit(span);
  }
}

Result<std::optional<SegmentRecord>> Index::segment(std::string_view device, WallMs start) {
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return std::optional<SegmentRecord>{};
  CBX_ASSIGN(auto* rows, impl_->db.cached(kDetailPage));
  CBX_ASSIGN(const bool row, rows->bind(*id, start, start + Millis{1}, 1).step());
  if (!row) return std::optional<SegmentRecord>{};
  auto r = read_segment(*impl_, *rows, device, true);
  rows->reset();
  if (!r) return fail(std::move(r).error());
  return std::optional{std::move(*r)};
}

Result<std::optional<DeleteRecord>> Index::tombstone(std::string_view device, WallMs start) {
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return std::optional<DeleteRecord>{};
  CBX_ASSIGN(auto* rows, impl_->db.cached("SELECT time_ms, reason FROM tombstone WHERE device_id = ?1 AND "
                                          "start_ms = ?2"));
  CBX_ASSIGN(const bool row, rows->bind(*id, start).step());
  if (!row) return std::optional<DeleteRecord>{};
  DeleteRecord r;
  r.device = device;
  r.time = rows->time(0);
  r.start = start;
  r.path = impl_->store.segment_path(device, start);
  r.reason = rows->text(1);
  rows->reset();
  return std::optional{std::move(r)};
}

Result<std::vector<TimeRange>> Index::deleted(std::string_view device, TimeRange range) {
  constexpr Millis kLength{60'000};
  std::vector<TimeRange> out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  CBX_ASSIGN(auto* rows, impl_->db.cached("SELECT start_ms FROM tombstone WHERE device_id = ?1 AND start_ms > ?2 AND "
                                          "start_ms < ?3 ORDER BY start_ms"));
  rows->bind(*id, range.from - kLength, range.to);
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) return out;
    const WallMs start = rows->time(0);
    if (!out.empty()) out.back().to = std::min(out.back().to, start);
    out.push_back({start, start + kLength});
  }
}

Result<std::vector<MissingRecord>> Index::missing(std::string_view device, TimeRange range) {
  std::vector<MissingRecord> out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  CBX_ASSIGN(auto* rows, impl_->db.cached(
                             "SELECT start_ms, time_ms, duration_ms, cause, detail FROM missing m WHERE device_id = ?1 "
                             "AND start_ms < ?3 AND start_ms + duration_ms > ?2 AND found = 0 AND NOT EXISTS (SELECT 1 "
                             "FROM tombstone t WHERE t.device_id = m.device_id AND t.start_ms = m.start_ms) "
                             "ORDER BY start_ms"));
  rows->bind(*id, range.from, range.to);
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) return out;
    MissingRecord m;
    m.device = device;
    m.start = rows->time(0);
    m.time = rows->time(1);
    m.duration_ms = rows->integer(2);
    m.cause = rows->text(3);
    m.detail = rows->text(4);
    m.path = impl_->store.segment_path(device, m.start);
    out.push_back(std::move(m));
  }
}

Result<DayRows> Index::day_rows(std::string_view device, TimeRange day) {
  DayRows out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  CBX_ASSIGN(auto* rows, impl_->db.cached(kRawRows));
  rows->bind(*id, day.from, day.to);
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) break;
    CBX_ASSIGN(SegmentRecord r, read_segment(*impl_, *rows, device, true));
    out.segments.push_back(std::move(r));
  }
  CBX_ASSIGN(auto* dead, impl_->db.cached("SELECT start_ms FROM tombstone WHERE device_id = ?1 AND start_ms >= ?2 AND "
                                          "start_ms < ?3"));
  dead->bind(*id, day.from, day.to);
  for (;;) {
    CBX_ASSIGN(const bool row, dead->step());
    if (!row) break;
    out.tombstones.insert(dead->time(0));
  }
  CBX_ASSIGN(auto* gone, impl_->db.cached("SELECT start_ms, found FROM missing WHERE device_id = ?1 AND start_ms >= ?2 "
                                          "AND start_ms < ?3"));
  gone->bind(*id, day.from, day.to);
  for (;;) {
    CBX_ASSIGN(const bool row, gone->step());
    if (!row) return out;
    out.missing.emplace(gone->time(0), gone->integer(1) == 0);
  }
}

Result<std::vector<WallMs>> Index::days(std::string_view device) {
  std::vector<WallMs> out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  const Millis offset = impl_->store.utc_offset().minutes();
  constexpr int64_t kDay = 86'400'000;
  // From day to day by the key: reads as many rows as there are days.
  CBX_ASSIGN(auto* next, impl_->db.cached("SELECT min(start_ms) FROM (SELECT min(start_ms) AS start_ms FROM segment "
                                          "WHERE device_id = ?1 AND start_ms >= ?2 UNION ALL SELECT min(start_ms) FROM "
                                          "tombstone WHERE device_id = ?1 AND start_ms >= ?2 UNION ALL SELECT "
                                          "min(start_ms) FROM missing WHERE device_id = ?1 AND start_ms >= ?2)"));
  for (WallMs from{Millis{0}};;) {
    CBX_ASSIGN(const bool row, next->bind(*id, from).step());
    const auto start = row ? next->any_time(0) : std::nullopt;
    next->reset();
    if (!start) return out;
    const int64_t local = (start->time_since_epoch() + offset).count();
    const WallMs day{Millis{local / kDay * kDay} - offset};
    out.push_back(day);
    from = day + Millis{kDay};
  }
}

Result<std::vector<LinkMinute>> Index::links(std::string_view device, TimeRange range) {
  std::vector<LinkMinute> out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  CBX_ASSIGN(auto* rows,
             impl_->db.cached("SELECT minute_ms, duration_ms, bytes, packets, missing, retransmitted, lost, rtt_ms, "
                              "buffer_ms, CASE WHEN connection_id IS NOT NULL THEN 1 ELSE (SELECT count(DISTINCT "
                              "connection_id) FROM link_part p WHERE p.device_id = l.device_id AND p.minute_ms = "
                              "l.minute_ms) END FROM link l WHERE device_id = ?1 AND minute_ms > ?2 AND minute_ms < ?3 "
                              "ORDER BY minute_ms"));
  rows->bind(*id, range.from - Millis{60'000}, range.to);
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) return out;
    LinkMinute m;
    m.minute = rows->time(0);
    m.duration_ms = rows->integer(1);
    m.bytes = rows->integer(2);
    m.packets = rows->integer(3);
    m.missing = rows->integer(4);
    m.retransmitted = rows->integer(5);
    m.lost = rows->integer(6);
    m.rtt_ms = static_cast<int>(rows->integer(7));
    m.buffer_ms = static_cast<int>(rows->integer(8));
    m.connections = static_cast<int>(rows->integer(9));
    out.push_back(m);
  }
}

Result<std::vector<Connection>> Index::connections(std::string_view device, TimeRange range, WallMs now) {
  std::vector<Connection> out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  // Without a close (a killed recorder writes none) a connection ended at the latest when the next one opened.
  CBX_ASSIGN(auto* rows,
             impl_->db.cached("SELECT name, open_ms, close_ms, peer, protocol, encryption, latency_ms, cause, detail, "
                              "duration_ms, bytes, packets, lost, coalesce(close_ms, (SELECT min(n.open_ms) FROM "
                              "connection n WHERE n.device_id = c.device_id AND n.open_ms > c.open_ms), ?4) AS end_ms "
                              "FROM connection c WHERE device_id = ?1 AND open_ms < ?3 AND end_ms >= ?2 "
                              "ORDER BY open_ms"));
  rows->bind(*id, range.from, range.to, now);
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) return out;
    Connection c;
    c.id = rows->text(0);
    c.open = rows->any_time(1);
    c.close = rows->any_time(2);
    c.peer = rows->text(3);
    c.protocol = rows->text(4);
    c.encryption = static_cast<int>(rows->integer(5));
    c.latency_ms = static_cast<int>(rows->integer(6));
    c.cause = rows->text(7);
    c.detail = rows->text(8);
    c.duration_ms = rows->integer(9);
    c.bytes = rows->integer(10);
    c.packets = rows->integer(11);
    c.lost = rows->integer(12);
    c.span = {rows->time(1), rows->time(13)};
    out.push_back(std::move(c));
  }
}

Result<bool> Index::has_connections(std::string_view device) {
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return false;
  CBX_ASSIGN(auto* rows, impl_->db.cached("SELECT 1 FROM connection WHERE device_id = ?1 AND open_ms IS NOT NULL "
                                          "LIMIT 1"));
  CBX_ASSIGN(const bool row, rows->bind(*id).step());
  rows->reset();
  return row;
}

Result<std::vector<EventRecord>> Index::events(std::string_view device, TimeRange range) {
  std::vector<EventRecord> out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  CBX_ASSIGN(auto* rows, impl_->db.cached("SELECT time_ms, kind, source, note, value FROM event WHERE device_id = ?1 "
                                          "AND time_ms >= ?2 AND time_ms < ?3 ORDER BY time_ms"));
  rows->bind(*id, range.from, range.to);
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) return out;
    EventRecord e;
    e.device = device;
    e.time = rows->time(0);
    e.kind = rows->text(1);
    e.source = rows->text(2);
    e.note = rows->text(3);
    if (!rows->null(4)) e.value = rows->real(4);
    out.push_back(std::move(e));
  }
}

Result<std::vector<GapRecord>> Index::gap_records(std::string_view device, TimeRange range) {
  std::vector<GapRecord> out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  CBX_ASSIGN(auto* rows, impl_->db.cached("SELECT start_ms, duration_ms, cause, detail, connection FROM gap WHERE "
                                          "device_id = ?1 AND start_ms < ?3 AND start_ms + duration_ms > ?2 "
                                          "ORDER BY start_ms"));
  rows->bind(*id, range.from, range.to);
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) return out;
    GapRecord g;
    g.device = device;
    g.start = rows->time(0);
    g.duration_ms = rows->integer(1);
    g.cause = rows->text(2);
    g.detail = rows->text(3);
    g.connection = rows->text(4);
    out.push_back(std::move(g));
  }
}

Result<std::vector<Pin>> Index::pins(std::string_view device, TimeRange range, std::optional<WallMs> now) {
  std::vector<Pin> out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  CBX_ASSIGN(auto* rows,
             impl_->db.cached("SELECT said_ms, from_ms, to_ms, remove, reason, until_ms, who FROM pin WHERE "
                              "device_id = ?1 AND from_ms < ?3 AND to_ms > ?2 ORDER BY said_ms, remove"));
  rows->bind(*id, range.from, range.to);
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) break;
    const TimeRange said{rows->time(1), rows->time(2)};
    if (rows->integer(3) == 0) {
      out.push_back({said, rows->text(4), rows->any_time(5), rows->time(0), rows->text(6)});
      continue;
    }
    std::vector<Pin> left;
    for (const Pin& pin : out) {
      std::vector<TimeRange> ranges{pin.range};
      subtract(ranges, said);
      for (const TimeRange& r : ranges) left.push_back({r, pin.reason, pin.until, pin.said, pin.who});
    }
    out = std::move(left);
  }
  std::erase_if(out,
                [&](const Pin& pin) { return (now && pin.until && *pin.until <= *now) || !pin.range.overlaps(range); });
  return out;
}

}  // namespace cbx::index
