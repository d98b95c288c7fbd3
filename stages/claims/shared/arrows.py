"""Arrows that ask for more or less, and the cells and neurons between them.

All places and lengths are in inches, on a canvas whose y goes downwards.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from stages.common.files.arrays import Floats
from stages.page.figures.layout import BLUE, INK, ORANGE, PULL
from stages.page.figures.weights import frame

HAIR = "#aab4c0"


def extent(image: NDArray[np.uint8], side: float) -> tuple[float, float]:
    """Width and height of an image whose longer side is ``side``."""
    height, width = image.shape
    return side * min(1.0, width / height), side * min(1.0, height / width)


def arrow(
    axes: Axes,
    start: tuple[float, float],
    by: tuple[float, float],
    color: str,
    width: float = 0.045,
) -> None:
    """An arrow of a length in inches, flat enough to end exactly where it points."""
    length = float(np.hypot(*by))
    if length < 1e-3:
        return
    tip = min(0.085, 0.7 * length)
    shaft, wing = width / 2, min(width * 1.25, max(width / 2, length))
    along = np.array(by) / length
    across = np.array([-along[1], along[0]])
    outline = [(0, shaft), (length - tip, shaft), (length - tip, wing), (length, 0)]
    outline += [(far, -side) for far, side in reversed(outline[:-1])]
    points = [np.array(start) + far * along + side * across for far, side in outline]
    axes.add_artist(Polygon(points, closed=True, facecolor=color, edgecolor="none", zorder=2))


def arrows_in_a_row(
    axes: Axes,
    x: float,
    y: float,
    side: float,
    tall: float,
    values: Floats,
    *,
    measured: Floats | None = None,
    colors: list[str] | None = None,
) -> None:
    """Draw an upright arrow for each column, ``side`` wide, in ``tall`` inches.

    The largest value takes all the height there is on its side of zero; ``measured`` values are
    ticks on the same scale.
    """
    end = largest(values)
    up, down = (max(0.0, float((sign * values).max())) for sign in (1, -1))
    zero = y + tall * (up / (up + down) if up + down else 1)
    scale = tall * (max(up, down) / (up + down) if up + down else 1) / end
    axes.plot([x, x + side * len(values)], [zero, zero], color=HAIR, lw=0.7, zorder=1)
    for place, value in enumerate(values):
        middle, rise = x + (place + 0.5) * side, float(value) * scale
        color = colors[place] if colors else BLUE if value > 0 else ORANGE
        arrow(axes, (middle, zero), (0, -rise), color, min(0.07, 0.4 * side))
        if measured is not None:
            height, half = zero - float(measured[place]) * scale, min(0.09, 0.36 * side)
            axes.plot([middle - half, middle + half], [height] * 2, color=INK, lw=1.1, zorder=3)


def largest(values: Floats) -> float:
    """The end of a scale for values of both signs."""
    return float(np.abs(values).max()) or 1.0


def matrix(axes: Axes, x: float, y: float, side: float, line: float, values: Floats) -> None:
    """Draw signed values as cells, ``side`` wide and ``line`` high, on their own scale."""
    (tall, wide), end = values.shape, largest(values)
    right, bottom = x + side * wide, y + line * tall
    axes.imshow(
        values, cmap=PULL, vmin=-end, vmax=end, aspect="auto", interpolation="nearest",
        extent=(x, right, bottom, y),
    )  # fmt: skip
    axes.vlines(x + side * np.arange(1, wide), y, bottom, color="white", lw=0.5, zorder=1)
    axes.hlines(y + line * np.arange(1, tall), x, right, color="white", lw=0.5, zorder=1)
    frame(axes, x, y, side * wide, line * tall)
