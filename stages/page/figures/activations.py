"""One digit of each class on its way through the network: what lights up in every layer."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.patches import Circle, FancyBboxPatch
from numpy.typing import NDArray

from stages.common.files.arrays import Floats
from stages.common.images.classes import Classes
from stages.page.figures.layout import (
    BLUE,
    GLOW,
    MARGIN,
    MUTED,
    NIGHT,
    ORANGE,
    PULL,
    RING,
    WIDTH,
    Picture,
    Sheet,
)
from stages.page.figures.results import Results
from stages.page.figures.text import TIMES, decimal, plural

MOST_ROWS = 12  # classes shown
MOST_LAYERS = 6  # hidden layers shown; of more, the first and last three
ONE_ROW = 12  # outputs up to which they stand in one row, each below its name
TOP, ROW, TALL = 0.62, 0.54, 0.46  # inches: of the heading, of a row, and of what stands in it
GAPS = (0.2, 0.5)  # inches between layers, at least and at most
VALUE = 0.62  # inches for a winner's name of one character, and its brightness
SHORT, UPRIGHT = 3, 2  # characters up to which names are written large, and lying
CHARACTER = 0.075  # inches of a character of a name that stands upright
LARGEST, SMALLEST = 0.22, 0.05  # inches: sides of cells; smaller ones are drawn as pixels


@dataclass(frozen=True)
class Block:
    """Where a layer is drawn: ``rows`` x ``columns`` cells, ``side`` inches wide, from ``x`` on."""

    values: Floats
    name: str
    is_output: bool
    rows: int
    side: float
    x: float = 0.0

    @property
    def columns(self) -> int:
        """Cells in a row; the last row may have fewer."""
        return -(-len(self.values) // self.rows)

    @property
    def width(self) -> float:
        """Inches."""
        return self.columns * self.side


def draw(results: Results) -> Picture:
    """Draw a row for each class: image, hidden layers, outputs, answer."""
    chosen = examples(results)[:MOST_ROWS]
    layers = results.activations(chosen)
    title = finding(results, chosen)
    top = TOP + room_for_names(results.names)
    body = top + ROW * len(chosen) + 0.1
    sheet = Sheet(
        title,
        "One test image of each class, layer by layer. Brightness is activation; the ring marks "
        "the brightest output, which is the network's answer.",
        body,
    )
    axes = sheet.canvas(MARGIN, 0, WIDTH - 2 * MARGIN, body)
    height, width = results.image_shape
    tall = min(TALL, 1.2 * height / width)
    blocks = place(layers, tall * width / height, answer_width(results.names))
    axes.text(0, TOP - 0.3, f"{height} {TIMES} {width}", color=MUTED, size=8.5)
    for block in blocks:
        draw_heading(axes, block, top, results.names)
        for row in range(len(chosen)):
            draw_layer(axes, block, row, top)
    for row, index in enumerate(chosen):
        y = top + ROW * row + (TALL - tall) / 2
        axes.imshow(
            results.image(int(index)),
            cmap=GLOW,
            vmin=0,
            vmax=255,
            aspect="auto",
            extent=(0, tall * width / height, y + tall, y),
            interpolation="nearest",
        )
        draw_answer(axes, results, int(index), blocks[-1], top + ROW * row + TALL / 2)
    words = caption(results, chosen, layers)
    return Picture("activations", title, words, alt(title, results), sheet.figure)


def examples(results: Results) -> NDArray[np.intp]:
    """The first correctly read test image of each class; else the first one, if there is any."""
    chosen = []
    for label in range(results.classes):
        of_label = results.labels == label
        right = np.flatnonzero(of_label & (results.guesses == label))
        chosen += [*right[:1]] or [*np.flatnonzero(of_label)[:1]]
    return np.array(chosen, np.intp)


def finding(results: Results, chosen: NDArray[np.intp]) -> str:
    """How bright the winner and the runner-up are."""
    ranked = np.sort(results.outputs[chosen], axis=1)
    return (
        f"The winning output is at least {decimal(ranked[:, -1].min())} bright, the runner-up "
        f"at most {decimal(ranked[:, -2].max())}"
    )


def caption(results: Results, chosen: NDArray[np.intp], layers: list[Floats]) -> str:
    """Say what is shown, and how many neurons light up."""
    right = int((results.labels[chosen] == results.guesses[chosen]).sum())
    first = (
        f"The first test image of each class that is read correctly ({right} of {len(chosen)} "
        "shown), from the image to the outputs. The pattern of brightness in one layer causes "
        "that of the next."
    )
    sentences = [first]
    for number, layer in enumerate(layers[:-1][:2]):
        bright = (layer > layer.max() / 2).sum(axis=0)
        sentences.append(
            f"In hidden layer {number + 1} between {bright.min()} and {bright.max()} of "
            f"{plural(len(layer), 'neuron')} are more than half as bright as its brightest "
            f"({decimal(float(layer.max()))})."
        )
    if len(layers) - 1 > MOST_LAYERS:
        sentences.append(f"Of {len(layers) - 1} hidden layers the first and last three are drawn.")
    if results.classes > MOST_ROWS:
        sentences.append(f"Of {results.classes} classes the first {MOST_ROWS} are drawn.")
    return " ".join(sentences)


def alt(title: str, results: Results) -> str:
    """Name the layers."""
    shape = "-".join(str(n) for n in results.network.sizes)
    return (
        f"{title}. Activations of every layer of the {shape} network, for one image of each class."
    )


def answer_width(names: Classes) -> float:
    """Inches for the winner's name and brightness."""
    return VALUE + (0.0 if names.longest <= SHORT else 0.085 * names.longest - 0.12)


def place(layers: list[Floats], start: float, answer: float) -> list[Block]:
    """Give every layer that is drawn its room, between ``start`` inches and those of ``answer``."""
    hidden = list(range(len(layers) - 1))
    if len(hidden) > MOST_LAYERS:
        hidden = hidden[: MOST_LAYERS // 2] + hidden[-MOST_LAYERS // 2 :]
    room = WIDTH - 2 * MARGIN - start - answer - GAPS[0] * (len(hidden) + 1) - 0.1
    output = fit(layers[-1], room if not hidden else min(room / 2, 2.2), "outputs", is_output=True)
    each = (room - output.width) / max(1, len(hidden))
    blocks = [fit(layers[n], each, f"hidden layer {n + 1}", is_output=False) for n in hidden]
    blocks.append(output)
    spare = room - sum(block.width for block in blocks)
    gap = min(GAPS[1], GAPS[0] + spare / len(blocks))
    placed, x = [], start
    for b in blocks:
        placed.append(Block(b.values, b.name, b.is_output, b.rows, b.side, x + gap))
        x += gap + b.width
    return placed


def fit(values: Floats, width: float, name: str, *, is_output: bool) -> Block:
    """Fold a layer into as many rows as make its cells largest."""
    neurons = len(values)
    in_one = is_output and neurons <= ONE_ROW
    sides = {
        rows: min(TALL / rows, width / -(-neurons // rows), LARGEST)
        for rows in range(1, 2 if in_one else neurons + 1)
    }
    rows = max(sides, key=lambda rows: sides[rows])
    return Block(values, name, is_output, rows, sides[rows])


def room_for_names(names: Classes) -> float:
    """Inches that names which stand upright above their outputs need more than one digit does."""
    shown = len(names) <= ONE_ROW and names.longest > UPRIGHT
    return CHARACTER * (names.longest - 1) if shown else 0.0


def draw_heading(axes: Axes, block: Block, top: float, names: Classes) -> None:
    """Name a layer, in as many words as there is room for, and its outputs."""
    neurons = plural(len(block.values), "neuron")
    short = block.name.replace("hidden layer ", "")
    ways = (f"{block.name}: {neurons}", block.name, block.name.replace("hidden ", ""))
    name = next((n for n in ways if len(n) * 0.078 < block.width + GAPS[0]), short)
    named = block.is_output and block.rows == 1
    axes.text(block.x, TOP - 0.3, name, color=MUTED, size=8.5)
    for neuron in range(len(block.values) if named else 0):
        x = block.x + (neuron + 0.5) * block.side
        upright = 90 if names.longest > UPRIGHT else 0
        axes.text(x, top - 0.07, names[neuron], color=MUTED, size=8, ha="center", rotation=upright)


def draw_layer(axes: Axes, block: Block, row: int, top: float) -> None:
    """Draw the neurons of one layer for one image, on dark ground."""
    values = block.values[:, row]
    colors, signed = brightness(block)
    side, y = block.side, top + ROW * row + (TALL - block.rows * block.side) / 2
    ground = FancyBboxPatch(
        (block.x, y),
        block.width,
        block.rows * side,
        boxstyle="round,pad=0.02,rounding_size=0.06",
        facecolor="white" if signed else NIGHT,
        edgecolor="#aab4c0",
        linewidth=0.5 * signed,
    )
    axes.add_patch(ground)
    if side < SMALLEST:
        pixels(axes, block, colors(values), y)
        return
    centres = [
        (block.x + (n % block.columns + 0.5) * side, y + (n // block.columns + 0.5) * side)
        for n in range(len(values))
    ]
    dots = PatchCollection([Circle(centre, 0.39 * side) for centre in centres], linewidths=0.4)
    dots.set_facecolor(colors(values))
    dots.set_edgecolor("#7d8b9c")
    axes.add_collection(dots)
    if block.is_output:
        winner = centres[int(values.argmax())]
        axes.add_patch(Circle(winner, 0.45 * side, fill=False, edgecolor=RING, linewidth=1.8))


def pixels(axes: Axes, block: Block, colors: NDArray[np.float64], y: float) -> None:
    """Draw a layer that is too wide for dots, one small square for each neuron."""
    cells = np.zeros((block.rows * block.columns, 4))
    cells[: len(colors)] = colors
    axes.imshow(
        cells.reshape(block.rows, block.columns, 4),
        aspect="auto",
        interpolation="nearest",
        extent=(block.x, block.x + block.width, y + block.rows * block.side, y),
    )


def brightness(block: Block) -> tuple[Any, bool]:
    """From activations to colours: dark to white, or through white if they have both signs."""
    low, high = float(block.values.min()), float(block.values.max())
    if -low > high / 5:
        top = max(-low, high)
        return (lambda a: PULL((a / top + 1) / 2)), True
    top = 1.0 if high <= 1 else high
    return (lambda a: GLOW(a / top)), False


def draw_answer(axes: Axes, results: Results, index: int, outputs: Block, y: float) -> None:
    """The guess and its brightness, at the end of a row; a wrong one in orange."""
    label, guess = results.labels[index], results.guesses[index]
    x = outputs.x + outputs.width + 0.16
    color = BLUE if label == guess else ORANGE
    name, value = results.names[guess], decimal(float(results.brightness[index]))
    size = 12 if results.names.longest <= SHORT else 8.5
    axes.text(x, y, name, weight="bold", size=size, color=color, va="center_baseline")
    after = x + 0.08 + 0.01 * size * len(name)
    axes.text(after, y, value, color=MUTED, size=8.5, va="center_baseline")
