"""What DVC adds to the stages' own work: time a cold run, a run for nothing, and a changed rate.

    python -m benchmarks.pipeline                  # five minutes: all runs three times, in clones
    python -m benchmarks.pipeline --until batch    # the first three stages: does it run?

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
from typing import Annotated, Any

import typer
from ruamel.yaml import YAML

from benchmarks.accuracy import as_options
from stages.tools.check import module_of

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Run:
    """One command: how long it took, the most memory it held, pages of files included."""

    seconds: float
    mib: float
    printed: str


def main(
    until: Annotated[str | None, typer.Option(help="Stage to end with; the last if none.")] = None,
    project: Annotated[Path, typer.Option(help="Repository to clone.")] = ROOT,
) -> None:
    """Measure, and print a table."""
    yaml = YAML(typ="safe")
    params: dict[str, Any] = yaml.load(project / "params.yaml")
    commands = {
        name: stage["cmd"] for name, stage in yaml.load(project / "dvc.yaml")["stages"].items()
    }
    stages = [*commands][: [*commands].index(until) + 1 if until else None]
    targets = [until] if until else []
    with tempfile.TemporaryDirectory() as folder:
        alone, piped = (clone(project, Path(folder) / name) for name in ("alone", "piped"))
        alone_runs = {name: run_alone(alone, commands[name], name, params) for name in stages}
        cold = repro(piped, *targets)
        nothing = min(repro(piped, *targets).seconds for _ in range(3))
        change_rate(piped / "params.yaml", params["train"]["learning_rate"])
        changed = repro(piped, *targets)
    for name, run in alone_runs.items():
        print(f"{name:14} {run.seconds:6.1f} s by itself, at most {run.mib:4.0f} MiB")
    total = sum(run.seconds for run in alone_runs.values())
    print(
        f"cold dvc repro {cold.seconds:.1f} s, own work {total:.1f} s: "
        f"DVC adds {cold.seconds - total:.1f} s for {len(alone_runs)} stages"
    )
    print(f"nothing to do: {nothing:.2f} s")
    ran = re.findall(r"Running stage '(\w+)'", changed.printed)
    print(
        f"another learning rate: {changed.seconds:.1f} s; {', '.join(ran) or 'no stages'} take "
        f"{sum(alone_runs[name].seconds for name in ran):.1f} s by themselves"
    )


def clone(project: Path, folder: Path) -> Path:
    """The committed state of a project, with its downloads."""
    subprocess.run(["git", "clone", "--quiet", str(project), str(folder)], check=True)
    if (project / ".downloads").exists():
        shutil.copytree(project / ".downloads", folder / ".downloads")
    return folder


def change_rate(params: Path, rate: float) -> None:
    """Lower the learning rate of ``train`` by a twentieth."""
    text = params.read_text()
    before, section, after = text.partition("\ntrain:")
    after = after.replace(f"  learning_rate: {rate}", f"  learning_rate: {0.95 * rate:g}", 1)
    params.write_text(before + section + after)


def run_alone(folder: Path, command: str, stage: str, params: dict[str, Any]) -> Run:
    """Start a stage's command as DVC would."""
    options = as_options(params.get(stage, {}))
    return timed(folder, sys.executable, "-m", module_of(command), *options)


def repro(folder: Path, *targets: str) -> Run:
    """``dvc repro``, of all stages or up to a target."""
    return timed(folder, "dvc", "repro", *targets)


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
    typer.run(main)
