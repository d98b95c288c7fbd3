"""Arrows that ask for more or less, and the cells and neurons between them.

All places and lengths are in inches, on a canvas whose y goes downwards.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch, Polygon
from numpy.typing import NDArray

from stages.claims.shared.words import PLUS_MINUS, without_exponent
from stages.common.files.arrays import Floats
from stages.page.figures.layout import BLUE, GLOW, INK, MUTED, NIGHT, ORANGE, PULL
from stages.page.figures.weights import frame

COLUMN, STRIP = 3.68, 1.06  # one network, and what stands at the left of its matrices
LINE, LARGEST = 0.155, 0.45  # height of a row of a matrix, and largest width of a cell
MIDDLE, ARM = 0.62, 0.4  # where the arrows beside a matrix start, and how long they may be
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


def cell(count: int) -> float:
    """Width of a column of a matrix with so many of them."""
    return min(LARGEST, (COLUMN - STRIP) / count)


def arrows_in_a_row(
    axes: Axes,
    x: float,
    y: float,
    tall: float,
    values: Floats,
    *,
    measured: Floats | None = None,
    limit: float | None = None,
    colors: list[str] | None = None,
) -> float:
    """Draw an upright arrow for each column, in ``tall`` inches; return where zero is.

    A value of size ``limit`` takes all the height there is on its side of zero; ``measured``
    values are ticks on the same scale.
    """
    side, end = cell(len(values)), limit or largest(values)
    up, down = (max(0.0, float((sign * values).max())) for sign in (1, -1))
    zero = y + tall * (up / (up + down) if up + down else 1)
    scale = tall * (max(up, down) / (up + down) if up + down else 1) / end
    axes.plot([x, x + side * len(values)], [zero, zero], color=HAIR, lw=0.7, zorder=1)
    for place, value in enumerate(values):
        middle, rise = x + (place + 0.5) * side, float(value) * scale
        color = colors[place] if colors else BLUE if value > 0 else ORANGE
        arrow(axes, (middle, zero), (0, -rise), color, min(0.05, 0.4 * side))
        if measured is not None:
            height, half = zero - float(measured[place]) * scale, min(0.06, 0.36 * side)
            axes.plot([middle - half, middle + half], [height] * 2, color=INK, lw=0.9, zorder=3)
    return zero


def arrows_in_a_column(
    axes: Axes,
    x: float,
    y: float,
    values: Floats,
    names: list[str],
    measured: Floats | None = None,
    bold: int | None = None,
) -> None:
    """Draw a lying arrow for each row, to the right if it asks for more, behind its name."""
    end, zero = largest(values), x + MIDDLE
    axes.plot([zero, zero], [y, y + LINE * len(values)], color=HAIR, lw=0.7, zorder=1)
    for row, (value, name) in enumerate(zip(values, names, strict=True)):
        middle = y + (row + 0.5) * LINE
        strong = row == bold
        axes.text(
            x + 0.12, middle, name, size=7.5, ha="right", va="center_baseline",
            weight="bold" if strong else "normal", color=INK if strong else MUTED,
        )  # fmt: skip
        by = (float(value) / end * ARM, 0.0)
        arrow(axes, (zero, middle), by, BLUE if value > 0 else ORANGE)
        if measured is not None:
            place = zero + float(measured[row]) / end * ARM
            axes.plot([place] * 2, [middle - 0.055, middle + 0.055], color=INK, lw=0.9, zorder=3)


def largest(values: Floats) -> float:
    """The end of a scale for values of both signs."""
    return float(np.abs(values).max()) or 1.0


def matrix(axes: Axes, x: float, y: float, values: Floats) -> None:
    """Draw signed values as cells on their own scale."""
    side, (tall, wide), end = cell(values.shape[1]), values.shape, largest(values)
    right, bottom = x + side * wide, y + LINE * tall
    axes.imshow(
        values, cmap=PULL, vmin=-end, vmax=end, aspect="auto", interpolation="nearest",
        extent=(x, right, bottom, y),
    )  # fmt: skip
    axes.vlines(x + side * np.arange(1, wide), y, bottom, color="white", lw=0.5, zorder=1)
    axes.hlines(y + LINE * np.arange(1, tall), x, right, color="white", lw=0.5, zorder=1)
    frame(axes, x, y, side * wide, LINE * tall)


def label(axes: Axes, x: float, y: float, text: str, values: Floats | None = None) -> None:
    """A word at the left of a row, above the end of the row's scale."""
    lift = 0.0 if values is None else 0.065
    axes.text(x, y - lift, text, size=8, color=MUTED, va="center_baseline")
    if values is not None:
        axes.text(x, y + lift, scale_end(values), size=7, color=MUTED, va="center_baseline")


def scale_end(values: Floats) -> str:
    """The largest size of some values, in words."""
    return f"{PLUS_MINUS}{without_exponent(largest(values))}"


def small_print(axes: Axes, x: float, y: float, text: str) -> None:
    """A few words above a matrix, ending at x."""
    axes.text(x, y, text, size=7, color=MUTED, ha="right", va="center_baseline")


def draw_neurons(axes: Axes, x: float, y: float, activations: Floats) -> None:
    """Draw a row of neurons as bright as they are, on dark ground."""
    side = cell(len(activations))
    ground = FancyBboxPatch(
        (x, y), side * len(activations), 0.18, boxstyle="round,pad=0,rounding_size=0.05",
        facecolor=NIGHT, edgecolor="none",
    )  # fmt: skip
    axes.add_artist(ground)
    top = max(1.0, largest(activations))
    for place, a in enumerate(activations):
        middle = (x + (place + 0.5) * side, y + 0.09)
        dot = Circle(middle, min(0.065, 0.4 * side), facecolor=GLOW(max(0.0, float(a)) / top))
        dot.set_edgecolor("#7d8b9c")
        dot.set_linewidth(0.4)
        axes.add_artist(dot)
