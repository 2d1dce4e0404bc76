#!/usr/bin/env bats
# The page from the first visit on, in real browsers: an account by mail, a camera that is sending, its recordings.
#
# Each test has a camera and an account of its own: they share nothing but the recorder, the server and the mail server.

# shellcheck disable=SC2154  # set by the helpers and setup_file

cameras=(desk phone fox)

setup_file() {
  bats_require_minimum_version 1.5.0
  load recorder
  load web
  load_recorder
  web_modules
  "$CBX_SOURCE/share/web/install.sh"
  record_yesterday
  LENGTH=60s start_recorder
  local mail_port
  mail_port=$(free_port)
  background "$CBX_SOURCE/tests/tools/smtp_server.py" "$root/letters" "$mail_port" >"$root/mail.ready" 2>"$root/mail.log"
  wait_until 20 test -s "$root/mail.ready"
  start_server --web "$CBX_SOURCE/share/web" --signup open --smtp-url "smtp://127.0.0.1:$mail_port" --mail-from 'cbx <cbx@example.org>'
  export root origin port CBX_ROOT background_pids
}
teardown_file() {
  load recorder
  unload_recorder
}
setup() {
  load recorder
  load web
  load ../cli/helpers
  background_pids=
}
teardown() { end_all; }

# Two drives of yesterday for each camera: over a full minute, and after a gap.
record_yesterday() {
  local first second camera
  first=$(numbered_clip 0 24)
  second=$(numbered_clip 4096 9)
  day=$(TZ=UTC-9 date -d yesterday +%F)
  cbx-index init -q --utc-offset +09:00
  cbx-account -q user add operator --admin --no-password >/dev/null
  for camera in "${cameras[@]}"; do
    cbx-account -q device add "$camera" --json 2>/dev/null | jq -r .key >"$root/$camera.key"
    { cbx-segment -q --device "$camera" --start "${day}T08:13:50+09:00" "$first"
      cbx-segment -q --device "$camera" --start "${day}T08:15:20+09:00" "$second"; } | cbx-index add -q
  done
  export day
}

# own CAMERA [OPTION...]: its owner's way through the page.
own() {
  local camera=$1 key runs
  key=$(<"$root/$camera.key")
  mapfile -t runs < <(cbx-index list "$camera" --json | jq -rs 'def ms: (.[:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber);
    map(select(.source == "import")) | "0:600:\(.[0].start | ms)", "4096:225:\(.[2].start | ms)"')
  publish "$(numbered_clip 8192 150)" "$camera" "$port" "$key"
  CBX_KEY=$key play account "$origin" "$camera" "$root/letters" "${runs[@]}" "${@:2}"
  [ -z "$(find "$root/media/$camera" -path "*${day}*" -name '*.mp4')" ]
}

@test "an owner's way through the page: desktop, English" {
  own desk
}

@test "an owner's way through the page: phone, Korean" {
  own phone --size 390x844 --language ko-KR
}

@test "an owner's way through the page: Firefox" {
  command -v firefox-esr >/dev/null || skip 'no firefox-esr here'
  own fox --browser firefox
}
