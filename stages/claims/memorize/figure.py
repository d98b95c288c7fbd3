"""The race of true and shuffled labels with its worth on test images; below, the ladder."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from stages.claims.memorize.verdict import THRESHOLDS, Learnt, small_network
from stages.claims.shared.axes import move_apart, note, panel_title
from stages.page.figures.layout import BLUE, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.text import SPACE, decimal, plural

COLORS = {"true": BLUE, "shuffled": ORANGE}
LEFT, BARS = 0.95, 1.55  # inches: room for tick labels, width of the panel of bars
RACE, LADDER = 2.7, 2.2  # heights in inches
HIGHEST = 104  # percent, the top of the axes
SHADES = LinearSegmentedColormap.from_list("shades", ["#e0985f", ORANGE, "#5c1d03"])


def draw(learnt: Learnt, title: str) -> Figure:
    """Draw the race with what it was good for on test images, and the ladder below."""
    sheet = Sheet(
        title,
        "Every line is a network; it stops when all labels are right. Below, the axis of steps is "
        "logarithmic.",
        RACE + LADDER + 2.0,
    )
    right = WIDTH - BARS - 0.45
    race = sheet.panel(LEFT, 0.42, right - LEFT - 0.75, RACE)
    bars = sheet.panel(right, 0.42, BARS, RACE)
    ladder = sheet.panel(LEFT, RACE + 1.47, WIDTH - LEFT - 1.75, LADDER)
    images = plural(int(learnt.first("race", "images")), "image")
    for axes, text in (
        (race, f"{learnt.first('race', 'network')} on {images}"),
        (bars, "... then on test images"),
        (ladder, f"{small_network(learnt)}: how many shuffled labels, in how many steps?"),
    ):
        panel_title(axes, text, color=MUTED, pad=14)
    draw_race(race, learnt)
    draw_bars(bars, learnt)
    draw_ladder(ladder, learnt)
    sheet.figure.align_ylabels([race, ladder])
    return sheet.figure


def percent_axis(axes: Axes) -> None:
    """Give a panel the axis of shares."""
    axes.set_ylim(0, HIGHEST)
    axes.set_yticks([0, 20, 40, 60, 80, 100])
    axes.grid(visible=True, axis="y")


def draw_race(axes: Axes, learnt: Learnt) -> None:
    """Draw every network's way, and the steps that it took to each threshold."""
    longest = max(at[-1] for runner in learnt.race.values() for at, _ in runner.curves)
    for labels, runner in learnt.race.items():
        color = COLORS[labels]
        for at, share in runner.curves:
            axes.plot(at, 100 * share, color=color, lw=1.3, alpha=0.6)
            axes.plot(at[-1:], 100 * share[-1:], color=color, marker="o", ms=4.5, clip_on=False)
        for threshold in THRESHOLDS:
            mean, percents = runner.reached(threshold).mean(), 100 * threshold
            if np.isfinite(mean):
                axes.plot(mean, percents, color=color, marker="o", ms=5.5, mfc="white", mew=1.4)
                text, late = f"{percents:.0f}{SPACE}%: {mean:,.0f}", mean > 0.8 * longest
                offset = (-8, -5) if late else (8, -5)
                note(axes, (mean, percents), offset, text, color, ha="right" if late else "left")
    name_curves(axes, learnt)
    percent_axis(axes)
    axes.set_xlim(left=0)
    axes.set_ylabel("labels learnt (%)")
    axes.set_xlabel("steps")


def name_curves(axes: Axes, learnt: Learnt) -> None:
    """Write at the longest curve of each kind what it is: shuffled below if both end together."""
    ends = {
        labels: max((at[-1], -share[-1]) for at, share in runner.curves)
        for labels, runner in learnt.race.items()
    }
    (true, _), (shuffled, _) = ends.values()
    together = abs(true - shuffled) < 0.25 * max(true, shuffled)
    for labels, (step, below) in ends.items():
        offset = (8, -22) if together and labels == "shuffled" else (8, 10)
        place = (step, -100 * below)
        note(axes, place, offset, f"{labels} labels", COLORS[labels], bold=True, ha="right")


def draw_bars(axes: Axes, learnt: Learnt) -> None:
    """Draw test accuracies beside what guessing would give."""
    for x, (labels, runner) in enumerate(learnt.race.items()):
        mean, color = 100 * runner.test.mean(), COLORS[labels]
        axes.bar(x, mean, width=0.62, color=color, alpha=0.8)
        text = f"{decimal(mean, 1)}{SPACE}%"
        note(axes, (x, mean), (0, 8), text, color, bold=True, ha="center")
    guess(axes, learnt)
    axes.set_xlim(-0.5, 1.5)
    axes.set_xticks(range(len(learnt.race)), [f"{labels}\nlabels" for labels in learnt.race])
    percent_axis(axes)
    axes.set_ylabel("test images right (%)")


def guess(axes: Axes, learnt: Learnt) -> None:
    """Draw the line that guessing reaches."""
    axes.axhline(100 * learnt.guessing(), color=MUTED, lw=1, ls=(0, (4, 3)))


def draw_ladder(axes: Axes, learnt: Learnt) -> None:
    """Draw how many labels each network had learnt after so many steps, a colour a rung."""
    axes.set_xscale("log")
    top = learnt.ladder[-1].images
    shades = [to_hex(SHADES(share)) for share in np.linspace(0, 1, len(learnt.ladder))]
    least = min(0.2, 1 / len(learnt.ladder)) * top
    ends = move_apart([rung.most.mean() for rung in learnt.ladder], least, 1.1 * top, 0)
    for rung, color, end in zip(learnt.ladder, shades, ends, strict=True):
        axes.axhline(rung.images, color=color, lw=0.9, ls=(0, (4, 3)))
        for at, share in rung.curves:
            labels = rung.images * np.maximum.accumulate(share)
            axes.plot(np.maximum(at, 1), labels, color=color, lw=1.4, alpha=0.75)
        text = f"{rung.most.mean():,.0f} of {rung.images:,}"
        axes.annotate(
            text, (1, end), (8, 0), xycoords=("axes fraction", "data"), va="center",
            textcoords="offset points", color=color, weight="bold", annotation_clip=False,
        )  # fmt: skip
    first = min(int(at[1]) for at, _ in learnt.ladder[-1].curves)
    axes.set_xlim(first, max(first + 1, *(rung.steps for rung in learnt.ladder)))
    axes.set_ylim(0, 1.12 * top)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.minorticks_off()
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("labels learnt at best")
    axes.set_xlabel("steps, logarithmic")
