#!/bin/bash
# What a tool offers (--help), its man page and its completions agree.
. "$(dirname "$0")/common.bash"
finish
