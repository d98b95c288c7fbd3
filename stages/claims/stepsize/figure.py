"""The cost after one step along the slope, by the step's learning rate: a panel a network."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from stages.claims.shared.axes import HALO, colours
from stages.claims.stepsize.verdict import Line, Measured, brief
from stages.page.figures.layout import INK, MUTED, WIDTH, Sheet
from stages.page.figures.text import plural

LEFT, RIGHT, BETWEEN = 0.95, 0.35, 0.95  # inches beside and between the panels
HEIGHT, STEP = 1.75, 2.5  # inches: a panel, and from one row to the next


def draw(results: Measured, title: str) -> Figure:
    """Draw one panel for each state of the run's network."""
    lines = results.lines
    rows = -(-len(lines) // 2)
    sheet = Sheet(
        title,
        f"The cost of all {plural(lines[0].images, 'training image')} after one step along "
        "their negative gradient, by learning rate. Dashed: what the slope promises. On grey "
        "ground, steps longer than the best. Every panel has its own axis of cost.",
        rows * STEP + 0.35,
    )
    width = (WIDTH - LEFT - RIGHT - BETWEEN) / 2
    colour = colours([line.name for line in lines])
    for place, line in enumerate(lines):
        row, column = divmod(place, 2)
        left = LEFT + column * (width + BETWEEN)
        axes = sheet.panel(left, 0.35 + row * STEP, width, HEIGHT)
        draw_line(axes, line, colour[line.name])
        if column == 0:
            axes.set_ylabel("cost of an image")
    return sheet.figure


def draw_line(axes: Axes, line: Line, colour: str) -> None:
    """Draw the cost after a step, what was promised, and the best rate."""
    axes.set_xscale("log")
    fall = float(line.falls.max())
    if fall <= 1e-6 * line.start:  # nothing fell: show the start on a scale that can be read
        fall = 0.01 * (line.start or 1.0)
    axes.axhline(line.start, color=INK, lw=0.8)
    axes.axvspan(line.best_rate, line.rates[-1], color="#f1f3f6", lw=0, zorder=0)
    if line.dead is not None:
        draw_dead(axes, line, float(line.rates[line.dead]))
    fine = np.geomspace(line.rates[0], line.rates[-1], 400)  # the promise bends on this axis
    promise = line.start - fine * line.gradient**2
    axes.plot(fine, promise, color=MUTED, lw=1.1, ls=(0, (4, 3)))
    axes.plot(line.rates, line.costs, color=colour, lw=1.8, marker="o", ms=3)
    axes.plot(line.best_rate, line.costs[line.best], "o", color=colour, ms=7)
    axes.set_xlim(line.rates[0], line.rates[-1])
    axes.set_ylim(line.start - 1.45 * fall, line.start + 0.75 * fall)
    axes.set_title(line.name, size=9.5, weight="bold", color=colour, loc="left", pad=7)
    axes.annotate(
        "before the step",
        (line.rates[0], line.start),
        (5, 3),
        textcoords="offset points",
        size=8.5,
        color=INK,
    )
    name_best(axes, line, colour)
    axes.xaxis.set_major_locator(FixedLocator([10.0**e for e in range(-6, 8)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda rate, _: f"{rate:,g}")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")
    axes.grid(visible=True, axis="y")
    axes.set_xlabel("learning rate")


def draw_dead(axes: Axes, line: Line, first: float) -> None:
    """Hatch the steps of which a network dies, from the rate ``first`` on, and say so."""
    axes.axvspan(first, float(line.rates[-1]), fc="none", ec="#c3ccd7", hatch="///", lw=0, zorder=0)
    middle = float(np.sqrt(first * line.rates[-1]))
    roomy = line.rates[-1] >= 10 * first
    words = axes.annotate(
        "dead:\nno slope left" if roomy else "dead", (middle, line.start), (0, -34),
        textcoords="offset points", ha="center", va="center", size=9, weight="bold", color=INK,
        rotation=0 if roomy else 90,
    )  # fmt: skip
    words.set_path_effects([HALO])


def name_best(axes: Axes, line: Line, colour: str) -> None:
    """Write the best rate below its dot, on the side where the promise is not."""
    right = line.best < 0.85 * len(line.rates)
    axes.annotate(
        f"best: {brief(line.best_rate)}",
        (line.best_rate, line.costs[line.best]),
        (4 if right else -4, -8),
        textcoords="offset points",
        size=9,
        weight="bold",
        color=colour,
        ha="left" if right else "right",
        va="top",
    )
