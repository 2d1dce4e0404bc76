#!/usr/bin/env bats
# What the recorder makes of disks, databases and neighbours that fail: real publishers, real files, errors of strace's.
# CBX_LONG=1 waits for two minutes where the short form waits for seconds.

# shellcheck disable=SC2034,SC2154  # root, port, pid, publisher and others are set by recorder.bash

setup_file() {
  bats_require_minimum_version 1.5.0
}
setup() {
  load recorder
  load_recorder
  waiting=13 # longer than a tool waits for a lock
  [[ -z ${CBX_LONG:-} ]] || waiting=120
}
teardown() {
  unload_disk
  unload_recorder
}
unload_disk() {
  if mountpoint -q "$root"; then umount -l "$root"; fi
}

# whole DEVICE: files, journal and index agree, and every file plays; prints how many seconds there are.
whole() {
  local files
  mapfile -t files < <(segments "$root" "$1")
  [ "${#files[@]}" -ge 1 ] || return
  [ -z "$(find "$root/media" -name '.*')" ] || return
  "$CBX_SOURCE/tests/tools/check_records.py" "$root" "$1" >/dev/null || return
  local file
  for file in "${files[@]}"; do "$CBX_SOURCE/tests/tools/segment_boxes.py" check "$file" 2.5 >/dev/null || return; done
  cbx-index add </dev/null || return
  diff <(printf '%s\n' "${files[@]#"$root/media/"}") <(indexed "$1") >&2 || return
  cbx-index list "$1" --json | jq -s 'map(.duration_ms) | add / 1000'
}
connections() { cat "$root"/media/"$1"/*/records.jsonl | grep -c '"type":"connection.open"'; }
at_least() { awk -v have="$1" -v want="$2" 'BEGIN { exit !(have >= want) }' || { echo "$1 s, not $2" >&2; return 1; }; }

# strace_of FAULT…: a command line to put before a tool; its process stays the tool's.
strace_of() {
  local fault line="strace -D -f --seccomp-bpf -qq -o /dev/null"
  for fault; do line+=" -e inject=$fault"; done
  printf '%s -e trace=%s' "$line" "$(printf '%s\n' "${@%%:*}" | sort -u | paste -sd,)"
}
needs_strace() {
  strace -D -f --seccomp-bpf -o /dev/null true 2>/dev/null || skip "strace may not trace here"
}

# faulty NAME TOOL LEAST MESSAGE FAULT…: a recording of 12 s of which the faults may cost all but LEAST seconds; MESSAGE
# is said, the camera stays connected.  Runs beside others: it has a root of its own.
faulty() (
  unset LOGS
  local name=$1 tool=$2 least=$3 message=$4
  shift 4
  load_recorder
  trap unload_recorder EXIT
  declare "$tool=$(strace_of "$@")"
  start_recorder
  publish "$source" "$name"
  wait "$publisher"
  sleep 2
  stop_recorder
  log=$root/segment.log
  [[ $tool == SEGMENT_UNDER ]] || log=$root/index.log
  [[ -z $message ]] || grep -q -- "$message" "$log" || { echo "not said: $message"; cat "$log"; exit 1; }
  (($(wc -l <"$log") < 20)) || { echo 'a storm of messages'; cat "$log"; exit 1; }
  [ "$(connections "$name")" = 1 ] || { echo 'the camera was disconnected'; exit 1; }
  seconds=$(whole "$name") || { echo 'not whole'; find "$root/media" -type f; cat "$log"; exit 1; }
  at_least "$seconds" "$least" || { cat "$log"; exit 1; }
)

# Runs lines of `faulty` at once and tells which failed.
all_of() {
  local name running=() names=() failed=0 rest
  while read -r name rest; do
    [[ -n $name ]] || continue
    eval "faulty $name $rest" >"$BATS_TEST_TMPDIR/$name.out" 2>&1 3>&- &
    running+=($!) names+=("$name")
  done
  local i
  for i in "${!running[@]}"; do
    wait "${running[i]}" && continue
    failed=1
    echo "--- ${names[i]}"
    cat "$BATS_TEST_TMPDIR/${names[i]}.out"
  done
  return "$failed"
}

@test "errors of the recorder's calls, once and for a while" {
  needs_strace
  source=$(clip h264 12)
  all_of <<'END'
    write-once     SEGMENT_UNDER 11.9 ''                      pwritev:error=EIO:when=4
    write-while    SEGMENT_UNDER 5    'No space left'         pwritev:error=ENOSPC:when=4..9
    moov-once      SEGMENT_UNDER 11.9 'cannot finish'         pwrite64:error=EIO:when=1
    sync-once      SEGMENT_UNDER 11.9 'finished as a copy'    fdatasync:error=EIO:when=1
    folder-while   SEGMENT_UNDER 11.9 'cannot finish'         fsync:error=EIO:when=1..3
    rename-while   SEGMENT_UNDER 11.9 'cannot finish'         renameat2:error=EACCES:when=1..2
    syncfs-while   SEGMENT_UNDER 11.9 'new files are begun'   syncfs:error=EIO:when=2..6
  no-fallocate     SEGMENT_UNDER 11.9 ''                      fallocate:error=EOPNOTSUPP
END
}

@test "errors of the journal's and the index's calls" {
  needs_strace
  source=$(clip h264 12)
  all_of <<'END'
    journal-while  SEGMENT_UNDER 11.9 'the journal can be written again' write:error=ENOSPC:when=2..4
    lock-while     SEGMENT_UNDER 11.9 ''                         flock:error=ENOLCK:when=3
    index-write    INDEX_UNDER   11.9 ''                         pwrite64:error=ENOSPC:when=30..50
    index-sync     INDEX_UNDER   11.9 ''                         fdatasync:error=EIO:when=4..6
END
}

@test "a 64 MB disk that fills and empties: no camera is disconnected, recording goes on by itself" {
  source=$(clip noisy 24)
  mount -t tmpfs -o size=64m cbx-test "$root" 2>"$BATS_TEST_TMPDIR/mount.log" ||
    skip "needs to mount a tmpfs: $(cat "$BATS_TEST_TMPDIR/mount.log")"
  LOGS=$BATS_TEST_TMPDIR
  start_recorder
  publish "$source" cam01
  wait_until 20 grep -q connected "$LOGS/ingest.log"
  sleep 4
  head -c 64M /dev/zero >"$root/other" 2>/dev/null || true
  wait_until 10 grep -q 'No space left' "$LOGS/segment.log"
  sleep 5
  rm "$root/other"
  wait_until 10 grep -q 'takes recordings again' "$LOGS/segment.log"
  wait "$publisher"
  sleep 2
  stop_recorder
  cat "$LOGS/segment.log"
  [ "$(grep -c 'as soon as the disk takes it' "$LOGS/segment.log")" = 1 ]
  [ "$(connections cam01)" = 1 ]
  at_least "$(whole cam01)" 12
  range=$(cbx-index list cam01 --json | jq -rs '"\(.[0].start)..\(.[-1].start)"')
  run -1 cbx-index gaps cam01 "$range" --json
  [ "$(jq -r .cause <<<"$output" | sort -u)" = disk ]
}

@test "databases locked for long: cameras stay, known ones are let in, the index is whole afterwards" {
  source=$(clip h264 "$waiting") # cameras record all the time
  start_recorder
  cbx-account device add known --no-key >/dev/null
  sleep 1.5
  for db in index state; do
    background python3 -c '
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
db.execute("BEGIN EXCLUSIVE")
open(sys.argv[1] + ".held", "w").close()
time.sleep(float(sys.argv[2]))
db.execute("COMMIT")' "$root/$db.db" "$waiting"
    locker=$pid
    wait_until 10 test -e "$root/$db.db.held"
  done
  publish "$source" known
  first=$publisher
  publish "$source" stranger # let in by --register auto, written down later
  wait "$first" "$publisher"
  wait "$locker"
  sleep 2
  stop_recorder
  cat "$root/ingest.log" "$root/index.log"
  for camera in known stranger; do
    [ "$(connections "$camera")" = 1 ]
    at_least "$(whole "$camera")" "$((waiting - 1)).9"
  done
  cbx-account device list | grep -q stranger
}

@test "an index that stands still for long holds up no camera and has everything afterwards" {
  source=$(clip h264 "$waiting") # the camera records all the time
  start_recorder
  kill -STOP "$index"
  SECONDS=0
  publish "$source" cam01
  wait "$publisher"
  while ((SECONDS < waiting)); do sleep 1; done
  kill -CONT "$index"
  sleep 2
  stop_recorder
  [ "$(connections cam01)" = 1 ]
  at_least "$(whole cam01)" "$((waiting - 1)).9"
}

@test "descriptors run out: those that record go on, the others are told, nothing spins" {
  source=$(clip h264 10)
  SEGMENT_UNDER='prlimit --nofile=34' INGEST_UNDER='prlimit --nofile=20'
  start_recorder
  publishers=()
  for number in {1..8}; do
    publish "$source" "cam$number"
    publishers+=("$publisher")
    sleep 0.2
  done
  wait "${publishers[@]}"
  sleep 2
  ticks=$(awk '{ print $14 + $15 }' "/proc/$segment/stat")
  ticks_ingest=$(awk '{ print $14 + $15 }' "/proc/$ingest/stat")
  stop_recorder
  cat "$root/segment.log" "$root/ingest.log"
  grep -q 'ulimit -n' "$root/segment.log"
  [ "$(grep -c 'ulimit -n' "$root/segment.log")" -le 8 ]
  # Most of 12 s would be 1,000 ticks and more.
  ((ticks < 400 && ticks_ingest < 600))
  full=0
  for number in {1..8}; do
    [[ -n $(segments "$root" "cam$number") ]] || continue
    seconds=$(whole "cam$number")
    echo "cam$number: $seconds s"
    if at_least "$seconds" 9.9; then full=$((full + 1)); fi
  done
  ((full >= 2))
}
