#!/usr/bin/env bats
# shellcheck disable=SC2046,SC2154  # names of segments hold no spaces; background sets pid
# cbx-segment and damaged transport streams: it never crashes or hangs, the files it makes are sound, and what could be
# kept is kept.

load helpers
load media
load segment

setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  make_store
  clip=$(clip h264-b 8) # 200 pictures, 376 or so pieces of sound
}

# survives FILE [DEVICE]: recorded as a file and live, exit 0 or 65, and what comes out is sound.  $files, $pictures.
survives() {
  local device=${2:-cam} code=0
  rm -rf "store/media/$device"
  timeout -k 5 30 cbx-segment --device "$device" --length 5s --start 2026-11-20T08:00:01Z "$1" >out 2>log || code=$?
  [[ $code -eq 0 || $code -eq 65 ]] || { echo "exit $code"; cat log; return 1; }
  records "$device" >journal || return
  mapfile -t files < <(segments store "$device" 2>/dev/null)
  pictures=$(count_packets v "${files[@]}") sounds=$(count_packets a "${files[@]}")
  echo "$1: exit $code, ${#files[@]} files, $pictures pictures, $sounds pieces of sound"
  sound_boxes "${files[@]}"
}
at_least() { [[ $2 -ge $1 ]] || { echo "$2 is less than $1" >&2; return 1; }; } # WANTED VALUE

@test "bit errors" {
  for seed in 1 2; do
    mangle bits 0.000002 $seed "$clip" ts && survives ts && at_least 180 "$pictures" && at_least 340 "$sounds"
    mangle bits 0.0001 $seed "$clip" ts && survives ts && at_least 100 "$pictures"
    mangle bits 0.005 $seed "$clip" ts && survives ts
  done
}

@test "lost packets" {
  for seed in 1 2; do
    mangle drop 0.001 $seed "$clip" ts && survives ts && at_least 180 "$pictures" && at_least 340 "$sounds"
    mangle drop 0.02 $seed "$clip" ts && survives ts && at_least 100 "$pictures"
    mangle drop 0.3 $seed "$clip" ts && survives ts
  done
}

@test "one lost packet costs next to nothing" {
  for place in 0.1 0.5 0.9; do
    mangle drop-one $place "$clip" ts && survives ts
    at_least 199 "$pictures" && at_least 374 "$sounds"
    [ "$(field lost cam | grep -v null)" = 1 ]
  done
}

@test "lost tables" {
  mangle drop-psi 0.01 1 "$clip" ts && survives ts && at_least 200 "$pictures" && at_least 374 "$sounds"
  mangle drop-psi 0.3 0.6 "$clip" ts && survives ts && at_least 200 "$pictures"
  mangle drop-psi 0 0.3 "$clip" ts && survives ts && at_least 125 "$pictures"
}

@test "other PIDs by a new table" {
  mangle new-pids 0.5 "$clip" ts && survives ts
  # New streams are decoded from the next key frame on, up to a second later.
  at_least 175 "$pictures" && at_least 372 "$sounds"
}

@test "time stamps wrap" {
  # PCR, PTS and DTS wrap at different moments, 4 s on.
  mangle shift $(((1 << 33) - 4 * 90000 - 126000)) "$clip" ts && survives ts
  [ "$pictures" = 200 ]
  check_segment "${files[@]}"
  # The comparison's own reader unrolls them as well.
  compare_recording --whole "$clip" "${files[@]}"
  [ "$(field end cam | xargs)" = "rotate close" ]
}

@test "time stamps jump" {
  for by in $((3600 * 90000)) $((-3600 * 90000)) $((-2 * 90000)) $((1 << 32)); do
    mangle jump 0.5 "$by" "$clip" ts
    survives ts && at_least 190 "$pictures" && at_least 280 "$sounds"
  done
}

@test "a hole of 20 %" {
  mangle hole 0.4 0.6 "$clip" ts && survives ts && at_least 130 "$pictures"
}

@test "null packets in between change nothing" {
  mangle null 0.5 1 "$clip" ts && survives ts
  compare_recording --whole "$clip" "${files[@]}"
}

@test "no PCR" {
  mangle no-pcr "$clip" ts && survives ts
  compare_recording --whole "$clip" "${files[@]}"
}

@test "packets with time codes" {
  mangle time-codes "$clip" ts && survives ts
  compare_recording --whole "$clip" "${files[@]}"
}

@test "a stream joined and left in the middle of a packet" {
  mangle cut 100 50 "$clip" ts && survives ts && at_least 199 "$pictures"
  mangle cut 250007 0 "$clip" ts && survives ts && at_least 75 "$pictures"
  mangle cut 0 250007 "$clip" ts && survives ts && at_least 75 "$pictures"
}

@test "two programs: the first is recorded, and that is said" {
  ffmpeg -v error -nostdin -i "$clip" -i "$(clip h264 8)" -map 0 -map 1 -c copy -program title=a:st=0:st=1 \
    -program title=b:st=2:st=3 -f mpegts ts
  survives ts
  compare_recording --whole "$clip" "${files[@]}"
  grep -q program log
}

@test "damage on a live stream" {
  mangle bits 0.0001 7 "$clip" one
  mangle drop 0.02 7 "$clip" two
  mangle jump 0.5 900000000 "$clip" three
  python3 "$CBX_SOURCE/tests/tools/frames.py" make 8 one=one two=two three=three good="$clip" >frames
  timeout -k 5 30 cbx-segment --length 5s <frames >out 2>log
  for device in one two three good; do
    records $device >/dev/null
    sound_boxes $(segments store $device)
  done
  compare_recording --whole "$clip" $(segments store good)
  at_least 190 "$(count_packets v $(segments store three))"
  # The clock of the wall did not jump along.
  field start three | tail -n 1 | grep '^2026-11-20T08:00:0'
}
