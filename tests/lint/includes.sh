#!/bin/bash
# The arrows between modules: lib/A may include "B/…" only where CMakeLists.txt links A to B, directly or by way of
# others; libraries that public headers must hide are not included there; the arrows make no circle.
. "$(dirname "$0")/common.bash"

declare -A links reach
while read -r module rest; do
  links[$module]=$(grep -oE 'cbx::[a-z0-9]+' <<<"$rest" | sed 's/cbx:://' | tr '\n' ' ' || true)
done < <(sed -nE 's/^cbx_module\(([a-z0-9]+) *(.*)\).*$/\1 \2/p' CMakeLists.txt)
[[ ${#links[@]} -gt 0 ]] || fault 'CMakeLists.txt: no cbx_module() line found'

visit() { # MODULE FROM: everything that can be reached from MODULE
  local next
  for next in ${links[$1]:-}; do
    [[ $next == "$2" ]] && fault "CMakeLists.txt: a circle through '$2'"
    [[ " ${reach[$2]:-} " == *" $next "* ]] && continue
    reach[$2]+=" $next"
    visit "$next" "$2"
  done
}
for module in "${!links[@]}"; do visit "$module" "$module"; done

for folder in lib/*/; do
  module=$(basename "$folder")
  [[ -v links[$module] ]] || { fault "lib/$module: no cbx_module() in CMakeLists.txt"; continue; }
  while IFS=: read -r file line include; do
    other=$(sed -E 's/.*"([a-z0-9]+)\/.*/\1/' <<<"$include")
    [[ $other == "$module" || " ${reach[$module]:-} " == *" $other "* ]] ||
      fault "$file:$line: module '$module' may not include '$other'"
  done < <(grep -rnE '^#include "[a-z0-9]+/' "$folder" --include='*.h' --include='*.cpp' || true)
done

# ts, codec, mp4, media and store know nothing of the databases; stated here so that a new arrow is a decision.
for module in codec ts mp4 media store; do
  for database in index state; do
    [[ " ${reach[$module]:-} " != *" $database "* ]] || fault "CMakeLists.txt: '$module' must not know '$database'"
  done
done

# A header that says it is private to its folder may show them, and is included from nowhere else but its tests.
while IFS=: read -r file line include; do
  folder=$(cut -d / -f 1,2 <<<"$file")
  grep -qi "private to $folder" "$file" || fault "$file:$line: public header shows $include"
done < <(grep -rnE '^#include <(sqlite3\.h|curl/|srt/|libav|spdlog/|nlohmann/|openssl/|qrencode)' lib --include='*.h' || true)
while read -r file; do
  folder=$(cut -d / -f 1,2 <<<"$file")
  while IFS=: read -r user line _; do
    [[ $user == "$folder"/* || $user == tests/unit/"${folder#lib/}"/* || $user == tests/fuzz/* ]] ||
      fault "$user:$line: '$file' is private to $folder"
  done < <(grep -rnF "#include \"${file#lib/}\"" lib tools tests --include='*.h' --include='*.cpp' || true)
done < <(grep -rlEi 'private to lib/[a-z0-9]+' lib --include='*.h' || true)
finish
