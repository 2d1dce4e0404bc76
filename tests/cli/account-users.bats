#!/usr/bin/env bats
# Users, tokens and shares of cbx-account as a black box.
# shellcheck disable=SC2154,SC2016  # bats sets stderr; hashes hold dollar signs

setup_file() {
  bats_require_minimum_version 1.5.0
}
setup() {
  load helpers
  dir=$(mktemp -d)
  export CBX_ROOT=$dir/root CBX_CONFIG=$dir/cbx.toml
  : >"$CBX_CONFIG"
  cbx-index -q init --utc-offset +09:00 --public-host cam.example.org
  echo 'correct horse' >"$dir/password"
}
teardown() {
  rm -rf "$dir"
}

user() { cbx-account -q user "$@"; }
device() { cbx-account -q device "$@"; }
token() { cbx-account -q token "$@"; }
# A user without the cost of a password hash.
quick_user() { user add "$1" --no-password; }
state() { sqlite3 "$CBX_ROOT/state.db" "$1"; }
at_terminal() { python3 "$CBX_SOURCE/tests/tools/type_at.py" "$@"; }

@test "user add: the password comes from a file or standard input, and is kept as Argon2id" {
  run -0 --separate-stderr user add kim --email kim@example.org --admin --password-file "$dir/password" --json
  [ "$(jq -c '[.user, .email, .admin, .enabled, .password]' <<<"$output")" = '["kim","kim@example.org",true,true,true]' ]
  [[ $output$stderr != *horse* && $output != *argon* ]]
  [[ $(state "select password_hash from user") == '$argon2id$v=19$m=65536,t=2,p=1$'* ]]
  user add lee --password-file - <"$dir/password"
  [ "$(state "select count(distinct password_hash) from user")" = 2 ]
  run -66 user add park --password-file "$dir/none"
  run -65 --separate-stderr user add park --password-file <(echo secret7)
  [[ $stderr != *secret7* ]]
  run -64 user add park --password secret-secret
  run -64 user add park --password-file - --no-password
  [ "$(user list --json | wc -l)" = 2 ]
}

@test "user add asks twice at a terminal, without echo" {
  run -0 at_terminal "password for 'kim': " 'correct horse\n' 'again: ' 'correct horse\n' -- cbx-account user add kim
  [[ $output != *horse* && $output == *echo=on ]]
  [[ $(state "select password_hash from user where name = 'kim'") == '$argon2id$'* ]]
  run -65 at_terminal 'kim' 'correct horse\n' 'again: ' 'correct hose\n' -- cbx-account user passwd kim
  [[ $output == *differ* && $output == *echo=on ]]
  run -65 at_terminal 'kim' 'short\n' 'again: ' 'short\n' -- cbx-account user passwd kim
  [[ $output == *'shorter than 8'* ]]
  run -130 at_terminal 'kim' 'corr\x03' -- cbx-account user passwd kim
  [[ $output == *echo=on && $output != *corr* ]]
  # Names are looked at before anybody types a password.
  run -73 at_terminal -- cbx-account user add kim
  run -65 at_terminal -- cbx-account user add 'Kim Lee'
  run -66 at_terminal -- cbx-account user passwd nobody
}

@test "without a terminal, --password-file is named" {
  run -64 --separate-stderr setsid -w cbx-account user add kim </dev/null
  [[ $stderr == *--password-file* ]]
}

@test "user passwd, enable, disable" {
  quick_user kim
  [ "$(user list --json | jq .password)" = false ]
  user passwd kim --password-file "$dir/password"
  [ "$(user list --json | jq .password)" = true ]
  user passwd kim --no-password
  [ "$(user list --json | jq .password)" = false ]
  [ "$(user disable kim --json | jq .enabled)" = false ]
  [ "$(user enable kim --json | jq .enabled)" = true ]
  run -66 user disable lee
  run -73 quick_user kim
  run -0 cbx-account user list
  [[ $output == USER*kim*none*enabled* ]]
}

@test "names and addresses are checked" {
  for name in Kim -k 'a b' a/b é; do
    run -65 user add --no-password -- "$name"
  done
  user add kim --no-password --email kim@example.org
  run -73 user add lee --no-password --email KIM@example.org
  run -65 user add lee --no-password --email 'lee at home'
}

@test "user rm: tokens and shares go, devices stay" {
  quick_user kim
  device add cam01 --owner kim >/dev/null
  device add cam02 >/dev/null
  device share cam02 kim
  user token kim >/dev/null
  before=$(state 'select value from meta')
  run -0 --separate-stderr cbx-account user rm kim -n --json
  [ "$(jq -c '[.devices, .tokens, .shares, .removed, .dry_run]' <<<"$output")" = '[["cam01"],1,1,false,true]' ]
  [[ $stderr == *"without an owner"*"'cam01'"* ]]
  [ "$(state 'select value from meta')" = "$before" ]
  run -0 --separate-stderr cbx-account user rm kim --json
  [ "$(jq -c '[.devices, .removed, .dry_run]' <<<"$output")" = '[["cam01"],true,null]' ]
  [ "$(device show cam01 --json | jq -c '[.owner, .shares]')" = '[null,[]]' ]
  [ "$(token list --json | wc -l)" = 0 ]
  run -66 user rm kim
}

@test "a token is printed once, and only its hash is kept" {
  quick_user kim
  device add cam01 --nickname front >/dev/null
  run -0 --separate-stderr cbx-account user token kim --name 'back up' --read-only --device front --until +30d
  secret=$output
  [[ $secret =~ ^cbx_[A-Za-z0-9_-]{43}$ ]]
  [[ $stderr != *"$secret"* ]]
  run -0 --separate-stderr token list --json
  [[ $output != *"${secret#cbx_}"* ]]
  [ "$(jq -c '[.kind, .user, .device, .scope, .name, .last_used]' <<<"$output")" = '["user","kim","cam01","read","back up",null]' ]
  id=$(jq -r .id <<<"$output")
  [ "$id" = "$(printf %s "$secret" | sha256sum | head -c 12)" ]
  days=$(jq -r '((.until[:19] + "Z" | fromdate) - (.created[:19] + "Z" | fromdate)) / 86400' <<<"$output")
  [ "$days" = 30 ]
  run -1 grep -aqrF "${secret#cbx_}" "$CBX_ROOT"
  run -0 cbx-account token list --user kim --device cam01
  [[ $output == ID*"$id"*user*kim*cam01*read*never*'back up' ]]
  [ "$(user token kim --json | jq -r '.token[:4] + .scope')" = cbx_full ]
  run -66 user token nobody
  run -66 user token kim --device cam09
  run -64 user token kim --until yesterday
  run -64 user token kim --until +never
}

@test "token rm: by id, several, all or none" {
  quick_user kim
  device add cam01 >/dev/null
  a=$(user token kim --json | jq -r .id)
  b=$(device token cam01 --json | jq -r .id)
  secret=$(user token kim)
  [ "$(token list --device cam01 --json | jq -r .kind)" = device ]
  run -66 token rm "$a" 000000000000
  run -66 --separate-stderr token rm "$secret"
  [[ $stderr != *"${secret#cbx_}"* ]]
  [ "$(token rm "$a" -n --json | jq -c '[.removed, .dry_run]')" = '[false,true]' ]
  [ "$(token list --json | wc -l)" = 3 ]
  [ "$(token rm "$a" "$b" --json | jq -c .removed)" = $'true\ntrue' ]
  [ "$(token list --json | wc -l)" = 1 ]
}

@test "recordings that were imported are shared after they were made a device" {
  quick_user kim
  mkdir -p "$CBX_ROOT/media/dash01"
  for with in kim --link 'kim --owner'; do
    # shellcheck disable=SC2086  # words
    run -66 device share dash01 $with
    [[ $output == *"cbx-account device add dash01 --no-key"* ]]
  done
  run -66 device share dash02 kim
  [[ $output != *"device add"* ]]
  device add dash01 --no-key
  device share dash01 kim
}

@test "device share and unshare: viewers and owners" {
  quick_user kim
  quick_user lee
  device add cam01 --nickname front >/dev/null
  [ "$(device share front kim --until '2099-01-01 00:00' --json | jq -r .until)" = 2098-12-31T15:00:00.000Z ]
  device share cam01 lee --owner
  [ "$(device list --json | jq -c '[.owner, .shares]')" = '["lee",[{"user":"kim","until":"2098-12-31T15:00:00.000Z"}]]' ]
  run -0 device show cam01
  [[ $output == *'owner     lee'* && $output == *'shared    kim until 2099-01-01 00:00:00'* ]]
  run -0 device list
  [[ $output == *lee*kim* ]]
  run -64 device share cam01 lee
  run -64 device share cam01 kim --owner --until +1d
  run -64 device share cam01 kim --until -1d
  run -66 device share cam01 park
  run -64 device share cam01
  run -64 device share cam01 kim --link
  [ "$(device unshare cam01 lee -n --json | jq -c '[.owner, .dry_run]')" = '[true,true]' ]
  device unshare cam01 lee
  device unshare cam01 kim
  run -66 device unshare cam01 kim
  run -66 device unshare cam01 kim -n
  [ "$(device show cam01 --json | jq -c '[.owner, .shares]')" = '[null,[]]' ]
  run -66 device add cam02 --owner park
}

@test "device share --link: a prefix, or whole addresses" {
  device add cam01 >/dev/null
  run -0 device share cam01 --link
  [[ $output =~ ^/t/cbx_[A-Za-z0-9_-]{43}$ ]]
  run -0 device share cam01 --link --until +7d --url https://cam.example.org/ --name insurance
  today=$(TZ=UTC-9 date +%F)
  [[ ${lines[0]} =~ ^https://cam.example.org/t/cbx_[A-Za-z0-9_-]{43}/$ ]]
  [ "${lines[1]}" = "${lines[0]}media/cam01/hls/live/main.m3u8" ]
  [[ ${lines[2]} == "${lines[0]}"media/cam01/hls/20??-??-??/main.m3u8 ]]
  [[ ${lines[2]} == *"/$today/"* || $(TZ=UTC-9 date +%H%M) == 0000 ]]
  run -0 device share cam01 --link --url 'http://[::1]:8080' --json
  [ "$(jq -r '.page' <<<"$output")" = "http://[::1]:8080$(jq -r .path <<<"$output")/" ]
  [ "$(jq -r '.live' <<<"$output")" = "http://[::1]:8080$(jq -r .path <<<"$output")/media/cam01/hls/live/main.m3u8" ]
  [ "$(token list --json | jq -r '[.kind, .scope, .name] | join(" ")' | sort | head -2)" = $'link read \nlink read ' ]
  for url in ftp://x https:// 'https://a b' https://user:secret@host 'https://x?y'; do
    run -64 device share cam01 --link --url "$url"
  done
  [ "$(device unshare cam01 --links -n --json | wc -l)" = 3 ]
  device unshare cam01 --links
  [ "$(token list --json | wc -l)" = 0 ]
}

@test "device rm takes shares, tokens and links along" {
  quick_user kim
  device add cam01 --owner kim >/dev/null
  device share cam01 --link >/dev/null
  user token kim --device cam01 >/dev/null
  run -0 --separate-stderr cbx-account device rm cam01 -n
  [[ $stderr == *'0 shares and 2 tokens'* ]]
  device rm cam01
  [ "$(token list --json | wc -l)" = 0 ]
}

@test "a backup carries users, tokens and shares" {
  quick_user kim
  device add cam01 >/dev/null
  device share cam01 kim
  user token kim >/dev/null
  cbx-account backup "$dir/copy"
  user rm kim
  run -0 --separate-stderr cbx-account restore "$dir/copy" --force
  [[ $stderr == *'1 devices, 1 users'* ]]
  [ "$(token list --json | jq -r .user)" = kim ]
  [ "$(device show cam01 --json | jq -r '.shares[].user')" = kim ]
}
