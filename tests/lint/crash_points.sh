#!/bin/bash
# Every named crash point of the code is listed in HACKING.md and tried by a test, and there are no others.
. "$(dirname "$0")/common.bash"

names='[a-z]+\.[a-z_]+'
documented=$(sed -n '/^| points | where |/,/^$/p' HACKING.md | cut -d '|' -f 2 | grep -oE "\`$names\`" | tr -d '`' | sort -u)
literal=$(grep -rhoE "crash_point\(\"$names\"\)" lib tools | grep -oE "$names" | sort -u)
# fmt::format("salvage.{}", step): any of this kind.
kinds=$(grep -rhoE 'crash_point\(fmt::format\("[a-z]+\.\{\}"' lib tools | sed -E 's/.*"([a-z]+)\..*/\1/' | sort -u)
[[ -n $documented && -n $literal && -n $kinds ]] || fault 'no crash points found'

for name in $literal; do
  grep -qxF "$name" <<<"$documented" || fault "HACKING.md: crash point '$name' is not listed"
done
for name in $documented; do
  grep -qxF "$name" <<<"$literal" || grep -qxF "${name%%.*}" <<<"$kinds" ||
    fault "HACKING.md: no crash point '$name' in the code"
  grep -rqE --include=*.bats --include=campaign.py "\b${name//./\\.}\b" tests || fault "crash point '$name': no test dies there"
done
finish
