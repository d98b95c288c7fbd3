"""Arrays on disk: archives of named arrays, and images with their labels. Never a pickle."""

import zipfile
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from stages.files import StageError, whole_file

LARGEST = 1 << 30  # bytes of one array in an archive; a header that promises more is not believed
MOST_CHARACTERS = 64  # of a text array: names of functions


class ArrayError(StageError):
    """A file that does not hold the arrays that it should."""


def save_arrays(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    """Write named arrays as .npz, whole or not at all."""
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


def load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read every array of an .npz of numbers and short texts, after checking what it promises."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                entry.filename.removesuffix(".npy"): _read(archive, entry)
                for entry in archive.infolist()
            }
    except FileNotFoundError as error:
        raise ArrayError(f"{path}: no such file; run dvc repro") from error
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError) as error:
        raise ArrayError(
            f"{path}: expected an .npz file of plain arrays: {error}; run dvc repro"
        ) from error


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    """One array. The size that its header promises must be what the archive holds."""
    if entry.file_size > LARGEST:
        raise ValueError(f"{entry.filename} holds {entry.file_size:,} bytes, more than {LARGEST:,}")
    with archive.open(entry) as file:
        shape, dtype = _header(file, entry.filename)
        count = 1
        for length in shape:
            count *= length
        if count * dtype.itemsize != entry.file_size - file.tell():
            raise ValueError(f"{entry.filename} promises {shape} {dtype}, and holds something else")
    with archive.open(entry) as file:
        array: NDArray[Any] = npy.read_array(file, allow_pickle=False)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{entry.filename} holds values that are not finite")
    return array


def _header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    if npy.read_magic(file) != (1, 0):
        raise ValueError(f"{name} is not in version 1.0 of the .npy format")
    shape, _, dtype = npy.read_array_header_1_0(file)
    text = dtype.kind == "U" and dtype.itemsize <= 4 * MOST_CHARACTERS
    if dtype.kind not in "fiub" and not text:
        raise ValueError(f"{name} holds {dtype}, neither numbers nor a short text")
    return shape, dtype


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
    images = _load(folder / "images.npy", dimensions=2, mmap_mode="r")
    labels = _load(folder / "labels.npy", dimensions=1, mmap_mode=None)
    if len(images) != len(labels):
        raise ArrayError(f"{folder}: {len(images)} images but {len(labels)} labels; run dvc repro")
    return images, labels


def _load(path: Path, dimensions: int, mmap_mode: Literal["r"] | None) -> NDArray[np.uint8]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except (ValueError, EOFError, FileNotFoundError) as error:
        raise ArrayError(f"{path}: expected a .npy file, got: {error}; run dvc repro") from error
    if array.dtype != np.uint8 or array.ndim != dimensions or array.size == 0:
        raise ArrayError(
            f"{path}: expected {dimensions} dimension(s) of uint8, "
            f"got {array.dtype} {array.shape}; run dvc repro"
        )
    return array
