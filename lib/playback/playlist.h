// HLS (RFC 8216bis) and DASH (ISO/IEC 23009-1) over a Timeline.  Pure functions: text in, text out.
//
// All addresses in them are relative, so that they work behind any prefix.  With BASE = /media/{device}:
//   BASE/hls/{when}/main.m3u8   BASE/hls/{when}/media.m3u8       {when}: live, 2026-11-20, A..B in RFC 3339
//   BASE/dash/{when}/manifest.mpd
//   BASE/init/{init}.mp4                 init segment of all tracks, by what it is (Piece::init)
//   BASE/init/{init}-{track}.mp4         of one of them; {track}: video, audio
//   BASE/{id}/{from}-{to}.m4s            bytes of it: a group, or a part of one
//   BASE/{id}/{track}/{time}.m4s         of the continuous run of files that begins with {id}: that track of the group
//                                        that begins at {time}, in ms on the time line of tfdt
// {id} is the file's start in ms since 1970.
#pragma once

#include <string>

#include "playback/timeline.h"

namespace cbx::playback {

// The multivariant playlist: codecs, resolution, frame rate, peak and average bit rate of the media playlist beside it.
std::string hls_main(const Timeline& timeline);
// VOD, whole.
std::string hls_media(const Timeline& timeline);
// Static; a period per continuous run, video and audio as separate adaptation sets.
std::string dash_manifest(const Timeline& timeline);

}  // namespace cbx::playback
