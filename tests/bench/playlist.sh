#!/bin/bash
# A day's playlist of one camera out of a full index: playlist.sh BUILD
#
# DEVICES=100 DAYS=30: whose index (1,000 cameras and 30 days are 43 million rows, 9 GB and a quarter of an hour on a slow
# disk); TIMES=300: how many random days of random cameras are asked for; ROOT: a folder to keep the index in, or to take
# it from.  Prints medians and p99, the size of a row, and what the HLS playlist is of a plain SELECT of the same rows.
set -euo pipefail
build=$(cd "${1:?playlist.sh BUILD}" && pwd)
devices=${DEVICES:-100} days=${DAYS:-30} times=${TIMES:-300}
root=${ROOT:-}
if [[ -z $root ]]; then
  root=$(mktemp -d -p "${TMPDIR:-/tmp}")
  trap 'rm -rf "$root"' EXIT
fi
if [[ ! -e $root/index.db ]]; then
  SECONDS=0
  "$build/tests/bench/bench_playlist" fill "$root" "$devices" "$days"
  echo "filled in $SECONDS s"
fi
"$build/tests/bench/bench_playlist" ask "$root" "$devices" "$days" "$times"
