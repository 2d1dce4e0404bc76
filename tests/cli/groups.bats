#!/usr/bin/env bats
# What the records tell playlists of the recorded files: codecs, init segments, groups of whole GOPs.

load helpers
load media
load segment

setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  make_store
}
teardown() { end_all; }

# groups KIND CODECS DURATION…: a clip of 20 s, in one file, is of these codecs and has groups of these milliseconds.
groups() {
  local clip
  clip=$(clip "$1" 20)
  cut_stream --device cam --start 2026-11-20T08:00:00Z "$clip" || return
  "$CBX_SOURCE/tests/tools/check_groups.py" store cam >told || return
  cat told
  [[ $(cut -d ' ' -f 2- told) == "${*:2}" ]]
}

@test "H.264 and AAC" { groups h264 'avc1.64000d,mp4a.40.2' 6000 6000 6000 2000; }
@test "H.264 with B-frames" { groups h264-b 'avc1.64000d,mp4a.40.2' 6000 6000 6000 2000; }
@test "H.265" { groups h265 'hvc1.1.6.L60.90,mp4a.40.2' 6000 6000 6000 2000; }
@test "an uneven frame rate" { groups vfr 'avc1.64000d,mp4a.40.2' 6800 6800 6480; }

@test "sound alone" {
  cut_stream --device cam --start 2026-11-20T08:00:00Z "$(clip audio-only 20)"
  "$CBX_SOURCE/tests/tools/check_groups.py" store cam
  [ "$(field '.groups | length' cam)" -ge 3 ]
}

@test "files of a stream share their init segment, and the index tells all of it again" {
  cut_stream --device cam --length 5s --start 2026-11-20T08:00:00Z "$(clip h264 20)"
  [ "$(field init cam | sort -u | wc -l)" = 1 ]
  [ "$(field codecs cam | sort -u)" = avc1.64000d,mp4a.40.2 ]
  cbx-index add --catch-up
  cbx-index list --json cam >indexed
  cmp <(records cam | jq -S 'select(.type == "segment")') <(jq -S . indexed)
  cbx-verify --rebuild
  cbx-index list --json cam | cmp - indexed
  cbx-verify
}

@test "a file that the journal lost is adopted with its groups" {
  # An adopted file lasts as long as the longer of its tracks: the last group's duration may be another.
  local told='{codecs, init, media_offset, bytes: .groups | map(.[0]), ms: .groups[:-1] | map(.[1])}'
  cut_stream --device cam --start 2026-11-20T08:00:00Z "$(clip h264 20)"
  field "$told" cam >before
  : >store/media/cam/2026-11-20/records.jsonl
  touch -d '1 hour ago' store/media/cam/2026-11-20/*.mp4
  cbx-verify --repair || [ $? = 1 ]
  field "$told" cam >after
  cmp before after
}
