"""What a store holds against what cbx-camera's ledger says: shared by the crash and the power-cut campaign.

Shares no code with cbx; the boxes are read by tests/tools/segment_boxes.py.
"""
import collections
import hashlib
import json
import os
import re
import struct
import subprocess
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools"))
import segment_boxes  # noqa: E402

PICTURES_PER_SECOND = 25
FIRST_PTS, TICKS = 90000, 90000 // PICTURES_PER_SECOND
MARK = re.compile(rb"cbx-test-picture(\S+) (\d+) ([0-9a-f]{8})")

Sent = collections.namedtuple("Sent", "connection number wall acked")


class Wrong(Exception):
    """The store is not what it should be."""


def read_ledger(path):
    """camera -> [Sent], in the order of sending; wall in Unix seconds"""
    cameras = collections.defaultdict(list)
    with open(path, encoding="ascii") as file:
        for line in file:
            camera, connection, number, wall, acked = line.split()
            cameras[camera].append(Sent(int(connection), int(number), int(wall) / 1e6, acked == "acked"))
    return cameras


def units_of(sample):
    at = 0
    while at < len(sample):
        (size,) = struct.unpack_from(">I", sample, at)
        if at + 4 + size > len(sample):
            raise Wrong("a NAL unit reaches beyond its sample")
        yield sample[at + 4 : at + 4 + size]
        at += 4 + size


def picture_of(sample, where):
    """(camera, number) of a picture whose content is as it was sent"""
    found, checksum = None, 1
    for unit in units_of(sample):
        if found is not None:
            checksum = zlib.adler32(unit, checksum)
        elif unit[0] & 31 == 6:
            found = MARK.search(unit)
    if not found:
        raise Wrong(f"{where}: a picture without its number")
    if checksum != int(found[3], 16):
        raise Wrong(f"{where}: picture {int(found[2])} is not what was sent")
    return found[1].decode(), int(found[2])


def pictures_in(data, path):
    """[(camera, number)] of a finished file, checked for both of its uses"""
    try:
        segment_boxes.check(data, 1.2)
        moov = segment_boxes.layout(data)[0]
        heads = segment_boxes.track_heads(data, moov).values()
        trak = next(trak for trak, _, handler in heads if handler == b"vide")
        table = segment_boxes.outer_table(data, trak)
        pairs = segment_boxes.layout(data)[4]
    except (segment_boxes.Fault, struct.error, KeyError, ValueError) as fault:
        raise Wrong(f"{path}: {type(fault).__name__} {fault}") from fault
    time = None
    hidden = segment_boxes.hidden_tables(data, segment_boxes.layout(data)[3], pairs)
    pictures = []
    for track_id, (first, samples) in hidden.items():
        if segment_boxes.track_heads(data, moov)[track_id][2] == b"vide":
            time = first
    for offset, size, duration, composition, _ in table:
        camera, number = picture_of(data[offset : offset + size], path)
        pts = FIRST_PTS + TICKS * number
        if time + composition != pts:
            raise Wrong(f"{path}: picture {number} is at {time + composition}, not {pts}")
        pictures.append((camera, number))
        time += duration
    return pictures


def tree_of(root):
    """(finished files, unfinished ones), as paths below media"""
    finished, parts = set(), set()
    media = os.path.join(root, "media")
    for folder, _, names in os.walk(media):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), media)
            if name.endswith(".mp4") and not name.startswith("."):
                finished.add(path)
            elif name != "records.jsonl":
                parts.add(path)
    return finished, parts


def journal_of(root):
    """(segment records in order, lines that are no record)"""
    segments, bad = [], []
    media = os.path.join(root, "media")
    for folder, _, names in sorted(os.walk(media)):
        if "records.jsonl" not in names:
            continue
        path = os.path.join(folder, "records.jsonl")
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                if line == b"\n":
                    continue
                try:
                    record = json.loads(line)
                except ValueError:
                    bad.append(f"{os.path.relpath(path, media)}:{number}")
                    continue
                if record["type"] == "segment":
                    segments.append(record)
    return segments, bad


def index_of(root):
    out = subprocess.run(["cbx-index", "list", "--json", "--root", root], capture_output=True, text=True, timeout=120)
    if out.returncode != 0:
        raise Wrong(f"cbx-index list: {out.stderr.strip()}")
    return [json.loads(line) for line in out.stdout.splitlines()]


def only_once(paths, where):
    doubled = [path for path, count in collections.Counter(paths).items() if count > 1]
    if doubled:
        raise Wrong(f"more than once in the {where}: {', '.join(sorted(doubled)[:5])}")
    return set(paths)


def same_paths(a, a_name, b, b_name):
    if a != b:
        raise Wrong(
            f"{a_name} and {b_name} differ: {len(a - b)} only in the former {sorted(a - b)[:5]}, "
            f"{len(b - a)} only in the latter {sorted(b - a)[:5]}"
        )


def check_store(root, torn_lines=0):
    """Tree, journals and index say the same; every file is whole.  camera -> {number: path}"""
    finished, unfinished = tree_of(root)
    if unfinished:
        raise Wrong(f"left behind: {', '.join(sorted(unfinished)[:5])}")
    segments, bad = journal_of(root)
    if len(bad) > torn_lines:
        raise Wrong(f"{len(bad)} lines are no records: {', '.join(bad[:5])}")
    same_paths(finished, "tree", only_once([r["path"] for r in segments], "journals"), "journals")
    indexed = index_of(root)
    same_paths(finished, "tree", only_once([r["path"] for r in indexed], "index"), "index")
    for record in segments:
        with open(os.path.join(root, "media", record["path"]), "rb") as file:
            data = file.read()
        if len(data) != record["bytes"] or hashlib.sha256(data).hexdigest() != record.get("sha256"):
            raise Wrong(f"{record['path']} is not what its record says")
    cameras = collections.defaultdict(dict)
    for path in sorted(finished):
        with open(os.path.join(root, "media", path), "rb") as file:
            data = file.read()
        for camera, number in pictures_in(data, path):
            if camera != path.split("/")[0]:
                raise Wrong(f"{path} holds a picture of {camera}")
            if number in cameras[camera]:
                raise Wrong(f"picture {number} of {camera} is in {cameras[camera][number]} and in {path}")
            cameras[camera][number] = path
    return cameras


def losses(ledger, cameras):
    """[(camera, connection, pictures lost, wall time of the first and the last one lost)]: what was acknowledged and is
    in no file.  Raises Wrong for a hole that is not at the end of a connection."""
    out = []
    for camera, sent in sorted(ledger.items()):
        found = cameras.get(camera, {})
        connections = collections.defaultdict(list)
        for picture in sent:
            connections[picture.connection].append(picture)
        for connection, pictures in sorted(connections.items()):
            lost = [p for p in pictures if p.acked and p.number not in found]
            if not lost:
                continue
            later = [p.number for p in pictures if p.number > lost[0].number and p.number in found]
            if later:
                raise Wrong(
                    f"{camera}, connection {connection}: picture {lost[0].number} is missing, {later[0]} is there"
                )
            out.append((camera, connection, len(lost), lost[0].wall, lost[-1].wall))
        extra = set(found) - {p.number for p in sent}
        if extra:
            raise Wrong(f"{camera}: pictures that were never sent: {sorted(extra)[:5]}")
    return out


def verify(root, *options):
    """cbx-verify's exit status and what it found; nothing is at work on the store"""
    out = subprocess.run(
        ["cbx-verify", "--root", root, "--settle", "0s", *options], capture_output=True, text=True, timeout=300, check=False
    )
    return out.returncode, (out.stdout + out.stderr).strip()
