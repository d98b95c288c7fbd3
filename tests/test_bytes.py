"""The same bytes on every processor: the kernels are fixed, and where they cannot be it is said."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from stages.common.runtime.determinism import CORE, KERNELS, missing
from stages.common.runtime.imports import ROOT

# Kernels of OpenBLAS, and features of NumPy by all their names; what one does not know it ignores.
# Nehalem has SSE alone; SkylakeX has AVX-512, and is not taken where the processor has none.
OLD = {
    "OPENBLAS_CORETYPE": "Nehalem",
    "NPY_DISABLE_CPU_FEATURES": f"X86_V3 {KERNELS['NPY_DISABLE_CPU_FEATURES']}",
}
NEW = {"OPENBLAS_CORETYPE": "SkylakeX", "OPENBLAS_NUM_THREADS": "2"}
# A NumPy that was loaded before the project is asked has chosen its kernels by itself.
NUMPY_FIRST = (
    "import numpy, runpy, sys; sys.argv[:] = ['tests.calculate', sys.argv[1]]; "
    "runpy.run_module('tests.calculate', run_name='__main__')"
)


def python(*words: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Start this Python in the project's folder."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=os.environ | environment,
        text=True,
        capture_output=True,
        check=False,
    )


def hashes(folder: Path, environment: dict[str, str], *words: str) -> dict[str, str]:
    """Run every stage that calculates; the hash of each file that was written."""
    done = python(*(words or ("-m", "tests.calculate")), str(folder), environment=environment)
    assert done.returncode == 0, done.stderr
    assert (" in their last digits " in done.stderr) == bool(words)
    every = (path for path in folder.rglob("*") if path.is_file())
    files = (path for path in every if ".checkpoints" not in path.parts)  # what sweep keeps
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def test_the_bytes_are_the_same_whatever_kernels_are_asked_for_and_would_not_be_otherwise(
    tmp_path: Path,
) -> None:
    old = hashes(tmp_path / "old", OLD)
    new = hashes(tmp_path / "new", NEW)
    assert old == new
    assert {"models/network.npz", "reports/predictions.csv"} <= old.keys()
    unpinned = hashes(tmp_path / "unpinned", OLD, "-c", NUMPY_FIRST)
    differing = {name for name in old if old[name] != unpinned[name]}
    assert {"models/network.npz", "data/claims/minima.npz"} <= differing


def test_this_process_computes_with_those_kernels() -> None:
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert missing() or {pool["architecture"] for pool in pools} == {CORE}


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (
            "import platform; platform.machine = lambda: 'aarch64'",
            "the processor is aarch64, not x86-64",
        ),
        (
            "import builtins, io; builtins.open = lambda *_, **__: io.StringIO('flags: avx2')",
            "the processor has no fma",
        ),
        (
            "import threadpoolctl as t; t.threadpool_info = lambda: []",
            "NumPy computes with another library than OpenBLAS",
        ),
        (
            "import threadpoolctl as t; t.threadpool_info = lambda: [MKL]",
            "NumPy computes with mkl",
        ),
        ("import numpy", "NumPy computes with Nehalem"),
    ],
)
def test_where_kernels_cannot_be_fixed_a_line_says_so_and_the_command_goes_on(
    before: str, reason: str
) -> None:
    code = "MKL = {'user_api': 'blas', 'internal_api': 'mkl'}\n"
    code += f"{before}\nfrom stages.common.runtime.determinism import tell_deviation"
    code += "\nimport numpy; tell_deviation(); print('on')"
    done = python("-c", code, environment=OLD)
    assert done.stdout == "on\n"
    expected = "results may differ in their last digits from the committed ones"
    assert done.stderr == f"note: {reason}: {expected}\n"


def test_fixed_kernels_reach_processes_that_a_stage_starts_and_every_library() -> None:
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
    done = python("-W", "error::ImportWarning", "-c", code, environment=both)
    assert done.returncode == 0, done.stderr
