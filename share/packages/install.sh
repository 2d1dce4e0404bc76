#!/bin/bash
# install.sh GROUP...: installs the Debian/Ubuntu packages of GROUP.txt (build, example, test) that are missing.
# Does nothing, and needs neither network nor root, when all are there.  --list only prints what is missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf 'install: %s\n' "$*" >&2; }

list_only=false
if [[ ${1:-} == --list ]]; then
  list_only=true
  shift
fi
if [[ $# -eq 0 ]]; then
  say 'which packages? build, example, test'
  exit 64
fi

if ! command -v apt-get dpkg-query >/dev/null; then
  say 'no apt-get here: cbx is built on Debian 12, 13 and Ubuntu 24.04; elsewhere install the likes of'
  say "$here/*.txt and run again with CBX_NO_INSTALL=1"
  [[ ${CBX_NO_INSTALL:-} ]] && exit 0
  exit 69
fi

# Where node comes from elsewhere than Debian it brings npm along, and Debian's npm conflicts with it; any nginx will do.
# Ubuntu has no Firefox as a package: its tests are skipped there.
is_installed() {
  case $1 in
    npm | nodejs) command -v "${1%js}" >/dev/null && return ;;
    firefox-esr) grep -q '^ID=ubuntu' /etc/os-release && return ;;
    nginx-light) [[ -x /usr/sbin/nginx ]] && return ;;
  esac
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# clang's sanitizer runtimes carry clang's version in their name.
clang_runtime() {
  local clang
  clang=$(dpkg-query -W -f '${Depends}' clang 2>/dev/null || apt-cache depends clang 2>/dev/null || true)
  if [[ $clang =~ clang-([0-9]+) ]]; then
    echo "libclang-rt-${BASH_REMATCH[1]}-dev"
  else
    echo libclang-rt-dev
  fi
}

find_missing() {
  missing=()
  local group name
  for group in "$@"; do
    while read -r name; do
      [[ -z $name || $name == '#'* ]] && continue
      [[ $name == libclang-rt ]] && name=$(clang_runtime)
      is_installed "$name" || missing+=("$name")
    done <"$here/$group.txt"
  done
}

find_missing "$@"
if $list_only; then
  [[ ${#missing[@]} -eq 0 ]] || printf '%s\n' "${missing[@]}"
  exit 0
fi
[[ ${#missing[@]} -gt 0 ]] || exit 0

if [[ ${CBX_NO_INSTALL:-} ]]; then
  say "missing, and CBX_NO_INSTALL is set: ${missing[*]}"
  exit 69
fi
as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! command -v sudo >/dev/null; then
    say "not root and no sudo: please install as root: ${missing[*]}"
    exit 77
  fi
  as_root=(sudo)
fi
as_root+=(env DEBIAN_FRONTEND=noninteractive)
apt=(apt-get -q -y -o DPkg::Lock::Timeout=300 -o APT::Install-Recommends=false)

say "installing ${missing[*]}"
# The lists of a fresh machine are empty or old; a machine whose lists are good needs no second round.
if ! "${as_root[@]}" "${apt[@]}" install "${missing[@]}" >&2; then
  say 'refreshing the package lists first'
  "${as_root[@]}" "${apt[@]}" update >&2
  find_missing "$@"  # the name of clang's runtime is known only now
  "${as_root[@]}" "${apt[@]}" install "${missing[@]}" >&2
fi
find_missing "$@"
if [[ ${#missing[@]} -gt 0 ]]; then
  say "still missing: ${missing[*]}"
  exit 69
fi
