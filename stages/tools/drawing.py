"""From a drawing or a photo to the image that the network sees, as the images of MNIST were made.

``prepare.js``, ``ink.js`` and ``strokes.js`` of ``stages/page/web`` are the twin of this module:
tests/page/test_page_core.py holds them to the same bytes, since all sums are of whole numbers and
the rest is float64 in the same order.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.uint8]  # (height, width), grey levels
Strokes = Sequence[Sequence[Sequence[float]]]  # polylines of points (x, y) in the unit square

MOST_PIXELS = 64_000_000  # of a picture: the caller refuses a larger one
LONGEST_SIDE = 1024  # pixels; a larger picture is averaged down first
STRIP = 32  # rows of squares that are summed at once
NOISE_FACTOR = 4  # what differs from the paper by this many median deviations is still paper
GRID = 4  # cells along each side of a picture, where the level of uneven paper is taken
UNEVEN = 4  # even noise on even paper makes it 3.3
FAINTEST = 24  # grey levels: fainter marks are no ink
BOX, FIELD = 20, 28  # MNIST: a digit fills a box of 20 x 20 pixels in a field of 28 x 28
PEN_SHARE = 1 / 8  # breadth of a line, of the longer side: drawn digits hold as much ink as MNIST's
PEN_SIDE = 280  # pixels along the raster on which strokes are drawn
FINEST_PEN = 0.02  # of the unit square: how broad a single dot is


def prepare(levels: Levels, height: int = 28, width: int = 28) -> Levels:
    """A picture of one digit, of any size and polarity, as an image of MNIST's kind.

    The ink's box is scaled, by averaging areas and keeping its aspect, to 20/28 of the field, and
    its centre of mass comes to the middle, to the nearest pixel (LeCun et al. 1998, section III).
    Ink is 255 on 0; a picture without ink gives zeros.
    """
    excess = ink_of(reduced(levels))
    image = np.zeros((height, width), np.uint8)
    if _strength(excess)[1] < FAINTEST:
        return image
    digit, _ = brightened(scaled(boxed(*brightened(excess)), height, width))
    top, left = corner(digit, height, width)
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


def reduced(levels: Levels) -> Levels:
    """The picture averaged over squares, so that no side is longer than ``LONGEST_SIDE``."""
    square = -(-max(levels.shape) // LONGEST_SIDE)
    rows, columns = (np.arange(0, length, square) for length in levels.shape)
    # Strip by strip: NumPy would make the whole picture whole numbers of 8 bytes first.
    strips = (levels[top : top + square * STRIP] for top in rows[::STRIP])
    by_row = [np.add.reduceat(s, np.arange(0, len(s), square), 0, np.int64) for s in strips]
    sums = np.add.reduceat(np.concatenate(by_row), columns, axis=1)
    heights, widths = (np.diff([*s, n]) for s, n in zip((rows, columns), levels.shape, strict=True))
    counts = np.outer(heights, widths)
    means: Levels = ((2 * sums + counts) // (2 * counts)).astype(np.uint8)
    return means


def ink_of(levels: Levels) -> Levels:
    """How much each pixel differs from the paper, in grey levels, beyond the paper's noise.

    Noise is ``NOISE_FACTOR`` times the median deviation on the picture's edge.
    """
    difference = levels - paper_of(levels)
    noise = NOISE_FACTOR * _quantile(np.abs(np.concatenate(_edges(difference))), 2)
    excess: Levels = np.maximum(_side(difference) * difference - noise, 0).astype(np.uint8)
    return excess


def _side(difference: NDArray[np.int64]) -> int:
    """Whether ink is brighter than the paper, 1, or darker, -1: where the squares sum to more."""
    return 1 if _squares(difference, 1) >= _squares(difference, -1) else -1


def _squares(difference: NDArray[np.int64], side: int) -> int:
    """Sum of the squares of what is brighter, 1, or darker, -1, than the paper."""
    return int(np.square(np.maximum(side * difference, 0)).sum())


def paper_of(levels: Levels) -> NDArray[np.int64]:
    """The grey level of the blank paper, (height, width) or (1, 1).

    One level, the median of the picture's edge; or, in a photo with uneven light, a surface
    through the levels of ``GRID`` x ``GRID`` cells: the upper quartile of each if ink is dark, the
    lower one if it is bright, so that ink may fill half of a cell and more. All ink lies on one
    side of the paper, so what lies on the other tells how wrong a paper is (sum of squares); the
    best is taken, a surface only if it is better than the one level by a factor of ``UNEVEN``.
    """
    flat = np.array([[_quantile(np.concatenate(_edges(levels)), 2)]])
    wrong = min(_squares(levels - flat, side) for side in (1, -1))
    if wrong == 0 or min(levels.shape) < GRID:
        return flat
    upper, lower = _surface(levels, 3), _surface(levels, 1)
    above, below = _squares(levels - upper, 1), _squares(levels - lower, -1)
    if UNEVEN * min(above, below) >= wrong:
        return flat
    return upper if above < below else lower


def _surface(levels: Levels, quarters: int) -> NDArray[np.int64]:
    """Linear between the middles of the cells, and on beyond the outer ones to the edge."""
    bands = [np.array_split(np.arange(n), GRID) for n in levels.shape]
    cells = [[levels[np.ix_(rows, columns)] for columns in bands[1]] for rows in bands[0]]
    quartiles = np.array([[_quantile(cell, quarters) for cell in row] for row in cells])
    by_row = _between(quartiles, bands[0])  # (height, GRID)
    surface = _between(by_row.T, bands[1]).T
    rounded: NDArray[np.int64] = np.floor(surface + 0.5).clip(0, 255).astype(np.int64)
    return rounded


def _between(values: NDArray[Any], bands: list[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Values at the middles of bands of pixels, (GRID, n), as values at the pixels, (pixels, n)."""
    middles = np.array([(band[0] + band[-1]) / 2 for band in bands])
    places = np.arange(bands[-1][-1] + 1)
    before = (np.searchsorted(middles, places, side="right") - 1).clip(0, GRID - 2)
    share = (places - middles[before]) / (middles[before + 1] - middles[before])
    rise = share[:, np.newaxis] * (values[before + 1] - values[before])
    levels: NDArray[np.float64] = values[before] + rise
    return levels


def _edges(levels: NDArray[Any]) -> list[NDArray[Any]]:
    """The picture's top, bottom, left and right edge, each a strip, flattened."""
    depth = max(1, min(levels.shape) // 32)
    strips = levels[:depth], levels[-depth:], levels[:, :depth], levels[:, -depth:]
    return [strip.ravel() for strip in strips]


def _quantile(values: NDArray[Any], quarters: int) -> int:
    """The least of the values that so many quarters of them do not exceed."""
    ordered = np.sort(values, axis=None)
    return int(ordered[-(-quarters * ordered.size // 4) - 1])


def brightened(levels: Levels) -> tuple[Levels, int]:
    """Levels multiplied so that strong ink is 255, and the level above which ink is strong.

    Otsu's threshold parts what is not 0 into faint and strong; the upper quartile of the strong
    becomes 255, as in MNIST, where thin lines too are bright.
    """
    threshold, full = _strength(levels)
    table = np.minimum(255, (2 * 255 * np.arange(256) + full) // (2 * full)).astype(np.uint8)
    return table[levels], int(table[threshold])


def _strength(levels: Levels) -> tuple[int, int]:
    """Otsu's threshold of the levels that are not 0, and the upper quartile of those above it."""
    counts = np.bincount(levels.ravel(), minlength=256)
    counts[0] = 0
    threshold = otsu(counts)
    strong = levels[levels > threshold]
    return threshold, _quantile(strong, 3) if strong.size else 0


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


def boxed(ink: Levels, edge: int) -> Levels:
    """The part of the picture with ink above level ``edge``, and its soft rim of one pixel."""
    rows, columns = (_bounds(ink, edge, axis) for axis in (1, 0))
    return ink[rows, columns]


def _bounds(ink: Levels, edge: int, axis: int) -> slice:
    brightest = ink.max(axis=axis)
    strong, any_ink = np.flatnonzero(brightest > edge), np.flatnonzero(brightest)
    return slice(
        max(int(strong[0]) - 1, int(any_ink[0])), min(int(strong[-1]) + 1, int(any_ink[-1])) + 1
    )


def scaled(digit: Levels, height: int, width: int) -> Levels:
    """A digit scaled into the box of a field (height, width): each pixel the mean of its area."""
    rows, columns = digit.shape
    box_rows, box_columns = (max(1, (2 * n * BOX + FIELD) // (2 * FIELD)) for n in (height, width))
    if rows * box_columns >= columns * box_rows:  # as high as the box
        shape = box_rows, max(1, (2 * columns * box_rows + rows) // (2 * rows))
    else:
        shape = max(1, (2 * rows * box_columns + columns) // (2 * columns)), box_columns
    down, across = (_overlaps(n, m) for n, m in zip(digit.shape, shape, strict=True))
    sums = down @ digit.astype(np.float64) @ across.T  # whole numbers below 2^53, hence exact
    return np.floor((2 * sums + digit.size) / (2 * digit.size)).astype(np.uint8)


def _overlaps(source: int, target: int) -> NDArray[np.float64]:
    """How much of each target pixel lies on each source pixel, (target, source).

    Both divide the same length, ``source * target`` units; a row adds up to ``source``.
    """
    start, begin = np.arange(source) * target, np.arange(target)[:, np.newaxis] * source
    covered = np.minimum(start + target, begin + source) - np.maximum(start, begin)
    overlaps: NDArray[np.float64] = np.maximum(covered, 0).astype(np.float64)
    return overlaps


def corner(digit: Levels, height: int, width: int) -> tuple[int, int]:
    """Row and column where a digit's corner goes, so that its centre of mass is in the middle."""
    mass = digit.astype(np.int64)
    by_row, by_column = mass.sum(axis=1), mass.sum(axis=0)
    return _start(by_row, height), _start(by_column, width)


def _start(mass: NDArray[np.int64], length: int) -> int:
    """The nearest whole start that brings the centre of mass to ``length / 2``, pixels from 0.

    So MNIST does: its centres of mass lie between 13.5 and 14.5 in every one of 28 x 28 pixels.
    """
    total, moment = int(mass.sum()), int(mass @ np.arange(len(mass)))
    start = ((length + 1) * total - 2 * moment) // (2 * total)
    return min(max(start, 0), length - len(mass))


def image_of_strokes(strokes: Strokes, height: int = 28, width: int = 28) -> Levels:
    """Strokes as an image (height, width), drawn with a pen that suits the digit's size."""
    return prepare(rasterize(strokes, PEN_SIDE, pen_for(strokes)), height, width)


def pen_for(strokes: Strokes) -> float:
    """The breadth of pen, in the unit square, that gives a drawing lines like MNIST's."""
    points = np.array([point for stroke in strokes for point in stroke]).reshape(-1, 2)
    extent = float((points.max(axis=0, initial=0) - points.min(axis=0, initial=1)).max())
    return max(FINEST_PEN, extent * PEN_SHARE / (1 - PEN_SHARE))


def rasterize(strokes: Strokes, side: int, pen_width: float) -> Levels:
    """Strokes drawn on a raster (side, side): 255 on 0, with a soft rim of one pixel.

    A pixel's level is 255 times how far its centre lies inside the line, from -1/2 to 1/2 pixel.
    ``pen_width`` is measured in the unit square.
    """
    nearest = np.full((side, side), np.inf)  # squared distance to a line, in pixels
    radius = pen_width * side / 2
    for stroke in strokes:
        points = [(x * side, y * side) for x, y in stroke]
        for a, b in zip(points[:1] + points, points, strict=False):
            _approach(nearest, a, b, radius + 1)
    covered = np.clip(radius - np.sqrt(nearest) + 0.5, 0, 1)
    levels: Levels = np.floor(255 * covered + 0.5).astype(np.uint8)
    return levels


def _approach(
    nearest: NDArray[np.float64], a: tuple[float, float], b: tuple[float, float], reach: float
) -> None:
    """Lower each pixel's squared distance to the segment from a to b, as far as ``reach``."""
    (ax, ay), (bx, by) = a, b
    columns, rows = (_span(u, v, reach, len(nearest)) for u, v in zip(a, b, strict=True))
    x, y = columns + 0.5, rows[:, np.newaxis] + 0.5
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    along = ((x - ax) * dx + (y - ay) * dy) / length if length > 0 else x * 0 + y * 0
    share = np.clip(along, 0, 1)
    ex, ey = x - (ax + share * dx), y - (ay + share * dy)
    region = np.ix_(rows, columns)
    nearest[region] = np.minimum(nearest[region], ex * ex + ey * ey)


def _span(a: float, b: float, reach: float, side: int) -> NDArray[np.int64]:
    """The pixels of one axis that lie within reach of a and b."""
    first, last = np.floor(min(a, b) - reach), np.ceil(max(a, b) + reach)
    return np.arange(int(np.clip(first, 0, side)), int(np.clip(last, 0, side)))
