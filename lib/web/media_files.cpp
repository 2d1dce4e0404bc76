// Recorded files as they are: init segments, stretches of fragments, the whole.
#include <fmt/format.h>

#include "mp4/hybrid_writer.h"
#include "web/media.h"
#include "web/recordings.h"
#include "web/when.h"

namespace cbx::web {
namespace {

Result<std::shared_ptr<const MediaFile>> open_file(const Visit& visit) {
  CBX_ASSIGN(const WallMs start, parse_file_id(visit.request.param("id")));
  return visit.opened.file(start);
}

const char* type_of(const MediaFile& file) {
  for (const codec::TrackConfig& track : file.tracks)
    if (codec::is_video(track.codec)) return "video/mp4";
  return "audio/mp4";
}

http::Response part_of(const http::Request& request, const MediaFile& file, uint64_t offset, uint64_t bytes) {
  http::Representation r;
  r.body = http::FileBody{file.fd, offset, bytes, file.map};
  r.size = bytes;
  r.type = type_of(file);
  r.cache_control = kForEver;
  return http::represent(request, std::move(r));
}

// "cam01_2026-11-20_17-01-00_+0900.mp4"
std::string download_name(const MediaFile& file, UtcOffset offset) {
  const LocalTime t = to_local(file.start, offset);
  const auto minutes = offset.minutes().count();
  const auto distance = minutes < 0 ? -minutes : minutes;
  return fmt::format("{}_{:04}-{:02}-{:02}_{:02}-{:02}-{:02}_{}{:02}{:02}.mp4", file.device, t.year, t.month, t.day,
                     t.hour, t.minute, t.second, minutes < 0 ? '-' : '+', distance / 60, distance % 60);
}

// What the index knows; the newest first, which are the last to go.
Result<std::vector<WallMs>> files_with_init(Media& media, const Visit& visit, const std::string& init) {
  constexpr size_t kTries = 8;  // files may have gone since
  CBX_ASSIGN(const auto indexed,
             media.context.vault.open(visit.principal, visit.opened.device(), Permission::view, Needs::index));
  return indexed.index().files_with_init(indexed.device(), init, kTries);
}

}  // namespace

std::optional<int> track_number(std::span<const codec::TrackConfig> tracks, bool video) {
  for (size_t i = 0; i < tracks.size(); ++i)
    if (codec::is_video(tracks[i].codec) == video) return static_cast<int>(i);
  return std::nullopt;
}

http::Response refuse_file(const Media& media, const Error& error) {
  if (error.code() != ErrorCode::data) return http::problem(error);
  media.context.log.warn("{}", error.message());
  return http::problem(404, "this recording cannot be read");
}

// {init}: "0123456789abcdef.mp4", or that of one track, "0123456789abcdef-video.mp4".
http::Answer init_segment(Media& media, const Visit& visit) {
  const auto name = parse_init_name(visit.request.param("init"));
  if (!name) return http::problem(name.error());
  const auto segment = media.inits.get(visit.opened, name->id, [&] { return files_with_init(media, visit, name->id); });
  if (!segment) return http::problem(index_trouble(segment.error(), media.context.log));
  const auto& tracks = (*segment)->tracks;
  const auto video = track_number(tracks, true);
  Bytes bytes = (*segment)->all;
  if (name->track) {
    const auto track = track_number(tracks, *name->track == "video");
    if (!track) return http::problem(404, "this recording has no such track");
    bytes = mp4::init_segment_of(tracks, *track);
  }
  http::Representation r;
  r.size = bytes.size();
  r.body = std::string(as_string(bytes));
  r.type = (name->track ? *name->track == "video" : video.has_value()) ? "video/mp4" : "audio/mp4";
  r.cache_control = kForEver;
  return http::represent(visit.request, std::move(r));
}

http::Answer file_stretch(Media& media, const Visit& visit) {
  const auto stretch = parse_stretch(visit.request.param("stretch"));
  if (!stretch) return http::problem(stretch.error());
  const auto file = open_file(visit);
  if (!file) return refuse_file(media, file.error());
  const Stretch& fragments = (*file)->fragments;
  if (stretch->from < fragments.offset || stretch->to > fragments.end())
    return http::problem(404, "no such stretch of the recording");
  return part_of(visit.request, **file, stretch->from, stretch->to - stretch->from);
}

http::Answer whole_file(Media& media, const Visit& visit) {
  const auto start = parse_file_id(visit.request.param("id"));
  if (!start) return http::problem(start.error());
  const auto opened = visit.opened.finished_file(*start);
  if (!opened) return refuse_file(media, opened.error());
  const auto download = parse_flag(visit.request, "download");
  if (!download) return http::problem(download.error());
  const MediaFile& file = **opened;
  http::Representation r;
  r.body = http::FileBody{file.fd, 0, file.bytes, file.map};
  r.size = file.bytes;
  r.type = type_of(file);
  // A finished file is never changed, and its name never given to another one of its size.
  r.etag = fmt::format("{:x}-{:x}", file.start.time_since_epoch().count(), file.bytes);
  r.cache_control = kAskAgain;
  if (*download) r.disposition = http::attachment(download_name(file, media.context.store.utc_offset()));
  return http::represent(visit.request, std::move(r));
}

}  // namespace cbx::web
