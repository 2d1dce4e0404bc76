#!/bin/bash
# Fetches what the page has from others (package-lock.json says which versions, by their hashes) into node_modules
# beside this script, unless it is there.  Runs none of their scripts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
[[ node_modules/.package-lock.json -nt package-lock.json ]] && exit 0
if ! command -v npm >/dev/null; then
  echo 'install: no npm here: without it the page has no player' >&2
  exit 69
fi
npm ci --omit=dev --ignore-scripts --no-audit --no-fund >&2
# npm leaves a time of the registry's on what it unpacked.
touch node_modules/.package-lock.json
