// Files of a camera: listing them, page by page, and deleting them.
#include <fmt/format.h>

#include <algorithm>

#include "index/catch_up.h"
#include "index/remove.h"
#include "store/journal.h"
#include "store/reserve.h"
#include "web/api.h"

namespace cbx::web {

Json segment_json(const SegmentRecord& segment) {
  Json record = to_json(segment);
  // How it is cut is the playlists' business.
  for (const char* name : {"init", "media_offset", "groups"}) record.erase(name);
  Json out{{"id", segment_id(segment.start)}};
  out.update(record);
  out["url"] = fmt::format("/media/{}/{}/segment.mp4", segment.device, segment_id(segment.start));
  return out;
}

namespace {

constexpr size_t kPage = 100, kMostSegments = 1000;
// The deletions that an answer lists.
constexpr size_t kMostListed = 2000;
constexpr TimeRange kEver{kEarliest, kLatest};

Parameter pinned_parameter() {
  return {"pinned", "Delete pinned files, too.", R"({"type":"string","enum":["","0","1","false","true"]})"};
}

Result<http::Response> list(const Call& call) {
  const Query query = call.query();
  CBX_ASSIGN(TimeRange range, query.range(call.words(), kEver, {}));
  CBX_ASSIGN(const size_t limit, query.limit(kPage, kMostSegments));
  CBX_ASSIGN(const auto cursor, query.cursor());
  CBX_ASSIGN(const Opened opened, call.open(Permission::view));
  // What only reaches into the range was on the first page.
  if (cursor) range.from = std::max(range.from, *cursor);
  // Rows with all details are read no further than this page goes.
  CBX_OURS(const auto near, opened.index().files(opened.device(), range.from, limit + 1));
  std::optional<WallMs> behind;
  if (near.size() > limit && near.back().start < range.to) behind = range.to = near.back().start;
  Json out{{"device", opened.device()}, {"segments", Json::array()}};
  if (!range.empty())
    CBX_OURS_TRY(opened.index().segments(opened.device(), range, true, [&](const SegmentRecord& s) {
      if (cursor && s.start < *cursor) return true;
      if (out["segments"].size() == limit) {
        out["next"] = call.next(make_cursor(s.start));
        return false;
      }
      out["segments"].push_back(segment_json(s));
      return true;
    }));
  if (behind && !out.contains("next")) out["next"] = call.next(make_cursor(*behind));
  return reply(call, out);
}

bool is_large(const Call& call) {
  const auto limit = call.query().limit(kPage, kMostSegments);
  return limit && *limit > 2 * kPage;
}

Result<WallMs> asked_start(const Call& call) {
  const auto start = parse_segment_id(call.request.param("id"));
  if (!start) return fail(ErrorCode::no_input, "no such segment: its id is the 'id' that the list of segments has");
  return *start;
}

Result<SegmentRecord> find_segment(index::Index& index, const std::string& device, WallMs start) {
  CBX_OURS(auto segment, index.segment(device, start));
  if (segment) return std::move(*segment);
  CBX_OURS(const auto dead, index.tombstone(device, start));
  if (dead)
    return fail(ErrorCode::no_input,
                fmt::format("this segment was deleted at {} ({})", format_rfc3339(dead->time), dead->reason));
  return fail(ErrorCode::no_input, "no such segment");
}

bool is_pinned(const std::vector<index::Pin>& pins, const SegmentRecord& s) {
  const TimeRange span{s.start, s.start + Millis{s.duration_ms}};
  return std::any_of(pins.begin(), pins.end(), [&](const auto& p) { return p.range.overlaps(span); });
}

Result<http::Response> show(const Call& call) {
  CBX_ASSIGN(const WallMs start, asked_start(call));
  CBX_ASSIGN(const Opened opened, call.open(Permission::view));
  CBX_ASSIGN(const SegmentRecord segment, find_segment(opened.index(), opened.device(), start));
  const TimeRange span{segment.start, segment.start + Millis{std::max<int64_t>(segment.duration_ms, 1)}};
  CBX_OURS(const auto pins, opened.index().pins(opened.device(), span, call.now()));
  Json out = segment_json(segment);
  out["pinned"] = is_pinned(pins, segment);
  return reply(call, out);
}

// What is to be deleted of a device, as `cbx-index rm` would.
struct Victims {
  std::vector<SegmentRecord> segments;
  int64_t bytes = 0, pinned = 0;
};

Result<http::Response> remove(const Call& call, index::Index& index, const std::string& device,
                              const Victims& victims) {
  CBX_ASSIGN(const bool dry_run, call.query().flag("dry_run"));
  Json listed = Json::array();
  int64_t count = 0, bytes = 0;
  index::Removal removal;
  removal.reason = "api";
  removal.who = call.principal.name;
  removal.now = call.now();
  removal.dry_run = dry_run;
  removal.done = [&](const DeleteRecord& r) {
    count++;
    bytes += r.bytes;
    if (listed.size() < kMostListed) listed.push_back(segment_id(r.start));
  };
  store::Reserve reserve(call.context().store);
  if (!dry_run) reserve.give_if_needed();
  removal.make_room = [&] { return reserve.give(); };
  PosixFilesystem fs;
  CBX_OURS_TRY(index::remove_segments(fs, index, victims.segments, removal));
  if (!dry_run) {
    (void)reserve.fill();
    call.shared->today.forget(device);
    call.context().log.info("'{}' deleted {} files of '{}' ({} bytes)", call.principal.name, count, device, bytes);
  }
  return reply(call, {{"device", device},
                      {"dry_run", dry_run},
                      {"deleted", count},
                      {"bytes", bytes},
                      {"kept_pinned", victims.pinned},
                      {"segments", std::move(listed)}});
}

// To write with.  Whatever its journals know of these days, the index knows then.
Result<index::Index> open_to_delete(const Call& call, const std::string& device, WallMs day) {
  const store::Store& store = call.context().store;
  // On a full disk even that the index learns of it takes room.
  store::Reserve(store).give_if_needed();
  CBX_OURS(auto index, index::Index::open(store, index::Access::write, Millis{5000}));
  const std::string journal = store.journal_path(device, day);
  CBX_OURS(const auto journals, store::list_journals(store));
  for (const auto& j : journals) {
    if (j.path != journal) continue;
    CBX_OURS(const uint64_t cursor, index.cursor(journal));
    const auto complain = [&](const std::string& message) { call.context().log.warn("{}", message); };
    CBX_OURS_TRY(index::catch_up_journal(index, journal, j.bytes, cursor, complain));
  }
  return index;
}

Result<http::Response> delete_segment(const Call& call) {
  CBX_ASSIGN(const WallMs start, asked_start(call));
  CBX_ASSIGN(const bool pinned_too, call.query().flag("pinned"));
  CBX_ASSIGN(const Opened opened, call.open(Permission::change));
  CBX_ASSIGN(auto index, open_to_delete(call, opened.device(), start));
  CBX_ASSIGN(const SegmentRecord segment, find_segment(index, opened.device(), start));
  CBX_OURS(const auto pins, index.pins(opened.device(), kEver, call.now()));
  if (is_pinned(pins, segment) && !pinned_too)
    return http::problem(409, "this segment is pinned: take the pin off first, or ask with 'pinned=1'");
  return remove(call, index, opened.device(), {{segment}, segment.bytes, 0});
}

Result<http::Response> delete_day(const Call& call) {
  const auto day = call.context().store.parse_day(call.request.param("day"));
  if (!day) return fail(ErrorCode::usage, "a day is written 2026-11-20");
  CBX_ASSIGN(const bool pinned_too, call.query().flag("pinned"));
  CBX_ASSIGN(const Opened opened, call.open(Permission::change));
  CBX_ASSIGN(auto index, open_to_delete(call, opened.device(), *day));
  const TimeRange range{*day, *day + Millis{std::chrono::hours{24}}};
  CBX_OURS(const auto pins, index.pins(opened.device(), kEver, call.now()));
  Victims victims;
  CBX_OURS_TRY(index.segments(opened.device(), range, false, [&](const SegmentRecord& s) {
    // One that only reaches into the day is the day before's.
    if (!range.contains(s.start)) return true;
    if (is_pinned(pins, s) && !pinned_too) {
      victims.pinned++;
    } else {
      victims.bytes += s.bytes;
      victims.segments.push_back(s);
    }
    return true;
  }));
  return remove(call, index, opened.device(), victims);
}

}  // namespace

std::vector<ApiRoute> segment_routes() {
  const std::string id = "/api/v1/devices/{device}/segments/{id}";
  std::vector<ApiRoute> out;
  out.push_back({{.pattern = "/api/v1/devices/{device}/segments",
                  .name = "listSegments",
                  .tag = "recordings",
                  .summary = "The finished files, by time",
                  .description = "Those that overlap the range (all, without one). Paging is stable: what is added or "
                                 "deleted meanwhile neither repeats a file nor hides one.",
                  .permission = Permission::view,
                  .query = {from_parameter("the beginning"), to_parameter(), range_parameter(),
                            limit_parameter(kPage, kMostSegments), cursor_parameter()},
                  .schema = "SegmentList"},
                 list,
                 is_large});
  out.push_back({{.pattern = id,
                  .name = "getSegment",
                  .tag = "recordings",
                  .summary = "One finished file",
                  .description = "",
                  .permission = Permission::view,
                  .schema = "SegmentDetails"},
                 show});
  out.push_back({{.method = http::Method::del,
                  .pattern = id,
                  .name = "deleteSegment",
                  .tag = "recordings",
                  .summary = "Delete a file for good",
                  .description = "A pinned one only with `pinned`; else the answer is 409.",
                  .permission = Permission::change,
                  .query = {dry_run_parameter(), pinned_parameter()},
                  .schema = "Deleted"},
                 delete_segment,
                 always});
  out.push_back({{.method = http::Method::del,
                  .pattern = "/api/v1/devices/{device}/days/{day}",
                  .name = "deleteDay",
                  .tag = "recordings",
                  .summary = "Delete the files that start on a day, for good",
                  .description = "Pinned ones are kept and counted, unless `pinned` is given. At most 2000 ids are "
                                 "listed; the counts are of all.",
                  .permission = Permission::change,
                  .query = {dry_run_parameter(), pinned_parameter()},
                  .schema = "Deleted"},
                 delete_day,
                 always});
  return out;
}

}  // namespace cbx::web
