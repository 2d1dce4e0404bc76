#!/usr/bin/env bats
# How users log in: sessions, second factors, codes and invitations of cbx-account as a black box.
# shellcheck disable=SC2154  # bats sets stderr

setup_file() {
  bats_require_minimum_version 1.5.0
}
setup() {
  load helpers
  dir=$(mktemp -d)
  export CBX_ROOT=$dir/root CBX_CONFIG=$dir/cbx.toml
  : >"$CBX_CONFIG"
  cbx-index -q init --utc-offset +09:00 --public-host cam.example.org
  user add kim --no-password --email kim@example.org
}
teardown() {
  rm -rf "$dir"
}

user() { cbx-account -q user "$@"; }
state() { sqlite3 "$CBX_ROOT/state.db" "$1"; }
authenticator() { python3 "$CBX_SOURCE/tests/tools/authenticator.py" "$@"; }
field() { user list --json | jq -c "select(.user == \"kim\") | $1"; }
# A browser that is logged in as $1; its id is $2 and, longer, its digest.
session() {
  local now=$(($(date +%s) * 1000))
  state "insert into session values ('$2', cast('$2' || hex(zeroblob(10)) as blob), '$1', $now, $now,
    $now + 90 * 86400000, '192.0.2.1', 'Mozilla/5.0 (X11)')"
}

@test "user sessions and logout" {
  user add lee --no-password
  session kim 0123456789ab
  session kim 0123456789ac
  session kim 0123456789ad
  session lee 0123456789ae
  state "update session set used_ms = used_ms - 15 * 86400000 where id = '0123456789ad'" # idled out
  run -0 cbx-account user sessions kim
  [[ ${#lines[@]} = 3 && ${lines[0]} == SESSION*'LAST USED'*FROM* && ${lines[1]} == 0123456789ab*192.0.2.1*Mozilla* ]]
  run -0 user sessions kim --json
  [ "$(jq -c '[.id, .user, .address, .agent]' <<<"${lines[0]}")" = '["0123456789ab","kim","192.0.2.1","Mozilla/5.0 (X11)"]' ]
  [[ $output != *digest* ]]

  run -66 user logout kim 0123456789ab 0123456789ae # another user's
  [ "$(user sessions kim --json | wc -l)" = 2 ]
  run -0 user logout kim 0123456789ab -n --json
  [ "$(jq -c '[.id, .ended, .dry_run]' <<<"$output")" = '["0123456789ab",false,true]' ]
  [ "$(user sessions kim --json | wc -l)" = 2 ]
  [ "$(user logout kim 0123456789ab --json | jq -c '[.id, .ended, .dry_run]')" = '["0123456789ab",true,null]' ]
  [ "$(user sessions kim --json | jq -r .id)" = 0123456789ac ]
  user logout kim
  [ "$(state "select group_concat(id) from session")" = 0123456789ae ]
  run -66 user sessions nobody
  run -66 user logout nobody
}

@test "a new password, disabling and removing end sessions" {
  session kim 0123456789ab
  user passwd kim --no-password
  [ "$(state 'select count(*) from session')" = 0 ]
  session kim 0123456789ab
  user disable kim
  [ "$(state 'select count(*) from session')" = 0 ]
  session kim 0123456789ab
  [ "$(user rm kim --json | jq .sessions)" = 1 ]
  [ "$(state 'select count(*) from session')" = 0 ]
}

@test "user totp --new: an authenticator is set up at a terminal" {
  [ "$(user totp kim)" = "no authenticator" ]
  run -0 authenticator set-up cbx-account user totp kim --new
  [[ $output == *'otpauth://totp/cam.example.org:kim?secret='*'&issuer=cam.example.org'* && $output == *█* ]]
  [ "$(grep -cE '^[a-z0-9]{5}-[a-z0-9]{5}$' <<<"$output")" = 10 ]
  secret=$(grep -oE 'secret=[A-Z2-7]+' <<<"$output" | cut -c8-)
  [ "$(field .second_factor)" = '"totp"' ]
  [[ $(cbx-account user list) == *totp* ]]
  run -0 user totp kim --json
  [ "$(jq -c '[.user, .active, .pending, .recovery_codes_left]' <<<"$output")" = '["kim",true,false,10]' ]
  # Neither the secret nor its bytes are told again.
  run -0 cbx-account user list --json
  [[ $output != *"$secret"* ]]
  run -1 grep -aqr "$secret" "$CBX_ROOT"

  user totp kim --clear
  [ "$(field .second_factor)" = '"email"' ]
  run -0 --separate-stderr cbx-account user totp kim --clear
  [[ $stderr == *"did not have an authenticator"* ]]
}

@test "user totp --new: three wrong codes change nothing" {
  run -65 python3 "$CBX_SOURCE/tests/tools/type_at.py" 'shows: ' '1\n' 'shows: ' 'x\n' 'shows: ' '\n' -- \
    cbx-account user totp kim --new
  [[ $output == *"nothing is changed"* ]]
  [ "$(field .second_factor)" = '"email"' ]
}

@test "user totp --new --yes, without a terminal" {
  run -64 --separate-stderr setsid -w cbx-account user totp kim --new
  [[ $stderr == *--yes* ]]
  run -0 setsid -w cbx-account -q user totp kim --new --yes --json
  [ "$(jq -c '[.active, (.recovery_codes | length), (.secret | length)]' <<<"$output")" = '[true,10,32]' ]
  [[ $(jq -r .uri <<<"$output") == "otpauth://totp/cam.example.org:kim?secret=$(jq -r .secret <<<"$output")&"* ]]
  run -64 user totp kim --yes
  run -64 user totp kim --new --clear
  run -66 user totp nobody --new --yes
  run -66 user totp nobody
}

@test "user code: eight digits, kept as a hash" {
  run -0 --separate-stderr cbx-account user code kim
  [[ $output =~ ^[0-9]{8}$ && $stderr != *"$output"* ]]
  run -1 grep -aqr "$output" "$CBX_ROOT"
  run -0 --separate-stderr user code kim --json
  [ "$(jq -c '[.type, .user, (.code | length)]' <<<"$output")" = '["code","kim",8]' ]
  [ "$(state 'select count(*) from operator_code')" = 1 ]
  run -0 --separate-stderr user code kim
  [[ $stderr == *"has no password"* ]]
  user disable kim
  run -77 user code kim
  run -66 user code nobody
}

@test "user email: never proven by being typed" {
  [ "$(field '[.email, .email_proven]')" = '["kim@example.org",null]' ]
  state "update user set email_proven_ms = 1"
  [ "$(user email kim KIM@example.com --json | jq -c '[.email, .email_proven]')" = '["KIM@example.com",null]' ]
  user add lee --no-password
  run -73 user email lee kim@EXAMPLE.com
  run -65 user email lee 'lee at home'
  user email kim ''
  [ "$(field '[.email, .second_factor]')" = '[null,"none"]' ]
  run -66 user email nobody a@example.org
}

@test "user language" {
  [ "$(user language kim ko --json | jq .language)" = '"ko"' ]
  run -65 user language kim '<b>'
  [ "$(field .language)" = '"ko"' ]
  user language kim ''
  [ "$(field .language)" = null ]
  run -66 user language nobody ko
}

@test "user admin: never the last one" {
  [ "$(user admin kim --json | jq .admin)" = true ]
  run -64 --separate-stderr user admin kim --no
  [[ $stderr == *"last admin"* ]]
  user add lee --no-password --admin
  [ "$(user admin kim --no --json | jq .admin)" = false ]
  run -66 user admin nobody
}

@test "user invite, invites, uninvite" {
  run -0 --separate-stderr cbx-account user invite
  [[ $output =~ ^/signup#invite=[A-Za-z0-9_-]{43}$ ]]
  secret=${output#*=}
  [[ $stderr != *"$secret"* ]]
  run -1 grep -aqrF "$secret" "$CBX_ROOT"
  run -0 user invite --email lee@example.org --admin --until +2h --url https://cam.example.org/ --json
  [ "$(jq -c '[.email, .admin, .by]' <<<"$output")" = '["lee@example.org",true,null]' ]
  [ "$(jq -r .url <<<"$output")" = "https://cam.example.org/signup#invite=$(jq -r .secret <<<"$output")" ]
  id=$(jq -r .id <<<"$output")
  [ "$id" = "$(jq -j .secret <<<"$output" | sha256sum | head -c 12)" ]
  state "update invite set until_ms = 1 where id <> '$id'"
  run -0 cbx-account user invites
  [[ ${#lines[@]} = 3 && ${lines[0]} == INVITE*E-MAIL* && $output == *lee@example.org*admin*open* && $output == *user*expired* ]]

  run -66 user uninvite "$id" 0123456789ab
  user uninvite "$id" -n
  [ "$(user invites --json | wc -l)" = 2 ]
  [ "$(user uninvite "$id" --json | jq -c '[.id, .removed]')" = "[\"$id\",true]" ]
  [ "$(user invites --json | wc -l)" = 1 ]
  run -64 user invite --until 2001-01-01
  run -64 user invite --url cam.example.org
  run -65 user invite --email lee
  run -73 user invite --email Kim@example.org
}

@test "a backup carries sessions, second factors and invitations" {
  session kim 0123456789ab
  user totp kim --new --yes >/dev/null
  user invite >/dev/null
  cbx-account -q backup "$dir/backup"
  [ "$(stat -c %a "$dir/backup")" = 600 ]
  user rm kim
  user uninvite "$(user invites --json | jq -r .id)"
  cbx-account -q restore "$dir/backup" --force
  [ "$(field .second_factor)" = '"totp"' ]
  [ "$(user sessions kim --json | jq -r .id)" = 0123456789ab ]
  [ "$(user totp kim --json | jq .recovery_codes_left)" = 10 ]
  [ "$(user invites --json | wc -l)" = 1 ]
}
