"""The same bytes on other processors: portable keeps them, where native does not."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import stages
from tests.sample import ROOT
from tests.test_pipeline import STAGES

# Kernels of OpenBLAS, and features of NumPy by all their names; what one does not know it ignores.
# Nehalem has SSE alone; SkylakeX has AVX-512, and is not taken where the processor has none.
OLD = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": f"X86_V3 AVX2 FMA3 {stages.WIDER} {stages.WIDER_BEFORE_2_4}",
}
NEW = {"OPENBLAS_CORETYPE": "SkylakeX", "OPENBLAS_NUM_THREADS": "2"}


def python(
    *words: str, determinism: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Start this Python in the project's folder."""
    return subprocess.run(
        [sys.executable, "-X", f"determinism={determinism}", *words],
        cwd=ROOT,
        env=os.environ | (environment or {}),
        text=True,
        capture_output=True,
        check=False,
    )


def hashes(folder: Path, determinism: str, environment: dict[str, str]) -> dict[str, str]:
    """Run every stage that calculates; the hash of each file that was written."""
    done = python(
        *("-m", "tests.calculate", str(folder)), determinism=determinism, environment=environment
    )
    assert done.returncode == 0, done.stderr
    every = (path for path in folder.rglob("*") if path.is_file())
    files = (path for path in every if ".checkpoints" not in path.parts)  # what sweep keeps
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_portable_gives_the_same_bytes_under_other_kernels_and_native_does_not(
    tmp_path: Path,
) -> None:
    old = hashes(tmp_path / "old", "portable", OLD)
    new = hashes(tmp_path / "new", "portable", NEW)
    assert old == new
    assert {"models/network.npz", "reports/predictions.csv"} <= old.keys()
    own = hashes(tmp_path / "own", "native", {})
    other = hashes(tmp_path / "other", "native", OLD)
    differing = {name for name in own if own[name] != other[name]}
    assert {"models/network.npz", "data/claims/minima.npz"} <= differing


def test_every_stage_that_calculates_is_told_how() -> None:
    told = {stage for stage in STAGES if "-X determinism=${determinism} " in STAGES[stage]["cmd"]}
    assert {*STAGES} - told == {"fetch", "batch"}  # they copy whole numbers


@pytest.mark.parametrize("value", ["Portable", "", "0"])
def test_an_unknown_kind_of_determinism_is_refused_in_one_line(value: str) -> None:
    done = python("-m", "stages.train", determinism=value)
    assert done.returncode == 2
    assert done.stderr == f"error: determinism: expected native or portable, got {value!r}\n"


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("import platform; platform.machine = lambda: 'aarch64'", "this is aarch64; use native"),
        ("import numpy", "must come before NumPy is loaded"),
        ("import builtins, io; builtins.open = lambda *_, **__: io.StringIO('flags: avx2')", "fma"),
        ("import threadpoolctl as t; t.threadpool_info = lambda: []", "found another library"),
    ],
)
def test_portable_is_refused_where_it_cannot_be_kept(before: str, message: str) -> None:
    done = python("-c", f"{before}; import stages", determinism="portable")
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("error: determinism: portable ")
    assert done.stderr.count("\n") == 1


def test_portable_reaches_processes_that_a_stage_starts_and_every_library_without_a_warning() -> (
    None
):
    code = """
import stages, scipy.linalg, threadpoolctl
from numpy.lib.introspect import opt_func_info
from stages.common.models.recipe import side_by_side
def kernels():
    import scipy.linalg
    return {(pool["architecture"], pool["num_threads"]) for pool in threadpoolctl.threadpool_info()}
assert kernels() == {("Haswell", 1)}, kernels()
chosen = {kind["current"] for kinds in opt_func_info().values() for kind in kinds.values()}
assert chosen and not any("AVX512" in name or "V4" in name for name in chosen), chosen
assert side_by_side(kernels, [()] * 2, "") == [{("Haswell", 1)}] * 2
"""
    both = {"LOKY_MAX_CPU_COUNT": "2", "NPY_ENABLE_CPU_FEATURES": "X86_V4", **NEW}
    done = python(
        *("-W", "error::ImportWarning", "-c", code), determinism="portable", environment=both
    )
    assert done.returncode == 0, done.stderr
