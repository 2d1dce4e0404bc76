// Single tracks, as DASH wants them: their fragments alone, out of the same files.
#include <fmt/format.h>

#include <optional>

#include "playback/timeline.h"
#include "web/media.h"
#include "web/recordings.h"
#include "web/when.h"

namespace cbx::web {
namespace {

// What the address names.
struct Address {
  WallMs id{};
  bool video = false;
};

Result<Address> read_address(const http::Request& request) {
  CBX_ASSIGN(const WallMs id, parse_file_id(request.param("id")));
  const std::string_view track = request.param("track");
  if (track != "video" && track != "audio") return fail(ErrorCode::no_input, "the tracks are video and audio");
  return Address{id, track == "video"};
}

Result<int64_t> read_time(std::string_view text) {
  constexpr std::string_view kEnding = ".m4s";
  if (text.ends_with(kEnding)) {
    if (const auto time = parse_number(text.substr(0, text.size() - kEnding.size())))
      return static_cast<int64_t>(*time);
  }
  return fail(ErrorCode::no_input, "no such stretch of the recording");
}

// A group of a file that is still being written, if somebody watches it.  The open one is not whole yet.
std::optional<playback::FoundGroup> find_live(const Opened& opened, WallMs run, int64_t time) {
  const auto stream = opened.live();
  if (!stream) return std::nullopt;
  const auto view = (*stream)->view();
  const size_t whole = view->groups.size() - (view->ended || view->groups.empty() ? 0 : 1);
  for (size_t i = 0; i < whole; ++i) {
    const playback::LiveGroup& g = view->groups[i];
    const playback::Piece& piece = view->pieces[g.piece];
    if (view->runs[g.piece] == run && playback::track_time(piece, g.group) == time) return {{piece, g.group}};
  }
  return std::nullopt;
}

Result<playback::FoundGroup> find_group(Media& media, const Visit& visit, WallMs run, int64_t time) {
  // One that is live can be found without the index, and only so.
  const auto indexed = media.context.vault.open(visit.principal, visit.opened.device(), Permission::view);
  if (indexed) {
    auto found = playback::resolve_dash_time(indexed->index(), visit.opened.device(), run, time, media.descriptions);
    if (!found) media.context.log.warn("{}", found.error().message());
    if (found && *found) return std::move(**found);
  }
  if (auto live = find_live(visit.opened, run, time)) return std::move(*live);
  if (!indexed) return fail(indexed.error());
  return fail(ErrorCode::no_input, "no such stretch of the recording");
}

Result<std::shared_ptr<const TrackGroup>> locate(Media& media, const Visit& visit, const Address& address,
                                                 int64_t time) {
  const std::string key =
      fmt::format("{}/{}/{}/{}", visit.opened.device(), address.id.time_since_epoch().count(), address.video, time);
  if (auto known = media.tracks.find(key)) return known;
  CBX_ASSIGN(const playback::FoundGroup found, find_group(media, visit, address.id, time));
  CBX_ASSIGN(const auto file, visit.opened.file(found.piece.start));
  const auto track = track_number(file->tracks, address.video);
  if (!track) return fail(ErrorCode::no_input, "this recording has no such track");
  auto group = std::make_shared<TrackGroup>();
  group->start = found.piece.start;
  const uint64_t from = found.group.offset, to = from + found.group.bytes;
  if (from < file->fragments.offset || to > file->fragments.end())
    return fail(ErrorCode::data, fmt::format("'{}' is not what the index says", file->path));
  CBX_ASSIGN(group->stretches, fragments_of_track(*file, *track, from, to));
  media.tracks.keep(key, group);
  return group;
}

http::Response send(const http::Request& request, http::Body body, uint64_t size, bool video) {
  http::Representation r;
  r.body = std::move(body);
  r.size = size;
  r.type = video ? "video/mp4" : "audio/mp4";
  r.cache_control = kForEver;
  return http::represent(request, std::move(r));
}

}  // namespace

http::Answer track_stretch(Media& media, const Visit& visit) {
  const auto address = read_address(visit.request);
  if (!address) return http::problem(address.error());
  const auto time = read_time(visit.request.param("stretch"));
  if (!time) return http::problem(time.error());
  const auto group = locate(media, visit, *address, *time);
  if (!group) return refuse_file(media, group.error());
  const auto file = visit.opened.file((*group)->start);
  if (!file) return refuse_file(media, file.error());
  const auto source = gather(*file, *group);
  return send(visit.request, source, source->size(), address->video);
}

}  // namespace cbx::web
