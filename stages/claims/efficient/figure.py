"""Both gradients, dot by dot, and the multiplications that each way takes."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from stages.claims.efficient.verdict import Ways
from stages.claims.shared.axes import GREY, panel_title
from stages.page.figures.layout import BLUE, INK, MUTED, ORANGE, WIDTH, Sheet

LEFT, SIDE, BETWEEN, RIGHT = 1.05, 2.6, 1.65, 0.8  # inches across


def draw(ways: Ways, title: str) -> Figure:
    """Draw the dots at the left, the bars at the right."""
    sheet = Sheet(
        title,
        "Left: a dot is one weight or bias of the trained network; on the line both ways agree. "
        "Right: what a gradient costs for one image; the axis is logarithmic, so that each line "
        "is ten times the one before.",
        SIDE + 1.05,
    )
    draw_dots(sheet.panel(LEFT, 0.35, SIDE, SIDE), ways)
    left = LEFT + SIDE + BETWEEN
    draw_bars(sheet.panel(left, 0.35, WIDTH - left - RIGHT, SIDE), ways)
    return sheet.figure


def draw_dots(axes: Axes, ways: Ways) -> None:
    """Draw every derivative of the trained network, by both ways."""
    panel_title(axes, "the same gradient")
    backpropagated, wiggled = ways.backpropagation[-1], ways.wiggles[-1]
    most = float(max(np.abs(backpropagated).max(), np.abs(wiggled).max())) or 1.0
    axes.plot([-most, most], [-most, most], color=MUTED, lw=0.8, zorder=1)
    axes.plot(backpropagated, wiggled, "o", color=BLUE, ms=3.5, alpha=0.4, mew=0)
    axes.set_xlim(-1.1 * most, 1.1 * most)
    axes.set_ylim(-1.1 * most, 1.1 * most)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=4))
    axes.set_xlabel("derivative by backpropagation")
    axes.set_ylabel("derivative by a wiggle")


def draw_bars(axes: Axes, ways: Ways) -> None:
    """Draw the four counts on a logarithmic axis."""
    panel_title(axes, "multiplications for one image")
    bars = {
        "one look": (ways.look, GREY),
        "backpropagation": (ways.back, BLUE),
        "wiggles, only\nwhat changes": (ways.clever, ORANGE),
        "wiggles, a look\nfor each": (ways.plain, ORANGE),
    }
    axes.set_xscale("log")
    axes.set_xlim(ways.look / 4, ways.plain * 1.5)
    for row, (count, color) in enumerate(bars.values()):
        axes.barh(row, count, height=0.6, color=color)
        inside = count == ways.plain  # the longest bar: beyond it there is no room
        axes.annotate(
            f"{count:,}", (count, row), (-4 if inside else 4, 0), textcoords="offset points",
            ha="right" if inside else "left", va="center", size=9, weight="bold",
            color="white" if inside else color, annotation_clip=False,
        )  # fmt: skip
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_yticks(range(len(bars)), [*bars], size=9.5, color=INK)
    axes.tick_params(axis="y", length=0)
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(NullFormatter())
    axes.grid(visible=True, axis="x")
