# What the tests of cbx-segment share.  `load segment` in a bats file, behind helpers and media.
# shellcheck shell=bash

# make_store [OFFSET]: an empty store in ./store; CBX_ROOT names it.
make_store() {
  export CBX_ROOT=$PWD/store
  mkdir -p store/media
  printf '{"version":1,"id":"%032d","utc_offset":"%s"}\n' 1 "${1:-+09:00}" >store/store.json
}

# cut_stream OPTION…: cbx-segment, stopped when it hangs; announcements to `out`, talk to `log`.
cut_stream() {
  timeout -k 5 "${within:-60}" cbx-segment "$@" >out 2>log || { local code=$?; cat log >&2; return "$code"; }
}

# fails_with CODE COMMAND…: it ends with this code.
fails_with() {
  local want=$1 code=0
  shift
  "$@" || code=$?
  [[ $code -eq $want ]] || { echo "exit $code, not $want: $*" >&2; return 1; }
}

# records DEVICE: the journals' records, one a line, after checking that they and the files agree.
records() { "$CBX_SOURCE/tests/tools/check_records.py" store "$1"; }

# field WHAT DEVICE [TYPE]: a field, or another jq expression, of all records of the type (segment), one a line.
field() {
  local what=$1
  [[ $what =~ ^[a-z_0-9]+$ ]] && what=.$what
  records "$2" | jq -r --arg type "${3:-segment}" "select(.type == \$type) | $what"
}

# mangle COMMAND…: see tests/tools/ts_mangle.py
mangle() { "$CBX_SOURCE/tests/tools/ts_mangle.py" "$@"; }

# sound_boxes FILE…: the structure of finished files, without looking at the pictures.  In a damaged stream a piece of
# sound may have waited longer for the next one.
sound_boxes() {
  local file
  for file in "$@"; do "$CBX_SOURCE/tests/tools/segment_boxes.py" check "$file" 2.5 || return; done
}

# count_packets KIND FILE…: how many packets of v or a the files hold, all in all.
count_packets() {
  local kind=$1 file
  shift
  for file in "$@"; do
    ffprobe -v quiet -select_streams "$kind:0" -count_packets -show_entries stream=nb_read_packets -of csv=p=0 "$file" |
      sed -n 1p
  done | awk -F, '{ sum += $1 } END { print sum + 0 }'
}
