"""The same bytes on every machine: which kernels compute is fixed before NumPy is loaded.

OpenBLAS and NumPy choose, when they are loaded, the widest vectors that the processor has, and with
them the order in which numbers are added up. Here both take the kernels for AVX2 and FMA, which
every x86-64 processor since 2013 has.
"""

import os
import platform
import sys

CORE = "Haswell"  # OpenBLAS's name for its kernels with AVX2 and FMA, and without AVX-512
NEEDED = {"avx2", "fma"}
KERNELS = {
    "OPENBLAS_CORETYPE": CORE,
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",  # NumPy's own, with AVX-512
}
# A second BLAS thread slows layers of 16 neurons down, and could change the last bits of a sum.
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def pin() -> None:
    """Fix the kernels of this process, if NumPy is not loaded yet, and of those it will start.

    A user's own variables for OpenBLAS and NumPy give way. Where there are no such kernels only the
    number of threads is set; ``deviation`` says so.
    """
    os.environ.update(ONE_THREAD)
    if missing():
        return
    for name in [name for name in os.environ if name.startswith(("OPENBLAS_", "NPY_"))]:
        del os.environ[name]
    os.environ.update(KERNELS | ONE_THREAD)


def missing() -> str:
    """What this processor lacks for the kernels, in words; nothing if it has all."""
    if platform.machine() not in {"x86_64", "AMD64"}:
        return f"the processor is {platform.machine()}, not x86-64"
    lacking = NEEDED - flags()
    return f"the processor has no {' and no '.join(sorted(lacking))}" if lacking else ""


def flags() -> set[str]:
    """What the processor can do, as Linux names it; elsewhere nothing is said, and all assumed."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            return next(({*line.split()} for line in file if line.startswith("flags")), set())
    except OSError:
        return {*NEEDED}


def deviation() -> str:
    """Why results may differ from those of other machines, in words; nothing if they do not."""
    if lacking := missing():
        return lacking
    from threadpoolctl import threadpool_info

    loaded = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    kernels = {pool.get("architecture") or pool["internal_api"] for pool in loaded}
    if kernels == {CORE}:
        return ""
    return f"NumPy computes with {', '.join(sorted(kernels)) or 'another library than OpenBLAS'}"


def tell_deviation() -> None:
    """Say in one line that results may differ in their last digits, if NumPy is loaded."""
    if "numpy" in sys.modules and (reason := deviation()):
        print(
            f"note: {reason}: results may differ in their last digits from the committed ones",
            file=sys.stderr,
            flush=True,
        )
