#!/usr/bin/env bash
# What cbx-serve sends against what nginx (sendfile, tcp_nopush, open file cache, no log, no authorisation) sends of the
# same file, on the same machine, with as many threads as the other has processes, over kept connections, in alternating
# runs: throughput, and CPU of the server per byte, as ratios.  cbx-serve checks a bearer token on every request.
#   groups   whole GOPs of about 6 s, as playlists name them (in nginx: the same range of the file)
#   parts    about 0.6 s, as low-latency playlists name them
#   ranges   64 kB of segment.mp4
# Usage: tests/bench/serve.sh [BUILD_DIR]
#   CONNECTIONS=8 SECONDS_EACH=2 ROUNDS=9 BIT_RATE=4M THREADS=(as many as cbx-serve takes by itself)
set -euo pipefail

build=$(cd "${1:-build}" && pwd)
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
connections=${CONNECTIONS:-8} seconds=${SECONDS_EACH:-2} rounds=${ROUNDS:-9} bit_rate=${BIT_RATE:-4M}
threads=${THREADS:-$(($(nproc) > 2 ? 2 * $(nproc) : 4))}
load=$build/tests/tools/cbx-http-load
for tool in cbx-serve cbx-segment cbx-index cbx-account tests/tools/cbx-http-load; do
  [[ -x $build/$tool ]] || { echo "no $tool in '$build': build it first" >&2; exit 66; }
done
export PATH=$build:$PATH:/usr/sbin
scratch=$(mktemp -d "${TMPDIR:-/tmp}/cbx-bench.XXXXXX")
export CBX_ROOT=$scratch/root CBX_CONFIG=$scratch/cbx.toml
: >"$CBX_CONFIG"
pids=()
clean_up() {
  local pid
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$scratch"
}
trap clean_up EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# A minute of one camera, as it was recorded.
ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=640x360:rate=25:duration=60 -f lavfi -i sine=duration=60 \
  -vf 'noise=alls=30:allf=t' -c:v libx264 -preset ultrafast -g 25 -b:v "$bit_rate" -maxrate "$bit_rate" -bufsize 2M \
  -pix_fmt yuv420p -c:a aac -f mpegts "$scratch/clip.ts"
cbx-index -q init --utc-offset +00:00
cbx-segment -q --device car --start 2026-11-20T08:01:00Z "$scratch/clip.ts" | cbx-index -q add
rm "$scratch/clip.ts"
cbx-account -q device add car --no-key >/dev/null
cbx-account -q user add bench --no-password >/dev/null
cbx-account -q device share car bench --owner
token=$(cbx-account -q user token bench --json | jq -r .token)
file=$(cbx-index list car --json | jq -rs '.[0].path')
id=$(($(date -d "$(cbx-index list car --json | jq -rs '.[0].start')" +%s%3N)))

cbx_port=$(free_port)
mkfifo "$scratch/ready"
cbx-serve -q --listen "127.0.0.1:$cbx_port" --ready-fd 7 --threads "$threads" --max-per-address 1000 7>"$scratch/ready" &
# shellcheck disable=SC2034
cbx_pids=$!
pids+=("$cbx_pids")
head -n 1 "$scratch/ready" >/dev/null

nginx_port=$(free_port)
temporary=
for kind in client_body proxy fastcgi uwsgi scgi; do temporary+="${kind}_temp_path $scratch/nginx-$kind; "; done
cat >"$scratch/nginx.conf" <<CONF
daemon off; worker_processes $threads; pid $scratch/nginx.pid; error_log stderr error;
$([[ $(id -u) -ne 0 ]] || echo 'user root;')
events { worker_connections 1024; }
http {
  $temporary access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; default_type video/mp4;
  open_file_cache max=100; open_file_cache_valid 60s;
  server { listen 127.0.0.1:$nginx_port; root $CBX_ROOT/media; }
}
CONF
nginx -p "$scratch" -c "$scratch/nginx.conf" &
nginx_master=$!
pids+=("$nginx_master")
for _ in {1..100}; do
  curl -sf -o /dev/null -r 0-1 "http://127.0.0.1:$nginx_port/$file" && break
  sleep 0.1
done
# shellcheck disable=SC2034  # read by round()
nginx_pids="$nginx_master $(pgrep -P "$nginx_master" | tr '\n' ' ')"

# The same stretches for both.
base=/media/car/$id
curl -sf -H "Authorization: Bearer $token" "http://127.0.0.1:$cbx_port/media/car/hls/2026-11-20/media.m3u8" |
  sed -n 's#.*/\([0-9]*\)-\([0-9]*\)\.m4s$#\1 \2#p' >"$scratch/groups"
python3 - "$source/tests/tools" "$CBX_ROOT/media/$file" >"$scratch/parts" <<'PY'
import sys
sys.path.insert(0, sys.argv[1])
import segment_boxes as boxes
data = open(sys.argv[2], "rb").read()
pairs = boxes.layout(data)[4]
for at in range(0, len(pairs) - 1, 2):  # a fragment of picture, one of sound
    print(pairs[at][0].start, pairs[at + 1][1].end - 1)
PY
python3 -c 'import sys; print("\n".join(f"{at} {at + 65535}" for at in range(0, int(sys.argv[1]) - 65536, 65536)))' \
  "$(stat -c %s "$CBX_ROOT/media/$file")" >"$scratch/ranges"
for kind in groups parts; do
  sed "s#\(.*\) \(.*\)#$base/\1-\2.m4s#" "$scratch/$kind" >"$scratch/cbx.$kind"
done
sed "s#\(.*\) \(.*\)#$base/segment.mp4 \1-\2#" "$scratch/ranges" >"$scratch/cbx.ranges"
for kind in groups parts ranges; do sed "s#\(.*\) \(.*\)#/$file \1-\2#" "$scratch/$kind" >"$scratch/nginx.$kind"; done

cpu() { # PID...: seconds of all of them
  local pid
  for pid in "$@"; do cat "/proc/$pid/stat"; done | awk '{ sum += $14 + $15 } END { print sum / 100 }'
}
# round SERVER KIND: appends MB/s, CPU seconds per GB, the 99th percentile in ms, and how busy the client was.
round() {
  local port=${1}_port list=${1}_pids before after said
  local -a processes
  read -ra processes <<<"${!list}"
  before=$(cpu "${processes[@]}")
  said=$("$load" --port "${!port}" --targets "$scratch/$1.$2" --connections "$connections" --seconds "$seconds" \
    --header "Authorization: Bearer $token")
  after=$(cpu "${processes[@]}")
  jq -r --argjson cpu "$after" --argjson before "$before" \
    '"\(.mb_per_second) \(($cpu - $before) / (.bytes / 1e9)) \(.p99_ms) \(.cpu_seconds / .seconds)"' <<<"$said" >>"$scratch/$1.$2.result"
}
median() { # FILE COLUMN
  awk -v column="$2" '{ print $column }' "$1" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
printf '%s connections, %s threads each, %s rounds of %s s, alternating; file of %s MB; %s cores, shared with the client\n' \
  "$connections" "$threads" "$rounds" "$seconds" "$(($(stat -c %s "$CBX_ROOT/media/$file") / 1000000))" "$(nproc)"
for kind in groups parts ranges; do
  for ((turn = 0; turn < rounds; turn++)); do
    for server in $( ((turn % 2)) && echo cbx nginx || echo nginx cbx); do round "$server" "$kind"; done
  done
  paste "$scratch/cbx.$kind.result" "$scratch/nginx.$kind.result" | awk '{ print $1 / $5, $2 / $6 }' >"$scratch/$kind.ratios"
  printf '%-6s (%4.0f kB): cbx-serve / nginx %.2f (goal: 0.9), of MB/s %.0f / %.0f; CPU per GB %.2f (%.2f s / %.2f s); p99 %.1f ms / %.1f ms; client busy %.0f %% / %.0f %%\n' \
    "$kind" "$(awk '{ sum += $2 - $1 + 1 } END { print sum / NR / 1000 }' "$scratch/$kind")" \
    "$(median "$scratch/$kind.ratios" 1)" "$(median "$scratch/cbx.$kind.result" 1)" "$(median "$scratch/nginx.$kind.result" 1)" \
    "$(median "$scratch/$kind.ratios" 2)" "$(median "$scratch/cbx.$kind.result" 2)" "$(median "$scratch/nginx.$kind.result" 2)" \
    "$(median "$scratch/cbx.$kind.result" 3)" "$(median "$scratch/nginx.$kind.result" 3)" \
    "$(median "$scratch/cbx.$kind.result" 4 | awk '{ print 100 * $1 }')" \
    "$(median "$scratch/nginx.$kind.result" 4 | awk '{ print 100 * $1 }')"
done
