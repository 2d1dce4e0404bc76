#!/usr/bin/env python3
"""What a file of frames (cbx-frames(5)) holds.

frames.py records FILE          the record lines
frames.py payload FILE DEVICE   the transport stream of one device's connections, one after the other
frames.py check FILE            says what is wrong: headers, streams used before open or after close
frames.py make SECONDS DEVICE=FILE...
                                frames on stdout: each device sends its file, evenly within these seconds from
                                2026-11-20T08:00:00Z on, all at the same time

An independent reading of the manual page, so that writer and reader of cbx can't be wrong together."""
import datetime
import json
import os
import struct
import sys

OPEN, DATA, RECORD, CLOSE = 1, 2, 3, 4


def frames(path):
    with open(path, "rb") as f:
        while header := f.read(32):
            magic, version, kind, flags, stream, length, arrival, rtt, zero = struct.unpack(">4sBBHIIQII", header)
            if (magic, version, zero) != (b"CBXF", 1, 0) or kind not in (OPEN, DATA, RECORD, CLOSE):
                raise SystemExit(f"bad header {header!r}")
            payload = f.read(length)
            if len(payload) != length:
                raise SystemExit("the file ends inside a frame")
            yield kind, flags, stream, arrival, payload


def frame(kind, stream, arrival, payload):
    return struct.pack(">4sBBHIIQII", b"CBXF", 1, kind, 0, stream, len(payload), arrival, 0, 0) + payload


def record(kind, device, micros, **more):
    time = datetime.datetime.fromtimestamp(micros // 1000 / 1000, datetime.timezone.utc)
    time = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"v": 1, "type": kind, "device": device, "connection": f"{device}-1", "time": time, **more}).encode()


def make(seconds, streams):
    """The streams' chunks, in the order of their arrival."""
    begin, end = 1795161600_000000, 1795161600_000000 + int(seconds * 1e6)
    out = sys.stdout.buffer
    chunks = []
    for number, (device, path) in enumerate(streams, 1):
        opened = record("connection.open", device, begin, protocol="srt", peer="127.0.0.1:9", encryption=0,
                        latency_ms=200)
        out.write(frame(OPEN, number, begin, opened))
        with open(path, "rb") as f:
            data = f.read()
        for at in range(0, len(data), 1316):
            chunk = data[at : at + 1316]
            chunks.append((begin + (end - begin) * (at + len(chunk)) // len(data), number, chunk))
    for arrival, number, chunk in sorted(chunks):
        out.write(frame(DATA, number, arrival, chunk))
    for number, (device, path) in enumerate(streams, 1):
        closed = record("connection.close", device, end, cause="peer_closed", duration_ms=int(seconds * 1000),
                        bytes=os.path.getsize(path), packets=0, lost=0)
        out.write(frame(CLOSE, number, end, closed))


def main():
    if sys.argv[1] == "make":
        make(float(sys.argv[2]), [argument.split("=", 1) for argument in sys.argv[3:]])
        return
    what, path = sys.argv[1:3]
    devices = {}
    for kind, flags, stream, _, payload in frames(path):
        if kind == OPEN:
            if stream in devices:
                raise SystemExit(f"stream {stream} is opened twice")
            devices[stream] = json.loads(payload)["device"]
        elif stream not in devices:
            raise SystemExit(f"stream {stream} is used while not open")
        if what == "records" and kind != DATA:
            print(payload.decode())
        if what == "payload" and kind == DATA and devices[stream] == sys.argv[3]:
            sys.stdout.buffer.write(payload)
        if kind == CLOSE:
            del devices[stream]
    if what == "check" and devices:
        raise SystemExit(f"never closed: {devices}")


main()
