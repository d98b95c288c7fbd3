"""New training images made of old ones."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.functions import Array
from stages.files import StageError

SHARE = 0.5  # of the mini-batches that are moved; the others stay as they are


class Shift:
    """Copies a mini-batch of images, now and then moved by a few pixels along both axes.

    All images of a mini-batch move together: that costs no more than copying them, and over the
    epochs each image is seen everywhere. What comes in from outside is background, grey level 0.
    """

    def __init__(self, height: int, width: int, most: int, rng: np.random.Generator) -> None:
        """Move by up to ``most`` pixels; raises ``StageError`` if that could empty an image."""
        check(height, width, most)
        self.height, self.width, self.most, self.rng = height, width, most, rng

    def __call__(self, out: Array, stored: NDArray[Any]) -> None:
        """Copy images (B, height * width) of grey levels."""
        moves = self.most and self.rng.random() < SHARE
        down, right = (
            self.rng.integers(-self.most, self.most, 2, endpoint=True) if moves else (0, 0)
        )
        move(
            out.reshape(-1, self.height, self.width),
            stored.reshape(-1, self.height, self.width),
            int(down),
            int(right),
        )


def check(height: int, width: int, most: int) -> None:
    """Raise ``StageError`` if images moved by so many pixels could be empty."""
    if most >= min(height, width):
        raise StageError(
            f"train.shift: expected less than the images' {height} x {width} pixels, got {most}"
        )


def move(out: NDArray[Any], images: NDArray[Any], down: int, right: int) -> None:
    """Copy images (n, height, width), moved by so many pixels (negative: up, left)."""
    _, height, width = images.shape
    if down or right:
        out.fill(0)
    np.copyto(
        out[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)],
        images[:, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)],
        casting="unsafe",
    )
