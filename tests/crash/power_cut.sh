#!/bin/bash
# The power-cut campaign: the file system under a recorder at work is shut down without a word (EXT4_IOC_SHUTDOWN, no
# log flush), mounted again and verified.  What the recorder announced must be there, whole; a camera may miss the last
# three seconds.
#
#   tests/crash/power_cut.sh [--trials N] [--cameras C] [--bit-rate BITS] [--seed S] [--build DIR] [--tmp DIR]
#
# Needs root and a loop device; everything is mounted in a mount namespace of its own.  Exit status: 0 all passed,
# 1 a trial failed, 77 this machine can't: why is said in one line.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cannot() {
  echo "power_cut.sh: skipped: $*" >&2
  exit 77
}
[[ $(id -u) -eq 0 ]] || cannot 'mounting needs root'
command -v mkfs.ext4 >/dev/null || cannot 'no mkfs.ext4 (package e2fsprogs)'
[[ -e /dev/loop-control ]] || cannot 'no loop devices here'
unshare -m true 2>/dev/null || cannot 'no mount namespace may be made here'
exec unshare -m --propagation private python3 "$here/power_cut.py" "$@"
