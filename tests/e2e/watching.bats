#!/usr/bin/env bats
# The page's player in Chromium: what it calls 08:14:05 is the picture of 08:14:05; holes are passed, and named.
#
# `car` sends twice, with a gap between; `live` sends all the time.

# shellcheck disable=SC2154  # set by the helpers and setup_file
# shellcheck disable=SC2034  # LENGTH is read by start_recorder

setup_file() {
  bats_require_minimum_version 1.5.0
  load recorder
  load web
  load_recorder
  web_modules
  "$CBX_SOURCE/share/web/install.sh"
  LENGTH=10s start_recorder
  local device
  for device in car live; do cbx-account -q device add "$device" --no-key >/dev/null; done
  start_server --web "$CBX_SOURCE/share/web"
  publish "$(numbered_clip 8192 150)" live
  publish "$(numbered_clip 0 24)" car
  wait "$publisher"
  sleep 4
  publish "$(numbered_clip 4096 9)" car
  wait "$publisher"
  wait_until 60 recorded
  car=$(share_link car)
  live=$(share_link live)/d/live/live
  mapfile -t runs < <(run_words)
  export car live root CBX_ROOT background_pids runs_text="${runs[*]}"
}
teardown_file() {
  load recorder
  unload_recorder
}
setup() {
  load recorder
  load web
  load ../cli/helpers
  read -ra runs <<<"$runs_text"
}

recorded() {
  local seconds
  seconds=$(cbx-index list car --json | jq -s 'map(.duration_ms) | add / 1000 | round')
  [[ -z $(find "$root/media/car" -name '*.part') && $seconds -eq 33 ]]
}
# The two drives as watching.js wants them: first number, count, start in ms.
run_words() {
  cbx-index list car --json | jq -rs 'def ms: (.[:19] + "Z" | fromdate) * 1000 + (.[20:23] | tonumber);
    (map(.end == "rotate") | index(false)) as $last | "0:600:\(.[0].start | ms)", "4096:225:\(.[$last + 1].start | ms)"'
}

@test "watching: desktop, English" {
  play watching "$car" car "$live" "${runs[@]}"
}

@test "watching: phone, Korean" {
  play watching "$car" car "$live" "${runs[@]}" --size 390x844 --language ko-KR
}
