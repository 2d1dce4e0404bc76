#!/usr/bin/env bats
# shellcheck disable=SC2046,SC2154,SC2016  # names of segments hold no spaces; background sets pid; bash -c expands
# Every joint of the pipe, closed or full: who reads or prints says so with 74, who records goes on.

load helpers
load media
load segment

setup() {
  bats_require_minimum_version 1.5.0
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  export CBX_ROOT=$PWD/store
}
teardown() { end_all; }

# filled_store: something to print for every command.
filled_store() {
  cbx-index init -q --utc-offset +09:00
  cbx-account device add cam01 --no-key >/dev/null 2>&1
  cbx-segment -q --device cam01 --start 2026-11-20T08:01:00Z "$(clip h264 6)" >/dev/null
  cbx-index add </dev/null
  echo 'of somebody else' >store/media/cam01/2026-11-20/07-00-00.000.mp4 # found by cbx-verify
}
printers() {
  cat <<'END'
cbx-index --help
cbx-index list --version
cbx-index list
cbx-index list --json
cbx-index show $path
cbx-index gaps cam01 2026-11-20
cbx-index coverage cam01 2026-11-20
cbx-index why cam01 2026-11-20T08:01:01Z
cbx-index tail
cbx-index rm -n cam01 2026-11-20
cbx-index forecast
cbx-index forecast --json
cbx-verify --settle 0s
cbx-verify --settle 0s --json
cbx-verify --help
cbx-prune -n --keep 3650d --explain
cbx-prune -n --max-size 1K --json
cbx-prune --help
cbx-account device list
cbx-account device show cam01
cbx-account backup -
cbx-account --help
cbx-segment --help
cbx-ingest --help
END
}

@test "standard output that is full or closed ends what prints with 74 and the reason" {
  filled_store
  path=$(cbx-index list --json | jq -r .path)
  export path
  while read -r command; do
    for to in '>/dev/full' '>&-'; do
      code=0
      bash -c "$command $to" 2>err </dev/null || code=$?
      echo "$command $to: $code: $(cat err)"
      [ "$code" -eq 74 ]
      grep -q 'standard output' err
    done
  done < <(printers)
}

@test "standard error that is full or closed changes nothing" {
  filled_store
  for to in '2>/dev/full' '2>&-'; do
    bash -c "cbx-index list --json $to" >out
    [ "$(wc -l <out)" = 1 ]
    bash -c "cbx-segment --device two --start 2026-11-20T08:01:00Z '$(clip h264 6)' $to" >out
    [ "$(field end two)" = close ]
    fails_with 64 bash -c "cbx-index list --nonsense $to" >out
    rm -r store/media/two
  done
}

# record_with NAME REDIRECTION: a live stream into cbx-segment, in the background; its exit code goes to NAME.code.
record_with() {
  make_store
  mv store "$1"
  (
    CBX_ROOT=$PWD/$1 bash -c "ffmpeg -v error -nostdin -re -i '$(clip h264 6)' -map 0 -c copy -f mpegts - |
      cbx-segment --device cam $2; echo \${PIPESTATUS[1]} >$1.code"
  ) 3>&- &
}

@test "a recorder records on, whatever becomes of its announcements and its log" {
  clip h264 6 >/dev/null
  record_with full '>/dev/full 2>full.log'
  record_with closed '>&- 2>closed.log'
  record_with gone '2>gone.log | true'
  record_with mute '2>/dev/full >mute.out'
  record_with deaf '2>&- >deaf.out'
  wait
  for name in full closed gone mute deaf; do
    cat "$name.log" 2>/dev/null || true
    [ "$(count_packets v $(segments "$name"))" = 150 ]
    CBX_ROOT=$PWD/$name
    "$CBX_SOURCE/tests/tools/check_records.py" "$name" cam >"$name.records"
    # Nothing of the talk or the announcements has found its way into a file.
    sound_boxes $(segments "$name")
  done
  compare_recording --whole "$(clip h264 6)" $(segments closed)
  [ "$(cat full.code) $(cat closed.code) $(cat gone.code) $(cat mute.code) $(cat deaf.code)" = '74 74 0 0 0' ]
  for name in full closed; do
    [ "$(grep -c 'cannot announce records now' "$name.log")" = 1 ]
    grep -q 'the journals have them' "$name.log"
    grep -q 'error: cannot write to standard output' "$name.log"
  done
  [ "$(grep -c 'cannot announce records any more: the reader is gone' gone.log)" = 1 ]
  for name in mute deaf; do [ "$(wc -l <$name.out)" = "$(wc -l <$name.records)" ]; done
}

@test "closed standard input is told, not waited for" {
  filled_store
  fails_with 66 timeout 20 bash -c 'cbx-segment --device cam01 <&-' 2>log
  grep -q 'Bad file descriptor' log
  code=0
  timeout 20 bash -c 'cbx-index add <&-' 2>log || code=$?
  cat log
  [ "$code" -eq 74 ] || [ "$code" -eq 66 ]
}

@test "a recorder whose sender is killed finishes what it has" {
  make_store
  mkfifo feed
  background bash -c 'exec cbx-segment --device cam <feed' >out 2>log
  recorder=$pid
  background bash -c 'exec ffmpeg -v error -nostdin -re -stream_loop -1 -i "$1" -map 0 -c copy -f mpegts - >feed' - \
    "$(clip h264 6)"
  sender=$pid
  part_grows() { [[ -n $(find store/media -name '.*.part' -size +200k) ]]; }
  wait_until 20 part_grows
  kill -KILL "$sender"
  wait_end "$recorder" 20
  sound_boxes $(segments store)
  [ "$(field end cam)" = close ]
}

@test "an ingest without a reader says so and ends" {
  cbx-index init -q --utc-offset +09:00
  port=$(free_port)
  background bash -c "cbx-ingest --listen srt://127.0.0.1:$port --register auto 2>log.gone; echo \$? >code" > >(true)
  wait_until 10 has_line log.gone listening
  timeout 20 ffmpeg -v error -nostdin -re -i "$(clip h264 6)" -c copy -f mpegts "srt://127.0.0.1:$port?streamid=cam01" \
    2>/dev/null || true
  wait_until 10 test -s code
  cat log.gone
  [ "$(cat code)" = 74 ]
  grep -q 'the reader of standard output is gone' log.gone
}
