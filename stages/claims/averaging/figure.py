"""Wishes of single images and their mean; below, how many steps lower the cost of all images."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from stages.claims.averaging.verdict import Averages
from stages.claims.shared.words import parameter_name
from stages.common.files.arrays import Floats
from stages.page.figures.layout import INK, MARGIN, MUTED, PULL, WIDTH, Sheet
from stages.page.figures.text import decimal, percent, significant

SHOWN, MOST = 8, 8  # images and rows of the table that are drawn
NAMES, CELL, GAP, MEAN, ROW = 2.1, 0.56, 0.4, 0.66, 0.27  # inches across, and a row's height
ABOVE = 0.72  # inches of a table that are above its first row
HEAD, TILE = 0.7, 0.42  # inches above the tiles, and the height of one
BLOCK, BETWEEN = 2.6, 0.35  # inches: the width of the tiles of one kind of steps, and between two
ABOUT_TABLE = (
    "Above: what single images ask of the untrained network; blue for more, orange for less."
)
ABOUT_TILES = "How many steps lower the cost of all images: blue most of them, orange few"
DIMMED = LinearSegmentedColormap.from_list("dimmed", ["#ffffff", "#18202a"])


def draw(averages: Averages, title: str) -> Figure:
    """Draw the table of wishes above the tiles."""
    rows = len(drawn_rows(averages.table["places"]))
    top, tall = ABOVE + rows * ROW + 0.75, HEAD + len(averages.epochs) * TILE
    sheet = Sheet(title, ABOUT_TABLE, top + tall + 0.3)
    width = WIDTH - 2 * MARGIN
    words = sheet.canvas(MARGIN, 0, width, top)
    words.text(0, top - 0.3, ABOUT_TILES, size=9.5, color=MUTED, va="center")
    draw_table(sheet.canvas(MARGIN, 0, width, ABOVE + rows * ROW), averages)
    draw_tiles(sheet.canvas(MARGIN, top, width, tall), averages)
    return sheet.figure


def drawn_rows(places: NDArray[np.int64]) -> NDArray[np.intp]:
    """Which rows of the table are drawn: all, or of a deep network the first and last layers'."""
    rows = np.arange(len(places))
    return rows if len(rows) <= MOST else np.r_[rows[: MOST // 2], rows[-MOST // 2 :]]


def draw_table(axes: Axes, averages: Averages) -> None:
    """Draw the images, their wishes, and the mean."""
    table = averages.table
    shown = min(SHOWN, averages.batch)
    mean = NAMES + shown * CELL + GAP
    for column in range(shown):
        draw_image(axes, table["images"][column], NAMES + column * CELL + 0.05)
    axes.text(mean + MEAN / 2, 0.22, "mean of", ha="center", size=8.5, color=INK)
    axes.text(mean + MEAN / 2, 0.4, f"all {averages.batch:,}", ha="center", size=8.5, color=INK)
    sizes = tuple(int(n) for n in table["sizes"])
    for line, row in enumerate(drawn_rows(table["places"])):
        y = ABOVE - 0.1 + line * ROW
        wishes = np.append(table["wishes"][:shown, row], table["mean"][row])
        name = parameter_name(int(table["places"][row]), sizes, averages.input)
        axes.text(0, y + ROW / 2, name, size=8.5, color=INK, va="center")
        lefts = [*(NAMES + column * CELL for column in range(shown)), mean]
        draw_cells(axes, wishes, lefts, y)
        if averages.batch > shown:
            axes.text(mean - GAP / 2, y + ROW / 2, "…", color=MUTED, ha="center", va="center")
    bottom = ABOVE - 0.1 + len(drawn_rows(table["places"])) * ROW
    box = Rectangle((mean - 0.03, ABOVE - 0.13), MEAN + 0.06, bottom - ABOVE + 0.16, fill=False,
                    edgecolor=INK, lw=1.1)  # fmt: skip
    axes.add_patch(box)


def draw_image(axes: Axes, image: NDArray[np.uint8], x: float) -> None:
    """Draw one image above its column, dark ink on white."""
    side = CELL - 0.1
    height = min(side, side * image.shape[0] / image.shape[1])
    width = height * image.shape[1] / image.shape[0]
    left, bottom = x + (side - width) / 2, ABOVE - 0.18
    place = (left, left + width, bottom, bottom - height)
    axes.imshow(image, cmap=DIMMED, vmin=0, vmax=255, extent=place, aspect="auto")


def draw_cells(axes: Axes, wishes: Floats, lefts: list[float], y: float) -> None:
    """Draw one row of numbers, coloured by their share of the row's largest; the mean is last."""
    largest = float(np.abs(wishes).max()) or 1.0
    digits = max(0, 1 - int(np.floor(np.log10(largest))))
    for place, (wish, left) in enumerate(zip(wishes, lefts, strict=True)):
        width = MEAN if place == len(wishes) - 1 else CELL - 0.04
        colour = to_hex(PULL(0.5 + 0.24 * float(wish) / largest))
        axes.add_patch(Rectangle((left, y + 0.015), width, ROW - 0.03, color=colour, lw=0))
        text = decimal(float(wish), digits)
        sign = "+" if float(f"{wish:.{digits}f}") > 0 else ""
        axes.text(left + width / 2, y + ROW / 2, sign + text, size=7.6, ha="center", va="center")


def draw_tiles(axes: Axes, averages: Averages) -> None:
    """Draw how many steps lower the cost, by epoch and length: a mini-batch's, and those of all."""
    draw_block(axes, averages, NAMES, f"asked for by {averages.batch:,} images", averages.lowered)
    left = NAMES + BLOCK + BETWEEN
    draw_block(axes, averages, left, f"by all {averages.images:,}", averages.lowered_by_all)
    for row, epoch in enumerate(averages.epochs):
        y = HEAD + (row + 0.5) * TILE
        axes.text(0, y, averages.name(epoch), size=10, va="center", weight="bold")


def draw_block(
    axes: Axes,
    averages: Averages,
    left: float,
    title: str,
    share: Callable[[int, float], float],
) -> None:
    """Draw the tiles of one kind of steps, below what they are."""
    width = BLOCK / len(averages.rates)
    axes.text(left, 0.12, title, size=10, weight="bold", va="center")
    for column, rate in enumerate(averages.rates):
        x = left + column * width
        length = {0: "short", len(averages.rates) - 1: "as in training"}
        words = length.get(column, "") if len(averages.rates) > 1 else ""
        for line, text in enumerate((words, f"rate {significant(rate)}")):
            axes.text(x + width / 2, 0.38 + 0.17 * line, text, size=8, color=MUTED, ha="center",
                      va="center")  # fmt: skip
        for row, epoch in enumerate(averages.epochs):
            value = share(epoch, rate)
            colour = PULL(0.5 + 0.56 * (value - 0.5))
            place = (x + 0.02, HEAD + row * TILE + 0.02)
            axes.add_patch(Rectangle(place, width - 0.04, TILE - 0.04, color=colour, lw=0))
            axes.text(
                x + width / 2, HEAD + (row + 0.5) * TILE, percent(value, 0), size=11,
                weight="bold", ha="center", va="center", color=INK,
            )  # fmt: skip
