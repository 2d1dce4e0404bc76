#!/usr/bin/python3
"""A mail server for tests: writes each letter it takes to FOLDER/NNN.eml, as it came, and what it was told to FOLDER/log.

smtp_server.py FOLDER PORT [--cert FILE --key FILE] [--tls] [--require-starttls] [--auth USER:PASSWORD] [--reply CODE]

With a certificate it offers STARTTLS (--tls: TLS from the first byte); with --auth nobody gets by without.  --reply
answers every recipient with that code.  Ends with TERM.  A plain aiosmtpd, which is not ours.
"""
import argparse
import os
import signal
import ssl
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


def parse():
    p = argparse.ArgumentParser()
    p.add_argument("folder")
    p.add_argument("port", type=int)
    p.add_argument("--cert")
    p.add_argument("--key")
    p.add_argument("--tls", action="store_true")
    p.add_argument("--require-starttls", action="store_true")
    p.add_argument("--auth")
    p.add_argument("--reply")
    return p.parse_args()


class Keep:
    def __init__(self, folder, reply):
        self.folder, self.reply, self.count = folder, reply, 0

    def log(self, line):
        with open(os.path.join(self.folder, "log"), "a", encoding="utf-8") as f:
            f.write(line + "\n")

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        self.log(f"rcpt {address} tls={session.ssl is not None} auth={bool(session.authenticated)}")
        if self.reply:
            return f"{self.reply} no"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        name = os.path.join(self.folder, f"{self.count:03}.eml")
        with open(name + ".new", "wb") as f:
            f.write(envelope.original_content)
        os.rename(name + ".new", name)
        return "250 taken"


def main():
    options = parse()
    os.makedirs(options.folder, exist_ok=True)
    context = None
    if options.cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
    keep = Keep(options.folder, options.reply)
    keep.count = len([n for n in os.listdir(options.folder) if n.endswith(".eml")])
    arguments = {"enable_SMTPUTF8": True}
    if options.auth:
        def authenticate(server, session, envelope, mechanism, data):
            given = f"{data.login.decode()}:{data.password.decode()}" if hasattr(data, "login") else ""
            keep.log(f"auth {mechanism} {'right' if given == options.auth else 'wrong'}")
            return AuthResult(success=given == options.auth, handled=given == options.auth)
        arguments.update(authenticator=authenticate, auth_required=True, auth_require_tls=context is not None and not options.tls)

    class Server(Controller):
        def factory(self):
            if context and not options.tls:
                return SMTP(self.handler, tls_context=context, require_starttls=options.require_starttls, **arguments)
            return SMTP(self.handler, **arguments)

    server = Server(keep, hostname="127.0.0.1", port=options.port, ssl_context=context if options.tls else None)
    server.start()
    print("ready", flush=True)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
    server.stop()


if __name__ == "__main__":
    main()
