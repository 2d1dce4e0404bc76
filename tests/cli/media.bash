# Test clips, and what every finished segment file must pass.  `load media` in a bats file.
# shellcheck shell=bash

CBX_SOURCE=${CBX_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
CBX_CLIPS=${CBX_CLIPS:-${BATS_RUN_TMPDIR:-${TMPDIR:-/tmp}}/cbx-clips}

# clip KIND [SECONDS]: prints the path of an MPEG-TS made by ffmpeg, kept for the next that asks.  All have a key frame
# a second, 25 fps (but vfr), 320x240, and AAC of 48 kHz (but where the name says otherwise).
#   h264          without B-frames
#   h264-b        with B-frames
#   h265          H.265 with B-frames
#   vfr           H.264, frames at uneven times
#   late-audio    the sound begins 1.5 s after the picture
#   early-audio   the picture begins 1.5 s after the sound
#   aac-44100     H.264, AAC of 44.1 kHz
#   mp2, mp3, ac3, eac3, opus   H.264 with this sound
#   latm          what h264 is made of, its AAC in LATM: compare with `clip h264`
#   video-only, audio-only
#   mpeg2         MPEG-2 video, which a segment file cannot carry
#   portrait      H.264, 240x320
#   noisy         H.264 of about 4 Mbit/s
clip() {
  local kind=$1 seconds=${2:-8}
  local size=320x240 rate=25 graph='' muxer=()
  local video=(-c:v libx264 -preset veryfast -g 25 -keyint_min 25 -sc_threshold 0 -bf 0 -threads 2)
  local audio=(-c:a aac -b:a 96k -ar 48000)
  case $kind in
    h264 | late-audio | early-audio) ;;
    h264-b) video+=(-bf 3) ;;
    h265)
      video=(-c:v libx265 -preset ultrafast -x265-params
        'keyint=25:min-keyint=25:scenecut=0:open-gop=0:bframes=2:log-level=error')
      ;;
    vfr) graph="select='mod(n,7)*mod(n,3)+not(mod(n,25))'" ;;
    aac-44100) audio=(-c:a aac -b:a 96k -ar 44100) ;;
    mp2) audio=(-c:a mp2 -b:a 128k) ;;
    mp3) audio=(-c:a libmp3lame -b:a 128k) ;;
    ac3 | eac3) audio=(-c:a "$kind" -b:a 128k) ;;
    opus) audio=(-c:a libopus -b:a 64k) ;;
    latm) muxer=(-mpegts_flags latm) ;;
    video-only) audio=(-an) ;;
    audio-only) video=(-vn) ;;
    mpeg2) video=(-c:v mpeg2video -g 25 -b:v 1M) ;;
    portrait) size=240x320 ;;
    noisy) graph='noise=alls=30:allf=t' video+=(-b:v 4M -maxrate 4M -bufsize 2M) ;;
    *)
      echo "clip: no kind '$kind'" >&2
      return 64
      ;;
  esac
  [[ -n $graph ]] && video+=(-vf "$graph" -fps_mode passthrough)
  local late_video=0 late_audio=0
  [[ $kind == late-audio ]] && late_audio=1.5
  [[ $kind == early-audio ]] && late_video=1.5
  local command=(ffmpeg -v error -nostdin -y
    -itsoffset "$late_video" -f lavfi -i "testsrc2=size=$size:rate=$rate:duration=$seconds"
    -itsoffset "$late_audio" -f lavfi -i "sine=frequency=440:beep_factor=4:sample_rate=48000:duration=$seconds"
    -map 0:v -map 1:a "${video[@]}" "${audio[@]}" -pix_fmt yuv420p -t "$seconds" "${muxer[@]}" -f mpegts)
  local file
  file=$CBX_CLIPS/$kind-$seconds-$(cksum <<<"${command[*]}" | cut -d ' ' -f 1).ts
  if [[ ! -s $file ]]; then
    mkdir -p "$CBX_CLIPS"
    "${command[@]}" "$file.$BASHPID" && mv "$file.$BASHPID" "$file" || return
  fi
  echo "$file"
}

# check_segment FILE...: each is a sound finished segment file.  As a plain MP4: the moov first and not fragmented, no
# complaint of ffprobe, decodes whole.  Through its hidden fragments: the same tables, played as fragmented MP4 (the
# same pictures and sound), and each track alone.
check_segment() {
  local file
  [[ $# -gt 0 ]] || { echo 'check_segment: no file' >&2; return 64; }
  for file in "$@"; do
    check_one_segment "$file" || return
  done
}

quiet() { # COMMAND...: succeeds, and says nothing on stderr
  local said
  if ! said=$("$@" 2>&1 >/dev/null) || [[ -n $said ]]; then
    printf '%s:\n%s\n' "$*" "$said" >&2
    return 1
  fi
}

check_one_segment() {
  local file=$1 boxes=$CBX_SOURCE/tests/tools/segment_boxes.py scratch track result=0
  "$boxes" check "$file" || return
  quiet ffprobe -v warning -show_streams -show_format -show_packets "$file" || return
  quiet ffmpeg -v warning -nostdin -xerror -i "$file" -map 0 -f null - || return
  scratch=$(mktemp -d)
  check_hidden "$file" "$scratch" || result=$?
  rm -rf "$scratch"
  return "$result"
}

content_hashes() { # FILE [MAP]: one hash for each decoded picture and each piece of sound
  ffmpeg -v error -nostdin -i "$1" -map "${2:-0}" -fps_mode passthrough -f framemd5 - |
    awk -F, '!/^#/ { print $1, $6 }' | sort -s -n -k 1,1
}

check_hidden() { # FILE SCRATCH
  local file=$1 scratch=$2 boxes=$CBX_SOURCE/tests/tools/segment_boxes.py track
  "$boxes" extract "$file" "$scratch/whole.mp4" || return
  # The presentation of hidden fragments starts at their absolute time, which ffmpeg remarks on from level info on.
  quiet ffmpeg -v warning -nostdin -xerror -i "$scratch/whole.mp4" -map 0 -f null - || return
  content_hashes "$file" >"$scratch/plain"
  content_hashes "$scratch/whole.mp4" >"$scratch/hidden"
  cmp "$scratch/plain" "$scratch/hidden" || { echo "$file: other content in the hidden fragments" >&2; return 1; }
  local number=0  # of the track among those that hold something
  for track in $("$boxes" tracks "$file"); do
    "$boxes" extract "$file" "$scratch/track.mp4" "$track" || return
    quiet ffmpeg -v warning -nostdin -xerror -i "$scratch/track.mp4" -map 0 -f null - || return
    content_hashes "$scratch/track.mp4" | cut -d ' ' -f 2 >"$scratch/alone"
    content_hashes "$file" "0:$number" | cut -d ' ' -f 2 >"$scratch/of-file"
    cmp "$scratch/alone" "$scratch/of-file" || { echo "$file: track $track alone differs" >&2; return 1; }
    number=$((number + 1))
  done
}

# compare_recording [OPTION...] SOURCE FILE...: the files, in order, are what the source sent (see the script's help).
compare_recording() { "$CBX_SOURCE/tests/tools/compare_recording.py" "$@"; }

# segments ROOT [DEVICE]: the finished files, in the order of time.
segments() { find "$1/media/${2:-}" -name '[0-9]*.mp4' | sort; }
