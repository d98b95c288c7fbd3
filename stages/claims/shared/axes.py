"""What the figures of several claims draw alike."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from stages.common.files.arrays import Floats
from stages.page.figures.layout import FAINT, INK, PULL
from stages.page.figures.weights import frame

ORDER = LinearSegmentedColormap.from_list("order", ["#c9561a", "#a58a93", "#1d5fa8"])
GREY = "#8793a3"  # of what has learnt nothing: untrained networks, and shuffled pixels
HALO = withStroke(linewidth=3, foreground="white")  # around words that stand on curves

LEAST_ERROR = 1e-5  # that an axis of errors shows
ERRORS = (0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0001)
FINE_ERRORS = tuple(m / 10**e for e in (1, 2, 3) for m in (8, 6, 4, 3, 2, 1.5, 1))
APART = 0.5  # inches from one label to the next along an axis, so that each can be read


def colours(names: list[str]) -> dict[str, str]:
    """A colour for each network, from orange (untrained) to blue (trained)."""
    steps = np.linspace(0, 1, len(names))
    return {name: to_hex(ORDER(step)) for name, step in zip(names, steps, strict=True)}


def panel_title(axes: Axes, text: str, *, color: str = INK, pad: float = 8) -> None:
    """Say above a panel, ``pad`` points from it, what it shows."""
    axes.set_title(text, loc="left", size=9.5, weight="bold", color=color, pad=pad)


def note(
    axes: Axes,
    place: tuple[float, float],
    offset: tuple[float, float],
    text: str,
    color: str,
    *,
    bold: bool = False,
    ha: str = "left",
) -> None:
    """Write beside a place of the data, this many points off."""
    axes.annotate(
        text, place, offset, textcoords="offset points", color=color, va="center", ha=ha,
        weight="bold" if bold else "normal", size=9.5 if bold else 8.5, annotation_clip=False,
        linespacing=1.15,
    )  # fmt: skip


def move_apart(
    heights: Sequence[float], least: float, high: float, low: float = -np.inf
) -> list[float]:
    """Heights in their order, but ``least`` apart and between the ends, if there is room.

    The largest move is as small as it can be (half-way between pushing all up and pushing all
    down); of equal heights the first one stays on top.
    """
    order = np.argsort(-np.asarray(heights, float), kind="stable")[::-1]
    steps = least * np.arange(len(order))
    places = np.asarray(heights, float)[order] - steps
    up, down = np.maximum.accumulate(places), np.minimum.accumulate(places[::-1])[::-1]
    moved = np.empty(len(order))
    moved[order] = np.clip((up + down) / 2, low, high - steps[-1]) + steps
    return [float(height) for height in moved]


def readable_ticks(axes: Axes, x: Floats) -> list[int]:
    """Indices of those x, (n,), whose numbers can stand side by side, the last one first of all."""
    places = axes.transData.transform(np.stack([x, np.ones_like(x)], axis=1))[:, 0]
    inches = places / axes.figure.dpi
    kept = [len(x) - 1]
    for i in range(len(x) - 2, -1, -1):
        if inches[kept[-1]] - inches[i] >= APART:
            kept.append(i)
    return kept


def as_errors(shares: Floats) -> Floats:
    """Shares of images misread, (n,), from shares read, as a logarithmic axis can show them."""
    return np.maximum(1 - shares, LEAST_ERROR)


def error_axis(axis: Axis, shares: list[Floats]) -> None:
    """Let a logarithmic axis of errors run backwards and tell accuracies in percent."""
    errors = as_errors(np.concatenate(shares))
    high, low = float(errors.max()) * 1.12, float(errors.min()) / 1.2
    axis.set_view_interval(high, low, ignore=True)
    inside = [e for e in ERRORS if low <= e <= high]
    inside = inside if len(inside) > 2 else [e for e in FINE_ERRORS if low <= e <= high]
    axis.set_major_locator(FixedLocator(inside))
    axis.set_minor_locator(NullLocator())
    axis.set_ticks(inside, [f"{100 - 100 * e:g}" for e in inside])


def weight_image(
    axes: Axes,
    weights: Floats,
    inked: NDArray[np.bool_],
    extent: tuple[float, float, float, float],
) -> None:
    """Draw weights, (height, width), on a scale of their own; grey where ``inked`` is false.

    Nothing is learnt where no training image has any ink.
    """
    left, right, bottom, top = extent
    limit = float(np.quantile(np.abs(weights[inked]), 0.99)) or 1.0
    axes.add_patch(Rectangle((left, top), right - left, bottom - top, color=FAINT, lw=0))
    axes.imshow(
        np.ma.masked_where(~inked, weights), cmap=PULL, vmin=-limit, vmax=limit, extent=extent,
        aspect="auto", interpolation="nearest", zorder=2,
    )  # fmt: skip
    frame(axes, left, top, right - left, bottom - top)
