"""Accuracy by width, depth and functions, and the gradient of each layer before the first step."""

from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator

from stages.claims.architecture.trainings import (
    ACTIVATIONS,
    COSTS,
    NAMES,
    PAIRS,
    TINY,
    Trainings,
)
from stages.claims.architecture.verdict import shape_name
from stages.claims.shared.axes import as_errors, error_axis, panel_title
from stages.claims.shared.words import percent_and_deviation
from stages.common.files.arrays import Floats
from stages.page.figures.layout import BLUE, ORANGE, Sheet
from stages.page.figures.text import MINUS, plural

COLORS = dict(zip(PAIRS, (BLUE, ORANGE), strict=True))
MOST_TICKS = 10  # on the axis of layers
LINE = 13  # points from one line of a curve's name to the next


def draw(trainings: Trainings, title: str) -> Figure:
    """Draw four panels: width, depth, functions, and the gradient layer by layer."""
    sheet = Sheet(
        title,
        f"Dots: {plural(trainings.seeds, 'training')} of each network for {trainings.length}; "
        f"lines: their mean{dashed(trainings)}. Every network has its own best learning rate.",
        5.95,
    )
    draw_width(sheet.panel(0.95, 0.3, 2.95, 2.3), trainings)
    draw_depth(sheet.panel(4.35, 0.3, 2.65, 2.3), trainings)
    draw_functions(sheet.panel(1.85, 3.6, 2.05, 1.75), trainings)
    draw_slopes(sheet.panel(4.85, 3.6, 2.15, 1.75), trainings)
    return sheet.figure


def dashed(trainings: Trainings) -> str:
    """What dashed lines are, if there are any."""
    return f", dashed after {trainings.early.length}" if trainings.early else ""


def draw_width(axes: Axes, trainings: Trainings) -> None:
    """Draw accuracy against the neurons in each layer, with the parameters that they need."""
    panel_title(axes, f"width, with {plural(trainings.depth, 'hidden layer')}")
    axes.set_xscale("log", base=2)
    curves = {pair: trainings.by_width(pair) for pair in PAIRS}
    if trainings.early:
        draw_early(axes, {pair: trainings.early.by_width(pair) for pair in PAIRS})
    draw_curves(axes, trainings, curves, trainings.width)
    widths = [*curves[PAIRS[0]]]
    labels = [f"{w}\n{trainings.parameters[trainings.depth, w]:,}" for w in widths]
    axes.xaxis.set_major_locator(FixedLocator(widths))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(widths, labels, size=8)
    axes.set_xlim(widths[0] / 1.35, widths[-1] * 1.35)
    axes.set_xlabel("neurons in each layer; below, all parameters")
    axes.set_ylabel("accuracy on test images (%),\nspaced by halving the errors")


def draw_depth(axes: Axes, trainings: Trainings) -> None:
    """Draw accuracy against the number of hidden layers, and name the curves."""
    panel_title(axes, f"depth, with layers of {trainings.width}")
    curves = {pair: trainings.by_depth(pair) for pair in PAIRS}
    if trainings.early:
        draw_early(axes, {pair: trainings.early.by_depth(pair) for pair in PAIRS})
    draw_curves(axes, trainings, curves, trainings.depth)
    depths = [*curves[PAIRS[0]]]
    axes.set_xticks(depths, [f"{d}" for d in depths])
    axes.set_xlim(depths[0] - 0.3, depths[-1] + 0.3)
    axes.set_xlabel("hidden layers")
    ends = {pair: float(as_errors(c[depths[-1]]).mean()) for pair, c in curves.items()}
    texts = {pair: f"{NAMES[pair[0]]},\n{NAMES[pair[1]]}" for pair in PAIRS}
    name_ends(axes, depths[-1], ends, texts)


def name_ends(
    axes: Axes, x: float, ends: dict[tuple[str, str], float], texts: dict[tuple[str, str], str]
) -> None:
    """Name two curves at their right ends, far enough apart to be read."""
    heights = {key: float(axes.transData.transform((x, y))[1]) for key, y in ends.items()}
    lower, upper = sorted(heights, key=lambda key: heights[key])
    apart = (heights[upper] - heights[lower]) * 72 / axes.figure.dpi
    lines = 1 + texts[upper].count("\n")
    shift = max(0.0, (LINE * lines - apart) / 2)
    for key, moved in ((lower, -shift), (upper, shift)):
        axes.annotate(
            texts[key],
            (x, ends[key]),
            (10, moved),
            textcoords="offset points",
            color=COLORS[key],
            weight="bold",
            va="center",
            annotation_clip=False,
        )


def draw_early(axes: Axes, curves: dict[tuple[str, str], dict[int, Floats]]) -> None:
    """Draw the means after the shorter training, dashed."""
    for pair, color in COLORS.items():
        means = [float(as_errors(shares).mean()) for shares in curves[pair].values()]
        axes.plot([*curves[pair]], means, color=color, lw=1.2, ls=(0, (4, 3)), alpha=0.8)


def draw_curves(
    axes: Axes, trainings: Trainings, curves: dict[tuple[str, str], dict[int, Floats]], at: int
) -> None:
    """Draw a dot for each training, a line through the means, and a ring in the middle."""
    axes.set_yscale("log")
    for pair, color in COLORS.items():
        places = [*curves[pair]]
        errors = [as_errors(shares) for shares in curves[pair].values()]
        axes.plot(places, [e.mean() for e in errors], color=color, lw=1.7, zorder=3)
        for place, values in zip(places, errors, strict=True):
            axes.plot([place] * len(values), values, "o", color=color, ms=4, alpha=0.55, mew=0)
        mean = errors[places.index(at)].mean()
        axes.plot([at], [mean], "o", color="white", mec=color, mew=1.5, ms=7, zorder=4)
    shown = (trainings, trainings.early) if trainings.early else (trainings,)
    error_axis(axes.yaxis, [shares for each in shown for shares in each.tests.values()])
    axes.grid(visible=True, axis="y")


def draw_functions(axes: Axes, trainings: Trainings) -> None:
    """Draw the four combinations of functions in the middle's shape, one below the other."""
    panel_title(axes, f"functions, with {shape_name(trainings.depth, trainings.width)}")
    axes.set_xscale("log")
    rows = [trainings.middle(name, cost) for name, cost in product(ACTIVATIONS, COSTS)]
    for row, key in enumerate(rows):
        color = BLUE if key[0] == ACTIVATIONS[0] else ORANGE
        errors = as_errors(trainings.tests[key])
        axes.plot(errors, [row] * len(errors), "o", color=color, ms=4.5, alpha=0.55, mew=0)
        axes.plot([errors.mean()] * 2, [row - 0.25, row + 0.25], color=color, lw=2.2)
    error_axis(axes.xaxis, [trainings.tests[key] for key in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    names = [
        f"{NAMES[key[0]]}, {NAMES[key[1]]}\n{percent_and_deviation(trainings.tests[key])}"
        for key in rows
    ]
    axes.set_yticks(range(len(rows)), names, size=8)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("accuracy (%), spaced by halving the errors")


def power_of_ten(value: float) -> str:
    """``power_of_ten(0.001)`` is 0.001; from five places on it is 1e-5, with a true minus sign."""
    places = -round(np.log10(value))
    return f"{value:g}" if places < 5 else f"1e{MINUS}{places}"


def draw_slopes(axes: Axes, trainings: Trainings) -> None:
    """Draw the mean |gradient| of each layer's weights, before the first step."""
    layers = trainings.arrays["sigmoid_slope"].shape[1]
    panel_title(axes, "gradient before the first step")
    axes.set_yscale("log")
    places = np.arange(1, layers + 1)
    ends = {}
    for name, (pair, color) in zip(ACTIVATIONS, COLORS.items(), strict=True):
        slopes = np.maximum(trainings.arrays[f"{name}_slope"], TINY)
        for network in slopes:
            axes.plot(places, network, color=color, lw=0.8, alpha=0.45)
        axes.plot(places, slopes.mean(axis=0), color=color, lw=1.7, marker="o", ms=4.5)
        ends[pair] = float(slopes.mean(axis=0)[-1])
    axes.yaxis.set_major_locator(LogLocator(numticks=6))
    axes.yaxis.set_major_formatter(lambda x, _: power_of_ten(x))
    axes.yaxis.set_minor_locator(NullLocator())
    ticks = np.unique(np.linspace(1, layers, min(layers, MOST_TICKS)).astype(int))
    axes.set_xticks(ticks, [*(f"{n}" for n in ticks[:-1]), "last"])
    axes.set_xlim(0.7, layers + 0.3)
    axes.grid(visible=True, axis="y")
    axes.set_xlabel(f"layer of weights, with {plural(layers - 1, 'hidden layer')}")
    axes.set_ylabel("mean |gradient|")
    name_ends(axes, layers, ends, {pair: NAMES[pair[0]] for pair in PAIRS})
