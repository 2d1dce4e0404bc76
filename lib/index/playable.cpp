// A day of a device for a playlist: 1,440 rows of two tables in a few milliseconds.
#include <fmt/format.h>

#include "index/impl.h"

namespace cbx::index {
namespace {

constexpr const char* kRows =
    "SELECT s.start_ms, s.duration_ms, s.bytes, s.format_id, d.connection_id, d.pts, d.playback_id, d.media_offset, "
    "d.media_groups FROM segment s LEFT JOIN segment_detail d ON d.device_id = s.device_id AND d.start_ms = s.start_ms "
    "WHERE s.device_id = ?1 AND s.start_ms >= ?2 AND s.start_ms < ?3 AND NOT EXISTS (SELECT 1 FROM missing m WHERE "
    "m.device_id = s.device_id AND m.start_ms = s.start_ms AND m.found = 0) ORDER BY s.start_ms";

Result<PlayableFile> read_row(Index::Impl& impl, const db::Statement& row, std::vector<SegmentGroup>& groups) {
  PlayableFile f;
  f.start = row.time(0);
  f.duration_ms = row.integer(1);
  f.bytes = row.integer(2);
  CBX_ASSIGN(const Format* format, impl.format(row.integer(3)));
  f.width = format->width;
  f.height = format->height;
  f.rotation = format->rotation;
  f.fps = format->fps;
  f.connection = row.integer(4);
  f.pts = row.any_integer(5);
  if (const auto id = row.any_integer(6)) {
    CBX_ASSIGN(const Playback* playback, impl.playback(*id));
    f.codecs = playback->codecs;
    f.init = playback->init;
  }
  f.media_offset = row.integer(7);
  groups.clear();
  if (!unpack_groups(row.blob_view(8), groups)) groups.clear();
  f.groups = groups;
  return f;
}

}  // namespace

Status Index::playable(std::string_view device, TimeRange range,
                       const std::function<bool(const PlayableFile&)>& visit) {
  CBX_TRY(impl_->check_interned());
  CBX_ASSIGN(auto* about, impl_->db.cached("SELECT id, max_duration_ms FROM device WHERE name = ?1"));
  CBX_ASSIGN(const bool known, about->bind(device).step());
  if (!known) return {};
  const int64_t id = about->integer(0);
  // One that began before the range may reach into it.
  const WallMs from = range.from - Millis{about->integer(1)};
  about->reset();
  std::vector<SegmentGroup> groups;
  CBX_ASSIGN(auto* rows, impl_->db.cached(kRows));
  rows->bind(id, from, range.to);
  for (;;) {
    auto row = rows->step();
    if (!row) return fail(std::move(row).error());
    if (!*row) return {};
    const auto file = read_row(*impl_, *rows, groups);
    const bool wanted = file && file->start + Millis{file->duration_ms} > range.from;
    if (file && (!wanted || visit(*file))) continue;
    rows->reset();
    return file ? Status{} : fail(file.error());
  }
}

Result<std::vector<WallMs>> Index::files_with_init(std::string_view device, std::string_view init, size_t limit) {
  std::vector<WallMs> out;
  CBX_ASSIGN(const auto id, impl_->find_device(device));
  if (!id) return out;
  // Few cameras ever have more than two: the newest files have it, or those before a change of settings.
  CBX_ASSIGN(auto* rows,
             impl_->db.cached("SELECT d.start_ms FROM segment_detail d WHERE d.device_id = ?1 AND d.playback_id IN "
                              "(SELECT id FROM playback WHERE init = ?2) AND NOT EXISTS (SELECT 1 FROM missing m WHERE "
                              "m.device_id = d.device_id AND m.start_ms = d.start_ms AND m.found = 0) "
                              "ORDER BY d.start_ms DESC LIMIT ?3"));
  rows->bind(*id, init, static_cast<int64_t>(limit));
  for (;;) {
    CBX_ASSIGN(const bool row, rows->step());
    if (!row) return out;
    out.push_back(rows->time(0));
  }
}

}  // namespace cbx::index
