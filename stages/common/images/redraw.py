"""A digit drawn anew as MNIST's writers draw: without gaps, no thinner, and no more aslant.

``redraw.js`` of ``stages/page/web`` is the twin of this module: tests/page/test_page_core.py holds
them to the same bytes, since all sums are of whole numbers and the rest is float64 in the same
order.
"""

import numpy as np

from stages.common.images.ink import Levels, highest, lowest, strength

PEN = 10  # of a digit's length: thinner lines than that part of it are made as broad, gaps closed
LEAST_SLANT, MOST_SLANT = -0.46, 0.23  # pixels sideways for a row down: of eight in ten digits
COARSE = 64  # pixels; a digit of fewer is not moved by whole ones
STEEPEST = 2.0  # a slant beyond that is a flat dash's, and would tear it apart
LEAST_VARIANCE = 1e-6  # of rows; ink in one row alone has no slant


def redrawn(ink: Levels) -> Levels:
    """The ink of a digit, cut out, with whole lines that are broad and upright enough."""
    return straightened(broadened(bridged(cut_out(ink))))


def cut_out(ink: Levels) -> Levels:
    """The part of a picture that has any ink."""
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def bridged(ink: Levels) -> Levels:
    """Ink in parts, joined over gaps that are narrower than 1 / ``PEN`` of it (a closing)."""
    from scipy.ndimage import label

    _, parts = label(ink > strength(ink)[0], np.ones((3, 3)))
    if parts < 2:
        return ink
    window = 2 * (max(ink.shape) // PEN // 2) + 1
    return lowest(highest(np.pad(ink, window), window), window)


def broadened(ink: Levels) -> Levels:
    """Ink drawn with a broader pen if its lines are thin for their length: 1 / ``PEN`` of it.

    How broad lines are is told by their area and the length of their edges.
    """
    strong = ink > strength(ink)[0]
    if not strong.any():
        return ink
    length = max(int(np.ptp(np.flatnonzero(strong.any(axis=axis)))) + 1 for axis in (0, 1))
    edges = sum(int(np.diff(strong, axis=axis).sum()) for axis in (0, 1))
    thin = length * edges - 2 * PEN * int(strong.sum())
    if thin <= 0:
        return ink
    parts = 2 * (PEN - 1) * edges
    return brushed(ink, (2 * thin + parts) // (2 * parts))


def brushed(ink: Levels, radius: int) -> Levels:
    """Ink drawn with a brush of that radius in pixels: an octagon.

    It grows by a cross and by a square of 3 x 3 pixels in turn.
    """
    from scipy.ndimage import maximum_filter1d

    ink = np.pad(ink, radius)
    for step in range(radius):
        across = maximum_filter1d(ink, 3, axis=1)
        down = maximum_filter1d(across if step % 2 else ink, 3, axis=0)
        ink = np.maximum(across, down)
    return ink


def straightened(ink: Levels) -> Levels:
    """Ink that leans no further than most of MNIST's: rows are moved by whole pixels.

    The slant is cov(x, y) / var(y) of the ink.
    """
    if max(ink.shape) < COARSE:
        return ink
    middle, slant = _slant(ink)
    slant = min(max(slant, -STEEPEST), STEEPEST)
    excess = slant - min(max(slant, LEAST_SLANT), MOST_SLANT)
    by = np.floor((np.arange(len(ink)) - middle) * excess + 0.5).astype(np.int64)
    most = int(np.abs(by).max())
    rows = np.pad(ink, ((0, 0), (most, most)))
    return np.stack([np.roll(row, -shift) for row, shift in zip(rows, by.tolist(), strict=True)])


def _slant(ink: Levels) -> tuple[float, float]:
    """The row of the centre of mass, and how far ink leans to the right for a row down."""
    mass = ink.astype(np.int64)
    y, x = (np.arange(length) for length in ink.shape)
    by_row, by_column = mass.sum(axis=1), mass.sum(axis=0)
    total = float(by_row.sum())
    middle, centre = float(by_row @ y) / total, float(by_column @ x) / total
    variance = float(by_row @ y**2) / total - middle * middle
    covariance = float(mass @ x @ y) / total - centre * middle
    return middle, covariance / variance if variance > LEAST_VARIANCE else 0.0
