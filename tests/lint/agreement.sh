#!/bin/bash
# What a tool's --help offers, its man page and its completions agree.
. "$(dirname "$0")/common.bash"
need python3 mandoc
tests/lint/agreement.py "${CBX_BUILD:-build}"
