#!/usr/bin/env bats
# What happens at the same time in cbx-ingest and cbx-segment: for the thread-sanitized build, whose programs end with
# an error when two threads met.

# shellcheck disable=SC2154  # root, port, pid and the process ids are set by recorder.bash

setup_file() {
  bats_require_minimum_version 1.5.0
}
setup() {
  load recorder
  load_recorder
}
teardown() { unload_recorder; }

# load_cameras SECONDS: six publishers, cam0000 to cam0005; they may be sent away.
load_cameras() {
  background cbx-srtload send --port "$port" --streams 6 --bit-rate 3000000 --seconds "$1" >>"$root/load.log" 2>&1
}

# no_reports: nothing that the sanitizer had to say is in the logs.
no_reports() {
  ! grep -l 'ThreadSanitizer' "$root"/*.log
}

@test "publishers replace each other, leave and are refused while devices change and the index stands still" {
  start_recorder
  load_cameras 14
  wait_until 20 test -d "$root/media/cam0005"
  local round
  for round in 1 2 3; do
    # The newest publisher of a device wins.
    load_cameras 3
    cbx-account device disable "cam000$round" -q
    kill -HUP "$ingest"
    kill -STOP "$index"
    sleep 1
    kill -CONT "$index"
    cbx-account device enable "cam000$round" -q
    cbx-account device add -q "new$round" >"$root/added"
    kill -HUP "$ingest"
    sleep 1
  done
  # One leaves without a word.
  kill -KILL "$pid"
  sleep 1
  stop_recorder
  no_reports
  [ -z "$(find "$root/media" -name '*.part')" ]
  grep -qh '"replaced"' "$root"/media/*/*/records.jsonl
}

@test "files are closed while nobody reads the announcements, until the reader is gone" {
  start_recorder
  load_cameras 9
  wait_until 20 test -d "$root/media/cam0005"
  kill -STOP "$index"
  sleep 6
  kill -KILL "$index"
  sleep 3
  kill -TERM "$ingest"
  wait_end "$ingest" 30
  wait_end "$segment" 30
  no_reports
  [ "$(find "$root/media" -name '*.mp4' | wc -l)" -ge 6 ]
}

@test "a command for each connection" {
  port=$(free_port)
  cbx-index init -q
  mkfifo "$root/ready"
  # shellcheck disable=SC2016  # the shell of --exec expands it
  background bash -c 'exec cbx-ingest --listen "srt://127.0.0.1:$1" --register auto --ready-fd 7 \
    --exec "head -c 200000 >$CBX_ROOT/out.\$CBX_DEVICE" 7>"$CBX_ROOT/ready" 2>"$CBX_ROOT/ingest.log"' ingest "$port"
  ingest=$pid
  timeout 60 cat "$root/ready" >/dev/null
  load_cameras 6
  sleep 3
  kill -HUP "$ingest"
  sleep 3
  kill -TERM "$ingest"
  wait_end "$ingest" 30
  no_reports
  [ -s "$root/out.cam0000" ]
}
