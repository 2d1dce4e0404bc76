#!/usr/bin/env python3
"""An authenticator app (RFC 6238) that shares no code with cbx.

authenticator.py code SECRET [STEPS]   Prints the code of a base32 secret, STEPS of 30 s from now.
authenticator.py set-up COMMAND...     Runs a command at a terminal of its own, takes the secret out of the otpauth
                                       address that it shows and types the code when asked.  Prints what was shown;
                                       ends as the command does.
"""
import base64
import hashlib
import hmac
import os
import pty
import re
import struct
import sys
import time


def code(secret, steps=0):
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + steps), hashlib.sha1).digest()
    at = mac[-1] & 15
    return "%06d" % ((struct.unpack(">I", mac[at : at + 4])[0] & 0x7FFFFFFF) % 10**6)


def set_up(command):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    shown, deadline, typed = b"", time.monotonic() + 60, False
    while time.monotonic() < deadline:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the command has ended
            piece = b""
        if not piece:
            break
        shown += piece
        secret = re.search(rb"secret=([A-Z2-7]+)&", shown)
        if secret and not typed and b" shows: " in shown:
            os.write(terminal, code(secret[1].decode()).encode() + b"\n")
            typed = True
    sys.stdout.write(shown.decode(errors="replace").replace("\r\n", "\n"))
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if sys.argv[1] == "code":
    print(code(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0))
else:
    sys.exit(set_up(sys.argv[2:]))
