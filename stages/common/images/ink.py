"""What of a picture is ink, and how strong it is.

``ink.js`` of ``stages/page/web`` is the twin of this module: tests/page/test_page_core.py holds
them to the same bytes, since all sums are of whole numbers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8]  # (height, width), grey levels
Differences = NDArray[np.int64]

FAINTEST = 24  # grey levels: fainter marks are no ink
NOISE_FACTOR = 3  # what differs from the paper by this many median deviations is still paper
TINY = 28  # pixels: a smaller picture was cut out by a program: all of it is the digit's
SMALLEST_PHOTO = 64  # pixels along a side: smaller pictures have one level of paper
WINDOW = 3  # of the shorter side: what is broader than its third is paper, not ink
SMOOTH = 100  # of the shorter side: over how much noise is averaged before paper is looked for
OFF = 8  # of a picture's contrast: what differs by less may be paper
SLOPE = 3  # so much less than a pixel off the paper costs a step in the paper's level


def ink_of(levels: Levels) -> Levels:
    """How much each pixel differs from the paper, 0 to 255, beyond the paper's noise.

    Dark ink is measured as a share of the light that its paper sends back, so that it is as strong
    in a shadow. Noise is ``NOISE_FACTOR`` times the median deviation of the whole picture or of its
    edge, whichever is less: a frame may fill the edge, and a bold digit the picture. A picture of
    fewer than ``TINY`` pixels along a side has no noise, and mostly ink.
    """
    if min(levels.shape) < TINY:
        return _from_extreme(levels)
    paper, side = paper_of(levels)
    difference = side * (levels.astype(np.int64) - paper)
    light = np.maximum(paper, 1).astype(np.int64) if side < 0 else 255
    off = np.minimum(255 * np.abs(difference) // light, 255).astype(np.uint8)
    noise = NOISE_FACTOR * min(_median(off), _median(edges_of(off)))
    ink: Levels = np.where(difference > 0, np.maximum(off.astype(np.int64) - noise, 0), 0)
    return ink.astype(np.uint8)


def _from_extreme(levels: Levels) -> Levels:
    """Levels from the darkest or the brightest one, whichever the picture's edge is nearer to."""
    least, most = int(levels.min()), int(levels.max())
    bright = 2 * _median(edges_of(levels)) > least + most
    return most - levels if bright else levels - least


def paper_of(levels: Levels) -> tuple[Levels, int]:
    """The level of the paper, (height, width), and 1 if ink is brighter than it, -1 if darker.

    One level, the median of the picture's edge; or, in uneven light, the picture without dark
    things narrower than a third of its shorter side (a morphological closing), or without bright
    ones (an opening), which follow a shadow's edge. The one that costs least is taken: each pixel
    off the paper by more than 1 / ``OFF`` of the contrast costs all of it, and steps in the paper
    cost too.
    """
    flat = np.full_like(levels, _median(edges_of(levels)))
    side = _side(levels.astype(np.int64) - flat)
    if min(levels.shape) < SMALLEST_PHOTO:
        return flat, side
    smooth, window = _smoothed(levels), _odd(min(levels.shape), WINDOW)
    closed = lowest(highest(smooth, window), window)
    opened = highest(lowest(smooth, window), window)
    papers = (flat, side), (closed, -1), (opened, 1)
    return min(papers, key=lambda paper: _cost(paper[0], levels))


def _cost(paper: Levels, levels: Levels) -> int:
    """How badly a paper explains a picture, in grey levels times pixels."""
    contrast, shorter = int(np.ptp(levels)), int(min(levels.shape))
    off = np.abs(levels.astype(np.int64) - paper) * OFF > contrast
    rises = [np.abs(np.diff(paper.astype(np.int64), axis=axis)).sum() for axis in (0, 1)]
    return contrast * int(off.sum()) + int(sum(rises)) * shorter // SLOPE


def _side(difference: Differences) -> int:
    """Whether ink is brighter than the paper, 1, or darker, -1: where the squares sum to more."""
    brighter, darker = (int(np.square(np.maximum(s * difference, 0)).sum()) for s in (1, -1))
    return 1 if brighter >= darker else -1


def _odd(length: int, part: int) -> int:
    """The odd number of pixels nearest to that part of a length."""
    return 2 * (length // part // 2) + 1


def _smoothed(levels: Levels) -> Levels:
    """The mean of the square around each pixel; beyond the edge the picture goes on as it ends."""
    breadth = _odd(min(levels.shape), SMOOTH)
    sums = np.pad(levels.astype(np.int64), breadth // 2, mode="edge")
    for axis in (0, 1):
        windows = np.lib.stride_tricks.sliding_window_view(sums, breadth, axis)
        sums = windows.sum(axis=-1)
    means: Levels = ((2 * sums + breadth**2) // (2 * breadth**2)).astype(np.uint8)
    return means


def highest(levels: Levels, window: int) -> Levels:
    """The highest level in the square around each pixel, of an odd number of pixels."""
    from scipy.ndimage import maximum_filter1d

    return _slid(maximum_filter1d, levels, window)


def lowest(levels: Levels, window: int) -> Levels:
    """The lowest level in the square around each pixel, of an odd number of pixels."""
    from scipy.ndimage import minimum_filter1d

    return _slid(minimum_filter1d, levels, window)


def _slid(extreme: Callable[..., Levels], levels: Levels, window: int) -> Levels:
    for axis in (0, 1):
        levels = extreme(levels, window, axis=axis, mode="nearest")
    return levels


def edges_of(levels: NDArray[Any]) -> NDArray[Any]:
    """The picture's top, bottom, left and right edge, each a strip, one after the other."""
    depth = max(1, min(levels.shape) // 32)
    strips = levels[:depth], levels[-depth:], levels[:, :depth], levels[:, -depth:]
    return np.concatenate([strip.ravel() for strip in strips])


def _median(levels: NDArray[np.uint8]) -> int:
    """The least of the levels that half of them do not exceed."""
    return _reaching(np.bincount(levels.ravel(), minlength=256), 2)


def _reaching(counts: NDArray[np.int64], quarters: int) -> int:
    """The least level that so many quarters of a histogram, (256,), do not exceed."""
    return int(np.argmax(4 * counts.cumsum() >= quarters * counts.sum()))


def brightened(levels: Levels) -> tuple[Levels, int]:
    """Levels multiplied so that strong ink is 255, and the level above which ink is strong.

    Otsu's threshold parts what is not 0 into faint and strong; the upper quartile of the strong
    becomes 255, as in MNIST, where thin lines too are bright.
    """
    threshold, full = strength(levels)
    table = np.minimum(255, (2 * 255 * np.arange(256) + full) // (2 * full)).astype(np.uint8)
    return table[levels], int(table[threshold])


def strength(levels: Levels) -> tuple[int, int]:
    """Otsu's threshold of the levels that are not 0, and the upper quartile of those above it."""
    counts = np.bincount(levels.ravel(), minlength=256)
    counts[0] = 0
    threshold = otsu(counts)
    counts[: threshold + 1] = 0
    return threshold, _reaching(counts, 3) if counts.any() else 0


def otsu(counts: NDArray[np.int64]) -> int:
    """The level that parts a histogram, (256,), with the most variance between its two sides.

    The first of equal ones; 0 if all pixels have one level. (Otsu 1979.)
    """
    pixels, total = float(counts.sum()), float(counts @ np.arange(len(counts)))
    best, level, below, mass = 0.0, 0, 0.0, 0.0
    for k, count in enumerate(counts[:-1].tolist()):
        below, mass = below + count, mass + count * k
        apart = mass * pixels - total * below
        spread = below * (pixels - below)
        between = apart * apart / spread if spread > 0 else 0.0
        if between > best:
            best, level = between, k
    return level
