#!/usr/bin/env bats
# Bad lines, other senders, and what happens around a recording: nothing of the picture is lost.

# shellcheck disable=SC2154  # root, port, line, pid and publisher are set by recorder.bash

setup_file() {
  bats_require_minimum_version 1.5.0
}
setup() {
  load recorder
  load_recorder
}
teardown() { unload_recorder; }

same_as() { # CLIP DEVICE [LOST-AT-THE-END]
  mapfile -t files < <(segments "$root" "$2")
  [ "${#files[@]}" -ge 1 ]
  check_segment "${files[@]}"
  compare_recording --whole --lost-end "${3:-0}" "$1" "${files[@]}"
  diff <(printf '%s\n' "${files[@]#"$root/media/"}") <(indexed "$2")
}

@test "20 % packet loss at 40 ms delay costs no picture, with ffmpeg" {
  source=$(clip h264-b 12)
  start_recorder
  bad_line --loss 20 --delay 40
  publish "$source" cam01 "$line"
  wait "$publisher"
  sleep 4
  stop_recorder
  same_as "$source" cam01
  cbx-index why cam01 "$(cbx-index list cam01 --json | jq -rs '.[1].start')" --json | jq -se 'map(.. | .retransmitted? // empty) | add > 0'
}

@test "a line cut of 3 s costs no picture, with srt-live-transmit and encryption" {
  source=$(clip h264 14)
  start_recorder --require-encryption
  printf 'a-secret-of-the-road' >"$root/key"
  cbx-account device add cam01 --key-file "$root/key" >/dev/null
  sleep 1.5
  bad_line --cut 4:3 --delay 5
  feed=$(free_port)
  background srt-live-transmit -q "udp://127.0.0.1:$feed" \
    "srt://127.0.0.1:$line?streamid=cam01&latency=5000&passphrase=a-secret-of-the-road&pbkeylen=16"
  wait_until 10 has_line "$root/ingest.log" connected
  ffmpeg -nostdin -v error -re -i "$source" -map 0 -c copy -f mpegts "udp://127.0.0.1:$feed?pkt_size=1316"
  sleep 6
  kill "$pid"
  stop_recorder
  same_as "$source" cam01 0.5
  [ "$(grep -c '"type":"connection.open"' "$root"/media/cam01/*/records.jsonl)" = 1 ]
  grep -q '"encryption":128' "$root"/media/cam01/*/records.jsonl
}

@test "GStreamer's srtsink is recorded to the last picture" {
  source=$(clip h264 8)
  start_recorder
  timeout 60 gst-launch-1.0 -q filesrc location="$source" ! tsparse set-timestamps=true alignment=7 ! \
    srtsink uri="srt://127.0.0.1:$port?mode=caller" streamid=cam01 latency=500 wait-for-connection=true sync=true
  sleep 2
  stop_recorder
  same_as "$source" cam01 1
}

@test "a camera that is away for 4 s leaves a gap with its cause, and goes on in new files" {
  source=$(clip h264 6)
  start_recorder
  publish "$source" cam01
  wait "$publisher"
  sleep 4
  publish "$source" cam01
  wait "$publisher"
  sleep 2
  stop_recorder
  range=$(cbx-index list cam01 --json | jq -rs '"\(.[0].start)..\(.[-1].start)"')
  run -1 cbx-index gaps cam01 "$range" --json
  [ "$(jq -s length <<<"$output")" = 1 ]
  [ "$(jq -r .cause <<<"$output")" = offline ]
  jq -e '.duration_ms > 3000 and .duration_ms < 9000' <<<"$output"
  mapfile -t files < <(segments "$root" cam01)
  check_segment "${files[@]}"
}

@test "an index that stands still, and one that dies, hold nothing up; it catches up" {
  source=$(clip h264 14)
  start_recorder
  publish "$source" cam01
  wait_until 20 has_line "$root/ingest.log" connected
  kill -STOP "$index"
  sleep 4
  kill -KILL "$index"
  wait "$publisher"
  sleep 2
  kill -TERM "$ingest"
  wait_end "$ingest" 30
  wait_end "$segment" 30
  cbx-index add </dev/null
  same_as "$source" cam01
}
