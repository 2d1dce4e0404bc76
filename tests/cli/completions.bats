#!/usr/bin/env bats
# The completions load in their shells, and complete options, their values and subcommands.

setup_file() {
  bats_require_minimum_version 1.5.0
  export CBX_SOURCE=${CBX_SOURCE:-$(cd "$BATS_TEST_DIRNAME/../.." && pwd)}
  export CBX_BUILD=${CBX_BUILD:-$CBX_SOURCE/build}
}
setup() {
  completions=$CBX_SOURCE/share/completions
  CBX_ROOT=$(mktemp -d)
  export CBX_ROOT
  mkdir -p "$CBX_ROOT"/media/cam01 "$CBX_ROOT"/media/cam02
}
teardown() {
  rm -rf "$CBX_ROOT"
}

tools() { basename -a "$CBX_SOURCE"/tools/*/; }

in_bash() { # WORD...: what bash offers for the last word
  # shellcheck disable=SC2016  # expanded by the shell that is asked
  bash --norc -c '
    . "$0/bash/$1"
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*"
    function=$(complete -p "$1" | sed "s/.*-F \([^ ]*\) .*/\1/")
    "$function" "$1" "${@: -1}" "${@: -2:1}" 2>/dev/null
    printf "%s\n" "${COMPREPLY[@]}"' "$completions" "$@"
}

in_fish() { # LINE
  # shellcheck disable=SC2016
  XDG_CONFIG_HOME=$CBX_ROOT fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
    "$completions/fish/${1%% *}.fish" "$1" | cut -f 1
}

in_zsh() { # LINE: typed into an interactive zsh on a pseudo-terminal, which lists what it offers
  cat >"$CBX_ROOT/.zshrc" <<RC
fpath=($completions/zsh \$fpath)
autoload -Uz compinit && compinit -u -d $CBX_ROOT/.zcompdump
PS1='ready> '
LISTMAX=1000
zstyle ':completion:*' list-separator '#'
bindkey '^X' list-choices
RC
  # shellcheck disable=SC2016
  PATH=$CBX_BUILD:$PATH ZDOTDIR=$CBX_ROOT COLUMNS=200 TERM=xterm timeout 30 zsh -f -c '
    zmodload zsh/zpty
    zpty shell zsh -i
    zpty -r -m shell text "*ready> *"
    zpty -w -n shell "$1"$'"'\\x18'"'
    text="" piece=""
    repeat 50; do
      sleep 0.1
      while zpty -r -t shell piece; do text+=$piece; done
    [[ $text == *$2* ]] && break
    done
    print -r -- "$text"
    zpty -d shell' zsh "$1" "$2"
}

@test "bash: every tool's completion loads and offers its options" {
  for tool in $(tools); do
    run -0 in_bash "$tool" --
    [[ $output == *--help* && $output == *--version* ]]
    run -0 in_bash "$tool" --log-format ''
    [ "$output" = $'text\njson' ]
  done
}

@test "bash: subcommands, and devices that have recordings" {
  run -0 in_bash cbx-index li
  [ "$output" = list ]
  run -0 in_bash cbx-account device ''
  [[ $output == *add* && $output == *rename* ]]
  run -0 in_bash cbx-index list cam
  [ "$output" = $'cam01\ncam02' ]
}

@test "fish: every tool's completion loads and offers its options" {
  for tool in $(tools); do
    run -0 in_fish "$tool --ver"
    [[ $output == *--version* ]]
    run -0 in_fish "$tool --log-format "
    [[ $output == *json* && $output == *text* ]]
  done
}

@test "fish: subcommands, and devices that have recordings" {
  run -0 in_fish 'cbx-index li'
  [ "$output" = list ]
  run -0 in_fish 'cbx-account device '
  [[ $output == *add* && $output == *rename* ]]
  run -0 in_fish 'cbx-index list cam'
  [[ $output == *cam01*cam02* ]]
}

@test "zsh: every tool's completion loads and offers its options" {
  for tool in $(tools); do
    run -0 in_zsh "$tool --" --version
    [[ $output == *--log-format* && $output == *--version* ]]
  done
}

@test "zsh: subcommands" {
  run -0 in_zsh 'cbx-index ' gaps
  [[ $output == *coverage* && $output == *gaps* ]]
  run -0 in_zsh 'cbx-account device ' rename
  [[ $output == *add* && $output == *rename* ]]
}
