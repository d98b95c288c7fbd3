"""Weights drawn as images, and below them Moran's I of every condition."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from stages.claims.shared.axes import GREY, move_apart, panel_title, weight_image
from stages.claims.smoothness.verdict import STARTS, Smooth
from stages.page.figures.layout import BLUE, INK, MARGIN, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.results import LARGE
from stages.page.figures.text import decimal, plural, significant

COLORS = dict(zip(STARTS, (BLUE, ORANGE), strict=True))
MOST = 4  # strengths of weight decay whose weights are drawn
PAIR, SIDE, GAP = 2, 0.64, 0.05  # images in a cell, their width and distance in inches
NAMES = 0.95  # inches for the names of the rows of images


def draw(smooth: Smooth, title: str) -> Figure:
    """Draw weights as images, and below them Moran's I of every condition."""
    height, width = smooth.arrays["inked"].shape
    tall = SIDE * min(1.2, height / width)
    row = tall + 0.33
    top = 0.42 + 3 * row + 0.35
    sheet = Sheet(
        title,
        "Smoothness is Moran's I, 0 for noise and 1 for a smooth image; the mean of all neurons. "
        "Two neurons' weights are drawn each time, every image on its own scale: blue positive, "
        f"orange negative, grey where no training image has {LARGE[smooth.input]}.",
        top + 3.0,
    )
    draw_images(sheet, smooth, tall, row)
    draw_neurons(sheet.panel(0.4, top, 2.95, 2.2), smooth)
    draw_sweep(sheet.panel(4.35, top, 2.65, 1.1), smooth)
    draw_accuracy(sheet.panel(4.35, top + 1.25, 2.65, 0.95), smooth)
    return sheet.figure


def shown(smooth: Smooth) -> NDArray[np.int64]:
    """Strengths of weight decay to draw, by their places: the ends, and evenly between."""
    count = len(smooth.decays)
    return np.unique(np.linspace(0, count - 1, min(count, MOST)).round().astype(np.int64))


def draw_images(sheet: Sheet, smooth: Smooth, tall: float, row: float) -> None:
    """Three rows of weight images: the pipeline's network, and both starts by weight decay."""
    a = smooth.arrays
    axes = sheet.canvas(MARGIN, 0, WIDTH - 2 * MARGIN, sheet.height - sheet.heading)
    cell = PAIR * (SIDE + GAP) + 0.28
    of_pipeline = [("before", a["before"].mean()), ("after", a["after"].mean())]
    of_pipeline += [("after, shuffled", a["shuffled_mean"])]
    rows = [
        (
            "pipeline's\nnetwork",
            INK,
            [(*words, images) for words, images in zip(of_pipeline, a["images"], strict=True)],
        )
    ]
    for start, images in zip(STARTS, np.split(a["sweep_images"], len(STARTS)), strict=True):
        means = smooth.column("morans_i", start).mean(axis=1)
        cells = [(strength(smooth, i), means[i], images[i]) for i in shown(smooth)]
        rows.append((f"{start} start,\n{plural(int(a['epochs']), 'epoch')}", COLORS[start], cells))
    for j, (name, color, cells) in enumerate(rows):
        y = 0.32 + j * row
        axes.text(0, y + tall / 2, name, color=color, va="center", weight="bold", linespacing=1.25)
        for i, (words, value, images) in enumerate(cells):
            x = NAMES + 0.2 + i * cell
            label = f"{words}: I = {decimal(float(value))}"
            axes.text(x, y - 0.1, label, size=8.5, color=MUTED, va="center")
            for k, image in enumerate(images[:PAIR]):
                left = x + k * (SIDE + GAP)
                weight_image(axes, image, a["inked"], (left, left + SIDE, y + tall, y))
    axes.set_xlim(0, WIDTH - 2 * MARGIN)
    axes.set_ylim(sheet.height - sheet.heading, 0)


def strength(smooth: Smooth, at: int) -> str:
    """Name a weight decay."""
    return f"decay {significant(float(smooth.decays[at]))}"


def draw_neurons(axes: Axes, smooth: Smooth) -> None:
    """Moran's I of every neuron, of shuffled inputs and of digits."""
    a = smooth.arrays
    counts = a["shuffled_counts"] / a["shuffled_counts"].max()
    axes.stairs(0.8 * counts, np.linspace(-1, 1, len(counts) + 1), color=GREY, fill=True)
    rows = (
        (1.25, a["before"], MUTED, "before training"),
        (2.05, a["after"], INK, "after training"),
    )
    axes.text(0.2, 0.2, f"shuffled {smooth.input}s", color=GREY, va="center", size=8.5)
    for y, values, color, words in rows:
        jitter = 0.12 * ((np.arange(len(values)) * 0.618) % 1 - 0.5)
        axes.plot(values, y + jitter, color=color, ls="", marker="o", ms=4.5, alpha=0.6, mew=0)
        middle = float(values.mean())
        axes.text(middle, y + 0.2, words, color=color, ha="center", va="center", size=8.5)
    digits = float(a["digits"].mean())
    axes.axvline(digits, color=MUTED, lw=1, ls=(0, (3, 3)))
    axes.annotate(
        smooth.pictures, (digits, 1), (4, -4), xycoords=("data", "axes fraction"),
        textcoords="offset points", color=MUTED, size=8.5, va="top",
    )  # fmt: skip
    low = min(-0.2, float(a["before"].min()) - 0.05, float(a["after"].min()) - 0.05)
    axes.set_xlim(low, 1)
    axes.set_ylim(0, 2.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xticks([0, 0.5, 1], ["0\nnoise", "0.5", "1\nsmooth"])
    axes.set_xlabel("Moran's I", labelpad=-8)
    panel_title(axes, f"The pipeline's network, {plural(len(a['after']), 'neuron')}")


def draw_sweep(axes: Axes, smooth: Smooth) -> None:
    """Moran's I by weight decay, for both starts."""
    draw_curves(axes, smooth, "morans_i", 1)
    axes.set_ylim(min(-0.05, float(smooth.table["morans_i"].min())), 1)
    axes.set_yticks([0, 0.5, 1])
    axes.tick_params(labelbottom=False)
    axes.set_ylabel("Moran's I")
    panel_title(axes, "Does weight decay make it an image?")
    ends = [float(smooth.column("morans_i", start)[-1].mean()) for start in STARTS]
    for y, (start, color) in zip(move_apart(ends, 0.17, 1), COLORS.items(), strict=True):
        axes.annotate(
            f"{start} start", (1, y), (8, 0), xycoords=("axes fraction", "data"), color=color,
            textcoords="offset points", weight="bold", va="center", annotation_clip=False,
        )  # fmt: skip


def draw_accuracy(axes: Axes, smooth: Smooth) -> None:
    """Validation accuracy by weight decay, for both starts."""
    draw_curves(axes, smooth, "validation_accuracy", 100)
    axes.margins(y=0.15)
    axes.set_ylabel("validation (%)")
    axes.set_xlabel("weight decay")


def draw_curves(axes: Axes, smooth: Smooth, name: str, factor: float) -> None:
    """Means as lines and single networks as dots, by weight decay; strengths evenly spaced."""
    x = np.arange(len(smooth.decays))
    for start, color in COLORS.items():
        values = factor * smooth.column(name, start)
        axes.plot(x, values, color=color, ls="", marker="o", ms=4, alpha=0.35, mew=0)
        axes.plot(x, values.mean(axis=1), color=color, lw=1.8)
    axes.set_xlim(-0.15, max(x[-1], 0.15) + 0.15)
    axes.set_xticks(x, [significant(float(d)) for d in smooth.decays])
    axes.grid(visible=True, axis="y")
