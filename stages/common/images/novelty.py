"""Whether a picture looks like anything that the network was trained on.

Training images are a cloud of points, thick where many are alike. The criterion describes it by a
few Gaussians a class, each broad along the few directions in which its images differ most and
narrow along all others: a mixture of probabilistic principal component analysers (Tipping and
Bishop 1999), with every image in one group. A picture is strange as far as it is from the nearest
of them, and unfamiliar if it is stranger than 98 % of validation images are.

Not the ink is compared but its edges; otherwise a shirt, which is all ink, would be like any bold
digit. They are looked at twice, and the two distances added. ``facing`` is how much of them lies in
each of 7 x 7 squares and faces each of four ways: letters and clothes have others than digits.
``placed`` is where they lie in 14 x 14 squares, whichever way they face: a printed digit faces
other ways than a written one, in the same places. ``benchmarks/unfamiliar.py`` measures how often
the criterion is right; docs/export.md has the rates, and what else was tried.
``stages/page/web/novelty.js`` is its twin.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.common.files.arrays import load_labelled
from stages.common.files.paths import TRAIN, VALIDATION
from stages.common.images.edges import COLUMNS, ROWS, edges_of

IMAGES = 30_000
JUDGES = 5_000  # validation images, by which the bound is chosen
ALARMS = 0.02  # share of validation images that count as unfamiliar
FACING_GROUPS, PLACED_GROUPS = 30, 10  # in all, so many a class as that allows
DIRECTIONS = 8  # in which the images of a group differ most
PLACED_SHARE = 0.7  # of the second distance
MEMBERS = 15  # images for each direction; where there are fewer, fewer directions or groups
ROUNDS = 12  # of k-means
FACING_SIDE, PLACED_SIDE = 7, 14  # squares along an image, or about as many
POWER = 0.7  # of the edges in a square: where there are few, they count for more than their share
LITTLE, MORE = 1.0, 3.0  # deviations of two blurs in pixels: a stroke's width, and beyond it
LEAST_LENGTH = 1e-3  # of all edges together: of an image that is nearly blank
LEAST_VARIANCE = 1e-4  # of vectors of length 1, along one axis
MOST_LEVELS = 127  # of a number kept in 8 bits, on either side of 0
CHUNK = 250  # pictures at once: what they need stays within a few tens of megabytes

Float32s = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Gaussians:
    """Groups of images as Gaussians of what is known of their edges, (cells,).

    ``levels`` x ``scales`` are each group's mean, and below it its directions v as rows
    v sqrt(1/s2 - 1/w) for the variances w along them and s2 along all others: numbers of 8 bits, so
    that a page can hold them.
    """

    levels: NDArray[np.int8]  # (groups, 1 + directions, cells)
    scales: Float32s  # (groups, 1 + directions)
    precisions: Float32s  # (groups,): 1 / s2
    volumes: Float32s  # (groups,): ln det C

    def distances(self, vectors: Float32s) -> Float32s:
        """How far vectors y, (n, cells), are from each group, (groups, n).

        |y - m|^2 / s2 - |rows (y - m)|^2 + ln det C: minus twice the log likelihood but for a
        constant.
        """
        rows = self.levels * self.scales[..., np.newaxis]
        every = np.empty((len(rows), len(vectors)), np.float32)
        for group, (mean, directions) in enumerate(zip(rows[:, 0], rows[:, 1:], strict=True)):
            apart = vectors - mean
            every[group] = self.precisions[group] * np.square(apart).sum(axis=1)
            every[group] -= np.square(apart @ directions.T).sum(axis=1)
        every += self.volumes[:, np.newaxis]
        return every


@dataclass(frozen=True, eq=False)
class Familiar:
    """What is known of training images, and how strange images are.

    The strangeness of an image is its distance from the nearest group of ``facing``, plus
    ``PLACED_SHARE`` of that from the nearest of ``placed``.
    """

    facing: Gaussians
    placed: Gaussians
    labels: list[int]  # of the classes whose images each group of ``facing`` has
    shape: tuple[int, int]  # height and width of an image
    judges: int  # validation images
    strangest: Float32s  # strangeness of those that are beyond the bound, ascending
    bound: float

    def strangeness(self, grey: NDArray[np.uint8]) -> Float32s:
        """How strange images are, (n,), given as grey levels (n, pixels), prepared."""
        facing = self.facing.distances(facing_vectors(grey, self.shape)).min(axis=0)
        placed = self.placed.distances(placed_vectors(grey, self.shape)).min(axis=0)
        both: Float32s = facing + np.float32(PLACED_SHARE) * placed
        return both

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
    facing, facing_labels = described(facing_vectors(train, shape), labels, FACING_GROUPS)
    placed, _ = described(placed_vectors(train, shape), labels, PLACED_GROUPS)
    parts = facing, placed, facing_labels, shape, len(validation)
    usual = Familiar(*parts, np.zeros(0, np.float32), math.inf).strangeness(validation)
    bound = float(np.quantile(usual, 1 - ALARMS))
    return Familiar(*parts, np.sort(usual[usual > bound]), bound)


def described(
    vectors: Float32s, labels: NDArray[np.uint8], most: int
) -> tuple[Gaussians, list[int]]:
    """At most so many groups of vectors, (n, cells) with labels (n,), and the label of each."""
    named = [*grouped(vectors, labels, most)]
    parts = zip(*(gaussian(group) for _, group in named), strict=True)
    rows, precisions, volumes = (np.array(part, np.float32) for part in parts)
    scales = np.maximum(np.abs(rows).max(axis=2), np.float32(1e-9)) / np.float32(MOST_LEVELS)
    levels = np.rint(rows / scales[..., np.newaxis]).astype(np.int8)
    return Gaussians(levels, scales, precisions, volumes), [label for label, _ in named]


def grouped(
    vectors: Float32s, labels: NDArray[np.uint8], most: int
) -> Iterator[tuple[int, Float32s]]:
    """The vectors of every class, by label, in a few groups of neighbours each: k-means.

    At most so many groups in all, unless there are more classes.
    """
    rng = np.random.default_rng(0)
    classes = np.unique(labels)
    for label in classes:
        of_label = vectors[labels == label]
        count = max(1, min(most // len(classes), len(of_label) // (MEMBERS * DIRECTIONS)))
        centres = of_label[rng.choice(len(of_label), count, replace=False)]
        for _ in range(ROUNDS):
            nearest = (of_label @ centres.T - np.square(centres).sum(axis=1) / 2).argmax(axis=1)
            kept = np.unique(nearest)
            centres = np.stack([of_label[nearest == group].mean(axis=0) for group in kept])
        yield from ((int(label), of_label[nearest == group]) for group in kept)


def gaussian(vectors: Float32s) -> tuple[NDArray[np.float64], float, float]:
    """Mean and scaled directions of a group, (1 + DIRECTIONS, cells); precision; ln det C."""
    cells = vectors.shape[1]
    count = min(DIRECTIONS, cells - 1, len(vectors) // MEMBERS)
    mean = vectors.mean(axis=0, dtype=np.float64)
    apart = vectors - mean
    variances, axes = np.linalg.eigh(apart.T @ apart / len(vectors))
    variances = np.maximum(variances[::-1], LEAST_VARIANCE)
    rest, most = variances[count:].mean(), variances[:count]
    rows = np.zeros((1 + DIRECTIONS, cells))
    rows[0] = mean
    rows[1 : 1 + count] = axes.T[::-1][:count] * np.sqrt(1 / rest - 1 / most)[:, np.newaxis]
    return rows, 1 / rest, float(np.log(most).sum() + (cells - count) * np.log(rest))


def facing_vectors(grey: NDArray[np.uint8], shape: tuple[int, int]) -> Float32s:
    """Which way the edges of each image face, and where, (n, cells).

    How much lies in each square and faces each of four ways, to the power ``POWER``, as a vector of
    length 1 (0 for a blank image); and last, the logarithm of the length that it had before.
    """
    starts = range(0, len(grey), CHUNK)
    within = np.concatenate([edges_within(grey[k : k + CHUNK], shape) for k in starts])
    weighed = within ** np.float32(POWER)
    lengths = np.sqrt(np.square(weighed).sum(axis=1, keepdims=True))
    lengths = np.maximum(lengths, np.float32(LEAST_LENGTH))
    vectors: Float32s = np.concatenate([weighed / lengths, np.log(lengths)], axis=1)
    return vectors


def edges_within(grey: NDArray[np.uint8], shape: tuple[int, int]) -> Float32s:
    """How much of the edges lies in each square and faces each of four ways: (n, cells - 1).

    By rows of squares, then ways, then squares along a row. An edge from dark to bright faces the
    same way as one from bright to dark.
    """
    rows, columns = (-(-length // 2) for length in shape)  # of the edges' maps
    square = square_of((rows, columns), FACING_SIDE)
    roots = edges_of(grey.astype(np.float32), *shape) / np.float32(255)
    both = np.square(roots).reshape(len(grey), ROWS, rows, COLUMNS, columns).sum(axis=1)
    both = np.pad(both, ((0, 0), (0, -rows % square), (0, 0), (0, -columns % square)))
    split = (len(grey), -(-rows // square), square, COLUMNS, -(-columns // square), square)
    means: Float32s = both.reshape(split).mean(axis=(2, 5)).reshape(len(grey), -1)
    return means


def placed_vectors(grey: NDArray[np.uint8], shape: tuple[int, int]) -> Float32s:
    """Where the edges of each image lie, (n, cells), as a vector of length 1 (0 for a blank image).

    The difference of the image blurred a little and blurred more (Marr and Hildreth 1980), averaged
    over squares: both are linear, a matrix on either side of the image.
    """
    square = square_of(shape, PLACED_SIDE)
    images = grey.reshape(-1, *shape)
    down, across = ([blur(length, by, square) for by in (LITTLE, MORE)] for length in shape)
    starts = range(0, len(grey), CHUNK)
    chunks = [images[start : start + CHUNK].astype(np.float32) for start in starts]
    cells = [down[0] @ (c @ across[0].T) - down[1] @ (c @ across[1].T) for c in chunks]
    vectors: Float32s = np.concatenate(cells).reshape(len(grey), -1)
    lengths = np.sqrt(np.square(vectors).sum(axis=1, keepdims=True))
    vectors /= np.maximum(lengths, np.float32(LEAST_LENGTH))
    return vectors


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


def square_of(shape: tuple[int, int], side: int) -> int:
    """How many pixels a square has along its side, so that an image has about so many squares."""
    return max(1, round(max(shape) / side))
