#!/usr/bin/env python3
"""Looks into a finished segment file, independently of cbx's own reader.

segment_boxes.py check FILE [SECONDS]  both uses of the file are sound and say the same; faults on stderr, exit 1
                                       (no fragment is longer than these seconds, 1.2, but for its last sample)
segment_boxes.py extract FILE OUT [N]  the hidden fragmented MP4, all of it or track N (1, 2, ...) alone
segment_boxes.py tracks FILE           the ids of its tracks
segment_boxes.py info FILE             what the uuid box tells (JSON)

A finished file is: ftyp | moov | free | mdat{ uuid ftyp moov (moof mdat)... }   (ISO/IEC 14496-12)
"""
import json
import struct
import sys

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"mvex", b"moof", b"traf"}


class Fault(Exception):
    pass


class Box:
    def __init__(self, kind, start, header, end):
        self.kind, self.start, self.header, self.end = kind, start, header, end
        self.body = start + header


def walk(data, start, end):
    while start < end:
        if end - start < 8:
            raise Fault(f"{end - start} stray bytes at {start}")
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            size, header = struct.unpack_from(">Q", data, start + 8)[0], 16
        elif size == 0:
            raise Fault(f"box {kind} at {start} has no size of its own")
        if size < header or start + size > end:
            raise Fault(f"box {kind} at {start} of {size} bytes reaches beyond its parent's end {end}")
        yield Box(kind, start, header, start + size)
        start += size


def children(data, box, skip=0):
    return list(walk(data, box.body + skip, box.end))


def find(data, box, *path):
    for kind in path:
        found = [b for b in children(data, box) if b.kind == kind]
        if len(found) != 1:
            raise Fault(f"{len(found)} boxes {kind} in {box.kind} at {box.start}")
        box = found[0]
    return box


def find_all(data, box, kind):
    return [b for b in children(data, box) if b.kind == kind]


def layout(data):
    """The outer boxes and the hidden ones, checked for their order."""
    outer = list(walk(data, 0, len(data)))
    kinds = [b.kind for b in outer]
    if kinds not in ([b"ftyp", b"moov", b"free", b"mdat"], [b"ftyp", b"moov", b"mdat"]):
        raise Fault(f"outer boxes are {kinds}")
    hidden = children(data, outer[-1])
    kinds = [b.kind for b in hidden]
    if kinds[:3] != [b"uuid", b"ftyp", b"moov"]:
        raise Fault(f"hidden boxes start with {kinds[:3]}")
    fragments = hidden[3:]
    if not fragments or len(fragments) % 2:
        raise Fault(f"{len(fragments)} boxes behind the hidden moov")
    pairs = list(zip(fragments[::2], fragments[1::2]))
    for moof, mdat in pairs:
        if (moof.kind, mdat.kind) != (b"moof", b"mdat"):
            raise Fault(f"{moof.kind} {mdat.kind} at {moof.start} instead of moof mdat")
    return outer[1], hidden[0], hidden[1], hidden[2], pairs


def track_heads(data, moov):
    """track id -> (trak box, timescale, handler)"""
    tracks = {}
    for trak in find_all(data, moov, b"trak"):
        tkhd, mdhd = find(data, trak, b"tkhd"), find(data, trak, b"mdia", b"mdhd")
        track_id = struct.unpack_from(">I", data, tkhd.body + (20 if data[tkhd.body] else 12))[0]
        timescale = struct.unpack_from(">I", data, mdhd.body + (20 if data[mdhd.body] else 12))[0]
        handler = data[find(data, trak, b"mdia", b"hdlr").body + 8 :][:4]
        tracks[track_id] = (trak, timescale, handler)
    return tracks


def fragment_samples(data, moof, mdat, defaults):
    """(track id, tfdt, [(offset, size, duration, composition offset, is sync)])"""
    trafs = find_all(data, moof, b"traf")
    if len(trafs) != 1:
        raise Fault(f"moof at {moof.start} has {len(trafs)} tracks")
    tfhd, tfdt = find(data, trafs[0], b"tfhd"), find(data, trafs[0], b"tfdt")
    flags, track_id = struct.unpack_from(">II", data, tfhd.body)
    flags &= 0xFFFFFF
    if not flags & 0x20000 or flags & 1:
        raise Fault(f"moof at {moof.start}: not default-base-is-moof")
    at = tfhd.body + 8
    default = dict(zip(("duration", "size", "flags"), defaults[track_id]))
    for bit, name in ((2, None), (8, "duration"), (16, "size"), (32, "flags")):
        if flags & bit:
            if name:
                default[name] = struct.unpack_from(">I", data, at)[0]
            at += 4
    time = struct.unpack_from(">Q" if data[tfdt.body] else ">I", data, tfdt.body + 4)[0]
    samples = []
    for trun in find_all(data, trafs[0], b"trun"):
        version, flags = data[trun.body], struct.unpack_from(">I", data, trun.body)[0] & 0xFFFFFF
        count = struct.unpack_from(">I", data, trun.body + 4)[0]
        at = trun.body + 8
        if not flags & 1:
            raise Fault(f"trun at {trun.start} without data offset")
        offset = moof.start + struct.unpack_from(">i", data, at)[0]
        at += 4
        first_flags = None
        if flags & 4:
            first_flags = struct.unpack_from(">I", data, at)[0]
            at += 4
        for index in range(count):
            value = dict(default)
            for bit, name in ((0x100, "duration"), (0x200, "size"), (0x400, "flags")):
                if flags & bit:
                    value[name] = struct.unpack_from(">I", data, at)[0]
                    at += 4
            composition = 0
            if flags & 0x800:
                composition = struct.unpack_from(">i" if version else ">I", data, at)[0]
                at += 4
            if index == 0 and first_flags is not None:
                value["flags"] = first_flags
            if offset < mdat.body or offset + value["size"] > mdat.end:
                raise Fault(f"a sample of the moof at {moof.start} lies outside its mdat")
            samples.append((offset, value["size"], value["duration"], composition, not value["flags"] & 0x10000))
            offset += value["size"]
        if at != trun.end:
            raise Fault(f"trun at {trun.start} is longer than what it says")
    if not samples:
        raise Fault(f"moof at {moof.start} has no sample")
    return track_id, time, samples


def trex_defaults(data, moov):
    defaults = {}
    for trex in find_all(data, find(data, moov, b"mvex"), b"trex"):
        track_id, _, duration, size, flags = struct.unpack_from(">IIIII", data, trex.body + 4)
        defaults[track_id] = (duration, size, flags)
    return defaults


def hidden_tables(data, moov, pairs, longest=1.2):
    """track id -> (first tfdt, samples); the fragments of a track must follow on each other without a hole."""
    tracks, next_time = {}, {}
    defaults = trex_defaults(data, moov)
    for moof, mdat in pairs:
        track_id, time, samples = fragment_samples(data, moof, mdat, defaults)
        if track_id in next_time and next_time[track_id] != time:
            raise Fault(f"moof at {moof.start}: track {track_id} goes on at {time}, not {next_time[track_id]}")
        timescale = track_heads(data, moov)[track_id][1]
        length = sum(s[2] for s in samples)
        held = length - samples[-1][2]  # the last sample may fill a hole
        if held > longest * timescale:
            raise Fault(f"moof at {moof.start}: {held / timescale:.3f} s in one fragment")
        next_time[track_id] = time + length
        tracks.setdefault(track_id, (time, []))[1].extend(samples)
    return tracks


def run_lengths(data, box, form):
    count = struct.unpack_from(">I", data, box.body + 4)[0]
    values = []
    for index in range(count):
        number, value = struct.unpack_from(form, data, box.body + 8 + 8 * index)
        values += [value] * number
    return values


def outer_table(data, trak):
    """[(offset, size, duration, composition offset, is sync)] of an ordinary track."""
    stbl = find(data, trak, b"mdia", b"minf", b"stbl")
    boxes = {b.kind: b for b in children(data, stbl)}
    durations = run_lengths(data, boxes[b"stts"], ">II")
    fixed, count = struct.unpack_from(">II", data, boxes[b"stsz"].body + 4)
    sizes = [fixed] * count if fixed else list(struct.unpack_from(f">{count}I", data, boxes[b"stsz"].body + 12))
    offsets = [0] * count
    if b"ctts" in boxes:
        offsets = run_lengths(data, boxes[b"ctts"], ">Ii" if data[boxes[b"ctts"].body] else ">II")
    sync = [True] * count
    if b"stss" in boxes:
        number = struct.unpack_from(">I", data, boxes[b"stss"].body + 4)[0]
        keys = set(struct.unpack_from(f">{number}I", data, boxes[b"stss"].body + 8))
        sync = [index + 1 in keys for index in range(count)]
    chunk_box, form = (boxes[b"co64"], "Q") if b"co64" in boxes else (boxes[b"stco"], "I")
    chunk_count = struct.unpack_from(">I", data, chunk_box.body + 4)[0]
    chunks = struct.unpack_from(f">{chunk_count}{form}", data, chunk_box.body + 8)
    number = struct.unpack_from(">I", data, boxes[b"stsc"].body + 4)[0]
    runs = [struct.unpack_from(">III", data, boxes[b"stsc"].body + 8 + 12 * i) for i in range(number)]
    places = []
    for index, (first, per_chunk, _) in enumerate(runs):
        last = runs[index + 1][0] if index + 1 < len(runs) else chunk_count + 1
        for chunk in range(first, last):
            place = chunks[chunk - 1]
            for _ in range(per_chunk):
                if len(places) >= count:
                    raise Fault("stsc names more samples than stsz")
                places.append(place)
                place += sizes[len(places) - 1]
    if not len(places) == len(durations) == len(offsets) == count:
        raise Fault(f"tables disagree: {len(places)} places, {len(durations)} durations, {count} sizes")
    return list(zip(places, sizes, durations, offsets, sync))


def edit_list(data, trak):
    """(length of the empty edit in the movie's timescale, media time of the first other edit)"""
    edts = find_all(data, trak, b"edts")
    if not edts:
        return 0, 0
    elst = find(data, edts[0], b"elst")
    wide = data[elst.body]
    count = struct.unpack_from(">I", data, elst.body + 4)[0]
    empty, at = 0, elst.body + 8
    for _ in range(count):
        length, media_time = struct.unpack_from(">Qq" if wide else ">Ii", data, at)
        at += 20 if wide else 12
        if media_time >= 0:
            return empty, media_time
        empty += length
    raise Fault("an edit list that shows nothing")


def check(data, longest):
    moov, _, _, init, pairs = layout(data)
    if find_all(data, moov, b"mvex"):
        raise Fault("the outer moov has an mvex: players take the file for a fragmented one")
    mvhd = find(data, moov, b"mvhd")
    movie_scale = struct.unpack_from(">I", data, mvhd.body + (20 if data[mvhd.body] else 12))[0]
    outer, hidden = track_heads(data, moov), track_heads(data, init)
    fragments = hidden_tables(data, init, pairs, longest)
    if sorted(outer) != sorted(fragments):
        raise Fault(f"outer tracks {sorted(outer)}, tracks with fragments {sorted(fragments)}")
    starts = {}
    for track_id, (trak, scale, handler) in outer.items():
        if (scale, handler) != hidden[track_id][1:]:
            raise Fault(f"track {track_id} has another timescale or handler outside than inside")
        table, (time, samples) = outer_table(data, trak), fragments[track_id]
        if table != samples:
            at = next((i for i, (a, b) in enumerate(zip(table, samples)) if a != b), min(len(table), len(samples)))
            raise Fault(f"track {track_id}: sample {at} is {table[at:at + 1]} outside, {samples[at:at + 1]} inside")
        if handler == b"vide" and not samples[0][4]:
            raise Fault("does not start with a key frame")
        composed, first = [], 0
        for sample in samples:
            composed.append(first + sample[3])
            first += sample[2]
        empty, media_time = edit_list(data, trak)
        if media_time != min(composed):
            raise Fault(f"track {track_id} is shown from {media_time}, its first sample is at {min(composed)}")
        starts[track_id] = ((time + min(composed)) / scale, empty / movie_scale)
    earliest = min(start for start, _ in starts.values())
    for track_id, (start, empty) in starts.items():
        if abs(start - earliest - empty) > 0.0011:
            raise Fault(f"track {track_id} begins {start - earliest:.4f} s late inside, {empty:.4f} s outside")


def rebuilt(data, box, keep):
    """The box again, with only the children that `keep` wants."""
    body = b"".join(
        rebuilt(data, child, keep) if child.kind in CONTAINERS else data[child.start : child.end]
        for child in children(data, box)
        if keep(child)
    )
    return struct.pack(">I4s", 8 + len(body), box.kind) + body


def extract(data, track=None):
    _, _, ftyp, init, pairs = layout(data)
    if track is None:
        return data[ftyp.start : pairs[-1][1].end]

    def keep(box):
        if box.kind == b"trak":
            tkhd = find(data, box, b"tkhd")
            return struct.unpack_from(">I", data, tkhd.body + (20 if data[tkhd.body] else 12))[0] == track
        return box.kind != b"trex" or struct.unpack_from(">I", data, box.body + 4)[0] == track

    defaults = trex_defaults(data, init)
    mine = [pair for pair in pairs if fragment_samples(data, *pair, defaults)[0] == track]
    if not mine:
        raise Fault(f"no track {track}")
    return b"".join(
        [data[ftyp.start : ftyp.end], rebuilt(data, init, keep)] + [data[a.start : b.end] for a, b in mine]
    )


def main(args):
    command, path = args[0], args[1]
    with open(path, "rb") as file:
        data = file.read()
    try:
        if command == "check":
            check(data, float(args[2]) if len(args) > 2 else 1.2)
        elif command == "extract":
            with open(args[2], "wb") as out:
                out.write(extract(data, int(args[3]) if len(args) > 3 else None))
        elif command == "tracks":
            print(*sorted(track_heads(data, layout(data)[0])))
        elif command == "info":
            box = layout(data)[1]
            print(json.dumps(json.loads(data[box.body + 16 : box.end].rstrip(b"\0"))))
        else:
            raise IndexError
    except (Fault, struct.error, KeyError, ValueError) as fault:
        print(f"{path}: {type(fault).__name__}: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except IndexError:
        print(__doc__, file=sys.stderr)
        sys.exit(64)
