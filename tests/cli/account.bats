#!/usr/bin/env bats
# cbx-account as a black box.
# shellcheck disable=SC2154  # bats sets stderr

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
  rm -rf "$dir"
}

device() { cbx-account device "$@"; }

@test "add: an address with a key of its own, ready for ffmpeg, OBS and Larix" {
  run -0 device add cam01 --nickname '앞 카메라' --tag front --tag seoul
  address='srt://cam\.example\.org:8890\?mode=caller&latency=2000&streamid=cam01&passphrase=([a-z2-9]{24})&pbkeylen=16'
  [[ ${lines[0]} =~ $address ]]
  key=${BASH_REMATCH[1]}
  [[ $output == *"latency=2000000&streamid=cam01&passphrase=$key"* ]]
  [[ $output == *OBS* && $output == *Larix* ]]
  run -0 device add cam02 --json
  [ "$(jq -r .key <<<"$output")" != "$key" ]
}

@test "list and show tell no key" {
  key=$(device add cam01 --tag front --json | jq -r .key)
  for words in 'list' 'show cam01' 'list --json' 'show cam01 --json'; do
    # shellcheck disable=SC2086
    run -0 device $words
    [[ $output == *cam01* && $output != *"$key"* ]]
  done
  [ "$(device show cam01 --json | jq -c '[.encrypted, .key_bits, .tags]')" = '[true,128,["front"]]' ]
}

@test "keys come from a file or standard input, never the command line" {
  echo correct-horse-battery | device add cam01 --key-file - >/dev/null
  [ "$(device key cam01 --json | jq -r .key)" = correct-horse-battery ]
  run -65 --separate-stderr device add cam02 --key-file <(echo short)
  [[ $stderr != *short* ]]
  run -66 device add cam02 --key-file "$dir/none"
  run -64 device add cam02 --key secret-secret
}

@test "key: shows, renews and clears" {
  old=$(device add cam01 --json | jq -r .key)
  [ "$(device key cam01 --json | jq -r .key)" = "$old" ]
  new=$(device key cam01 --new --key-bits 256 --json | jq -r .key)
  [ "$new" != "$old" ]
  run -0 device key cam01
  [[ $output == *"passphrase=$new&pbkeylen=32"* ]]
  run -0 device key cam01 --clear
  [[ $output != *passphrase=* ]]
  run -64 device key cam01 --clear --new
}

@test "host, port and latency can be given; IPv6 stands in brackets" {
  run -0 device add cam01 --host 2001:db8::1 --port 9000 --latency 500 --no-key
  [ "${lines[0]}" = 'address  srt://[2001:db8::1]:9000?mode=caller&latency=500&streamid=cam01' ]
  run -64 device add cam02 --port 99999
}

@test "rename, tag, disable, rm" {
  device add cam01 >/dev/null
  device add cam02 --nickname rear >/dev/null
  device rename cam01 '앞 카메라'
  device tag '앞 카메라' --add a,b
  device tag cam01 --remove a --add c
  device disable cam01
  [ "$(device show cam01 --json | jq -c '[.nickname, .tags, .enabled]')" = '["앞 카메라",["b","c"],false]' ]
  device enable cam01
  [ "$(device show cam01 --json | jq .enabled)" = true ]
  run -73 device rename cam01 rear
  run -73 device add rear
  run -65 device add 'Bad Id'
  run -66 device show cam09
  device rm cam01
  [ "$(device list --json | wc -l)" = 1 ]
}

@test "backup and restore" {
  key=$(device add cam01 --json | jq -r .key)
  cbx-account backup "$dir/copy"
  [ "$(stat -c %a "$dir/copy")" = 600 ]
  run -73 cbx-account backup "$dir/copy"
  run -73 cbx-account backup "$dir/nowhere/copy"
  cbx-account backup - >"$dir/piped"
  [ "$(sqlite3 "$dir/piped" 'select count(*) from device')" = "$(sqlite3 "$dir/copy" 'select count(*) from device')" ]
  cbx-account restore - --force <"$dir/piped"
  run -65 cbx-account restore - --force </dev/null
  [ -z "$(find "$CBX_ROOT" -name '*pipe*')" ]
  device rm cam01
  run -73 cbx-account restore "$dir/copy"
  cbx-account restore "$dir/copy" --force
  [ "$(device key cam01 --json | jq -r .key)" = "$key" ]
  echo junk >"$dir/junk"
  run -65 cbx-account restore "$dir/junk" --force
  rm "$CBX_ROOT"/state.db*
  cbx-account restore "$dir/copy"
  [ "$(device list --json | wc -l)" = 1 ]
}

@test "on a terminal there is a QR code, in a pipe there is none" {
  device add cam01 >"$dir/plain"
  run -1 grep -q '▀' "$dir/plain"
  script -qec 'cbx-account device key cam01' /dev/null </dev/null >"$dir/terminal"
  grep -q '▀' "$dir/terminal"
}

@test "a full standard output is an error" {
  run -74 bash -c 'cbx-account device add cam01 >/dev/full'
}
