#!/usr/bin/env bash
# What the whole recorder (cbx-ingest | cbx-segment | cbx-index add) costs, as ratios taken in one run on one machine:
#   CPU against a bare libsrt receiver that throws the data away, and against ffmpeg -c copy -f segment,
#   memory per camera, bytes written per byte of media, and what was lost.
# Usage: tests/bench/recorder.sh [BUILD_DIR]
#   CAMERAS=100 SECONDS_EACH=75 FFMPEGS=8 BIT_RATE=4000000 LENGTH=60s
set -euo pipefail

build=$(cd "${1:-build}" && pwd)
cameras=${CAMERAS:-100}
seconds=${SECONDS_EACH:-75}
ffmpegs=${FFMPEGS:-8}
bit_rate=${BIT_RATE:-4000000}
length=${LENGTH:-60s}
port=${PORT:-18700}
load=$build/tests/tools/cbx-srtload
for tool in cbx-ingest cbx-segment cbx-index; do
  [[ -x $build/$tool ]] || { echo "no $tool in '$build': build it first" >&2; exit 66; }
done
scratch=$(mktemp -d "${TMPDIR:-/tmp}/cbx-bench.XXXXXX")
pids=()
clean_up() {
  local pid
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  rm -rf "$scratch"
}
trap clean_up EXIT

cpu() { awk '{ printf "%.2f\n", ($14 + $15) / 100 }' "/proc/$1/stat"; }      # seconds of a process, all its threads
pss() { awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"; }                 # KiB
written() { awk '/^write_bytes/ { print $2 }' "/proc/$1/io"; }
calc() { awk "BEGIN { printf \"%.2f\", $* }"; }
publish() { # PORT STREAMS
  "$load" send --port "$1" --streams "$2" --seconds "$seconds" --bit-rate "$bit_rate" --stream-id 'cam%04d' --latency 1000 --linger 3
}

echo "cameras: $cameras x $bit_rate bit/s for $seconds s, files of $length; cores: $(nproc)"

# 1. The floor: a receiver that does nothing.
"$load" sink --port "$port" --seconds $((seconds + 12)) >"$scratch/sink.json" &
sink=$!
pids+=("$sink")
sleep 1
publish "$port" "$cameras" >"$scratch/send-sink.json"
sink_cpu=$(cpu "$sink")
wait "$sink"

# 2. The recorder.
root=$scratch/root
"$build/cbx-index" init -q --root "$root"
mkfifo "$scratch/frames" "$scratch/records"
"$build/cbx-index" add --root "$root" <"$scratch/records" &
index=$!
"$build/cbx-segment" --root "$root" --length "$length" <"$scratch/frames" >"$scratch/records" &
segment=$!
"$build/cbx-ingest" -q --root "$root" --listen "srt://127.0.0.1:$((port + 1))" --register auto >"$scratch/frames" &
ingest=$!
pids+=("$index" "$segment" "$ingest")
sleep 1
publish $((port + 1)) "$cameras" >"$scratch/send-recorder.json" &
publisher=$!
pids+=("$publisher")
sleep $((seconds - 5))
memory_ingest=$(pss "$ingest") memory_segment=$(pss "$segment") memory_index=$(pss "$index")
wait "$publisher"
sleep 35 # the staggered closers
ingest_cpu=$(cpu "$ingest") segment_cpu=$(cpu "$segment") index_cpu=$(cpu "$index")
wrote=$(($(written "$segment") + $(written "$index") + $(written "$ingest")))
kill -TERM "$ingest"
wait "$ingest" "$segment" "$index"
media=$(find "$root/media" -name '*.mp4' -printf '%s\n' | awk '{ s += $1 } END { print s }')
recorder_cpu=$(calc "$ingest_cpu + $segment_cpu + $index_cpu")

# 3. ffmpeg, one process a camera.
ffmpeg_pids=()
senders=()
for ((i = 0; i < ffmpegs; i++)); do
  ffmpeg -v error -nostdin -i "srt://127.0.0.1:$((port + 10 + i))?mode=listener" -c copy -f segment -segment_time 60 \
    -segment_format mp4 -y "$scratch/ffmpeg-$i-%03d.mp4" &
  ffmpeg_pids+=($!)
done
pids+=("${ffmpeg_pids[@]}")
sleep 2
for ((i = 0; i < ffmpegs; i++)); do
  publish $((port + 10 + i)) 1 >/dev/null &
  senders+=($!)
done
pids+=("${senders[@]}")
sleep $((seconds - 1))
ffmpeg_cpu=0
for pid in "${ffmpeg_pids[@]}"; do ffmpeg_cpu=$(calc "$ffmpeg_cpu + $(cpu "$pid")"); done
ffmpeg_cpu=$(calc "$ffmpeg_cpu * $seconds / ($seconds - 1)")
wait "${senders[@]}"
for pid in "${ffmpeg_pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done

per_camera() { calc "$1 / $cameras"; }
echo
echo "CPU seconds per camera: receiver that discards $(per_camera "$sink_cpu"), recorder $(per_camera "$recorder_cpu")" \
  "(ingest $(per_camera "$ingest_cpu"), segment $(per_camera "$segment_cpu"), index $(per_camera "$index_cpu"))," \
  "ffmpeg $(calc "$ffmpeg_cpu / $ffmpegs")"
echo "recorder / bare receiver:  $(calc "$recorder_cpu / $sink_cpu")   (goal: at most 2)"
echo "recorder / ffmpeg:         $(calc "($recorder_cpu / $cameras) / ($ffmpeg_cpu / $ffmpegs)")   (goal: at most 0.25)"
echo "memory per camera:         $(calc "($memory_ingest + $memory_segment + $memory_index) / 1024 / $cameras") MiB   (goal: at most 3; ingest $((memory_ingest / 1024)), segment $((memory_segment / 1024)), index $((memory_index / 1024)) MiB)"
echo "bytes written / media:     $(calc "$wrote / $media")   (goal: at most 1.05)"
echo "sender:   $(cat "$scratch/send-recorder.json")"
echo "lost:     $(find "$root/media" -name records.jsonl -exec cat {} + | jq -s 'map(select(.type == "connection.close") | .lost) | add') packets; TS packets missing in files: $(find "$root/media" -name records.jsonl -exec cat {} + | jq -s 'map(select(.type == "segment") | .lost // 0) | add')"
first=$("$build/cbx-index" list --root "$root" --json | jq -rs 'map(.start) | max_by(.) as $x | (group_by(.) | map(.[0])) | .[0]')
until=$("$build/cbx-index" list --root "$root" --json | jq -rs 'group_by(.device) | map(map(.start) | max) | min')
from=$("$build/cbx-index" list --root "$root" --json | jq -rs 'group_by(.device) | map(map(.start) | min) | max')
[[ -n $first ]]
if gaps=$("$build/cbx-index" gaps --root "$root" "$from..$until" --json); then
  echo "gaps:     none between $from and $until"
else
  echo "gaps:     $(wc -l <<<"$gaps") between $from and $until"
fi
echo "files:    $("$build/cbx-index" list --root "$root" --json | wc -l) indexed, $(find "$root/media" -name '*.mp4' | wc -l) on disk"
