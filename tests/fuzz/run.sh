#!/bin/bash
# Runs the fuzz targets of a build for a while, one after the other.
#
# Usage: tests/fuzz/run.sh [--build DIR] [--minutes N | --test SECONDS | --merge] [TARGET...]
#   --build DIR     where `ninja fuzz` built (default: build/fuzz; it is made when it is missing)
#   --minutes N     a long run, N minutes for each target (default 5); what it finds grows outside of the tree, in
#                   DIR/corpus/TARGET, from the corpus under tests/fuzz/corpus/TARGET
#   --test SECONDS  as the test suite does: replay the corpus of the tree, then run that long from a fixed seed
#   --merge         put what the long runs found into the tree, as few inputs as reach the same code
#   TARGET          stream_id, frames, records, … (default: all of them)
# Inputs that break something are kept as DIR/crashes/TARGET-… and named; replay one with
#   DIR/tests/fuzz/fuzz_TARGET FILE
# Exit status: 0 nothing found, 1 a target found something, 64 usage.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../.." && pwd)
build=$source/build/fuzz
mode=long
minutes=5
seconds=0

usage() {
  sed -n '2,/^set -e/{/^set -e/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
}

while [[ $# -gt 0 ]]; do
  case $1 in
    --build)
      build=${2:?--build needs a folder}
      shift
      ;;
    --minutes)
      minutes=${2:?--minutes needs a number}
      shift
      ;;
    --test)
      mode="test"
      seconds=${2:?--test needs seconds}
      shift
      ;;
    --merge) mode=merge ;;
    --help)
      usage
      exit 0
      ;;
    -*)
      usage >&2
      exit 64
      ;;
    *) break ;;
  esac
  shift
done

if [[ ! -e $build/CMakeCache.txt ]]; then
  cmake -S "$source" -B "$build" -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_CXX_FLAGS_DEBUG='-g1 -O1' -DCBX_SANITIZE=fuzzer-no-link,address,undefined -DCBX_TESTS=fuzz
fi
[[ $mode == test ]] || nice cmake --build "$build" --target fuzz

targets=("$@")
if [[ ${#targets[@]} -eq 0 ]]; then
  for file in "$here"/fuzz_*.cpp; do
    file=${file##*/fuzz_}
    targets+=("${file%.cpp}")
  done
fi

# A small quarantine: the large buffers of a run then stay where they are, several times faster.
export ASAN_OPTIONS=quarantine_size_mb=16:detect_stack_use_after_return=1:strict_string_checks=1:${ASAN_OPTIONS:-}
export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}
crashes=$build/crashes
mkdir -p "$crashes"
failed=0

# Enough for every format here: what needs more of either is a finding.
limits=(-rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=10)

for target in "${targets[@]}"; do
  program=$build/tests/fuzz/fuzz_$target
  kept=$here/corpus/$target
  grown=$build/corpus/$target
  if [[ ! -x $program ]]; then
    echo "no target '$target' in '$build'" >&2
    exit 64
  fi
  mkdir -p "$kept"
  options=("${limits[@]}" "-artifact_prefix=$crashes/$target-" -print_final_stats=1)
  [[ -e $here/$target.dict ]] && options+=("-dict=$here/$target.dict")
  case $target in
    stream_id | store) options+=(-max_len=1024) ;;
    times) options+=(-max_len=2048) ;;
    codec) options+=(-max_len=4096) ;;
    *) options+=(-max_len=65536) ;;
  esac
  case $mode in
    test)
      # New inputs go to a folder of this run: the tree stays as it is, and no run depends on the one before.
      scratch=$(mktemp -d "$build/fuzz-$target.XXXXXX")
      status=0
      "$program" "${options[@]}" -seed=1 -max_total_time="$seconds" "$scratch" "$kept" || status=$?
      rm -rf "$scratch"
      ;;
    long)
      mkdir -p "$grown"
      status=0
      nice "$program" "${options[@]}" -max_total_time=$((minutes * 60)) -report_slow_units=2 "$grown" "$kept" || status=$?
      ;;
    merge)
      mkdir -p "$grown"
      fresh=$(mktemp -d "$build/merge-$target.XXXXXX")
      status=0
      nice "$program" "${limits[@]}" -max_len=16384 -set_cover_merge=1 "$fresh" "$kept" "$grown" || status=$?
      if [[ $status -eq 0 ]]; then
        rm -rf "$kept"
        mv "$fresh" "$kept"
        chmod 755 "$kept"
      fi
      ;;
  esac
  if [[ $status -ne 0 ]]; then
    echo "fuzz_$target found something: see above; the input is in '$crashes'" >&2
    failed=1
  fi
done
exit "$failed"
