#include "web/media_live.h"

#include <optional>

#include "playback/live.h"
#include "web/when.h"

namespace cbx::web {
namespace {

// Who comes a little earlier than the camera waits for it.
constexpr auto kComing = std::chrono::seconds(5);
// Each playlist is another a moment later.
constexpr const char* kNever = "no-store";

using Stream = std::shared_ptr<playback::LiveStream>;

// Not yet: until `on` announces, but not beyond what the first wait of this request said.
http::Answer wait(Media& media, const Visit& visit, std::shared_ptr<Broadcast> on, uint64_t seen,
                  Monotonic::duration at_most) {
  if (!visit.request.memory)
    visit.request.memory = std::make_shared<Monotonic>(media.context.clock.monotonic() + at_most);
  return http::Wait{std::move(on), seen, *std::static_pointer_cast<Monotonic>(visit.request.memory)};
}

template <typename Respond>
http::Answer with_stream(Media& media, const Visit& visit, Respond&& respond) {
  const auto changed = visit.opened.live_changed();
  if (!changed) return http::problem(changed.error());
  const uint64_t seen = (*changed)->count();
  const auto stream = visit.opened.live();
  if (stream) return respond(*stream, seen);
  if (stream.error().code() == ErrorCode::no_input && !visit.request.waited)
    return wait(media, visit, *changed, seen, kComing);
  return http::problem(stream.error());
}

http::Response live_text(const http::Request& request, std::shared_ptr<const std::string> text, const char* type) {
  http::Representation r;
  r.size = text->size();
  r.body = std::move(text);
  r.type = type;
  r.cache_control = kNever;
  return http::represent(request, std::move(r));
}

// What a player wants to see in the playlist before it is answered.
struct Directives {
  std::optional<uint64_t> msn, part;
};

Result<Directives> read_directives(const http::Request& request) {
  Directives d;
  const auto read = [&](std::string_view name, std::optional<uint64_t>& value) {
    const auto text = request.query_value(name);
    if (text) value = parse_number(*text);
    return !text || value;
  };
  if (!read("_HLS_msn", d.msn) || !read("_HLS_part", d.part))
    return fail(ErrorCode::usage, "_HLS_msn and _HLS_part are decimal numbers");
  if (d.part && !d.msn) return fail(ErrorCode::usage, "_HLS_part needs _HLS_msn");
  return d;
}

}  // namespace

http::Answer live_hls_main(Media& media, const Visit& visit) {
  return with_stream(media, visit, [&](const Stream& stream, uint64_t) -> http::Answer {
    return live_text(visit.request, std::make_shared<const std::string>(playback::hls_live_main(*stream->view())),
                     kHlsType);
  });
}

http::Answer live_hls_media(Media& media, const Visit& visit) {
  const auto directives = read_directives(visit.request);
  if (!directives) return http::problem(directives.error());
  return with_stream(media, visit, [&](const Stream& stream, uint64_t seen) -> http::Answer {
    const auto view = stream->view();
    const auto wanted =
        directives->msn ? playback::wanted(*view, *directives->msn, directives->part) : playback::Wanted::ready;
    if (wanted == playback::Wanted::too_far) return http::problem(400, "_HLS_msn is too far ahead");
    if (wanted == playback::Wanted::ready) return live_text(visit.request, stream->hls(), kHlsType);
    if (visit.request.waited) return http::problem(503, "what was waited for has not come");
    return wait(media, visit, stream->changed(), seen, Millis{3 * view->target_ms});
  });
}

http::Answer live_dash(Media& media, const Visit& visit) {
  return with_stream(media, visit, [&](const Stream& stream, uint64_t seen) -> http::Answer {
    const auto view = stream->view();
    // Players give up a manifest without segments.
    if (playback::whole_groups(*view) == 0 && !visit.request.waited)
      return wait(media, visit, stream->changed(), seen, Millis{3 * view->target_ms});
    const WallMs now = floor_ms(media.context.clock.wall());
    return live_text(visit.request, std::make_shared<const std::string>(playback::dash_live(*view, now)), kDashType);
  });
}

}  // namespace cbx::web
