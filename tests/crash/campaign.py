#!/usr/bin/env python3
"""The crash campaign; see run.sh."""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import ledger

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ("cbx-ingest", "cbx-segment", "cbx-index")
RESTART_SECONDS = 1  # cbx-recorder.service: Restart=always, RestartSec=1
LOSS_SECONDS = 1.0  # of picture, for each kill of a process that has picture in its memory

# Point -> what the tool meets at each of its starts.  The first ones leave behind what the point is about.
SEGMENT_POINTS = {
    **{name: [name] for name in (
        "part.open:5", "part.lock:5", "part.head:5", "fragment.write:9", "fragment.torn:9", "fragment.sync:6",
        "finish.moov:2", "finish.sync:2", "finish.commit:2", "commit.sync:2", "commit.rename:2", "commit.sync_dir:2",
        "commit.hash:2", "commit.journal:2", "journal.write:5", "journal.torn:5", "journal.sync:5",
        "journal.sync_dir:1", "commit.announce:5")},
    **{name: ["fragment.torn:12", name] for name in (
        "recover.salvage:1", "salvage.cut:1", "salvage.moov:1", "salvage.sync:1", "salvage.commit:1")},
    "recover.remove_empty:1": ["part.head:5", "recover.remove_empty:1"],
    "recover.adopt:1": ["commit.journal:2", "recover.adopt:1"],
}  # fmt: skip
INDEX_POINTS = {name: [name] for name in ("index.apply:4", "index.commit:4", "index.committed:4")}
POINTS = {
    **{name: ("cbx-segment", specs) for name, specs in SEGMENT_POINTS.items()},
    **{name: ("cbx-index", specs) for name, specs in INDEX_POINTS.items()},
}

stop_all = threading.Event()


class Interrupted(Exception):
    pass


def pause(seconds):
    if stop_all.wait(seconds):
        raise Interrupted


class Ports:
    """Ports that nobody has, each given out once."""

    def __init__(self):
        self.lock, self.given = threading.Lock(), set()

    def take(self):
        with self.lock:
            while True:
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                    s.bind(("127.0.0.1", 0))
                    port = s.getsockname()[1]
                if port not in self.given:
                    self.given.add(port)
                    return port


class Supervisor(threading.Thread):
    """Runs examples/recorder.sh as systemd would: again a second after it has left, and nothing of it stays behind."""

    def __init__(self, root, port, path, log):
        super().__init__(daemon=True)
        self.root, self.port, self.path, self.log = root, port, path, log
        self.config = root + ".toml"
        pathlib.Path(self.config).write_text('[cbx-segment]\nlength = "1s"\n', encoding="ascii")  # many commits
        self.script, self.stopping, self.starts = None, False, 0
        self.statuses = []

    def run(self):
        while not self.stopping:
            environment = dict(os.environ, CBX_ROOT=self.root, CBX_CONFIG=self.config, PATH=self.path)
            with open(self.log, "ab") as log:
                log.write(f"-- start {self.starts + 1} at {time.time():.3f}\n".encode())
                log.flush()
                self.script = subprocess.Popen(
                    [SOURCE / "examples/recorder.sh", "--listen", f"srt://127.0.0.1:{self.port}", "--register", "auto"],
                    env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
            self.starts += 1
            self.statuses.append(self.script.wait())
            self.end_rest()
            if not self.stopping:
                time.sleep(RESTART_SECONDS)

    def processes(self):
        """tool -> process id, of what runs now"""
        script = self.script
        if script is None:
            return {}
        found = {}
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                text = pathlib.Path("/proc", entry, "stat").read_text(encoding="ascii", errors="replace")
            except OSError:
                continue
            name = text[text.index("(") + 1 : text.rindex(")")]
            fields = text[text.rindex(")") + 2 :].split()
            if fields[0] in "ZX" or int(fields[3]) != script.pid:
                continue
            if int(entry) == script.pid:
                found["script"] = script.pid
            elif name in TOOLS:
                found[name] = int(entry)
            else:
                found[f"{name} {entry}"] = int(entry)
        return found

    def end_rest(self):
        while rest := self.processes():
            for pid in rest.values():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.02)

    def stop(self):
        """TERM, as `systemctl stop`; the script's exit status."""
        self.stopping = True
        if self.script and self.script.poll() is None:
            self.script.terminate()
        self.join(90)
        if self.is_alive():
            self.kill()
            raise ledger.Wrong("the recorder did not leave within 90 s of TERM")
        return self.statuses[-1]

    def kill(self):
        self.stopping = True
        for _ in range(100):
            self.end_rest()
            self.join(0.05)
            if not self.is_alive():
                return


class Trial:
    def __init__(self, number, options, ports):
        self.number, self.options = number, options
        self.random = random.Random(f"{options.seed}/{number}")
        self.port = ports.take()
        self.point = None
        self.folder = tempfile.mkdtemp(prefix=f"cbx-crash-{number}-", dir=options.tmp)
        self.root = os.path.join(self.folder, "root")
        self.kills = []  # (wall time, what, whether it may cost picture)
        self.did = []
        self.camera = None
        self.supervisor = None

    # ------------------------------------------------------------------------------------------------ set-up

    def arm(self, tool, specs):
        """Each start of the tool takes one of the specs, in this order; the ones after that run free."""
        folder = pathlib.Path(self.folder, "bin")
        folder.mkdir()
        (folder / "specs").write_text("".join(spec + "\n" for spec in specs), encoding="ascii")
        wrapper = folder / tool
        real = shutil.which(tool)
        only = '[ "$1" = add ] && ' if tool == "cbx-index" else ""
        wrapper.write_text(
            f"#!/bin/sh\nspec=$({only}head -n 1 '{folder}/specs')\n"
            f"[ -z \"$spec\" ] || {{ sed -i 1d '{folder}/specs'; echo $$ >>'{folder}/pids'; export CBX_CRASH_AT=\"$spec\"; }}\n"
            f"exec '{real}' \"$@\"\n",
            encoding="ascii",
        )
        wrapper.chmod(0o755)
        return f"{folder}:{os.environ['PATH']}"

    def begin(self, path):
        os.mkdir(self.root)
        with open(os.path.join(self.folder, "camera.log"), "wb") as log:
            self.camera = subprocess.Popen(
                ["cbx-camera", "--port", str(self.port), "--ledger", os.path.join(self.folder, "ledger"),
                 "--cameras", str(self.options.cameras), "--peer-idle", str(self.random.choice([1000, 2500, 5000]))],
                stdin=subprocess.DEVNULL, stderr=log, stdout=log, start_new_session=True,
            )  # fmt: skip
        self.supervisor = Supervisor(self.root, self.port, path, os.path.join(self.folder, "recorder.log"))
        self.supervisor.start()

    # ------------------------------------------------------------------------------------------------ waiting

    def recording(self, since):
        """Whether each camera has a file that was begun after `since` and holds some picture."""
        for camera in range(self.options.cameras):
            newest = 0
            for folder, _, names in os.walk(os.path.join(self.root, "media", f"cam{camera}")):
                for name in names:
                    if not name.endswith((".part", ".mp4")):
                        continue
                    try:
                        newest = max(newest, os.stat(os.path.join(folder, name)).st_ctime)
                    except OSError:
                        pass
            if newest <= since:
                return False
        return True

    def wait_for(self, what, condition, seconds=40):
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                raise ledger.Wrong(f"not within {seconds} s: {what}")
            pause(0.05)

    def wait_recording(self, since):
        self.wait_for("all cameras recorded again", lambda: self.recording(since))

    def process(self, tool):
        """Its process id; waits until it runs."""
        until = time.monotonic() + 15
        while tool not in (found := self.supervisor.processes()):
            if time.monotonic() > until:
                raise ledger.Wrong(f"{tool} does not run")
            pause(0.05)
        return found[tool]

    # ------------------------------------------------------------------------------------------------ faults

    def kill(self, tool):
        pid = self.process(tool)
        self.kills.append((time.time(), "kill " + tool, tool != "cbx-index"))
        self.did.append("kill " + tool)
        try:
            os.kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass

    def freeze(self, tool, seconds):
        pid = self.process(tool)
        self.did.append(f"stop {tool} for {seconds:.1f} s")
        os.kill(pid, signal.SIGSTOP)
        try:
            pause(seconds)
        finally:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
        pause(1.5)  # what waited is taken in

    def run_random(self):
        for _ in range(self.random.choice([1, 1, 2, 3])):
            pause(self.random.uniform(0.3, 3.5))
            what = self.random.choices(["kill", "stop"], [3, 1])[0]
            tool = self.random.choice([*TOOLS, "script"] if what == "kill" else TOOLS)
            before = time.time()
            if what == "kill":
                self.kill(tool)
                if self.random.random() < 0.3:
                    pause(self.random.uniform(0.0, 2.0))  # the next one may hit the restart
                    continue
            else:
                seconds = self.random.uniform(1, 4) if self.random.random() < 0.8 else self.random.uniform(4, 20)
                self.freeze(tool, seconds)
            pause(0.2)
            self.wait_recording(before)

    def run_point(self, tool, specs):
        """The tool dies by itself, as often as there are specs."""
        folder = pathlib.Path(self.folder, "bin")
        pids, waiting = folder / "pids", list(specs)
        starts = kills = 0
        while waiting:
            spec, starts = waiting[0], starts + 1
            self.wait_for(f"{tool} starts", lambda: pids.exists() and pids.read_text().count("\n") >= starts)
            pid = pids.read_text().split()[starts - 1]
            # A point of recovery is passed at once, unless the crash before left nothing for it: then there is another.
            again = len(waiting) < len(specs) and kills < 3
            try:
                self.wait_for(f"{spec} is reached", lambda: self.is_gone(pid), 10 if again else 40)
            except ledger.Wrong:
                if not again:
                    raise
                kills += 1
                (folder / "specs").write_text(spec + "\n", encoding="ascii")
                self.kill(tool)
                continue
            self.kills.append((time.time(), spec.split(":")[0], tool != "cbx-index"))
            self.did.append(spec)
            waiting.pop(0)

    @staticmethod
    def is_gone(pid):
        try:
            stat = pathlib.Path("/proc", pid, "stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return True
        return stat[stat.rindex(")") + 2] in "ZX"

    # ------------------------------------------------------------------------------------------------ the trial

    def run(self):
        path = os.environ["PATH"]
        if self.point:
            path = self.arm(*POINTS[self.point])
        self.begin(path)
        if self.point:
            self.run_point(*POINTS[self.point])
        else:
            self.wait_recording(0)
            self.run_random()
        now = time.time()
        self.wait_recording(now)
        pause(self.random.uniform(1.5, 2.5))
        self.camera.terminate()
        if self.camera.wait(30) != 0:
            raise ledger.Wrong("cbx-camera failed")
        pause(0.3)
        status = self.supervisor.stop()
        if status != 0:
            raise ledger.Wrong(f"the recorder left with status {status}")
        return self.check()

    def check(self):
        torn = sum(1 for _, what, _ in self.kills if what == "journal.torn")
        cameras = ledger.check_store(self.root, torn)
        sent = ledger.read_ledger(os.path.join(self.folder, "ledger"))
        if len(sent) != self.options.cameras:
            raise ledger.Wrong(f"{len(sent)} cameras in the ledger")
        for camera, pictures in sent.items():
            if sum(p.acked for p in pictures) < ledger.PICTURES_PER_SECOND:
                raise ledger.Wrong(f"{camera} had hardly a picture acknowledged: nothing was tried")
        worst = collections.Counter()
        for camera, connection, pictures, first, last in ledger.losses(sent, cameras):
            seconds = pictures / ledger.PICTURES_PER_SECOND
            near = [(abs(at - last), what) for at, what, costs in self.kills if costs and -1 < last - at + 1.5 < 3]
            if not near:
                raise ledger.Wrong(f"{camera}, connection {connection}: {seconds:.2f} s lost at {last:.3f} without a kill")
            what = min(near)[1]
            worst[what] = max(worst[what], seconds)
            if seconds > LOSS_SECONDS:
                raise ledger.Wrong(
                    f"{camera}, connection {connection}: {seconds:.2f} s of picture lost by '{what}', "
                    f"{first:.3f} to {last:.3f}, kills at {[f'{at:.3f}' for at, _, _ in self.kills]}"
                )
        status, said = ledger.verify(self.root)
        if status != 0:
            raise ledger.Wrong(f"cbx-verify left with {status}: {said[:600]}")
        return worst

    def clean_up(self):
        for step in (lambda: self.supervisor and self.supervisor.kill(), self.end_camera):
            try:
                step()
            except OSError:
                traceback.print_exc()

    def end_camera(self):
        if self.camera and self.camera.poll() is None:
            self.camera.kill()
            self.camera.wait()


def run_trial(number, point, options, ports):
    if stop_all.is_set():
        return None
    trial = Trial(number, options, ports)
    trial.point = point
    began, fault, worst = time.monotonic(), None, collections.Counter()
    try:
        worst = trial.run()
    except Interrupted:
        return None
    except ledger.Wrong as wrong:
        fault = str(wrong)
    except Exception:  # pylint: disable=broad-except
        fault = traceback.format_exc()
    finally:
        trial.clean_up()
        if fault is None:
            shutil.rmtree(trial.folder, ignore_errors=True)
    what = ", ".join(trial.did) or "nothing"
    lost = max(worst.values(), default=0)
    line = f"trial {number:4}  {time.monotonic() - began:5.1f} s  lost {lost:4.2f} s  {'FAIL' if fault else 'ok  '}  {what}"
    if fault:
        line += f"\n  {fault}\n  kept in {trial.folder}"
    print(line, flush=True)
    return trial, worst, fault


def plans_of(options):
    """(number, point or None) of each trial: half of them at points, each in turn; more when that is too few for all
    points, but always a quarter at random."""
    rng = random.Random(options.seed)
    points = list(POINTS)
    rng.shuffle(points)
    at_points = min(options.trials * 3 // 4, max(len(points), options.trials // 2))
    few = [None] * (options.trials - at_points)
    many = [points[i % len(points)] for i in range(at_points)]
    plans = few + many
    rng.shuffle(plans)
    plans = list(enumerate(plans, 1))
    if options.only:
        chosen = [p for p in POINTS if options.only in p] or [None]
        plans = [(n, chosen[n % len(chosen)]) for n in range(1, options.trials + 1)]
    return [plan for plan in plans if plan[0] >= options.first]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--cameras", type=int, default=3)
    parser.add_argument("--seed", default=None, help="default: a new one, which is printed")
    parser.add_argument("--build", default=os.environ.get("CBX_BUILD", str(SOURCE / "build")))
    parser.add_argument("--jobs", type=int, default=4, help="trials at the same time")
    parser.add_argument("--only", help="crash points whose name holds this; 'random' for none of them")
    parser.add_argument("--first", type=int, default=1, help="begin with this trial of the seed")
    parser.add_argument("--tmp", default=None, help="where the trials' folders are made")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = str(random.SystemRandom().randrange(10**6))
    build = os.path.abspath(options.build)
    os.environ["PATH"] = f"{build}:{build}/tests/tools:{os.environ['PATH']}"
    for tool in (*TOOLS, "cbx-verify", "cbx-camera"):
        if not shutil.which(tool):
            sys.exit(f"{sys.argv[0]}: no {tool} in {build}: build it first")
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop_all.set())
    print(f"seed {options.seed}, {options.trials} trials, {options.cameras} cameras, {options.jobs} at a time", flush=True)
    ports = Ports()
    kills, worst, failed, done = collections.Counter(), collections.Counter(), [], 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = [pool.submit(run_trial, number, point, options, ports) for number, point in plans_of(options)]
        for run in concurrent.futures.as_completed(runs):
            result = run.result()
            if result is None:
                continue
            trial, lost, fault = result
            done += 1
            if fault:
                failed.append(trial.number)
            for _, what, _ in trial.kills:
                kills[what] += 1
            for what in trial.did:
                if what.startswith("stop"):
                    kills[" ".join(what.split()[:2])] += 1
            for what, seconds in lost.items():
                worst[what] = max(worst[what], seconds)
    print(f"\n{'what':24} {'times':>5}  worst loss")
    for what, times in sorted(kills.items()):
        print(f"{what:24} {times:5}  {worst[what]:.2f} s")
    print(f"\n{done} trials, {sum(kills.values())} faults, worst loss {max(worst.values(), default=0):.2f} s of picture, "
          f"{len(failed)} failed" + (f": {sorted(failed)} of seed {options.seed}" if failed else ""))  # fmt: skip
    if stop_all.is_set():
        print("interrupted")
        return 130
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
