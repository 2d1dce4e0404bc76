#!/usr/bin/env bats
# examples/quickstart.sh, as README.md tells to run it.

# shellcheck disable=SC2034  # background_pids is for the helpers

setup_file() {
  bats_require_minimum_version 1.5.0
  export CBX_NO_INSTALL=1
}
setup() {
  load ../cli/helpers
  load ../cli/media
  background_pids=
  root=$(mktemp -d)
}
teardown() {
  end_all
  rm -rf "$root"
}

@test "quickstart --for 90s records two cameras, indexes and checks them, and leaves no process behind" {
  run "$CBX_SOURCE/examples/quickstart.sh" --for 90s --root "$root" --build "$CBX_BUILD"
  echo "$output"
  [ "$status" -eq 0 ]
  for camera in front rear; do
    mapfile -t files < <(segments "$root" "$camera")
    [ "${#files[@]}" -ge 2 ]
    check_segment "${files[@]}"
  done
  [[ $output == *'cbx-index list'* && $output == *'plays'* ]]
  # Live and recorded, each camera's address was played.
  for camera in front rear; do
    [[ $output =~ /t/[^/]+/media/$camera/hls/live/main.m3u8\ \ plays ]]
    [[ $output =~ /t/[^/]+/media/$camera/hls/[^/]+/main.m3u8\ \ plays ]]
  done
  # What it ends with plays once the server is there again.
  [[ ${output##*Done} =~ cbx-serve\ --listen\ ([0-9.:]+) ]]
  listen=${BASH_REMATCH[1]}
  [[ ${output##*Done} =~ ffplay\ (http[^[:space:]]+/media/front/[^[:space:]]+) ]]
  background env CBX_ROOT="$root" cbx-serve -q --listen "$listen"
  wait_until 30 curl -sf -o /dev/null "${BASH_REMATCH[1]}"
  quiet ffmpeg -nostdin -v error -xerror -i "${BASH_REMATCH[1]}" -t 10 -f null -
  end_all
  run ! pgrep -f "$root"
}

@test "quickstart ends by itself at Ctrl-C, with the files finished" {
  setsid "$CBX_SOURCE/examples/quickstart.sh" --root "$root" --build "$CBX_BUILD" >"$root/out" 2>&1 3>&- &
  pid=$!
  for _ in {1..300}; do
    [[ -n $(find "$root/media" -name '.*.part' -size +100k 2>/dev/null) ]] && break
    sleep 0.2
  done
  # A background job of a shell ignores INT; a terminal's Ctrl-C does not, and TERM cleans up alike.
  kill -TERM "$pid"
  wait "$pid" || true
  [ -n "$(segments "$root")" ]
  [ -z "$(find "$root/media" -name '*.part')" ]
  grep -E 'front +live +ffplay http://127.0.0.1:[0-9]+/t/' "$root/out"
  run ! pgrep -f "$root"
}

@test "a wrong command line is refused" {
  run -64 "$CBX_SOURCE/examples/quickstart.sh" --for soon
  run -64 "$CBX_SOURCE/examples/quickstart.sh" --forever
  run -64 "$CBX_SOURCE/examples/quickstart.sh" --for
}
