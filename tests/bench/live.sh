#!/usr/bin/env bash
# Live: how soon there is a picture, and what viewers cost the recorder.
#   first picture   seconds from a publisher's first packet (1 s GOP) to the first decoded picture in hls.js in Chromium;
#                   the page is open and asks until the camera is there
#   viewers         CPU of cbx-ingest and cbx-segment, and what was lost, with nobody looking and with VIEWERS on one of
#                   the cameras over low-latency HLS, in alternating turns of one recorder
# Usage: tests/bench/live.sh [BUILD_DIR]
#   RUNS=7 VIEWERS=200 TURNS=4 SECONDS_EACH=15 CAMERAS=4 BIT_RATE=2000000
set -euo pipefail

build=$(cd "${1:-build}" && pwd)
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
runs=${RUNS:-7} viewers=${VIEWERS:-200} turns=${TURNS:-4} seconds=${SECONDS_EACH:-15}
cameras=${CAMERAS:-4} bit_rate=${BIT_RATE:-2000000}
for tool in cbx-serve cbx-ingest cbx-segment cbx-index cbx-account tests/tools/cbx-srtload; do
  [[ -x $build/$tool ]] || { echo "no $tool in '$build': build it first" >&2; exit 66; }
done
export PATH=$build:$build/tests/tools:$PATH
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

cbx-index -q init --utc-offset +00:00
devices=()
for ((i = 0; i < runs; i++)); do devices+=("first$i"); done
for ((i = 0; i < cameras; i++)); do devices+=("$(printf 'cam%04d' "$i")"); done
for device in "${devices[@]}"; do cbx-account -q device add "$device" --no-key >/dev/null; done
echo 'correct horse battery staple' | cbx-account -q user add bench --admin --password-file - >/dev/null

srt_port=$(free_port) port=$(free_port)
mkfifo "$scratch/frames" "$scratch/records" "$scratch/ready"
cbx-index -q add <"$scratch/records" &
pids+=($!)
cbx-segment -q <"$scratch/frames" >"$scratch/records" &
segment=$!
cbx-ingest -q --listen "srt://127.0.0.1:$srt_port" >"$scratch/frames" &
ingest=$!
cbx-serve -q --listen "127.0.0.1:$port" --max-per-address 2000 --ready-fd 7 7>"$scratch/ready" &
serve=$!
pids=("$ingest" "$serve" "${pids[@]}")
head -n 1 "$scratch/ready" >/dev/null

link() { echo "http://127.0.0.1:$port$(cbx-account -q device share "$1" --link)/media/$1/hls/live"; }
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

if ((runs > 0)); then
  ffmpeg -v error -nostdin -f lavfi -i testsrc2=size=640x360:rate=25:duration=20 -f lavfi -i sine=duration=20 \
    -c:v libx264 -preset ultrafast -g 25 -sc_threshold 0 -pix_fmt yuv420p -c:a aac -f mpegts "$scratch/clip.ts"
  playlists=()
  for ((i = 0; i < runs; i++)); do playlists+=("$(link "first$i")/main.m3u8"); done
  coproc player { node "$source/tests/web/first_picture.js" "${playlists[@]}"; }
  read -r _ <&"${player[0]}"
  for ((i = 0; i < runs; i++)); do
    read -r _ <&"${player[0]}"  # the page is open
    date +%s%3N >&"${player[1]}"
    ffmpeg -v error -nostdin -re -i "$scratch/clip.ts" -map 0 -c copy -f mpegts \
      "srt://127.0.0.1:$srt_port?streamid=publish:first$i&latency=200000&pkt_size=1316" &
    publisher=$!
    read -r line <&"${player[0]}"
    echo "$line" >>"$scratch/first"
    kill "$publisher" 2>/dev/null || true
    wait "$publisher" 2>/dev/null || true
  done
  printf 'first picture: %s s, playlist %s s after the start of the publisher (medians of %d; the worst %s s; goal: 3 s)\n' \
    "$(jq .picture_s "$scratch/first" | median)" "$(jq .playlist_s "$scratch/first" | median)" "$runs" \
    "$(jq .picture_s "$scratch/first" | sort -g | tail -n 1)"
fi

cpu() { awk '{ printf "%.2f\n", ($14 + $15) / 100 }' "/proc/$1/stat"; }
recorder() { echo "$(cpu "$ingest") $(cpu "$segment") $(cpu "$serve")"; }
((turns > 0)) || exit 0
cbx-srtload send --port "$srt_port" --streams "$cameras" --seconds $((turns * 2 * (seconds + 3) + 20)) --bit-rate "$bit_rate" \
  --stream-id 'cam%04d' --latency 1000 --linger 3 >"$scratch/send.json" &
load=$!
watched=$(link cam0000)/media.m3u8
for _ in {1..100}; do
  curl -sf -o /dev/null "$watched" && break
  sleep 0.2
done
for ((turn = 0; turn < turns; turn++)); do
  for kind in nobody viewers; do
    before=$(recorder)
    if [[ $kind == nobody ]]; then
      sleep "$seconds"
    else
      node "$source/tests/web/viewers.js" "$watched" "$viewers" "$seconds" >>"$scratch/viewers.json"
    fi
    echo "$before $(recorder)" | awk -v s="$seconds" '{ print ($4 - $1) / s * 100, ($5 - $2) / s * 100, ($6 - $3) / s * 100 }' >>"$scratch/$kind"
    sleep 2
  done
done
wait "$load"
percent() { awk -v column="$2" '{ print $column }' "$scratch/$1" | median; }
printf '%d viewers: %s\n' "$viewers" "$(jq -c '[.playlists, .parts, .failed, .part_p50_ms, .part_p99_ms]' "$scratch/viewers.json" | tr '\n' ' ') [playlists, parts, failed, part p50 ms, p99 ms]"
printf 'CPU of cbx-ingest:  %s %% with nobody, %s %% with viewers\n' "$(percent nobody 1)" "$(percent viewers 1)"
printf 'CPU of cbx-segment: %s %% with nobody, %s %% with viewers\n' "$(percent nobody 2)" "$(percent viewers 2)"
printf 'CPU of cbx-serve:   %s %% with nobody, %s %% with viewers\n' "$(percent nobody 3)" "$(percent viewers 3)"
kill -TERM "$ingest"
wait "$segment"
printf 'lost: %s packets of SRT, %s TS packets missing in files\n' \
  "$(find "$CBX_ROOT/media" -name records.jsonl -path '*cam0*' -exec cat {} + | jq -s 'map(select(.type == "connection.close") | .lost // 0) | add')" \
  "$(find "$CBX_ROOT/media" -name records.jsonl -path '*cam0*' -exec cat {} + | jq -s 'map(select(.type == "segment") | .lost // 0) | add')"
