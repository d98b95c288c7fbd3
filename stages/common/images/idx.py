"""Read and write IDX, the format of MNIST: a short header, then the values, last index fastest.

In order: two zero bytes, a byte for the type of the values, one for the number of dimensions, each
dimension as a big-endian 32-bit integer, the values.
"""

import math
import struct
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from stages.common.files.atomic import StageError, whole_file

UNSIGNED_BYTE, INTEGER = 0x08, 0x0C
TYPES = {
    UNSIGNED_BYTE: "unsigned byte",
    0x09: "signed byte",
    0x0B: "16-bit integer",
    INTEGER: "32-bit integer",
    0x0D: "32-bit float",
    0x0E: "64-bit float",
}
MAGIC_LENGTH = 4
BYTES = "write it anew with bytes: grey levels from 0 to 255, or labels"
GREY = "a fourth is usually that of colours: make the images grey, and write them anew"
DTYPES: dict[int, np.dtype[Any]] = {UNSIGNED_BYTE: np.dtype(np.uint8), INTEGER: np.dtype(">i4")}
LARGEST_DIMENSION, LARGEST_LABEL = 2**32 - 1, 255


class IdxError(StageError):
    """A file that is not the IDX file it should be, or an array that IDX cannot hold."""


def read_idx(path: Path, dimensions: int) -> NDArray[np.uint8]:
    """Map an IDX file of unsigned bytes into memory, read-only.

    ``dimensions`` is 3 for images (n, rows, columns) and 1 for labels (n,). Nothing is read or
    allocated before the file's length has been found to be exactly what its header says.
    Raises IdxError for any other file.
    """
    return _map_values(path, dimensions, UNSIGNED_BYTE)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Labels, (n,): an IDX file of unsigned bytes or, as QMNIST has them, of 32-bit integers.

    Those are (n, columns), and the first column is the label. Raises IdxError for any other file.
    """
    with path.open("rb") as file:
        magic = file.read(MAGIC_LENGTH)
    if magic != bytes((0, 0, INTEGER, 2)):
        return read_idx(path, dimensions=1)
    labels = _map_values(path, 2, INTEGER)[:, 0]
    if labels.min() < 0 or labels.max() > LARGEST_LABEL:
        raise IdxError(
            f"{path}: expected labels from 0 to {LARGEST_LABEL} in the first column, "
            f"got {labels.min()} to {labels.max()}"
        )
    return labels.astype(np.uint8)


def _map_values(path: Path, dimensions: int, kind: int) -> NDArray[Any]:
    shape = _read_shape(path, dimensions, kind)
    start, dtype = _header_length(dimensions), DTYPES[kind]
    expected, received = start + math.prod(shape) * dtype.itemsize, path.stat().st_size
    if received != expected:
        raise IdxError(
            f"{path}: expected {expected:,} bytes, as its header says {_times(shape)}, "
            f"got {received:,}"
        )
    return np.asarray(np.memmap(path, dtype, mode="r", offset=start, shape=shape))


def _read_shape(path: Path, dimensions: int, kind: int) -> tuple[int, ...]:
    with path.open("rb") as file:
        header = file.read(_header_length(dimensions))
    _check_magic(path, header[:MAGIC_LENGTH], dimensions, kind)
    if len(header) < _header_length(dimensions):
        raise IdxError(
            f"{path}: expected a header of {_header_length(dimensions)} bytes, "
            f"got a file of {len(header)}"
        )
    shape = struct.unpack(f">{dimensions}I", header[MAGIC_LENGTH:])
    if 0 in shape:
        raise IdxError(f"{path}: expected at least 1 along each dimension, got {_times(shape)}")
    return shape


def _check_magic(path: Path, magic: bytes, dimensions: int, kind: int) -> None:
    if magic.startswith(b"\x1f\x8b"):
        raise IdxError(f"{path}: expected an IDX file, got gzip data; unpack it with gunzip")
    if len(magic) < MAGIC_LENGTH or magic[:2] != b"\0\0":
        raise IdxError(f"{path}: expected an IDX file (it starts 00 00), got {_hex(magic)}")
    if magic[2] != kind:
        raise IdxError(
            f"{path}: expected values of type 0x{kind:02x} ({TYPES[kind]}), "
            f"got 0x{magic[2]:02x} ({TYPES.get(magic[2], 'not an IDX type')}); {BYTES}"
        )
    if magic[3] != dimensions:
        colour = f"; {GREY}" if (dimensions, magic[3]) == (3, 4) else ""
        raise IdxError(
            f"{path}: expected {dimensions} dimensions (images have 3, labels 1), got "
            f"{magic[3]}{colour}"
        )


def write_idx(target: Path | BinaryIO, array: NDArray[np.uint8]) -> None:
    """Write a uint8 array of at least one dimension and no empty one as IDX.

    A path gets the whole file or is left alone. Raises IdxError for any other array.
    """
    if array.dtype != np.uint8 or not array.ndim or not _fits(array.shape):
        raise IdxError(
            "expected a uint8 array of 1 dimension or more, each from 1 to "
            f"{LARGEST_DIMENSION:,}, got {array.dtype} of shape {array.shape}"
        )
    if isinstance(target, Path):
        with whole_file(target) as partial, partial.open("wb") as file:
            _write(file, array)
    else:
        _write(target, array)


def _write(file: BinaryIO, array: NDArray[np.uint8]) -> None:
    file.write(bytes((0, 0, UNSIGNED_BYTE, array.ndim)))
    file.write(struct.pack(f">{array.ndim}I", *array.shape))
    file.write(np.ascontiguousarray(array).data)


def _fits(shape: tuple[int, ...]) -> bool:
    return all(1 <= n <= LARGEST_DIMENSION for n in shape)


def _header_length(dimensions: int) -> int:
    return MAGIC_LENGTH + 4 * dimensions


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(f"{n:,}" for n in shape)


def _hex(start: bytes) -> str:
    return start.hex(" ") or "an empty file"
