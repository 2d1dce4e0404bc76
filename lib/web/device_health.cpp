#include "web/device_health.h"

#include <algorithm>

#include "index/coverage.h"

namespace cbx::web {
namespace {

constexpr Millis kMinute{60'000};

// The newest instant that the link had bytes at; it began somewhere in its minute.
std::optional<WallMs> link_end(const std::optional<index::LinkMinute>& link) {
  if (!link || link->bytes <= 0) return std::nullopt;
  return link->minute + std::max(kMinute, Millis{link->duration_ms});
}

void note(std::optional<WallMs>& newest, std::optional<WallMs> t, WallMs now) {
  if (!t) return;
  const WallMs at = std::min(*t, now);
  newest = newest ? std::max(*newest, at) : at;
}

}  // namespace

std::string_view state_name(DeviceState state) {
  return state == DeviceState::live ? "live" : state == DeviceState::silent ? "silent" : "never_seen";
}

Result<DeviceHealth> device_health(index::Index& index, std::string_view device, WallMs now,
                                   index::FolderMemory* folders) {
  DeviceHealth h;
  CBX_ASSIGN(const auto start, index.last_start(device, kLatest));
  if (start) {
    CBX_ASSIGN(h.segment, index.segment(device, *start));
  }
  CBX_ASSIGN(h.connection, index.last_connection(device, now));
  CBX_ASSIGN(h.link, index.last_link(device));

  std::optional<WallMs> came;  // when something to record came last
  if (h.segment) note(came, h.segment->start + Millis{h.segment->duration_ms}, now);
  note(came, link_end(h.link), now);
  bool writing = false;
  std::optional<WallMs> begun;
  h.in_progress = index::recordings_in_progress(index.store(), device, {now - kMinute, now + kMinute}, now, folders);
  for (const TimeRange& span : h.in_progress) {
    note(came, span.to, now);
    if (span.to < now) continue;
    writing = true;
    begun = begun ? std::min(*begun, span.from) : span.from;
  }
  const bool open = h.connection && !h.connection->close;
  if (writing || (open && came && *came > now - kFresh))
    h.state = DeviceState::live;
  else if (came || h.connection || h.link)
    h.state = DeviceState::silent;
  h.last_seen = came;
  if (h.connection) note(h.last_seen, h.connection->close ? h.connection->close : h.connection->open, now);
  if (h.state != DeviceState::live) return h;
  h.recording_since = open ? h.connection->open : begun;
  if (!h.recording_since && h.segment) h.recording_since = h.segment->start;
  return h;
}

}  // namespace cbx::web
