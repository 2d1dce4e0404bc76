#!/bin/bash
# All shell scripts and bats suites pass shellcheck.
. "$(dirname "$0")/common.bash"
need shellcheck
mapfile -t scripts < <(shell_scripts)
mapfile -t suites < <(files '*.bats')
[[ ${#scripts[@]} -gt 0 ]] || fault 'no shell script found'
shellcheck --external-sources --source-path=SCRIPTDIR "${scripts[@]}" || fault 'shell scripts'
if [[ ${#suites[@]} -gt 0 ]]; then
  # SC2030, SC2031: bats runs each test in a subshell by design.  SC2002: `cat file |` gives a pipe where a pipe is meant.
  shellcheck --external-sources --source-path=SCRIPTDIR --shell=bats --exclude=SC2030,SC2031,SC2002 "${suites[@]}" ||
    fault 'bats suites'
fi
finish
