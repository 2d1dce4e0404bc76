#!/bin/bash
# Verifying and rebuilding a large tree: verify.sh BUILD
#
# SEGMENTS=100000 DEVICES=40: the tree.  Prints seconds, and what they are of the goals (5 s to verify the metadata, 60 s
# to rebuild the index of 100,000 segments), and the CPU time against that of `find -type f -printf %s` on the same tree.
set -euo pipefail
build=$(cd "${1:?verify.sh BUILD}" && pwd)
segments=${SEGMENTS:-100000} devices=${DEVICES:-40}
root=$(mktemp -d -p "${TMPDIR:-/tmp}")
trap 'rm -rf "$root"' EXIT
export CBX_ROOT=$root/store CBX_CONFIG=/dev/null

measure() { # COMMAND...: sets real and cpu, in seconds; fails as it does
  local TIMEFORMAT='%R %U %S' user system
  { time "$@" >"$root/out" 2>"$root/log"; } 2>"$root/time" || { cat "$root/out" "$root/log" >&2; return 1; }
  read -r real user system <"$root/time"
  cpu=$(awk -v u="$user" -v s="$system" 'BEGIN { print u + s }')
}
line() { # NAME GOAL COMMAND...
  local name=$1 goal=$2
  shift 2
  measure "$@"
  awk -v name="$name" -v s="$real" -v c="$cpu" -v goal="$goal" -v n="$count" -v find="$find" 'BEGIN {
    goal *= n / 100000
    printf "%-22s %7.2f s (%6.2f s of CPU)  %5.2f of the goal (%.1f s)  %5.1f times find\n",
      name, s, c, s / goal, goal, c / find }'
}

"$build/tests/tools/cbx-mktree" "$CBX_ROOT" --devices "$devices" --segments $((segments / devices)) --links --events 20
count=$((segments / devices * devices))
"$build/cbx-index" -q add --catch-up
measure find "$CBX_ROOT/media" -type f -printf '%s\n'
find=$cpu
echo "$count segments of $devices devices, $(du -sh "$CBX_ROOT" | cut -f 1); find: $real s ($find s of CPU)"
line verify 5 "$build/cbx-verify"
line 'verify --hash=10' 5 "$build/cbx-verify" --hash=10
line rebuild 60 "$build/cbx-verify" --rebuild
rm -f "$CBX_ROOT"/index.db*
line 'rebuild from nothing' 60 "$build/cbx-verify" --rebuild
