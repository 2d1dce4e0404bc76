#!/usr/bin/env bats
# cbx-verify as a black box, over recordings made by cbx-segment.
# shellcheck disable=SC2016,SC2154,SC2317  # an inner shell expands; bats sets stderr; functions are called by name

bats_require_minimum_version 1.5.0
load helpers
load media
load segment

setup_file() {
  load helpers
  load media
  # One store of two cameras and five files each, copied for every test.
  export TEMPLATE=$BATS_FILE_TMPDIR/store CBX_CONFIG=/dev/null
  local clip
  clip=$(clip h264 12)
  export CBX_ROOT=$TEMPLATE
  cbx-index -q init --utc-offset +09:00
  cbx-segment -q --device cam01 --length 3s --start 2026-11-20T08:00:00Z "$clip" >/dev/null
  cbx-segment -q --device cam02 --length 3s --start 2026-11-20T08:00:00Z "$clip" >/dev/null
  cbx-index -q add --catch-up
  cbx-index -q event add cam01 2026-11-20T08:00:05Z shock
  cbx-index -q pin cam01 2026-11-20T08:00:03Z..2026-11-20T08:00:06Z --reason test
  cbx-index -q add --catch-up
}
setup() {
  cd "$(mktemp -d -p "$BATS_TEST_TMPDIR")" || return
  cp -a "$TEMPLATE" store
  export CBX_ROOT=$PWD/store
  day=$CBX_ROOT/media/cam01/2026-11-20
  journal=$day/records.jsonl
}
teardown() { end_all; }

# As when no recorder runs: nothing is too young to be looked at.
verify() { timeout 60 cbx-verify -q --settle 0s "$@"; }
kinds() { jq -r '"\(.kind) \(.repaired)"' <<<"$output" | sort; }
nth() { find "$day" -name '[0-9]*.mp4' | sort | sed -n "$1p"; }
reindex() {
  rm -f "$CBX_ROOT"/index.db*
  cbx-index -q add --catch-up
}
forget() { # FILE: its line goes from the journal
  grep -v "$(basename "$1")" "$journal" >lines
  cp lines "$journal"
}
# found_and_repaired KIND [MORE-LINES]: verify finds just this, repairs it, and then finds nothing.
found_and_repaired() {
  run -1 verify
  [ "$(kinds)" = "$1 false" ]
  check_untouched=$(find "$CBX_ROOT/media" -type f -exec sha256sum {} + | sort)
  run -1 verify
  [ "$(find "$CBX_ROOT/media" -type f -exec sha256sum {} + | sort)" = "$check_untouched" ]
  run -1 verify --repair
  [ "$(kinds)" = "$1 true" ]
  run -0 verify --repair
  [ -z "$output" ]
  run -0 verify --hash
  [ -z "$output" ]
}
make_part() { # FILE BYTES: as a killed recorder leaves it: not finished, and cut
  python3 - "$1" "$2" <<'PY'
import os, sys, struct
path, size = sys.argv[1], int(sys.argv[2])
data = bytearray(open(path, "rb").read())
begin = struct.unpack(">I", data[:4])[0]
uuid = data.index(bytes.fromhex("6362787365674d1e9a57d03c8e21f46b")) - 8
data[begin:begin + 8] = struct.pack(">I", uuid - begin) + b"free"
open(os.path.join(os.path.dirname(path), "." + os.path.basename(path) + ".part"), "wb").write(data[:size])
os.remove(path)
PY
}

@test "a sound store: nothing is said, exit 0" {
  run -0 verify
  [ -z "$output" ]
  run -0 verify --hash
  run -0 verify --hash=50 cam01 2026-11-20
  run -66 verify cam09
  run -64 verify --hash=0
  run -64 verify --rebuild --repair
  run -78 cbx-verify --root "$PWD"
}

@test "part: a half-written file is finished and journalled" {
  file=$(nth 2)
  forget "$file"
  reindex
  make_part "$file" $(($(stat -c %s "$file") - 5000))
  found_and_repaired part
  check_segment "$file"
  [ "$(cbx-index list --json cam01 | jq -r .end | grep -c salvage)" = 1 ]
}

@test "part: one that its writer holds is left alone" {
  file=$(nth 2)
  forget "$file"
  reindex
  make_part "$file" 100000
  part=$day/.$(basename "$file").part
  background flock "$part" sleep 60
  wait_until 5 bash -c "! flock -n '$part' true"
  run -0 verify --repair
  [ -e "$part" ]
}

@test "part_empty: removed when it is old, never when there is picture in it" {
  head -c 140000 /dev/zero >"$day/.17-30-00.000.mp4.part"
  run -0 cbx-verify -q --repair
  found_and_repaired part_empty
  [ ! -e "$day/.17-30-00.000.mp4.part" ]
  file=$(nth 2)
  forget "$file"
  reindex
  make_part "$file" 200000
  part=$day/.$(basename "$file").part
  # The head is gone, fragments are not.
  dd if=/dev/zero of="$part" bs=4096 count=34 conv=notrunc 2>/dev/null
  run -1 verify --repair
  [ "$(kinds)" = 'part false' ]
  [ -s "$part" ]
}

@test "unrecorded: a finished file is adopted; a young one is left to its writer" {
  file=$(nth 3)
  before=$(cbx-index list --json cam01)
  forget "$file"
  reindex
  touch "$file"
  run -0 cbx-verify -q --repair
  found_and_repaired unrecorded
  [ "$(cbx-index list --json cam01 | jq -r .sha256)" = "$(jq -r .sha256 <<<"$before")" ]
}

@test "unrecorded: with all journals gone, everything comes back from the files" {
  before=$(cbx-index list --json | jq -c '[.path, .sha256, .bytes, .pts]')
  rm "$CBX_ROOT"/media/*/*/records.jsonl
  run -1 verify --repair
  [ "$(kinds | sort -u)" = 'unrecorded true' ]
  run -0 verify --hash
  diff <(echo "$before") <(cbx-index list --json | jq -c '[.path, .sha256, .bytes, .pts]')
}

@test "unrecorded: a file that has its name but was not finished is finished" {
  file=$(nth 3)
  forget "$file"
  reindex
  make_part "$file" "$(stat -c %s "$file")"
  mv "$day/.$(basename "$file").part" "$file"
  found_and_repaired unrecorded
  check_segment "$file"
}

@test "missing: marked with its cause, seen in gaps and why, and taken back when the file is there again" {
  file=$(nth 2)
  mv "$file" kept
  found_and_repaired missing
  [ "$(jq -r 'select(.type == "missing") | .cause' "$journal")" = file ]
  [ "$(cbx-index list --json cam01 | wc -l)" = "$(($(find "$day" -name '*.mp4' | wc -l)))" ]
  run -1 cbx-index gaps --json cam01 2026-11-20T08:00:00Z..2026-11-20T08:00:10Z
  [ "$(jq -r .cause <<<"$output")" = missing ]
  [[ $(cbx-index why cam01 2026-11-20T08:00:00Z) == *missing* ]]
  mv kept "$file"
  run -1 verify
  [ "$(kinds)" = 'back false' ]
  run -1 verify --repair
  [ "$(kinds)" = 'back true' ]
  run -0 verify --hash
  [ "$(cbx-index list --json cam01 | wc -l)" = "$(find "$day" -name '*.mp4' | wc -l)" ]
}

@test "missing: a whole day says so" {
  rm "$day"/*.mp4
  run -1 verify --repair
  [ "$(kinds | sort -u)" = 'missing true' ]
  [ "$(jq -r 'select(.type == "missing") | .cause' "$journal" | sort -u)" = day ]
  run -0 verify
}

@test "undeleted: an interrupted deletion is completed" {
  file=$(nth 2)
  cp "$file" kept
  cbx-index -q rm cam01 2026-11-20T08:00:03Z..2026-11-20T08:00:05Z --yes --pinned >/dev/null
  cp kept "$file"
  run -0 cbx-verify -q --repair # it may be at work yet
  found_and_repaired undeleted
  [ ! -e "$file" ]
}

@test "size: a cut file keeps what plays, what was put behind a whole one goes, an empty one is marked" {
  cut=$(nth 1) longer=$(nth 2) empty=$(nth 3)
  hash=$(sha256sum <"$longer")
  truncate -s -30000 "$cut"
  echo more >>"$longer"
  : >"$empty"
  run -1 verify
  [ "$(kinds)" = $'size false\nsize false\nsize false' ]
  run -1 verify --repair
  [ "$(kinds)" = $'size true\nsize true\nsize true' ]
  run -0 verify --hash
  check_segment "$cut"
  [ "$(sha256sum <"$longer")" = "$hash" ]
  [ -e "$empty" ]
  [ "$(jq -r 'select(.type == "missing") | .cause' "$journal")" = damaged ]
}

@test "hash: other content is found by reading, and not made worse" {
  file=$(nth 2)
  printf 'rot' | dd of="$file" bs=1 seek=200000 conv=notrunc 2>/dev/null
  run -0 verify
  hash=$(sha256sum <"$file")
  run -1 verify --hash --repair
  [ "$(kinds)" = 'hash false' ]
  [ "$(sha256sum <"$file")" = "$hash" ]
}

@test "unhashed: a record without a hash gets one" {
  sed -i 's/,"sha256":"[0-9a-f]*"//' "$journal"
  reindex
  run -0 verify
  run -1 verify --hash --repair
  [ "$(kinds | sort -u)" = 'unhashed true' ]
  run -0 verify --hash
}

@test "torn_line, bad_line: a line gets its end, what is none stays, and zeros are no finding" {
  printf '{"v":1,"type":"segment","device":"cam01","sta' >>"$journal"
  found_and_repaired torn_line
  head -c 4096 /dev/zero >>"$journal"
  found_and_repaired torn_line
  count=$(wc -l <"$journal")
  printf 'rotten \033[31m\n' >>"$journal"
  run -1 verify --repair
  [ "$(kinds)" = 'bad_line false' ]
  [ "$(jq .line <<<"$output")" = $((count + 1)) ]
  [[ $output != *$'\033'* ]]
  [ "$(wc -l <"$journal")" = $((count + 1)) ]
}

@test "foreign: links, pipes, folders and strangers are never followed, never touched, never waited for" {
  echo secret >secret
  ln -s "$PWD/secret" "$day/17-40-00.000.mp4"
  mkfifo "$day/17-41-00.000.mp4" "$day/.17-42-00.000.mp4.part"
  mkdir "$day/17-43-00.000.mp4"
  ln -s "$PWD" "$CBX_ROOT/media/cam07"
  cp -p "$(nth 2)" "$day/17-44-00.000.mp4"
  cp -p "$(nth 2)" "$day/holiday.mp4"
  echo mine >"$day/notes.txt"
  before=$(find "$CBX_ROOT/media" | sort)
  run -1 verify --repair
  [ "$(kinds | sort -u)" = 'foreign false' ]
  [ "$(jq -r .path <<<"$output" | sort | xargs -n 1 basename | tr '\n' ' ')" = \
    '.17-42-00.000.mp4.part 17-40-00.000.mp4 17-41-00.000.mp4 17-43-00.000.mp4 17-44-00.000.mp4 holiday.mp4 cam07 ' ]
  [ "$(find "$CBX_ROOT/media" | sort)" = "$before" ]
  [ "$(cat secret)" = secret ]
}

@test "a journal that cannot be read condemns nothing" {
  [ "$(id -u)" = 0 ] || skip 'permissions are made by root'
  mv "$journal" kept
  mkdir "$journal"
  run -1 verify --repair
  [ "$(kinds)" = 'foreign false' ]
  rmdir "$journal"
  mv kept "$journal"
  run -0 verify
}

@test "rows that are missing, wrong or of nobody are read again" {
  start=$(sqlite3 "$CBX_ROOT/index.db" 'SELECT min(start_ms) FROM segment WHERE device_id = 1')
  before=$(cbx-index list --json)
  sqlite3 "$CBX_ROOT/index.db" "DELETE FROM segment WHERE device_id = 1 AND start_ms = $start"
  run -1 verify
  [ "$(kinds)" = $'not_indexed false\norphan false' ]
  sqlite3 "$CBX_ROOT/index.db" "UPDATE segment SET bytes = 5 WHERE device_id = 2 AND start_ms = $start;
    INSERT INTO segment VALUES (2, $start + 1, 1000, 5, 1); INSERT INTO tombstone VALUES (2, $start + 2, 1, 'rm')"
  run -1 verify --repair
  [ "$(kinds)" = $'not_indexed true\norphan true\nstale_row true\nstale_row true\nwrong_row true' ]
  run -0 verify
  [ "$(cbx-index list --json)" = "$before" ]
}

@test "what the index has only not read yet is no finding" {
  printf '%s\n' "$(grep -m 1 segment "$journal" | sed 's/"lost":[0-9]*,//')" >>"$journal"
  run -0 verify
}

answers() {
  cbx-index list --json
  cbx-index gaps --json 2026-11-20T07:59:00Z..2026-11-20T08:01:00Z || true
  cbx-index coverage --json 2026-11-20
  cbx-index why --json cam01 2026-11-20T08:00:00Z
  for command in events pins; do
    if cbx-index --help | grep -q "^ *$command "; then cbx-index "$command" --json; fi
  done
  cbx-index tail --json
}

@test "rebuild: every answer is the same before and after, from a sound, a deleted and a damaged index" {
  cbx-index -q rm cam02 2026-11-20T08:00:03Z..2026-11-20T08:00:05Z --yes >/dev/null
  rm "$(nth 4)"
  verify --repair >/dev/null || true
  answers >before
  [ -s before ]
  run -0 cbx-verify -q --rebuild
  answers | diff before -
  rm "$CBX_ROOT"/index.db*
  run -66 cbx-index list
  run -0 cbx-verify -q --rebuild
  answers | diff before -
  cbx-index list >/dev/null # leaves a -wal and -shm beside it
  head -c 8192 /dev/urandom | dd of="$CBX_ROOT/index.db" conv=notrunc 2>/dev/null
  run -65 --separate-stderr cbx-index list
  [[ $stderr == *'cbx-verify --rebuild'* ]]
  run -1 verify
  [ "$(kinds)" = 'index false' ]
  run -0 cbx-verify -q --rebuild
  answers | diff before -
  [ "$(find "$CBX_ROOT" -maxdepth 1 -name 'index.db.damaged-*[0-9]Z' | wc -l)" = 1 ]
  run -0 verify --hash
  [ -z "$(find "$CBX_ROOT" -name 'index.db.rebuild-*')" ]
}

@test "rebuild: cbx-index add goes on with the new index" {
  background cbx-index add --watch 2>add.log
  for kind in sound damaged deleted; do
    case $kind in
      damaged) mv "$CBX_ROOT/index.db" away && head -c 8192 /dev/urandom >"$CBX_ROOT/index.db" ;;
      deleted) rm "$CBX_ROOT/index.db" "$CBX_ROOT"/index.db-* ;;
    esac
    run -0 cbx-verify -q --rebuild
    cbx-index -q event add cam02 2026-11-20T08:00:05Z "$kind" # another writer
    printf '{"v":1,"type":"event","device":"cam03","time":"2026-11-20T08:00:07.000Z","kind":"%s"}\n' "$kind" >line
    mkdir -p "$CBX_ROOT/media/cam03/2026-11-20"
    cat line >>"$CBX_ROOT/media/cam03/2026-11-20/records.jsonl"
    has_event() { sqlite3 "$CBX_ROOT/index.db" "SELECT kind FROM event JOIN device d ON d.id = device_id WHERE d.name = 'cam03'" | grep -q "$kind"; }
    wait_until 15 has_event
  done
  run -0 verify
}

@test "a crash in the middle of a repair is repaired by the next one" {
  for point in recover.salvage recover.adopt recover.mark recover.delete recover.close_line recover.truncate \
    recover.reread rebuild.made rebuild.aside; do
    rm -rf "$CBX_ROOT"
    cp -a "$TEMPLATE" "$CBX_ROOT"
    truncate -s -30000 "$(nth 1)"
    echo more >>"$(nth 2)"
    rm "$CBX_ROOT/media/cam02/2026-11-20/17-00-00.000.mp4"
    cp -p "$(nth 3)" kept
    cbx-index -q rm cam01 2026-11-20T08:00:06Z..2026-11-20T08:00:08Z --yes --pinned >/dev/null
    cp -p kept "$day/17-00-06.000.mp4"
    forget "$(nth 4)"
    printf '{"v":1,' >>"$journal"
    case $point in
      rebuild.aside) head -c 8192 /dev/urandom >"$CBX_ROOT/index.db" ;;
      rebuild.made) rm "$CBX_ROOT/index.db" ;;
      recover.reread) sqlite3 "$CBX_ROOT/index.db" 'DELETE FROM segment WHERE device_id = 2' ;;
    esac
    code=0
    CBX_CRASH_AT=$point verify --repair >/dev/null 2>&1 || code=$?
    [ "$code" = 137 ] || { echo "$point: $code"; return 1; }
    verify --repair >/dev/null || true
    run -0 verify --hash
  done
}

@test "beside a recorder at work nothing is found" {
  clip=$(clip h264 12)
  background cbx-index add --watch 2>add.log
  background bash -c 'ffmpeg -v error -nostdin -re -i "$1" -map 0 -c copy -f mpegts - | cbx-segment -q --length 2s --device live >/dev/null' camera "$clip"
  camera=$pid
  while ! process_gone "$camera"; do
    run -0 timeout 60 cbx-verify -q --repair
    [ -z "$output" ]
  done
  run -0 verify --hash
  [ "$(cbx-index list --json live | wc -l)" -ge 4 ]
}

@test "what root makes belongs to the owner of the store" {
  [ "$(id -u)" = 0 ] || skip 'only root can give files away'
  chmod 755 . "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
  chown -R 4321:4321 "$CBX_ROOT"
  rm "$CBX_ROOT"/index.db* "$journal"
  run -1 verify --repair
  [ "$(kinds | sort -u)" = $'index true\nunrecorded true' ]
  [ -z "$(find "$CBX_ROOT" ! -uid 4321)" ]
}

@test "an index that may not be opened is not called damaged" {
  [ "$(id -u)" = 0 ] || skip 'only root can become somebody else'
  chmod 755 . "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
  chmod -R o+rX "$CBX_ROOT"
  chmod o-r "$CBX_ROOT"/index.db
  run -77 setpriv --reuid 4321 --regid 4321 --clear-groups "$(command -v cbx-verify)" -q
  [[ $output == *index.db* ]]
  [[ $output != *'"kind":"index"'* ]]
}

@test "output: a failed write is an error, a terminal gets a table" {
  mv "$(nth 2)" kept
  run -74 bash -c 'cbx-verify -q >/dev/full'
  run -1 script -qec 'cbx-verify -q' /dev/null
  [[ $output == *KIND*PATH*REPAIRED* ]]
}
