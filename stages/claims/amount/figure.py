"""Accuracy against the number of training images, on these images and on images never seen."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.claims.amount.verdict import Amounts
from stages.claims.shared.axes import note, readable_ticks
from stages.page.figures.layout import BLUE, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.text import decimal, percent, plural

LEFT, RIGHT, HEIGHT = 0.95, 1.6, 3.5  # inches: tick labels, names of the curves, the curves
LEAST_GAP = 5.0  # points between the curves that leave room for words
SHADE = "#f1f3f6"  # of the gap between the curves


def draw(amounts: Amounts, title: str) -> Figure:
    """Draw both accuracies with the gap between them, over the number of images."""
    sheet = Sheet(
        title,
        f"Networks of {amounts.network} neurons, {amounts.networks} on each number of images; all "
        f"take {plural(amounts.steps, 'step')}, so only the number of different images differs. "
        "Pale dots are single networks. The axis of images is logarithmic.",
        HEIGHT + 0.75,
    )
    axes = sheet.panel(LEFT, 0.15, WIDTH - LEFT - RIGHT, HEIGHT)
    draw_curves(axes, amounts)
    label(axes, amounts)
    return sheet.figure


def draw_curves(axes: Axes, amounts: Amounts) -> None:
    """Draw means as lines, single networks as pale dots, and shade the gap."""
    axes.set_xscale("log")
    train, test = (100 * amounts.means(part) for part in ("train", "test"))
    axes.fill_between(amounts.images, train, test, color=SHADE, lw=0)
    every = np.repeat(amounts.images, amounts.networks)
    single = {"train": np.concatenate(amounts.train), "test": np.concatenate(amounts.test)}
    for shares, color, means in ((single["train"], ORANGE, train), (single["test"], BLUE, test)):
        axes.plot(every, 100 * shares, color=color, ls="", marker="o", ms=4, mew=0, alpha=0.3)
        axes.plot(amounts.images, means, color=color, lw=1.8, marker="o", ms=5, clip_on=False)
    axes.margins(x=0.03)
    lowest = 100 * min(shares.min() for shares in single.values())
    axes.set_ylim(max(0.0, 10 * np.floor((lowest - 5) / 10)), 102)
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("read correctly (%)")
    axes.set_xlabel("training images")


def label(axes: Axes, amounts: Amounts) -> None:
    """Write the numbers of images, the test accuracies and the names of the curves."""
    images, train, test = amounts.images, amounts.means("train"), amounts.means("test")
    places = readable_ticks(axes, images)
    axes.set_xticks(images, [f"{n:,.0f}" if i in places else "" for i, n in enumerate(images)])
    axes.minorticks_off()
    for i in places[1:]:  # the last one's is beside its name
        note(axes, (images[i], 100 * test[i]), (7, -9), decimal(100 * test[i], 1), BLUE)
    gap = amounts.gap()[0]
    if gap > LEAST_GAP and len(places) > 1:
        place = (images[0], 50 * (train[0] + test[0]))
        note(axes, place, (8, 0), f"a gap of\n{decimal(gap, 1)} points", MUTED)
    ends = {"training images": (train[-1], ORANGE), "test images": (test[-1], BLUE)}
    higher = train[-1] >= test[-1]
    for (name, (share, color)), up in zip(ends.items(), (higher, not higher), strict=True):
        place = (images[-1], 100 * share)
        note(axes, place, (12, 16 if up else -16), f"{name}\n{percent(share, 1)}", color, bold=True)
