"""What one image asks of an untrained network: its outputs, the layer before, and their sums."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import NDArray

from stages.claims.shared.arrows import arrow, arrows_in_a_row, extent, matrix
from stages.claims.wishes.verdict import Asked
from stages.common.files.arrays import Floats
from stages.page.figures.layout import (
    BLUE,
    FAINT,
    GLOW,
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    WIDTH,
    Sheet,
)

# Inches.
LEFT, LINE, WIDEST = 2.35, 0.25, 0.45  # left of the matrix, a row of it, and its widest cell
PICTURE, TRACK = 0.62, 1.15  # the image's longer side, and the way from 0 to 1
HEAD, BETWEEN = 0.5, 0.2  # above the matrix, and between what is below it
SUMS, SIGNS, FURTHER = 0.8, 0.5, 0.6  # heights of arrows
PALE = "#c3cad3"


def draw(both: list[Asked], title: str) -> Figure:
    """Draw the untrained network, from its outputs back."""
    asked = both[0]
    outputs = asked.drawn()
    below = HEAD + LINE * len(outputs) + BETWEEN
    further = asked.last > 1
    body = below + SUMS + BETWEEN + SIGNS + (BETWEEN + FURTHER) * further + 0.35
    sheet = Sheet(
        title,
        f"One image of {asked.names.one(asked.true)}, shown to the untrained network. Blue asks "
        "for more, orange for less.",
        body,
    )
    axes = sheet.canvas(MARGIN, 0, WIDTH - 2 * MARGIN, body)
    draw_outputs(axes, asked, outputs)
    draw_matrix(axes, asked, outputs)
    draw_sums(axes, asked, below)
    if further:
        draw_further(axes, asked, below + SUMS + BETWEEN + SIGNS + BETWEEN)
    axes.set_xlim(0, WIDTH - 2 * MARGIN)  # imshow has changed them
    axes.set_ylim(body, 0)
    return sheet.figure


def side_of(values: Floats) -> float:
    """Width of a column, of so many."""
    return float(min(WIDEST, (WIDTH - 2 * MARGIN - LEFT) / len(values)))


def words(axes: Axes, y: float, text: str, *, about: str = "") -> None:
    """Say at the left of a row what it is, and below that what to see in it."""
    axes.text(0, y - 0.08 * bool(about), text, size=9.5, weight="bold", va="center")
    axes.text(0, y + 0.1, about, size=8.5, color=MUTED, va="center")


def draw_outputs(axes: Axes, asked: Asked, outputs: NDArray[np.intp]) -> None:
    """Draw a way from 0 to 1 for each output, with an arrow from its activation to its target."""
    image, left = asked.arrays["image"], LEFT - TRACK - 0.25
    wide, tall = extent(image, PICTURE)
    axes.imshow(image, cmap=GLOW, vmin=0, vmax=255, aspect="auto", interpolation="nearest",
                extent=(0, wide, HEAD + tall, HEAD))  # fmt: skip
    axes.text(left + TRACK / 2, 0.13, "each output's wish", size=9.5, weight="bold", ha="center",
              va="center")  # fmt: skip
    for level in (0, 1):
        axes.text(left + level * TRACK, HEAD - 0.12, str(level), size=8.5, color=MUTED, ha="center",
                  va="center")  # fmt: skip
    for row, output in enumerate(outputs):
        y, a = HEAD + (row + 0.5) * LINE, float(asked.outputs[output])
        is_true = output == asked.true
        axes.plot([left, left + TRACK], [y, y], color=FAINT, lw=0.8, zorder=0)
        by = (float(is_true) - a) * TRACK
        arrow(axes, (left + a * TRACK, y), (by, 0.0), BLUE if is_true else ORANGE, 0.055)
        dot = Circle((left + a * TRACK, y), 0.06, facecolor=GLOW(a), edgecolor=INK, zorder=3)
        axes.add_artist(dot)
        axes.text(left - 0.14, y, asked.names.brief(int(output)), size=9, ha="right",
                  va="center_baseline", weight="bold" if is_true else "normal",
                  color=INK if is_true else MUTED)  # fmt: skip


def draw_matrix(axes: Axes, asked: Asked, outputs: NDArray[np.intp]) -> None:
    """Draw what each output asks of the neurons before: its push times its weights."""
    layer = asked.last - 1
    values = asked[f"matrix_{layer}"][outputs]
    side = side_of(values[0])
    axes.text(LEFT, 0.13, f"what it asks of {asked.layer(layer)}", size=9.5, weight="bold",
              va="center")  # fmt: skip
    matrix(axes, LEFT, HEAD, side, LINE, values)
    for place, neuron in enumerate(asked[f"neurons_{layer}"]):
        axes.text(LEFT + (place + 0.5) * side, HEAD - 0.12, str(neuron), size=7.5, color=MUTED,
                  ha="center", va="center")  # fmt: skip


def draw_sums(axes: Axes, asked: Asked, y: float) -> None:
    """Draw the sums of the columns with what was measured, and the sums without signs."""
    layer = asked.last - 1
    sums, unsigned = asked.sums(layer), asked["unsigned"][asked[f"neurons_{layer}"]]
    side = side_of(sums)
    words(axes, y + SUMS / 2, "added up", about="tick: measured by moving it")
    arrows_in_a_row(axes, LEFT, y, side, SUMS, sums, measured=asked[f"measured_{layer}"])
    y += SUMS + BETWEEN
    words(axes, y + SIGNS / 2, "without signs", about="black: the wrong way")
    colors = [INK if wrong else PALE for wrong in unsigned * sums < 0]
    arrows_in_a_row(axes, LEFT, y, side, SIGNS, unsigned, colors=colors)


def draw_further(axes: Axes, asked: Asked, y: float) -> None:
    """Draw the sums one layer further back, with what was measured."""
    layer = asked.last - 2
    sums = asked.sums(layer)
    words(axes, y + FURTHER / 2, "one layer further back", about=asked.layer(layer))
    arrows_in_a_row(
        axes, LEFT, y, side_of(sums), FURTHER, sums, measured=asked[f"measured_{layer}"]
    )
