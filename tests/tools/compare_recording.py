#!/usr/bin/env python3
"""compare_recording.py [OPTION...] SOURCE FILE...: were the recorded FILEs (in order) what SOURCE sent?

Decoded pictures (by hash) and audio packets (by hash, without ADTS headers) of the files, one after the other, must be
an unbroken part of the source's: nothing missing, doubled or altered, at the cuts neither.  Inside each file every
picture and audio packet lies where the source had it, by one shift common to both, within --tolerance ms.

  --whole           the part reaches from the source's first key frame to its end
  --tolerance MS    default 1.2 (audio times of 44.1 kHz are no whole ticks)
  --lost-start S, --lost-end S   how many seconds of the source may lack (at the end also be torn), for senders that leave
                without waiting for their last packets to be taken (default 0)
"""
import argparse
import json
import subprocess
import sys


def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return done.stdout


def codec(path, kind):
    out = run("ffprobe", "-v", "error", "-select_streams", f"{kind}:0", "-show_entries", "stream=codec_name", "-of",
              "csv=p=0", path)
    return out.split()[0].strip(",") if out.strip() else None


def times(path, kind):
    """Presentation times in seconds, in presentation order."""
    out = run("ffprobe", "-v", "error", "-select_streams", f"{kind}:0", "-show_packets", "-show_entries",
              "packet=pts_time", "-of", "json", path)
    return sorted(float(p["pts_time"]) for p in json.loads(out)["packets"] if "pts_time" in p)


def hashes(path, kind):
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", path, "-map", f"0:{kind}:0"]
    if kind == "v":
        command += ["-fps_mode", "passthrough"]
    else:
        command += ["-c", "copy"]
        if codec(path, kind) == "aac":
            command += ["-bsf:a", "aac_adtstoasc"]
    lines = run(*command, "-f", "framemd5", "-").splitlines()
    return [line.split(",")[5].strip() for line in lines if line and not line.startswith("#")]


def read(path, kind):
    """[(presentation time, hash)]; None if the file has no such stream."""
    if codec(path, kind) is None:
        return None
    at, what = times(path, kind), hashes(path, kind)
    if len(at) != len(what):
        sys.exit(f"{path}: {len(at)} {kind} packets, {len(what)} came out of them")
    return list(zip(at, what))


def place(source, parts, kind, files, lost_end):
    """Where in `source` the parts, joined, lie: first index, and the one behind the last."""
    joined = [what for part in parts for _, what in part]
    plain = [what for _, what in source]
    # Silence repeats itself: try every place that begins alike.
    begin = [i for i, what in enumerate(plain) if what == joined[0]]
    for at in begin:
        if plain[at : at + len(joined)] == joined:
            return at, at + len(joined)
    if not begin:
        sys.exit(f"{files[0]}: its first {kind} is not in the source")

    def same(at):
        number = 0
        while number < len(joined) and at + number < len(plain) and plain[at + number] == joined[number]:
            number += 1
        return number

    best = max(begin, key=same)
    number = same(best)
    if lost_end and (best + number >= len(source) or source[best + number][0] >= source[-1][0] - lost_end):
        return best, best + number
    count = 0
    for part, name in zip(parts, files):
        if number < count + len(part):
            sys.exit(f"{name}: {kind} {number - count} of {len(part)} is not the source's number {best + number} "
                     f"of {len(plain)} (the recording begins at number {best})")
        count += len(part)
    raise AssertionError


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--tolerance", type=float, default=1.2)
    parser.add_argument("--lost-start", type=float, default=0)
    parser.add_argument("--lost-end", type=float, default=0)
    parser.add_argument("source")
    parser.add_argument("files", nargs="+")
    args = parser.parse_args()

    shifts = [[] for _ in args.files]
    seen = None
    for kind in "v", "a":
        source = read(args.source, kind)
        parts = [read(path, kind) for path in args.files]
        if source is None:
            if any(parts):
                sys.exit(f"the source has no {kind}, the recording has")
            continue
        parts = [part or [] for part in parts]  # sound that begins late is missing in the first files
        if not any(parts):
            sys.exit(f"the source has {kind}, the recording has not")
        begin, end = place(source, parts, kind, args.files, args.lost_end)
        number = begin
        for part, shift in zip(parts, shifts):
            for at, _ in part[: max(0, end - number)]:
                shift.append((at - source[number][0], kind, at))
                number += 1
        if args.whole:
            # What lies before the first picture, or behind the last, need not be heard.
            first, last = source[0][0] + args.lost_start, source[-1][0] - args.lost_end
            if seen:
                first, last = max(first, seen[0] + 0.1), min(last, seen[1] - 0.1)
            seen = source[begin][0], source[end - 1][0]
            if source[begin][0] > first + 0.001 or source[end - 1][0] < last - 0.001:
                sys.exit(f"{kind} from {source[begin][0]:.3f} to {source[end - 1][0]:.3f}, but the source has "
                         f"{source[0][0]:.3f} to {source[-1][0]:.3f}")
        print(f"{kind}: {end - begin} of {len(source)}, from number {begin}")
    for path, shift in zip(args.files, shifts):
        low, high = min(shift), max(shift)
        if (high[0] - low[0]) * 1000 > args.tolerance:
            sys.exit(f"{path}: {high[1]} at {high[2]:.4f} lies {(high[0] - low[0]) * 1000:.2f} ms off "
                     f"{low[1]} at {low[2]:.4f}")


main()
