"""Whether a picture looks like anything that the network was trained on.

The criterion is the nearest of 10,000 training images, by the cosine of the angle between the two
as vectors of grey levels: 1 for the same picture, however bright; 0 for no ink in common. A picture
is unfamiliar if its nearest one is further away than that of 98 % of validation images.
``benchmarks/unfamiliar.py`` measures how often that is right; docs/export.md has the rates.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.arrays import load_labelled
from stages.trainings import TRAIN, VALIDATION

NEIGHBOURS = 10_000  # training images; all of them find half as many letters again, too slowly
JUDGES = 1000  # validation images, by which the bound is chosen
ALARMS = 0.02  # share of validation images that count as unfamiliar
CHUNK = 500  # pictures compared at once: 20 MB


@dataclass(frozen=True, eq=False)
class Familiar:
    """Training images, (m, pixels) float32 of length 1, and the least similarity that is usual."""

    directions: NDArray[np.float32]
    least: float

    def similarity(self, grey: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Cosine with the nearest training image, (n,), for grey levels (n, pixels), prepared."""
        chunks = [grey[start : start + CHUNK] for start in range(0, len(grey), CHUNK)]
        nearest = [(directions_of(chunk) @ self.directions.T).max(axis=1) for chunk in chunks]
        return np.concatenate(nearest)

    def warning(self, seen: NDArray[np.uint8]) -> str:
        """What to tell about one picture as the network sees it; "" if it is as usual."""
        similarity = float(self.similarity(seen.reshape(1, -1))[0])
        if similarity >= self.least:
            return ""
        return (
            f"looks like nothing the network has seen: similarity {similarity:.2f} to the nearest "
            f"training image, below {self.least:.2f}"
        )


def load_familiar(pixels: int) -> Familiar | None:
    """The criterion, from data/batches; None if they are not there or of other images.

    Raises ``ArrayError`` if they are damaged.
    """
    if not (TRAIN.is_dir() and VALIDATION.is_dir()):
        return None
    train, _ = load_labelled(TRAIN)
    validation, _ = load_labelled(VALIDATION)
    if train.shape[1] != pixels or validation.shape[1] != pixels:
        return None
    familiar = Familiar(directions_of(train[:NEIGHBOURS]), 0.0)
    usual = familiar.similarity(validation[:JUDGES])
    return Familiar(familiar.directions, float(np.quantile(usual, ALARMS)))


def directions_of(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Each image as a vector of length 1; one without ink stays 0."""
    vectors = grey.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    vectors /= np.maximum(lengths, 1)[:, np.newaxis]
    return vectors
