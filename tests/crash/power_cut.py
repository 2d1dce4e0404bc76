#!/usr/bin/env python3
"""The power-cut campaign; see power_cut.sh, which gives it a mount namespace of its own."""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

import ledger

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CANNOT = 77
LOSS_SECONDS = 3.0
IMAGE_MIB = 768


class Cannot(Exception):
    """This machine can't do it."""


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120, **options).stdout


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Disk:
    """An ext4 file system in a file."""

    def __init__(self, folder):
        self.image, self.mountpoint = os.path.join(folder, "image"), os.path.join(folder, "disk")
        os.mkdir(self.mountpoint)
        with open(self.image, "wb") as file:
            file.truncate(IMAGE_MIB << 20)
        run("mkfs.ext4", "-q", "-F", self.image)
        self.loop, self.mounted = None, False

    def mount(self):
        try:
            self.loop = run("losetup", "--find", "--show", self.image).strip()
            run("mount", "-t", "ext4", self.loop, self.mountpoint)
            # From now on the device goes with the mount, whatever ends this program.
            run("losetup", "--detach", self.loop)
            self.loop = None
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            raise Cannot(f"no loop mount: {getattr(error, 'stderr', error)}".strip()) from error
        self.mounted = True

    def cut(self):
        cut = subprocess.run(
            [SOURCE / "tests/tools/shutdown_fs.py", self.mountpoint], capture_output=True, text=True, check=False
        )
        if cut.returncode != 0:
            raise Cannot(cut.stderr.strip())

    def unmount(self):
        if self.mounted:
            for _ in range(100):
                if subprocess.run(["umount", self.mountpoint], capture_output=True, check=False).returncode == 0:
                    break
                time.sleep(0.1)
            self.mounted = False
        if self.loop:
            subprocess.run(["losetup", "--detach", self.loop], capture_output=True, check=False)
            self.loop = None


class Trial:
    def __init__(self, number, options):
        self.number, self.options = number, options
        self.random = random.Random(f"{options.seed}/{number}")
        self.folder = tempfile.mkdtemp(prefix=f"cbx-power-{number}-", dir=options.tmp)
        self.disk = Disk(self.folder)
        self.processes = []

    def start(self, command, **options):
        process = subprocess.Popen(command, stdin=options.pop("stdin", subprocess.DEVNULL), **options)
        self.processes.append(process)
        return process

    def end_all(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
        for process in self.processes:
            process.wait()
        self.processes = []

    def record(self):
        """Until the power goes; returns that instant and the cameras' process."""
        port = free_port()
        os.environ["CBX_ROOT"] = self.root
        run("cbx-index", "init", "--root", self.root)
        run("cbx-account", "device", "add", "spare", "--root", self.root)
        with open(os.path.join(self.folder, "recorder.log"), "wb") as log:
            ingest = self.start(
                ["cbx-ingest", "--listen", f"srt://127.0.0.1:{port}", "--register", "auto"],
                stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
            segment = self.start(
                ["cbx-segment", "--length", "1s"], stdin=ingest.stdout, stdout=subprocess.PIPE, stderr=log
            )
            # The ledger of what was said to be durable is on another disk.
            tee = self.start(["tee", self.announced], stdin=segment.stdout, stdout=subprocess.PIPE, stderr=log)
            self.start(["cbx-index", "add"], stdin=tee.stdout, stdout=log, stderr=log)
            for process in (ingest, segment, tee):
                process.stdout.close()
            cameras = self.start(
                ["cbx-camera", "--port", str(port), "--ledger", os.path.join(self.folder, "ledger"),
                 "--cameras", str(self.options.cameras), "--bit-rate", str(self.options.bit_rate), "--width", "20",
                 "--height", "15"],
                stdout=log, stderr=log,
            )  # fmt: skip
            time.sleep(self.random.uniform(6, 12))
            if dead := [p.args[0] for p in self.processes if p.poll() is not None]:
                raise ledger.Wrong(f"{', '.join(dead)} left before the power did")
            cut = time.time()
            # What is announced until now was said to be durable; what comes a moment later may race with the cut.
            with open(self.announced, "rb") as file:
                self.durable = file.read()
            self.disk.cut()
        return cut, cameras

    def run(self):
        self.disk.mount()
        self.root, self.announced = os.path.join(self.disk.mountpoint, "root"), os.path.join(self.folder, "announced")
        cut, cameras = self.record()
        self.processes.remove(cameras)
        self.end_all()
        self.processes.append(cameras)
        cameras.terminate()
        cameras.wait(30)
        self.disk.unmount()
        self.disk.mount()
        return self.check(cut)

    def check(self, cut):
        status, said = ledger.verify(self.root, "--repair")
        if status not in (0, 1):
            raise ledger.Wrong(f"cbx-verify --repair left with {status}: {said[:600]}")
        status, said = ledger.verify(self.root)
        if status != 0:
            raise ledger.Wrong(f"cbx-verify left with {status} after --repair: {said[:600]}")
        cameras = ledger.check_store(self.root, torn_lines=self.options.cameras)
        records = {r["path"]: r for r in ledger.journal_of(self.root)[0]}
        sent = ledger.read_ledger(os.path.join(self.folder, "ledger"))
        durable = [json.loads(line) for line in self.durable.split(b"\n")[:-1]]
        durable = [r for r in durable if r["type"] == "segment"]
        if {r["device"] for r in durable} != set(sent):
            raise ledger.Wrong("not every camera had a segment announced before the cut: nothing was tried")
        for record in durable:
            if records.get(record["path"], {}).get("sha256") != record["sha256"]:
                raise ledger.Wrong(f"{record['path']} was announced and is not what it was")
        worst = 0
        for camera, pictures in sent.items():
            found = cameras.get(camera, {})
            before = [p for p in pictures if p.wall < cut and p.acked]
            lost = [p for p in before if p.number not in found]
            # Acknowledged is what the recorder had when the power went: on the disk only what was sent before.
            if lost and any(p.number in found and p.number > lost[0].number for p in before):
                raise ledger.Wrong(f"{camera}: picture {lost[0].number} is missing, later ones are there")
            seconds = cut - lost[0].wall if lost else 0
            worst = max(worst, seconds)
            if seconds > LOSS_SECONDS:
                raise ledger.Wrong(f"{camera}: the last {seconds:.2f} s before the cut are lost")
        self.check_databases()
        self.play(sorted(records))
        return worst, len(durable), len(records)

    def check_databases(self):
        for name in ("index.db", "state.db"):
            path = os.path.join(self.root, name)
            if os.path.exists(path) and run("sqlite3", path, "PRAGMA integrity_check").strip() != "ok":
                raise ledger.Wrong(f"{name} is damaged")
        devices = run("cbx-account", "device", "list", "--json", "--root", self.root)
        if "spare" not in devices:
            raise ledger.Wrong("a device that was added before the cut is gone")

    def play(self, paths):
        for path in self.random.sample(paths, min(3, len(paths))):
            out = subprocess.run(
                ["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-i", os.path.join(self.root, "media", path),
                 "-f", "null", "-"], capture_output=True, text=True, check=False,
            )  # fmt: skip
            if out.returncode != 0 or out.stderr.strip():
                raise ledger.Wrong(f"{path} does not play: {out.stderr.strip()[:300]}")

    def clean_up(self):
        self.end_all()
        self.disk.unmount()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--cameras", type=int, default=4)
    parser.add_argument("--bit-rate", type=float, default=3e6, help="of each camera")
    parser.add_argument("--seed", default=None, help="default: a new one, which is printed")
    parser.add_argument("--build", default=os.environ.get("CBX_BUILD", str(SOURCE / "build")))
    parser.add_argument("--tmp", default=None, help="where the image is made")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = str(random.SystemRandom().randrange(10**6))
    build = os.path.abspath(options.build)
    os.environ["PATH"] = f"{build}:{build}/tests/tools:{os.environ['PATH']}"
    for tool in ("cbx-ingest", "cbx-segment", "cbx-index", "cbx-account", "cbx-verify", "cbx-camera"):
        if not shutil.which(tool):
            sys.exit(f"{sys.argv[0]}: no {tool} in {build}: build it first")

    def leave(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, leave)
    print(f"seed {options.seed}, {options.trials} trials, {options.cameras} cameras", flush=True)
    worst, failed, announced = 0, 0, 0
    for number in range(1, options.trials + 1):
        trial, fault = None, None
        try:
            trial = Trial(number, options)
            seconds, durable, files = trial.run()
            worst, announced = max(worst, seconds), announced + durable
            print(f"trial {number:3}  {durable:3} announced, {files:3} files after the cut, "
                  f"lost {seconds:.2f} s  ok", flush=True)  # fmt: skip
        except Cannot as why:
            print(f"power_cut.sh: skipped: {why}", file=sys.stderr)
            return CANNOT
        except ledger.Wrong as wrong:
            fault = str(wrong)
        except KeyboardInterrupt:
            print("interrupted")
            return 130
        except Exception:  # pylint: disable=broad-except
            fault = traceback.format_exc()
        finally:
            if trial:
                trial.clean_up()
                if not fault:
                    shutil.rmtree(trial.folder, ignore_errors=True)
        if fault:
            failed += 1
            print(f"trial {number:3}  FAIL\n  {fault}\n  kept in {trial.folder} (mount its image)", flush=True)
    print(f"\n{options.trials} power cuts, {announced} announced segments, worst loss {worst:.2f} s, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
