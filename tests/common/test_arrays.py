"""Labelled images on disk: as they were written, or refused in a line and in little memory."""

import io
import pickle
import struct
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
from numpy.lib import format as npy
from numpy.typing import NDArray

from stages.common.files.arrays import ArrayError, load_labelled, save_labelled

MOST_MEMORY = 1_000_000  # bytes that refusing a file may take
IMAGES = np.random.default_rng(0).integers(256, size=(6, 5, 4), dtype=np.uint8)


def of_header(shape: str, descr: str) -> bytes:
    """The beginning of an .npy file, as long as NumPy makes it."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    return npy.magic(1, 0) + struct.pack("<H", 118) + text.encode().ljust(117) + b"\n"


def archive() -> bytes:
    """Images in an .npz file."""
    file = io.BytesIO()
    np.savez(file, images=IMAGES)
    return file.getvalue()


def test_labelled_images_come_back_as_they_were_written(tmp_path: Path) -> None:
    images, labels = IMAGES.reshape(6, -1), np.arange(6, dtype=np.uint8)
    save_labelled(tmp_path, images, labels)
    loaded_images, loaded_labels = load_labelled(tmp_path)
    np.testing.assert_array_equal(loaded_images, images, strict=True)
    np.testing.assert_array_equal(loaded_labels, labels, strict=True)


@pytest.mark.parametrize("name", ["images.npy", "labels.npy"])
@pytest.mark.parametrize(
    "content",
    {
        "empty": b"",
        "text": b"hello",
        "pickle": pickle.dumps([1, 2]),
        "archive": archive(),
        "object": of_header("(1,)", "'|O'"),
        "huge": of_header("(100000000000,)", "'|u1'"),
    }.items(),
    ids=lambda item: item[0],
)
def test_labelled_images_of_another_form_are_refused(
    tmp_path: Path, name: str, content: tuple[str, bytes]
) -> None:
    save_labelled(tmp_path, IMAGES.reshape(6, -1), np.zeros(6, np.uint8))
    (tmp_path / name).write_bytes(content[1])
    tracemalloc.start()
    try:
        with pytest.raises(ArrayError, match=f"{name}: expected .*; run dvc repro"):
            load_labelled(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("images", "labels", "complaint"),
    [
        (np.zeros((3, 4), np.uint8), np.zeros(2, np.uint8), "3 images but 2 labels"),
        (np.zeros((3, 4), np.float32), np.zeros(3, np.uint8), "images.npy: .* float32"),
        (
            np.zeros((3, 2, 2), np.uint8),
            np.zeros(3, np.uint8),
            "images.npy: .* 2 dimension",
        ),
        (np.zeros((3, 4), np.uint8), np.zeros(3, np.int64), "labels.npy: .* int64"),
        (np.zeros((0, 4), np.uint8), np.zeros(0, np.uint8), "images.npy"),
    ],
)
def test_labelled_images_of_another_shape_or_type_are_refused(
    tmp_path: Path, images: NDArray[np.uint8], labels: NDArray[np.uint8], complaint: str
) -> None:
    save_labelled(tmp_path, images, labels)
    with warnings.catch_warnings(), pytest.raises(ArrayError, match=complaint):
        load_labelled(tmp_path)


def test_a_missing_part_of_labelled_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ArrayError, match=r"images\.npy.*run dvc repro"):
        load_labelled(tmp_path)
