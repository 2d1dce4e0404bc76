// The routes under /media: who is let in, and which handler each has.
#include "web/media.h"

namespace cbx::web {
namespace {

// Live playlists need no index; files are found by their names.
Needs of_playlist(const http::Request& request) {
  return request.param("when") == "live" ? Needs::files : Needs::index;
}
Needs of_file(const http::Request&) {
  return Needs::files;
}
Needs of_index(const http::Request&) {
  return Needs::index;
}

http::Handler guarded(std::shared_ptr<Media> media, MediaHandler handler, Needs (*needs)(const http::Request&)) {
  return [media, handler, needs](http::Request& request) {
    return media->context.access.with_principal(
        request, [&media = *media, handler, needs, &request](const Principal& principal) -> http::Answer {
          const auto opened =
              media.context.vault.open(principal, request.param("device"), Permission::view, needs(request));
          if (!opened) return http::problem(opened.error());
          return handler(media, {request, principal, *opened});
        });
  };
}

}  // namespace

void add_media_routes(const Context& context, std::vector<http::Route>& routes) {
  const auto media = std::make_shared<Media>(context);
  const auto add = [&](std::string pattern, std::string name, MediaHandler handler,
                       Needs (*needs)(const http::Request&)) {
    http::Route route;
    route.pattern = "/media/{device}/" + pattern;
    route.name = std::move(name);
    route.handler = guarded(media, handler, needs);
    routes.push_back(std::move(route));
  };
  add("hls/{when}/main.m3u8", "getHlsMain", hls_main, of_playlist);
  add("hls/{when}/media.m3u8", "getHlsMedia", hls_media, of_playlist);
  add("dash/{when}/manifest.mpd", "getDashManifest", dash_manifest, of_playlist);
  add("init/{init}", "getInit", init_segment, of_file);
  add("{id}/{stretch}", "getStretch", file_stretch, of_file);
  add("{id}/segment.mp4", "getSegmentFile", whole_file, of_file);
  add("{id}/{track}/{stretch}", "getTrackStretch", track_stretch, of_file);
  add("picture/{picture}", "getPicture", picture, of_file);
  add("cut/{when}/video.mp4", "getCut", cut_video, of_index);
  add("cut/{when}/manifest", "getCutManifest", cut_manifest, of_index);
  add("cut/{when}/manifest.sig", "getCutSignature", cut_signature, of_index);
}

}  // namespace cbx::web
