#!/usr/bin/env python3
"""check_groups.py ROOT DEVICE: is every group of the recorded files what playlists are told?

Put behind the init segment, each decodes by itself without a complaint, begins with a key frame where there is picture,
and the next begins when its record says, by what ffprobe reads of them; together they hold all packets of the file.  The codecs are those that ffprobe sees."""
import json
import os
import subprocess
import sys
import tempfile

root, device = sys.argv[1:3]
here = os.path.dirname(os.path.abspath(__file__))
read = subprocess.run([f"{here}/check_records.py", root, device], stdout=subprocess.PIPE, text=True)
if read.returncode:
    sys.exit(read.returncode)
faults = []


def probe(path, *what):
    """What ffprobe reads, as JSON."""
    out = subprocess.run(["ffprobe", "-v", "error", "-of", "json", *what, path], check=True, capture_output=True)
    if out.stderr:
        faults.append(f"{path}: {out.stderr.decode()}")
    return json.loads(out.stdout)


def expected_codecs(path):
    """Of the tracks, from profile and level as ffprobe names them; None where that does not tell."""
    out = []
    for stream in sorted(probe(path, "-show_streams")["streams"], key=lambda s: s["codec_type"] != "video"):
        name, level = stream["codec_name"], stream.get("level")
        if name == "h264":
            profile = {"Constrained Baseline": "42c0", "Baseline": "4200", "Main": "4d40", "High": "6400"}
            out.append(f"avc1.{profile[stream['profile']]}{level:02x}")
        elif name == "hevc":
            out.append(f"hvc1.{ {'Main': '1.6', 'Main 10': '2.4'}[stream['profile']]}.L{level}")
        elif name == "aac":
            out.append("mp4a.40." + {"LC": "2", "HE-AAC": "5", "HE-AACv2": "29"}[stream["profile"]])
        else:
            mpeg = "mp4a.6B" if int(stream.get("sample_rate", 0)) >= 32000 else "mp4a.69"
            out.append({"mp2": mpeg, "mp3": mpeg, "ac3": "ac-3", "eac3": "ec-3", "opus": "opus"}[name])
    return out


def check(record, work):
    """One file."""
    path = os.path.join(root, "media", record["path"])
    told = record["codecs"].split(",")
    if [a for a, b in zip(told, expected_codecs(path)) if not a.startswith(b)]:
        faults.append(f"{path}: {told} are {expected_codecs(path)}")
    with open(path, "rb") as file:
        data = file.read()
    at = record["media_offset"]
    start = data.rindex(b"ftyp", 0, at) - 4
    init = data[start:at]
    packets, begin = 0, None
    for number, (size, duration) in enumerate(record["groups"]):
        piece = os.path.join(work, f"{number}.mp4")
        with open(piece, "wb") as file:
            file.write(init + data[at : at + size])
        at += size
        said = subprocess.run(
            ["ffmpeg", "-v", "error", "-xerror", "-i", piece, "-f", "null", "-"], capture_output=True, text=True
        )
        if said.returncode or said.stderr:
            faults.append(f"{path}, group {number}: {said.stderr}")
        inside = probe(piece, "-show_packets")["packets"]
        packets += len(inside)
        kind = "video" if record.get("video") else "audio"
        own = [p for p in inside if p["codec_type"] == kind]
        times = [float(p["pts_time"]) for p in own]
        if "K" not in own[0]["flags"] or (kind == "video" and times[0] != min(times)):
            faults.append(f"{path}, group {number}: does not begin with a key frame")
        # At an uneven frame rate only the next group tells how long the last picture of this one is shown.
        if begin is not None and abs(min(times) - begin) > 0.0021:
            faults.append(f"{path}, group {number}: begins at {min(times):.4f}, not at {begin:.4f}")
        begin = min(times) + duration / 1000
    last = max(own, key=lambda p: float(p["pts_time"]))
    end = float(last["pts_time"]) + float(last["duration_time"])
    if abs(end - begin) > (0.0021 if kind == "audio" else 0.1):
        faults.append(f"{path}: ends at {end:.4f}, not at {begin:.4f}")
    whole = len(probe(path, "-show_packets")["packets"])
    if packets != whole:
        faults.append(f"{path}: {packets} packets in groups, {whole} in the file")
    print(record["path"], record["codecs"], *(f"{duration}" for _, duration in record["groups"]))


with tempfile.TemporaryDirectory() as folder:
    for line in read.stdout.splitlines():
        if json.loads(line)["type"] == "segment":
            check(json.loads(line), folder)
if faults:
    sys.exit("\n".join(faults))
