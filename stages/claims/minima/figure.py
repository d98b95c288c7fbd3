"""How good many networks are, what lies between two of them, and how unlike their neurons are."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.claims.minima.verdict import Valleys
from stages.claims.shared.axes import HALO, panel_title, weight_image
from stages.claims.shared.significance import quartiles
from stages.claims.shared.words import percent_and_deviation
from stages.common.files.arrays import Floats
from stages.common.files.tables import Table
from stages.page.figures.layout import BLUE, INK, MUTED, ORANGE, Sheet
from stages.page.figures.text import decimal, percent, plural

LEFT, WIDE = 1.75, 4.75  # inches: names at the left of the dots, and width of their panel
SECOND, LINES, TALL = 2.45, 3.0, 2.2  # inches: top, width and height of the costs on lines
PAIRS, MOST = 4.75, 3.3  # inches: the pairs of neurons, from the left, and their width
DOT = 0.085  # inches that a dot takes


def draw(valleys: Valleys, title: str) -> Figure:
    """Draw accuracies, costs along lines, and a few neurons of two networks."""
    sheet = Sheet(
        title,
        f"Networks of {valleys.shape} neurons that differ in their random first weights alone; "
        "a dot is a network.",
        SECOND + TALL + 0.75,
    )
    draw_accuracies(sheet.panel(LEFT, 0.35, WIDE, 1.15), valleys)
    draw_lines(sheet.panel(0.95, SECOND, LINES, TALL), valleys)
    draw_neurons(sheet, valleys)
    return sheet.figure


def draw_accuracies(axes: Axes, valleys: Valleys) -> None:
    """A row of dots with weight decay, and one without."""
    tables = (valleys.decayed, valleys.bare)
    lowest = min(float(100 * table["test_accuracy"].min()) for table in tables)
    floor = 5 * np.floor((lowest - 1) / 5)
    axes.set_xlim(max(0, floor), 100)
    least = (100 - max(0, floor)) * DOT / WIDE
    for y, (table, color) in enumerate(zip(tables, (BLUE, ORANGE), strict=True)):
        shares = 100 * table["test_accuracy"]
        across = swarm(shares, least)
        step = min(0.16, 0.8 / max(1.0, float(np.ptp(across))))
        axes.plot(shares, y + step * across, color=color, ls="", marker="o", ms=5.5, alpha=0.8,
                  mew=0, clip_on=False)  # fmt: skip
        axes.annotate(
            amount(table, median=bool(y)), (1, y), (12, 0), xycoords=("axes fraction", "data"),
            textcoords="offset points", color=color, va="center", weight="bold",
            annotation_clip=False,
        )  # fmt: skip
    axes.set_ylim(1.5, -0.6)
    axes.set_yticks([0, 1], ["with weight decay", "without it"])
    for name, color in zip(axes.get_yticklabels(), (BLUE, ORANGE), strict=True):
        name.set_color(color)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("test images read correctly (%)")
    panel_title(axes, f"How good {plural(valleys.starts, 'network')} are, from the same starts")


def amount(table: Table, *, median: bool) -> str:
    """Mean and deviation of the accuracies, or their median, in words."""
    shares = table["test_accuracy"]
    if median:
        return f"median {percent(quartiles(shares).value, 1)}"
    return percent_and_deviation(shares)


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
    kinds = [("straight", "-", 2.4, "as they are")]
    kinds += [("renamed", "--", 1.6, "neurons renamed")] if valleys.hidden else []
    for name, style, width, words in kinds:
        x = np.linspace(0, 1, c[name].shape[1])
        mean = c[name].mean(axis=0)
        axes.plot(x, c[name].T, color=BLUE, lw=0.6, alpha=0.35)
        axes.plot(x, mean, color=BLUE, lw=width, ls=style)
        text = axes.annotate(
            words, (0.5, float(mean[len(x) // 2])), (0, -24 if name == "straight" else 8),
            textcoords="offset points", color=BLUE, ha="center", size=9,
            weight="bold" if name == "straight" else "normal",
            va="top" if name == "straight" else "bottom",
        )  # fmt: skip
        text.set_path_effects([HALO])
    same = float(c["same_answer"])
    top = max(same, float(c["straight"].max()), float(c["renamed"].max())) * 1.25
    axes.axhline(same, color=MUTED, lw=1, ls=(0, (1, 2)))
    axes.annotate(
        "one answer to all images", (0, same), (3, 3), textcoords="offset points", color=MUTED,
        size=8.5,
    )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(0, top)
    axes.set_xticks([0, 0.5, 1], ["one network", "half of each", "another"])
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("cost of an image")
    panel_title(axes, "On the way from one of them to another")


def draw_neurons(sheet: Sheet, valleys: Valleys) -> None:
    """A few neurons of one network above their partners in another, each on its own scale."""
    c = valleys.comparison
    axes = sheet.canvas(PAIRS, SECOND - 0.3, sheet.width - PAIRS, TALL + 0.75)
    what = "Best partners among their neurons" if valleys.hidden else "The outputs of two networks"
    axes.text(0, 0.2, what, weight="bold", size=9.5, color=INK)
    count, height, width = c["neurons"].shape[1:]
    side = min(0.62, 0.62 * width / height, MOST / count - 0.07)
    tall = side * height / width
    for row, images in enumerate(c["neurons"]):
        top = 0.62 + row * (tall + 0.34)
        for i in range(count):
            x = i * (side + 0.07)
            weight_image(axes, images[i], c["inked"], (x, x + side, top + tall, top))
        axes.text(
            0, top - 0.07, ("in one network", "in another")[row], color=MUTED, va="bottom", size=8.5
        )
    under = 0.62 + 2 * tall + 0.34
    for i in range(count):
        like = decimal(float(c["alike"][i]))
        axes.text(
            i * (side + 0.07) + side / 2, under + 0.13, like, ha="center", va="center", size=9
        )
    trained, untrained = (decimal(float(c[name].mean())) for name in ("trained", "untrained"))
    axes.text(
        0, under + 0.3, "cosine of the two, 1 if they were the same;\n"
        f"in all pairs of networks {trained}, untrained {untrained}",
        color=MUTED, va="top", size=8.5, linespacing=1.35,
    )  # fmt: skip
