# Numbered pictures, a server over the recorder's root, and players.  `load web` in a bats file, beside recorder.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2016  # for the tests, and from helpers.bash; inner shells expand for themselves

# numbered_clip FIRST SECONDS [h264|h265]: prints the path of an MPEG-TS of 25 pictures a second whose upper sixth shows
# their numbers, from FIRST on: 16 fields from left to right, white for 1, the lowest bit first.  A key picture a second,
# B-frames, AAC.
numbered_clip() {
  local first=$1 seconds=$2 codec=${3:-h264}
  local file=$CBX_CLIPS/numbered-$codec-$first-$seconds-1.ts
  local video=(-c:v libx264 -preset ultrafast -g 25 -keyint_min 25 -sc_threshold 0 -bf 2 -threads 2)
  [[ $codec == h264 ]] || video=(-c:v libx265 -preset ultrafast -x265-params
    'keyint=25:min-keyint=25:scenecut=0:open-gop=0:bframes=2:log-level=error')
  if [[ ! -s $file ]]; then
    mkdir -p "$CBX_CLIPS"
    ffmpeg -v error -nostdin -y -f lavfi -i "testsrc2=size=320x240:rate=25:duration=$seconds" \
      -f lavfi -i "color=c=black:s=16x2:r=25:d=$seconds,format=gray,geq=lum='16+219*gt(bitand(N+$first\,pow(2\,X))\,0)',scale=320:40:flags=neighbor,format=yuv420p" \
      -f lavfi -i "sine=frequency=440:beep_factor=4:sample_rate=48000:duration=$seconds" \
      -filter_complex '[0:v][1:v]overlay=0:0[v]' -map '[v]' -map 2:a "${video[@]}" -c:a aac -b:a 96k -pix_fmt yuv420p \
      -t "$seconds" -f mpegts "$file.$BASHPID" && mv "$file.$BASHPID" "$file" || return
  fi
  echo "$file"
}

# web_modules: the players, as tests/web/package-lock.json has them; a developer's copy is brought up to date.
web_modules() {
  local web=$CBX_SOURCE/tests/web
  [[ $web/node_modules/.package-lock.json -nt $web/package-lock.json ]] || (cd "$web" && npm ci >/dev/null)
}

# start_server [OPTION...]: cbx-serve over CBX_ROOT; sets server (its id) and origin.
start_server() {
  local port
  port=$(free_port)
  mkfifo "$CBX_ROOT/serving"
  background bash -c 'exec cbx-serve -q --listen "127.0.0.1:$1" --ready-fd 7 "${@:2}" 7>"$CBX_ROOT/serving" 2>>"$CBX_ROOT/serve.log"' \
    serve "$port" "$@"
  server=$pid
  if ! timeout 60 head -n 1 "$CBX_ROOT/serving" >/dev/null || ! kill -0 "$server"; then
    cat "$CBX_ROOT/serve.log" >&2
    return 1
  fi
  rm "$CBX_ROOT/serving"
  origin=http://127.0.0.1:$port
}

# share_link DEVICE: the prefix under which whoever has it may look at the device.
share_link() { echo "$origin/t/$(cbx-account -q device share "$1" --link --json | jq -r .token)"; }

# play SCRIPT ARGUMENT...: one of tests/web.
play() {
  local script=$1
  shift
  timeout 150 node "$CBX_SOURCE/tests/web/$script.js" "$@"
}

# picture_hashes URL-OR-FILE [INPUT-OPTION...]: a hash of each decoded picture, in order.
picture_hashes() {
  ffmpeg -v error -nostdin "${@:2}" -i "$1" -map 0:v:0 -fps_mode passthrough -f framemd5 - | awk '!/^#/ { print $NF }'
}
# sound_hashes URL-OR-FILE [INPUT-OPTION...]: of each packet of sound, without ADTS headers.
sound_hashes() {
  ffmpeg -v error -nostdin "${@:2}" -i "$1" -map 0:a:0 -c copy -bsf:a aac_adtstoasc -f framemd5 - |
    awk -F, '!/^#/ { print $6 }'
}
