#!/usr/bin/env bats
# The three tools together, for half a minute, checked to the last picture and packet.

setup_file() {
  bats_require_minimum_version 1.5.0
}
setup() {
  load ../cli/media
  root=$(mktemp -d)
  export CBX_ROOT=$root
  started=()
}
teardown() {
  local pid
  for pid in "${started[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$root"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_recorder() { # sets port, ingest, segment, index
  port=$(free_port)
  mkfifo "$root/frames" "$root/records" "$root/ready"
  cbx-index init --utc-offset +09:00
  cbx-index add <"$root/records" 3>&- &
  index=$!
  cbx-segment --length 5s <"$root/frames" >"$root/records" 3>&- &
  segment=$!
  cbx-ingest --listen "srt://127.0.0.1:$port" --register auto --ready-fd 7 >"$root/frames" 7>"$root/ready" 3>&- &
  ingest=$!
  started+=("$index" "$segment" "$ingest")
  timeout 60 cat "$root/ready" >/dev/null
}

stop_recorder() { # every tool ends by itself, with success, when the one before it has
  kill -TERM "$ingest"
  wait "$ingest"
  wait "$segment"
  wait "$index"
}

publish() { # CLIP DEVICE
  ffmpeg -nostdin -v error -re -i "$1" -map 0 -c copy -f mpegts \
    "srt://127.0.0.1:$port?streamid=publish:$2&latency=1000000&pkt_size=1316" 3>&- &
  publishers+=($!)
  started+=($!)
}

@test "three cameras, cut every 5 s: every picture and packet is there once, in time, and indexed" {
  clips=("$(clip h264 12)" "$(clip h264-b 12)" "$(clip h265 12)")
  start_recorder
  publishers=()
  for number in 0 1 2; do publish "${clips[number]}" "cam$number"; done
  wait "${publishers[@]}"
  # What was sent last is on its way for as long as the latency.
  sleep 2
  stop_recorder
  [ -z "$(find "$root/media" -name '*.part')" ]
  for number in 0 1 2; do
    mapfile -t files < <(segments "$root" "cam$number")
    [ "${#files[@]}" -ge 3 ]
    check_segment "${files[@]}"
    # ffmpeg leaves without waiting for its last packets to be taken.
    compare_recording --whole --lost-end 0.3 "${clips[number]}" "${files[@]}"
    diff <(printf '%s\n' "${files[@]#"$root/media/"}") <(cbx-index list "cam$number" --json | jq -r .path)
    cbx-index gaps "cam$number" "$(cbx-index list "cam$number" --json | jq -rs '"\(.[0].start)..\(.[-1].start)"')"
  done
}
