"""The cost along the largest rise and the largest dip, and the extreme curvatures."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.claims.shared.axes import panel_title
from stages.claims.valley.verdict import Place, Valley
from stages.page.figures.layout import BLUE, INK, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.text import plural

LEFT, RIGHT, BETWEEN, HIGH = 0.8, 0.35, 0.85, 1.9  # inches: the lines' panels
NAMES, ROW = 1.5, 0.36  # inches: names of the rows of dots, and from one row to the next


def draw(valley: Valley, title: str) -> Figure:
    """Draw lines before training and at the end, and below them a row of dots for each network."""
    rows = [valley.start, *valley.ends]
    below = HIGH + 1.25
    sheet = Sheet(
        title,
        f"The cost of {plural(valley.images, 'training image')} along two straight lines through "
        "all weights: the one along which it curves up most, and the one along which it curves "
        "down most. Below, the extreme curvatures of each network.",
        below + len(rows) * ROW + 0.75,
    )
    width = (WIDTH - LEFT - RIGHT - BETWEEN) / 2
    for column, (name, place) in enumerate(
        (("before training", valley.start), ("at the end of training", valley.ends[0]))
    ):
        axes = sheet.panel(LEFT + column * (width + BETWEEN), 0.35, width, HIGH)
        draw_lines(axes, name, place, valley.reach)
    draw_dots(sheet.panel(NAMES, below, WIDTH - NAMES - RIGHT, len(rows) * ROW), rows)
    return sheet.figure


def draw_lines(axes: Axes, name: str, place: Place, reach: float) -> None:
    """Draw the cost along both lines, on one axis."""
    panel_title(axes, name)
    where = np.linspace(-reach, reach, len(place.rise))
    axes.plot(where, place.rise, color=BLUE, lw=1.8)
    axes.plot(where, place.dip, color=ORANGE, lw=1.8)
    axes.plot(0, place.cost, "o", color=INK, ms=6, zorder=3)
    axes.set_xlim(-reach, reach)
    axes.margins(y=0.12)
    axes.locator_params(nbins=5)
    axes.set_xlabel("distance from the network")
    axes.set_ylabel("cost")
    for text, line, color, down in (
        ("largest rise", place.rise, BLUE, False),
        ("largest dip", place.dip, ORANGE, True),
    ):
        axes.annotate(
            text, (reach, float(line[-1])), (-22, -6 if down else 2), color=color, ha="right",
            textcoords="offset points", weight="bold", size=9, va="top" if down else "bottom",
            annotation_clip=False,
        )  # fmt: skip


def draw_dots(axes: Axes, rows: list[Place]) -> None:
    """Draw the extreme curvatures of every network: dips orange, rises blue."""
    for row, place in enumerate(rows):
        for value in place.curvatures:
            axes.plot(value, row, "o", color=ORANGE if value < 0 else BLUE, ms=6, alpha=0.55, mew=0)
    axes.axvline(0, color=MUTED, lw=0.8, zorder=0)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    names = ["before training", "at its end", *(place.name for place in rows[2:])]
    axes.set_yticks(range(len(rows)), names, size=9, color=INK)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("curvature: below zero the ground falls to both sides, above it rises")
