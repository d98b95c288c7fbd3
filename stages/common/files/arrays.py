"""Arrays on disk: archives of named arrays, and images with their labels. Never a pickle."""

import math
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from stages.common.files.atomic import StageError, one_line, whole_file

Floats: TypeAlias = NDArray[np.floating]
Arrays: TypeAlias = dict[str, NDArray[Any]]  # by name, as an .npz holds them

EDGES = Path("edges.npy")  # beside images and labels, if edges are what networks see
MOST_HEADER = 256  # bytes; NumPy writes 128
# The header that NumPy writes for numbers and short texts. NumPy's own reader would evaluate any
# literal of Python there, and fail in as many ways.
HEADER = re.compile(
    rb"\{'descr': '([<|](?:[fiu][1248]|b1|U\d{1,2}))', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,10}, ){0,3}\d{0,10}),?\), \} *\n"
)
UNREADABLE = (zipfile.BadZipFile, ValueError, TypeError, EOFError, RuntimeError, OSError)


class ArrayError(StageError):
    """A file that does not hold the arrays that it should."""


def save_arrays(path: Path, arrays: Arrays) -> None:
    """Write named arrays as .npz, whole or not at all."""
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]


@contextmanager
def _reading(path: Path, expected: str) -> Iterator[None]:
    """Raise ``ArrayError`` instead of whatever reading a file that is not ``expected`` raises."""
    try:
        yield
    except FileNotFoundError as error:
        raise ArrayError(f"{path}: no such file; run dvc repro") from error
    except UNREADABLE as error:
        raise ArrayError(
            f"{path}: expected {expected}: {one_line(error)}; run dvc repro"
        ) from error


def load_arrays(path: Path, *, finite: bool = True) -> Arrays:
    """Read every array of an .npz of numbers and short texts, uncompressed, as ``np.savez`` writes.

    Raises ``ArrayError`` for anything else, and for numbers that should be ``finite`` and are not.
    No more memory is taken than the file is long.
    """
    with _reading(path, "an .npz file of plain arrays"), zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise ValueError("it is compressed")
        if sum(entry.file_size for entry in entries) > path.stat().st_size:
            raise ValueError("it promises more than the file holds")
        if any(entry.compress_size != entry.file_size for entry in entries):
            raise ValueError("it has two lengths for one array")  # zipfile takes the larger
        names = [entry.filename.removesuffix(".npy") for entry in entries]
        if len({*names}) < len(names):
            raise ValueError("it holds an array twice")
        contents = [_array(archive.read(entry), entry.filename, finite=finite) for entry in entries]
        return dict(zip(names, contents, strict=True))


def _array(content: bytes, name: str, *, finite: bool) -> NDArray[Any]:
    dtype, shape, start = _described(content, name)
    array: NDArray[Any] = np.frombuffer(content, dtype, offset=start).reshape(shape)
    if finite and array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name} holds values that are not finite")
    return array


def _described(content: bytes, name: str) -> tuple[np.dtype[Any], tuple[int, ...], int]:
    """Type and shape of an array as .npy, and where its elements start."""
    magic = npy.magic(1, 0)
    start = len(magic) + 2 + int.from_bytes(content[len(magic) :][:2], "little")
    header = HEADER.fullmatch(content, len(magic) + 2, start)
    if not content.startswith(magic) or header is None:
        raise ValueError(f"{name} is no array of numbers or a short text")
    shape = tuple(int(n) for n in re.findall(rb"\d+", header[2]))
    return np.dtype(header[1].decode()), shape, start


def map_array(path: Path, dtype: type[np.generic], dimensions: int) -> NDArray[Any]:
    """Map an .npy file into memory, read-only: numbers of this type, row by row, one or more.

    Raises ``ArrayError`` for anything else, before any of them is read.
    """
    with _reading(path, "a .npy file of plain numbers"):
        with path.open("rb") as file:
            stored, shape, start = _described(file.read(MOST_HEADER), "it")
        if stored != dtype or len(shape) != dimensions or 0 in shape:
            raise ValueError(
                f"{dimensions} dimension(s) of {np.dtype(dtype)} were meant, not {stored} {shape}"
            )
        expected, received = start + math.prod(shape) * stored.itemsize, path.stat().st_size
        if received != expected:
            raise ValueError(f"it has {received:,} bytes instead of {expected:,}")
        mapped = np.memmap(path, stored, mode="r", offset=start, shape=shape)
    return np.asarray(mapped)  # still memory-mapped, without the cost of a subclass at every slice


def require(arrays: Arrays, name: str, dtype: type[np.generic], shape: tuple[int, ...]) -> None:
    """Raise ``ValueError`` unless ``arrays[name]`` has this type and shape."""
    array = arrays[name]
    if array.dtype != dtype or array.shape != shape:
        raise ValueError(
            f"{name}: expected {np.dtype(dtype)} {shape}, got {array.dtype} {array.shape}"
        )


def save_labelled(
    folder: Path,
    images: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    edges: NDArray[np.uint8] | None = None,
) -> None:
    """Write images, (n, pixels), labels, (n,), and edges, (n, inputs), into an existing folder."""
    np.save(folder / "images.npy", images)
    np.save(folder / "labels.npy", labels)
    if edges is not None:
        np.save(folder / EDGES, edges)


def load_labelled(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Images, (n, pixels) uint8 and memory-mapped, and labels, (n,) uint8.

    Raises ``ArrayError`` if a file is missing or not of this form.
    """
    images = map_array(folder / "images.npy", np.uint8, dimensions=2)
    labels = np.array(map_array(folder / "labels.npy", np.uint8, dimensions=1))
    if len(images) != len(labels):
        raise ArrayError(f"{folder}: {len(images)} images but {len(labels)} labels; run dvc repro")
    return images, labels


def load_edges(folder: Path, images: int) -> NDArray[np.uint8]:
    """Edges of so many labelled images, (images, inputs) uint8 and memory-mapped.

    Raises ``ArrayError`` if the file is missing or not of this form.
    """
    edges = map_array(folder / EDGES, np.uint8, dimensions=2)
    if len(edges) != images:
        raise ArrayError(f"{folder}: {images} images but edges of {len(edges)}; run dvc repro")
    return edges
