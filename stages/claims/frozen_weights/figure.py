"""How far the first step is from the gradient, and what is read after training: rows by way."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.claims.frozen_weights.verdict import NAMES, OLD, STEPS, WAYS, Updates
from stages.claims.shared.axes import panel_title
from stages.page.figures.layout import BLUE, INK, MUTED, ORANGE, WIDTH, Sheet, wrap
from stages.page.figures.text import percent

LEFT, OFF, RIGHT, ROW = 2.55, 1.0, 0.75, 0.78  # inches: names, the first panel, its right, a row
APART = 0.2  # of a row: gentle steps above its middle, long ones below


def draw(updates: Updates, title: str) -> Figure:
    """Draw a row for each way, gentle steps above long ones."""
    rates = [updates.descents[step, OLD].rate for step in STEPS]
    sheet = Sheet(
        title,
        "Three ways to step, from the last layer to the first. Each row has gentle steps (first "
        f"rate {rates[0]:g}) above long ones ({rates[1]:g}); a dot is one network.",
        len(WAYS) * ROW + 0.95,
    )
    height = len(WAYS) * ROW
    name_rows(sheet.panel(LEFT, 0.3, OFF, height), updates)
    left = LEFT + OFF + 0.5
    draw_read(sheet.panel(left, 0.3, WIDTH - left - RIGHT, height), updates)
    return sheet.figure


def places() -> list[tuple[float, str, str]]:
    """The height of every row, with its way and its step."""
    return [
        (row + APART * (2 * half - 1), way, step)
        for row, way in enumerate(WAYS)
        for half, step in enumerate(STEPS)
    ]


def color_of(way: str) -> str:
    """Blue for the gradient's way."""
    return BLUE if way == OLD else ORANGE


def name_rows(axes: Axes, updates: Updates) -> None:
    """Name the ways, and say how far their first steps are from the gradient."""
    panel_title(axes, "first step: off\nthe gradient by")
    axes.set_xlim(0, 1)
    axes.set_ylim(len(WAYS) - 0.5, -0.5)
    for y, way, step in places():
        share = updates.apart(step, way)[0].value
        axes.text(0.7, y, percent(share, 0), ha="right", va="center", size=11, weight="bold",
                  color=color_of(way))  # fmt: skip
        axes.text(-0.04, y, step, ha="right", va="center", size=9, color=MUTED)
    for row, way in enumerate(WAYS):
        axes.annotate(
            "\n".join(wrap(NAMES[way], 24)), (0, row), (-45, 0), textcoords="offset points",
            ha="right", va="center", size=10, color=INK, annotation_clip=False,
        )  # fmt: skip
    axes.set_axis_off()


def draw_read(axes: Axes, updates: Updates) -> None:
    """Draw what the networks read after their training."""
    panel_title(axes, "after training: test images read")
    for y, way, step in places():
        accuracy, color = updates.descents[step, way].accuracy, color_of(way)
        shares = 100 * accuracy
        axes.barh(y, shares.mean(), height=0.32, color=color, alpha=0.25, lw=0)
        axes.plot(shares, [y] * len(shares), "o", color=color, ms=4.5, alpha=0.6, mew=0,
                  clip_on=False)  # fmt: skip
        axes.annotate(
            percent(float(accuracy.mean()), 1), (shares.max(), y), (8, 0), color=color,
            textcoords="offset points", va="center", weight="bold", annotation_clip=False,
        )  # fmt: skip
    axes.set_xlim(0, 100)
    axes.set_ylim(len(WAYS) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("of the test images (%)")
