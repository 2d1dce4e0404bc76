#!/usr/bin/env bats
# cbx-index as a black box.
# shellcheck disable=SC2154,SC2317,SC2016  # bats sets stderr; functions are called by name; $1 is for the inner shell

setup_file() {
  bats_require_minimum_version 1.5.0
}
setup() {
  dir=$(mktemp -d)
  export CBX_ROOT=$dir/root CBX_CONFIG=$dir/cbx.toml
  : >"$CBX_CONFIG"
  cbx-index -q init --utc-offset +09:00 --public-host cam.example.org
}
teardown() {
  [ -z "${background:-}" ] || kill "$background" 2>/dev/null || true
  rm -rf "$dir"
}

segment() { # DEVICE MINUTE [MS]: a minute after 17:00 in Seoul on 2026-11-17
  printf '{"v":1,"type":"segment","device":"%s","start":"2026-11-17T08:%02d:00.000Z","duration_ms":%d,"path":"%s/2026-11-17/17-%02d-00.000.mp4","bytes":32015904,"video":"h264","width":1280,"height":720,"fps":30.0,"audio":"aac","source":"live","end":"rotate","sha256":"%064d"}\n' \
    "$1" "$2" "${3:-60000}" "$1" "$2" "$2"
}
journal() { # DEVICE < LINES
  mkdir -p "$CBX_ROOT/media/$1/2026-11-17"
  cat >>"$CBX_ROOT/media/$1/2026-11-17/records.jsonl"
}
count() { cbx-index list --json "$@" | wc -l; }
eventually() { # COMMAND...: within ten seconds
  local i
  for ((i = 0; i < 100; i++)); do
    "$@" && return
    sleep 0.1
  done
  return 1
}

@test "init: makes the store once, and keeps its offset" {
  [ "$(stat -c %a "$CBX_ROOT/state.db")" = 600 ]
  grep -q '"+09:00"' "$CBX_ROOT/store.json"
  run -0 cbx-index -q init
  run -78 --separate-stderr cbx-index init --utc-offset +00:00
  [[ $stderr == *+09:00* ]]
  run -64 cbx-index --root "$dir/other" init --utc-offset nine
}

@test "a folder that is no store is named" {
  run -78 --separate-stderr cbx-index --root "$dir" list
  [[ $stderr == *"cbx-index init"* ]]
}

@test "add: rows from the pipe; bad lines are named and the rest goes on" {
  run -65 --separate-stderr cbx-index add < <(segment cam01 1; echo junk; segment cam01 2; segment cam01 1)
  [[ $stderr == *"line 2"* ]]
  [ -z "$output" ]
  [ "$(count)" = 2 ]
}

@test "list: what came in comes out" {
  segment cam01 1 | cbx-index add
  run -0 cbx-index list --json
  [ "$(jq -c . <<<"$output")" = "$(segment cam01 1 | jq -c .)" ]
}

@test "list: selects by device, day and range, in any spelling" {
  { for m in 1 2 3; do segment cam01 $m; done; segment cam02 1; } | cbx-index add
  cbx-account -q device add cam02 --nickname '뒤 카메라' --tag rear >/dev/null
  [ "$(count cam01)" = 3 ]
  [ "$(count 'cam*')" = 4 ]
  [ "$(count tag:rear)" = 1 ]
  [ "$(count '뒤 카메라')" = 1 ]
  [ "$(count 2026-11-17)" = 4 ]
  [ "$(count 2026-11-18)" = 0 ]
  [ "$(count cam01 '2026-11-17 17:02..17:03')" = 1 ]
  [ "$(count cam01 2026-11-17 17:02..17:03)" = 1 ]
  [ "$(count -2h)" = 0 ]
  [ "$(count -- -2h)" = 0 ]
  [ "$(count cam01 -1000w..)" = 3 ]
  run -66 cbx-index list cam09
  run -66 cbx-index list tag:none
  run -64 cbx-index list 2026-13-45
  run -64 --separate-stderr cbx-index list cam01 2026-11-17..16
  [[ $stderr == *"A..B"* ]]
}

@test "list: a table for people, aligned for wide letters" {
  segment cam01 1 | cbx-index add
  cbx-account -q device add cam01 --nickname '앞 카메라' >/dev/null
  run -0 cbx-index list
  [ "${lines[0]}" = 'DEVICE     START                LENGTH      SIZE  VIDEO             AUDIO  SOURCE  PATH' ]
  [ "${lines[1]}" = '앞 카메라  2026-11-17 17:01:00  1m 00s  30.5 MiB  h264 1280x720 30  aac    live    cam01/2026-11-17/17-01-00.000.mp4' ]
}

@test "list: paths for xargs -0, and a full disk is an error" {
  { segment cam01 1; segment cam01 2; } | cbx-index add
  cbx-index list -0 >"$dir/paths"
  [ "$(tr -cd '\0' <"$dir/paths" | wc -c)" = 2 ]
  [ "$(tr '\0' '\n' <"$dir/paths" | head -1)" = "$CBX_ROOT/media/cam01/2026-11-17/17-01-00.000.mp4" ]
  run -74 bash -c 'cbx-index list >/dev/full'
}

@test "show: by any path, and says what was deleted" {
  segment cam01 1 | cbx-index add
  run -0 cbx-index show --json cam01/2026-11-17/17-01-00.000.mp4
  mkdir -p "$CBX_ROOT/media/cam01/2026-11-17"
  cd "$CBX_ROOT/media/cam01/2026-11-17"
  [ "$(cbx-index show --json 17-01-00.000.mp4)" = "$output" ]
  [ "$(cbx-index show --json "$PWD/17-01-00.000.mp4")" = "$output" ]
  run -66 cbx-index show 17-09-00.000.mp4
  run -66 cbx-index show /etc/passwd
  cbx-index -q rm cam01 2026-11-17 --yes >/dev/null
  run -66 --separate-stderr cbx-index show 17-01-00.000.mp4
  [[ $stderr == *deleted* ]]
}

@test "add: catches up from the journals at start, on lagged and at the end" {
  segment cam01 1 | journal cam01
  cbx-index add </dev/null
  [ "$(count)" = 1 ]
  mkfifo "$dir/pipe"
  cbx-index add <"$dir/pipe" 3>&- &
  background=$!
  exec 4>"$dir/pipe"
  segment cam01 2 | journal cam01
  echo '{"v":1,"type":"lagged","time":"2026-11-17T08:02:00.000Z","dropped":1}' >&4
  two() { [ "$(count)" = 2 ]; }
  eventually two
  segment cam01 3 | journal cam01
  exec 4>&-
  wait "$background"
  background=
  [ "$(count)" = 3 ]
}

@test "add --watch: follows the journals, and TERM ends it" {
  cbx-index add --watch 3>&- &
  background=$!
  segment cam01 1 | journal cam01
  one() { [ "$(count)" = 1 ]; }
  eventually one
  segment cam01 2 | journal cam01
  two() { [ "$(count)" = 2 ]; }
  eventually two
  kill -TERM "$background"
  wait "$background"
  background=
}

@test "add: told to stop with the whole pipe, it takes what the others still bring" {
  mkfifo "$dir/pipe"
  cbx-index add <"$dir/pipe" 3>&- &
  background=$!
  exec 4>"$dir/pipe"
  segment cam01 1 >&4
  one() { [ "$(count)" = 1 ]; }
  eventually one
  kill -INT "$background"
  sleep 0.5
  segment cam01 2 >&4
  exec 4>&-
  wait "$background"
  background=
  [ "$(count)" = 2 ]
}

@test "add: a locked database only delays it" {
  python3 - "$CBX_ROOT/index.db" <<'PY' 3>&- &
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
time.sleep(3)
db.execute("ROLLBACK")
PY
  background=$!
  sleep 0.5
  run -0 --separate-stderr cbx-index add < <(segment cam01 1)
  [ "$(grep -c 'trying on' <<<"$stderr")" -le 1 ]
  wait "$background"
  background=
  [ "$(count)" = 1 ]
}

@test "a deleted index is made again; a damaged one says how" {
  segment cam01 1 | journal cam01
  rm "$CBX_ROOT"/index.db*
  run -66 --separate-stderr cbx-index list
  [[ $stderr == *"cbx-verify --rebuild"* ]]
  cbx-index add --catch-up
  [ "$(count)" = 1 ]
  rm -f "$CBX_ROOT"/index.db-*
  head -c 20000 /dev/urandom >"$CBX_ROOT/index.db"
  run -65 --separate-stderr cbx-index list
  [[ $stderr == *"cbx-verify --rebuild"* ]]
}

@test "gaps: each hole with its cause, exit 1" {
  {
    echo '{"v":1,"type":"connection.open","device":"cam01","time":"2026-11-17T08:01:00.000Z","connection":"k","peer":"192.0.2.1:9","protocol":"srt","encryption":0,"latency_ms":120}'
    segment cam01 1
    echo '{"v":1,"type":"connection.close","device":"cam01","time":"2026-11-17T08:02:00.000Z","connection":"k","cause":"peer_lost","duration_ms":60000,"bytes":1,"packets":1,"lost":0}'
    segment cam01 4
  } | cbx-index add
  run -0 cbx-index gaps cam01 '2026-11-17 17:01..17:02'
  [ -z "$output" ]
  run -1 cbx-index gaps --json cam01 '2026-11-17 17:01..17:05'
  [ "$(jq -r '"\(.start) \(.duration_ms) \(.cause)"' <<<"$output")" = '2026-11-17T08:02:00.000Z 120000 offline' ]
  run -0 cbx-index why cam01 2026-11-17 17:03
  [[ $output == *"not connected"* && $output == *peer_lost* ]]
  [ "$(cbx-index why cam01 '2026-11-17 17:01' --json | jq .covered_ms)" = 60000 ]
}

@test "coverage: percent and spans a day" {
  { segment cam01 1; segment cam01 2; segment cam01 5; } | cbx-index add
  run -0 cbx-index coverage cam01 '2026-11-17 17:00..17:10' --json
  [ "$(jq -c '[.day, .percent == 30, .covered_ms, (.spans | length)]' <<<"$output")" = '["2026-11-17",true,180000,2]' ]
  run -0 cbx-index coverage cam01 2026-11-16..17 --json
  [ "${#lines[@]}" = 2 ]
}

@test "tail: at least once behind a cursor file" {
  { segment cam01 1; segment cam01 2; } | journal cam01
  segment cam02 1 | journal cam02
  [ "$(cbx-index tail | wc -l)" = 3 ]
  # Nothing of a batch that could not be written is marked as done.
  run -74 bash -c 'cbx-index tail --cursor-file "$1" >/dev/full' - "$dir/cursor"
  [ "$(cbx-index tail --cursor-file "$dir/cursor" | wc -l)" = 3 ]
  [ "$(cbx-index tail --cursor-file "$dir/cursor" | wc -l)" = 0 ]
  segment cam02 2 | journal cam02
  [ "$(cbx-index tail --cursor-file "$dir/cursor")" = "$(segment cam02 2)" ]
  cbx-index tail --follow --cursor-file "$dir/cursor" >"$dir/out" 3>&- &
  background=$!
  segment cam02 3 | journal cam02
  arrived() { [ "$(wc -l <"$dir/out")" = 1 ]; }
  eventually arrived
  kill -TERM "$background"
  wait "$background"
  background=
}

@test "event, pin and rm: journal first, tombstones stay" {
  { segment cam01 1; segment cam01 2; segment cam01 3; } | journal cam01
  cbx-index add --catch-up
  for m in 1 2 3; do echo x >"$CBX_ROOT/media/cam01/2026-11-17/17-0$m-00.000.mp4"; done
  cbx-index event add cam01 2026-11-17 17:01 shock --note 'a bump'
  cbx-index pin cam01 2026-11-17 17:02 --reason police
  run -0 cbx-index tail --type event,pin
  [[ $output == *'a bump'* && $output == *police* ]]

  run -64 cbx-index rm cam01
  run -64 cbx-index rm cam01 2026-11-17 </dev/null
  run -1 --separate-stderr cbx-index rm cam01 2026-11-17 -n
  [ "${#lines[@]}" = 2 ]
  [[ $output == *'"dry_run":true'* && $stderr == *pinned* ]]
  [ "$(count)" = 3 ]
  run -1 cbx-index -q rm cam01 2026-11-17 --yes
  [ "$(count)" = 1 ]
  [ ! -e "$CBX_ROOT/media/cam01/2026-11-17/17-01-00.000.mp4" ]
  [ -e "$CBX_ROOT/media/cam01/2026-11-17/17-02-00.000.mp4" ]
  # A late copy of the record does not bring it back, and neither does a new index.
  segment cam01 1 | cbx-index add
  rm "$CBX_ROOT"/index.db*
  cbx-index add --catch-up
  [ "$(count)" = 1 ]
  cbx-index unpin cam01 2026-11-17
  run -0 cbx-index -q rm cam01 2026-11-17 --yes
  [ "$(count)" = 0 ]
}

@test "settings: flag beats environment beats file" {
  segment cam01 1 | cbx-index add
  cbx-index -q --root "$dir/second" init
  echo "root = \"$CBX_ROOT\"" >"$CBX_CONFIG"
  first=$CBX_ROOT
  unset CBX_ROOT
  [ "$(count)" = 1 ]
  [ "$(CBX_ROOT=$dir/second count)" = 0 ]
  [ "$(CBX_ROOT=$dir/second count --root "$first")" = 1 ]
  printf '[cbx-index]\nroo = "x"\n' >"$CBX_CONFIG"
  run -78 --separate-stderr cbx-index list
  [[ $stderr == *roo* ]]
}

@test "every subcommand has its help" {
  for command in init add list show gaps coverage why tail 'event add' pin unpin rm; do
    # shellcheck disable=SC2086
    run -0 cbx-index $command --help
    [[ $output == *Usage* ]]
  done
  run -64 cbx-index
  run -64 cbx-index nonsense
}
