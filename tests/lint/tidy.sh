#!/bin/bash
# clang-tidy over what changed since $CBX_TIDY_BASE (default: where this branch left origin/main or main, otherwise the
# commit before), or over all when there is no such commit or CBX_TIDY_BASE=all.
. "$(dirname "$0")/common.bash"
need clang-tidy git
build=${CBX_BUILD:-build}
[[ -f $build/compile_commands.json ]] || { fault "$build/compile_commands.json: missing"; finish; }

git() { command git -c safe.directory='*' "$@"; }

base=${CBX_TIDY_BASE:-}
if [[ -z $base ]]; then
  head=$(git rev-parse -q --verify HEAD || true)
  for candidate in origin/main main HEAD~1; do
    base=$(git merge-base HEAD "$candidate" 2>/dev/null || true)
    [[ -n $base && $base != "$head" ]] && break
  done
fi

mapfile -t sources < <(files '*.cpp' | grep -E '^(lib|tools)/')
if [[ -n $base && $base != all ]]; then
  mapfile -t changed < <({ git diff --name-only "$base"; git ls-files --others --exclude-standard; } | sort -u)
  # A header is seen through the sources of its folder that include it.  New rules concern all files.
  if ! printf '%s\n' "${changed[@]}" | grep -qx '\.clang-tidy'; then
    mapfile -t sources < <(for source in "${sources[@]}"; do
      for file in "${changed[@]}"; do
        if [[ $file == "$source" ]] || { [[ $file == "${source%/*}"/*.h ]] && grep -qF "${file##*/}\"" "$source"; }; then
          echo "$source"
          break
        fi
      done
    done)
  fi
fi
echo "clang-tidy on ${#sources[@]} files"
[[ ${#sources[@]} -gt 0 ]] || exit 0
printf '%s\0' "${sources[@]}" | nice xargs -0 -n 1 -P "$(nproc)" clang-tidy -p "$build" --quiet
