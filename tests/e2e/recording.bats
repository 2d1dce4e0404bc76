#!/usr/bin/env bats
# The three tools together, checked to the last picture and packet.

# shellcheck disable=SC2154  # root, port, line, pid and publisher are set by recorder.bash

setup_file() {
  bats_require_minimum_version 1.5.0
}
setup() {
  load recorder
  load_recorder
}
teardown() { unload_recorder; }

@test "three cameras, cut every 5 s: every picture and packet is there once, in time, and indexed" {
  clips=("$(clip h264 12)" "$(clip h264-b 12)" "$(clip h265 12)")
  start_recorder
  publishers=()
  for number in 0 1 2; do
    publish "${clips[number]}" "cam$number"
    publishers+=("$publisher")
  done
  wait "${publishers[@]}"
  # What was sent last is on its way for as long as the latency.
  sleep 2
  stop_recorder
  [ -z "$(find "$root/media" -name '*.part')" ]
  for number in 0 1 2; do
    mapfile -t files < <(segments "$root" "cam$number")
    [ "${#files[@]}" -ge 3 ]
    check_segment "${files[@]}"
    compare_recording --whole "${clips[number]}" "${files[@]}"
    diff <(printf '%s\n' "${files[@]#"$root/media/"}") <(indexed "cam$number")
    cbx-index gaps "cam$number" "$(cbx-index list "cam$number" --json | jq -rs '"\(.[0].start)..\(.[-1].start)"')"
  done
}
