"""Byte for byte: what surrounds a run is changed, one thing at a time, and all outputs compared.

    python -m tests.identity           # clones that train on a few digits, half an hour
    python -m tests.identity --full    # and the whole pipeline on MNIST, some minutes each

Each row is a fresh clone, in which DVC runs every stage; what it writes must have the hashes of the
undisturbed clone, also under other kernels and on processors that qemu-x86_64 imitates, if there is
one: it is a processor without AVX-512 in every respect. Exit code 1 if any output differs, or a row
could not be tried.
"""

import os
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from stages.common.files.paths import CLAIM_PARAMETERS, PARAMETERS
from stages.common.runtime.imports import ROOT
from tests.pipelines import ODD_NAME, SURROUNDINGS, Clone, umask
from tests.test_bytes import NEW, OLD

CORES = ("Prescott", "Nehalem", "Sandybridge", "Haswell", "Zen", "SkylakeX")
PROCESSORS = ("Haswell", "EPYC", "Skylake-Server")  # as qemu names them


@dataclass(frozen=True)
class Row:
    """One clone: what it is called, and what is done to it."""

    name: str
    environment: dict[str, str] = field(default_factory=dict)
    folder: str = "clone"
    mask: int = 0o022
    options: tuple[str, ...] = ()
    below: str = "."  # the current folder
    processor: str = ""  # imitated, by its name in qemu


DISTURBED = [
    Row("undisturbed"),
    Row("undisturbed again"),
    *(Row(f"{n} threads of BLAS", {"OPENBLAS_NUM_THREADS": n}) for n in ("1", "2", "4")),
    *(Row(f"PYTHONHASHSEED={n}", {"PYTHONHASHSEED": n}) for n in ("0", "12345")),
    Row("time zone", {"TZ": "Asia/Kathmandu"}),
    Row("locale POSIX", {"LC_ALL": "POSIX"}),
    # As in an old locale, which knows no umlauts.
    Row("no UTF-8", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    Row("umask 077", mask=0o077),
    Row("from a subfolder", below="stages/page"),
    Row("spaces and umlauts in the path", folder=ODD_NAME),
    Row("no run-cache", options=("--no-run-cache",)),
    *(Row(f"{n} workers", {"LOKY_MAX_CPU_COUNT": n}) for n in ("1", "2", "3")),
    Row("all of these", SURROUNDINGS, ODD_NAME, 0o077, ("--no-run-cache",), "nn"),
]
KERNELS = [
    *(Row(f"kernels {core} asked for", {"OPENBLAS_CORETYPE": core}) for core in CORES),
    Row("NumPy's features disabled", OLD),
]
FULL = [
    Row("undisturbed"),
    Row("all of these", SURROUNDINGS, ODD_NAME, 0o077, ("--no-run-cache",), "nn"),
    Row("new kernels asked for", NEW),
    Row("old kernels asked for", OLD),
]


def main(
    full: Annotated[
        bool, typer.Option("--full", help="Also imitated processors, and the whole of MNIST.")
    ] = False,
    only: Annotated[str, typer.Option(help="Rows whose names hold this, and the first.")] = "",
) -> None:
    """Run the rows; print a table."""
    print("| digits | run | outputs | differ | seconds |\n|---|---|---|---|---|")
    emulator = shutil.which("qemu-x86_64")
    emulated = [Row(f"on an imitated {name}", processor=name) for name in PROCESSORS]
    rows = [*DISTURBED, *KERNELS, *(emulated if emulator and full else [])]
    good = compare("few", rows, only)
    if full and not emulator:
        print("| few | on imitated processors | not tried: no qemu-x86_64 | | |")
        good = False
    if full:
        good &= compare("MNIST", FULL, only)
    raise SystemExit(not good)


def compare(digits: str, rows: list[Row], only: str) -> bool:
    """Run the rows and compare each with the first; return whether all outputs are the same."""
    expected: dict[str, str] = {}
    good = True
    for row in [rows[0], *(row for row in rows[1:] if only in row.name)]:
        start = perf_counter()
        with tempfile.TemporaryDirectory() as folder, umask(row.mask):
            outs = hashes(Path(folder), row, sample=digits == "few")
        expected = expected or outs
        differing = sorted(name for name in expected if outs.get(name) != expected[name])
        good &= outs == expected
        listing = ", ".join(differing) or "none"
        seconds = perf_counter() - start
        print(f"| {digits} | {row.name} | {len(outs)} | {listing} | {seconds:.0f} |", flush=True)
    return good


def hashes(folder: Path, row: Row, *, sample: bool) -> dict[str, str]:
    """Make a row's clone, run all its stages, and return the hash of each output."""
    place = folder / row.folder
    place.mkdir()
    clone = Clone(place, row.environment | imitation(row.processor, folder / "bin"))
    if not sample:
        for path in (PARAMETERS, CLAIM_PARAMETERS):
            shutil.copyfile(ROOT / path, place / path)
    clone.dvc("repro", "--all-pipelines", *row.options, cwd=place / row.below)
    return clone.outs()


def imitation(processor: str, folder: Path) -> dict[str, str]:
    """Make a ``python`` that runs on an imitated processor; the variables that let DVC find it.

    Processes that Python starts by itself would run on the real one, so none is started.
    """
    if not processor:
        return {}
    folder.mkdir()
    script = folder / "python"
    script.write_text(f'#!/bin/sh\nexec qemu-x86_64 -cpu {processor} {sys.executable} "$@"\n')
    script.chmod(0o755)
    places = [str(folder), str(Path(sys.executable).parent), os.environ["PATH"]]
    return {"PATH": os.pathsep.join(places), "LOKY_MAX_CPU_COUNT": "1"}


if __name__ == "__main__":
    typer.run(main)
