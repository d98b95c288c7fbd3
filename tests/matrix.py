"""The oldest and the newest versions that pyproject.toml allows, on every Python that it allows.

    python -m tests.matrix                                  # Python 3.11 to 3.14, about 20 minutes
    python -m tests.matrix --python 3.11 --only oldest

Each cell gets an environment of its own in a temporary folder, with the tools of the tests besides,
and runs there the tests of the network, of every stage and claim, and one small pipeline. The
newest versions are chosen anew, whatever the locks say. Pythons are those of this machine, pyenv's
among them, else such that uv can fetch. Exit code 1 if a cell failed or could not be tried.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from stages.common.runtime.imports import ROOT
from tests.pythons import UV, environment

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
RESOLUTIONS = {"oldest": "lowest-direct", "newest": "highest"}
SHOWN = ("numpy", "pandas", "typer", "matplotlib", "scipy", "dvc")
# What needs a browser, other oracles, a cluster, a clock or the committed report is left out.
LEFT_OUT = (
    "cluster",
    *("page", "page_core", "pipeline", "plots", "datasets", "export"),
    *("readme", "report", "setup", "speed", "torture"),
)
TOOLS = ("pytest", "hypothesis", "playwright")  # the last only to be imported
PIPELINE = "tests/test_pipeline.py::test_a_second_run_does_nothing"


class Cell(Exception):  # noqa: N818
    """A cell of the table that could not be filled: why, in a few words."""


def main(
    python: Annotated[list[str] | None, typer.Option(help="Versions of Python; all four.")] = None,
    only: Annotated[str, typer.Option(help="oldest or newest; both if empty.")] = "",
) -> None:
    """Try the versions; print a table."""
    print("| Python | versions | " + " | ".join(SHOWN) + " | verdict |")
    print("|---" * (len(SHOWN) + 3) + "|")
    good = True
    for version in python or PYTHONS:
        for name in [only] if only else RESOLUTIONS:
            good &= row(version, name)
    raise SystemExit(not good)


def row(version: str, name: str) -> bool:
    """Fill one row of the table; return whether all tests passed."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            versions = install(Path(folder), version, RESOLUTIONS[name])
            shown = [versions["python"], name, *(versions[package] for package in SHOWN)]
            verdict, good = check(Path(folder))
        except Cell as problem:
            shown = [version, name, *("" for _ in SHOWN)]
            verdict, good = str(problem), False
    print("| " + " | ".join([*shown, verdict]) + " |", flush=True)
    return good


def install(folder: Path, version: str, resolution: str) -> dict[str, str]:
    """Make an environment; return the version of each package in it, and of its Python."""
    binaries = folder / "env/bin"
    uv(f"no Python {version} here", "venv", "--python", version, str(folder / "env"))
    chosen = folder / "versions.txt"
    uv(
        "no versions fit together",
        *("pip", "compile", "--resolution", resolution, "--python", str(binaries / "python")),
        *("pyproject.toml", "--output-file", str(chosen)),
    )
    uv(
        "could not be installed",
        *("pip", "install", "--python", str(binaries / "python")),
        *("--requirement", str(chosen), *TOOLS),
    )
    print_version = "import platform; print(platform.python_version())"
    done = subprocess.run(
        [binaries / "python", "-c", print_version], capture_output=True, text=True, check=True
    )
    pins = re.findall(r"^([\w.-]+)==(\S+)", chosen.read_text(), re.MULTILINE)
    return {**dict(pins), "python": done.stdout.strip()}


def uv(problem: str, *words: str) -> None:
    """Run uv; its last line says why it could not."""
    done = subprocess.run(
        [UV, "--quiet", *words],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        raise Cell(problem)


def check(folder: Path) -> tuple[str, bool]:
    """Run the chosen tests with an environment's Python; return its verdict."""
    names = {path: path.stem.removeprefix("test_") for path in (ROOT / "tests").rglob("test_*.py")}
    chosen = [str(path) for path, name in sorted(names.items()) if name not in LEFT_OUT]
    start = perf_counter()
    words = [str(folder / "env/bin/python"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*words, *chosen, PIPELINE],
        cwd=ROOT,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(done.stdout, done.stderr, file=sys.stderr)
    summary = done.stdout.strip().rpartition("\n")[2] or f"exit code {done.returncode}"
    counts = re.sub(r" in .*", "", summary.strip("= "))
    return f"{counts}, {perf_counter() - start:.0f} s", done.returncode == 0


if __name__ == "__main__":
    typer.run(main)
