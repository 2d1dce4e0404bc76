#!/usr/bin/env python3
"""Many clients that trickle their requests, and one that doesn't: how long the latter waits.

  slow_clients.py [--slow N] [--seconds S] [--every MS] ADDRESS PATH

Measures PATH at ADDRESS (http://127.0.0.1:PORT) for S seconds on a keep-alive connection and on new ones, first alone and
then beside N connections that each send one byte of a request every MS milliseconds, and begin anew when the server has
ended them.  Prints one JSON line: the 50th and 99th percentile and the maximum in milliseconds, alone and beside, their
ratio, and how many of the slow connections were open at the end and how many had been ended.  Connections come from
addresses 127.0.0.2 to 127.0.0.250, as many as one may open from each (--per-address).
"""
import argparse
import json
import resource
import socket
import sys
import threading
import time
from urllib.parse import urlsplit

HEAD = b"GET /slow HTTP/1.1\r\nHost: slow\r\nX-A: "


class Tricklers(threading.Thread):
    """Keeps `count` slow connections going."""

    def __init__(self, port, count, every, per_address):
        super().__init__(daemon=True)
        self.port, self.count, self.every, self.per_address = port, count, every, per_address
        self.stop = threading.Event()
        self.sockets = {}
        self.ended = 0
        self.ready = threading.Event()

    def connect(self, place):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.%d" % (2 + place // self.per_address), 0))
        s.connect(("127.0.0.1", self.port))
        s.setblocking(False)
        return s

    def run(self):
        sent = [0] * self.count
        for place in range(self.count):
            self.sockets[place] = self.connect(place)
        self.ready.set()
        while not self.stop.is_set():
            began = time.monotonic()
            for place in range(self.count):
                s = self.sockets[place]
                try:
                    at = sent[place]
                    s.send(HEAD[at : at + 1] if at < len(HEAD) else b"a")
                    sent[place] += 1
                except OSError:
                    self.ended += 1
                    s.close()
                    self.sockets[place] = self.connect(place)
                    sent[place] = 0
            self.stop.wait(max(0.0, self.every - (time.monotonic() - began)))
        for s in self.sockets.values():
            s.close()


def read_answer(s):
    data = b""
    while b"\r\n\r\n" not in data:
        piece = s.recv(65536)
        if not piece:
            raise ConnectionError("no answer")
        data += piece
    head, body = data.split(b"\r\n\r\n", 1)
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, value = line.split(b":", 1)
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += s.recv(65536)
    return head.split(b" ", 2)[1]


def measure(port, path, seconds):
    request = ("GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path).encode()
    times, failures = [], 0
    until = time.monotonic() + seconds
    keep = None
    while time.monotonic() < until:
        for fresh in (False, True):
            began = time.monotonic()
            try:
                if fresh or keep is None:
                    s = socket.create_connection(("127.0.0.1", port), timeout=10)
                else:
                    s = keep
                s.sendall(request)
                if read_answer(s) != b"200":
                    failures += 1
                times.append(time.monotonic() - began)
                if fresh:
                    s.close()
                else:
                    keep = s
            except OSError:
                failures += 1
                keep = None if not fresh else keep
        time.sleep(0.002)
    times.sort()
    at = lambda part: round(times[min(len(times) - 1, int(len(times) * part))] * 1000, 3)
    return {"requests": len(times), "failures": failures, "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1.0)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--slow", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--every", type=float, default=500)
    parser.add_argument("--per-address", type=int, default=100)
    parser.add_argument("address")
    parser.add_argument("path")
    args = parser.parse_args()
    port = urlsplit(args.address).port
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, args.slow + 200)), hard))

    alone = measure(port, args.path, args.seconds)
    slow = Tricklers(port, args.slow, args.every / 1000, args.per_address)
    slow.start()
    slow.ready.wait()
    beside = measure(port, args.path, args.seconds)
    slow.stop.set()
    slow.join()
    result = {"slow": args.slow, "ended": slow.ended, "alone": alone, "beside": beside}
    result["p99_ratio"] = round(beside["p99_ms"] / max(alone["p99_ms"], 0.001), 2)
    print(json.dumps(result))
    return 0 if beside["failures"] == 0 and beside["p99_ms"] < 200 else 1


if __name__ == "__main__":
    sys.exit(main())
