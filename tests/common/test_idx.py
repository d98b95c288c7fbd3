"""IDX files come back as they were written, and anything else is refused without harm."""

import io
import struct
import tempfile
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from stages.common.images.idx import IdxError, read_idx, read_labels, write_idx

MOST_MEMORY = 200_000  # bytes that refusing a file may take
ARRAYS = arrays(np.uint8, array_shapes(max_dims=4, max_side=6))
IMAGES = np.arange(2 * 3 * 5, dtype=np.uint8).reshape(2, 3, 5)


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    write_idx(file, array)
    return file.getvalue()


def read_bytes(content: bytes, dimensions: int) -> NDArray[np.uint8]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "images")
        path.write_bytes(content)
        return read_idx(path, dimensions).copy()


def flip(path: Path, bit: int) -> None:
    with path.open("r+b") as file:
        file.seek(bit // 8)
        byte = file.read(1)[0]
        file.seek(bit // 8)
        file.write(bytes([byte ^ 1 << bit % 8]))


def refusal(content: bytes, dimensions: int = 3) -> str:
    with pytest.raises(IdxError) as error:
        read_bytes(content, dimensions)
    assert "images: expected" in str(error.value)
    assert "got" in str(error.value)
    return str(error.value)


def test_the_bytes_are_those_of_the_format() -> None:
    header = b"\x00\x00\x08\x03" + struct.pack(">3I", 2, 3, 5)
    assert idx_bytes(IMAGES) == header + bytes(range(30))


@settings(deadline=None, max_examples=50)
@given(ARRAYS)
def test_every_array_comes_back_as_it_was_written(array: NDArray[np.uint8]) -> None:
    read = read_bytes(idx_bytes(array), array.ndim)
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, array, strict=True)


def test_a_path_is_written_whole_and_read_back_read_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "images"
    write_idx(path, IMAGES[:, ::-1])
    read = read_idx(path, 3)
    np.testing.assert_array_equal(read, IMAGES[:, ::-1], strict=True)
    assert [file.name for file in path.parent.iterdir()] == ["images"]
    with pytest.raises(ValueError, match="read-only"):
        read[0, 0, 0] = 1


# One changed dimension n changes the product, as the others are at least 1; the length in the
# header is then another than the file's. Two changes may cancel out: sums are fetch's business.
@settings(deadline=None, max_examples=30)
@given(ARRAYS)
def test_every_flipped_bit_of_the_header_is_refused(array: NDArray[np.uint8]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "images")
        path.write_bytes(idx_bytes(array))
        for bit in range(8 * (4 + 4 * array.ndim)):
            flip(path, bit)
            with pytest.raises(IdxError):
                read_idx(path, array.ndim)
            flip(path, bit)
        read_idx(path, array.ndim)


@settings(deadline=None, max_examples=50)
@given(ARRAYS, st.data())
def test_every_truncation_is_refused(array: NDArray[np.uint8], data: st.DataObject) -> None:
    content = idx_bytes(array)
    refusal(content[: data.draw(st.integers(0, len(content) - 1))], array.ndim)


@settings(deadline=None, max_examples=50)
@given(ARRAYS, st.binary(min_size=1, max_size=9))
def test_every_byte_too_many_is_refused(array: NDArray[np.uint8], more: bytes) -> None:
    refusal(idx_bytes(array) + more, array.ndim)


@settings(deadline=None, max_examples=50)
@given(st.binary(max_size=40), st.integers(1, 4))
def test_bytes_at_random_give_an_array_of_their_length_or_a_refusal(
    content: bytes, dimensions: int
) -> None:
    with suppress(IdxError):
        assert read_bytes(content, dimensions).size == len(content) - 4 - 4 * dimensions


@pytest.mark.parametrize("shape", [(2**32 - 1,) * 3, (2**31, 2**31, 4), (2**22, 2**21, 2**21)])
def test_huge_dimensions_are_refused_without_allocating(shape: tuple[int, int, int]) -> None:
    # The last two products are 2**64: 0 in 64-bit arithmetic.
    content = b"\x00\x00\x08\x03" + struct.pack(">3I", *shape)
    tracemalloc.start()
    try:
        assert "bytes, as its header says" in refusal(content)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", [0x09, 0x0B, 0x0C, 0x0D, 0x0E, 0x00, 0x0A])
def test_another_type_is_refused_by_its_name(kind: int) -> None:
    content = idx_bytes(IMAGES)
    names = {0x09: "signed byte", 0x0D: "32-bit float", 0x0A: "not an IDX type"}
    message = refusal(content[:2] + bytes([kind]) + content[3:])
    assert f"got 0x{kind:02x} ({names.get(kind, '')}" in message


def wide(labels: NDArray[Any]) -> bytes:
    """Labels as QMNIST has them: big-endian 32-bit integers, (n, columns)."""
    header = b"\x00\x00\x0c\x02" + struct.pack(">2I", *labels.shape)
    return header + labels.astype(">i4").tobytes()


def test_labels_of_32_bits_are_their_first_column(tmp_path: Path) -> None:
    labels = np.arange(24, dtype=np.int32).reshape(3, 8) * [1, *[10**6] * 7]
    (tmp_path / "labels").write_bytes(wide(labels))
    assert read_labels(tmp_path / "labels").tolist() == [0, 8, 16]
    assert read_labels(tmp_path / "labels").dtype == np.uint8
    (tmp_path / "labels").write_bytes(idx_bytes(np.array([7, 0], np.uint8)))
    assert read_labels(tmp_path / "labels").tolist() == [7, 0]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (wide(np.array([[3, 1], [256, 1]])), "labels from 0 to 255 in the first column, got 3 to"),
        (wide(np.array([[-1, 1]])), "got -1 to -1"),
        (wide(np.array([[3, 1]]))[:-1], "expected 20 bytes, as its header says 1 x 2, got 19"),
        (wide(np.array([[3, 1]]))[:9], "expected a header of 12 bytes, got a file of 9"),
        (b"\0\0\x0c\x01" + bytes(4), "expected values of type 0x08 (unsigned byte), got 0x0c"),
    ],
)
def test_labels_of_32_bits_that_are_none_are_refused(
    content: bytes, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "labels").write_bytes(content)
    with pytest.raises(IdxError) as error:
        read_labels(tmp_path / "labels")
    assert reason in str(error.value)


def test_labels_are_no_images_and_the_message_says_so() -> None:
    message = refusal(idx_bytes(np.zeros(5, np.uint8)), dimensions=3)
    assert "expected 3 dimensions (images have 3, labels 1), got 1" in message


def test_the_message_for_a_short_file_tells_both_lengths() -> None:
    assert "expected 46 bytes, as its header says 2 x 3 x 5, got 45" in refusal(
        idx_bytes(IMAGES)[:-1]
    )


def test_no_image_at_all_is_refused() -> None:
    message = refusal(b"\x00\x00\x08\x03" + struct.pack(">3I", 0, 28, 28))
    assert "at least 1 along each dimension, got 0 x 28 x 28" in message


def test_a_gzip_file_is_refused_with_what_to_do() -> None:
    assert "unpack it with gunzip" in refusal(b"\x1f\x8b\x08\x00" + bytes(20))


def test_an_empty_file_is_refused_as_such() -> None:
    assert "got an empty file" in refusal(b"")


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 2)), np.zeros(3, np.int8), np.uint8(7).reshape(()), np.zeros((3, 0), np.uint8)],
)
def test_an_array_that_idx_cannot_hold_leaves_no_file(
    array: NDArray[np.uint8], tmp_path: Path
) -> None:
    with pytest.raises(IdxError, match="expected a uint8 array"):
        write_idx(tmp_path / "images", array)
    assert not list(tmp_path.iterdir())
