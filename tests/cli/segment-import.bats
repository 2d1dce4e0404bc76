#!/usr/bin/env bats
# cbx-segment imports recordings: every kind of stream and container, where they begin, and what it refuses.

load helpers
load media
load segment

setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  make_store
}
teardown() { end_all; }

AT=2026-11-20T08:00:01Z # with --length 5s, the 6 s of a clip make two files

# imported SOURCE FILE [OPTION…]: FILE, made from the transport stream SOURCE, becomes sound files that hold all of it.
imported() {
  local source=$1 file=$2
  shift 2
  cut_stream --device cam --length 5s --start "$AT" "$file" || return
  [[ ! -s log ]] || { cat log >&2; return 1; }
  field path cam >paths
  cat paths
  mapfile -t files < <(segments store cam)
  check_segment "${files[@]}" || return
  compare_recording --whole "$@" "$source" "${files[@]}" || return
  # Two threads finish files: the order of their records is open.
  cmp <(sort store/media/cam/*/records.jsonl) <(sort out)
}

# kind KIND NUMBER: a clip as it is; it becomes so many files.
kind() {
  local clip
  clip=$(clip "$1" 6)
  imported "$clip" "$clip"
  [[ ${#files[@]} -eq $2 ]]
}

# container KIND NAME: the same in another container.
container() {
  local clip
  clip=$(clip "$1" 6)
  ffmpeg -v error -nostdin -i "$clip" -map 0 -c copy "${@:3}" "$2"
  imported "$2" "$2"
  [[ ${#files[@]} -eq 2 ]]
}

@test "h264" {
  kind h264 2
  [ "$(field '"\(.start) \(.duration_ms) \(.video) \(.width)x\(.height) \(.fps) \(.audio) \(.source) \(.end)"' cam)" = \
    "2026-11-20T08:00:01.000Z 4000 h264 320x240 25 aac import rotate
2026-11-20T08:00:05.000Z 2000 h264 320x240 25 aac import close" ]
  cmp paths - <<<$'cam/2026-11-20/17-00-01.000.mp4\ncam/2026-11-20/17-00-05.000.mp4'
}
@test "h264 with B-frames" { kind h264-b 2; }
@test "h265" {
  kind h265 2
  [ "$(field video cam | uniq)" = h265 ]
}
@test "uneven frame rate" { kind vfr 2; }
@test "late sound" { kind late-audio 2; }
@test "early sound" { kind early-audio 2; }
@test "AAC of 44.1 kHz" { kind aac-44100 2; }
@test "MP2" { kind mp2 2; }
@test "MP3" { kind mp3 2; }
@test "AC-3" { kind ac3 2; }
@test "E-AC-3" { kind eac3 2; }
@test "Opus" { kind opus 2; }
@test "LATM" {
  latm=$(clip latm 6)
  imported "$(clip h264 6)" "$latm"
  [ "$(field .audio cam | uniq)" = aac ]
}
@test "video only" { kind video-only 2; }
@test "audio only" { kind audio-only 2; }
@test "portrait" {
  kind portrait 2
  [ "$(field '"\(.width)x\(.height) \(.rotation)"' cam | uniq)" = "240x320 null" ]
}
@test "noisy" { kind noisy 2; }

@test "h264 with B-frames in MP4" { container h264-b a.mp4; }
@test "h264 with B-frames in fragmented MP4" { container h264-b a.mp4 -movflags frag_keyframe+delay_moov -bsf:a aac_adtstoasc; }
@test "h264 with B-frames in MKV" { container h264-b a.mkv; }
@test "h264 with B-frames in MOV" { container h264-b a.mov; }
@test "h264 with B-frames in FLV" { container h264-b a.flv; }
@test "h265 in MP4" { container h265 a.mp4 -tag:v hvc1; }
@test "h265 in MP4, as hev1" { container h265 a.mp4 -tag:v hev1; }
@test "h265 in MKV" { container h265 a.mkv; }
@test "h265 in MOV" { container h265 a.mov -tag:v hvc1; }

@test "a container on standard input" {
  clip=$(clip h264-b 6)
  ffmpeg -v error -nostdin -i "$clip" -map 0 -c copy a.mkv
  cut_stream --device cam --start "$AT" < <(cat a.mkv)
  compare_recording --whole a.mkv "$(segments store)"
  # An MP4 whose index is at its end needs a file.
  ffmpeg -v error -nostdin -i "$clip" -map 0 -c copy a.mp4
  cut_stream --device cam2 --start "$AT" <a.mp4
  compare_recording --whole a.mp4 "$(segments store cam2)"
  fails_with 65 cut_stream --device cam3 --start "$AT" < <(cat a.mp4)
  grep -q 'from a pipe' log
}

@test "a turned picture stays turned" {
  ffmpeg -v error -nostdin -i "$(clip h264 6)" -map 0 -c copy -metadata:s:v rotate=90 turned.mp4
  angle() { ffprobe -v error -select_streams v -show_entries stream_side_data=rotation -of csv=p=0 "$1"; }
  local turn
  turn=$(angle turned.mp4 | head -n 1) # counter-clockwise
  [ "${turn#-}" = 90 ]
  imported turned.mp4 turned.mp4
  for file in "${files[@]}"; do [ "$(angle "$file" | head -n 1)" = "$turn" ]; done
  [ "$(field rotation cam | uniq)" = $(((360 - turn) % 360)) ]
}

@test "several files follow on each other" {
  clip=$(clip h264 6)
  cut_stream --device cam --start "$AT" "$clip" "$(clip h264-b 6)" "$clip"
  [ "$(field start cam)" = "2026-11-20T08:00:01.000Z
2026-11-20T08:00:07.000Z
2026-11-20T08:00:13.000Z" ]
}

@test "importing again changes nothing" {
  clip=$(clip h264-b 6)
  cut_stream --device cam --length 5s --start "$AT" "$clip"
  records cam >before
  find store -type f -printf '%p %T@\n' | sort >files-before
  cut_stream --device cam --length 5s --start "$AT" "$clip"
  [ ! -s out ]
  records cam | cmp before
  find store -type f -printf '%p %T@\n' | sort | cmp files-before
  # Another recording of the same moment is kept beside it.
  cut_stream --device cam --length 5s --start "$AT" "$(clip h264 6)"
  [ "$(field start cam | head -n 2)" = $'2026-11-20T08:00:01.000Z\n2026-11-20T08:00:01.001Z' ]
}

@test "--start as people write it" {
  cut_stream --device cam --start '2026-11-20 17:01' "$(clip h264 6)"
  [ "$(field start cam)" = 2026-11-20T08:01:00.000Z ]
  fails_with 64 cut_stream --device cam --start yesterdayish "$(clip h264 6)"
}

@test "--start-from name" {
  cp "$(clip h264 6)" NO20261120_170203F.ts
  cp "$(clip h264-b 6)" NO20261120_170503F.ts
  cut_stream --device cam --start-from 'name:%Y%m%d_%H%M%S' NO*.ts
  [ "$(field start cam)" = $'2026-11-20T08:02:03.000Z\n2026-11-20T08:05:03.000Z' ]
  # One whose name tells nothing does not stop the others.
  cp "$(clip h264 6)" about.ts
  fails_with 65 cut_stream --device cam2 --start-from 'name:%Y%m%d_%H%M%S' about.ts NO*.ts
  grep -q "about.ts.*no time like" log
  [ "$(field start cam2 | wc -l)" = 2 ]
  # Seconds of the epoch, and times with an offset, mean the same whatever zone the system is in.
  cp "$(clip h264 6)" 1795161723.ts
  TZ=America/New_York cut_stream --device cam3 --start-from 'name:%s' 1795161723.ts
  cp "$(clip h264 6)" 2026-11-20T10:05:03+0200.ts
  TZ=America/New_York cut_stream --device cam3 --start-from 'name:%Y-%m-%dT%H:%M:%S%z' 2026-*+0200.ts
  [ "$(field start cam3)" = $'2026-11-20T08:02:03.000Z\n2026-11-20T08:05:03.000Z' ]
  fails_with 64 cut_stream --device cam --start-from noise about.ts
  fails_with 64 cut_stream --device cam about.ts
  grep -q -- '--start' log
}

@test "--start-from meta" {
  ffmpeg -v error -nostdin -i "$(clip h264 6)" -map 0 -c copy -metadata creation_time=2026-11-20T08:07:09Z a.mp4
  cut_stream --device cam --start-from meta a.mp4
  [ "$(field start cam)" = 2026-11-20T08:07:09.000Z ]
  fails_with 65 cut_stream --device cam --start-from meta "$(clip h264 6)"
  grep -q 'no creation time' log
}

@test "--start-from mtime" {
  ffmpeg -v error -nostdin -i "$(clip video-only 6)" -map 0 -c copy a.mp4
  touch -d 2026-11-20T08:10:00Z a.mp4
  cut_stream --device cam --start-from mtime a.mp4
  [ "$(field start cam)" = 2026-11-20T08:09:54.000Z ]
}

@test "video that cannot be carried" {
  fails_with 65 cut_stream --device cam --start "$AT" "$(clip mpeg2 6)"
  grep -qi 'mpeg-2' log
  [ "$(field '"\(.cause) \(.start)"' cam gap)" = 'unsupported 2026-11-20T08:00:01.000Z' ]
  ffmpeg -v error -nostdin -i "$(clip mpeg2 6)" -map 0 -c copy a.mkv
  fails_with 65 cut_stream --device cam2 --start "$AT" a.mkv
  [ "$(field cause cam2 gap)" = unsupported ]
  # The live side alike.
  fails_with 65 cut_stream --device cam3 < <(cat "$(clip mpeg2 6)")
  [ "$(field cause cam3 gap)" = unsupported ]
}

@test "what is no recording" {
  head -c 100000 /dev/zero | tr '\0' x >rubbish
  fails_with 65 cut_stream --device cam --start "$AT" rubbish
  grep -q "'rubbish'.*unknown or damaged" log
  fails_with 65 cut_stream --device cam --start "$AT" <rubbish
  : >empty
  fails_with 65 cut_stream --device cam --start "$AT" empty
  fails_with 66 cut_stream --device cam --start "$AT" missing.ts
  grep -q "'missing.ts': cannot open" log
  fails_with 66 cut_stream --device cam --start "$AT" "$PWD"
  # The others are imported nevertheless; those that follow on are not, as nobody knows when they began.
  cp "$(clip h264 6)" 20261120_170203.ts
  fails_with 66 cut_stream --device cam --start-from 'name:%Y%m%d_%H%M%S' missing.ts 20261120_170203.ts
  [ "$(field start cam)" = 2026-11-20T08:02:03.000Z ]
  fails_with 66 cut_stream --device cam2 --start "$AT" missing.ts 20261120_170203.ts
  [ -z "$(segments store cam2 2>/dev/null)" ]
}

@test "bad command lines and stores" {
  clip=$(clip h264 6)
  fails_with 64 cut_stream --start "$AT" "$clip"
  grep -q -- '--device' log
  fails_with 64 cut_stream < <(cat "$clip")
  fails_with 64 cut_stream --device '../up' --start "$AT" "$clip"
  fails_with 64 cut_stream --device cam --length 0s --start "$AT" "$clip"
  fails_with 64 cut_stream --device cam --start "$AT" --start-from meta "$clip"
  fails_with 78 cut_stream --root nowhere --device cam --start "$AT" "$clip"
  fails_with 78 cut_stream --root / --device cam --start "$AT" "$clip"
}

@test "a disk that does not take it all" {
  clip=$(clip h264 6)
  # A limit on file sizes stands in for the full disk; it needs no rights.
  limited() (
    trap '' XFSZ
    ulimit -f 200
    cut_stream --device cam --start "$AT" "$clip"
  )
  fails_with 74 limited
  grep -q "'$clip': imported only up to .*: cannot write" log
}
