#!/bin/bash
# Every man page is clean for mandoc.
. "$(dirname "$0")/common.bash"
need mandoc
mapfile -t pages < <(files '*.[1-9]' | grep '^man/')
for tool in tools/*/; do
  tool=$(basename "$tool")
  [[ -f man/$tool.1 ]] || fault "man/$tool.1: missing"
done
for page in "${pages[@]}"; do
  # A reference to a page of our own is unknown until it is installed.
  while IFS= read -r line; do
    if [[ $line =~ 'referenced manual not found: Xr '([^ ]+)\ ([1-9]) ]]; then
      [[ -f man/${BASH_REMATCH[1]}.${BASH_REMATCH[2]} || ${BASH_REMATCH[1]} != cbx* ]] && continue
    fi
    [[ $line == *': STYLE: operating system explicitly specified:'* ]] && continue
    # The rest is about this machine's own database of pages.
    [[ $line == man/* ]] && fault "$line"
  done < <(mandoc -Tlint -W style "$page" 2>&1 | sed 's/^mandoc: //')
done
finish
