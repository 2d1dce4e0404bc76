#!/usr/bin/env bats
# shellcheck disable=SC2046,SC2154  # names of segments hold no spaces; background sets pid
# cbx-segment on a disk that is full, or that cannot be written.

load helpers
load media
load segment

setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  mkdir store
}
teardown() {
  end_all
  if mountpoint -q store; then umount store; fi
}

# small_disk SIZE: ./store is a file system of its own.
small_disk() {
  mount -t tmpfs -o "size=$1,mode=755" cbx-test store 2>mount.log || skip "needs to mount a tmpfs: $(cat mount.log)"
  make_store +00:00
}
camera() { exec timeout 60 ffmpeg -v error -nostdin -re -stream_loop -1 -i "$1" -map 0 -c copy -f mpegts - >feed; }
part_holds() { find store -name '.*.part' -size "+${1}c" | grep -q .; } # BYTES
recorder() { exec timeout 60 cbx-segment --device cam "$@" <feed; }

@test "a full disk: what is written is kept, and recording resumes when there is room" {
  clip=$(clip noisy 8)
  small_disk 12M
  head -c 10500000 /dev/zero >store/other
  mkfifo feed
  background camera "$clip" 2>camera.log
  background recorder --length 30s >out 2>log
  recorder=$pid
  wait_until 20 has_line log 'No space left'
  sleep 2
  # What a failed write gives back may be room for another short file, which fills it again.
  rm store/other
  wait_until 20 has_line log 'takes recordings again'
  wait_until 20 part_holds 1000000
  kill -TERM "$(pgrep -P "$recorder")"
  wait_end "$recorder" 15
  cat log
  [ "$(grep -c 'No space left' log)" -le 2 ] # of the recording, and at most of the journal
  [ "$(grep -c 'recording goes on as soon as' log)" = 1 ]
  sound_boxes $(segments store)
  records cam >journal
  [ "$(field end cam | head -n 1)" = error ]
  [ "$(field end cam | tail -n 1)" = shutdown ]
  [ "$(field cause cam gap | sort -u)" = disk ]
  # The gaps are the time between the files.
  [ "$(jq -s 'map(select(.type == "gap").duration_ms) | add > 1500' journal)" = true ]
}

@test "an import that meets a full disk says so and fails" {
  clip=$(clip noisy 8)
  small_disk 3M
  fails_with 74 cut_stream --device cam --start 2026-11-20T08:00:01Z "$clip"
  grep -q 'No space left' log
  sound_boxes $(segments store)
}

@test "a media folder that cannot be written" {
  small_disk 12M
  mount -o remount,ro store
  fails_with 77 cut_stream --device cam --start 2026-11-20T08:00:01Z "$(clip h264 6)"
  grep -q 'Read-only file system' log
}

@test "a store that cannot be read" {
  make_store
  chmod 000 store
  # Root reads everything, but not as nobody.
  if [[ $(id -u) -eq 0 ]]; then
    chmod 755 "$PWD" "$BATS_TEST_TMPDIR"
    fails_with 77 setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all \
      "$(command -v cbx-segment)" --root "$PWD/store" --device cam </dev/null 2>log
  else
    fails_with 77 cut_stream --device cam </dev/null
  fi
  chmod 755 store
  grep -qi 'permission denied' log
}
