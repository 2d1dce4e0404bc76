#!/usr/bin/env bats
# cbx-cut: what it copies is what was published, from A to B and nothing else; manifests, signatures, refusals.

# shellcheck disable=SC2154 # pid comes from helpers, stderr from bats

load helpers
load media
load segment

setup_file() { bats_require_minimum_version 1.5.0; }
setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  make_store
}
teardown() { end_all; }

T0=2026-11-20T08:00:01Z # 17:00:01 local

# recorded CLIP [START [OPTION…]]: the clip becomes recordings of `cam`, 2 s each unless told otherwise.
recorded() {
  cut_stream --device cam --length "${length:-2s}" --start "${2:-$T0}" "${@:3}" "$1" && cbx-index -q add <out
}
cut_at() { # RANGE [OPTION…]: c.mp4 of 2026-11-20
  rm -f c.mp4*
  timeout 60 cbx-cut -q cam "2026-11-20 $1" -o c.mp4 "${@:2}" >said && quiet sha256sum -c --strict c.mp4.manifest
}
compare_cut() { "$CBX_SOURCE/tests/tools/compare_cut.py" "$@"; }
decodes() { quiet ffmpeg -v warning -nostdin -xerror -i "$1" -map 0 -f null -; }

# many CLIP COUNT: the recording of the clip, COUNT times, each a minute later and under a name of its own.
many() {
  length=60s recorded "$1"
  local file
  file=$(segments store cam)
  python3 - "$file" "$2" >many <<'PY'
import datetime, json, os, sys
record = json.loads(open("out").readline())
for i in range(int(sys.argv[2])):
    t = datetime.datetime(2026, 11, 20, 8, 0, 1) + datetime.timedelta(minutes=i + 1)
    path = (t + datetime.timedelta(hours=9)).strftime("cam/2026-11-20/%H-%M-%S.000.mp4")
    os.link(sys.argv[1], "store/media/" + path)
    print(json.dumps(dict(record, start=t.strftime("%Y-%m-%dT%H:%M:%S.000Z"), path=path), separators=(",", ":")))
PY
  cbx-index -q add <many
}

# kind CLIP-KIND: across file boundaries, between pictures, whole.
kind() {
  local clip
  clip=$(clip "$1" 6)
  recorded "$clip"
  cut_at 17:00:03.51..17:00:06.21
  compare_cut c.mp4 "$clip@2.51..5.21"
  decodes c.mp4
  cut_at 17:00:01..17:00:07
  compare_cut c.mp4 "$clip@0..6"
}
@test "h264 with B-frames" { kind h264-b; }
@test "h265" { kind h265; }
@test "audio alone" { kind audio-only; }
@test "sound of 44.1 kHz" { kind aac-44100; }
@test "sound that begins late" { kind late-audio; }

@test "begins and ends among B-frames" {
  clip=$(clip h264-b 6)
  recorded "$clip"
  for span in 2.00..3.04 2.36..3.00 2.92..3.48 2.92..3.00; do
    cut_at "17:00:0$(bc <<<"${span%..*} + 1")..17:00:0$(bc <<<"${span#*..} + 1")"
    compare_cut c.mp4 "$clip@$span"
  done
}

@test "gaps and several connections: the time line goes on, sound and picture together" {
  a=$(clip h264-b 6) b=$(clip h264 6)
  recorded "$a"
  recorded "$b" 2026-11-20T08:00:41Z
  recorded "$a" 2026-11-20T08:01:21.500Z
  cut_at 17:00:02.6..17:01:25.7
  compare_cut --joint 60 c.mp4 "$a@1.6..6" "$b@0..6" "$a@0..4.2"
  grep -c '^# gap: ' c.mp4.manifest | grep -qx 2
  run cbx-cut cam '2026-11-20 17:00:02.6..17:01:25.7' -o strict.mp4 --strict
  [ "$status" -eq 1 ]
  [[ $output == *"missing: 2026-11-20 17:00:07..2026-11-20 17:00:41"* ]]
  [ ! -e strict.mp4 ]
  # What is missing at the begin is not shown either.
  cut_at 17:00:30..17:00:45
  compare_cut c.mp4 "$b@0..4"
}

@test "a hundred joints: no drift" {
  clip=$(clip aac-44100 6)
  many "$clip" 100
  cut_at 17:00:01..18:50
  # How far the first sound of each joint is from its picture: as at the first, within a tick of sound.
  ffprobe -v error -show_entries packet=stream_index,pts_time -of csv=p=0 c.mp4 |
    awk -F, '{ n[$1]++ } $1 == 0 && (n[0] - 1) % 150 == 0 { v[++j] = $2 } $1 == 1 && (n[1] - 1) % 259 == 0 { a[++k] = $2 }
      END { if (j != 101 || k != 101) { print j, k; exit 1 }
            for (i = 1; i <= 101; i++) { d = (a[i] - v[i]) - (a[1] - v[1]); if (d > 0.00004 || d < -0.00004) { print i, d; exit 1 } } }'
}

@test "another size goes on in the same file, another codec is refused" {
  a=$(clip h264 6) b=$(clip portrait 6) c=$(clip h265 6)
  length=60s recorded "$a"
  length=60s recorded "$b" 2026-11-20T08:00:07Z
  cut_at 17:00:01..17:00:13
  for f in c.mp4 "$a" "$b"; do
    ffmpeg -v quiet -nostdin -i "$f" -map 0:v -autoscale 0 -f framemd5 - | awk -F, '!/^#/ { print $6 }' >"frames-$(basename "$f")"
  done
  cmp frames-c.mp4 <(cat "frames-$(basename "$a")" "frames-$(basename "$b")")
  length=60s recorded "$c" 2026-11-20T08:00:13Z
  run cbx-cut cam 2026-11-20 -o d.mp4
  [ "$status" -eq 65 ]
  [[ $output == *"from H.264 320x240 to H.265 320x240 at 2026-11-20T17:00:13"*"..2026-11-20T17:00:13.000+09:00 2026-11-20T17:00:13"* ]]
  [ -z "$(find . -maxdepth 1 -name '*d.mp4*')" ]
}

@test "the manifest is signed, and stock openssl checks it" {
  recorded "$(clip h264 6)"
  openssl genpkey -algorithm ed25519 -out key.pem
  cut_at 17:00:02..17:00:06 --sign key.pem
  check() { openssl pkeyutl -verify -pubin -inkey c.mp4.manifest.pub -rawin -in "$1" -sigfile c.mp4.manifest.sig; }
  check c.mp4.manifest
  sed 's/^# device: cam$/# device: cat/' c.mp4.manifest >forged
  run ! cmp -s forged c.mp4.manifest
  run ! check forged
  cmp c.mp4.manifest.pub <(openssl pkey -in key.pem -pubout)
  # The sources, where they are at hand.
  sed -n 's/^# source: //p' c.mp4.manifest >sources
  [ "$(wc -l <sources)" -eq 2 ]
  (cd store/media && sha256sum -c --strict --quiet ../../sources)
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out rsa.pem 2>/dev/null
  fails_with 65 cbx-cut -q cam '2026-11-20 17:00:02..17:00:06' -o d.mp4 --sign rsa.pem
}

@test "a source that is not what was recorded is named, with status 1" {
  recorded "$(clip h264 6)"
  file=$(segments store cam | sed -n 2p)
  size=$(stat -c %s "$file")
  printf 'X' | dd of="$file" bs=1 seek=$((size - 40)) conv=notrunc status=none
  fails_with 1 cbx-cut cam '2026-11-20 17:00:02..17:00:06' -o c.mp4 2>log
  grep -q "'cam/2026-11-20/17-00-02.000.mp4' is not what was recorded" log
  grep -q '^#   hash: read again, DIFFERS: ' c.mp4.manifest
  truncate -s $((size / 2)) "$file"
  run cbx-cut cam '2026-11-20 17:00:02..17:00:06' -o d.mp4
  [ "$status" -eq 65 ]
  [[ $output == *"${file#store/media/}"* ]]
  [ -z "$(find . -maxdepth 1 -name '*d.mp4*')" ]
}

@test "names, folders, overwriting, dry run, records" {
  recorded "$(clip h264 6)"
  [ "$(cbx-cut -q cam '2026-11-20 17:00:02..17:00:06')" = cam_2026-11-20_17-00-02_+0900.mp4 ]
  quiet sha256sum -c cam_2026-11-20_17-00-02_+0900.mp4.manifest
  fails_with 73 cbx-cut -q cam '2026-11-20 17:00:02..17:00:06'
  mkdir folder
  cbx-cut -q cam '2026-11-20 17:00:02..17:00:06' -o folder --json >record
  jq -e '.type == "cut" and .path == "folder/cam_2026-11-20_17-00-02_+0900.mp4" and .sources == 2 and .duration_ms == 4000' record
  (cd folder && quiet sha256sum -c -- *.manifest)
  jq -r '"\(.sha256)  \(.path)"' record | quiet sha256sum -c
  cp folder/*.mp4 before.mp4
  cbx-cut -q cam '2026-11-20 17:00:02..17:00:05' -o folder --force
  run ! cmp -s before.mp4 folder/*.mp4
  cbx-cut -n -q cam '2026-11-20 17:00:02..17:00:05' -o dry.mp4 --json | jq -e '.dry_run and .bytes > 1000'
  [ ! -e dry.mp4 ]
  cbx-cut -q cam '2026-11-20 17:00:02..17:00:05' -o - --manifest m >piped.mp4
  cmp piped.mp4 folder/*.mp4
  [ -z "$(find . -name '*.part' -not -path './store/*')" ]
  fails_with 66 cbx-cut -q cam '2026-11-19 17:00..17:05'
  fails_with 66 cbx-cut -q nobody 2026-11-20
  fails_with 64 cbx-cut -q cam
  fails_with 74 cbx-cut -q cam 2026-11-20 -o - >/dev/full
}

@test "a full disk leaves nothing half" {
  recorded "$(clip noisy 6)"
  mkdir small
  mount -t tmpfs -o size=300k none small 2>/dev/null || skip "a tmpfs may not be mounted"
  fails_with 73 cbx-cut -q cam 2026-11-20 -o small/c.mp4 || fault=1
  left=$(ls -A small)
  umount small
  [ -z "${fault:-}" ] && [ -z "$left" ]
}

camera() { # CLIP LENGTH: in real time into the recorder, whose announcements the index takes
  ffmpeg -v error -nostdin -re -i "$1" -map 0 -c copy -f mpegts - | cbx-segment -q --device cam --length "$2" | cbx-index -q add
}
files() { [[ $(find store/media/cam -name '*.mp4*' | wc -l) -ge $1 ]]; }
has_bytes() { [[ $(stat -c %s "$1") -ge $2 ]]; }

@test "following a camera: from A on, over finished files and the growing one, until it is silent" {
  clip=$(clip h264-b 7)
  cbx-index -q init --utc-offset +09:00
  background camera "$clip" 2s
  camera=$pid
  wait_until 20 files 3 # the first may be short: A must have been
  first=$(find store/media/cam -name '*.mp4*' -printf '%f\n' | tr -d . | sort | head -n 1)
  first=${first%mp4*}
  A=$(python3 -c 'import sys, datetime as d
t = d.datetime.strptime(sys.argv[1], "%H-%M-%S%f") + d.timedelta(seconds=1.4)
print(t.strftime("%H:%M:%S.%f")[:-3])' "$first")
  day=$(find store/media/cam -mindepth 1 -type d -printf '%f\n' | sort | head -n 1)
  background timeout 60 cbx-cut -q cam "$day $A.." -o - >whole.mp4
  whole=$pid
  # Another is stopped while it waits for more.
  background cbx-cut -q cam "$day $A.." -o - >stopped.mp4
  stopped=$pid
  wait_until 20 files 4
  wait_until 20 has_bytes stopped.mp4 100000
  kill -TERM "$stopped"
  wait_end "$stopped" 10
  decodes stopped.mp4
  wait_end "$camera" 30
  wait_end "$whole" 40
  compare_cut --fragmented whole.mp4 "$clip@1..7"
  # Of the last group of B-frames some may lack.
  content_hashes stopped.mp4 0:v | head -n -4 >stopped-pictures
  content_hashes whole.mp4 0:v | head -n "$(wc -l <stopped-pictures)" | cmp - stopped-pictures
  [ "$(wc -l <stopped-pictures)" -ge 25 ]
}

@test "following over a gap, until the configuration changes" {
  a=$(clip h264-b 6)
  recorded "$a"
  recorded "$a" 2026-11-20T08:00:41Z
  recorded "$(clip portrait 6)" 2026-11-20T08:01:21Z
  run --separate-stderr timeout 60 bash -c 'cbx-cut cam "2026-11-20 17:00:02.4.." -o - >c.mp4'
  [ "$status" -eq 1 ]
  [[ $stderr == *"changes from H.264 320x240"*"to H.264 240x320"*"17:01:21"* ]]
  decodes c.mp4
  compare_cut --fragmented --joint 150 c.mp4 "$a@1..6" "$a@0..6"
}

@test "a reader that reads no more: a signal ends it all the same" {
  recorded "$(clip noisy 6)"
  mkfifo pipe
  exec 5<>pipe # opened both ways, so that nobody waits for the other end
  background cbx-cut -q cam '2026-11-20 17:00:01..' -o - >pipe 5>&-
  head -c 1000 <&5 >/dev/null
  sleep 1 # until the pipe is full, usually: then a fragment is cut short, which is an error
  kill -TERM "$pid"
  code=0
  wait_end "$pid" 20 || code=$?
  [ "$code" -eq 74 ] || [ "$code" -eq 0 ]
  exec 5<&-
}

@test "a signal while a file is made leaves nothing" {
  many "$(clip noisy 6)" 80
  mkdir made
  for signal in TERM INT; do
    for try in {1..20}; do
      rm -f made/*
      background cbx-cut -q cam 2026-11-20 -o made/c.mp4
      until compgen -G 'made/.c.mp4.*' || process_gone "$pid"; do :; done >/dev/null
      kill -s "$signal" "$pid"
      code=0
      wait "$pid" || code=$?
      # It may have been faster than the signal.
      [ "$code" -eq 0 ] || break
      quiet sha256sum -c made/c.mp4.manifest
    done
    echo "$signal: $code at the try $try"
    [ "$code" -eq 75 ]
    [ -z "$(ls -A made)" ]
  done
}
