"""Kill runs of the pipeline at random moments; after each, one more run must end in the same bytes.

python -m tests.torture --kills 50
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from ruamel.yaml import YAML

from tests.pipelines import LOCKS, WRITTEN, Clone, declared, load

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
TARGETS = ("the stage", "dvc", "the group")
MOST_STAGES = 2  # of the pipeline that one run has to make again
EARLIEST = 0.8  # of the time that DVC takes to start its first stage: before, nothing is at stake
BEFORE = 0.2  # of all kills: those that come before the first stage starts
GRACE = 20.0  # seconds within which everything that belongs to a killed run must have ended
YAML_FILE = YAML()


class Kill(NamedTuple):
    """One kill, as planned: of a run that has to make ``stages`` again."""

    stages: tuple[str, ...]
    number: signal.Signals
    target: str
    share: float  # from 0 to 1: how late, before the first stage starts or while they are at work


class Verdict(NamedTuple):
    """What came of it."""

    running: str  # the stage that was at work, if any
    after: float  # seconds
    differences: list[str]
    mended: str  # what DVC itself had left half-written


class Victim:
    """A clone whose pipeline has run once, undisturbed: what every later run is held against."""

    def __init__(self, folder: Path, *targets: str) -> None:
        """Run what ``targets`` need, or everything."""
        folder.mkdir(parents=True, exist_ok=True)
        self.clone = Clone(folder)
        self.folder, self.targets = folder, targets
        self.seconds = self.timed()
        self.before = self.seconds.pop("")
        self.lock = self.locked()
        self.files = self.outputs()

    def timed(self) -> dict[str, float]:
        """Run the pipeline; the seconds from each stage's start to the next one's, DVC's as ""."""
        starts = {"": time.monotonic()}  # of DVC itself
        with self.start(subprocess.PIPE) as dvc:
            assert dvc.stdout is not None
            for line in dvc.stdout:
                if line.startswith("Running stage '"):
                    starts[line.split("'")[1].rpartition(":")[2]] = time.monotonic()
        assert dvc.returncode == 0
        ends = [*starts.values(), time.monotonic()][1:]
        return {stage: end - starts[stage] for stage, end in zip(starts, ends, strict=True)}

    def start(self, output: int | IO[str]) -> "subprocess.Popen[str]":
        """``dvc repro`` of both pipelines in a group of its own, as a shell would start it."""
        return subprocess.Popen(
            ["dvc", "repro", *(self.targets or ["--all-pipelines"])],
            cwd=self.folder,
            env=self.clone.environment() | {"PYTHONUNBUFFERED": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def mended(self) -> str:
        """Do what ``make`` does before DVC starts; say what there was to do."""
        done = subprocess.run(
            [sys.executable, "-m", "stages.tools.repair"],
            cwd=self.folder,
            text=True,
            capture_output=True,
            check=True,
        )
        return done.stdout.strip()

    def locked(self) -> Any:
        """The content of both locks."""
        return [load(path) for name in LOCKS if (path := self.folder / name).exists()]

    def outputs(self) -> dict[str, bytes]:
        """All files that the stages have written."""
        contents: dict[str, bytes] = {}
        for path in (p for s in self.seconds for kind in WRITTEN for p in declared(s, kind)):
            place = self.folder / path
            for file in place.rglob("*") if place.is_dir() else [place]:
                if file.is_file():
                    contents[str(file.relative_to(self.folder))] = file.read_bytes()
        return contents

    def forget(self, stages: Sequence[str]) -> None:
        """Let DVC know nothing of ever having run these stages."""
        for path in (self.folder / name for name in LOCKS):
            if path.exists():
                lock = YAML_FILE.load(path)
                for stage in stages:
                    lock["stages"].pop(stage, None)
                YAML_FILE.dump(lock, path)
        shutil.rmtree(self.folder / ".dvc/cache/runs", ignore_errors=True)

    def suffer(self, kill: Kill) -> Verdict:
        """Run, kill, run again, and look."""
        early = kill.share < BEFORE
        part = kill.share / BEFORE if early else (kill.share - BEFORE) / (1 - BEFORE)
        work = sum(self.seconds[stage] for stage in kill.stages)
        delay = self.before * (EARLIEST + part * (1 - EARLIEST)) if early else part * work
        with tempfile.TemporaryFile("w+") as first, tempfile.TemporaryFile("w+") as second:
            while True:
                self.forget(kill.stages)
                start, dvc = time.monotonic(), self.start(first)
                if not early:
                    await_stage(dvc, first)
                time.sleep(delay)
                if dvc.poll() is None:
                    break
                delay /= 2  # it had ended: the machine is less busy than it was
            after = time.monotonic() - start
            running = strike(dvc, kill)
            dvc.wait()
            mended = self.mended()
            # If only DVC was killed, its stage may still be at work when the next run starts.
            code = self.start(second).wait()
            differences = self.differences()
            texts = [" ".join(text_of(file).split()) for file in (first, second)]
        if code:
            differences.insert(0, f"dvc repro failed: {texts[1][-600:]}")
        if "Traceback" in texts[0]:
            differences.append(f"a traceback: {texts[0][-600:]}")
        return Verdict(running, after, differences, mended)

    def differences(self) -> list[str]:
        """What is not as in the undisturbed run."""
        differences, files = [], self.outputs()
        if self.locked() != self.lock:
            differences.append("a dvc.lock differs")
        differences += [
            f"{name} differs"
            for name in sorted({*files, *self.files})
            if files.get(name) != self.files.get(name)
        ]
        kept = self.folder.glob(".checkpoints/*/*")
        leftovers = [*self.folder.rglob("*.partial")]
        leftovers += [path for path in kept if path.parent.name != "sweep"]  # for a wider sweep
        differences += [f"{path.relative_to(self.folder)} is left over" for path in leftovers]
        if processes := lingering(self.folder):
            differences.append(f"still running: {processes}")
        return differences


def await_stage(dvc: "subprocess.Popen[str]", output: IO[str]) -> None:
    """Wait until DVC says in its output that it starts a stage: later beside other work."""
    while dvc.poll() is None and b"Running stage" not in os.pread(output.fileno(), 2**16, 0):
        time.sleep(0.01)


def text_of(file: IO[str]) -> str:
    """All that was written to a file."""
    file.seek(0)
    return file.read()


def strike(dvc: "subprocess.Popen[str]", kill: Kill) -> str:
    """Send the signal; return the stage that was at work, or nothing."""
    children = children_of(dvc.pid)
    stages = {pid: words for pid, words in children.items() if "stages." in words}
    running = next((w.split("stages.")[1].split()[0] for w in stages.values()), "")
    if kill.target == "the group":
        os.killpg(dvc.pid, kill.number)
    elif kill.target == "the stage" and stages:
        os.kill(min(stages), kill.number)
    else:
        dvc.send_signal(kill.number)
    return running


def children_of(parent: int) -> dict[int, str]:
    """The processes that a process has started and not yet seen end, with their command lines."""
    commands: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(after_name[1]) == parent:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                commands[int(folder.name)] = words.decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
    return commands


def lingering(folder: Path) -> list[str]:
    """Processes that still work in a folder after ``GRACE``."""
    end = time.monotonic() + GRACE
    while remaining := inside(folder):
        if time.monotonic() > end:
            break
        time.sleep(0.1)
    return remaining


def inside(folder: Path) -> list[str]:
    """Processes whose current folder this is."""
    processes = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve(strict=True) == folder.resolve():
                words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                processes.append(f"{process.name} {words[:80]}")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return processes


def plan(kills: int, seed: int, names: Sequence[str]) -> list[Kill]:
    """Every signal to every target in turn, at random moments of random parts of the pipeline."""
    rng = random.Random(seed)
    planned = []
    for n in range(kills):
        first = rng.randrange(len(names))
        stages = tuple(names[first : first + rng.randint(1, MOST_STAGES)])
        number = SIGNALS[n % len(SIGNALS)]
        target = TARGETS[n // len(SIGNALS) % len(TARGETS)]
        planned.append(Kill(stages, number, target, rng.random()))
    return planned


def torture(victim: Victim, kills: Sequence[Kill]) -> int:
    """Print a line for each kill; return how many did not end as the undisturbed run did."""
    print(f"undisturbed: {sum(victim.seconds.values()):.0f} s, {len(victim.files)} files")
    print(f"{'':>3}  {'signal':8} {'to':10} {'after':>7}  {'while':14} verdict", flush=True)
    bad, seen = 0, Counter[str]()
    for n, kill in enumerate(kills, start=1):
        running, after, differences, mended = victim.suffer(kill)
        verdict = "; ".join(differences) or "same" + (f" ({mended})" if mended else "")
        seen[running or "dvc"] += 1
        bad += bool(differences)
        print(
            f"{n:3}  {kill.number.name:8} {kill.target:10} {after:5.1f} s  "
            f"{running or '(dvc itself)':14} {verdict}",
            flush=True,
        )
    print(f"{len(kills)} kills, {bad} with differences; at work: {dict(seen.most_common())}")
    return bad


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        victim = Victim(Path(folder) / "clone")
        kills = plan(options.kills, options.seed, [*victim.seconds])
        sys.exit(torture(victim, kills) > 0)


if __name__ == "__main__":
    main()
