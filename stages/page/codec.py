"""How a page's data are packed: base64, zero-run codes for images, 8 bits for an epoch's weights.

``stages/page/web/codec.js`` unpacks them. Four fifths of MNIST's pixels are 0.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

COARSE = 17  # grey levels in a step of the 16 that training images keep
MOST_LEVELS = 127  # of a quantized weight, on either side of 0
ZEROS = re.compile(rb"\0{1,255}")
ZEROS_CODE = re.compile(rb"\0([^\0])", re.DOTALL)


def encode_array(array: NDArray[Any]) -> str:
    """Base64 of an array's numbers, row by row, the lowest byte of each first."""
    return b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()


def decode_array(text: str, dtype: DTypeLike) -> NDArray[Any]:
    """The reverse of ``encode_array``, as one row.

    Raises ``ValueError`` for what is no base64, or no whole number of elements.
    """
    return np.frombuffer(b64decode(text, validate=True), np.dtype(dtype).newbyteorder("<"))


def encode_images(images: NDArray[np.uint8]) -> str:
    """Base64 of the zero-run code of grey levels, in any shape.

    A zero is followed by how many zeros it stands for, 1 to 255; any other byte stands for itself.
    """
    code = ZEROS.sub(lambda run: bytes((0, len(run[0]))), images.tobytes())
    return b64encode(code).decode()


def decode_images(text: str, length: int) -> NDArray[np.uint8]:
    """The reverse of ``encode_images``: grey levels, (length,).

    Raises ``ValueError`` if the code is broken or of another length.
    """
    code = b64decode(text, validate=True)
    if b"\0" in ZEROS_CODE.sub(b"", code):
        raise ValueError("a zero without its count")
    longer = sum(run[1][0] - 2 for run in ZEROS_CODE.finditer(code))  # told before it is unpacked
    if len(code) + longer != length:
        raise ValueError(f"expected {length} grey levels, got {len(code) + longer}")
    return np.frombuffer(ZEROS_CODE.sub(lambda run: bytes(run[1][0]), code), np.uint8)


def encode_coarse(images: NDArray[np.uint8]) -> str:
    """Base64 of the zero-run code of images in 16 grey levels, in any shape: half a byte a level.

    A level of 1 to 15 stands for itself, 0 for a run of zeros, whose length, 1 to 255, follows in
    two half bytes, the high one first. A last half byte of 0 fills the last byte if need be.
    """
    levels = np.rint(images.ravel() / COARSE).astype(np.uint8)
    code = ZEROS.sub(lambda run: bytes((0, *divmod(len(run[0]), 16))), levels.tobytes())
    halves = np.frombuffer(code + b"\0" * (len(code) % 2), np.uint8)
    return b64encode((halves[0::2] << 4 | halves[1::2]).tobytes()).decode()


def decode_coarse(text: str, length: int) -> NDArray[np.uint8]:
    """The reverse of ``encode_coarse``, but for rounding: grey levels, (length,).

    Raises ``ValueError`` if the code is broken or of another length.
    """
    packed = np.frombuffer(b64decode(text, validate=True), np.uint8)
    halves = iter(np.stack([packed >> 4, packed & 15], axis=-1).ravel().tolist())
    levels: list[int] = []
    while len(levels) < length and (half := next(halves, None)) is not None:
        levels += [half] if half else [0] * (16 * next(halves, 0) + next(halves, 0))
    if len(levels) != length or len([*halves]) > 1:
        raise ValueError(f"expected {length} grey levels, got {len(levels)}")
    return np.array(levels, np.uint8) * np.uint8(COARSE)


def quantize(
    parameters: NDArray[np.floating], sizes: Sequence[int]
) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A network's parameters, (P,), in 8 bits: levels, (P,), and the scale of each block.

    A block is the weights or the biases of one layer, in the order of ``nn.Network``; its largest
    parameter becomes level 127, so that none moves by more than half of a 127th of that.
    """
    blocks = np.split(parameters, np.cumsum(_counts(sizes))[:-1])
    largest = np.array([np.abs(block).max() for block in blocks], np.float32)
    scales = largest / np.float32(MOST_LEVELS)
    scales[scales == 0] = 1
    levels = np.rint(parameters / np.repeat(scales, _counts(sizes)))
    return levels.clip(-MOST_LEVELS, MOST_LEVELS).astype(np.int8), scales


def restore(
    levels: NDArray[np.int8], scales: NDArray[np.float32], sizes: Sequence[int]
) -> NDArray[np.float32]:
    """The reverse of ``quantize``, but for rounding."""
    parameters: NDArray[np.float32] = np.repeat(scales, _counts(sizes)) * levels.astype(np.float32)
    return parameters


def _counts(sizes: Sequence[int]) -> list[int]:
    """Lengths of the blocks of a parameter vector: all weights by layer, then all biases."""
    return [n_in * n_out for n_in, n_out in pairwise(sizes)] + list(sizes[1:])
