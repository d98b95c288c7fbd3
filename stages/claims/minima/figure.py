"""Accuracies, gradients, costs along lines, likenesses, and a few neurons of many networks."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from stages.claims.minima.verdict import Valleys, accuracy, rate
from stages.claims.shared.axes import GREY, panel_title, weight_image
from stages.common.files.arrays import Floats
from stages.page.figures.layout import BLUE, MARGIN, MUTED, ORANGE, Sheet
from stages.page.figures.learning import ERRORS
from stages.page.figures.text import decimal, plural

LEFT, SECOND = 0.95, 5.75  # inches from the left: the panels of each row
WIDE, NARROW = 3.7, 2.15  # inches: their widths


def draw(valleys: Valleys, title: str) -> Figure:
    """Draw accuracies, gradients, costs along lines, likenesses, and a few neurons."""
    sheet = Sheet(
        title,
        f"Networks of {valleys.shape} neurons that differ in their random first weights alone. "
        "Each dot or thin line is one network, or one pair of networks.",
        7.5,
    )
    draw_accuracies(sheet.panel(LEFT, 0.4, 5.3, 1.25), valleys)
    draw_lines(sheet.panel(LEFT, 2.6, WIDE, 2.1), valleys)
    draw_gradients(sheet.panel(SECOND, 2.6, NARROW, 2.1), valleys)
    draw_neurons(sheet, valleys, 5.55)
    draw_likenesses(sheet.panel(SECOND, 5.55, NARROW, 1.4), valleys)
    return sheet.figure


def draw_accuracies(axes: Axes, valleys: Valleys) -> None:
    """A row of dots for each learning rate; halving the errors always takes the same width."""
    tables = (valleys.usual, valleys.long)
    errors = [np.maximum(1 - t["test_accuracy"], 1e-4) for t in tables]
    least, most = (float(f(np.concatenate(errors))) for f in (np.min, np.max))
    axes.set_xscale("log")
    axes.set_xlim(most * 1.15, least / 1.15)
    for y, (table, error, color) in enumerate(zip(tables, errors, (BLUE, ORANGE), strict=True)):
        across = swarm(np.log(error), float(np.log(most / least) + 0.3) / 55)
        axes.plot(error, y + 0.14 * across, color=color, ls="", marker="o", ms=5, alpha=0.75, mew=0)
        axes.annotate(
            f"{accuracy(table)}\n{plural(len(error), 'network')}", (1, y), (12, 0),
            xycoords=("axes fraction", "data"), textcoords="offset points", color=color,
            va="center", weight="bold", annotation_clip=False,
        )  # fmt: skip
    axes.set_ylim(1.5, -0.75)
    axes.set_yticks([0, 1], [f"rate {rate(t)}" for t in tables])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    inside = [e for e in (0.9, 0.7, *ERRORS) if least / 1.15 <= e <= most * 1.15]
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(inside, [f"{100 - 100 * e:g}" for e in inside])
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("test images read correctly (%)")
    panel_title(axes, "How good: test accuracy of every network, by learning rate")


def swarm(places: Floats, least: float) -> Floats:
    """Shift dots across until none covers another: 0, 1, -1, 2 ... for each, (n,)."""
    across = np.zeros(len(places))
    order = np.argsort(places, kind="stable")
    for position, i in enumerate(order):
        near = [j for j in order[:position] if abs(places[j] - places[i]) < least]
        taken = {across[j] for j in near}
        free = (sign * shift for shift in range(len(places)) for sign in (1, -1))
        across[i] = next(shift for shift in free if shift not in taken)
    return across


def draw_lines(axes: Axes, valleys: Valleys) -> None:
    """Cost from one network to another, as they are and with neurons renamed."""
    c = valleys.comparison
    kinds = [("straight", ORANGE, "as they are")]
    kinds += [("renamed", BLUE, "neurons renamed")] if valleys.hidden else []
    for name, color, words in kinds:
        x = np.linspace(0, 1, c[name].shape[1])
        mean = c[name].mean(axis=0)
        axes.plot(x, c[name].T, color=color, lw=0.6, alpha=0.45)
        axes.plot(x, mean, color=color, lw=2.4)
        top = float(mean.max())
        axes.annotate(
            words, (x[mean.argmax()], top), (0, -14), textcoords="offset points", color=color,
            weight="bold", ha="center", va="top",
            bbox={"fc": "white", "ec": "none", "pad": 1.5, "alpha": 0.8},
        )  # fmt: skip
    same = float(c["same_answer"])
    axes.axhline(same, color=MUTED, lw=1, ls=(0, (3, 3)))
    axes.annotate(
        "one answer to all images", (0, same), (3, 4), textcoords="offset points", color=MUTED,
        size=8.5,
    )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(0, max(same, float(c["straight"].max())) * 1.15)
    axes.set_xticks([0, 0.5, 1], ["one network", "half of each", "the other"])
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("cost of an image")
    panel_title(
        axes, f"What lies between: cost along {plural(len(c['straight']), 'straight line')}"
    )


def draw_gradients(axes: Axes, valleys: Valleys) -> None:
    """Length of the gradient before and after training, on a logarithmic axis."""
    axes.set_yscale("log")
    for table, color in ((valleys.usual, BLUE), (valleys.long, ORANGE)):
        ends = np.maximum(np.stack([table["gradient_before"], table["gradient_after"]]), 1e-12)
        axes.plot([0, 1], ends, color=color, lw=0.8, alpha=0.5, marker="o", ms=3.5, mew=0)
    axes.set_xlim(-0.15, 1.15)
    axes.set_xticks([0, 1], ["before", "after"])
    axes.grid(visible=True, axis="y")
    low, high = np.log10(axes.get_ylim())
    powers = range(int(np.ceil(low)), int(np.floor(high)) + 1)
    axes.set_yticks([10.0**e for e in powers], [f"{10.0**e:g}" for e in powers])
    axes.minorticks_off()
    axes.annotate(
        f"blue: rate {rate(valleys.usual)}\norange: rate {rate(valleys.long)}", (1, 1), (0, -2),
        xycoords="axes fraction", textcoords="offset points", color=MUTED, ha="right", va="top",
        size=8.5,
    )  # fmt: skip
    panel_title(axes, "How flat: the gradient's length")


def draw_neurons(sheet: Sheet, valleys: Valleys, top: float) -> None:
    """A few neurons of one network above their partners in another, each on its own scale."""
    c = valleys.comparison
    axes = sheet.canvas(MARGIN, 0, SECOND - MARGIN - 0.7, sheet.height - sheet.heading)
    axes.text(
        LEFT - MARGIN, top - 0.08,
        "Best partners in two networks" if valleys.hidden else "The outputs of two networks",
        weight="bold",
    )  # fmt: skip
    count, height, width = c["neurons"].shape[1:]
    side = min(0.56, 0.62 * width / height)
    tall = side * height / width
    for row, (name, images) in enumerate(zip(("one", "other"), c["neurons"], strict=True)):
        y = top + 0.05 + row * (tall + 0.09)
        axes.text(LEFT - MARGIN - 0.08, y + tall / 2, name, color=MUTED, ha="right", va="center")
        for i in range(count):
            x = LEFT - MARGIN + i * (side + 0.07)
            weight_image(axes, images[i], c["inked"], (x, x + side, y + tall, y))
            if row:
                like = decimal(float(c["alike"][i]))
                axes.text(x + side / 2, y + tall + 0.1, like, ha="center", va="center", size=8.5)
    under = top + 0.05 + 2 * tall + 0.19
    axes.text(LEFT - MARGIN - 0.08, under, "cosine", color=MUTED, ha="right", va="center", size=8.5)
    axes.set_xlim(0, SECOND - MARGIN - 0.7)
    axes.set_ylim(sheet.height - sheet.heading, 0)


def draw_likenesses(axes: Axes, valleys: Valleys) -> None:
    """Histograms of the mean cosine of partners, in trained and in untrained networks."""
    c = valleys.comparison
    edges = np.linspace(min(0.0, c["trained"].min(), c["untrained"].min()), 1, 41)
    tops = []
    for name, color in (("untrained", GREY), ("trained", BLUE)):
        shares, _ = np.histogram(c[name], edges, weights=np.full(len(c[name]), 100 / len(c[name])))
        axes.stairs(shares, edges, color=color, fill=True, alpha=0.85)
        tops.append(float(shares.max()))
        axes.annotate(
            f"{name}\n{decimal(float(c[name].mean()))}", (float(c[name].mean()), tops[-1]), (0, 3),
            textcoords="offset points", color=color, ha="center", weight="bold", size=8.5,
        )  # fmt: skip
    axes.set_xlim(min(edges[0], -0.08), 1)
    axes.set_ylim(0, max(tops) * 1.4)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1\nthe same"])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("mean cosine", labelpad=-8)
    panel_title(axes, f"How alike: {plural(len(c['trained']), 'pair')}")
