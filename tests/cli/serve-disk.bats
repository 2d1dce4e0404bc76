#!/usr/bin/env bats
# shellcheck disable=SC2154,SC2030,SC2031  # background sets pid; each test has its own variables
# cbx-serve on a disk that is full to the last byte: people look, delete, and are told what else is to do.

bats_require_minimum_version 1.5.0
load helpers
load media
load segment

setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
}
teardown() {
  end_all
  [ -z "${mounted:-}" ] || umount -l "$mounted"
}

# A store with two files of a camera and an owner, on a file system of 64 MB of its own.
small_store() {
  [ "$(id -u)" = 0 ] || skip 'only root may mount a small disk'
  truncate -s 64M disk
  mkfs.ext4 -q -m 0 disk
  mkdir small
  mount -o loop disk small 2>/dev/null || mount -t tmpfs -o size=64M tmpfs small 2>/dev/null ||
    skip 'mounting is not permitted here'
  mounted=$PWD/small
  export CBX_ROOT=$mounted/store
  cbx-index -q init --utc-offset +09:00
  cut_stream --device cam --start 2026-11-20T17:00:00+09:00 --length 4s "$(clip h264-b 8)"
  cbx-index add -q --catch-up
  cbx-account -q user add owner --no-password >made
  cbx-account -q user token owner >owner.token
  cbx-account -q device add cam --owner owner >made
}

# Nothing more fits in, not a single block.
fill() {
  dd if=/dev/zero of="$mounted/fill" bs=64K 2>/dev/null || true
  dd if=/dev/zero of="$mounted/fill2" bs=1 count=65536 2>/dev/null || true
  [ "$(df --output=avail -B1 "$mounted" | tail -1)" -lt 4096 ]
}

serve() {
  local port
  port=$(free_port)
  base=http://127.0.0.1:$port
  background cbx-serve --listen "127.0.0.1:$port" --ready-fd 4 2>log 4>ready
  server=$pid
  wait_until 20 test -s ready
}
ask() { # PATH [CURL-OPTION…]: as the owner; the status on stdout, head and body in ./head and ./body
  local path=$1
  shift
  curl -s -o body -D head -w '%{http_code}' -H "Authorization: Bearer $(<owner.token)" "$@" "$base$path"
}

@test "started on a full disk: all can be seen and deleted" {
  small_store
  fill
  had=$(stat -c %s "$CBX_ROOT/.reserve")
  serve
  # That takes no more than half of the reserve, which is small here.
  has=$(stat -c %s "$CBX_ROOT/.reserve")
  echo "$had $has"
  ((has < had && has * 2 >= had))
  [ "$(ask /readyz)" = 200 ]
  [ "$(ask /api/v1/devices)" = 200 ]
  [ "$(ask /media/cam/hls/2026-11-20/media.m3u8)" = 200 ]
  address=$(grep -m 1 '\.m4s$' body)
  [ "$(ask "/media/cam/${address#../../}")" = 200 ]
  [ "$(ask '/api/v1/devices/cam/segments')" = 200 ]
  cp body listed
  id=$(jq -r '.segments[0].id' listed) path=$(jq -r '.segments[0].path' listed)
  [ -s "$CBX_ROOT/media/$path" ]
  [ "$(ask "/api/v1/devices/cam/segments/$id" -X DELETE)" = 200 ]
  [ ! -e "$CBX_ROOT/media/$path" ]
  kill -TERM "$server"
  wait_end "$server" 20
  run -0 cbx-verify -q
}

@test "what can't be written for want of room is answered with 507 and a way out" {
  small_store
  serve
  fill
  ask /api/v1/devices/cam/events -H 'Content-Type: application/json' --data '{"kind":"mark"}' >status
  cat status body log
  [ "$(<status)" = 507 ]
  jq -e '.status == 507 and (.detail | test("full") and test("cbx-prune"))' body
  rm "$mounted/fill"
  [ "$(ask /api/v1/devices/cam/events -H 'Content-Type: application/json' --data '{"kind":"mark"}')" = 201 ]
}

@test "a full disk without a reserve is said, and served as soon as there is room" {
  small_store
  rm -f "$CBX_ROOT/.reserve"
  fill
  serve
  cat log
  has_line log 'nothing can be served before there is room'
  [ "$(ask /readyz)" = 503 ]
  rm "$mounted/fill"
  wait_until 5 ready_again
}
ready_again() { [ "$(ask /readyz)" = 200 ] && [ "$(ask /api/v1/devices)" = 200 ]; }
