"""The project at a glance: one digit on its way through the network, and how it was learned."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from stages.common.files.arrays import Floats
from stages.common.images.classes import Classes
from stages.page.figures import learning, weights
from stages.page.figures.layout import (
    GLOW,
    LIGHT,
    MARGIN,
    NIGHT,
    RING,
    SKY,
    SOFT,
    Picture,
    Sheet,
)
from stages.page.figures.results import Results
from stages.page.figures.text import percent, percent_of, plural

WIDE, TALL = 10.4, 4.35  # inches: the figure, and what stands below its heading
NETWORK = 6.75  # inches for the network; the curve has the rest
PICTURE = 1.45  # inches: side of the image
MOST = 16  # neurons of a layer that are drawn: the brightest
MOST_LAYERS = 4  # hidden layers drawn: the first and last two of more
FAINTEST = 0.03  # of the strongest line; weaker ones cannot be seen
SHORT = 4  # characters of names of which the winner's may be written large
RULE = "#2b3b4e"


class Column(NamedTuple):
    """The drawn neurons of a layer: their numbers, activations, and places in inches."""

    layer: int
    neurons: NDArray[np.intp]
    activations: Floats
    x: float
    ys: Floats


def draw(results: Results) -> Picture:
    """Draw the network as it reads a test image, beside the accuracy by epoch."""
    title = (
        f"{results.network.parameters.size:,} weights and biases read "
        f"{percent_of(results.metrics['accuracy'], len(results.labels))} of "
        f"{plural(len(results.labels), 'test image')}"
    )
    shape = "-".join(str(n) for n in results.network.sizes)
    sheet = Sheet(
        title,
        f"A {shape} network after {plural(learning.epochs(results), 'epoch')} of gradient descent.",
        TALL,
        WIDE,
        dark=True,
    )
    index = subject(results)
    axes = sheet.canvas(MARGIN, 0, NETWORK, TALL)
    columns = place(results, index)
    draw_image(axes, results, index)
    draw_edges(axes, results, columns)
    draw_neurons(axes, results, columns)
    left = MARGIN + NETWORK + 0.75
    curve = sheet.panel(left, 0.62, WIDE - left - 0.4, TALL - 1.5)
    draw_curve(curve, results)
    words = caption(results, index)
    return Picture("hero", title, words, f"{title}. {words}", sheet.figure)


def subject(results: Results) -> int:
    """The first correctly read test image, or else the first one."""
    return int(np.argmax(results.labels == results.guesses))


def caption(results: Results, index: int) -> str:
    """What the two parts are."""
    history, names = results.history, results.names
    label, guess = int(results.labels[index]), int(results.guesses[index])
    first, last = (percent(history["validation_accuracy"][i], 1) for i in (0, -1))
    text = (
        f"Left: a test image of class {names[label]} lights up neurons layer by layer, "
        f"and the network answers {names[guess]}. Lines between neurons are a weight "
        "times the activation that it carries, lines from the image a weighted sum: blue makes "
        "the neuron at the end brighter, orange dimmer. "
        f"Right: accuracy by epoch, on validation images from {first} to {last}."
    )
    if max(results.network.sizes[1:]) > MOST:
        text += f" Of each layer, at most the {MOST} brightest neurons are drawn."
    if len(results.network.sizes) - 2 > MOST_LAYERS:
        text += " Of the hidden layers, the first two and last two are drawn."
    return text


def place(results: Results, index: int) -> list[Column]:
    """Choose the layers and neurons to draw, and spread them over the room."""
    layers = [a[:, 0] for a in results.activations(np.array([index]))]
    hidden = list(range(len(layers) - 1))
    if len(hidden) > MOST_LAYERS:
        hidden = hidden[: MOST_LAYERS // 2] + hidden[-MOST_LAYERS // 2 :]
    shown = [*hidden, len(layers) - 1]
    xs = np.linspace(PICTURE, NETWORK - 0.55, len(shown) + 1)[1:]
    return [column(n, layers[n], float(x)) for n, x in zip(shown, xs, strict=True)]


def column(layer: int, activations: Floats, x: float) -> Column:
    """Up to ``MOST`` neurons, the brightest, in the layer's order, centred in height."""
    neurons = np.sort(np.argsort(-activations, kind="stable")[:MOST])
    step = min(0.34, (TALL - 0.95) / max(1, len(neurons) - 1))
    ys = (TALL - 0.35) / 2 + 0.08 + step * (np.arange(len(neurons)) - (len(neurons) - 1) / 2)
    return Column(layer, neurons, activations[neurons], x, ys)


def draw_image(axes: Axes, results: Results, index: int) -> None:
    """Show the test image at the left."""
    height, width = results.image_shape
    wide, high = PICTURE * min(1, width / height), PICTURE * min(1, height / width)
    middle = (TALL - 0.35) / 2 + 0.08
    extent = (0, wide, middle + high / 2, middle - high / 2)
    axes.imshow(
        results.image(index),
        cmap=GLOW,
        vmin=0,
        vmax=255,
        extent=extent,
        aspect="auto",
        interpolation="nearest",
    )
    weights.frame(axes, 0, middle - high / 2, wide, high, color=RULE)


def draw_edges(axes: Axes, results: Results, columns: list[Column]) -> None:
    """Lines between neighbouring layers, the stronger the brighter."""
    first = columns[0]
    sums = results.network.weights[0] @ inputs(results) + results.network.biases[0]
    height, width = results.image_shape
    middle = (TALL - 0.35) / 2 + 0.08
    start = (PICTURE * min(1, width / height), middle)
    lines = [[start, (first.x, y)] for y in first.ys]
    add_lines(axes, lines, sums[first.neurons])
    for before, after in pairwise(columns):
        if after.layer == before.layer + 1:
            carried = results.network.weights[after.layer][np.ix_(after.neurons, before.neurons)]
            lines = [[(before.x, a), (after.x, b)] for b in after.ys for a in before.ys]
            add_lines(axes, lines, (carried * before.activations).ravel())


def inputs(results: Results) -> Floats:
    """What the network sees of the drawn image, (n_0,)."""
    seen = results.model.preprocessing.feed(results.images[[subject(results)]])
    return np.asarray(seen[0])


def add_lines(
    axes: Axes, lines: list[list[tuple[float, float]]], values: NDArray[np.floating]
) -> None:
    """Draw lines by the size and sign of their values."""
    strength = np.abs(values) / (np.abs(values).max() or 1)
    strong = np.flatnonzero(strength > FAINTEST)
    colors = [
        (*to_rgb(SKY if values[n] > 0 else RING), 0.06 + 0.8 * float(strength[n])) for n in strong
    ]
    drawn, widths = [lines[n] for n in strong], 0.3 + 1.5 * strength[strong]
    axes.add_collection(LineCollection(drawn, colors=colors, linewidths=widths))


def draw_neurons(axes: Axes, results: Results, columns: list[Column]) -> None:
    """Dots as bright as the neurons; the outputs carry their names."""
    for c in columns:
        step = c.ys[1] - c.ys[0] if len(c.ys) > 1 else 0.34
        radius = min(0.105, 0.42 * step)
        top = max(1.0, float(np.abs(c.activations).max()))
        for y, a in zip(c.ys, c.activations, strict=True):
            face = GLOW(max(0.0, float(a)) / top)
            axes.add_patch(
                Circle((c.x, y), radius, facecolor=face, edgecolor=SOFT, linewidth=0.7, zorder=3)
            )
        is_output = c is columns[-1]
        total = results.network.sizes[c.layer + 1]
        name = "outputs" if is_output else plural(total, "neuron")
        axes.text(c.x, TALL - 0.2, name, color=SOFT, size=8.5, ha="center")
        if is_output:
            draw_names(axes, c, radius, results.names)
    pixels = plural(results.network.sizes[0], results.input)
    axes.text(PICTURE / 2, TALL - 0.2, pixels, color=SOFT, size=8.5, ha="center")


def draw_names(axes: Axes, outputs: Column, radius: float, names: Classes) -> None:
    """Name the outputs, and ring the winner."""
    winner = int(outputs.activations.argmax())
    for place, (label, y) in enumerate(zip(outputs.neurons, outputs.ys, strict=True)):
        won = place == winner
        axes.text(
            outputs.x + radius + 0.12,
            y,
            names[label],
            size=13 if won and names.longest <= SHORT else 9,
            weight="bold" if won else "normal",
            color=LIGHT if won else SOFT,
            va="center_baseline",
        )
    axes.add_patch(
        Circle(
            (outputs.x, outputs.ys[winner]),
            radius * 1.35,
            fill=False,
            edgecolor=RING,
            linewidth=2,
            zorder=4,
        )
    )


def draw_curve(axes: Axes, results: Results) -> None:
    """Accuracy by epoch, spaced by its distance from 100 %, on dark ground."""
    learning.draw_errors(axes, results, colors={"train": RING, "validation": SKY})
    history = results.history
    axes.set_facecolor(NIGHT)
    axes.set_ylabel("")
    axes.set_title("accuracy (%)", loc="left", color=SOFT, size=9.5)
    axes.set_xlabel("epoch", color=SOFT)
    axes.set_xlim(0, max(1, learning.epochs(results)))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10], integer=True))
    axes.tick_params(colors=RULE, labelcolor=SOFT)
    axes.grid(visible=True, axis="y", color=RULE)
    axes.spines[["left", "bottom"]].set_color(RULE)
    for row, (key, color, name) in enumerate(
        (("train", RING, "training"), ("validation", SKY, "validation"))
    ):
        text = f"{name} {percent(history[f'{key}_accuracy'][-1], 1)}"
        axes.text(
            0.98,
            0.2 - 0.1 * row,
            text,
            color=color,
            weight="bold",
            ha="right",
            transform=axes.transAxes,
            bbox={"facecolor": NIGHT, "edgecolor": "none", "pad": 1.5},
        )
