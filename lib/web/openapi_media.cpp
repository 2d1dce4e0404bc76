// The routes of /media, described: what they answer is no JSON but the problems.
#include <algorithm>

#include "web/openapi.h"

namespace cbx::web {
namespace {

struct MediaRoute {
  const char *pattern, *name, *summary, *type;
};

constexpr MediaRoute kRoutes[] = {
    {"hls/{when}/main.m3u8", "getHlsMain", "HLS: the multivariant playlist", "application/vnd.apple.mpegurl"},
    {"hls/{when}/media.m3u8", "getHlsMedia", "HLS: the media playlist", "application/vnd.apple.mpegurl"},
    {"dash/{when}/manifest.mpd", "getDashManifest", "DASH: the manifest", "application/dash+xml"},
    {"init/{init}", "getInit", "The init segment of all tracks, or of one", "video/mp4"},
    {"{id}/{stretch}", "getStretch", "Whole fragments of a file, of all tracks", "video/mp4"},
    {"{id}/segment.mp4", "getSegmentFile", "A finished file", "video/mp4"},
    {"{id}/{track}/{stretch}", "getTrackStretch", "Whole fragments of one track", "video/mp4"},
    {"picture/{picture}", "getPicture", "The key frame at or before a time, upright", "image/jpeg"},
    {"cut/{when}/video.mp4", "getCut", "A range of time as one file", "video/mp4"},
    {"cut/{when}/manifest", "getCutManifest", "What that file was made of", "text/plain"},
    {"cut/{when}/manifest.sig", "getCutSignature", "The manifest's Ed25519 signature", "application/octet-stream"},
};

}  // namespace

std::vector<Operation> media_operations() {
  std::vector<Operation> out;
  for (const MediaRoute& r : kRoutes)
    out.push_back({.pattern = std::string("/media/{device}/") + r.pattern,
                   .name = r.name,
                   .tag = "media",
                   .summary = r.summary,
                   .description = "",
                   .permission = Permission::view,
                   .type = r.type});
  const auto picture =
      std::find_if(out.begin(), out.end(), [](const Operation& op) { return op.name == "getPicture"; });
  picture->description =
      "`X-CBX-Time` says when it was recorded. 404 where nothing was within ten seconds before; `latest.jpg` is of any "
      "age, and changes every five seconds at most.";
  picture->query = {
      {"width", "Pixels across, at most.", R"({"type":"integer","minimum":64,"maximum":1920,"default":320})"}};
  return out;
}

}  // namespace cbx::web
