#!/usr/bin/env bats
# Players play what cbx-serve serves: browsers, ffmpeg, GStreamer, mpv.  Pictures carry their numbers, so that a test
# knows which one is shown.
#
# One recorder and one server for all of them.  `live` sends all the time; `car` sends twice, with a gap between, and is
# looked at afterwards; `hevc` is a camera that Debian's Chromium can't show.

# shellcheck disable=SC2154,SC2016  # set by the helpers and setup_file; the inner shells expand for themselves
# shellcheck disable=SC2034  # LENGTH is read by start_recorder

gst=(timeout 60 gst-launch-1.0 -q playbin3 flags=video 'video-sink=checksumsink hash=md5')  # a line a picture: time, hash
runs=(0:600 4096:225)  # what `car` sends: the first number, and how many pictures

setup_file() {
  bats_require_minimum_version 1.5.0
  load recorder
  load web
  load_recorder
  web_modules
  local clips
  clips=("$(numbered_clip 0 24)" "$(numbered_clip 4096 9)" "$(numbered_clip 8192 150)" "$(numbered_clip 0 5 h265)")
  LENGTH=10s start_recorder
  local device
  for device in car live hevc; do cbx-account -q device add "$device" --no-key >/dev/null; done
  start_server
  began=$(date +%s%3N)
  publish "${clips[2]}" live
  publish "${clips[3]}" hevc
  background drive "$root" "${clips[0]}" "${clips[1]}"
  for device in car live hevc; do
    printf -v "$device" '%s/media/%s' "$(share_link "$device")" "$device"
    export "${device?}"
  done
  all=$(date -u -d '-1 hour' +%FT%TZ)..$(date -u -d '+2 hours' +%FT%TZ)
  export all root CBX_ROOT origin began background_pids
  wait_until 40 curl -sf "$live/hls/live/media.m3u8"
}
teardown_file() {
  load recorder
  unload_recorder
}
setup() {
  load recorder
  load web
  load ../cli/helpers
  load ../cli/media
  background_pids=  # of this test; those of all are ended by teardown_file
}
teardown() { end_all; }

# The two drives of `car`.
drive() { # ROOT CLIP CLIP
  publish "$2" car
  wait "$publisher"
  sleep 4
  publish "$3" car
  wait "$publisher"
  sleep 2
  touch "$1/parked"
}
# Until both are recorded, finished, and in the index.
wait_for_drives() {
  wait_until 90 test -e "$root/parked"
  wait_until 60 drives_are_indexed
  mapfile -t starts < <(cbx-index list car --json | jq -r .start)
}
# FEW MANY: the lines of the first file are a stretch of the second's.
is_stretch() {
  python3 -c 'import sys; few, many = (open(name).read() for name in sys.argv[1:]); sys.exit("\n" + few not in "\n" + many)' "$@"
}
has_lines_more() { (($(wc -l <"$2") > $1)); } # COUNT FILE
drives_are_indexed() {
  local seconds
  seconds=$(cbx-index list car --json | jq -s 'map(.duration_ms) | add / 1000 | round')
  [[ -z $(find "$root/media/car" -name '*.part') && $seconds -eq 33 ]]
}
# Where the first file that is longer than 2 s ends, in seconds since the first one's beginning.
first_cut() {
  cbx-index list car --json | jq -s '[foreach .[] as $s (0; . + $s.duration_ms; .)] | map(select(. > 2000)) | .[0] / 1000'
}
# Files up to the gap, and behind it, as ranges.
first_drive() { echo "${starts[0]}..$(behind_gap)"; }
second_drive() { echo "$(behind_gap)..${all#*..}"; }
behind_gap() { cbx-index list car --json | jq -rs '(map(.end == "rotate") | index(false)) as $last | .[$last + 1].start'; }

@test "live: hls.js plays low-latency parts, on and on over the end of a file" {
  play live hls "$live/hls/live/main.m3u8" 8192 "$began" --seconds 11 --latency 10
}

@test "live: dash.js" {
  play live dash "$live/dash/live/manifest.mpd" 8192 "$began" --seconds 11 --latency 25
}

@test "live: Chromium's own HLS" {
  play live native "$live/hls/live/main.m3u8" 8192 "$began" --seconds 11 --latency 30
}

@test "live: ffmpeg gets every picture once, and as it was sent" {
  timeout 60 ffmpeg -v error -nostdin -i "$live/hls/live/main.m3u8" -t 8 -map 0:v:0 -fps_mode passthrough -f framemd5 - |
    awk '!/^#/ { print $NF }' >"$root/live.shown"
  [ "$(wc -l <"$root/live.shown")" -ge 150 ]
  picture_hashes "$(numbered_clip 8192 150)" >"$root/live.sent"
  is_stretch "$root/live.shown" "$root/live.sent"
}

@test "live: GStreamer gets every picture once" {
  background "${gst[@]}" uri="$live/hls/live/main.m3u8" >"$root/gst"
  wait_until 60 has_lines_more 150 "$root/gst"
  head -n 150 "$root/gst" | awk '{ print $2 }' >"$root/live.shown"
  picture_hashes "$(numbered_clip 8192 150)" >"$root/live.sent"
  is_stretch "$root/live.shown" "$root/live.sent"
}

@test "live and recorded: mpv" {
  command -v mpv >/dev/null || skip 'mpv is not installed'
  quiet timeout 60 mpv --no-config --vo=null --ao=null --length=6 --msg-level=all=error --term-status-msg= "$live/hls/live/main.m3u8"
  wait_for_drives
  quiet timeout 60 mpv --no-config --vo=null --ao=null --untimed --msg-level=all=error "$car/hls/$all/main.m3u8"
}

@test "recorded: hls.js plays, seeks, and goes over the end of a file and a gap to the end" {
  wait_for_drives
  play vod hls "$car/hls/$all/main.m3u8" "${runs[@]}" --cut "$(first_cut)"
}

@test "recorded: dash.js" {
  wait_for_drives
  play vod dash "$car/dash/$all/manifest.mpd" "${runs[@]}" --cut "$(first_cut)"
}

@test "recorded: Chromium's own HLS" {
  wait_for_drives
  play vod native "$car/hls/$all/main.m3u8" "${runs[@]}" --cut "$(first_cut)"
}

@test "recorded: hls.js and dash.js with a bearer token, and from a page of another origin" {
  wait_for_drives
  printf 'correct horse battery\n' | cbx-account -q user add alice --password-file - >/dev/null
  cbx-account -q device share car alice --owner
  token=$(cbx-account -q user token alice --json | jq -r .token)
  start_server --allow-origin http://127.0.0.1:1
  play vod hls "$origin/media/car/hls/$all/main.m3u8" "${runs[@]}" --short --token "$token"
  play vod dash "$origin/media/car/dash/$all/manifest.mpd" "${runs[@]}" --short --token "$token" --origin http://127.0.0.1:1
}

@test "recorded: a finished file in a plain video element" {
  wait_for_drives
  id=$(date -d "${starts[1]}" +%s%3N)
  count=$(cbx-index list car --json | jq -s '.[1].duration_ms / 40 | round')
  before=$(cbx-index list car --json | jq -s '.[0].duration_ms / 40 | round')
  play vod file "$car/$id/segment.mp4" "$before:$count" --short
}

@test "H.265: no player shows something else" {
  wait_until 60 cbx-index list hevc
  for kind in hls dash native; do
    document=hls/$all/main.m3u8
    [[ $kind != dash ]] || document=dash/$all/manifest.mpd
    play refuses "$kind" "$hevc/$document"
  done
}

# Its sound begins before its first picture; that frame is not recorded.
recorded_sound() { sound_hashes "$1" | tail -n +2; } # CLIP

@test "recorded: ffmpeg decodes from HLS what was sent, picture by picture and packet by packet" {
  wait_for_drives
  # One drive at a time: behind a discontinuity ffmpeg decodes half a second that it doesn't show.
  diff <(picture_hashes "$car/hls/$(first_drive)/main.m3u8") <(picture_hashes "$(numbered_clip 0 24)")
  diff <(picture_hashes "$car/hls/$(second_drive)/main.m3u8") <(picture_hashes "$(numbered_clip 4096 9)")
  diff <(sound_hashes "$car/hls/$all/main.m3u8") <(recorded_sound "$(numbered_clip 0 24)" && recorded_sound "$(numbered_clip 4096 9)")
}

@test "recorded: ffmpeg decodes from DASH what was sent" {
  wait_for_drives
  diff <(picture_hashes "$car/dash/$(first_drive)/manifest.mpd") <(picture_hashes "$(numbered_clip 0 24)")
  diff <(sound_hashes "$car/dash/$(first_drive)/manifest.mpd") <(recorded_sound "$(numbered_clip 0 24)")
}

@test "recorded: GStreamer decodes from HLS and DASH what was sent" {
  wait_for_drives
  cat <(picture_hashes "$(numbered_clip 0 24)") <(picture_hashes "$(numbered_clip 4096 9)") >"$root/sent"
  "${gst[@]}" uri="$car/hls/$all/main.m3u8" | awk '{ print $2 }' | diff - "$root/sent"
  "${gst[@]}" uri="$car/dash/$(first_drive)/manifest.mpd" | awk '{ print $2 }' | diff - <(head -n 600 "$root/sent")
}
