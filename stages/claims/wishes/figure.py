"""What one image asks of every neuron, layer by layer backwards, before training and after."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle

from stages.claims.shared.arrows import (
    COLUMN,
    LINE,
    STRIP,
    arrow,
    arrows_in_a_column,
    arrows_in_a_row,
    cell,
    draw_neurons,
    extent,
    label,
    largest,
    matrix,
    scale_end,
    small_print,
)
from stages.claims.shared.words import PLUS_MINUS, without_exponent
from stages.claims.wishes.verdict import Asked, before_outputs
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
    wrap,
)
from stages.page.figures.text import decimal, plural
from stages.page.figures.weights import frame

INKED = 127  # grey level at the edge of the ink

# Inches.
GAP = 0.38  # between the two networks
TOP, ABOVE, BELOW = 1.25, 0.38, 0.22  # the image and the names; a step's heading; the space after
DETAIL, SCALE = 0.16, 0.17  # a line of small print; the ends of the scales
TRACK, SUMS, ARROWS, PIXELS = 0.95, 0.62, 0.36, 1.7  # heights: outputs, arrows, the last image
CHARACTERS = 128  # of small print, in a line
DIGIT = 0.065  # width of a digit in a neuron's name
PALE = "#c3cad3"
COLOURS = {
    "pixel": "more ink where it is blue, less where it is orange. The thin line is the edge of "
    "the ink.",
    "edge": "stronger ones where it is blue, fainter ones where it is orange. The thin line "
    "surrounds the strong ones.",
}


@dataclass(frozen=True)
class Step:
    """One step of the story: its words, its height in inches, and how to draw it."""

    heading: str
    detail: str
    body: float
    draw: Callable[[Axes, float, float, Asked], None]  # (axes, left, top, network)

    @cached_property
    def lines(self) -> list[str]:
        """The small print, as wide as the sheet."""
        return wrap(self.detail, CHARACTERS)

    @property
    def above(self) -> float:
        """Inches for the words."""
        return ABOVE + DETAIL * len(self.lines)

    @property
    def height(self) -> float:
        """Inches for all."""
        return self.above + self.body + BELOW


def draw(both: list[Asked], title: str) -> Figure:
    """Draw both networks side by side, from the outputs back to the picture."""
    steps = story(both[0])
    body = TOP + sum(step.height for step in steps)
    sheet = Sheet(
        title,
        "Blue asks for more, orange for less. Every panel has a scale of its own, whose end "
        f"({PLUS_MINUS}) stands beside it.",
        body,
    )
    axes = sheet.canvas(MARGIN, 0, WIDTH - 2 * MARGIN, body)
    introduce(axes, both)
    y = TOP
    for number, step in enumerate(steps, start=1):
        head(axes, y, number, step)
        for place, asked in enumerate(both):
            step.draw(axes, place * (COLUMN + GAP), y + step.above, asked)
        y += step.height
    return sheet.figure


def story(asked: Asked) -> list[Step]:
    """The steps that this shape of network has, from the outputs back to the picture."""
    steps = [first_step(), second_step(asked), third_step(asked)]
    if asked.last > 1:
        steps.append(further_step(asked))
    detail = f"The wishes for its {plural(asked.sizes[0], asked.input)}: {COLOURS[asked.input]}"
    heading = "And so on, to the picture itself, which cannot change"
    return [*steps, Step(heading, detail, PIXELS, draw_pixels)]


def first_step() -> Step:
    """The outputs."""
    return Step(
        "Every output wishes to reach its target: the farther away, the more",
        "Dot: activation. Arrow: to the target, 1 for the true class and 0 for the others.",
        TRACK + 0.36,
        draw_outputs,
    )


def second_step(asked: Asked) -> Step:
    """The three avenues."""
    return Step(
        f"Three ways to make output {asked.names[asked.true]} brighter",
        "Its bias; its weights, in step with the activations that they carry; and the "
        f"{before_outputs(asked)} before, in step with the weights.",
        0.3 + LINE + 2 * ARROWS + 0.22,
        draw_avenues,
    )


def third_step(asked: Asked) -> Step:
    """All outputs' wishes for the layer before, and their sums."""
    return Step(
        f"All outputs ask {asked.layer(asked.last - 1)} at once, and the wishes add up",
        "Each row: an output's push (its wish times how far it can still move) times its weights; "
        "outputs that must fall pull the other way. Ticks: measured, by moving one neuron alone. "
        "Without signs, as if all wished to rise: dark arrows point the wrong way.",
        SCALE + len(asked.drawn()) * LINE + 0.1 + SUMS + 0.24 + ARROWS,
        draw_matrix,
    )


def further_step(asked: Asked) -> Step:
    """The same for the layer before that."""
    layer = asked.last - 2
    before, further = asked.layer(layer + 1), asked.layer(layer)
    return Step(
        f"One layer further back: {before} asks {further} in the same way",
        "What was added up above, times how far a neuron can still move, is its push. Push times "
        f"weight is its wish for {further}. The rows, added up at the left, again meet what was "
        "measured.",
        ARROWS + 0.06 + SCALE + len(asked[f"neurons_{layer}"]) * LINE,
        draw_further,
    )


def introduce(axes: Axes, both: list[Asked]) -> None:
    """Show the image between the two networks' names and answers."""
    for place, asked in enumerate(both):
        x = place * (COLUMN + GAP)
        guess = int(asked.outputs.argmax())
        left = x + STRIP
        show_image(axes, asked, x, 0.1, 0.95)
        name = f"{asked.name} network".capitalize()
        axes.text(left + 0.1, 0.35, name, size=11.5, weight="bold", color=INK)
        answer = f"answers {asked.names[guess]}, output {decimal(float(asked.outputs[guess]))}"
        color = BLUE if guess == asked.true else ORANGE
        axes.text(left + 0.1, 0.6, answer, color=color, weight="bold")
        axes.text(left + 0.1, 0.82, f"cost {without_exponent(asked['cost'], 3)}", color=MUTED)


def show_image(axes: Axes, asked: Asked, x: float, y: float, side: float) -> None:
    """Draw the image, bright ink on dark ground."""
    image = asked.arrays["image"]
    wide, tall = extent(image, side)
    axes.imshow(
        image,
        cmap=GLOW,
        vmin=0,
        vmax=255,
        aspect="auto",
        extent=(x, x + wide, y + tall, y),
        interpolation="nearest",
    )


def head(axes: Axes, y: float, number: int, step: Step) -> None:
    """Write a step's number, heading and explanation across both networks."""
    axes.add_artist(Circle((0.11, y + 0.09), 0.11, facecolor=INK, edgecolor="none"))
    axes.text(
        0.11, y + 0.095, str(number), size=8.5, weight="bold", color="white", ha="center",
        va="center_baseline",
    )  # fmt: skip
    axes.text(0.31, y + 0.095, step.heading, size=10.5, weight="bold", va="center_baseline")
    for line, text in enumerate(step.lines):
        axes.text(0.31, y + 0.3 + DETAIL * line, text, size=8, color=MUTED, va="center_baseline")


def draw_outputs(axes: Axes, x: float, y: float, asked: Asked) -> None:
    """Draw a track from 0 to 1 for each output, with an arrow from dot to target."""
    outputs = asked.drawn()
    step = (COLUMN - 0.2) / len(outputs)
    for level in (0, 1):
        height = y + TRACK * (1 - level)
        axes.plot([x + 0.18, x + COLUMN], [height, height], color=FAINT, lw=0.8, zorder=0)
        axes.text(x + 0.1, height, str(level), size=8, color=MUTED, ha="center", va="center")
    for place, output in enumerate(outputs):
        middle, a = x + 0.2 + (place + 0.5) * step, float(asked.outputs[output])
        is_true = output == asked.true
        axes.plot([middle, middle], [y, y + TRACK], color=FAINT, lw=0.8, zorder=0)
        rise = (float(is_true) - a) * TRACK
        arrow(axes, (middle, y + TRACK * (1 - a)), (0, -rise), BLUE if is_true else ORANGE)
        dot = Circle((middle, y + TRACK * (1 - a)), 0.058, facecolor=GLOW(a), zorder=3)
        dot.set_edgecolor(INK)
        axes.add_artist(dot)
        axes.text(
            middle, y + TRACK + 0.2, asked.names.brief(output), size=9, ha="center",
            weight="bold" if is_true else "normal", color=INK if is_true else MUTED,
        )  # fmt: skip
        if len(outputs) <= 12:
            axes.text(middle, y + TRACK + 0.34, decimal(a), size=7, color=MUTED, ha="center")


def draw_avenues(axes: Axes, x: float, y: float, asked: Asked) -> None:
    """Draw the neurons before the true output: activations, nudges of weights, weights, nudges."""
    neurons = asked[f"neurons_{asked.last - 1}"]
    bias, weights = asked["avenue_bias"], asked["avenue_weights"][neurons]
    wanted, now = asked["avenue_activations"][neurons], asked["weights"][neurons]
    left, rows = x + STRIP, y + 0.24
    draw_neurons(axes, left, y, asked[f"activations_{asked.last - 1}"][neurons])
    label(axes, x, y + 0.09, "activations")
    both = np.append(weights, bias)
    zero = arrows_in_a_row(axes, left, rows, ARROWS, weights, limit=largest(both))
    by = (0.0, -float(bias) / largest(both) * ARROWS)
    arrow(axes, (left - 0.12, zero), by, BLUE if bias > 0 else ORANGE)
    axes.text(left - 0.12, zero + 0.12, "bias", size=7, color=MUTED, ha="center")
    label(axes, x, rows + ARROWS / 2, "nudge weights", both)
    cells = rows + ARROWS + 0.16
    matrix(axes, left, cells, now[np.newaxis])
    label(axes, x, cells + LINE / 2, "weights now", now)
    arrows_in_a_row(axes, left, cells + LINE + 0.06, ARROWS, wanted)
    label(axes, x, cells + LINE + 0.06 + ARROWS / 2 + 0.04, "nudge neurons", wanted)


def draw_matrix(axes: Axes, x: float, y: float, asked: Asked) -> None:
    """Draw each output's push and its wishes for the neurons before; below, their sums."""
    layer, outputs, top = asked.last - 1, asked.drawn(), y + SCALE
    pushes, values = asked.pushes[outputs], asked[f"matrix_{layer}"][outputs]
    left, below = x + STRIP, top + len(outputs) * LINE + 0.1
    end = left + max(0.8, cell(values.shape[1]) * values.shape[1])
    small_print(axes, left - 0.04, y + 0.07, f"pushes {scale_end(pushes)}")
    small_print(axes, end, y + 0.07, f"wishes {scale_end(values)}")
    bold = int(np.flatnonzero(outputs == asked.true)[0])
    names = [asked.names.brief(output) for output in outputs]
    arrows_in_a_column(axes, x, top, pushes, names, bold=bold)
    matrix(axes, left, top, values)
    draw_sums(axes, x, below, asked)


def draw_sums(axes: Axes, x: float, y: float, asked: Asked) -> None:
    """Draw the sums of the columns, the columns' names, and the sums without signs."""
    layer, left = asked.last - 1, x + STRIP
    neurons = asked[f"neurons_{layer}"]
    sums, unsigned = asked.sums(layer), asked["unsigned"][neurons]
    arrows_in_a_row(axes, left, y, SUMS, sums, measured=asked[f"measured_{layer}"])
    label(axes, x, y + SUMS / 2, "added up", sums)
    upright = len(str(neurons.max())) * DIGIT > cell(len(sums))
    for place, neuron in enumerate(neurons):
        middle = left + (place + 0.5) * cell(len(sums))
        axes.text(
            middle, y + SUMS + 0.12, str(neuron), size=6.5, color=MUTED, ha="center", va="center",
            rotation=90 * upright,
        )  # fmt: skip
    colors = [INK if wrong else PALE for wrong in unsigned * sums < 0]
    arrows_in_a_row(axes, left, y + SUMS + 0.24, ARROWS, unsigned, colors=colors)
    label(axes, x, y + SUMS + 0.24 + ARROWS / 2, "without signs", unsigned)


def draw_further(axes: Axes, x: float, y: float, asked: Asked) -> None:
    """Draw the pushes of the neurons above, and what they ask of the layer further back."""
    layer, left = asked.last - 2, x + STRIP
    above, sums = asked[f"neurons_{layer + 1}"], asked.sums(layer)
    pushes, values = asked[f"pushes_{layer + 1}"][above], asked[f"matrix_{layer}"][above].T
    arrows_in_a_row(axes, left, y, ARROWS, pushes)
    label(axes, x, y + ARROWS / 2, "pushes", pushes)
    rows = y + ARROWS + 0.06 + SCALE
    small_print(axes, left - 0.04, rows - 0.1, f"added up {scale_end(sums)}")
    end = left + max(0.8, cell(len(above)) * len(above))
    small_print(axes, end, rows - 0.1, f"wishes {scale_end(values)}")
    names = [str(n) for n in asked[f"neurons_{layer}"]]
    arrows_in_a_column(axes, x, rows, sums, names, asked[f"measured_{layer}"])
    matrix(axes, left, rows, values)


def draw_pixels(axes: Axes, x: float, y: float, asked: Asked) -> None:
    """Draw the wishes for the inputs as an image, with an outline of the large ones."""
    seen = asked.arrays["seen"]
    values = asked["wishes_0"].reshape(seen.shape)
    (wide, tall), left, end = extent(seen, PIXELS), x + STRIP, largest(values)
    axes.imshow(
        values, cmap=PULL, vmin=-end, vmax=end, aspect="auto", interpolation="nearest",
        extent=(left, left + wide, y + tall, y),
    )  # fmt: skip
    frame(axes, left, y, wide, tall)
    if min(seen.shape) > 1 and seen.min() < INKED < seen.max():
        xs = left + (np.arange(seen.shape[1]) + 0.5) * wide / seen.shape[1]
        ys = y + (np.arange(seen.shape[0]) + 0.5) * tall / seen.shape[0]
        axes.contour(xs, ys, seen, levels=[INKED], colors=INK, linewidths=0.7)
    label(axes, x, y + 0.2, "wishes", values)
