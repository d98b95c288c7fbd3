"""One step along the slope, at many rates: where it keeps its promise, helps most, and harms."""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from stages.claims.averaging.figure import colours
from stages.claims.shared.claim import GRADIENT_DESCENT, HELD, NOT_HELD, PARTLY, Claim
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.layout import INK, MUTED, WIDTH, Picture, Sheet
from stages.page.figures.text import TIMES, percent, plural, significant

STEPS = claim_table("stepsize")
COLUMNS = ("network", "images", "start", "gradient", "rate", "cost", "fall", "promised")
NEAR = 0.1  # a fall keeps the slope's promise if it is this near, as a share

LEFT, RIGHT, BETWEEN = 0.95, 0.35, 0.95  # inches beside and between the panels
HEIGHT, STEP = 1.75, 2.5  # inches: a panel, and from one row to the next

Numbers = NDArray[np.float64]


class Line(NamedTuple):
    """One network's steps, by k rates."""

    name: str
    start: float  # the cost before the step
    gradient: float  # length of the gradient
    rates: Numbers
    costs: Numbers
    falls: Numbers
    promised: Numbers

    @classmethod
    def of(cls, table: Table, name: str) -> "Line":
        """The rows of one network."""
        own = {key: column[table["network"] == name] for key, column in table.items()}
        columns = (own[key] for key in ("rate", "cost", "fall", "promised"))
        return cls(name, float(own["start"][0]), float(own["gradient"][0]), *columns)

    @property
    def kept(self) -> float:
        """The largest rate up to which every fall is near what was promised; 0 if none."""
        near = np.abs(self.falls - self.promised) <= NEAR * self.promised
        steps = len(near) if near.all() else int(np.argmin(near))
        return float(self.rates[steps - 1]) if steps else 0.0

    @property
    def best(self) -> int:
        """Place of the rate with the largest fall."""
        return int(np.argmax(self.falls))

    @property
    def stride(self) -> float:
        """Length of the best step, in the space of all weights and biases."""
        return float(self.rates[self.best]) * self.gradient

    @property
    def turns(self) -> bool:
        """Whether the slope keeps its promise at first, and a longer step stops helping."""
        return bool(self.kept) and self.best < len(self.rates) - 1 and self.gradient > 0

    @property
    def harm(self) -> float | None:
        """The smallest rate beyond the best that leaves a cost no lower than before the step."""
        worse = np.flatnonzero(self.falls[self.best :] <= 0)
        return float(self.rates[self.best + worse[0]]) if worse.size else None


def draw() -> Picture:
    """Draw one panel for each network."""
    table = read_table(STEPS, COLUMNS, texts=("network",))
    lines = [Line.of(table, name) for name in dict.fromkeys(table["network"].tolist())]
    title = finding(lines)
    rows = -(-len(lines) // 2)
    sheet = Sheet(
        title,
        f"The cost of {plural(int(table['images'][0]), 'training image')} after one step along "
        "their negative gradient, against the learning rate. Grey and dashed: what the slope "
        "promises. On grey ground, steps longer than the best. Every panel has its own axis of "
        "cost.",
        rows * STEP + 0.35,
    )
    width = (WIDTH - LEFT - RIGHT - BETWEEN) / 2
    for place, line in enumerate(lines):
        row, column = divmod(place, 2)
        left = LEFT + column * (width + BETWEEN)
        axes = sheet.panel(left, 0.35 + row * STEP, width, HEIGHT)
        draw_line(axes, line, colours([one.name for one in lines])[line.name])
        if column == 0:
            axes.set_ylabel("cost of an image")
    caption = f"{measured(lines)} {verdict(lines)}"
    return Picture("stepsize", title, caption, alt(lines, title), sheet.figure)


def finding(lines: list[Line]) -> str:
    """The best rates and the gradient's lengths, before training and after."""
    first, last = lines[0], lines[-1]
    best = [brief(line.rates[line.best]) for line in (first, last)]
    gradients = [significant(line.gradient, 2) for line in (first, last)]
    return (
        f"The best rate for one step: {best[0]} before training, {best[1]} after it, while the "
        f"gradient's length goes from {gradients[0]} to {gradients[1]}"
    )


def measured(lines: list[Line]) -> str:
    """Where each network's steps keep the promise, help most, and harm."""
    low, high = (brief(lines[0].rates[place]) for place in (0, -1))
    first, last = lines[0], lines[-1]
    return (
        f"One step by each of {plural(len(lines[0].rates), 'rate')} from {low} to {high}. The "
        f"slope promises a fall of rate {TIMES} |gradient|\N{SUPERSCRIPT TWO}. "
        f"{' '.join(told(line) for line in lines)} From {first.name} to {last.name}, the "
        f"gradient's length goes from {significant(first.gradient, 2)} to "
        f"{significant(last.gradient, 2)} and that of the best step, rate {TIMES} |gradient|, from "
        f"{significant(first.stride, 2)} to {significant(last.stride, 2)}."
    )


def told(line: Line) -> str:
    """One network's three rates."""
    kept = (
        f"right within {percent(NEAR, 0)} up to rate {brief(line.kept)}"
        if line.kept
        else f"nowhere right within {percent(NEAR, 0)}"
    )
    harm = (
        "never above the start beyond"
        if line.harm is None
        else f"no gain from {brief(line.harm)} on"
    )
    return (
        f"{line.name.capitalize()}: {kept}, best at {brief(line.rates[line.best])} (cost "
        f"{significant(line.start)} to {significant(line.costs[line.best])}), {harm}."
    )


def verdict(lines: list[Line]) -> str:
    """Held if there is a promise kept and a step too long, and the best rate changes little."""
    turn = all(line.turns for line in lines)
    steady = span([line.rates[line.best] for line in lines]) < span([x.gradient for x in lines])
    words = (
        "Asked for: on each network small steps keep the promise and the longest do less than the "
        "best; and the best rate changes by a smaller factor than the gradient's length does."
    )
    return f"{words} {HELD if turn and steady else PARTLY if turn or steady else NOT_HELD}"


def brief(rate: float) -> str:
    """A learning rate to two digits, or whole: 0.22, 3.2, 150."""
    return significant(rate, 2) if rate < 10 else f"{rate:,.0f}"


def span(values: list[float]) -> float:
    """Factor between the largest and the smallest."""
    return max(values) / (min(values) or 1e-300)


def alt(lines: list[Line], title: str) -> str:
    """Give each curve's course."""
    parts = [
        f"{line.name}, from {significant(line.start)} down to {significant(line.costs.min())} at "
        f"rate {brief(line.rates[line.best])}, then {significant(line.costs[-1])} at rate "
        f"{brief(line.rates[-1])}"
        for line in lines
    ]
    return f"{title}. Curves of the cost after one step by learning rate: {'; '.join(parts)}."


def draw_line(axes: Axes, line: Line, colour: str) -> None:
    """Draw the cost after a step, what was promised, and the best rate."""
    axes.set_xscale("log")
    fall = float(line.falls.max())
    if fall <= 1e-6 * line.start:  # nothing fell: show the start on a scale that can be read
        fall = 0.01 * (line.start or 1.0)
    axes.axhline(line.start, color=INK, lw=0.8)
    axes.axvspan(line.rates[line.best], line.rates[-1], color="#f1f3f6", lw=0, zorder=0)
    fine = np.geomspace(line.rates[0], line.rates[-1], 400)  # the promise bends on this axis
    promise = line.start - fine * line.gradient**2
    axes.plot(fine, promise, color=MUTED, lw=1.1, ls=(0, (4, 3)))
    axes.plot(line.rates, line.costs, color=colour, lw=1.8, marker="o", ms=3)
    axes.plot(line.rates[line.best], line.costs[line.best], "o", color=colour, ms=7)
    axes.set_xlim(line.rates[0], line.rates[-1])
    axes.set_ylim(line.start - 1.45 * fall, line.start + 0.75 * fall)
    axes.set_title(line.name, size=9.5, weight="bold", color=colour, loc="left", pad=7)
    axes.annotate(
        "before the step",
        (line.rates[0], line.start),
        (5, 3),
        textcoords="offset points",
        size=8.5,
        color=INK,
    )
    name_best(axes, line, colour)
    axes.xaxis.set_major_locator(FixedLocator([10.0**e for e in range(-6, 8)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda rate, _: f"{rate:,g}")
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.ticklabel_format(axis="y", useOffset=False, style="plain")
    axes.grid(visible=True, axis="y")
    axes.set_xlabel("learning rate")


def name_best(axes: Axes, line: Line, colour: str) -> None:
    """Write the best rate below its dot, on the side where the promise is not."""
    right = line.best < 0.85 * len(line.rates)
    axes.annotate(
        f"best: {brief(line.rates[line.best])}",
        (line.rates[line.best], line.costs[line.best]),
        (4 if right else -4, -8),
        textcoords="offset points",
        size=9,
        weight="bold",
        color=colour,
        ha="left" if right else "right",
        va="top",
    )


CLAIM = Claim(
    "stepsize",
    "Smooth, small steps",
    "A small step down the slope lowers the cost; it has to be small enough not to overshoot. If "
    "steps are proportional to the slope, they shrink by themselves where it flattens out.",
    GRADIENT_DESCENT,
    draw,
)
