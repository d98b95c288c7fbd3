"""Falls by random steps as shares of the gradient's fall: a row of dots for each network."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.claims.shared.axes import note
from stages.claims.shared.networks import NETWORKS
from stages.claims.steepest.verdict import Falls
from stages.page.figures.layout import BLUE, INK, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.text import plural

LEFT, RIGHT, ROW = 1.9, 0.75, 0.5  # inches beside the rows, and from one to the next
JITTER = 0.24  # of a row, up and down, so that dots can be told apart


def draw(falls: Falls, title: str) -> Figure:
    """Draw a row for the page's network at each time, and one for all others."""
    page = [place for place in range(len(falls.names)) if place not in falls.others()]
    rows = [(falls.names[place], [place]) for place in page]
    for when in NETWORKS:
        places = falls.others(f" {when}")
        rows.append((f"{len(places)} others,\n{when}", places))
    sheet = Sheet(
        title,
        f"An orange dot is one random step of length {falls.length:g}, the blue one the step of "
        "the same length along the negative gradient. Above: the network on the page. The cost is "
        f"that of {plural(falls.images, 'training image')}.",
        len(rows) * ROW + 1.2,
    )
    axes = sheet.panel(LEFT, 0.4, WIDTH - LEFT - RIGHT, len(rows) * ROW)
    lowest, highest = 100 * falls.shares.min(), 100 * max(1.0, float(falls.shares.max()))
    axes.set_xlim(min(-8, 1.2 * lowest), 1.03 * highest)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.axvline(0, color=MUTED, lw=0.8)
    for row, (_, places) in enumerate(rows):
        draw_row(axes, row, falls, places)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], size=9.5, color=INK)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("how far the cost falls (% of the fall by the gradient's step)")
    note(axes, (0, -0.5), (-4, 9), "random steps", ORANGE, bold=True, ha="center")
    note(axes, (100, -0.5), (24, 9), "the negative gradient", BLUE, bold=True, ha="right")
    return sheet.figure


def draw_row(axes: Axes, row: int, falls: Falls, places: list[int]) -> None:
    """Draw the random steps of some networks, and the gradient's."""
    shares = 100 * falls.shares[places].ravel()
    rng = np.random.default_rng(row)  # only for the eye
    heights = row + rng.uniform(-JITTER, JITTER, len(shares))
    axes.plot(shares, heights, "o", color=ORANGE, ms=3, alpha=0.35, mew=0)
    axes.plot(100, row, "o", color=BLUE, ms=10, clip_on=False, zorder=3)
