"""Wishes of single images and their mean; below, cosines by batch size."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from stages.claims.averaging.verdict import GOOD, Averages
from stages.claims.shared.axes import HALO, colours
from stages.claims.shared.words import parameter_name
from stages.common.files.arrays import Floats
from stages.page.figures.layout import INK, MARGIN, MUTED, PULL, WIDTH, Sheet
from stages.page.figures.text import decimal

SHOWN, MOST = 8, 8  # images and rows of the table that are drawn
NAMES, CELL, GAP, MEAN, ROW = 2.1, 0.56, 0.4, 0.66, 0.27  # inches across, and a row's height
ABOVE = 0.72  # inches of a table that are above its first row
LEFT, RIGHT, HEIGHT = 0.95, 0.45, 3.1  # inches around and along the curves
LINE = 13  # points from one line of text to the next
DIMMED = LinearSegmentedColormap.from_list("dimmed", ["#ffffff", "#18202a"])


def draw(averages: Averages, title: str) -> Figure:
    """Draw the table of wishes above the curves of cosines."""
    rows = len(drawn_rows(averages.table["places"]))
    top = ABOVE + rows * ROW + 0.5
    sheet = Sheet(
        title,
        "Above: what single images ask of some weights and biases of the untrained network; blue "
        "asks for more, orange for less. Below: how nearly mini-batches agree with all images.",
        top + HEIGHT + 1.0,
    )
    width = WIDTH - 2 * MARGIN
    draw_table(sheet.canvas(MARGIN, 0.1, width, ABOVE + rows * ROW), averages)
    axes = sheet.panel(LEFT, top, WIDTH - LEFT - RIGHT, HEIGHT)
    draw_curves(axes, averages)
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


def draw_curves(axes: Axes, averages: Averages) -> None:
    """Draw the mean cosine with its spread by batch size, and name the curves."""
    axes.set_xscale("log")
    axes.set_xlim(1, averages.images)
    low = float(min(0.0, (averages.curves["cosine"] - averages.curves["deviation"]).min()))
    axes.set_ylim(low - 0.05, 1.14)
    axes.axhline(GOOD, color=MUTED, lw=1, ls=(0, (4, 3)))
    axes.axvline(averages.batch, color=INK, lw=0.9)
    for name, colour in colours(averages.networks).items():
        curve = averages.of(name)
        x, mean, deviation = (curve[key] for key in ("batch_size", "cosine", "deviation"))
        axes.fill_between(x, mean - deviation, mean + deviation, color=colour, alpha=0.13, lw=0)
        axes.plot(x, mean, color=colour, lw=1.8, marker="o", ms=3.6, clip_on=False)
    axes.grid(visible=True, axis="y")
    ticks(axes, averages)
    name_curves(axes, averages)
    axes.set_ylabel("cosine with the gradient of all images")
    axes.set_xlabel("images in the mini-batch; below, its share of the multiplications")


def ticks(axes: Axes, averages: Averages) -> None:
    """Powers of ten and all images, each with its share of the work."""
    count = averages.images
    powers = [10**e for e in range(len(str(count))) if 10**e < count / 3]
    labels = [f"{n:,}\n1/{count / n:,.0f}" for n in powers] + [f"{count:,}\nall"]
    axes.xaxis.set_major_locator(FixedLocator([*powers, count]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([*powers, count], labels)


def name_curves(axes: Axes, averages: Averages) -> None:
    """Write the names beside the mini-batch's line, far enough apart to be read.

    They stand below their curves, which rise, but the highest one's stands above.
    """
    values = {name: averages.at(name)[0] for name in averages.networks}
    ranked = sorted(values, key=lambda name: values[name])
    above = -np.inf
    for name in ranked:
        point = float(axes.transData.transform((1, values[name]))[1]) * 72 / axes.figure.dpi
        beside = point + LINE * (0.8 if name == ranked[-1] else -1)
        above = max(beside, above + LINE)
        text = axes.annotate(
            f"{name} {decimal(values[name])}",
            (averages.batch, values[name]),
            (7, above - point),
            textcoords="offset points",
            color=colours(averages.networks)[name],
            weight="bold",
            va="center",
        )
        text.set_path_effects([HALO])
    words = axes.text(
        (averages.batch * averages.images) ** 0.5,
        GOOD - 0.015,
        "above: more along than across",
        size=8.5,
        color=MUTED,
        ha="center",
        va="top",
    )
    words.set_path_effects([HALO])
