#!/bin/bash
# Installs what building and testing need, builds, and runs every test:
#
#   asan     gcc, AddressSanitizer and UndefinedBehaviorSanitizer: unit tests, black-box tests (bats), lint
#   tsan     clang, ThreadSanitizer: unit tests of the modules with threads, and a short recording
#   fuzz     clang, libFuzzer with both of the first: each target replays its corpus and runs for a few seconds
#   release  gcc, as packagers build it: install into an empty prefix, the examples, crashes and power cuts
#
# All of them are tests of one ctest run, whose summary ends the output.
#
# Usage: tests/run.sh [--quick] [--no-install] [--jobs N] [CTEST-OPTION...]
#   --quick       the asan build alone
#   --no-install  packages are there already; touch none
#   --jobs N      compile and test with N jobs (default: one a core)
#   anything else goes to ctest: -L unit, -R bats, -LE e2e, --rerun-failed, …
# Exit status: 0 all passed; otherwise something failed or could not be built.
set -euo pipefail
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
builds=$source/build/check
folders=(asan tsan fuzz release)
install=true
jobs=$(nproc)

while [[ $# -gt 0 ]]; do
  case $1 in
    --quick) folders=(asan) ;;
    --no-install) install=false ;;
    --jobs)
      jobs=${2:?--jobs needs a number}
      shift
      ;;
    --help)
      sed -n '2,/^set -e/{/^set -e/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
      exit 0
      ;;
    *) break ;;
  esac
  shift
done

step() { printf '\n== %s\n' "$*"; }

if $install; then
  step 'packages'
  "$source/share/packages/install.sh" build example test
fi

step 'the page'
"$source/share/web/install.sh"

# The players of tests/web: fetched anew only when the list of their versions has changed.
web=$source/tests/web
if [[ ! $web/node_modules/.package-lock.json -nt $web/package-lock.json ]]; then
  step 'players'
  (cd "$web" && npm ci --no-audit --no-fund)
fi

# Kernels with much address randomisation break the sanitizers of older compilers: do without where that is allowed.
plain=()
if [[ $(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0) -gt 28 ]] && setarch -R true 2>/dev/null; then
  plain=(setarch -R)
fi

# Reports are kept beside the tests' own output: see tests/reports.sh.
export CBX_REPORTS=$builds/reports
rm -rf "$CBX_REPORTS"
mkdir -p "$CBX_REPORTS"
export ASAN_OPTIONS=log_path=$CBX_REPORTS/asan:detect_stack_use_after_return=1:strict_string_checks=1:${ASAN_OPTIONS:-}
export LSAN_OPTIONS=log_path=$CBX_REPORTS/lsan:suppressions=$source/tests/lsan.supp:print_suppressions=0:${LSAN_OPTIONS:-}
export UBSAN_OPTIONS=log_path=$CBX_REPORTS/ubsan:print_stacktrace=1:${UBSAN_OPTIONS:-}
export TSAN_OPTIONS=log_path=$CBX_REPORTS/tsan:suppressions=$source/tests/tsan.supp:second_deadlock_stack=1:${TSAN_OPTIONS:-}

# Warnings are errors with the compilers that cbx is developed with; newer ones warn of more.
werror=OFF
[[ $(g++ -dumpversion | cut -d . -f 1) -le 12 ]] && werror=ON

configure() { # FOLDER CMAKE-OPTION...
  local folder=$1
  shift
  # Not to be kept from a run before: a package update may have moved what the cache remembers.
  cmake --fresh -S "$source" -B "$builds/$folder" -G Ninja -DCBX_WERROR=$werror -DCBX_TEST_PREFIX="$folder." "$@"
}

mkdir -p "$builds"
: >"$builds/CTestTestfile.cmake"
for folder in "${folders[@]}"; do
  step "build $folder"
  goals=()
  case $folder in
    asan)
      configure asan -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG='-g1 -O1' \
        -DCBX_SANITIZE=address,undefined -DCBX_TESTS='unit;cli;lint'
      ;;
    tsan)
      configure tsan -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG='-g1 -O1' \
        -DCBX_SANITIZE=thread -DCBX_TESTS='unit;e2e' \
        -DCBX_TEST_MODULES='base;srt;store;segment;index;playback;net;http;web'
      ;;
    fuzz)
      configure fuzz -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG='-g1 -O1' \
        -DCBX_SANITIZE=fuzzer-no-link,address,undefined -DCBX_TESTS=fuzz
      # The targets and the modules that they need, not the tools.
      goals=(--target fuzz)
      ;;
    release)
      configure release -DCMAKE_CXX_COMPILER=g++ -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCBX_TESTS=e2e
      ;;
  esac
  "${plain[@]}" cmake --build "$builds/$folder" --parallel "$jobs" "${goals[@]}"
  echo "subdirs($folder)" >>"$builds/CTestTestfile.cmake"
done

# Real cameras, networks and disks on a machine that is busy with other tests, too: what fails is tried once more, and
# both tries are told.
step 'test'
exec "${plain[@]}" ctest --test-dir "$builds" --parallel "$jobs" --output-on-failure --no-tests=error \
  --repeat until-pass:2 "$@"
