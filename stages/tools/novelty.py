"""Whether a picture looks like anything that the network was trained on.

The criterion is the nearest of 10,000 training images, by the cosine of the angle between the two
as vectors: 1 for the same picture, however bright. Not the ink is compared but its edges: the
difference of the picture blurred a little and blurred more (Marr and Hildreth 1980). Otherwise a
shirt, which is all ink, would be like any bold digit. A picture is unfamiliar if its nearest one is
further away than that of 98 % of validation images. ``benchmarks/unfamiliar.py`` measures how often
that is right; docs/export.md has the rates.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stages.common.files.arrays import load_labelled
from stages.common.files.paths import TRAIN, VALIDATION

NEIGHBOURS = 10_000  # training images; all of them find half as many letters again, too slowly
JUDGES = 1000  # validation images, by which the bound is chosen
ALARMS = 0.02  # share of validation images that count as unfamiliar
LITTLE, MORE = 1.0, 3.0  # deviations of the two blurs in pixels: a stroke's width, and beyond it
CHUNK = 500  # pictures compared at once: 20 MB


@dataclass(frozen=True, eq=False)
class Familiar:
    """Edges of training images, (m, pixels) of length 1, and the least similarity that is usual."""

    directions: NDArray[np.float32]
    shape: tuple[int, int]  # height and width of an image
    least: float

    def similarity(self, grey: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Cosine with the nearest training image, (n,), for grey levels (n, pixels), prepared."""
        starts = range(0, len(grey), CHUNK)
        chunks = (directions_of(grey[start : start + CHUNK], self.shape) for start in starts)
        return np.concatenate([(chunk @ self.directions.T).max(axis=1) for chunk in chunks])

    def warning(self, seen: NDArray[np.uint8]) -> str:
        """What to tell about one picture as the network sees it; "" if it is as usual."""
        similarity = float(self.similarity(seen.reshape(1, -1))[0])
        if similarity >= self.least:
            return ""
        return (
            f"looks like nothing the network has seen: similarity {similarity:.2f} to the nearest "
            f"training image, below {self.least:.2f}"
        )


def load_familiar(shape: tuple[int, int]) -> Familiar | None:
    """The criterion, from data/batches; None if they are not there or of other images.

    Raises ``ArrayError`` if they are damaged.
    """
    if not (TRAIN.is_dir() and VALIDATION.is_dir()):
        return None
    train, _ = load_labelled(TRAIN)
    validation, _ = load_labelled(VALIDATION)
    if {train.shape[1], validation.shape[1]} != {math.prod(shape)}:
        return None
    familiar = Familiar(directions_of(train[:NEIGHBOURS], shape), shape, 0.0)
    usual = familiar.similarity(validation[:JUDGES])
    return replace(familiar, least=float(np.quantile(usual, ALARMS)))


def directions_of(grey: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.float32]:
    """The edges of each image, (n, pixels), as a vector of length 1; without ink it is 0."""
    from scipy.ndimage import gaussian_filter

    images = grey.reshape(-1, *shape).astype(np.float32)
    little, more = (
        gaussian_filter(images, deviation, mode="constant", axes=(1, 2))
        for deviation in (LITTLE, MORE)
    )
    vectors: NDArray[np.float32] = (little - more).reshape(grey.shape)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    vectors /= np.maximum(lengths, 1)[:, np.newaxis]
    return vectors
