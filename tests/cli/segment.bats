#!/usr/bin/env bats
# shellcheck disable=SC2046,SC2154  # names of segments hold no spaces; background sets pid
# cbx-segment records live streams: a transport stream or frames on standard input, readers that are slow or gone,
# recorders that are killed.

bats_require_minimum_version 1.5.0
load helpers
load media
load segment

setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  make_store
}
teardown() { end_all; }

# Opening a named pipe waits for the other end, so each side does it in its own process.
# camera CLIP: sends it at its own pace, over and over.
camera() { exec timeout 60 ffmpeg -v error -nostdin -re -stream_loop -1 -i "$1" -map 0 -c copy -f mpegts - >feed; }
recorder() { exec timeout 60 cbx-segment --device cam "$@" <feed; }

# record_live CLIP [OPTION…]: the same into a cbx-segment of device cam in the background, whose pid is $recorder.
record_live() {
  local clip=$1
  shift
  mkfifo feed
  background camera "$clip" 2>camera.log
  camera=$pid
  background recorder "$@" >out 2>log
  recorder=$pid
}

# stop_recorder [SIGNAL]: of the program itself, not of the timeout that guards it.
stop_recorder() { kill -"${1:-TERM}" "$(pgrep -P "$recorder")"; }

recording() { compgen -G 'store/media/cam/*/.*.part' >/dev/null; }
# grown BYTES: a recording is so long on the disk.
grown() {
  local part
  part=$(compgen -G 'store/media/cam/*/.*.part') && [[ $(stat -c %s "$part") -ge $1 ]]
}

@test "a live transport stream is cut on the wall clock" {
  clip=$(clip h264-b 8) before=$(date +%s)
  ffmpeg -v error -nostdin -re -i "$clip" -map 0 -c copy -f mpegts - | cut_stream --device cam --length 3s
  [ ! -s log ]
  field start cam >starts
  mapfile -t files < <(segments store)
  cat starts
  [ "${#files[@]}" -ge 3 ]
  check_segment "${files[0]}" "${files[-1]}"
  compare_recording --whole "$(clip h264-b 8)" "${files[@]}"
  # Key frames come once a second: a file begins at most so long after a boundary.
  tail -n +2 starts | while read -r start; do
    ms=$(date -d "$start" +%s%3N)
    ((ms % 3000 < 1050)) || exit 1
  done
  # Its 8 s lie where they were sent; ffmpeg sends the first of them a little faster.
  began=$(date -d "$(head -n 1 starts)" +%s) now=$(date +%s)
  ((began >= before - 1 && began <= now - 7))
  cat out
  [ "$(jq -r '"\(.video) \(.width)x\(.height) \(.fps) \(.audio) \(.source) \(.lost)"' out | uniq)" = \
    "h264 320x240 25 aac live null" ]
  [ "$(jq -r .end out | sort -u | xargs)" = "close rotate" ]
  # What was announced is what the journal has.
  cmp <(sort out) <(sort store/media/cam/*/records.jsonl)
}

@test "TERM finishes the file" {
  record_live "$(clip h264 8)"
  wait_until 10 grown 150000
  stop_recorder
  wait_end "$recorder" 10
  cat out log
  [ "$(field '"\(.end) \(.source)"' cam | tail -n 1)" = "shutdown live" ]
  check_segment $(segments store)
  [ ! -s log ]
}

@test "a recorder that is killed loses a second at most; the next one finishes its file" {
  record_live "$(clip noisy 8)"
  wait_until 10 grown 1500000
  stop_recorder KILL
  wait_end "$recorder" 5 || true
  kill "$camera" || true # ends by itself when nobody reads
  recording
  cut_stream --device cam < <(cat "$(clip h264 8)")
  grep -q 'left half-written; .* s: recovered' log
  run ! recording
  records cam | jq -r 'select(.end == "salvage")' >salvaged
  jq -r .path salvaged
  [ "$(jq '.duration_ms >= 2000 and .width == 320 and .video == "h264" and .audio == "aac"' salvaged)" = true ]
  check_segment "store/media/$(jq -r .path salvaged)"
  # Nobody announces it twice.
  cut_stream --device cam < <(cat "$(clip h264 8)")
  run ! grep -q salvage out
}

@test "frames: several streams, rubbish among them" {
  head -c 400000 /dev/urandom >rubbish
  python3 "$CBX_SOURCE/tests/tools/frames.py" make 8 "one=$(clip h264-b 8)" bad=rubbish "old=$(clip mpeg2 8)" \
    "two=$(clip h265 8)" >frames
  cut_stream --length 5s <frames
  for device in one two; do
    mapfile -t files < <(segments store $device)
    [ ${#files[@]} -eq 2 ]
    sound_boxes "${files[@]}"
    records $device | head -n 1 | grep -q connection.open
    records $device | grep -q connection.close
    [ "$(field connection $device | uniq)" = "$device-1" ]
  done
  compare_recording --whole "$(clip h264-b 8)" $(segments store one)
  compare_recording --whole "$(clip h265 8)" $(segments store two)
  [ "$(field cause old gap)" = unsupported ]
  [ "$(field detail old connection.close)" = "its video cannot be recorded" ]
  [ -z "$(segments store bad)" ]
  # The clock of the frames is that of the recording.
  field start one | head -n 1 | grep -q '^2026-11-20T08:00:0[01]'
}

@test "cbx-ingest and cbx-segment in a pipe" {
  port=$(free_port)
  background timeout 60 cbx-ingest --listen "srt://:$port" --register auto >frames 2>ingest.log
  ingest=$pid
  wait_until 10 has_line ingest.log 'listening on'
  ffmpeg -v error -nostdin -re -i "$(clip h264-b 8)" -map 0 -c copy -f mpegts \
    "srt://127.0.0.1:$port?streamid=cam01&linger=5" 2>camera.log
  wait_until 10 has_line ingest.log ended
  kill "$(pgrep -P "$ingest")"
  wait_end "$ingest" 10
  cut_stream <frames
  sound_boxes $(segments store cam01)
  compare_recording --whole "$(clip h264-b 8)" $(segments store cam01)
  [ "$(field connection cam01 | uniq)" = "$(field connection cam01 connection.open)" ]
}

@test "frames that are cut, or no frames at all" {
  python3 "$CBX_SOURCE/tests/tools/frames.py" make 8 "cam=$(clip h264 8)" >frames
  half=$(($(stat -c %s frames) / 2 + 77))
  head -c $half frames | cut_stream
  between 2500 "$(field duration_ms cam)" 5000
  rm -r store/media/cam
  { head -c $half frames; head -c 100000 /dev/urandom; } | fails_with 65 cut_stream
  grep -qE 'frame|stream' log
  between 2500 "$(field duration_ms cam)" 5000
  sound_boxes $(segments store cam)
}
between() { [[ $1 -le $2 && $2 -le $3 ]]; } # LOW VALUE HIGH

@test "nothing on standard input" {
  cut_stream --device cam </dev/null
  [ ! -s out ] && [ ! -s log ]
}

@test "a reader that never reads holds nothing up" {
  python3 "$CBX_SOURCE/tests/tools/frames.py" make 8 "cam=$(clip h264 8)" >frames
  # So many records that no pipe holds them: a stream that says much.
  python3 - <<'PY'
import json, struct
data = open("frames", "rb").read()
line = json.dumps({"v": 1, "type": "event", "device": "cam", "time": "2026-11-20T08:00:01.000Z", "kind": "mark",
                   "source": "test", "note": "x" * 900}).encode()
frame = struct.pack(">4sBBHIIQII", b"CBXF", 1, 3, 0, 1, len(line), 1795161601_000000, 0, 0) + line
first = 32 + struct.unpack(">I", data[12:16])[0]
open("frames", "wb").write(data[:first] + frame * 400 + data[first:])
PY
  mkfifo announced
  exec 7<>announced # somebody has it open, and nobody reads
  SECONDS=0
  timeout 40 cbx-segment <frames >announced 2>log
  [ $SECONDS -le 20 ]
  [ "$(field duration_ms cam)" = 8000 ]
  [ "$(field type cam event | wc -l)" = 400 ]
}

@test "a reader that goes is said once; recording goes on" {
  record=$(clip h264 8)
  python3 "$CBX_SOURCE/tests/tools/frames.py" make 8 "cam=$record" "cam2=$(clip h264-b 8)" >frames
  { timeout 40 cbx-segment --length 2s <frames 2>log; echo $? >code; } | head -n 1 >first
  [ "$(cat code)" = 0 ]
  grep -q connection.open first
  [ "$(grep -c 'cannot announce' log)" = 1 ]
  grep -q 'the reader is gone' log
  compare_recording --whole "$record" $(segments store cam)
  compare_recording --whole "$(clip h264-b 8)" $(segments store cam2)
  records cam >/dev/null && records cam2 >/dev/null
}

@test "closed and full standard output" {
  clip=$(clip h264 6)
  fails_with 74 timeout 40 cbx-segment --device cam --length 2s --start 2026-11-20T08:00:01Z "$clip" >&- 2>log
  [ "$(segments store | wc -l)" -ge 3 ]
  records cam >/dev/null
  fails_with 74 timeout 40 cbx-segment --device cam2 --length 2s --start 2026-11-20T08:00:01Z "$clip" >/dev/full 2>log
  grep -q 'cannot announce.*No space left' log
  [ "$(grep -c 'cannot announce' log)" = 1 ]
  records cam2 >/dev/null
  compare_recording --whole "$clip" $(segments store cam2)
}

@test "--progress shows a line per camera on a terminal" {
  live_frames() {
    python3 "$CBX_SOURCE/tests/tools/frames.py" make 4 "front=$(clip h264 4)" "rear=$(clip h265 4)" >frames
    # At about the pace of a camera, and kept open for a moment.
    { head -c 200000 frames; sleep 1.2; tail -c +200001 frames; sleep 2.5; }
  }
  mkfifo feed
  live_frames >feed &
  script -qec 'stty rows 20 cols 100; cbx-segment --progress <feed >out' screen >/dev/null </dev/null
  wait
  grep -aqE 'front +[0-9]+\.[0-9]{2} Mbit/s  .*recording' screen
  grep -aqE 'rear +[0-9]+\.[0-9]{2} Mbit/s' screen
  grep -aqE 'front +(0\.[0-9]*[1-9]|[1-9]).*Mbit/s' screen
  # Lines are redrawn in place (an empty one and two), and gone in the end.
  grep -aq $'\e\[3A' screen
  tail -c 200 screen | grep -aq $'\e\[J'
}

@test "--progress draws nothing without a terminal" {
  cut_stream --device cam --progress < <(cat "$(clip h264 4)")
  [ ! -s log ]
}
