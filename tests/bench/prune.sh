#!/usr/bin/env bash
# How fast cbx-prune deletes, against find -delete on an equal tree of the same disk: ratios of one run.  Turns
# alternate, the page cache is dropped before each where that is permitted, the better of three turns counts.  Beside
# each turn of cbx-prune a writer commits to the index as cbx-index add does, and tells its longest wait.
# Usage: tests/bench/prune.sh [BUILD_DIR]
#   FILES=100000 DEVICES=20 BYTES=2000 TURNS=3 TMPDIR=/somewhere
set -euo pipefail

build=$(cd "${1:-build}" && pwd)
files=${FILES:-100000}
devices=${DEVICES:-20}
turns=${TURNS:-3}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/cbx-bench.XXXXXX")
writer=
trap '[[ -z $writer ]] || kill "$writer" 2>/dev/null; rm -rf "$scratch"' EXIT
export CBX_CONFIG=/dev/null

make_tree() { # FOLDER
  "$build/cbx-index" -q init --root "$1"
  "$build/tests/tools/cbx-mktree" "$1" --devices "$devices" --segments $((files / devices)) --bytes "${BYTES:-2000}" \
    --end 2026-01-01T00:00:00Z >/dev/null
}
settle() {
  sync
  { echo 3 >/proc/sys/vm/drop_caches; } 2>/dev/null || true
}
seconds() { # COMMAND...
  local TIMEFORMAT=%R
  { time "$@" >/dev/null 2>&1; } 2>&1
}

cat >"$scratch/writer.py" <<'PY'
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
db.execute("PRAGMA synchronous=NORMAL")
longest, n, begin = 0.0, 0, time.time()
while True:
    start = time.monotonic()
    db.execute("BEGIN IMMEDIATE")
    for i in range(3):
        db.execute("INSERT OR REPLACE INTO journal_cursor VALUES (?, ?)", (f"bench/{n % 50}/{i}", n))
    db.execute("COMMIT")
    longest = max(longest, time.monotonic() - start)
    n += 1
    time.sleep(0.005)
    with open(sys.argv[2], "w") as out:
        print(int(longest * 1000), n, file=out)
PY

ours=() theirs=() waits=()
for ((turn = 0; turn < turns; turn++)); do
  for who in $([[ $((turn % 2)) = 0 ]] && echo prune find || echo find prune); do
    tree=$scratch/tree
    make_tree "$tree"
    if [[ $who = find ]]; then
      settle
      theirs+=("$(seconds find "$tree/media" -name '*.mp4' -delete)")
    else
      "$build/cbx-index" add --catch-up --root "$tree"
      settle
      python3 "$scratch/writer.py" "$tree/index.db" "$scratch/wait" &
      writer=$!
      sleep 0.3
      ours+=("$(seconds "$build/cbx-prune" --root "$tree" --keep 1d --keep-journals forever)")
      kill "$writer"
      wait "$writer" 2>/dev/null || true
      writer=
      waits+=("$(cut -d ' ' -f 1 "$scratch/wait")")
      left=$(find "$tree/media" -name '*.mp4' | wc -l)
      [[ $left = 0 ]] || { echo "$left files are left" >&2; exit 1; }
    fi
    rm -rf "$tree"
  done
done
least() { printf '%s\n' "$@" | sort -n | head -1; }
most() { printf '%s\n' "$@" | sort -n | tail -1; }
echo "$files files of $devices devices; seconds: cbx-prune ${ours[*]}, find -delete ${theirs[*]}"
awk -v a="$(least "${ours[@]}")" -v b="$(least "${theirs[@]}")" \
  'BEGIN { printf "find -delete / cbx-prune, wall time: %.2f   (goal: at least 1)\n", b / a }'
echo "longest wait of a writer beside it: $(most "${waits[@]}") ms   (goal: at most 100)"
