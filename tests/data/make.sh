#!/bin/sh
# Makes the tiny transport streams beside it.  Run by hand; what is committed is what the tests were written against.
set -eu
cd "$(dirname "$0")"

ff() { ffmpeg -nostdin -hide_banner -loglevel error -y "$@"; }
video='testsrc=size=96x64:rate=25:duration=2'
audio='sine=frequency=440:sample_rate=48000:duration=2'
x264='-c:v libx264 -preset veryfast -b:v 24k -pix_fmt yuv420p -threads 1 -fflags +bitexact -flags +bitexact'

# shellcheck disable=SC2086
{
  ff -f lavfi -i $video -f lavfi -i $audio $x264 -g 25 -bf 2 -c:a aac -b:a 24k -ac 1 h264_aac.ts
  ff -f lavfi -i $video -f lavfi -i $audio -c:v libx265 -preset veryfast -b:v 24k -pix_fmt yuv420p \
    -x265-params log-level=error:pools=1:frame-threads=1:keyint=25:info=0 -c:a aac -b:a 24k -ac 1 -mpegts_flags latm h265_latm.ts
  ff -f lavfi -i $audio -c:a mp2 -b:a 48k -ac 1 mp2.ts
  ff -f lavfi -i $audio -c:a libmp3lame -b:a 32k -ac 1 mp3.ts
  ff -f lavfi -i sine=sample_rate=22050:duration=2 -c:a libmp3lame -b:a 16k -ac 1 mp3_lsf.ts
  ff -f lavfi -i $audio -c:a ac3 -b:a 56k -ac 1 ac3.ts
  ff -f lavfi -i $audio -c:a eac3 -b:a 48k -ac 1 eac3.ts
  ff -f lavfi -i $audio -c:a libopus -b:a 24k -ac 1 opus.ts
  ff -f lavfi -i testsrc=size=96x64:rate=25:duration=1 -c:v mpeg2video -b:v 60k mpeg2.ts
  ff -i h264_aac.ts -c:v copy -c:a ac3 -b:a 40k -t 1 -mpegts_m2ts_mode 1 h264_ac3.m2ts
}
