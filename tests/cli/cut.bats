#!/usr/bin/env bats
# cbx-cut: what it copies is what was published, from A to B and nothing else; manifests, signatures, refusals.

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
  length=60s recorded "$clip"
  file=$(segments store cam)
  # The same recording a hundred times, each in a file of its own.
  for i in {1..100}; do
    start=$(date -u -d "2026-11-20T08:00:01Z + $((i * 60)) seconds" +%Y-%m-%dT%H:%M:%S.000Z)
    path=cam/2026-11-20/$(date -u -d "${start%.000Z}Z + 9 hours" +%H-%M-%S).000.mp4
    ln "$file" "store/media/$path"
    jq -c --arg s "$start" --arg p "$path" '.start = $s | .path = $p' out
  done >others
  cbx-index -q add <others
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
