#!/usr/bin/env python3
"""Writes the shell completions of cbx's tools from what their --help says.

generate.py [--check] BUILD     BUILD is the folder with the built tools; files go to bash/, zsh/ and fish/ next to this
                                script.  --check writes nothing and exits 1 if a file is not what it would write.
"""
import difflib
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = sorted(p.name for p in (HERE.parent.parent / "tools").iterdir() if p.is_dir())
HEAD = "Made by share/completions/generate.py from --help; do not edit."


class Option:
    def __init__(self, short, long, value, text):
        self.short, self.long, self.value, self.text = short, long, value, text
        choices = re.search(r"\{([^{}]*)\}", value)
        self.choices = choices[1].split(",") if choices else []

    def names(self):
        return [name for name in (self.short, self.long) if name]


class Command:
    """A tool or one of its subcommands."""

    def __init__(self, path):
        self.path, self.text = path, ""
        self.options, self.positionals, self.subcommands = [], [], []


def value_kind(value):
    """What to offer for an argument that --help calls `value`: devices, folders, files or nothing."""
    name = value.split(":")[0].split("=")[0].upper()
    if "DEVICE" in name:
        return "device"
    if "DIR" in name or name == "ROOT":
        return "folder"
    if "FILE" in name or "PATH" in name:
        return "file"
    return ""


def run(build, words):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CBX_")} | {"COLUMNS": "80"}
    return subprocess.run([f"{build}/{words[0]}", *words[1:]], env=environment, check=False, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60)


def parse_help(text):
    """(section, first column, description) of each entry."""
    section, entries = "", []
    for line in text.splitlines():
        heading = re.match(r"^(?:\[Option Group: )?(\S[^:]*?)\]?:?\s*$", line)
        if re.match(r"^\S", line):
            section = heading[1].lower() if heading else ""
            continue
        entry = re.match(r"^ {2,8}(\S.*?)(?:\s{2,}(\S.*))?$", line)
        if entry and not re.match(r"^ {20,}", line):
            entries.append([section, entry[1], entry[2] or ""])
        elif entries and line.strip():
            entries[-1][2] = f"{entries[-1][2]} {line.strip()}".strip()
    return entries


def read_command(build, path):
    done = run(build, [*path, "--help"])
    if done.returncode:
        sys.exit(f"{' '.join(path)} --help: exit {done.returncode}: {done.stderr}")
    command = Command(path)
    for section, first, text in parse_help(done.stdout):
        # "-p,     --port INT" where columns are wide
        first = re.sub(r"^(-\w),\s+(--)", r"\1,\2", first)
        if first.startswith("-"):
            names, _, value = first.partition(" ")
            # CLI11 2.5 says "--port INT" as older ones do, the environment and default behind it.
            value = re.sub(r"\s*\(Env:.*?\)|\s*REQUIRED|\s*\.\.\.|\s*(Needs|Excludes): .*$", "", value).strip()
            names = names.split(",")
            short = next((n for n in names if re.fullmatch(r"-\w", n)), None)
            for long in [n for n in names if n.startswith("--")] or [None]:
                command.options.append(Option(short, long, value, text))
                short = None
        elif "positional" in section:
            # One list of words that is told apart by what is in it: "selection ...", "[DEVICE] [RANGE]: …"
            command.positionals.append("DEVICE" if "[DEVICE]" in text else first.split()[0])
        elif "subcommand" in section:
            child = read_command(build, [*path, first.split()[0]])
            child.text = text
            command.subcommands.append(child)
    return command


def own_options(root, command):
    """The options to name at this command: without the common ones, which are named once."""
    common = {name for option in root.common for name in option.names()}
    return [o for o in command.options if not common & set(o.names())]


def all_commands(command):
    yield command
    for child in command.subcommands:
        yield from all_commands(child)


def read_tool(build, tool):
    """The tool; its `common` options are those of its own that its subcommands take too, when they do."""
    root = read_command(build, [tool])
    children = list(all_commands(root))[1:]
    # A wrong value tells whether the option is known there at all.
    root.common = []
    if all("--log-format: " in run(build, [*child.path, "--log-format", "?"]).stderr for child in children):
        everywhere = [o for o in root.options if o.long != "--version"]
        root.common = [o for o in everywhere if not any(clash(o, c) for c in children)]
    return root


def clash(option, command):
    return option.long != "--help" and any(set(option.names()) & set(other.names()) for other in command.options)


def identifier(path):
    return "_" + "_".join(path).replace("-", "_")


def quoted(text):
    return "'" + text.replace("'", "'\\''") + "'"


# --- bash


def bash_action(option, devices):
    """The line that completes the option's value."""
    if option.choices:
        return f"mapfile -t COMPREPLY < <(compgen -W {quoted(' '.join(option.choices))} -- \"$cur\")"
    return {
        "folder": 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur")',
        "file": 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")',
        "device": f'mapfile -t COMPREPLY < <(compgen -W "$({devices})" -- "$cur")',
    }.get(value_kind(option.value), "COMPREPLY=()")


def bash(root):
    tool, function = root.path[0], identifier(root.path)
    devices = f"{function}_devices"
    commands = list(all_commands(root))
    out = [f"# bash completion for {tool}.  {HEAD}", "# shellcheck shell=bash", "", f"{function}() {{"]
    out += ["  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' options='' words=''"]
    if len(commands) > 1:
        out += ["  local word"]
        known = " | ".join(quoted("".join(f" {word}" for word in c.path[1:])) for c in commands[1:])
        out += [
            '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
            '    case "$command $word" in',
            f"      {known}) command+=\" $word\" ;;",
            "    esac",
            "  done",
        ]
    values = [("*' '", o) for o in root.common if o.value]
    for command in commands:
        prefix = "".join(f" {word}" for word in command.path[1:]) + " "
        values += [(quoted(prefix), o) for o in own_options(root, command) if o.value]
    out += ['  case "$command $prev" in']
    for prefix, option in values:
        pattern = " | ".join(prefix + name for name in option.names())
        out += [f"    {pattern}) {bash_action(option, devices)}; return ;;"]
    out += ["  esac", '  case "$command" in']
    for command in commands:
        out += [f"    {quoted(''.join(f' {word}' for word in command.path[1:]))})"]
        out += [f"      options={quoted(' '.join(n for o in own_options(root, command) for n in o.names()))}"]
        kinds = {value_kind(p) for p in command.positionals}
        if command.subcommands:
            out += [f"      words={quoted(' '.join(c.path[-1] for c in command.subcommands))}"]
        elif "device" in kinds:
            out += [f"      words=$({devices})"]
        if kinds & {"file", "folder"}:
            out += ["      compopt -o default"]
        out += ["      ;;"]
    common = " ".join(name for option in root.common for name in option.names())
    out += [
        "  esac",
        f"  [[ $cur == -* ]] && words=\"$options{' ' * bool(common)}{common}\"",
        '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")',
        "}",
    ]
    if any(devices in line for line in out):
        out += [
            f"{devices}() {{",
            "  local path",
            '  for path in "${CBX_ROOT:-/var/lib/cbx}"/media/*/; do',
            '    path=${path%/} && printf \'%s\\n\' "${path##*/}"',
            "  done",
            "}",
        ]
    return "\n".join(out) + f"\ncomplete -F {function} {tool}\n"


# --- zsh


def zsh_text(text):
    return re.sub(r"([\[\]:\\])", r"\\\1", text).replace("'", "'\\''")


def zsh_action(value, choices, devices):
    if choices:
        return f"({' '.join(choices)})"
    return {"folder": "_directories", "file": "_files", "device": devices}.get(value_kind(value), "")


def zsh_options(options, devices):
    specs = []
    for option in options:
        value = ""
        if option.value:
            name = re.split(r"[:=\s\[]", option.value)[0] or "VALUE"
            value = f":{zsh_text(name)}:{zsh_action(option.value, option.choices, devices)}"
        for name in option.names():
            equals = "=" if value and name.startswith("--") else ""
            specs += [f"'*{name}{equals}[{zsh_text(option.text)}]{value}'"]
    return specs


def zsh_function(root, command, devices):
    lines = [f"{identifier(command.path)}() {{"]
    if command is root and root.common:  # seen by the functions that this one calls
        specs = [f"    {spec}" for spec in zsh_options(root.common, devices)]
        lines += [f"  local -a {identifier(root.path)}_common=(", *specs, "  )"]
    arguments = zsh_options(own_options(root, command), devices)
    if root.common:
        arguments += [f'"${{{identifier(root.path)}_common[@]}}"']
    if command.subcommands:
        lines += ["  local context state state_descr line", "  typeset -A opt_args"]
        arguments += ["'1: :->command'", "'*:: :->rest'"]
    elif command.positionals:  # the further ones are times and ranges, or more of the same
        first = command.positionals[0]
        arguments += [f"'*:{zsh_text(first)}:{zsh_action(first, [], devices)}'"]
    flags = "-C -s -S" if command.subcommands else "-s -S"
    lines += [f"  _arguments {flags} \\"] + [f"    {a} \\" for a in arguments[:-1]] + [f"    {arguments[-1]}"]
    if command.subcommands:
        entries = " ".join(f"'{c.path[-1]}:{zsh_text(c.text)}'" for c in command.subcommands)
        lines += [
            "  case $state in",
            "    command)",
            f"      local -a commands=({entries})",
            "      _describe -t commands command commands",
            "      ;;",
            "    rest)",
            "      case $line[1] in",
            *[f"        {c.path[-1]}) {identifier(c.path)} ;;" for c in command.subcommands],
            "      esac",
            "      ;;",
            "  esac",
        ]
    return "\n".join(lines + ["}"])


def zsh(root):
    tool, function = root.path[0], identifier(root.path)
    devices = f"{function}_devices"
    parts = [zsh_function(root, c, devices) for c in all_commands(root)]
    if any(devices in part for part in parts):
        parts.insert(0, f"{devices}() {{\n  local -a devices=(${{CBX_ROOT:-/var/lib/cbx}}/media/*(N/:t))\n"
                        "  _describe -t devices device devices\n}")
    body = "\n\n".join(parts)
    return f"#compdef {tool}\n# zsh completion for {tool}.  {HEAD}\n\n{body}\n\n{function} \"$@\"\n"


# --- fish


def fish_text(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_option(option, devices):
    line = f" -s {option.short[1:]}" if option.short else ""
    line += f" -l {option.long[2:]}" if option.long else ""
    if option.choices:
        line += f" -x -a {fish_text(' '.join(option.choices))}"
    elif option.value:
        line += {
            "folder": " -x -a '(__fish_complete_directories)'",
            "file": " -r -F",
            "device": f" -x -a '({devices})'",
        }.get(value_kind(option.value), " -x")
    return f"{line} -d {fish_text(option.text)}"


def fish(root):
    tool = root.path[0]
    at, devices = f"_{identifier(root.path)}_at", f"_{identifier(root.path)}_devices"
    commands = list(all_commands(root))
    out = [f"complete -c {tool} -f"]
    out += [f"complete -c {tool}{fish_option(option, devices)}" for option in root.common]
    for command in commands:
        here = f"complete -c {tool}"
        if len(commands) > 1:
            here += f" -n {fish_text(at + ' ' + fish_text(' '.join(command.path[1:])))}"
        for child in command.subcommands:
            out += [f"{here} -a {child.path[-1]} -d {fish_text(child.text)}"]
        kinds = {value_kind(p) for p in command.positionals}
        if "device" in kinds:
            out += [f"{here} -a '({devices})'"]
        if kinds & {"file", "folder"}:
            out += [f"{here} -F"]
        out += [f"{here}{fish_option(option, devices)}" for option in own_options(root, command)]
    head = [f"# fish completion for {tool}.  {HEAD}", ""]
    if len(commands) > 1:
        known = " ".join(fish_text(" ".join(c.path[1:])) for c in commands[1:])
        head += [
            f"function {at} --description 'whether the command line is at this subcommand'",
            "    set -l command",
            "    for word in (commandline -opc)[2..-1]",
            f"        contains -- (string join ' ' -- $command $word) {known}",
            "        and set command $command $word",
            "    end",
            '    test "$command" = "$argv[1]"',
            "end",
            "",
        ]
    if any(devices in line for line in out):
        head += [
            f"function {devices}",
            "    set -l root /var/lib/cbx",
            "    set -q CBX_ROOT; and set root $CBX_ROOT",
            "    for folder in $root/media/*/",
            "        string replace -r '.*/([^/]+)/$' '$1' -- $folder",
            "    end",
            "end",
            "",
        ]
    return "\n".join(head + out) + "\n"


def main(args):
    check = "--check" in args
    args = [a for a in args if a != "--check"]
    if len(args) != 1 or args[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 64
    result = 0
    for tool in TOOLS:
        root = read_tool(args[0], tool)
        for shell, name, write in (("bash", tool, bash), ("zsh", f"_{tool}", zsh), ("fish", f"{tool}.fish", fish)):
            path = HERE / shell / name
            old, new = path.read_text() if path.exists() else "", write(root)
            if old == new:
                continue
            if check:
                sys.stderr.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), str(path), "--help"))
                result = 1
            else:
                path.parent.mkdir(exist_ok=True)
                path.write_text(new)
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
