#!/bin/bash
# Fails, and prints them, if sanitizers left reports in the folder $CBX_REPORTS.
set -euo pipefail
shopt -s nullglob
reports=("${CBX_REPORTS:-/nonexistent}"/*)
[[ ${#reports[@]} -gt 0 ]] || exit 0
printf '%d reports:\n' "${#reports[@]}"
head -n 200 "${reports[@]}"
exit 1
