#!/usr/bin/env python3
"""What a tool's --help offers, its man page and its completions agree: agreement.py BUILD"""
import importlib.util
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
source = pathlib.Path(__file__).resolve().parent.parent.parent
spec = importlib.util.spec_from_file_location("generate", source / "share/completions/generate.py")
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)

build = sys.argv[1]
faults = []


def documented(page):
    """The options that the page has an item for."""
    names = set()
    for line in page.read_text().splitlines():
        if re.match(r"\.It .*\bFl\b", line):
            words = line.split()
            for index, word in enumerate(words):
                follows = words[index - 1] in ("Fl", ",") or words[index - 1].endswith(",")
                name = word.strip(",").replace("\\-", "-").removeprefix("\\&")
                if follows and re.fullmatch(r"-[a-z][a-z0-9-]*", name):
                    names.add(f"-{name}")
                elif words[index - 1] == "Fl" and re.fullmatch(r"[a-zA-Z0-9]", name):
                    names.add(f"-{name}")
    return names


for tool in generate.TOOLS:
    page = source / "man" / f"{tool}.1"
    if not page.exists():
        faults.append(f"{page}: missing")
        continue
    root = generate.read_tool(build, tool)
    offered = {name for c in generate.all_commands(root) for o in c.options for name in o.names()}
    told = documented(page)
    faults += [f"{page}: option {name} of {tool} --help has no item" for name in sorted(offered - told)]
    faults += [f"{page}: {tool} --help knows no option {name}" for name in sorted(told - offered)]
    text = subprocess.run(["mandoc", "-Tascii", page], capture_output=True, text=True, check=True).stdout
    text = " ".join(re.sub(".\x08", "", text).split())
    for command in list(generate.all_commands(root))[1:]:
        words = " ".join(command.path[1:])
        if not re.search(rf"\b{re.escape(words)}\b", text):
            faults.append(f"{page}: subcommand '{words}' is not there")
    for section in "EXIT STATUS", "EXAMPLES":
        if section not in text:
            faults.append(f"{page}: no section {section}")

print("\n".join(faults), file=sys.stderr, end="\n" if faults else "")
result = generate.main(["--check", build])
if result:
    print(f"run share/completions/generate.py {build}", file=sys.stderr)
sys.exit(1 if faults or result else 0)
