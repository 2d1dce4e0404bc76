#!/usr/bin/env bats
# cbx-prune as a black box.
# shellcheck disable=SC2154,SC2317,SC2030,SC2031  # bats sets stderr; functions are called by name; tests are subshells

load helpers

setup_file() { bats_require_minimum_version 1.5.0; }
setup() {
  dir=$(mktemp -d)
  cd "$dir" || return
  export CBX_ROOT=$dir/root CBX_CONFIG=$dir/cbx.toml
  : >"$CBX_CONFIG"
  cbx-index -q init --utc-offset +09:00
}
teardown() {
  end_all
  if [ -n "${mounted:-}" ]; then umount "$mounted"; fi
  rm -rf "$dir"
}

tree() { # DEVICES SEGMENTS [OPTION...]: minutes up to five minutes ago
  cbx-mktree "$CBX_ROOT" --devices "$1" --segments "$2" "${@:3}" >/dev/null
  cbx-index add --catch-up
}
files() { find "$CBX_ROOT/media/${1:-}" -name '*.mp4' | wc -l; }
rows() { cbx-index list --json "$@" | wc -l; }
consistent() { # the files are the rows, also of an index that is made again
  local before
  before=$(cbx-index list --paths | sort)
  [ "$before" = "$(find "$CBX_ROOT/media" -name '*.mp4' | sort)" ] || return
  rm -f "$CBX_ROOT"/index.db*
  cbx-index add --catch-up
  [ "$before" = "$(cbx-index list --paths | sort)" ]
}

@test "keep: what is older goes, from tree, journal and index; again is a no-op" {
  tree 2 300
  run -0 --separate-stderr cbx-prune --keep 2h --json
  [ "${#lines[@]}" = "$((2 * 300 - $(files)))" ]
  [ "$(files)" -gt 220 ]
  [ "$(files)" -lt 240 ]
  [ "$(jq -r '.type + .reason' <<<"${lines[0]}")" = deleteage ]
  [[ $stderr == *"deleted "*" files"* ]]
  run -0 --separate-stderr cbx-prune --keep 2h
  [ -z "$output$stderr" ]
  consistent
}

@test "dry run and explain delete nothing, and say what and why" {
  tree 1 300
  run -0 --separate-stderr cbx-prune -n --keep 2h
  [[ ${lines[0]} == *'"dry_run":true'* ]]
  would=${#lines[@]}
  [ "$(files)" = 300 ]
  cbx-index -q pin cam00 -4h..+10m --reason police
  run -0 --separate-stderr cbx-prune --explain --keep 2h
  [ "${#lines[@]}" = 301 ]
  cbx-prune --explain --json --keep 2h >explained
  [ "$(wc -l <explained)" = 300 ]
  [ "$(jq -r 'select(.reason == "pinned") | .due + .action' explained | sort -u)" = agekeep ]
  pinned=$(grep -c '"reason":"pinned"' explained)
  [ "$pinned" -ge 10 ]
  [ "$(grep -c '"action":"delete"' explained)" = $((would - pinned)) ]
  [ "$(files)" = 300 ]
  cbx-prune -q --keep 2h
  [ "$(files)" = $((300 - would + pinned)) ]
  run -64 cbx-prune --keep soon
  run -64 cbx-prune --rule cam00
  run -64 cbx-prune --min-free 101%
  run -64 cbx-prune --min-free nan%
  run -66 cbx-prune nobody
}

@test "rules: by id, tag and glob, from the settings too; the last wins" {
  tree 3 300
  cbx-account -q device add cam01 --tag vip >/dev/null
  printf '[cbx-prune]\nkeep = "2h"\nrule = ["cam0* keep=3h", "tag:vip keep=forever", "cam02 max-size=60K"]\n' >"$CBX_CONFIG"
  cbx-prune -q
  [ "$(files cam01)" = 300 ]
  [ "$(files cam00)" -gt 170 ] && [ "$(files cam00)" -lt 180 ]
  [ "$(files cam02)" -ge 9 ] && [ "$(files cam02)" -le 12 ]
  run -0 --separate-stderr cbx-prune --rule 'ghost keep=1d'
  [[ $stderr == *"no device 'ghost'"* ]]
  consistent
}

@test "devices may be named: the others are left alone" {
  tree 2 200
  cbx-prune -q --keep 1h cam00
  [ "$(files cam00)" -lt 70 ]
  [ "$(files cam01)" = 200 ]
}

@test "max-size: the oldest go first; what pins hold is said, exit 1" {
  tree 2 100
  bytes=$(cbx-index list --json | jq -s 'map(.bytes) | add')
  cbx-prune -q --keep forever --max-size $((bytes / 2))
  left=$(cbx-index list --json | jq -s 'map(.bytes) | add')
  [ "$left" -le $((bytes / 2)) ] && [ "$left" -gt $((bytes / 2 - 12000)) ]
  # Both lost their older half.
  difference=$(($(files cam00) - $(files cam01)))
  [ "${difference#-}" -le 1 ]
  cbx-index -q pin cam00 -2d..now --reason 'insurance claim'
  run -1 --separate-stderr cbx-prune --keep forever --max-size 1
  [[ $stderr == *pinned* ]]
  [ "$(files cam01)" -lt 10 ]
  run -0 cbx-index pins
  [[ $output == *'insurance claim'* ]]
}

@test "events: their files stay, within the cap and for a while" {
  tree 1 400
  cbx-index event add cam00 -3h shock
  cbx-index event add cam00 -4h sos
  cbx-index event add cam00 -5h motion
  cbx-prune -q --keep 1h --keep-events=2m..3m
  old=$(cbx-index list --json cam00 -24h..-70m | wc -l)
  [ "$old" -ge 10 ] && [ "$old" -le 14 ]
  # There is room for one of them: the SOS.
  cbx-prune -q --keep 1h --keep-events=2m..3m --events-at-most 34K
  [ "$(cbx-index list --json cam00 -190m..-170m | wc -l)" = 0 ]
  [ "$(cbx-index list --json cam00 -250m..-230m | wc -l)" -ge 5 ]
  cbx-prune -q --keep 1h --keep-events --events-for 2h
  [ "$(cbx-index list --json cam00 -24h..-70m | wc -l)" = 0 ]
  run -0 cbx-index events cam00
  [[ $output == *sos* && $output == *motion* ]]
  consistent
}

@test "unpushed: the only copy stays, until it is told that there is another" {
  tree 1 100
  cbx-index -q init --push-to s3://bucket/a --push-to s3://bucket/b
  cbx-prune -q --keep 30m
  [ "$(files)" = 100 ]
  cbx-prune --explain --json --keep 30m | grep -q '"reason":"unpushed"'
  cbx-index -q pushed cam00 -24h.. --target s3://bucket/a
  cbx-prune -q --keep 30m
  [ "$(files)" = 100 ]
  cbx-index -q pushed cam00 -24h.. --target s3://bucket/b
  rm "$CBX_ROOT"/index.db*
  cbx-prune -q --keep 60m
  [ "$(files)" -lt 60 ]
  cbx-index -q init --push-to s3://bucket/c
  cbx-prune -q --keep 30m --even-unpushed
  [ "$(files)" -lt 30 ]
  run -64 cbx-index init --push-to 's3://key:secret@bucket/x'
}

@test "clock: one that jumped is not believed, and what to do is said" {
  tree 1 100
  cbx-prune -q --keep 1d
  last() { # TIME BOOT BOOTTIME
    printf '{"time":"%s","boot":"%s","boottime_ms":%d}\n' "$1" "$2" "$3" >"$CBX_ROOT/prune.json"
  }
  boot=$(cat /proc/sys/kernel/random/boot_id)
  up=$(awk '{ printf "%d", $1 * 1000 }' /proc/uptime)
  last "$(date -u -d '+1 day' +%FT%TZ)" other 0
  run -75 --separate-stderr cbx-prune --keep 30m
  [[ $stderr == *"went back"* && $stderr == *--clock-is-right* ]]
  last "$(date -u -d '-1 day' +%FT%TZ)" "$boot" "$up"
  run -75 --separate-stderr cbx-prune --keep 30m
  [ "$(files)" = 100 ]
  run -0 --separate-stderr cbx-prune -n --keep 30m
  [[ $stderr == *"clock may be wrong"* ]]
  cbx-prune -q --keep 30m --clock-is-right
  [ "$(files)" -lt 30 ]
  cbx-prune -q --keep 30m
  rm "$CBX_ROOT/prune.json"
  touch -d '+1 day' "$CBX_ROOT/store.json"
  run -75 cbx-prune --keep 30m
}

@test "killed anywhere: the next run leaves tree and index as one" {
  for point in delete.journal delete.row delete.unlink delete.sync; do
    rm -rf "$CBX_ROOT"
    cbx-index -q init --utc-offset +09:00
    tree 3 200
    for n in 1 2; do
      CBX_CRASH_AT=$point:$n run cbx-prune --keep $((3 - n))h
      [ "$status" = 137 ]
    done
    cbx-prune -q --keep 1h
    consistent
    [ "$(files)" -lt 180 ]
  done
}

@test "two at once: the second leaves" {
  tree 1 10
  background flock "$CBX_ROOT" sleep 30
  sleep 0.3
  run -75 --separate-stderr cbx-prune
  [[ $stderr == *another* ]]
  run -0 cbx-prune -n
}

@test "a file that can't be deleted does not stop the others" {
  tree 2 100
  day=$(find "$CBX_ROOT/media/cam00" -mindepth 1 -type d | head -1)
  rm -f "$day"/*.mp4
  first=$(cbx-index list --paths cam00 | grep "$day" | head -1)
  mkdir "$first" # unlink(2) refuses a folder, also for root
  run -74 --separate-stderr cbx-prune --keep 30m
  [[ $stderr == *cam00* ]]
  [ "$(files cam01)" -lt 30 ]
  rmdir "$first"
  cbx-prune -q --keep 30m
  [ ! -e "$first" ]
}

@test "nothing is followed out of media" {
  tree 1 100
  day=$(find "$CBX_ROOT/media/cam00" -mindepth 1 -type d | head -1)
  mv "$day" "$dir/elsewhere"
  ln -s "$dir/elsewhere" "$day"
  before=$(find "$dir/elsewhere" -name '*.mp4' | wc -l)
  run -74 cbx-prune --keep 30m
  [[ $output == *"symbolic link"* ]]
  [ "$(find "$dir/elsewhere" -name '*.mp4' | wc -l)" = "$before" ]
  [ "$(rows)" = 100 ]
}

@test "what root makes belongs to the owner of the store" {
  [ "$(id -u)" = 0 ] || skip 'only root can give files away'
  tree 2 100
  chown -R 4321:4321 "$CBX_ROOT"
  cbx-index -q event add cam00 '2026-01-02 03:04' sos # a day without a folder
  cbx-index -q pin cam01 '2026-01-02 03:04' --reason 'to come'
  rm "$CBX_ROOT"/media/cam00/*/records.jsonl
  cbx-prune -q --keep 30m
  [ -s "$CBX_ROOT/media/cam01/2026-01-02/records.jsonl" ]
  [ -z "$(find "$CBX_ROOT" ! -uid 4321)" ]
}

@test "a disk that is not mounted: nothing is called deleted there, and nothing made below the mount point" {
  tree 2 100
  mv "$CBX_ROOT/media/cam00" "$dir/unmounted"
  mkdir "$CBX_ROOT/media/cam00"
  run -74 cbx-prune --keep 30m
  [[ $output == *"is the disk mounted?"* ]]
  [ "$(files cam01)" -lt 30 ]
  [ "$(rows cam00)" = 100 ]
  [ -z "$(ls -A "$CBX_ROOT/media/cam00")" ]
  run ! cbx-index rm cam00 today -y
  rmdir "$CBX_ROOT/media/cam00"
  run -74 cbx-prune --keep 30m
  mv "$dir/unmounted" "$CBX_ROOT/media/cam00"
  cbx-prune -q --keep 30m
  [ "$(files cam00)" -lt 30 ]
  consistent
}

@test "journals: days without files go after a while, and a new index answers the same" {
  cbx-mktree "$CBX_ROOT" --devices 2 --segments 4000 --links --events 20 >/dev/null
  cbx-index add --catch-up
  cbx-index -q pin cam01 "$(date -u -d '-2 days' +%F)" --reason evidence
  cbx-prune -q --keep 1d --keep-journals 1d
  [ "$(find "$CBX_ROOT/media/cam00" -mindepth 1 -type d | wc -l)" -le 2 ]
  [ "$(find "$CBX_ROOT/media/cam01" -mindepth 1 -type d | wc -l)" -ge 3 ]
  from=$(date -u -d '-6 days' +%F)
  answers() {
    cbx-index list --json
    cbx-index events --json
    cbx-index pins --json
    cbx-index gaps --json "$from.." || true
    cbx-index coverage --json "$from.."
  }
  answers >before
  rm "$CBX_ROOT"/index.db*
  cbx-index add --catch-up
  answers >after
  # The last gap reaches up to now, which moves.
  still() { jq -c 'del(.duration_ms, .detail, .to, .percent)' "$1"; }
  diff <(still before) <(still after)
}

@test "forecast: from the last week's rates" {
  tree 2 1000
  run -0 cbx-index forecast
  [[ $output == *cam01* && $output == *30d* ]]
  cbx-index forecast --json --keep forever >fore.json
  [ "$(wc -l <fore.json)" = 3 ]
  # 1000 minutes, judged by the time since the first of them.
  jq -se '.[] | select(.device == "cam00") | .bytes_per_day > .bytes and .bytes_per_day < 1.6 * .bytes' fore.json
  jq -se '.[] | select(.device == null) | .days_until_full > 0 and .available_bytes > 0' fore.json
}

small_disk() { # a file system of 64 MB, or a word and a skip
  [ "$(id -u)" = 0 ] || skip 'only root may mount a small disk'
  truncate -s 64M "$dir/disk"
  mkfs.ext4 -q -m 0 "$dir/disk"
  mkdir "$dir/small"
  mount -o loop "$dir/disk" "$dir/small" 2>/dev/null || mount -t tmpfs -o size=64M tmpfs "$dir/small" 2>/dev/null ||
    skip 'mounting is not permitted here'
  mounted=$dir/small
  export CBX_ROOT=$dir/small/root
}

@test "a disk that is full to the last byte is cleaned" {
  small_disk
  cbx-index -q init --utc-offset +09:00
  [ -s "$CBX_ROOT/.reserve" ]
  tree 2 400 --bytes 50000
  dd if=/dev/zero of="$mounted/fill" bs=64K 2>/dev/null || true
  dd if=/dev/zero of="$mounted/fill2" bs=1 count=65536 2>/dev/null || true
  [ "$(df --output=avail -B1 "$mounted" | tail -1)" -lt 4096 ]
  echo more 2>/dev/null >"$mounted/more" || true
  [ ! -s "$mounted/more" ]
  run -0 --separate-stderr cbx-prune --keep forever --min-free 10%
  [ "$(df --output=pcent "$mounted" | tail -1 | tr -dc 0-9)" -le 91 ]
  [ -s "$CBX_ROOT/.reserve" ]
  [ "$(files)" -gt 100 ]
  consistent
  run -0 cbx-prune --keep forever --min-free 10%
}
