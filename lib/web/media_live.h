// Playlists of what is being recorded (private to lib/web).
#pragma once

#include "web/media.h"

namespace cbx::web {

http::Answer live_hls_main(Media& media, const Visit& visit);
// With blocking reload (RFC 8216bis, 6.2.5.2).
http::Answer live_hls_media(Media& media, const Visit& visit);
http::Answer live_dash(Media& media, const Visit& visit);

}  // namespace cbx::web
