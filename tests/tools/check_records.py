#!/usr/bin/env python3
"""check_records.py ROOT DEVICE: do the journals and the files of a device say the same?

Each segment record names a file that is there, under the name that its start makes in the store's offset, of the bytes
and the hash told, its groups are whole fragments that begin with an init segment of that hash before them, to the last
one, and add up to its duration; each file has one record; no file is half-written.  Prints the records, in order of time."""
import datetime
import glob
import hashlib
import json
import os
import sys



def box(data, at):
    """The size and the type of the box at `at`."""
    size, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8].decode("latin1")
    return (int.from_bytes(data[at + 8 : at + 16], "big") if size == 1 else size), kind


def wrong_groups(data, record):
    """What playlists are told, against the bytes."""
    if not all(key in record for key in ("codecs", "init", "media_offset", "groups")):
        yield "its record does not tell its groups"
        return
    end = record["media_offset"]
    hidden = data.find(b"ftyp", 8) - 4  # behind the reserve and the box that tells the file's story
    while hidden > 0 and hidden + box(data, hidden)[0] + box(data, hidden + box(data, hidden)[0])[0] != end:
        hidden = data.find(b"ftyp", hidden + 8) - 4
    if hidden < 0 or hashlib.sha256(data[hidden:end]).hexdigest()[:16] != record["init"]:
        yield "no such init segment"
    for size, _ in record["groups"]:
        at, end = end, end + size
        while at < end:
            if box(data, at)[1] not in ("moof", "mdat"):
                yield f"no fragment at {at}"
                return
            at += box(data, at)[0]
        if at != end:
            yield f"a group ends within the fragment before {at}"
    if end + 8 <= len(data) and box(data, end)[1] == "moof":
        yield f"a fragment behind the last group, at {end}"
    if sum(duration for _, duration in record["groups"]) != record["duration_ms"]:
        yield "its groups do not add up to its duration"


root, device = sys.argv[1:3]
media = os.path.join(root, "media")
with open(os.path.join(root, "store.json"), encoding="utf-8") as file:
    offset = json.load(file)["utc_offset"]
zone = datetime.timezone(
    (-1 if offset[0] == "-" else 1) * datetime.timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
)
records, faults = [], []
for journal in sorted(glob.glob(f"{media}/{device}/*/records.jsonl")):
    with open(journal, encoding="utf-8") as file:
        records += [json.loads(line) for line in file]
files = set(glob.glob(f"{media}/{device}/*/*.mp4"))
for record in records:
    if list(record)[:2] != ["v", "type"] or record["v"] != 1 or record["device"] != device:
        faults.append(f"no record of {device}: {record}")
    if record["type"] != "segment":
        continue
    start = datetime.datetime.fromisoformat(record["start"].replace("Z", "+00:00")).astimezone(zone)
    name = start.strftime(f"{device}/%Y-%m-%d/%H-%M-%S.") + f"{start.microsecond // 1000:03}.mp4"
    if record["path"] != name:
        faults.append(f"{record['path']} should be {name}")
    path = os.path.join(media, record["path"])
    if path not in files:
        faults.append(f"{path} is not there, or recorded twice")
        continue
    files.remove(path)
    with open(path, "rb") as file:
        data = file.read()
    if len(data) != record["bytes"]:
        faults.append(f"{path} has {len(data)} bytes, not {record['bytes']}")
    if hashlib.sha256(data).hexdigest() != record["sha256"]:
        faults.append(f"{path} has another hash")
    faults += [f"{path}: {fault}" for fault in wrong_groups(data, record)]
faults += [f"{path} has no record" for path in sorted(files)]
faults += [f"{path} is left" for path in glob.glob(f"{media}/{device}/*/.*.part")]
for record in sorted(records, key=lambda r: r.get("start", r.get("time", ""))):
    print(json.dumps(record))
if faults:
    sys.exit("\n".join(faults))
