"""One step's growth of the weights into the outputs; below, how often either rule is right."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.claims.hebb.verdict import Growth, Place
from stages.claims.shared.arrows import arrow, extent, largest
from stages.claims.shared.axes import note
from stages.page.figures.layout import (
    BLUE,
    FAINT,
    GLOW,
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    PULL,
    WIDTH,
    Sheet,
)
from stages.page.figures.text import percent
from stages.page.figures.weights import frame

RULES = {"wanted": BLUE, "together": ORANGE}
NAMES = {"wanted": "one bright, the other to shine more", "together": "both bright"}
MOST, WIDEST = 12, 40  # outputs and neurons that are drawn
LEFT, WIDE, LINE = 2.55, 5.0, 0.17  # inches: beside the matrix, its width, and a row
PICTURE, ABOVE, ROW = 0.95, 0.62, 0.34  # inches: the image, what is above the matrix, and a layer
SHORT = 0.36  # inches of the longest arrow
BELOW = 1.0  # inches between the matrix and the dots


def draw(growth: Growth, title: str) -> Figure:
    """Draw the matrix of one step above the dots of all networks."""
    outputs = drawn_outputs(growth)
    matrix = ABOVE + LINE * len(outputs)
    dots = ROW * len(growth.places)
    sheet = Sheet(
        title,
        "Above: one image, one untrained network, one step: blue weights grow, orange ones shrink. "
        f"Below: {growth.networks} networks.",
        matrix + BELOW + dots + 0.75,
    )
    draw_matrix(sheet.canvas(MARGIN, 0, WIDTH - 2 * MARGIN, matrix + 0.3), growth, outputs)
    axes = sheet.panel(LEFT + MARGIN, matrix + BELOW, WIDE, dots)
    draw_rules(axes, growth)
    return sheet.figure


def drawn_outputs(growth: Growth) -> list[int]:
    """The outputs that are drawn, in their order: the true one and those farthest from 0."""
    strength = np.abs(growth.arrays["wishes"]).astype(np.float64)
    strength[int(growth.arrays["label"])] = np.inf
    return sorted(np.argsort(-strength, kind="stable")[:MOST].tolist())


def draw_matrix(axes: Axes, growth: Growth, outputs: list[int]) -> None:
    """Draw the growth of the weights into the outputs, with what the neurons at both ends do."""
    arrays, label = growth.arrays, int(growth.arrays["label"])
    order = np.argsort(arrays["before"], kind="stable")[-WIDEST:]
    values = arrays["growth"][np.ix_(np.array(outputs), order)]
    end, side, bottom = largest(values), WIDE / len(order), ABOVE + LINE * len(outputs)
    wide, tall = extent(arrays["image"], PICTURE)
    axes.imshow(arrays["image"], cmap=GLOW, vmin=0, vmax=255, aspect="auto",
                extent=(0, wide, ABOVE + tall, ABOVE), interpolation="nearest")  # fmt: skip
    axes.imshow(values, cmap=PULL, vmin=-end, vmax=end, aspect="auto", interpolation="nearest",
                extent=(LEFT, LEFT + WIDE, bottom, ABOVE))  # fmt: skip
    frame(axes, LEFT, ABOVE, WIDE, LINE * len(outputs))
    scale = max(1.0, float(np.abs(arrays["before"]).max()))
    for place, neuron in enumerate(order):
        middle = LEFT + (place + 0.5) * side
        shade = GLOW(max(0.0, float(arrays["before"][neuron])) / scale)
        axes.plot(middle, ABOVE - 0.16, "o", ms=min(10.0, 60 * side), mfc=shade, mec=MUTED, mew=0.6)
    axes.text(LEFT, ABOVE - 0.42, "the neurons before, from dark to bright", size=9, color=MUTED,
              va="center")  # fmt: skip
    wished = largest(arrays["wishes"])
    for row, output in enumerate(outputs):
        y = ABOVE + (row + 0.5) * LINE
        true = output == label
        axes.text(LEFT - 0.92, y, growth.names.brief(output), size=8.5, ha="right",
                  va="center_baseline", weight="bold" if true else "normal",
                  color=INK if true else MUTED)  # fmt: skip
        wish = float(arrays["wishes"][output]) / wished * SHORT
        arrow(axes, (LEFT - 0.46, y), (wish, 0.0), BLUE if wish > 0 else ORANGE)
    axes.text(LEFT - 0.46, ABOVE - 0.12, "its wish", size=9, color=MUTED, ha="center", va="center")
    axes.text(LEFT - 0.92, ABOVE - 0.12, "output", size=9, color=MUTED, ha="right", va="center")
    right = WIDTH - 2 * MARGIN
    axes.set_xlim(0, right)  # imshow has changed them
    axes.set_ylim(bottom + 0.3, 0)


def draw_rules(axes: Axes, growth: Growth) -> None:
    """Draw a line for each layer, with a dot for each network and rule, and their means."""
    for row, place in enumerate(growth.places):
        axes.axhline(row, color=FAINT, lw=0.8, zorder=0)
        for rule, color in RULES.items():
            shares = 100 * growth.of(place, rule)
            axes.plot(shares, np.full(len(shares), row), "o", color=color, ms=4, alpha=0.3, mew=0,
                      clip_on=False)  # fmt: skip
            mean = float(shares.mean())
            axes.plot(mean, row, "o", color=color, ms=9, mec="white", mew=1, clip_on=False)
    for rule, color in RULES.items():
        mean = 100 * growth.interval(growth.places[0], rule).value
        align = "right" if mean > 70 else "left" if mean < 30 else "center"
        note(axes, (mean, 0), (0, 17 if rule == "wanted" else 31), NAMES[rule], color, bold=True,
             ha=align)  # fmt: skip
    half = len(growth.places) // 2
    axes.axhline(half - 0.5, color=MUTED, lw=0.8)
    axes.set_yticks(range(len(growth.places)), [tick(growth, place) for place in growth.places])
    axes.set_ylim(len(growth.places) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel(
        f"of the {percent(float(growth.arrays['share']), 0)} of growing weights that grow most (%)"
    )


def tick(growth: Growth, place: Place) -> str:
    """The name of a line."""
    return f"{growth.when(place.epoch)}: {growth.layer(place.layer)}"
