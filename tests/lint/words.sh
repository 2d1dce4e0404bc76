#!/bin/bash
# The page has its words in every language, and reads none of them as markup.
. "$(dirname "$0")/common.bash"
need node
node tests/web/words.js share/web
