"""Going on where a killed run stopped: states and results, kept beside DVC's outputs.

A checkpoint is a file .checkpoints/STAGE/KEY.npz under the project's root, whose key is made of
all that decides the bytes of what it holds. It is removed once the stage has written its outputs;
what nobody came back for goes after ``DAYS``.
"""

import hashlib
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from math import inf
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.common.files.arrays import ArrayError, Arrays, load_arrays, require
from stages.common.files.atomic import whole_file
from stages.common.runtime.imports import closure

DAYS = 14  # after which a checkpoint that was neither written nor used is removed
SHARE = 0.01  # of a training's time that checkpoints may take
ARRAY = "array of this file"  # the key under which JSON names an array
NOTES = "notes"  # the array that holds the JSON


def folder_of(stage: str) -> Path:
    """Where a stage's checkpoints are; DVC_ROOT is the real root in temporary experiment runs."""
    return Path(os.environ.get("DVC_ROOT") or ".").absolute() / ".checkpoints" / stage


def fingerprint(code: str, reads: tuple[Path, ...], *decisive: str) -> str:
    """64 hexadecimal digits that change with whatever can change a bit of a result.

    That is the source of the module ``code`` and of all it imports here, the bytes of the files
    and folders in ``reads``, the texts in ``decisive`` (parameters, say), and what computes: the
    versions of Python and NumPy, the processor's features that NumPy uses, and the kernels of BLAS.
    """
    digest = hashlib.sha256(repr((machine(), decisive)).encode())
    data = [file for path in reads for file in files_in(path)]
    for path in (*sorted(closure(code)), *data):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.name} {content}\n".encode())
    return digest.hexdigest()


@cache
def machine() -> str:
    """What computes, in words: NumPy's own BLAS, whatever else has been loaded by now."""
    from threadpoolctl import threadpool_info

    blas = [info for info in threadpool_info() if info["user_api"] == "blas"]
    numpy_blas = [info for info in blas if "numpy" in Path(info["filepath"]).parent.name] or blas
    kernels = {
        (info["internal_api"], info["version"], info.get("architecture")) for info in numpy_blas
    }
    features = np.show_config(mode="dicts")["SIMD Extensions"]
    return repr((sys.version, np.__version__, features, sorted(map(str, kernels))))


def files_in(path: Path) -> list[Path]:
    """A file, or all files of a folder in the order of their names."""
    return sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]


def save_result(path: Path, value: Any) -> None:
    """Write a value made of numbers, texts, None, arrays, dicts with texts as keys, and sequences.

    No pickle: arrays as they are, the rest as JSON. Raises ``TypeError`` for anything else.
    """
    arrays: Arrays = {}
    notes = json.dumps(_without_arrays(value, arrays)).encode()
    # Experiments that run side by side may want to keep the same result at the same time.
    with whole_file(path, mark=f".{secrets.token_hex(4)}") as partial, partial.open("wb") as file:
        np.savez(file, **arrays, **{NOTES: np.frombuffer(notes, np.uint8)})  # type: ignore[arg-type]


def load_result(path: Path) -> Any:
    """What was stored there; None if there is nothing, or, told in one line, if it is damaged.

    A tuple comes back as a list.
    """
    if not path.exists():
        return None
    try:
        arrays = load_arrays(path, finite=False)
        value = _with_arrays(json.loads(arrays.pop(NOTES).tobytes()), arrays)
    except (ArrayError, KeyError, ValueError) as error:
        _ignore(path, error.__cause__ or error)
        return None
    os.utime(path)  # it is of use
    return value


def _ignore(path: Path, reason: object) -> None:
    message = " ".join(str(reason).split())
    print(f"{path}: damaged, so it is ignored: {message}", file=sys.stderr, flush=True)
    remove(path)


def _without_arrays(value: Any, arrays: Arrays) -> Any:
    """The value as JSON can hold it; its arrays go into ``arrays``."""
    if isinstance(value, np.ndarray):
        name = f"array_{len(arrays)}"
        arrays[name] = value
        return {ARRAY: name}
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError(f"expected texts as keys, got {list(value)}")
        return {key: _without_arrays(each, arrays) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_arrays(each, arrays) for each in value]
    return value


def _with_arrays(value: Any, arrays: Arrays) -> Any:
    """The reverse of ``_without_arrays``."""
    if isinstance(value, dict):
        if ARRAY in value:
            return arrays[value[ARRAY]].copy()  # writable
        return {key: _with_arrays(each, arrays) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_arrays(each, arrays) for each in value]
    return value


def remove(path: Path) -> None:
    """Remove a file if that can be; another run may have done it, and nobody depends on it."""
    with suppress(OSError):
        path.unlink()


def remove_old(folder: Path) -> None:
    """Remove what nobody has written or used for ``DAYS``, and folders that are empty then."""
    with suppress(OSError):  # another run sweeps, too
        for file in folder.iterdir():
            if file.stat().st_mtime < time.time() - DAYS * 86400:
                remove(file)
        folder.rmdir()  # refused if there is anything left in it
        folder.parent.rmdir()


class Checkpoint:
    """The state of a training under way: arrays and generators, restored in place, and notes."""

    def __init__(
        self,
        stage: str,
        key: str,
        arrays: dict[str, NDArray[Any]],
        generators: dict[str, np.random.Generator],
    ) -> None:
        """Name all that a training changes on its way; ``key`` is what decides it."""
        self.path = folder_of(stage) / f"{key}.npz"
        self.arrays, self.generators = arrays, generators
        self.begun, self.spent = perf_counter(), 0.0  # seconds

    def due(self) -> bool:
        """Whether checkpoints have taken no more than their ``SHARE`` of the time so far."""
        return self.spent <= SHARE * (perf_counter() - self.begun)

    def save(self, **notes: Any) -> None:
        """Write the state as it is now; if that cannot be, say so once, and go on without."""
        start = perf_counter()
        states = {name: rng.bit_generator.state for name, rng in self.generators.items()}
        try:
            save_result(self.path, {"arrays": self.arrays, "generators": states, "notes": notes})
            self.spent += perf_counter() - start
        except OSError as error:
            self.spent = inf
            print(f"no checkpoints: {error}", file=sys.stderr, flush=True)

    def restore(self) -> dict[str, Any]:
        """Bring the saved state back and return the notes; none if there is nothing to go on from.

        Nothing has changed then.
        """
        saved = load_result(self.path)
        if saved is None:
            return {}
        before = {name: rng.bit_generator.state for name, rng in self.generators.items()}
        try:
            for name, array in self.arrays.items():
                require(saved["arrays"], name, array.dtype.type, array.shape)
            for name, rng in self.generators.items():
                rng.bit_generator.state = saved["generators"][name]
            for name, array in self.arrays.items():
                array[...] = saved["arrays"][name]
            return dict(saved["notes"])
        except (KeyError, ValueError, TypeError) as error:
            _ignore(self.path, error)
            for name, rng in self.generators.items():
                rng.bit_generator.state = before[name]
            return {}

    def clear(self) -> None:
        """Remove it: the training's outputs are in place."""
        remove(self.path)
        remove_old(self.path.parent)


class ResultCache:
    """Results of finished jobs of a stage, so that a killed run has only the others left to do.

    A result is found again by what decides it: its function with all the code that it uses, its
    arguments, and the data that it ``reads``. So it is still found when the stage has got more
    jobs, or fewer.
    """

    def __init__(self, stage: str, *reads: Path, elsewhere: str = "") -> None:
        """Read the data once; ``elsewhere`` is what computes, if that is not this machine."""
        self.folder = folder_of(stage)
        self.data = fingerprint("stages", reads, *filter(None, [elsewhere]))
        self.used: set[Path] = set()
        self.code: dict[str, str] = {}  # of the modules whose functions are asked for

    def path_for(self, function: Callable[..., Any], job: tuple[Any, ...]) -> Path:
        """The file for the result of ``function(*job)``, whether it is there or not."""
        import joblib

        module = function.__module__
        if module == "__main__":
            module = sys.modules["__main__"].__spec__.name  # type: ignore[union-attr]
        if module not in self.code:  # 7 ms
            self.code[module] = fingerprint(module, ())
        code, arguments = self.code[module], joblib.hash(job, hash_name="sha1")
        parts = (self.data, code, function.__qualname__, arguments)
        path = self.folder / f"{hashlib.sha256(repr(parts).encode()).hexdigest()}.npz"
        self.used.add(path)
        return path

    def clear(self) -> None:
        """Remove the results of this run: the stage's outputs are in place."""
        for path in self.used:
            remove(path)
        remove_old(self.folder)
