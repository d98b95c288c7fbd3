"""Whether a picture looks like anything that the network was trained on.

Training images are a cloud of points, thick where many are alike. The criterion describes it by a
few Gaussians a class, each broad along the few directions in which its images differ most and
narrow along all others: a mixture of probabilistic principal component analysers (Tipping and
Bishop 1999), with every image in one group. A picture is strange as far as it is from the nearest
of them, and unfamiliar if it is stranger than 98 % of validation images are.

Not the ink is compared but its edges: the difference of the picture blurred a little and blurred
more (Marr and Hildreth 1980), averaged over small squares. Otherwise a shirt, which is all ink,
would be like any bold digit. ``benchmarks/unfamiliar.py`` measures how often the criterion is
right; docs/export.md has the rates. ``stages/page/web/novelty.js`` is its twin.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.common.files.arrays import load_labelled
from stages.common.files.paths import TRAIN, VALIDATION

IMAGES = 30_000
JUDGES = 5_000  # validation images, by which the bound is chosen
ALARMS = 0.02  # share of validation images that count as unfamiliar
GROUPS = 30  # in all, so many a class as that allows
DIRECTIONS = 10  # in which the images of a group differ most
MEMBERS = 15  # images for each direction; where there are fewer, fewer directions or groups
ROUNDS = 12  # of k-means
LITTLE, MORE = 1.0, 3.0  # deviations of the two blurs in pixels: a stroke's width, and beyond it
SIDE = 14  # squares along an image, or about as many
LEAST_VARIANCE = 1e-5  # of vectors of length 1, along one axis
MOST_LEVELS = 127  # of a number kept in 8 bits, on either side of 0
CHUNK = 1000  # pictures compared at once

Float32s = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Familiar:
    """Groups of training images as Gaussians of edges, (cells,), and how strange images are.

    ``levels`` x ``scales`` are each group's mean, and below it its directions v as rows
    v sqrt(1/s2 - 1/w) for the variances w along them and s2 along all others: numbers of 8 bits, so
    that a page can hold them. The strangeness of y is the least, over groups, of
    |y - m|^2 / s2 - |rows (y - m)|^2 + ln det C, minus twice the log likelihood but for a constant.
    """

    levels: NDArray[np.int8]  # (groups, 1 + directions, cells)
    scales: Float32s  # (groups, 1 + directions)
    precisions: Float32s  # (groups,): 1 / s2
    volumes: Float32s  # (groups,): ln det C
    labels: list[int]  # of the classes whose images each group has
    shape: tuple[int, int]  # height and width of an image
    judges: int  # validation images
    strangest: Float32s  # strangeness of those that are beyond the bound, ascending
    bound: float

    @property
    def square(self) -> int:
        """Pixels along a square over which edges are averaged."""
        return square_of(self.shape)

    def strangeness(self, grey: NDArray[np.uint8]) -> Float32s:
        """How strange images are, (n,), given as grey levels (n, pixels), prepared."""
        rows = self.levels * self.scales[..., np.newaxis]
        starts = range(0, len(grey), CHUNK)
        chunks = (edges_of(grey[start : start + CHUNK], self.shape) for start in starts)
        return np.concatenate([self._nearest(chunk, rows) for chunk in chunks])

    def _nearest(self, edges: Float32s, rows: Float32s) -> Float32s:
        every = np.empty((len(rows), len(edges)), np.float32)
        for group, (mean, directions) in enumerate(zip(rows[:, 0], rows[:, 1:], strict=True)):
            apart = edges - mean
            every[group] = self.precisions[group] * np.square(apart).sum(axis=1)
            every[group] -= np.square(apart @ directions.T).sum(axis=1)
        nearest: Float32s = (every + self.volumes[:, np.newaxis]).min(axis=0)
        return nearest

    def warning(self, seen: NDArray[np.uint8]) -> str:
        """What to tell about one picture as the network sees it; "" if it is as usual."""
        strangeness = self.strangeness(seen.reshape(1, -1))[0]
        if strangeness <= self.bound:
            return ""
        beyond = int((self.strangest >= strangeness).sum())
        return (
            f"looks like nothing the network has seen: stranger than {self.judges - beyond:,} of "
            f"{self.judges:,} validation images"
        )


def load_familiar(shape: tuple[int, int]) -> Familiar | None:
    """The criterion, from data/batches; None if they are not there or of other images.

    Raises ``ArrayError`` if they are damaged.
    """
    if not (TRAIN.is_dir() and VALIDATION.is_dir()):
        return None
    train, labels = load_labelled(TRAIN)
    validation, _ = load_labelled(VALIDATION)
    if {train.shape[1], validation.shape[1]} != {math.prod(shape)}:
        return None
    return describe(train[:IMAGES], labels[:IMAGES], validation[:JUDGES], shape)


def describe(
    train: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    validation: NDArray[np.uint8],
    shape: tuple[int, int],
) -> Familiar:
    """Describe training images, (n, pixels) with labels (n,), and judge by validation images."""
    edges = edges_of(train, shape)
    named = [*grouped(edges, labels)]
    groups = [gaussian(group) for _, group in named]
    rows, precisions, volumes = (np.array(part, np.float32) for part in zip(*groups, strict=True))
    scales = np.maximum(np.abs(rows).max(axis=2), np.float32(1e-9)) / np.float32(MOST_LEVELS)
    levels = np.rint(rows / scales[..., np.newaxis]).astype(np.int8)
    described = [label for label, _ in named]
    parts = levels, scales, precisions, volumes, described, shape, len(validation)
    usual = Familiar(*parts, np.zeros(0, np.float32), math.inf).strangeness(validation)
    bound = float(np.quantile(usual, 1 - ALARMS))
    return Familiar(*parts, np.sort(usual[usual > bound]), bound)


def grouped(edges: Float32s, labels: NDArray[np.uint8]) -> Iterator[tuple[int, Float32s]]:
    """The images of every class, by label, in a few groups of neighbours each: k-means."""
    rng = np.random.default_rng(0)
    classes = np.unique(labels)
    for label in classes:
        of_label = edges[labels == label]
        count = max(1, min(GROUPS // len(classes), len(of_label) // (MEMBERS * DIRECTIONS)))
        centres = of_label[rng.choice(len(of_label), count, replace=False)]
        for _ in range(ROUNDS):
            nearest = (of_label @ centres.T - np.square(centres).sum(axis=1) / 2).argmax(axis=1)
            kept = np.unique(nearest)
            centres = np.stack([of_label[nearest == group].mean(axis=0) for group in kept])
        yield from ((int(label), of_label[nearest == group]) for group in kept)


def gaussian(edges: Float32s) -> tuple[NDArray[np.float64], float, float]:
    """Mean and scaled directions of a group, (1 + directions, cells); precision; ln det C."""
    cells = edges.shape[1]
    count = min(DIRECTIONS, cells - 1, len(edges) // MEMBERS)
    mean = edges.mean(axis=0, dtype=np.float64)
    apart = edges - mean
    variances, axes = np.linalg.eigh(apart.T @ apart / len(edges))
    variances = np.maximum(variances[::-1], LEAST_VARIANCE)
    rest, most = variances[count:].mean(), variances[:count]
    rows = np.zeros((1 + DIRECTIONS, cells))
    rows[0] = mean
    rows[1 : 1 + count] = axes.T[::-1][:count] * np.sqrt(1 / rest - 1 / most)[:, np.newaxis]
    return rows, 1 / rest, float(np.log(most).sum() + (cells - count) * np.log(rest))


def edges_of(grey: NDArray[np.uint8], shape: tuple[int, int]) -> Float32s:
    """The edges of each image, (n, cells), as a vector of length 1; without ink it is 0.

    Blurring and averaging over squares are both linear: a matrix on either side of the image.
    """
    square = square_of(shape)
    images = grey.reshape(-1, *shape).astype(np.float32)
    little, more = (
        blur(shape[0], deviation, square) @ (images @ blur(shape[1], deviation, square).T)
        for deviation in (LITTLE, MORE)
    )
    vectors: Float32s = (little - more).reshape(len(grey), -1)
    lengths = np.sqrt(np.square(vectors).sum(axis=1))
    vectors /= np.maximum(lengths, np.float32(1e-3))[:, np.newaxis]
    return vectors


def square_of(shape: tuple[int, int]) -> int:
    """How many pixels a square has along its side, so that an image has about ``SIDE``."""
    return max(1, round(max(shape) / SIDE))


def blur(length: int, deviation: float, square: int) -> Float32s:
    """What blurs a line of pixels and averages it over squares, (squares, length).

    Beyond its ends the line is 0.
    """
    squares = -(-length // square)
    places = np.arange(squares * square)[:, np.newaxis] - np.arange(length)
    weights = np.exp(-((places / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))
    weights[length:] = 0
    mean: Float32s = weights.reshape(squares, square, length).mean(axis=1).astype(np.float32)
    return mean
