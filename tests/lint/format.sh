#!/bin/bash
# Every C++ file is as clang-format would write it.
. "$(dirname "$0")/common.bash"
need clang-format
# Versions disagree on details; the tree follows one of them.  77 shows as "Skipped" in ctest's summary.
want=14
have=$(clang-format --version | sed -E 's/.*version ([0-9]+).*/\1/')
formatter=clang-format
if [[ $have != "$want" ]]; then
  formatter=clang-format-$want
  if ! command -v "$formatter" >/dev/null; then
    echo "not checked: the tree is formatted by clang-format $want, here is $have"
    exit 77
  fi
fi
mapfile -t sources < <(files '*.cpp' '*.h')
"$formatter" --dry-run -Werror "${sources[@]}"
