"""What DVC adds to the stages' own work: time a cold run, a run for nothing, and a changed rate.

    python -m benchmarks.pipeline    # five minutes: everything runs three times in temporary clones

The data are downloaded already. *Own work* is the sum of the stages' commands, each started by
itself in the pipeline's order; nobody hashes, caches or locks anything then.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from ruamel.yaml import YAML

from benchmarks.accuracy import as_options

ROOT = Path(__file__).parent.parent
YAML_FILE = YAML(typ="safe")
STAGES: dict[str, Any] = YAML_FILE.load(ROOT / "dvc.yaml")["stages"]
PARAMS: dict[str, dict[str, Any]] = YAML_FILE.load(ROOT / "params.yaml")
RATE = f"learning_rate: {PARAMS['train']['learning_rate']}"


@dataclass(frozen=True)
class Run:
    """One command: how long it took, the most memory it held, pages of files included."""

    seconds: float
    mib: float
    printed: str


def main() -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as folder:
        alone, piped = clone(Path(folder) / "alone"), clone(Path(folder) / "piped")
        own = {stage: run_stage(alone, stage) for stage in STAGES}
        cold = repro(piped)
        nothing = min(repro(piped).seconds for _ in range(3))
        params = piped / "params.yaml"
        params.write_text(params.read_text().replace(f"  {RATE} ", "  learning_rate: 9.5 ", 1))
        changed = repro(piped)
    for stage, run in own.items():
        print(f"{stage:14} {run.seconds:6.1f} s by itself, at most {run.mib:4.0f} MiB")
    total = sum(run.seconds for run in own.values())
    print(
        f"cold dvc repro {cold.seconds:.1f} s, own work {total:.1f} s: "
        f"DVC adds {cold.seconds - total:.1f} s for {len(own)} stages"
    )
    print(f"nothing to do: {nothing:.2f} s")
    ran = re.findall(r"Running stage '(\w+)'", changed.printed)
    print(
        f"another learning rate: {changed.seconds:.1f} s; {', '.join(ran)} take "
        f"{sum(own[stage].seconds for stage in ran):.1f} s by themselves"
    )


def clone(folder: Path) -> Path:
    """The committed state with the downloads of this one."""
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    if (ROOT / ".downloads").exists():
        shutil.copytree(ROOT / ".downloads", folder / ".downloads")
    return folder


def run_stage(folder: Path, stage: str) -> Run:
    """Start a stage's command as DVC would."""
    options = as_options(PARAMS.get(stage, {}))
    return timed(folder, sys.executable, "-m", f"stages.{stage}", *options)


def repro(folder: Path) -> Run:
    """``dvc repro``."""
    return timed(folder, "dvc", "repro")


def timed(folder: Path, *command: str) -> Run:
    """Run a command to its end; raises ``SystemExit`` if it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path}
    with tempfile.TemporaryFile("w+") as output:
        start = perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"error: {' '.join(command)} failed in {folder}")
        output.seek(0)
        return Run(seconds, usage.ru_maxrss / 1024, output.read())


if __name__ == "__main__":
    main()
