#!/usr/bin/env bash
# A day of one camera, 1,440 files of a minute with B-frames and sound: how long planning it takes and what memory, and
# how fast a part of it is copied, against cp of the same bytes.  Ratios of one run, the better of three turns.
# The day is one file under 1,440 names, so what is read lies in the page cache and what is planned is not less.
# Usage: tests/bench/cut.sh [BUILD_DIR]
#   HOURS=5   that are copied
set -euo pipefail

build=$(cd "${1:-build}" && pwd)
source=$(cd "$(dirname "$0")/../.." && pwd)
hours=${HOURS:-5}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/cbx-bench.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
export CBX_ROOT=$scratch/store PATH=$build:$PATH CBX_CLIPS=$scratch
# shellcheck source=tests/cli/media.bash
. "$source/tests/cli/media.bash"

cbx-index -q init --utc-offset +00:00 >/dev/null
cbx-segment -q --device one --start 2026-11-20T00:00:00Z "$(clip h264-b 60)" >record
python3 - <<'PY'
import json, os
record = json.loads(open("record").readline())
os.makedirs("store/media/cam/2026-11-20")
with open("day", "w") as out:
    for i in range(1440):
        path = f"cam/2026-11-20/{i // 60:02}-{i % 60:02}-00.000.mp4"
        os.link("store/media/" + record["path"], "store/media/" + path)
        start = f"2026-11-20T{i // 60:02}:{i % 60:02}:00.000Z"
        out.write(json.dumps(dict(record, device="cam", start=start, path=path), separators=(",", ":")) + "\n")
PY
cbx-index -q add <day

best() { # COMMAND…: the least wall seconds, CPU seconds and kilobytes of three runs
  for _ in 1 2 3; do
    rm -f out.mp4 copy.mp4
    /usr/bin/time -f '%e %U %S %M' -o time "$@" >/dev/null
    cat time
  done | awk '{ c = $2 + $3; if (NR == 1 || $1 < w) w = $1; if (NR == 1 || c < m) m = c; if (NR == 1 || $4 < k) k = $4 }
    END { print w, m, k }'
}

read -r plan_wall plan_cpu plan_memory < <(best cbx-cut -q -n cam 2026-11-20)
range=$(printf '2026-11-20 00:00..%02d:00' "$hours")
read -r cut_wall cut_cpu _ < <(best cbx-cut -q --no-check cam "$range" -o out.mp4 --no-manifest)
cbx-cut -q --no-manifest cam "$range" -o whole.mp4 >/dev/null
read -r cp_wall cp_cpu _ < <(best bash -c 'cp --reflink=never whole.mp4 copy.mp4 && sync copy.mp4')

awk -v b="$(stat -c %s whole.mp4)" -v pw="$plan_wall" -v pc="$plan_cpu" -v pm="$plan_memory" -v cw="$cut_wall" \
  -v cc="$cut_cpu" -v w="$cp_wall" -v c="$cp_cpu" 'BEGIN {
  printf "planning 1,440 files: %.2f s (CPU %.2f s), %.0f MB   (goals: about 1 s, under 200 MB)\n", pw, pc, pm / 1024
  printf "%.0f MB: cbx-cut %.2f s (CPU %.2f s), cp and sync %.2f s (CPU %.2f s)\n", b / 1e6, cw, cc, w, c
  printf "cp / cbx-cut, wall time: %.2f   (cbx-cut hashes what it writes)\n", w / cw
}'
