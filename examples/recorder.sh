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

# 65: the index is damaged.  It is a cache of the files, and no reason not to record: keep_index makes it again, which
# takes minutes in a large store, while cameras are recorded.  (Whatever else is damaged, the tools refuse below.)
cbx-index init || { status=$?; [[ $status -eq 65 ]]; } || exit "$status"

# A recorder outlives its index: when cbx-index add starts again, it catches up from the journals.  One that is damaged
# is made again (it is only a cache); whatever else is wrong is tried ever less often.
keep_index() {
  local pause=1 status started
  while true; do
    started=$SECONDS
    cbx-index add && return
    status=$?
    ((SECONDS - started < 60)) || pause=1
    # 65: the index is damaged, or a line was bad, which a new index does not mend but does not mind either.
    [[ $status -ne 65 ]] || cbx-verify --rebuild >/dev/null || true
    sleep "$pause"
    pause=$((pause < 60 ? pause * 2 : 60))
  done
}

# A process group of its own, led by cbx-ingest: Ctrl-C at a terminal reaches this script alone.
set -m
cbx-ingest "$@" | cbx-segment | keep_index &
ingest=$(jobs -p)
trap 'kill -TERM "$ingest" 2>/dev/null' TERM INT HUP

status=0
while kill -0 -- "-$ingest" 2>/dev/null; do
  wait %1 2>/dev/null
  got=$?
  # 127: the shell has told all it knows, but a cbx-index add whose keep_index was killed is still at work.
  if [[ $got -ne 127 || $status -eq 0 ]]; then status=$got; else sleep 0.2; fi
done
exit "$status"
