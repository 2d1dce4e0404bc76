#!/bin/bash
# See cbx record and play: installs what is needed, builds, starts the recorder on a fresh store with two synthetic
# cameras (real ffmpeg publishers over SRT) and the server beside it, shows files and index growing, and prints the
# page's address with a log-in made for this run, and addresses for players, until Ctrl-C.
#
# Usage: examples/quickstart.sh [--for DURATION] [--root DIR] [--port PORT] [--http-port PORT] [--build DIR]
#   --for DURATION  end by itself after so long (90s, 5m); exit 0 only if indexed files came out, and they and the
#                   addresses play, and the log-in lets in
#   --root DIR      where to keep the store (default: a new temporary folder)
#   --port PORT     UDP port that cameras send to, on the loopback address (default: a free one)
#   --http-port PORT  TCP port that players ask, on the loopback address (default: a free one)
#   --build DIR     build folder (default: build)
# CBX_NO_INSTALL=1 installs nothing.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$source/build
root='' port='' http_port='' length=0
cameras=(front rear)

usage() { sed -n '2,/^set -e/{/^set -e/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }
die() { # STATUS MESSAGE
  printf 'quickstart: %s\n' "$2" >&2
  exit "$1"
}
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi
title() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s%s%s\n' "$dim" "$*" "$plain"; }

seconds() { # 90, 90s, 5m, 1h
  [[ $1 =~ ^([0-9]{1,6})([smh]?)$ ]] || die 64 "'$1' is no duration (like 90s or 5m)"
  case ${BASH_REMATCH[2]} in
    m) echo $((10#${BASH_REMATCH[1]} * 60)) ;;
    h) echo $((10#${BASH_REMATCH[1]} * 3600)) ;;
    *) echo $((10#${BASH_REMATCH[1]})) ;;
  esac
}

while [[ $# -gt 0 ]]; do
  case $1 in
    --for | --root | --port | --http-port | --build) [[ $# -ge 2 ]] || die 64 "$1 needs a value" ;;&
    --for) length=$(seconds "$2") && shift ;;
    --root) root=$2 && shift ;;
    --port) port=$2 && shift ;;
    --http-port) http_port=$2 && shift ;;
    --build) build=$2 && shift ;;
    -h | --help) usage && exit ;;
    *) usage >&2 && exit 64 ;;
  esac
  shift
done
for given in "$port" "$http_port"; do
  [[ -z $given || $given =~ ^[0-9]{1,5}$ ]] || die 64 "'$given' is no port"
done

port_is_taken() { grep -qi ":$(printf '%04X' "$1") " <(cut -c 1-30 /proc/net/{udp,udp6,tcp,tcp6} 2>/dev/null); }
free_port() {
  local candidate
  for _ in {1..100}; do
    candidate=$((20000 + RANDOM % 10000))
    port_is_taken "$candidate" || { echo "$candidate"; return; }
  done
}

has_encoder() { ffmpeg -hide_banner -loglevel error -encoders 2>/dev/null | grep -E "^ [A-Z.]{6} $1 " >/dev/null; }

prepare() {
  title 'Installing what is missing'
  "$source/share/packages/install.sh" build example
  # Without the registry there are recordings, links and the page, but no player in it.
  [[ ${CBX_NO_INSTALL:-} ]] || "$source/share/web/install.sh" || note 'the page has no player'
  title "Building in $build"
  # A folder that is configured already keeps its settings.
  if [[ ! -f $build/CMakeCache.txt ]]; then
    cmake -S "$source" -B "$build" -G Ninja -DBUILD_TESTING=OFF -Wno-dev >/dev/null
  fi
  cmake --build "$build" --target cbx-ingest cbx-segment cbx-index cbx-account cbx-verify cbx-serve cbx-picture
  build=$(cd "$build" && pwd)
  export PATH=$build:$PATH
}

# Every camera sends a test picture with a running clock and a beep.
start_camera() { # NAME H264|H265 PITCH HUE
  local encoder options=()
  for encoder in $([[ $2 == H265 ]] && echo libx265) libx264 libopenh264; do
    has_encoder "$encoder" && break
  done
  has_encoder "$encoder" || die 69 'this ffmpeg has no H.264 encoder (libx264 or libopenh264)'
  case $encoder in
    libx265) options=(-preset ultrafast -x265-params log-level=error:open-gop=0) ;;
    libx264) options=(-preset veryfast) ;;
  esac
  setsid ffmpeg -nostdin -hide_banner -loglevel error -re \
    -f lavfi -i "testsrc2=size=640x360:rate=25" -f lavfi -i "sine=frequency=$3:beep_factor=4:sample_rate=48000" \
    -vf "hue=h=$4" -c:v "$encoder" "${options[@]}" -b:v 800k -g 25 -pix_fmt yuv420p -c:a aac -b:a 96k \
    -f mpegts "srt://127.0.0.1:$port?streamid=$1&pkt_size=1316" &>"$root/camera-$1.log" &
  pids+=($!)
  printf '  %-6s %s + AAC  %s\n' "$1" "$([[ $encoder == libx265 ]] && echo H.265 || echo H.264)" \
    "$(note "ffmpeg … srt://127.0.0.1:$port?streamid=$1")"
}

# The server, and a link to each camera: whoever has one may look at that camera for a day.
start_server() {
  local camera
  cbx-serve -q --listen "127.0.0.1:$http_port" --publish-host "127.0.0.1:$port" &
  server=$!
  for _ in {1..100}; do
    port_is_taken "$http_port" && break
    kill -0 "$server" 2>/dev/null || die 1 'the server did not start (see above)'
    sleep 0.2
  done
  for camera in "${cameras[@]}"; do
    links[$camera]=http://127.0.0.1:$http_port$(cbx-account -q device share "$camera" --link)/media/$camera
  done
}
# Somebody to log in as, whose cameras these are.  Without mail the code comes from the terminal.
make_login() {
  local camera
  password=$(head -c 9 /dev/urandom | base64 | tr '+/' 'xy')
  if cbx-account user list --json | grep -q '"demo"'; then
    cbx-account -q user passwd demo --password-file - <<<"$password"
  else
    cbx-account -q user add demo --password-file - <<<"$password"
  fi
  for camera in "${cameras[@]}"; do cbx-account -q device share "$camera" demo --owner; done
}
new_code() { cbx-account -q user code demo; }
ask() { # ADDRESS JSON [CURL-OPTION...]
  curl -sS --fail-with-body --max-time 20 "http://127.0.0.1:$http_port$1" -H 'Content-Type: application/json' \
    -H "Origin: http://127.0.0.1:$http_port" -d "$2" "${@:3}"
}
# As the page does it: password, code, and the cameras are there.
logs_in() {
  local challenge cookie
  challenge=$(ask /api/v1/login "$(jq -nc --arg p "$password" '{name: "demo", password: $p}')" | jq -er .challenge) &&
    cookie=$(ask /api/v1/login/code "$(jq -nc --arg c "$challenge" --arg n "$(new_code)" '{challenge: $c, code: $n}')" \
      -o /dev/null -D - | sed -n 's/^[Ss]et-[Cc]ookie: \([^;]*\).*/\1/p') &&
    [[ $(curl -sS --max-time 20 -H "Cookie: $cookie" "http://127.0.0.1:$http_port/api/v1/devices" | jq '.devices | length') \
      -eq ${#cameras[@]} ]] &&
    curl -sS --max-time 20 "http://127.0.0.1:$http_port/" | grep -q '<html'
}
show_login() {
  title 'Watch in a browser'
  printf '  http://127.0.0.1:%s/   log in as %sdemo%s, password %s%s%s, code %s%s%s\n' "$http_port" "$bold" "$plain" \
    "$bold" "$password" "$plain" "$bold" "$(new_code)" "$plain"
  note "  a code is good for ten minutes; for another: CBX_ROOT=$root $build/cbx-account user code demo"
}

live_address() { echo "${links[$1]}/hls/live/main.m3u8"; }
recorded_address() { echo "${links[$1]}/hls/$(date -u -d '-1 day' +%FT%TZ)..$(date -u -d '+1 day' +%FT%TZ)/main.m3u8"; }
show_addresses() {
  local camera
  title 'Or in a player (ffplay, mpv, VLC; live from about 6 s after the start)'
  for camera in "${cameras[@]}"; do
    printf '  %-6s live      ffplay %s\n' "$camera" "$(live_address "$camera")"
    printf '  %-6s recorded  ffplay %s\n' '' "$(recorded_address "$camera")"
  done
  echo
}
# Seconds of picture and sound that an address plays without a complaint.
plays() { # ADDRESS [FFMPEG-OPTION...]
  timeout 60 ffmpeg -nostdin -v error -xerror -i "$1" "${@:2}" -map 0 -f null - 2>&1
}

pids=() recorder='' server='' password='' live_was_seen=false
declare -A links
stop_server() {
  [[ -n $server ]] || return 0
  local pid=$server status=0
  server=''
  kill -TERM "$pid" 2>/dev/null || true
  wait "$pid" || status=$?
  return "$status"
}
stop_cameras() {
  local pid
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  pids=()
}
# TERM, and after a minute of patience KILL for what is left of the recorder's own session.
stop_recorder() {
  [[ -n $recorder ]] || return 0
  local pid=$recorder status=0
  recorder=''
  kill -TERM "$pid" 2>/dev/null || true
  for _ in {1..300}; do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  if kill -0 "$pid" 2>/dev/null; then
    echo 'quickstart: the recorder does not end: killing it' >&2
    awk -v session="$pid" '{ sub(/.*\) /, ""); split($0, f, " "); if (f[4] == session) { split(FILENAME, p, "/"); print p[3] } }' \
      /proc/[0-9]*/stat 2>/dev/null | xargs -r kill -KILL
  fi
  wait "$pid" 2>/dev/null || status=$?
  return "$status"
}
clean_up() {
  stop_cameras
  stop_server || true
  stop_recorder || true
}

finished_files() { find "$root/media" -name '[0-9]*.mp4' 2>/dev/null | sort; }
megabytes() { awk -v bytes="$1" 'BEGIN { printf "%.1f MB", bytes / 1e6 }'; }

show_growing() { # what is being written, on one line
  local file line='' now
  printf -v now '%(%H:%M:%S)T' -1
  while read -r file; do
    [[ -n $file ]] && line+="  ${file#"$root/media/"} $(megabytes "$(stat -c %s "$file" 2>/dev/null || echo 0)")"
  done < <(find "$root/media" -name '.*.part' 2>/dev/null | sort)
  printf '%s  recording%s\n' "$now" "${line:- …}"
}

watch_it() {
  local began=$SECONDS shown='' files pid nap
  while ! $interrupted && [[ $length -eq 0 || $((SECONDS - began)) -lt $length ]]; do
    nap=$((length > 0 && length - (SECONDS - began) < 5 ? length - (SECONDS - began) : 5))
    sleep "$nap" &
    nap=$!
    wait "$nap" || kill "$nap" 2>/dev/null || true  # a signal ends the wait, not the sleep
    $interrupted && break
    kill -0 "$recorder" 2>/dev/null || die 1 'the recorder has ended (see above)'
    for pid in "${pids[@]}"; do
      kill -0 "$pid" 2>/dev/null || die 1 "a camera has ended: $(tail -n 3 "$root"/camera-*.log)"
    done
    kill -0 "$server" 2>/dev/null || die 1 'the server has ended (see above)'
    show_growing
    check_live
    files=$(finished_files)
    if [[ $files != "$shown" ]]; then
      shown=$files
      title '$ cbx-index list'
      cbx-index list
      show_addresses
      [[ $length -gt 0 ]] || show_login
    fi
  done
}

# ffmpeg, unlike players of low latency, has nothing to play before the first segment is whole.
has_live_segment() { # CAMERA
  local playlist
  playlist=$(timeout 20 ffmpeg -nostdin -v quiet -f data -i "${links[$1]}/hls/live/media.m3u8" -map 0 -c copy -f data -) || return
  [[ $playlist == *'#EXTINF'* ]]
}

# With --for nobody is there to look: ffmpeg does, once.
check_live() {
  local camera said
  [[ $length -gt 0 ]] && ! $live_was_seen || return 0
  for camera in "${cameras[@]}"; do has_live_segment "$camera" || return 0; done
  for camera in "${cameras[@]}"; do
    said=$(plays "$(live_address "$camera")" -t 2) || die 1 "$camera: the live picture does not play: $said"
    printf '  %-6s %s  plays\n' "$camera" "$(live_address "$camera")"
  done
  live_was_seen=true
}

# Everything that was recorded is indexed, and every file plays to its end.
verify() {
  local camera rows path said count=0 length_ms faults=0
  title 'Checking every file'
  for camera in "${cameras[@]}"; do
    rows=$(cbx-index list "$camera" --json)
    if [[ -z $rows ]]; then
      echo "  $camera: nothing in the index"
      faults=$((faults + 1))
      continue
    fi
    while IFS=$'\t' read -r path length_ms; do
      count=$((count + 1))
      if ! said=$(ffmpeg -nostdin -v warning -xerror -i "$root/media/$path" -map 0 -f null - 2>&1) || [[ -n $said ]]; then
        echo "  $path does not play: $said"
        faults=$((faults + 1))
      else
        awk -v path="$path" -v ms="$length_ms" 'BEGIN { printf "  %-40s %6.1f s  plays\n", path, ms / 1000 }'
      fi
    done < <(jq -r '[.path, .duration_ms] | @tsv' <<<"$rows")
  done
  for camera in "${cameras[@]}"; do
    if said=$(plays "$(recorded_address "$camera")") && [[ -z $said ]]; then
      printf '  %s  plays\n' "$(recorded_address "$camera")"
    else
      echo "  $(recorded_address "$camera") does not play: $said"
      faults=$((faults + 1))
    fi
  done
  if logs_in; then
    echo "  http://127.0.0.1:$http_port/  lets demo in"
  else
    echo "  http://127.0.0.1:$http_port/ does not let demo in"
    faults=$((faults + 1))
  fi
  if [[ $(finished_files | wc -l) -ne $count ]]; then
    echo "  $count files in the index, $(finished_files | wc -l) on disk"
    faults=$((faults + 1))
  fi
  [[ $faults -eq 0 ]]
}

prepare
if [[ -z $root ]]; then
  root=$(mktemp -d "${TMPDIR:-/tmp}/cbx-quickstart.XXXXXX")
else
  mkdir -p "$root"
  root=$(cd "$root" && pwd)
fi
[[ -n $port ]] || port=$(free_port)
[[ -n $http_port ]] || http_port=$(free_port)
export CBX_ROOT=$root

interrupted=false
trap clean_up EXIT
trap 'interrupted=true' INT
trap 'exit 143' TERM HUP

title "Recording into $root"
note "  cbx-ingest --listen srt://127.0.0.1:$port | cbx-segment | cbx-index add"
note "  cbx-serve --listen 127.0.0.1:$http_port"
cbx-index -q init --public-host 127.0.0.1
for camera in "${cameras[@]}"; do
  cbx-account device list --json | grep -q "\"$camera\"" || cbx-account -q device add "$camera" --no-key >/dev/null
done
make_login
setsid "$source/examples/recorder.sh" --listen "srt://127.0.0.1:$port" &
recorder=$!
for _ in {1..50}; do
  port_is_taken "$port" && break
  kill -0 "$recorder" 2>/dev/null || die 1 'the recorder did not start (see above)'
  sleep 0.2
done
start_server
start_camera front H264 440 0
start_camera rear H265 660 90
show_addresses
show_login
[[ $length -gt 0 ]] || note 'Ctrl-C ends it.'
watch_it

title 'Ending: the last files are finished'
stop_cameras
stop_recorder || die 1 "the recorder ended with status $?"
cbx-index list
if ! $interrupted && ! verify; then die 1 "not all is well; the store is in $root"; fi
stop_server || die 1 "the server ended with status $?"
title 'Done'
echo "  the files   $root/media"
echo "  look again  PATH=$build:\$PATH CBX_ROOT=$root cbx-index list"
echo "  play again  PATH=$build:\$PATH CBX_ROOT=$root cbx-serve --listen 127.0.0.1:$http_port"
for camera in "${cameras[@]}"; do echo "              ffplay $(recorded_address "$camera")"; done
