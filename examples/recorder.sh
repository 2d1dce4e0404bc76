#!/bin/bash
# The whole recorder: three tools and two pipes.
#
#   recorder.sh [CBX-INGEST-OPTION...]      default: --listen srt://:8890
#
# The store is $CBX_ROOT (default /var/lib/cbx), made if it is not there.  TERM or INT ends cbx-ingest; the others
# finish their files and rows when their input ends, and this script leaves last, with the exit status of the pipe.
set -uo pipefail
export CBX_ROOT=${CBX_ROOT:-/var/lib/cbx}
[[ $# -gt 0 ]] || set -- --listen srt://:8890

cbx-index init || exit

# A recorder outlives its index: when cbx-index add starts again, it catches up from the journals.
keep_index() {
  until cbx-index add; do sleep 1; done
}

# A process group of its own, led by cbx-ingest: Ctrl-C at a terminal reaches this script alone.
set -m
cbx-ingest "$@" | cbx-segment | keep_index &
ingest=$(jobs -p)
trap 'kill -TERM "$ingest" 2>/dev/null' TERM INT HUP

status=0
while kill -0 -- "-$ingest" 2>/dev/null; do
  wait %1
  status=$?
done
exit "$status"
