#!/usr/bin/env python3
"""Runs a program at a terminal of its own and types into it: type_at.py PROMPT TEXT [PROMPT TEXT]... -- COMMAND...

Waits for each PROMPT, then types TEXT (\\n is Enter, \\x03 is ^C).  Prints what the terminal showed, and a last line
`echo=on` or `echo=off`: how the terminal was left.  Ends as the command does: its exit status, or 128 + the signal.
"""
import os
import select
import sys
import termios
import time

DEADLINE = time.monotonic() + 60


def main():
    split = sys.argv.index("--")
    script, command = sys.argv[1:split], sys.argv[split + 1 :]
    steps = [(p.encode(), t.encode().decode("unicode_escape").encode()) for p, t in zip(script[::2], script[1::2])]
    # This side keeps the terminal open too, to look at it when the command has gone.
    keeper_main, keeper = os.openpty()
    pid = os.fork()
    if pid == 0:
        os.close(keeper_main)
        os.login_tty(keeper) if hasattr(os, "login_tty") else login_tty(keeper)
        os.execvp(command[0], command)
    shown, seen = b"", 0
    while True:
        ready, _, _ = select.select([keeper_main], [], [], 0.05)
        if ready:
            shown += os.read(keeper_main, 4096)
        if steps and (at := shown.find(steps[0][0], seen)) >= 0:
            seen = at + len(steps[0][0])
            os.write(keeper_main, steps.pop(0)[1])
        done, status = os.waitpid(pid, os.WNOHANG)
        if done and not ready:
            break
        if done:
            while select.select([keeper_main], [], [], 0.05)[0]:
                shown += os.read(keeper_main, 4096)
            break
        if time.monotonic() > DEADLINE:
            os.kill(pid, 9)
            sys.exit("not in time; the terminal showed: " + repr(shown))
    sys.stdout.write(shown.decode(errors="replace").replace("\r\n", "\n"))
    print("echo=on" if termios.tcgetattr(keeper)[3] & termios.ECHO else "echo=off")
    sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


def login_tty(fd):
    import fcntl

    os.setsid()
    fcntl.ioctl(fd, termios.TIOCSCTTY, 0)
    for target in 0, 1, 2:
        os.dup2(fd, target)
    if fd > 2:
        os.close(fd)


main()
