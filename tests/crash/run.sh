#!/bin/bash
# The crash campaign: cameras publish, processes of the recorder die or are stopped at random instants and at the named
# crash points, a supervisor starts them again; then the store is compared with the senders' ledger.
#
#   tests/crash/run.sh [--trials N] [--cameras C] [--seed S] [--build DIR] [--jobs J] [--only TEXT] [--first I]
#
# One line a trial, a summary at the end; the same seed makes the same trials.  The folder of a failing trial is kept
# and named.  Exit status: 0 all passed, 1 a trial failed.
set -euo pipefail
exec python3 "$(dirname "${BASH_SOURCE[0]}")/campaign.py" "$@"
