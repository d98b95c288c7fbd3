"""What the page's own training learns from: training digits, in 16 grey levels."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nn import parameter_count
from stages.common.files.arrays import load_labelled
from stages.common.files.paths import TRAIN
from stages.page.codec import encode_array, encode_coarse

MOST_DIGITS, MOST_BYTES = 2000, 400_000  # of base64: images with much ink get fewer
MOST_TAUGHT = 200_000  # parameters of a network that learns in the page
HIDDEN = ((16, 16), (), (16,), (32, 32), (100,), (16, 16, 16, 16))


@dataclass(frozen=True)
class TrainingDigits:
    """Training images for the page: how many, and as JSON that may stand in a script element."""

    count: int
    json: str


def training_digits() -> TrainingDigits:
    """The first training images with their labels.

    Raises ``ArrayError`` if there are none.
    """
    images, labels = load_labelled(TRAIN)
    code, count = packed(np.asarray(images[:MOST_DIGITS]))
    data = {"code": code, "labels": encode_array(np.asarray(labels[:count]))}
    return TrainingDigits(count, json.dumps(data, separators=(",", ":")))


def packed(images: NDArray[np.uint8], most: int = MOST_BYTES) -> tuple[str, int]:
    """The code of the first images, (n, pixels), that fit into so many characters; how many do."""
    count = len(images)
    code = encode_coarse(images)
    while len(code) > most and count > 1:
        count = min(count - 1, int(count * most / len(code)))
        code = encode_coarse(images[:count])
    return code, count


def taught_shapes(sizes: Sequence[int]) -> list[list[int]]:
    """Hidden layers that the page offers to teach: this run's first, unless they are too many."""
    current = [*sizes[1:-1]]
    shapes = [current, *(list(hidden) for hidden in HIDDEN if list(hidden) != current)]
    ends = sizes[0], sizes[-1]
    small = [one for one in shapes if parameter_count((ends[0], *one, ends[1])) <= MOST_TAUGHT]
    return small or [current]
