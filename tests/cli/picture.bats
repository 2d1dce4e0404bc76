#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031  # background sets pid; each test has its own variables
# cbx-picture: the pictures are compared with what ffmpeg decodes at the same place.

bats_require_minimum_version 1.5.0
load helpers
load media
load segment

setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  make_store
}
teardown() { end_all; }

# record CLIP [OPTION…]: as the device cam, from 17:00:00 on.
record() { cut_stream --device cam --start 2026-11-20T17:00:00+09:00 --length 4s "${@:2}" "$1"; }

# size FILE: WIDTHxHEIGHT of a JPEG that ffprobe finds sound.
size() {
  quiet ffmpeg -v warning -nostdin -xerror -i "$1" -f null - || return
  ffprobe -v error -show_entries stream=width,height,pix_fmt,codec_name -of csv=p=0 "$1" >probed
  grep -q '^mjpeg,[0-9]*,[0-9]*,yuvj420p$' probed || { cat probed; return 1; }
  cut -d , -f 2,3 probed | tr , x
}

# like FILE CLIP SECONDS [FILTER]: the JPEG shows what ffmpeg decodes there, within what JPEG loses.
like() {
  local dimensions
  dimensions=$(size "$1") || return
  ffmpeg -v error -nostdin -y -ss "$3" -i "$2" -frames:v 1 -vf "${4:+$4,}scale=${dimensions/x/:}:flags=area" wanted.png || return
  ffmpeg -v error -nostdin -i "$1" -i wanted.png \
    -lavfi '[0:v]format=yuv420p[a];[1:v]format=yuv420p[b];[a][b]psnr=stats_file=psnr' -f null - || return
  awk -F 'psnr_avg:' '{ split($2, p, " "); if (p[1] == "inf" || p[1] >= 28) good = 1; else print "PSNR " p[1] } END { exit !good }' psnr
}

@test "the key frame at or before a time, of H.264 and H.265" {
  for kind in h264-b h265; do
    clip=$(clip "$kind" 8)
    rm -rf store/media/cam
    record "$clip"
    cbx-picture cam 2026-11-20 17:00:05.700 -f -o five.jpg 2>said
    grep -q 'five.jpg.: 320 × 240, of 2026-11-20 17:00:05' said
    like five.jpg "$clip" 5
    cbx-picture cam 2026-11-20T17:00:00+09:00 -f -o zero.jpg
    like zero.jpg "$clip" 0
    run ! like zero.jpg "$clip" 5
  done
}

@test "the latest, by default; at most so wide, never larger than recorded" {
  clip=$(clip h264-b 8)
  record "$clip"
  cbx-picture cam -o - >latest.jpg
  like latest.jpg "$clip" 7
  cbx-picture cam latest --width 160 -o small.jpg
  [ "$(size small.jpg)" = 160x120 ]
  like small.jpg "$clip" 7
  cbx-picture cam --width 1920 -o large.jpg
  [ "$(size large.jpg)" = 320x240 ]
}

@test "turned upright, by what the file says" {
  clip=$(clip h264-b 8)
  # What a phone writes that was held so; players turn it back.  Older ffmpegs write the matrix by the first way, newer
  # ones by the second.
  turned() { # DEGREES
    ffmpeg -v error -nostdin -y -i "$clip" -map 0 -c copy -metadata:s:v "rotate=$1" turned.mp4
    [[ -z $(angle) ]] || return 0
    ffmpeg -v error -nostdin -y -display_rotation:v:0 "$1" -i "$clip" -map 0 -c copy turned.mp4
    [[ -n $(angle) ]]
  }
  angle() { ffprobe -v error -select_streams v -show_entries stream_side_data=rotation -of csv=p=0 turned.mp4; }
  local turn
  for turn in 90 180 270; do
    turned "$turn"
    rm -rf store/media/cam
    cut_stream --device cam --start 2026-11-20T17:00:00+09:00 turned.mp4
    cbx-picture cam 2026-11-20 17:00:02.100 -w 120 -f -o turned.jpg
    case $turn in
      180) [ "$(size turned.jpg)" = 120x90 ] ;;
      *) [ "$(size turned.jpg)" = 120x160 ] ;;
    esac
    # ffmpeg turns what it decodes by itself.
    like turned.jpg turned.mp4 2
  done
}

@test "out of the file that is being written, and of no other" {
  clip=$(clip h264-b 8)
  record "$clip"
  # As the recorder leaves it when it is killed: the file that it was writing, under its hidden name.
  last=$(segments store cam | tail -n 1)
  part=${last%/*}/.${last##*/}.part
  cp "$last" whole.mp4
  mv "$last" "$part"
  cbx-picture cam -o latest.jpg
  like latest.jpg "$clip" 7
  # Only the first fragments are there.
  truncate -s $(($(stat -c %s "$part") * 2 / 3)) "$part"
  cbx-picture cam 2026-11-20 17:00:04.5 -f -o latest.jpg
  like latest.jpg "$clip" 4
}

@test "of a file by itself, from standard input too" {
  clip=$(clip h264-b 8)
  record "$clip"
  first=$(segments store cam | head -n 1)
  cbx-picture --file "$first" 2026-11-20T08:00:02.5Z -o a.jpg
  like a.jpg "$clip" 2
  cbx-picture --file - 2026-11-20T08:00:02.5Z -o - <"$first" >b.jpg
  cmp a.jpg b.jpg
}

@test "what is not there, and what is asked wrongly" {
  record "$(clip h264-b 8)"
  run -66 cbx-picture cam 2026-11-20 16:59:59 -o x.jpg
  [[ $output == *"'cam' recorded no picture at 2026-11-20 16:59:59"* ]]
  run -66 cbx-picture cam 2026-11-20 17:00:30 -o x.jpg
  run -66 cbx-picture nobody -o x.jpg
  run -64 cbx-picture cam
  [[ $output == *'-o FILE'* ]]
  run -64 cbx-picture -o x.jpg
  run -64 cbx-picture cam yesterdayish -o x.jpg
  run -64 cbx-picture cam --width 5 -o x.jpg
  [ ! -e x.jpg ]
  echo precious >x.jpg
  run -73 cbx-picture cam -o x.jpg
  [ "$(<x.jpg)" = precious ]
  cbx-picture cam -f -o x.jpg
  [ "$(size x.jpg)" = 320x240 ]
  head -c 100000 /dev/urandom >noise.mp4
  run -65 cbx-picture --file noise.mp4 -o y.jpg
  cut_stream --device mute --start 2026-11-20T17:00:00+09:00 "$(clip audio-only 8)"
  run -66 cbx-picture mute -o y.jpg
  [ ! -e y.jpg ]
}

@test "a damaged key frame gives way to the one before, and no damage makes it crash" {
  clip=$(clip h264-b 8)
  record "$clip"
  file=$(segments store cam | head -n 1)
  python3 - "$file" <<'PY'
import random, sys
data = bytearray(open(sys.argv[1], "rb").read())
random.seed(1)
for n in range(40):
    noise = bytearray(data)
    for _ in range(200):
        noise[random.randrange(len(noise))] = random.randrange(256)
    open(f"noise{n}.mp4", "wb").write(noise)
PY
  for noise in noise*.mp4; do
    code=0
    cbx-picture -q --file "$noise" -f -o n.jpg 2>/dev/null || code=$?
    [[ $code == 0 || $code == 65 || $code == 66 ]] || { echo "$noise: $code"; return 1; }
  done
}
