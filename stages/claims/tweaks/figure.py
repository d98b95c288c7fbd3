"""Test accuracy of the network as it is, of wider ones, and of other tweaks: rows of dots."""

from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.claims.shared.axes import HALO
from stages.claims.tweaks.verdict import PLAIN, RECIPES, TWEAKED, Tweaks
from stages.common.files.arrays import Floats
from stages.page.figures.layout import BLUE, INK, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.text import percent, plural

LEFT, RIGHT, ROW, TOP = 3.3, 0.75, 0.36, 0.3  # inches beside and above the dots, and of a row
GAP = 0.9  # rows between what was measured here and by the recipes' benchmark


class Row(NamedTuple):
    """Networks that differ by chance alone."""

    place: float  # in rows, from the top
    name: str
    test: Floats  # (networks,), accuracies
    color: str


def draw(tweaks: Tweaks, title: str) -> Figure:
    """Draw a row for each shape, and below them one for each recipe."""
    rows = rows_of(tweaks)
    height = ROW * (rows[-1].place + 1)
    sheet = Sheet(
        title,
        "A dot is one network, a bar the mean. Orange has more neurons in its first hidden layer, "
        f"and learns less long{below(tweaks)}.",
        TOP + height + 0.55,
    )
    axes = sheet.panel(LEFT, TOP, WIDTH - LEFT - RIGHT, height)
    axes.set_ylim(rows[-1].place + 0.5, -0.5)
    for number in (PLAIN, TWEAKED):
        axes.axvline(number, color=MUTED, lw=1, ls=(0, (3, 3)), zorder=1)
        axes.annotate(
            f"the lecture's {number} %", (number, 1), (0, 5), ha="center", color=INK,
            xycoords=("data", "axes fraction"), textcoords="offset points",
        )  # fmt: skip
    for row in rows:
        draw_row(axes, row)
    axes.set_yticks([row.place for row in rows], [row.name for row in rows], color=INK)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("test images read (%)")
    return sheet.figure


def below(tweaks: Tweaks) -> str:
    """What the rows at the foot are, if there are any."""
    if not tweaks.recipes:
        return ""
    return ". Grey are other tweaks of 16-16: recipes, measured by their own benchmark"


def rows_of(tweaks: Tweaks) -> list[Row]:
    """All rows, from the top."""
    plain = tweaks.plain
    rows = [Row(0, f"{plain.network}, as it is", plain.test, BLUE)]
    for group in tweaks.wider:
        name = f"{group.network}, {plural(group.epochs, 'epoch')}"
        rows.append(Row(len(rows), name, group.test, ORANGE))
    for name, test in tweaks.recipes.items():
        rows.append(Row(len(rows) + GAP, RECIPES[name], test, MUTED))
    return rows


def draw_row(axes: Axes, row: Row) -> None:
    """Draw every network, their mean as a bar, and its number."""
    shares = 100 * row.test
    axes.plot(shares, [row.place] * len(shares), "o", color=row.color, ms=4.5, alpha=0.5, mew=0)
    mean = float(shares.mean())
    axes.plot([mean] * 2, [row.place - 0.3, row.place + 0.3], color=row.color, lw=2)
    axes.annotate(
        percent(mean / 100, 1), (float(shares.max()), row.place), (9, 0),
        textcoords="offset points", va="center", weight="bold", color=row.color,
        annotation_clip=False, path_effects=[HALO],
    )  # fmt: skip
