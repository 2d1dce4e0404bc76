#!/usr/bin/env bats
# examples/recorder.sh with an index that is damaged: it is a cache, and no reason to stop or to spin.
# shellcheck disable=SC2154  # root, port, pid and publisher are set by recorder.bash

setup_file() {
  bats_require_minimum_version 1.5.0
}
setup() {
  load recorder
  load_recorder
  export CBX_CONFIG=/dev/null
}
teardown() { unload_recorder; }

damage() { head -c 8192 /dev/urandom | dd of="$root/index.db" conv=notrunc 2>/dev/null; }
record() { # sets recorder
  port=$(free_port)
  background "$CBX_SOURCE/examples/recorder.sh" --listen "srt://127.0.0.1:$port" --register auto >"$root/log" 2>&1
  recorder=$pid
  wait_until 15 grep -q "$(printf '%04X' "$port")" /proc/net/udp
}
adder() { # the process id of this recorder's cbx-index add
  local p
  for p in $(pgrep -x cbx-index); do
    ! grep -qz "^CBX_ROOT=$root\$" "/proc/$p/environ" 2>/dev/null || echo "$p"
  done
}
has_segments() { [ "$(cbx-index list --json "$1" | wc -l)" -ge 1 ]; }

@test "an index that is damaged before the start is made again" {
  cbx-index init -q --utc-offset +09:00
  damage
  record
  publish "$(clip h264 4)" cam0
  wait "$publisher"
  sleep 2
  kill -TERM "$recorder"
  wait_end "$recorder" 30
  has_segments cam0
}

@test "a damaged index is made again beside the recording, not before it" {
  cbx-index init -q --utc-offset +09:00
  rm "$root/state.db"
  damage
  # In a large store it takes minutes: here, until the test says so.
  mkdir "$root/bin"
  printf '#!/bin/sh\nwhile [ ! -e "%s/go" ]; do sleep 0.1; done\nexec "%s" "$@"\n' "$root" "$(command -v cbx-verify)" \
    >"$root/bin/cbx-verify"
  chmod +x "$root/bin/cbx-verify"
  PATH=$root/bin:$PATH record
  publish "$(clip h264 4)" cam0
  wait "$publisher"
  has_file() { [ -n "$(segments "$root" cam0)" ]; }
  wait_until 20 has_file
  touch "$root/go"
  wait_until 30 has_segments cam0
  kill -TERM "$recorder"
  wait_end "$recorder" 30
}

@test "an index that is damaged while it records is made again, without a loss and without a loop" {
  cbx-index init -q --utc-offset +09:00
  record
  publish "$(clip h264 4)" cam0
  wait "$publisher"
  wait_until 10 has_segments cam0
  # It is seen at the latest when the index is opened again.
  damage
  kill -KILL "$(adder)"
  publish "$(clip h264 4)" cam1
  wait "$publisher"
  wait_until 30 has_segments cam1
  has_segments cam0
  kill -TERM "$recorder"
  wait_end "$recorder" 30
  [ "$(grep -c 'is made again' "$root/log")" -le 2 ]
}
