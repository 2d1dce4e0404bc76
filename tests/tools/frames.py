#!/usr/bin/env python3
"""What a file of frames (cbx-frames(5)) holds.

frames.py records FILE          the record lines
frames.py payload FILE DEVICE   the transport stream of one device's connections, one after the other
frames.py check FILE            says what is wrong: headers, streams used before open or after close

An independent reading of the manual page, so that writer and reader of cbx can't be wrong together."""
import json
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


def main():
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
