"""From a drawing or a photo to the image that the network sees, as the images of MNIST were made.

``prepare.js`` and ``strokes.js`` of ``stages/page/web`` are the twins of this module, as ``ink.js``
is of ``ink.py``, and ``parts.js`` of ``parts.py``: tests/page/test_page_core.py holds them to the
same bytes, since all sums are of whole numbers and the rest is float64 in the same order.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stages.common.images.ink import FAINTEST, TINY, Levels, brightened, ink_of, strength
from stages.common.images.parts import digit_of, has_rival
from stages.common.images.redraw import redrawn

Strokes = Sequence[Sequence[Sequence[float]]]  # polylines of points (x, y) in the unit square

LONGEST_SIDE = 1024  # pixels; a larger picture is averaged down first
STRIP = 32  # rows of squares that are summed at once
BOX, FIELD = 20, 28  # MNIST: a digit fills a box of 20 x 20 pixels in a field of 28 x 28
ONE = 1024  # what the weights of an enlarged pixel's neighbours add up to
PIVOT = 160  # grey levels: brighter ones become brighter when a digit is enlarged, others darker
PEN_SHARE = 1 / 8  # breadth of a line, of the longer side: drawn digits hold as much ink as MNIST's
PEN_SIDE = 280  # pixels along the raster on which strokes are drawn
FINEST_PEN = 0.02  # of the unit square: how broad a single dot is


def prepare(levels: Levels, height: int = 28, width: int = 28) -> Levels:
    """A picture of one digit, of any size and polarity, as an image of MNIST's kind.

    The ink's box is scaled, keeping its aspect, to 20/28 of the field, and its centre of mass comes
    to the middle, to the nearest pixel (LeCun et al. 1998, section III).
    Ink is 255 on 0; a picture without ink gives zeros.
    """
    ink = ink_of(reduced(levels))
    image = np.zeros((height, width), np.uint8)
    if strength(ink)[1] < FAINTEST:
        return image
    whole = ink if min(levels.shape) < TINY else redrawn(digit_of(ink))
    digit, _ = brightened(scaled(boxed(*brightened(whole)), height, width))
    top, left = corner(digit, height, width)
    image[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    return image


def has_another_mark(levels: Levels) -> bool:
    """Whether a picture has another mark that may be meant: `prepare` takes that with more ink."""
    return min(levels.shape) >= TINY and has_rival(ink_of(reduced(levels)))


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
    """A digit scaled into the box of a field (height, width): each pixel the mean of its area.

    One that is smaller than the box is ``enlarged``.
    """
    rows, columns = digit.shape
    box_rows, box_columns = (max(1, (2 * n * BOX + FIELD) // (2 * FIELD)) for n in (height, width))
    if rows * box_columns >= columns * box_rows:  # as high as the box
        shape = box_rows, max(1, (2 * columns * box_rows + rows) // (2 * rows))
    else:
        shape = max(1, (2 * rows * box_columns + columns) // (2 * columns)), box_columns
    if sum(shape) > sum(digit.shape):
        return enlarged(digit, shape)
    down, across = (_overlaps(n, m) for n, m in zip(digit.shape, shape, strict=True))
    sums = down @ digit.astype(np.float64) @ across.T  # whole numbers below 2^53, hence exact
    return np.floor((2 * sums + digit.size) / (2 * digit.size)).astype(np.uint8)


def enlarged(digit: Levels, shape: tuple[int, int]) -> Levels:
    """A digit of this larger shape: smooth curves through its pixels, its edges as sharp as before.

    Enlarged edges are blurred over as many more pixels as the digit has now. So contrast is made
    steeper by as much, about ``PIVOT``: above the middle, since few pixels make lines broad.
    """
    down, across = (_weights(n, m) for n, m in zip(digit.shape, shape, strict=True))
    sums = down @ digit.astype(np.float64) @ across.T  # whole numbers below 2^53, hence exact
    large, small = sum(shape), sum(digit.shape)
    steep, unit = large * sums - PIVOT * (large - small) * ONE**2, small * ONE**2
    return np.clip(np.floor((2 * steep + unit) / (2 * unit)), 0, 255).astype(np.uint8)


def _weights(source: int, target: int) -> NDArray[np.float64]:
    """What each source pixel adds to each target pixel, (target, source), in units of 1 / ``ONE``.

    Cubic convolution (Keys 1981) with a = -1, the sharpest. Distances are whole numbers: between
    source pixels lie ``unit`` of them. Beyond the digit is background.
    """
    unit = 2 * target
    centres = (2 * np.arange(target)[:, np.newaxis] + 1) * source - target
    x = np.abs(centres - unit * np.arange(source))
    near = x**3 - 2 * x**2 * unit + unit**3
    far = -(x**3) + 5 * x**2 * unit - 8 * x * unit**2 + 4 * unit**3
    weights = np.where(x < unit, near, np.where(x < 2 * unit, far, 0))
    return ((2 * ONE * weights + unit**3) // (2 * unit**3)).astype(np.float64)


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
