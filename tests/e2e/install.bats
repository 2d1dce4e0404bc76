#!/usr/bin/env bats
# An installation into an empty prefix is complete and works without the source tree.

setup_file() {
  bats_require_minimum_version 1.5.0
  export CBX_SOURCE=${CBX_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
  export CBX_BUILD=${CBX_BUILD:-$CBX_SOURCE/build}
  PREFIX=$(mktemp -d)
  export PREFIX
  cmake --install "$CBX_BUILD" --prefix "$PREFIX" >/dev/null
}
teardown_file() {
  rm -rf "$PREFIX"
}
setup() {
  root=$(mktemp -d)
}
teardown() {
  [[ -z ${pid:-} ]] || kill -TERM "$pid" 2>/dev/null || true
  rm -rf "$root"
}

tools() { basename -a "$CBX_SOURCE"/tools/*/; }

@test "every tool is installed, says its version and finds its libraries" {
  for tool in $(tools); do
    run -0 "$PREFIX/bin/$tool" --version
    [[ $output == "$tool "[0-9]* ]]
    run -0 "$PREFIX/bin/$tool" --help
  done
}

@test "every tool has its man page and completions where man and the shells look" {
  for tool in $(tools); do
    [ -s "$PREFIX/share/man/man1/$tool.1" ]
    [ -s "$PREFIX/share/bash-completion/completions/$tool" ]
    [ -s "$PREFIX/share/zsh/site-functions/_$tool" ]
    [ -s "$PREFIX/share/fish/vendor_completions.d/$tool.fish" ]
  done
  for page in "$CBX_SOURCE"/man/*.5; do
    [ -s "$PREFIX/share/man/man5/${page##*/}" ]
  done
}

@test "the systemd unit names programs that are there" {
  unit=$PREFIX/lib/systemd/system/cbx-recorder.service
  [ -s "$unit" ]
  [ -s "$PREFIX/lib/sysusers.d/cbx.conf" ]
  run ! grep -F '@' <(grep -v 'SystemCallFilter' "$unit")
  start=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$unit")
  # The unit has the prefix that was configured, not the one of this installation.
  [ -x "$PREFIX/libexec/cbx/${start##*/}" ]
}

@test "cron and systemd hand cbx-prune the limits that are meant" {
  # As cron(8) reads a line: up to the first %, unless a backslash stands before it.
  line=$(sed -n 's/^[*][^ ]* [*] [*] [*] [*] cbx //p' "$PREFIX/share/cbx/cron/cbx")
  command=$(printf '%s' "$line" | sed -E 's/([^\\])%.*/\1/; s/\\%/%/g')
  [[ $command == *"--min-free 5% --keep-events" ]]
  # As systemd does: %% is a %.
  unit=$PREFIX/lib/systemd/system/cbx-prune.service
  options=$(sed -n 's/^Environment="CBX_PRUNE_OPTIONS=\(.*\)"$/\1/p' "$unit" | sed 's/%%/%/g')
  [ "$options" = "--min-free 5% --keep-events" ]
}

@test "the installed recorder starts, makes its store and ends at TERM with status 0" {
  ready=$root/ready
  mkfifo "$ready"
  port=$(python3 -c 'import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  PATH=$PREFIX/bin:/usr/bin:/bin CBX_ROOT=$root/store "$PREFIX/libexec/cbx/recorder" \
    --listen "srt://127.0.0.1:$port" --ready-fd 7 7>"$ready" 3>&- &
  pid=$!
  timeout 30 head -n 1 "$ready"
  [ -s "$root/store/store.json" ]
  kill -TERM "$pid"
  wait "$pid"
}

@test "the page is installed with its player, licences included, and served from there" {
  web=$PREFIX/share/cbx/web
  [ -s "$web/index.html" ]
  [ ! -e "$web/node_modules" ]
  [ ! -e "$web/package.json" ]
  while read -r name _; do
    [[ $name == '#'* ]] || [ -e "$web/vendor/$name" ] || { echo "no $name"; false; }
  done <"$CBX_SOURCE/share/web/vendor.txt"
  "$PREFIX/bin/cbx-index" -q init --root "$root"
  ready=$root/ready
  mkfifo "$ready"
  "$PREFIX/bin/cbx-serve" --root "$root" --listen "unix:$root/socket" --ready-fd 7 7>"$ready" 2>"$root/log" 3>&- &
  pid=$!
  timeout 30 head -n 1 "$ready"
  assets=$(curl -sf --unix-socket "$root/socket" http://localhost/login | grep -o '/assets/[0-9a-f]*' | head -n 1)
  curl -sf --unix-socket "$root/socket" "http://localhost$assets/vendor/hls.mjs" | cmp - "$web/vendor/hls.mjs"
  run ! grep -i warn "$root/log"
}
