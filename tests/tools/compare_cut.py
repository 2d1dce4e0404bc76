#!/usr/bin/env python3
"""compare_cut.py CUT PART...: does CUT show what was published, and nothing else?

A PART is FILE@FROM..TO: a source's pictures and sound from FROM to TO, in seconds after its first picture (after its
first sound without pictures).  CUT must show the parts one after the other: the decoded pictures that ffmpeg gives out
(it honours edit lists) are by hash those of the source with FROM <= time < TO, each as long after the part's begin as
in the source; so are the sound packets, of which one more may stand at each end of a part.  The first instant of CUT is
the first part's FROM.

  --tolerance MS   default 1.2 (audio times of 44.1 kHz are no whole ticks)
  --fragmented     the first instant of CUT is its first picture: it has no edit list, and begins with a key frame
  --joint MS       how much later than its length a part may end, because sound and picture end apart (default 0)
"""
import argparse
import subprocess
import sys

MARGIN = 0.0006  # of a time that should be FROM or TO


def frames(path, kind):
    """[(seconds, hash)] in presentation order; None without such a stream."""
    if not codec(path, kind):
        return None
    command = ["ffmpeg", "-v", "error", "-nostdin", "-copyts", "-i", path, "-map", f"0:{kind}:0"]
    command += ["-fps_mode", "passthrough", "-enc_time_base", "1:90000"] if kind == "v" else ["-c", "copy"]
    if kind == "a" and path.endswith(".ts") and codec(path, "a") == "aac":
        command += ["-bsf:a", "aac_adtstoasc"]
    done = subprocess.run(command + ["-f", "framemd5", "-"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False)
    # What it says is left aside: its parser knows a track's first sample entry only, and complains about others.
    if done.returncode:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    base, out = 1.0, []
    for line in done.stdout.splitlines():
        if line.startswith("#tb 0:"):
            num, den = line.split(":")[1].strip().split("/")
            base = int(num) / int(den)
        elif line and not line.startswith("#"):
            fields = [f.strip() for f in line.split(",")]
            out.append((int(fields[2]) * base, fields[5]))
    return sorted(out) or None


def codec(path, kind):
    done = subprocess.run(["ffprobe", "-v", "error", "-select_streams", f"{kind}:0", "-show_entries", "stream=codec_name",
                           "-of", "csv=p=0", path], capture_output=True, text=True, check=False)
    return done.stdout.split()[0].strip(",") if done.stdout.strip() else ""


def parse(part):
    path, _, span = part.rpartition("@")
    begin, _, end = span.partition("..")
    return path, float(begin), float(end)


def expected(parts, kind, sources):
    """[(seconds on the cut's time line, hash, may lack)] and how long all parts are."""
    out, at = [], 0.0
    for path, begin, end in parts:
        zero = (sources[path]["v"] or sources[path]["a"])[0][0]
        for time, what in sources[path][kind] or []:
            t = time - zero
            if begin - MARGIN <= t < end - MARGIN:
                out.append((at + t - begin, what))
        at += end - begin
    return out


def compare(kind, want, got, tolerance, joint):
    found = {}
    for time, what in got:
        found.setdefault(what, []).append(time)
    faults, shift, later = [], 0.0, 0.0
    position = 0
    for time, what in want:
        # In order, so that equal pictures are told apart.
        while position < len(got) and got[position][1] != what:
            position += 1
        if position == len(got):
            faults.append(f"{kind}: what belongs to {time:.4f} s is not there")
            break
        later = got[position][0] - time
        if later < shift - tolerance or later > shift + joint + tolerance:
            faults.append(f"{kind}: what belongs to {time:.4f} s is at {got[position][0]:.4f} s")
        shift = max(shift, later) if joint else 0.0
        position += 1
    return faults


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("cut")
    parser.add_argument("parts", nargs="+")
    parser.add_argument("--tolerance", type=float, default=1.2)
    parser.add_argument("--joint", type=float, default=0)
    parser.add_argument("--fragmented", action="store_true")
    options = parser.parse_args()
    parts = [parse(p) for p in options.parts]
    sources = {path: {k: frames(path, k) for k in "va"} for path, _, _ in parts}
    faults, count = [], {}
    cut = {k: frames(options.cut, k) for k in "va"}
    zero = (cut["v"] or cut["a"] or [(0.0,)])[0][0] if options.fragmented else 0.0
    for kind in "va":
        got, want = [(t - zero, what) for t, what in cut[kind] or []], expected(parts, kind, sources)
        count[kind] = len(want)
        if not want and not got:
            continue
        # What is copied, not decoded, comes with what an edit list says is for the decoder only.
        got = [g for g in got or [] if kind == "v" or g[0] > -0.03]
        extra = len(got) - len(want)
        if (kind == "v" and extra) or not 0 <= extra <= 3 * len(parts):
            faults.append(f"{kind}: {len(got)} instead of {len(want)}")
        faults += compare(kind, want, got, options.tolerance / 1000, options.joint / 1000)
    if faults:
        sys.exit("\n".join([f"{options.cut}:"] + faults[:20]))
    print(f"{count['v']} pictures, {count['a']} pieces of sound")


if __name__ == "__main__":
    main()
