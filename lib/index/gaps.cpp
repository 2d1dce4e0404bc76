// Why a stretch of time is missing.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/log.h"
#include "index/coverage.h"

namespace cbx::index {
namespace {

constexpr Millis kMinute{60'000};
// Less than this is keep-alives and a stray packet, no picture.
constexpr int64_t kNothingBitsPerSecond = 8'000;
// Of what comes in, about a tenth is the transport stream's own.
constexpr double kPayloadShare = 0.9;

WallMs minute_of(WallMs t) {
  return WallMs{std::chrono::floor<std::chrono::minutes>(t)};
}

// Every time at which something changes inside the hole.
std::vector<WallMs> boundaries(const TimeRange& hole, const Evidence& evidence) {
  std::vector<WallMs> out{hole.from, hole.to};
  const auto add = [&](WallMs t) {
    if (hole.contains(t)) out.push_back(t);
  };
  const auto add_range = [&](const TimeRange& r) { add(r.from), add(r.to); };
  for (const auto& g : evidence.said) add_range({g.start, g.start + Millis{g.duration_ms}});
  for (const auto& c : evidence.connections) add_range(c.span);
  for (const auto& l : evidence.links) add_range({l.minute, l.minute + kMinute});
  for (const auto& d : evidence.deleted) add_range(d);
  for (const auto& m : evidence.missing) add_range({m.start, m.start + Millis{m.duration_ms}});
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// A connection was open: did bytes come, and were those of the minute kept?
std::string judge_link(const TimeRange& hole, WallMs minute, const Evidence& evidence) {
  const auto link = std::find_if(evidence.links.begin(), evidence.links.end(),
                                 [&](const LinkMinute& l) { return l.minute == minute; });
  if (link == evidence.links.end()) return "unknown";
  if (link->bytes * 8'000 < kNothingBitsPerSecond * std::max<int64_t>(link->duration_ms, 1)) return "stalled";
  int64_t stored = 0;
  for (const auto& [when, bytes] : evidence.stored)
    if (when == minute) stored += bytes;
  const double missing = static_cast<double>(link->bytes) * kPayloadShare - static_cast<double>(stored);
  const double share = static_cast<double>(hole.clipped_to({minute, minute + kMinute}).length().count()) /
                       static_cast<double>(kMinute.count());
  return missing > 0.5 * share * static_cast<double>(link->bytes) ? "bad_data" : "stalled";
}

struct Cause {
  std::string name, detail;
};

Cause judge_piece(const TimeRange& piece, const TimeRange& hole, const Evidence& evidence) {
  for (const auto& g : evidence.said)
    if (TimeRange{g.start, g.start + Millis{g.duration_ms}}.overlaps(piece)) return {g.cause, g.detail};
  for (const auto& m : evidence.missing)
    if (TimeRange{m.start, m.start + Millis{m.duration_ms}}.overlaps(piece))
      return {"missing", m.detail.empty() ? "its file is not there" : m.detail};
  for (const auto& d : evidence.deleted)
    if (d.overlaps(piece)) return {"deleted", "the recording was deleted"};
  for (const auto& c : evidence.connections)
    if (c.span.overlaps(piece)) return {judge_link(hole, minute_of(piece.from), evidence), ""};
  if (!evidence.uses_connections) return {"unknown", "no connections are on record for this device"};
  // What ended the connection before says why there was none.
  const Connection* last = nullptr;
  for (const auto& c : evidence.connections)
    if (c.close && *c.close <= piece.from) last = &c;
  if (!last || last->cause.empty()) return {"offline", ""};
  return {"offline", fmt::format("the last connection ended with '{}'{}", last->cause,
                                 last->detail.empty() ? "" : " (" + last->detail + ")")};
}

Result<Evidence> gather(Index& index, std::string_view device, TimeRange hole, WallMs now) {
  Evidence evidence;
  const TimeRange minutes{minute_of(hole.from), minute_of(hole.to - Millis{1}) + kMinute};
  CBX_ASSIGN(evidence.said, index.gap_records(device, hole));
  // From the minute before, so that the connection whose end began the hole is seen.
  CBX_ASSIGN(evidence.connections, index.connections(device, {minutes.from - kMinute, minutes.to}, now));
  CBX_ASSIGN(evidence.links, index.links(device, minutes));
  CBX_ASSIGN(evidence.deleted, index.deleted(device, hole));
  CBX_ASSIGN(evidence.missing, index.missing(device, hole));
  // Only the minutes at the edges of a hole hold anything.
  for (const WallMs minute : {minutes.from, minutes.to - kMinute}) {
    if (!evidence.stored.empty() && evidence.stored.back().first == minute) break;
    const TimeRange range{minute, minute + kMinute};
    int64_t bytes = 0;
    CBX_TRY(index.segments(device, range, false, [&](const SegmentRecord& r) {
      const TimeRange span{r.start, r.start + Millis{r.duration_ms}};
      const double share = static_cast<double>(span.clipped_to(range).length().count()) /
                           static_cast<double>(std::max<int64_t>(r.duration_ms, 1));
      bytes += static_cast<int64_t>(static_cast<double>(r.bytes) * share);
      return true;
    }));
    evidence.stored.emplace_back(minute, bytes);
  }
  return evidence;
}

}  // namespace

Gap judge(TimeRange hole, const Evidence& evidence) {
  const auto times = boundaries(hole, evidence);
  std::map<std::string, std::pair<Millis, std::string>> causes;
  for (size_t i = 0; i + 1 < times.size(); i++) {
    const TimeRange piece{times[i], times[i + 1]};
    Cause cause = judge_piece(piece, hole, evidence);
    auto& [length, detail] = causes[cause.name];
    length += piece.length();
    if (detail.empty()) detail = std::move(cause.detail);
  }
  const auto most = std::max_element(causes.begin(), causes.end(),
                                     [](const auto& a, const auto& b) { return a.second.first < b.second.first; });
  if (most == causes.end()) return {hole, "unknown", ""};
  std::string detail = most->second.second;
  for (const auto& [name, share] : causes)
    if (name != most->first && share.first >= Millis{1000})
      detail += fmt::format("{}{} s of it: {}", detail.empty() ? "" : "; ", share.first.count() / 1000, name);
  return {hole, most->first, std::move(detail)};
}

Result<std::vector<Gap>> find_gaps(Index& index, std::string_view device, TimeRange range, WallMs now) {
  range.to = std::min(range.to, now);
  std::vector<Gap> gaps;
  if (range.empty()) return gaps;
  CBX_ASSIGN(const auto covered, covered_spans(index, device, range, now));
  CBX_ASSIGN(const bool connected, index.has_connections(device));
  // A device that has files but no connection on record was imported; one that has neither never called.
  bool imported = false;
  if (!connected)
    CBX_TRY(index.segments(device, {WallMs{}, now}, false, [&](const SegmentRecord&) {
      imported = true;
      return false;
    }));
  for (const TimeRange& hole : holes(covered, range)) {
    CBX_ASSIGN(Evidence evidence, gather(index, device, hole, now));
    evidence.uses_connections = connected || !imported;
    gaps.push_back(judge(hole, evidence));
  }
  return gaps;
}

}  // namespace cbx::index
