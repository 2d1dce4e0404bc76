# Sourced by the lint scripts: the lists of files they look at, and how they report.
# shellcheck shell=bash
set -euo pipefail
cd "${CBX_SOURCE:-$(dirname "${BASH_SOURCE[0]}")/../..}"

faults=0
fault() {
  printf '%s\n' "$*" >&2
  faults=$((faults + 1))
}
finish() {
  if [[ $faults -gt 0 ]]; then
    printf '%d faults\n' "$faults" >&2
    exit 1
  fi
}
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || { fault "'$tool' is not installed (share/packages/install.sh test)"; finish; }
  done
}

# The project's files, without build folders and other people's modules: `files PATTERN...` as find -name takes them.
files() {
  local args=() pattern
  for pattern in "$@"; do args+=(-o -name "$pattern"); done
  find . \( -path './build*' -o -path ./.git -o -name node_modules \) -prune -o -type f \( "${args[@]:1}" \) -print | sed 's|^\./||' | sort
}
shell_scripts() { # by name, or by their first line
  local file
  files '*' | while read -r file; do
    case $file in
      *.bats | *.zsh | *.fish | *.png | *.mp4 | *.ts) continue ;;
      *.bash | share/completions/bash/*) echo "$file" ;;
      *) if [[ $(head -c 40 "$file" | tr -d '\0' | head -n 1) =~ ^'#!'.*(/|\ )(ba|da)?sh$ ]]; then echo "$file"; fi ;;
    esac
  done
}
