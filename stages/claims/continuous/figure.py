"""The cost along a line with both kinds of neurons, and what networks of each kind learn."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.claims.continuous.verdict import KINDS, Switches
from stages.claims.shared.axes import panel_title
from stages.common.files.arrays import Floats
from stages.page.figures.layout import BLUE, INK, ORANGE, WIDTH, Sheet
from stages.page.figures.text import percent, plural

LEFT, SIDE, HIGH, STEP = 0.75, 2.7, 1.1, 1.75  # inches: the lines' panels
NAMES, RIGHT = 1.75, 0.8  # inches at the left and right of the rows
WAYS = dict(
    zip(
        KINDS,
        (
            "sigmoids",
            "on or off,\nown slope",
            "on or off, the\nsigmoid's slope",
            "learnt as sigmoids,\nthen on or off",
        ),
        strict=True,
    )
)


def draw(switches: Switches, title: str) -> Figure:
    """Draw both lines at the left, and a row of dots for each way to learn at the right."""
    sheet = Sheet(
        title,
        "Left: the cost of "
        f"{plural(int(switches.about['images']), 'image')} along one straight line through all "
        "weights. Right: what networks read after learning, a dot each.",
        STEP + HIGH + 1.0,
    )
    axes = sheet.panel(LEFT, 0.35, SIDE, HIGH)
    draw_line(axes, "sigmoids: a slope", switches.places, switches.smooth, BLUE, "default")
    axes = sheet.panel(LEFT, 0.35 + STEP, SIDE, HIGH)
    draw_line(axes, "on or off: stairs", switches.places, switches.steps, ORANGE, "steps-mid")
    axes.set_xlabel("distance along the line")
    left = LEFT + SIDE + NAMES
    draw_rows(sheet.panel(left, 0.35, WIDTH - left - RIGHT, STEP + HIGH), switches)
    return sheet.figure


def draw_line(axes: Axes, name: str, places: Floats, costs: Floats, color: str, style: str) -> None:
    """Draw the cost along the line."""
    panel_title(axes, name, color=color, pad=6)
    axes.plot(places, costs, color=color, lw=1.8, drawstyle=style)
    axes.set_xlim(places[0], places[-1])
    axes.locator_params(nbins=4)
    axes.ticklabel_format(useOffset=False)
    axes.set_ylabel("cost")


def draw_rows(axes: Axes, switches: Switches) -> None:
    """Draw every network by its way to learn, with the mean of each."""
    panel_title(axes, "test images read", pad=6)
    for row, kind in enumerate(KINDS):
        shares, color = 100 * switches.after[row], ORANGE if row else BLUE
        axes.barh(row, shares.mean(), height=0.5, color=color, alpha=0.25, lw=0)
        axes.plot(shares, [row] * len(shares), "o", color=color, ms=4.5, alpha=0.6, mew=0,
                  clip_on=False)  # fmt: skip
        axes.annotate(
            percent(switches.accuracy(kind), 1), (shares.max(), row), (8, 0), color=color,
            textcoords="offset points", va="center", weight="bold", annotation_clip=False,
        )  # fmt: skip
    axes.set_xlim(0, 100)
    axes.set_ylim(len(KINDS) - 0.5, -0.5)
    axes.set_yticks(range(len(KINDS)), [*WAYS.values()], size=9, color=INK)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("of the test images (%)")
