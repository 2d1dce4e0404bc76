# Starting, awaiting and ending programs in tests, by their process ids.  `load helpers` in a bats file.
# shellcheck shell=bash

CBX_SOURCE=${CBX_SOURCE:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
CBX_BUILD=${CBX_BUILD:-$CBX_SOURCE/build}
PATH=$CBX_BUILD:$CBX_BUILD/tests/tools:$PATH

# free_port: a UDP and TCP port of loopback that nobody has right now.
free_port() {
  python3 - <<'PY'
import socket
while True:
    u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    u.bind(("::", 0))
    port = u.getsockname()[1]
    t = socket.socket()
    try:
        t.bind(("127.0.0.1", port))
    except OSError:
        continue
    print(port)
    break
PY
}

# background COMMAND…: runs it, sets $pid, and has end_all end it.  Redirect at the call; descriptor 3 (bats' own) is
# closed, so that a forgotten process can't hold bats up.
background() {
  "$@" 3>&- &
  pid=$!
  background_pids="${background_pids:-} $pid"
}

# end_all: ends what background started, and waits for it.
end_all() {
  local p
  for p in ${background_pids:-}; do kill "$p" 2>/dev/null || true; done
  for p in ${background_pids:-}; do wait "$p" 2>/dev/null || true; done
  background_pids=
}

# wait_until SECONDS COMMAND…: until the command succeeds; fails when it doesn't in time.
wait_until() {
  local tries=$(($1 * 20))
  shift
  while ! "$@" >/dev/null 2>&1; do
    ((tries-- > 0)) || { echo "not in time: $*" >&2; return 1; }
    sleep 0.05
  done
}

# wait_end PID SECONDS: until the process has ended; its exit status.
wait_end() {
  if ! wait_until "$2" process_gone "$1"; then return 99; fi
  wait "$1"
}
process_gone() {
  local state
  state=$(awk '/^State/ { print $2 }' "/proc/$1/status" 2>/dev/null) || return 0
  [[ -z $state || $state == Z ]]
}

has_line() { grep -q -- "$2" "$1"; } # FILE REGEX

has_lines() { [[ $(grep -c -- "$3" "$1") -eq $2 ]]; } # FILE COUNT REGEX

# records_of FRAMES-FILE: the record lines inside a file of frames.
records_of() { python3 "$CBX_SOURCE/tests/tools/frames.py" records "$1"; }
# payload_of FRAMES-FILE DEVICE: the transport stream that a device sent.
payload_of() { python3 "$CBX_SOURCE/tests/tools/frames.py" payload "$1" "$2"; }
