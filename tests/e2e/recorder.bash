# The three tools as one recorder on a fresh root.  `load recorder` in a bats file.
# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is for the tests
# shellcheck disable=SC2016  # the background shells expand for themselves

load_recorder() { # in setup()
  load ../cli/helpers
  load ../cli/media
  root=$(mktemp -d)
  export CBX_ROOT=$root
  background_pids=
}
unload_recorder() { # in teardown()
  local pid
  for pid in ${background_pids:-}; do kill -CONT "$pid" 2>/dev/null || true; done
  end_all
  rm -rf "$root"
}

# start_recorder [INGEST-OPTION...]: sets port and the process ids ingest, segment and index.  INGEST_UNDER,
# SEGMENT_UNDER and INDEX_UNDER are put before the commands (prlimit, strace -D); their talk goes to LOGS (root).  Files
# are LENGTH (5s) long.
start_recorder() {
  port=$(free_port)
  mkfifo "$root/frames" "$root/records" "$root/ready"
  export LOGS=${LOGS:-$root} LENGTH=${LENGTH:-5s} INGEST_UNDER=${INGEST_UNDER:-} SEGMENT_UNDER=${SEGMENT_UNDER:-} INDEX_UNDER=${INDEX_UNDER:-}
  cbx-index init -q --utc-offset +09:00
  # A named pipe is opened by the background process: here that would wait for the other end.
  background bash -c 'exec $INDEX_UNDER cbx-index add <"$CBX_ROOT/records" 2>"$LOGS/index.log"'
  index=$pid
  background bash -c 'exec $SEGMENT_UNDER cbx-segment --length "$LENGTH" <"$CBX_ROOT/frames" >"$CBX_ROOT/records" 2>"$LOGS/segment.log"'
  segment=$pid
  background bash -c 'exec $INGEST_UNDER cbx-ingest "$@" >"$CBX_ROOT/frames" 7>"$CBX_ROOT/ready" 2>"$LOGS/ingest.log"' ingest \
    --listen "srt://127.0.0.1:$port" --register auto --ready-fd 7 "$@"
  ingest=$pid
  timeout 60 cat "$root/ready" >/dev/null
}

# stop_recorder: every tool ends by itself, with success, when the one before it has.
stop_recorder() {
  kill -TERM "$ingest"
  wait_end "$ingest" 30
  wait_end "$segment" 30
  wait_end "$index" 30
}

# bad_line RELAY-OPTION...: sets line, a port whose way to the recorder is bad.
bad_line() {
  line=$(free_port)
  background cbx-udp-relay --listen "$line" --to "$port" --for 120 "$@"
  wait_until 10 grep -q "$(printf '%04X' "$line")" /proc/net/udp
}

# publish CLIP DEVICE [PORT]: ffmpeg at the clip's own speed, in the background; sets publisher.  Without linger, a live
# sender drops what it has not sent yet when it leaves.
publish() {
  background ffmpeg -nostdin -v error -re -i "$1" -map 0 -c copy -f mpegts \
    "srt://127.0.0.1:${3:-$port}?streamid=publish:$2&latency=1000000&pkt_size=1316&linger=10${4:+&passphrase=$4}"
  publisher=$pid
}

# indexed DEVICE: the paths of the device's files as the index has them, one a line, in order of time.
indexed() { cbx-index list "$1" --json | jq -r .path; }
