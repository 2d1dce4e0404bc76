#!/usr/bin/env bats
# cbx-segment over every kind of clip: each file passes check_segment, and together they are what was sent.

load media

setup_file() {
  bats_require_minimum_version 1.5.0
}
setup() {
  CBX_ROOT=$(mktemp -d)
  export CBX_ROOT
  cbx-index -q init
}
teardown() {
  rm -rf "$CBX_ROOT"
}

keeps() { # KIND [SOURCE-KIND]: a transport stream through a pipe, cut every 3 s
  local source files
  source=$(clip "$1" 8)
  timeout 60 cbx-segment --device cam --length 3s < <(cat "$source") >"$CBX_ROOT/records"
  mapfile -t files < <(segments "$CBX_ROOT" cam)
  [ "${#files[@]}" -ge 2 ]
  check_segment "${files[@]}"
  compare_recording --whole "$(clip "${2:-$1}" 8)" "${files[@]}"
  diff <(jq -r 'select(.type == "segment") | .path' "$CBX_ROOT/records" | sort) <(printf '%s\n' "${files[@]#"$CBX_ROOT/media/"}")
}

@test "H.264 without B-frames" { keeps h264; }
@test "H.264 with B-frames" { keeps h264-b; }
@test "H.265 with B-frames" { keeps h265; }
@test "variable frame rate" { keeps vfr; }
@test "sound that begins late" { keeps late-audio; }
@test "picture that begins late" { keeps early-audio; }
@test "AAC of 44.1 kHz" { keeps aac-44100; }
@test "AAC in LATM" { keeps latm h264; }
@test "MP2" { keeps mp2; }
@test "MP3" { keeps mp3; }
@test "AC-3" { keeps ac3; }
@test "E-AC-3" { keeps eac3; }
@test "Opus" { keeps opus; }
@test "picture without sound" { keeps video-only; }
@test "sound without picture" { keeps audio-only; }
@test "portrait" { keeps portrait; }
@test "4 Mbit/s" { keeps noisy; }

@test "MPEG-2 video, which cannot be carried, is refused with a message" {
  run -65 timeout 60 cbx-segment --device cam < <(cat "$(clip mpeg2 4)")
  [[ $output == *MPEG-2* ]]
  [ -z "$(segments "$CBX_ROOT")" ]
}
