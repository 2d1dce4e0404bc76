// Playlists of what was recorded; those of what is being recorded are in media_live.cpp.
#include <fmt/format.h>

#include "playback/playlist.h"
#include "web/media.h"
#include "web/media_live.h"
#include "web/recordings.h"
#include "web/when.h"

namespace cbx::web {
namespace {

constexpr auto kLongest = std::chrono::hours(31 * 24);
// What is longer than a day is made by a worker, and what takes reading more files than these because their records
// don't tell what a playlist needs.
constexpr auto kAtOnce = std::chrono::hours(26);
constexpr size_t kReadAtOnce = 16;
// Recordings of the last minutes are still being added.
constexpr auto kSettled = std::chrono::minutes(10);

enum class Kind { hls_main, hls_media, dash };

std::string key_of(Kind kind, std::string_view device, TimeRange range) {
  return fmt::format("{}/{}/{}/{}", static_cast<int>(kind), device, range.from.time_since_epoch().count(),
                     range.to.time_since_epoch().count());
}

// From the cache only.
std::optional<CachedText> find_text(Media& media, Kind kind, const Opened& opened, TimeRange range,
                                    const std::string& version) {
  return media.texts.find(key_of(kind, opened.device(), range), version);
}

// A playlist may be played after the files that it was made of are gone: their init segments stay at hand.
void learn_inits(Media& media, const Opened& opened, const playback::Timeline& timeline) {
  int files = 16;  // that may be opened; there are one or two kinds, whose files may not be there any more
  const std::string* before = nullptr;
  for (const playback::Piece& p : timeline.pieces) {
    const bool is_new = !before || *before != p.init;
    if (is_new && !media.inits.learn(opened, p.init, p.start) && --files == 0) return;
    before = &p.init;
  }
}

// nullopt: more than `most_read` files would have to be read.
Result<std::optional<CachedText>> make_text(Media& media, Kind kind, const Opened& opened, TimeRange range,
                                            const std::string& version, size_t most_read) {
  CBX_ASSIGN(const auto timeline,
             playback::read_timeline(opened.index(), opened.device(), range, media.descriptions, most_read));
  if (!timeline) return std::nullopt;
  if (timeline->pieces.empty()) return fail(nothing_recorded(range, floor_ms(media.context.clock.wall())));
  learn_inits(media, opened, *timeline);
  const auto keep = [&](Kind k, std::string text) {
    return media.texts.keep(key_of(k, opened.device(), range), version, std::move(text));
  };
  if (kind == Kind::dash) return keep(kind, playback::dash_manifest(*timeline));
  // Whoever asks for the one asks for the other next.
  CachedText main = keep(Kind::hls_main, playback::hls_main(*timeline));
  CachedText list = keep(Kind::hls_media, playback::hls_media(*timeline));
  return kind == Kind::hls_main ? main : list;
}

// `settled`: as good as nothing will be added to it.
http::Response send(const http::Request& request, Kind kind, bool settled, const CachedText& cached) {
  http::Representation r;
  r.body = cached.text;
  r.size = cached.text->size();
  r.type = kind == Kind::dash ? kDashType : kHlsType;
  r.etag = cached.etag;
  r.cache_control = settled ? "private, max-age=300" : kAskAgain;
  return http::represent(request, std::move(r));
}

std::optional<http::Response> make_and_send(Media& media, const http::Request& request, Kind kind, const Opened& opened,
                                            TimeRange range, bool settled, const std::string& version,
                                            size_t most_read) {
  const auto made = make_text(media, kind, opened, range, version, most_read);
  if (!made) return http::problem(index_trouble(made.error(), media.context.log));
  if (!*made) return std::nullopt;
  return send(request, kind, settled, **made);
}

http::Answer playlist(Media& media, const Visit& visit, Kind kind, const When& when) {
  const TimeRange range = when.range;
  const bool settled = !when.word && range.to + kSettled < floor_ms(media.context.clock.wall());
  const auto version = version_of(visit.opened, range);
  if (!version) return http::problem(index_trouble(version.error(), media.context.log));
  if (const auto cached = find_text(media, kind, visit.opened, range, *version))
    return send(visit.request, kind, settled, *cached);
  if (range.length() <= kAtOnce)
    if (auto sent = make_and_send(media, visit.request, kind, visit.opened, range, settled, *version, kReadAtOnce))
      return *std::move(sent);
  return http::Work{[&media, request = visit.request, kind, opened = visit.opened, range, settled, version = *version] {
    return *make_and_send(media, request, kind, opened, range, settled, version, SIZE_MAX);
  }};
}

http::Answer answer(Media& media, const Visit& visit, Kind kind) {
  const auto when =
      parse_when(visit.request.param("when"), media.context.store, floor_ms(media.context.clock.wall()), kLongest);
  if (!when) return http::problem(when.error());
  if (!when->live) return playlist(media, visit, kind, *when);
  switch (kind) {
    case Kind::hls_main:
      return live_hls_main(media, visit);
    case Kind::hls_media:
      return live_hls_media(media, visit);
    default:
      return live_dash(media, visit);
  }
}

}  // namespace

http::Answer hls_main(Media& media, const Visit& visit) {
  return answer(media, visit, Kind::hls_main);
}
http::Answer hls_media(Media& media, const Visit& visit) {
  return answer(media, visit, Kind::hls_media);
}
http::Answer dash_manifest(Media& media, const Visit& visit) {
  return answer(media, visit, Kind::dash);
}

}  // namespace cbx::web
