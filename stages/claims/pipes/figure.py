"""Accuracy by connections, of networks that were built small and of trained ones that were cut."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from stages.claims.pipes.verdict import NAMES, Pipes
from stages.claims.shared.axes import (
    HALO,
    as_errors,
    error_axis,
    move_apart,
    note,
    readable_ticks,
)
from stages.claims.shared.significance import mean_interval
from stages.common.files.arrays import Floats
from stages.page.figures.layout import BLUE, INK, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.text import plural

LEFT, RIGHT, HIGH = 0.95, 1.75, 3.6  # inches
APART = 15  # points between two names


class Curve(NamedTuple):
    """Networks by their connections, the fewest first."""

    name: str
    weights: list[int]
    tests: list[Floats]  # (networks,) accuracies for each
    color: str
    dashed: bool = False
    left: bool = False  # named at its left end


def draw(pipes: Pipes, title: str) -> Figure:
    """Draw a curve for each number of hidden layers, and one for each way of cutting."""
    sheet = Sheet(
        title,
        "Orange: trained networks without the smallest of their weights (dashed), and after "
        f"{plural(pipes.epochs_after, 'epoch')} more without them (solid). The others are built "
        "with so many connections. Dots are means, upright lines 95 % intervals.",
        HIGH + 0.75,
    )
    axes = sheet.panel(LEFT, 0.15, WIDTH - LEFT - RIGHT, HIGH)
    axes.set_xscale("log")
    axes.set_yscale("log")
    curves = [*built_curves(pipes), *cut_curves(pipes)]
    for curve in curves:
        draw_curve(axes, curve)
    error_axis(axes.yaxis, [tests for curve in curves for tests in curve.tests])
    places = np.array(sorted({weights for curve in curves for weights in curve.weights}), float)
    axes.set_xlim(places[0] / 1.3, places[-1] * 1.3)
    shown = places[readable_ticks(axes, places)]
    axes.xaxis.set_major_locator(FixedLocator(shown.tolist()))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(shown, [f"{int(place):,}" for place in shown], size=8)
    axes.grid(visible=True, axis="y")
    axes.set_xlabel("connections (weights), spaced by doubling")
    axes.set_ylabel("test images read (%), spaced by halving the errors")
    name_curves(axes, curves)
    name_widths(axes, pipes)
    return sheet.figure


def built_curves(pipes: Pipes) -> list[Curve]:
    """A curve for each number of hidden layers."""
    colors = dict(zip(NAMES, (INK, MUTED, BLUE), strict=True))
    return [
        Curve(name, [each.weights for each in line], [each.test for each in line], colors[depth])
        for depth, name in NAMES.items()
        for line in [pipes.line(depth)]
    ]


def cut_curves(pipes: Pipes) -> list[Curve]:
    """What is left of trained networks, at once and after training on."""
    rungs = pipes.rungs[::-1]
    weights = [rung.weights for rung in rungs]
    return [
        Curve("cut, trained on", weights, [rung.trained for rung in rungs], ORANGE, left=True),
        Curve("only cut", weights, [rung.cut for rung in rungs], ORANGE, dashed=True, left=True),
    ]


def draw_curve(axes: Axes, curve: Curve) -> None:
    """Draw the means with their intervals, joined by a line."""
    means = [mean_interval(tests) for tests in curve.tests]
    style = (0, (4, 3)) if curve.dashed else "-"
    axes.plot(
        curve.weights, as_errors(np.array([mean.value for mean in means])), "o", ls=style,
        color=curve.color, ms=5, lw=1.7, mfc="white" if curve.dashed else curve.color, zorder=3,
    )  # fmt: skip
    for weights, mean in zip(curve.weights, means, strict=True):
        ends = as_errors(np.array([max(mean.low, 0), mean.high]))
        axes.plot([weights] * 2, ends, color=curve.color, lw=1.2, zorder=2)


def name_curves(axes: Axes, curves: Sequence[Curve]) -> None:
    """Name every curve at one of its ends, so far apart that all can be read."""
    point = 72 / axes.figure.dpi
    for left in (True, False):
        same_side = [curve for curve in curves if curve.left == left]
        place = 0 if left else -1
        ends = [(c.weights[place], float(as_errors(c.tests[place]).mean())) for c in same_side]
        heights = [float(axes.transData.transform(end)[1]) * point for end in ends]
        for curve, end, height, moved in zip(
            same_side, ends, heights, move_apart(heights, APART, np.inf), strict=True
        ):
            note(axes, end, (10, moved - height), curve.name, curve.color, bold=True)
            axes.texts[-1].set_path_effects([HALO])


def name_widths(axes: Axes, pipes: Pipes) -> None:
    """Say below the last curve how many neurons a layer of its networks has."""
    for place, built in enumerate(pipes.line(max(NAMES))):
        text = f"{built.width}" if place else f"{plural(built.width, 'neuron')} a layer"
        note(axes, (built.weights, float(as_errors(built.test).mean())), (3, -22), text, BLUE)
