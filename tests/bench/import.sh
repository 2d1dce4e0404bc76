#!/usr/bin/env bash
# How fast cbx-segment cuts a transport stream into segments, against ffmpeg -c copy -f segment: ratios of one run.
# Both read the same file from the page cache and write to the same disk; the better of three turns counts.  cbx-segment
# also syncs, hashes and journals what it writes, which ffmpeg does not.
# Usage: tests/bench/import.sh [BUILD_DIR]
#   STREAM_SECONDS=600 BIT_RATE=4000000
set -euo pipefail

build=$(cd "${1:-build}" && pwd)
seconds=${STREAM_SECONDS:-600}
bit_rate=${BIT_RATE:-4000000}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/cbx-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT

source=$scratch/source.ts
"$build/tests/tools/cbx-srtload" make --bit-rate "$bit_rate" --seconds "$seconds" "$source" >/dev/null
bytes=$(stat -c %s "$source")

# best COMMAND...: the least wall and CPU seconds of three runs, as "WALL CPU".
best() {
  local turn
  for turn in 1 2 3; do
    : "$turn"
    rm -rf "$scratch/out"
    mkdir "$scratch/out"
    "$build/cbx-index" init -q --root "$scratch/out/root"
    cat "$source" >/dev/null
    sync
    /usr/bin/env bash -c 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1' best "$@" 2>&1
  done | awk '{ c = $2 + $3; if (NR == 1 || $1 < w) w = $1; if (NR == 1 || c < m) m = c } END { print w, m }'
}

read -r our_wall our_cpu < <(best "$build/cbx-segment" -q --root "$scratch/out/root" --device cam \
  --start 2026-11-20T08:00:00Z "$source")
read -r their_wall their_cpu < <(best ffmpeg -v error -nostdin -i "$source" -map 0 -c copy -f segment -segment_time 60 \
  -segment_format mp4 -reset_timestamps 1 "$scratch/out/%03d.mp4")

awk -v b="$bytes" -v ow="$our_wall" -v oc="$our_cpu" -v tw="$their_wall" -v tc="$their_cpu" 'BEGIN {
  printf "stream: %.0f MB; cbx-segment %.2f s (CPU %.2f s), ffmpeg %.2f s (CPU %.2f s)\n", b / 1e6, ow, oc, tw, tc
  printf "ffmpeg / cbx-segment, wall time: %.2f   (goal: at least 2)\n", tw / ow
  printf "ffmpeg / cbx-segment, CPU time:  %.2f\n", tc / oc
}'
