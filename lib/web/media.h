// What the routes under /media share, and their handlers (private to lib/web).  All of it is thread-safe and lives as
// long as the server.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "playback/descriptions.h"
#include "web/hashing.h"
#include "web/init_segments.h"
#include "web/pictures.h"
#include "web/plan_cache.h"
#include "web/service.h"
#include "web/text_cache.h"
#include "web/track_cache.h"

namespace cbx::web {

struct Media {
  explicit Media(const Context& c)
      : context(c),
        texts(64 << 20, c.clock),
        plans(c.clock),
        tracks(4096),
        hashing({}),
        pictures(c.store, c.picture_tool, c.clock, c.log) {}

  const Context& context;
  TextCache texts;
  PlanCache plans;
  TrackCache tracks;
  InitSegments inits;
  playback::Descriptions descriptions;
  Hashing hashing;  // uses the plans
  Pictures pictures;
};

// A request that was let in: who asks, and the device that they may view.
struct Visit {
  http::Request& request;
  const Principal& principal;
  const Opened& opened;
};
using MediaHandler = http::Answer (*)(Media&, const Visit&);

// media_playlists.cpp
http::Answer hls_main(Media& media, const Visit& visit);
http::Answer hls_media(Media& media, const Visit& visit);
http::Answer dash_manifest(Media& media, const Visit& visit);
// media_files.cpp
http::Answer init_segment(Media& media, const Visit& visit);
http::Answer file_stretch(Media& media, const Visit& visit);
http::Answer whole_file(Media& media, const Visit& visit);
// media_tracks.cpp
http::Answer track_stretch(Media& media, const Visit& visit);
// media_pictures.cpp
http::Answer picture(Media& media, const Visit& visit);
// media_cuts.cpp
http::Answer cut_video(Media& media, const Visit& visit);
http::Answer cut_manifest(Media& media, const Visit& visit);
http::Answer cut_signature(Media& media, const Visit& visit);

// {track} of addresses: the first of its kind.
std::optional<int> track_number(std::span<const codec::TrackConfig> tracks, bool video);

// What a file that can't be opened is answered with: damaged ones and links are the operator's business.
http::Response refuse_file(const Media& media, const Error& error);

// What never changes under its address.
inline constexpr const char* kForEver = "private, max-age=31536000, immutable";
// What may be kept, but has to be asked about.
inline constexpr const char* kAskAgain = "private, no-cache";
inline constexpr const char* kHlsType = "application/vnd.apple.mpegurl";
inline constexpr const char* kDashType = "application/dash+xml";

}  // namespace cbx::web
