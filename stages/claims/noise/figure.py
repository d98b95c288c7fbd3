"""How many pictures each network is sure of, kind by kind, and what each reads in one of noise."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.claims.noise.verdict import KINDS, Answers
from stages.claims.shared.axes import GREY, note, panel_title
from stages.common.files.arrays import Floats
from stages.page.figures.layout import BLUE, GLOW, INK, MARGIN, ORANGE, WIDTH, Sheet
from stages.page.figures.text import percent, plural

COLORS = {"uniform": ORANGE, "shuffled": GREY, "digits": BLUE}
PALE = "#f3c7a8"
SIDE, LEFT, RIGHT = 0.85, 2.35, 0.55  # inches: a picture, and what is beside the panels
ROW, TOP, BARS = 1.12, 0.1, 1.35  # inches: a kind of picture, above the first, and the bars
HEAP = 0.14  # of a row: how far dots are moved up that would hide one another
LABELLED = 40  # networks up to which each bar has the name of what is read


def draw(answers: Answers, title: str) -> Figure:
    """Draw a row of dots for each kind of picture, and a bar for each network."""
    dots = ROW * len(KINDS)
    sheet = Sheet(
        title,
        f"{plural(answers.networks, 'network')} of one recipe, from different first weights. How "
        "many pictures is each confident about? Ring: the network of the live page.",
        TOP + dots + BARS + 1.75,
    )
    inner = WIDTH - LEFT - RIGHT
    axes = sheet.panel(LEFT, TOP, inner, dots)
    draw_shares(axes, answers)
    draw_pictures(sheet.canvas(MARGIN, TOP, LEFT - MARGIN, dots), answers)
    first = sheet.panel(LEFT, TOP + dots + 1.15, inner, BARS)
    draw_first(first, answers)
    return sheet.figure


def draw_shares(axes: Axes, answers: Answers) -> None:
    """Draw a dot for each network on the line of each kind, its median, and this run's network."""
    for row, (kind, color) in enumerate(COLORS.items()):
        middle, low, high = (100 * share for share in answers.quartiles(kind))
        axes.plot([low, high], [row, row], color=color, lw=9, alpha=0.22, solid_capstyle="butt")
        shares = 100 * answers.shares[kind][1:]
        heights = row - HEAP * heaps(shares)
        axes.plot(shares, heights, "o", color=color, ms=7, mew=0.8, mec="white", clip_on=False)
        axes.plot([middle, middle], [row, row + 0.24], color=color, lw=2.4)
        right = middle > 50
        note(axes, (middle, row + 0.24), (-4 if right else 0, -9),
             f"typical network {percent(middle / 100, 0)}", color, bold=True,
             ha="right" if right else "left")  # fmt: skip
        of_page = 100 * answers.of_page(kind)
        axes.plot(of_page, row, "o", mfc="none", mec=INK, ms=11, mew=1.6, clip_on=False, zorder=5)
    axes.set_ylim(len(KINDS) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel(
        f"pictures with an output above {answers.threshold:g} (%); band: the middle half of the "
        "networks"
    )


def heaps(values: Floats) -> Floats:
    """How many smaller values, (n,), lie so near below each that their dots would overlap."""
    order, levels = np.argsort(values, kind="stable"), np.zeros(len(values))
    for place, here in enumerate(order[1:], start=1):
        before = order[place - 1]
        near = values[here] - values[before] < 1.6
        levels[here] = (levels[before] + 1) % 3 if near else 0
    return levels


def draw_first(axes: Axes, answers: Answers) -> None:
    """A bar for every network's largest output for the one picture of noise, with what it reads."""
    order = 1 + np.argsort(answers.first[1:].max(axis=1), kind="stable")
    first = answers.first[[0, *order]]
    largest, guesses = first.max(axis=1), first.argmax(axis=1)
    places = np.r_[-1, np.arange(answers.networks)]
    colors = np.where(largest > answers.threshold, ORANGE, PALE)
    axes.bar(places, largest, width=0.72, color=colors.tolist())
    axes.bar(-1, largest[0], width=0.72, fill=False, ec=INK, lw=1.4)
    axes.axhline(answers.threshold, color=INK, lw=0.8, ls=(0, (3, 3)))
    end = (answers.networks - 0.4, answers.threshold)
    note(axes, end, (4, 0), f"{answers.threshold:g}", INK)
    if answers.networks <= LABELLED:
        size = 9.5 if answers.names.longest <= 2 else 6.5
        for x, height, guess in zip(places, largest, guesses, strict=True):
            axes.annotate(
                answers.names.brief(guess), (x, height), (0, 4), textcoords="offset points",
                ha="center", size=size, annotation_clip=False,
                bbox={"fc": "white", "ec": "none", "pad": 0.6},
            )  # fmt: skip
    axes.set_xlim(-1.6, answers.networks - 0.4)
    axes.set_ylim(0, 1.18)
    axes.set_yticks([0, 0.5, 1])
    axes.set_xticks([-1, (answers.networks - 1) / 2], ["live page's", "the others"])
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("largest output")
    panel_title(axes, "The one picture of noise above: what each reads in it, and how surely")


def draw_pictures(axes: Axes, answers: Answers) -> None:
    """One picture of each kind at the left of its row, with its name."""
    wide, tall = axes.get_xlim()[1], axes.get_ylim()[0]
    for row, (kind, name) in enumerate(KINDS.items()):
        rows, columns = answers.pictures[kind].shape
        height, width = SIDE * min(1, rows / columns), SIDE * min(1, columns / rows)
        top = (row + 0.5) * ROW - height / 2
        axes.imshow(
            answers.pictures[kind], cmap=GLOW, vmin=0, vmax=255, aspect="auto",
            interpolation="nearest", extent=(0, width, top + height, top),
        )  # fmt: skip
        axes.text(SIDE + 0.12, (row + 0.5) * ROW, name.replace(" ", "\n"), color=COLORS[kind],
                  va="center", weight="bold", size=10)  # fmt: skip
    axes.set_xlim(0, wide)  # imshow has changed them
    axes.set_ylim(tall, 0)
