"""Arrays on disk: archives of named arrays, and images with their labels. Never a pickle."""

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from stages.files import StageError, whole_file

# The header that NumPy writes for numbers and short texts. NumPy's own reader would evaluate any
# literal of Python there, and fail in as many ways.
HEADER = re.compile(
    rb"\{'descr': '([<|](?:[fiu][1248]|b1|U\d{1,2}))', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,10}, ){0,3}\d{0,10}),?\), \} *\n"
)
UNREADABLE = (zipfile.BadZipFile, ValueError, TypeError, EOFError, RuntimeError, OSError)


class ArrayError(StageError):
    """A file that does not hold the arrays that it should."""


def save_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write named arrays as .npz, whole or not at all."""
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def load_arrays(path: Path, *, finite: bool = True) -> dict[str, NDArray[Any]]:
    """Read every array of an .npz of numbers and short texts, uncompressed, as ``np.savez`` writes.

    Raises ``ArrayError`` for anything else, and for numbers that should be ``finite`` and are not.
    No more memory is taken than the file is long.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
                raise ValueError("it is compressed")
            if sum(entry.file_size for entry in entries) > path.stat().st_size:
                raise ValueError("it promises more than the file holds")
            return {
                entry.filename.removesuffix(".npy"): _array(
                    archive.read(entry), entry.filename, finite=finite
                )
                for entry in entries
            }
    except FileNotFoundError as error:
        raise ArrayError(f"{path}: no such file; run dvc repro") from error
    except UNREADABLE as error:
        reason = " ".join(str(error).split())  # in one line
        raise ArrayError(
            f"{path}: expected an .npz file of plain arrays: {reason}; run dvc repro"
        ) from error


def _array(content: bytes, name: str, *, finite: bool) -> NDArray[Any]:
    magic = npy.magic(1, 0)
    header = HEADER.match(content, len(magic) + 2)
    if not content.startswith(magic) or header is None:
        raise ValueError(f"{name} is no array of numbers or a short text")
    dtype, shape = header[1].decode(), [int(n) for n in re.findall(rb"\d+", header[2])]
    array: NDArray[Any] = np.frombuffer(content, dtype, offset=header.end()).reshape(shape)
    if finite and array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite")
    return array


def require(
    arrays: dict[str, NDArray[Any]], name: str, dtype: type[np.generic], shape: tuple[int, ...]
) -> None:
    """Raise ``ValueError`` unless ``arrays[name]`` has this type and shape."""
    array = arrays[name]
    if array.dtype != dtype or array.shape != shape:
        raise ValueError(
            f"{name}: expected {np.dtype(dtype)} {shape}, got {array.dtype} {array.shape}"
        )


def save_labelled(folder: Path, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
    """Write images, (n, pixels), and labels, (n,), into an existing folder."""
    np.save(folder / "images.npy", images)
    np.save(folder / "labels.npy", labels)


def load_labelled(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images, (n, pixels) uint8 and memory-mapped, and labels, (n,) uint8.

    Raises ``ArrayError`` if a file is missing or not of this form.
    """
    images = _load(folder / "images.npy", dimensions=2)
    labels = np.array(_load(folder / "labels.npy", dimensions=1))
    if len(images) != len(labels):
        raise ArrayError(f"{folder}: {len(images)} images but {len(labels)} labels; run dvc repro")
    return images, labels


def _load(path: Path, dimensions: int) -> NDArray[np.uint8]:
    try:
        array: NDArray[Any] = npy.open_memmap(path, mode="r")  # never a pickle
    except (ValueError, EOFError, FileNotFoundError) as error:
        raise ArrayError(f"{path}: expected a .npy file, got: {error}; run dvc repro") from error
    if array.dtype != np.uint8 or array.ndim != dimensions or array.size == 0:
        raise ArrayError(
            f"{path}: expected {dimensions} dimension(s) of uint8, "
            f"got {array.dtype} {array.shape}; run dvc repro"
        )
    return np.asarray(array)  # still memory-mapped, without the cost of a subclass at every slice
