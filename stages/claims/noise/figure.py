"""One picture's answers, the shares, the favourites, and the largest outputs, by network."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from stages.claims.noise.verdict import KINDS, Answers
from stages.claims.shared.axes import GREY, move_apart, panel_title
from stages.claims.shared.words import percent_and_deviation
from stages.page.figures.layout import (
    BLUE,
    FAINT,
    GLOW,
    INK,
    MARGIN,
    ORANGE,
    WIDTH,
    Sheet,
)
from stages.page.figures.text import SPACE, plural

COLORS = {"uniform": ORANGE, "shuffled": GREY, "digits": BLUE}
LEFT, RIGHT, SIDE = 2.25, 1.5, 1.15  # inches beside the panels, and the pictures' longer side
TOPS, HEIGHTS = (0.35, 2.0, 3.9, 6.2), (1.2, 1.45, 1.5, 1.25)  # inches: the panels
TWO = 2  # characters of names that fit above a bar at full size
LABELLED = 30  # networks up to which each is named
SHADES = LinearSegmentedColormap.from_list("shades", ["#ffffff", "#fbd3b3", ORANGE, "#7a2c07"])


def draw(answers: Answers, title: str) -> Figure:
    """Draw one picture's answers, the shares, the favourites, and the largest outputs."""
    networks = plural(len(answers.seeds), "network")
    sheet = Sheet(
        title,
        f"{networks}, trained alike from different random starts. The columns of the first three "
        "panels are the same networks, from the least to the most often confident about noise.",
        TOPS[-1] + HEIGHTS[-1] + 0.6,
    )
    inner = WIDTH - LEFT - RIGHT
    first, shares, favourites, largest = (
        sheet.panel(LEFT, top, inner, height) for top, height in zip(TOPS, HEIGHTS, strict=True)
    )
    draw_first(first, answers)
    draw_shares(shares, answers)
    draw_favourites(favourites, answers)
    draw_largest(largest, answers)
    for axes in (first, shares, favourites):
        network_axis(axes, answers, last=axes is favourites)
    draw_pictures(sheet, answers)
    for axes in (first, shares, favourites, largest):
        axes.yaxis.set_label_coords(-0.08, 0.5)
    return sheet.figure


def network_axis(axes: Axes, answers: Answers, *, last: bool) -> None:
    """Give the panels the same columns; only the last one names them."""
    n = len(answers.seeds)
    step = 1 + (n - 1) // LABELLED
    axes.set_xlim(-0.6, n - 0.4)
    axes.set_xticks(range(0, n, step), [str(s) for s in answers.seeds[answers.order][::step]])
    axes.tick_params(axis="x", length=0, labelbottom=last, labelsize=8)
    if last:
        axes.set_xlabel("network, named by the seed of its random start")


def beside(axes: Axes, y: float, text: str, color: str) -> None:
    """Name a curve at the right of a panel, at a height from 0 to 1 of its data."""
    axes.annotate(
        text, (1, y), (9, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
        color=color, va="center", annotation_clip=False, linespacing=1.15,
    )  # fmt: skip


def draw_first(axes: Axes, answers: Answers) -> None:
    """A bar for every network's largest output for the one picture, with what it reads."""
    first = answers.first[answers.order]
    largest, guesses = first.max(axis=1), first.argmax(axis=1)
    sure = largest > answers.threshold
    colors = np.where(sure, ORANGE, "#f3c7a8")
    axes.bar(range(len(first)), largest, width=0.72, color=colors.tolist())
    axes.axhline(answers.threshold, color=INK, lw=0.8, ls=(0, (3, 3)))
    if len(first) <= LABELLED:
        size = 8.5 if answers.names.longest <= TWO else 6.5
        for x, (height, guess) in enumerate(zip(largest, guesses, strict=True)):
            axes.annotate(
                answers.names.brief(guess), (x, height), (0, 3.5), textcoords="offset points",
                ha="center", size=size, annotation_clip=False,
                bbox={"fc": "white", "ec": "none", "pad": 0.8},
            )  # fmt: skip
    axes.set_ylim(0, 1.16)
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylabel("largest output")
    panel_title(axes, "The first picture on the left: what each network reads in it")
    beside(axes, answers.threshold, f"{answers.threshold:g}: confident", INK)


def draw_shares(axes: Axes, answers: Answers) -> None:
    """Share of confident answers, for each network and kind of picture."""
    ends = {}
    for kind, name in KINDS.items():
        color = COLORS[kind]
        shares = 100 * answers.shares[kind][answers.order]
        axes.plot(shares, color=color, lw=0.8, alpha=0.6)
        axes.plot(shares, color=color, ls="", marker="o", ms=4.5, clip_on=False)
        ends[kind] = (shares[-1], f"{name}\n{percent_and_deviation(answers.shares[kind])}", color)
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 50, 100])
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("confident (%)")
    panel_title(axes, f"Share of pictures with an output above {answers.threshold:g}")
    places = move_apart([y for y, _, _ in ends.values()], 24.0, 100)
    for y, (_, text, color) in zip(places, ends.values(), strict=True):
        beside(axes, y, text, color)


def draw_favourites(axes: Axes, answers: Answers) -> None:
    """A column for each network: how often it reads noise as each class."""
    shares = answers.guesses / answers.guesses.sum(axis=1, keepdims=True)
    classes = shares.shape[1]
    axes.imshow(
        shares[answers.order].T, cmap=SHADES, vmin=0, vmax=1, aspect="auto", interpolation="nearest"
    )
    step = 1 + (classes - 1) // 12
    axes.set_yticks(
        range(0, classes, step), [answers.names.brief(j) for j in range(0, classes, step)], size=8
    )
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(classes - 0.5, -0.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.add_patch(
        Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, ec=FAINT, clip_on=False)
    )
    axes.set_ylabel(f"{answers.noun} read")
    panel_title(axes, f"Which {answers.noun} uniform noise is read as")
    bar = axes.inset_axes((1.03, 0.08, 0.022, 0.84))
    bar.imshow(np.linspace(1, 0, 64)[:, np.newaxis], cmap=SHADES, aspect="auto")
    bar.set_xticks([])
    bar.yaxis.tick_right()
    bar.set_yticks([0, 31.5, 63], [f"100{SPACE}% of noise", f"50{SPACE}%", f"0{SPACE}%"], size=8.5)
    bar.tick_params(length=0)
    for spine in bar.spines.values():
        spine.set_visible(False)


def draw_largest(axes: Axes, answers: Answers) -> None:
    """Share of pictures whose largest output is above x: every network, and their mean."""
    for kind, name in KINDS.items():
        color = COLORS[kind]
        counts = answers.histograms[kind]
        shares = 100 * (1 - counts.cumsum(axis=1) / counts.sum(axis=1, keepdims=True))
        shares = np.concatenate([np.full((len(shares), 1), 100.0), shares], axis=1)
        x = np.linspace(0, 1, shares.shape[1])
        axes.plot(x, shares.T, color=color, lw=0.5, alpha=0.35)
        axes.plot(x, shares.mean(axis=0), color=color, lw=2.2)
        place = {"digits": 88, "uniform": 50, "shuffled": 12}[kind]
        beside(axes, place, name, color)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 50, 100])
    axes.grid(visible=True, axis="y")
    axes.axvline(answers.threshold, color=INK, lw=0.8, ls=(0, (3, 3)))
    axes.set_xlabel("x")
    axes.set_ylabel("pictures (%)")
    panel_title(
        axes, "Share of pictures with a largest output above x (thick: mean; thin: each network)"
    )


def draw_pictures(sheet: Sheet, answers: Answers) -> None:
    """One picture of each kind, with its name, down the left side."""
    height = sheet.height - sheet.heading
    axes = sheet.canvas(MARGIN, 0, SIDE, height)
    for (kind, name), top in zip(KINDS.items(), (TOPS[0], 1.95, 3.55), strict=True):
        rows, columns = answers.pictures[kind].shape
        tall, wide = SIDE * min(1, rows / columns), SIDE * min(1, columns / rows)
        axes.imshow(
            answers.pictures[kind], cmap=GLOW, vmin=0, vmax=255, aspect="auto",
            interpolation="nearest", extent=(0, wide, top + tall, top),
        )  # fmt: skip
        axes.text(0, top + tall + 0.14, name, color=COLORS[kind], va="center", weight="bold")
    axes.set_xlim(0, SIDE)  # imshow has changed them
    axes.set_ylim(height, 0)
