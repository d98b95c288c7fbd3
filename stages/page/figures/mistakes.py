"""The test images that the network misreads while it is most sure of itself."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from stages.common.images.classes import BRIEF, Classes
from stages.page.figures.layout import (
    BLUE,
    FAINT,
    GLOW,
    MARGIN,
    MUTED,
    ORANGE,
    WIDTH,
    Picture,
    Sheet,
)
from stages.page.figures.results import Results
from stages.page.figures.text import decimal, percent, plural

COLUMNS = 8
GAP = 0.2  # inches between tiles
BELOW = 0.62  # inches below a tile: two bars, and air
ABOVE = 0.24
CHARACTER = 0.097  # inches of a bold character of 9 points


def draw(results: Results, most: int) -> Picture:
    """Draw up to ``most`` mistakes, the brightest wrong output first."""
    chosen = results.surest_mistakes[:most]
    title = finding(results)
    if not len(chosen):
        sheet = Sheet(title, "There is no mistake to show.", 0.2)
        return Picture("mistakes", title, f"{title}.", f"{title}.", sheet.figure)
    height, width = results.image_shape
    columns = min(COLUMNS, len(chosen))
    side = (WIDTH - 2 * MARGIN - (COLUMNS - 1) * GAP) / COLUMNS
    step = ABOVE + side * height / width + BELOW
    rows = -(-len(chosen) // columns)
    sheet = Sheet(
        title,
        f"The {plural(len(chosen), 'mistake')} with the brightest wrong output. Above each image: "
        "what it is. Below: the first and second guess with their outputs, blue where right.",
        rows * step,
    )
    axes = sheet.canvas(MARGIN, 0, WIDTH - 2 * MARGIN, rows * step)
    for place, index in enumerate(chosen):
        x, y = place % columns * (side + GAP), place // columns * step + ABOVE
        draw_one(axes, results, int(index), (x, y, side, side * height / width))
    return Picture("mistakes", title, caption(results, chosen), alt(results, title), sheet.figure)


def second_right(results: Results, indices: NDArray[np.intp]) -> int:
    """How many of these images the second guess reads correctly."""
    return int((results.second_guesses[indices] == results.labels[indices]).sum())


def finding(results: Results) -> str:
    """Count the mistakes whose second guess is right."""
    wrong = results.surest_mistakes
    if not len(wrong):
        return f"No mistakes: all {plural(len(results.labels), 'test image')} are read correctly"
    return (
        f"The second guess is right in {second_right(results, wrong):,} of "
        f"{plural(len(wrong), 'mistake')}"
    )


def caption(results: Results, chosen: NDArray[np.intp]) -> str:
    """Say how sure the network was, and how often the second guess is right."""
    wrong = results.surest_mistakes
    bright = results.brightness
    share = second_right(results, wrong) / len(wrong)
    return (
        f"All {plural(len(chosen), 'image')} shown are misread with a winning output of "
        f"{decimal(bright[chosen].min())} to {decimal(bright[chosen].max())}; over all "
        f"{plural(len(wrong), 'mistake')} the mean is {decimal(bright[wrong].mean())}, where the "
        f"network is right it is {decimal(mean_when_right(results))}. The second guess is the "
        f"right one in {percent(share, 1)} of all mistakes, and in {second_right(results, chosen)} "
        f"of the {len(chosen)} shown."
    )


def mean_when_right(results: Results) -> float:
    """Mean brightness of the winning output over correctly read images; 0 if there are none."""
    right = results.labels == results.guesses
    return float(results.brightness[right].mean()) if right.any() else 0.0


def alt(results: Results, title: str) -> str:
    """Read out the surest mistake."""
    index, names = results.surest_mistakes[0], results.names
    return (
        f"{title}. The surest mistake is {names.one(results.labels[index])} read as "
        f"{names[results.guesses[index]]} with an output of {decimal(results.brightness[index])}."
    )


def draw_one(
    axes: Axes, results: Results, index: int, place: tuple[float, float, float, float]
) -> None:
    """One image, its true class above, its two guesses below."""
    x, y, width, height = place
    axes.imshow(
        results.image(index),
        cmap=GLOW,
        vmin=0,
        vmax=255,
        extent=(x, x + width, y + height, y),
        aspect="auto",
        interpolation="nearest",
    )
    label, names = results.labels[index], results.names
    name_tile(axes, (x, y, width), names, label)
    guesses = (results.guesses[index], results.second_guesses[index])
    for row, guess in enumerate(guesses):
        color = BLUE if guess == label else ORANGE
        value = float(results.outputs[index, guess])
        draw_bar(axes, (x, y + height + 0.16 + 0.2 * row, width), names.brief(guess), value, color)


def name_tile(axes: Axes, place: tuple[float, float, float], names: Classes, label: int) -> None:
    """Write above an image what it is, as large as the room allows."""
    x, y, width = place
    before = "is " if names.longest <= BRIEF else ""
    size = min(9.5, 9 * width / (CHARACTER * (len(before) + names.longest)))
    axes.text(x, y - 0.06, f"{before}{names[label]}", weight="bold", color=BLUE, size=size)


def draw_bar(
    axes: Axes, place: tuple[float, float, float], name: str, value: float, color: str
) -> None:
    """A guess: its class, a bar as long as the output is bright, and the output."""
    x, y, width = place
    start, end = x + 0.06 + 0.11 * len(name), x + width - 0.3
    axes.text(x, y, name, color=color, weight="bold", va="center_baseline", size=9)
    axes.plot([start, end], [y, y], color=FAINT, lw=4, solid_capstyle="butt")
    length = min(max(value, 0), 1) * (end - start)
    axes.plot([start, start + length], [y, y], color=color, lw=4, solid_capstyle="butt")
    axes.text(x + width, y, decimal(value), color=MUTED, ha="right", va="center_baseline", size=7.5)
