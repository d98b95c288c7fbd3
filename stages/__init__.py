"""The pipeline's stages: one command each, run by DVC in the order of dvc.yaml.

Stages never import one another; they meet through files. What several of them need stands in
``options`` (the command line), ``locks`` and ``signals`` (how a stage begins and ends early),
``limits`` (what this machine can hold), ``files`` (writing whole or not at all), ``checkpoints``
(going on where a killed run stopped), ``arrays`` and ``tables`` (numbers on disk), ``trust``
(numbers that are not to be believed), ``preprocess`` and ``edges`` (from grey levels to what the
network sees),
``classes`` (their names), ``model`` (a trained network with its preprocessing), ``trainings``
(networks that a stage trains for itself), ``layers`` (what every neuron holds and wishes for),
``walk`` (a descent that can be looked at) and ``descent`` (what ``train`` and ``sweep`` are told).
``sources`` and ``idx`` belong to ``fetch`` and ``normalize``; ``grid`` and ``cluster`` to
``sweep``; ``story``, ``embed``, ``codec`` and ``bundle`` to ``report``.

Commands for everybody, and no stages: ``check`` looks at all parameters before the first stage
runs, ``predict`` reads pictures (``ink`` prepares them, ``unfamiliar`` warns of them), ``export``
writes the network in other formats, and ``mend`` repairs DVC's own books after a kill.

``python -X determinism=portable -m stages.train`` computes with the same kernels on every x86-64
processor since 2013, where ``native``, the default, takes the fastest that this one has.
"""

import os
import signal
import sys
from typing import NoReturn

DETERMINISM = ("native", "portable")
CORE = "Haswell"  # OpenBLAS's kernels with AVX2 and FMA, and without AVX-512
NEEDED = {"avx2", "fma"}
# NumPy's own kernels with AVX-512, as it names them since 2.4 and as it did before.
WIDER = "X86_V4 AVX512_ICL AVX512_SPR"
WIDER_BEFORE_2_4 = "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL"


def _portable() -> None:
    """Fix the kernels of this process and of those that it will start, and see that they are so.

    Both libraries choose when they are loaded, by their variables in the environment; a user's own
    ones give way.
    """
    import platform
    from importlib import import_module
    from importlib.metadata import version

    if platform.machine() not in {"x86_64", "AMD64"}:
        _refuse(f"portable needs an x86-64 processor, this is {platform.machine()}; use native")
    if "numpy" in sys.modules:
        _refuse("portable must come before NumPy is loaded; something in this Python loads it")
    missing = NEEDED - _flags()
    if missing:
        _refuse(f"portable needs a processor with {', '.join(sorted(missing))}; use native")
    for name in [name for name in os.environ if name.startswith(("OPENBLAS_", "NPY_"))]:
        del os.environ[name]
    older = tuple(int(part) for part in version("numpy").split(".")[:2]) < (2, 4)
    os.environ["OPENBLAS_CORETYPE"] = CORE
    os.environ["NPY_DISABLE_CPU_FEATURES"] = WIDER_BEFORE_2_4 if older else WIDER
    os.environ.update(_ONE_THREAD)

    from threadpoolctl import threadpool_info

    import_module("numpy")
    loaded = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    kernels = {pool.get("architecture", pool["internal_api"]) for pool in loaded}
    if kernels != {CORE}:
        found = ", ".join(sorted(kernels)) or "another library"
        _refuse(f"portable needs NumPy with OpenBLAS's kernels {CORE}, found {found}; use native")


def _flags() -> set[str]:
    """What the processor can do, as Linux names it; elsewhere nothing is said, and all assumed."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
            return {flag for line in file if line.startswith("flags") for flag in line.split()}
    except OSError:
        return {*NEEDED}


def _refuse(message: str) -> NoReturn:
    print(f"error: determinism: {message}", file=sys.stderr)
    raise SystemExit(2)


# A stage is starting (python -m stages.NAME): until it heeds signals by itself, an interrupt ends
# it silently instead of with a traceback out of the middle of an import.
if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# Set before NumPy is loaded. A second BLAS thread slows layers of 16 neurons down, by several
# times when the machine is busy, and could change the last bits of a sum.
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ.update(_ONE_THREAD)

# A process that a portable stage starts has no such option, and inherits the environment.
_determinism = sys._xoptions.get("determinism", "native")  # noqa: SLF001
if _determinism not in DETERMINISM:
    _refuse(f"expected {' or '.join(DETERMINISM)}, got {_determinism!r}")
elif _determinism == "portable":
    _portable()
