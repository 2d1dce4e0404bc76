#!/bin/bash
# How long others wait while thousands of connections trickle their requests (goal: p99 under 200 ms).
#
# Usage: tests/bench/slow_clients.sh [BUILD]
#   SLOW=2000      trickling connections
#   SECONDS_EACH=10  measured alone, and beside them (longer than the header deadline shows them come and go)
#   ADDRESS=http://127.0.0.1:8080 TARGET=/healthz   a server that runs already, cbx-serve for example, instead of a small
#                  one around lib/http
# One address may hold 128 connections by default, so that the slow clients come from many: 127.0.0.2, .3, …; with
# PER_ADDRESS=2000 all come from one, and all over the limit are refused.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=${1:-$source/build}
address=${ADDRESS:-}
work=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$work"' EXIT

if [[ -z $address ]]; then
  "$build/tests/tools/cbx-http-server" --listen 127.0.0.1:0 >"$work/out" 2>"$work/err" &
  server=$!
  for _ in {1..100}; do
    [[ -s $work/out ]] && break
    sleep 0.1
  done
  address=$(head -n 1 "$work/out")
fi
status=0
python3 "$source/tests/tools/slow_clients.py" --slow "${SLOW:-2000}" --seconds "${SECONDS_EACH:-10}" \
  --per-address "${PER_ADDRESS:-100}" "$address" "${TARGET:-/text}" || status=$?
if [[ -n $server ]]; then
  kill "$server"
  wait "$server" || true
  server=
  tail -n 1 "$work/out"
fi
exit "$status"
