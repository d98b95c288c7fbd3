"""Parameters of training that were swept: the best combinations, and what each parameter does."""

import math
import shlex
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from stages.claims.architecture.figure import as_errors, error_axis
from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY, Claim
from stages.common.files.atomic import StageError
from stages.common.files.paths import claim_table
from stages.common.files.tables import read_rows
from stages.page.figures.layout import BLUE, INK, MARGIN, MUTED, ORANGE, WIDTH, Picture, Sheet
from stages.page.figures.text import MINUS, SPACE, decimal, percent, plural

RANKS = claim_table("sweep")
RUNS = claim_table("sweep_runs")
BEHIND = ("own", "validation_accuracy", "deviation")  # columns after the parameters
MEASURED = ("part", "seed", "validation_cost", "validation_accuracy")
CLEAR = 2.0  # standard errors that a difference must have to count as one
MOST_ROWS = 8  # of the ranks
ROW, LETTER, GAP = 0.25, 0.077, 0.22  # inches: a rank, a letter, from one column to the next
ROOM = 4.6  # inches for the columns of values
SPREAD = 1.05  # ... and for that of means and deviations
ACROSS, HIGH, BELOW = 3, 1.75, 0.95  # panels side by side; inches of one, and below it
MOST_TICKS = 8  # values that get a place each; more are drawn to scale
DECADES = 1.0  # that values span which are drawn on a logarithmic axis
SHORT, MOST_LETTERS = 8, 14  # of a value below an axis, on one line and on two

Floats = NDArray[np.float64]
Values = tuple[str, ...]  # of the parameters, in their order


@dataclass(frozen=True)
class Found:
    """What the stage wrote: accuracies, (seeds,), of each point of the grid, best first."""

    names: Values  # of the parameters
    ranks: dict[Values, Floats]
    again: dict[Values, Floats]  # of the best and params.yaml's own, with other seeds
    own: Values
    epochs: int

    @property
    def best(self) -> Values:
        """The point that comes first."""
        return next(iter(self.ranks))

    @property
    def seeds(self) -> int:
        """How often each was trained."""
        return len(self.ranks[self.best])

    def named(self, point: Values) -> str:
        """A point in words: learning rate 3, activation tanh."""
        pairs = zip(self.names, point, strict=True)
        return ", ".join(f"{spoken(name)} {spoken(value)}" for name, value in pairs)


def spoken(name: str) -> str:
    """A name or a value as one reads it: no underscores or brackets, and a true minus sign."""
    plain = name.replace("_", " ").replace("-", MINUS).replace(",", ", ").strip("[]")
    return plain or "none"


def load() -> Found:
    """Read what the stage wrote."""
    header, rows = read_rows(RANKS)
    names = tuple(header[1 : -len(BEHIND)])
    runs_header, runs = read_rows(RUNS)
    if tuple(header) != ("rank", *names, *BEHIND) or not names:
        raise StageError(f"{RANKS}: expected ranks of a sweep; run dvc repro")
    front = () if "epochs" in names else ("epochs",)
    if tuple(runs_header) != (*front, *names, *MEASURED):
        raise StageError(f"{RUNS}: expected the trainings of {RANKS}; run dvc repro")
    points = [tuple(row[1 : -len(BEHIND)]) for row in rows]
    own = [point for point, row in zip(points, rows, strict=True) if row[-len(BEHIND)] == "1"]
    found: dict[str, dict[Values, list[float]]] = {"rank": {p: [] for p in points}, "again": {}}
    try:
        for row in runs:
            point, (part, *_, accuracy) = (
                tuple(row[len(front) : -len(MEASURED)]),
                row[-len(MEASURED) :],
            )
            found[part].setdefault(point, []).append(float(accuracy))
        parts = {
            part: {point: np.array(shares) for point, shares in of.items()}
            for part, of in found.items()
        }
        epochs = int(runs[0][runs_header.index("epochs")])
        return Found(names, parts["rank"], parts["again"], own[0], epochs)
    except (KeyError, ValueError, IndexError) as error:
        raise StageError(f"{RUNS}: expected the trainings of {RANKS}; run dvc repro") from error


def draw() -> Picture:
    """Draw the best points with their seeds, and accuracy over each parameter's values."""
    found = load()
    title = finding(found)
    shown = [*found.ranks][:MOST_ROWS]
    shown += [found.own] if found.own not in shown else []
    ranks_high = ROW * (len(shown) + 1)
    lines = -(-len(found.names) // ACROSS)
    start = ranks_high + 1.15
    sheet = Sheet(
        title,
        f"Above: the best of {len(found.ranks)} combinations; pale dots are single trainings, bars "
        "their means. The title has two of them trained again, with other seeds. Below: every "
        "combination over each parameter, the line joins the best. Halving the errors always takes "
        "the same length. Orange: params.yaml.",
        start + lines * (HIGH + BELOW) - 0.4,
    )
    draw_ranks(sheet, found, shown, ranks_high)
    across = min(ACROSS, len(found.names))
    width = (WIDTH - 0.95 - MARGIN - (across - 1) * 0.3) / across
    for n, name in enumerate(found.names):
        left = 0.95 + (n % ACROSS) * (width + 0.3)
        axes = sheet.panel(left, start + n // ACROSS * (HIGH + BELOW), width, HIGH)
        draw_response(axes, found, name)
        if n % ACROSS:
            axes.tick_params(axis="y", labelleft=False)
        else:
            axes.set_ylabel("accuracy (%)")
    return Picture("sweep", title, caption(found), alt(found, title), sheet.figure)


def finding(found: Found) -> str:
    """What the best reads with seeds that it was not chosen with, and what the own ones."""
    own = percent(float(found.again[found.own].mean()), 1)
    if found.best == found.own:
        return (
            f"None of {len(found.ranks)} combinations beats params.yaml's own: {own} of the "
            "validation images"
        )
    best = percent(float(found.again[found.best].mean()), 1)
    return (
        f"The best of {len(found.ranks)} combinations reads {best} of the validation images, "
        f"params.yaml's own {own}"
    )


def caption(found: Found) -> str:
    """How it was measured, the gain, and the line that trains with the best."""
    swept_epochs = "epochs" in found.names
    epochs = "" if swept_epochs else f" for {plural(found.epochs, 'epoch')}"
    change = [f"train.{n}={v}" for n, v in zip(found.names, found.best, strict=True)]
    change = [*([] if swept_epochs else [f"train.epochs={found.epochs}"]), *change]
    words = [f"-S {shlex.quote(word)}" for word in change]
    return (
        f"Each combination was trained {found.seeds} times{epochs}, and ranked by the validation "
        f"images that its networks read; test images were not looked at. Such short trainings tell "
        f"what learns fast, not what is best in the end. {compared(found)} To train like the best: "
        f"dvc exp run {' '.join(words)} {verdict(found)}"
    )


def compared(found: Found) -> str:
    """The best against params.yaml's own, with seeds that neither was chosen with."""
    if found.best == found.own:
        return (
            f"The best are params.yaml's own; with {found.seeds} other seeds they read "
            f"{spread(found.again[found.own])}."
        )
    told = (
        f"The best of many is also the luckiest, so it was trained again with {found.seeds} other "
        f"seeds: {spread(found.again[found.best])} (mean ± standard deviation); params.yaml's own "
        f"values give {spread(found.again[found.own])}. The difference is "
        f"{decimal(100 * gain(found), 1)} points"
    )
    if not error(found):
        return f"{told}."
    errors = decimal(gain(found) / error(found), 1)
    return f"{told}, {errors} standard errors; the claim counts as held from {CLEAR:.0f} on."


def gain(found: Found) -> float:
    """By how much the best is better, as a share of the images."""
    return float(found.again[found.best].mean() - found.again[found.own].mean())


def error(found: Found) -> float:
    """Standard error of that difference."""
    variances = [float(found.again[point].var(ddof=1)) for point in (found.best, found.own)]
    return math.sqrt(sum(variances) / found.seeds)


def verdict(found: Found) -> str:
    """Whether there is a combination that is clearly better than params.yaml's own."""
    if found.best == found.own or gain(found) <= 0:
        return NOT_HELD
    return HELD if gain(found) > CLEAR * error(found) else PARTLY


def spread(shares: Floats) -> str:
    """Mean and standard deviation in percent: 94.7 ± 0.1 %."""
    return f"{decimal(100 * shares.mean(), 1)} ± {decimal(100 * shares.std(ddof=1), 1)}{SPACE}%"


def alt(found: Found, title: str) -> str:
    """Read out the first ranks."""
    first = [
        f"{1 + n}: {found.named(point)}, {percent(float(shares.mean()), 1)}"
        for n, (point, shares) in enumerate([*found.ranks.items()][:3])
    ]
    return f"{title}. The first ranks: {'; '.join(first)}."


def draw_ranks(sheet: Sheet, found: Found, shown: list[Values], high: float) -> None:
    """Draw a table of values with a row of dots for each of its rows."""
    columns = [
        (spoken(name), [spoken(point[n]) for point in shown]) for n, name in enumerate(found.names)
    ]
    x, places = 0.42, []
    for name, values in columns:
        wide = LETTER * max(len(text) for text in (name, *values))
        if x + wide > ROOM:
            break
        places.append(x)
        x += wide + GAP
    canvas = sheet.canvas(MARGIN, 0.1, ROOM, high)
    order = [*found.ranks]
    for row, point in enumerate(shown):
        color, weight = (ORANGE, "bold") if point == found.own else (INK, "normal")
        y = ROW * (row + 1.5)
        style: dict[str, Any] = {"va": "center", "size": 8.5, "color": color, "weight": weight}
        canvas.text(0.22, y, f"{1 + order.index(point)}", ha="right", **style)
        for place, (_, values) in zip(places, columns, strict=False):
            canvas.text(place, y, values[row], **style)
    for place, (name, _) in zip(places, columns, strict=False):
        canvas.text(place, ROW / 2, name, va="center", size=8.5, color=MUTED)
    if len(places) < len(columns):
        canvas.text(x, ROW / 2, "...", va="center", size=8.5, color=MUTED)
    left = MARGIN + x + 0.15
    axes = sheet.panel(left, 0.1 + ROW, WIDTH - left - MARGIN - SPREAD, high - ROW)
    axes.set_xscale("log")
    for row, point in enumerate(shown):
        color, errors = color_of(found, point), as_errors(found.ranks[point])
        axes.plot(errors, [row] * len(errors), "o", color=color, ms=4.5, alpha=0.5, mew=0)
        axes.plot([errors.mean()] * 2, [row - 0.27, row + 0.27], color=color, lw=2.2)
        axes.annotate(
            spread(found.ranks[point]), (1, row), (SPREAD * 72, 0), ha="right", va="center",
            xycoords=("axes fraction", "data"), textcoords="offset points", color=color, size=8.5,
            annotation_clip=False,
        )  # fmt: skip
    error_axis(axes.xaxis, [found.ranks[point] for point in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("accuracy on validation images (%)")


def color_of(found: Found, point: Values) -> str:
    """Orange for params.yaml's own."""
    return ORANGE if point == found.own else BLUE


def draw_response(axes: Axes, found: Found, name: str) -> None:
    """Draw every combination over the values of one parameter."""
    axes.set_title(spoken(name), loc="left", size=9.5, weight="bold")
    axes.set_yscale("log")
    at = found.names.index(name)
    places = place_values(axes, [point[at] for point in found.ranks])
    means = {point: float(as_errors(shares).mean()) for point, shares in found.ranks.items()}
    best: dict[float, float] = {}
    for point, value in means.items():  # best first
        best.setdefault(places[point[at]], value)
        axes.plot(places[point[at]], value, "o", color=BLUE, ms=4.5, alpha=0.4, mew=0)
    if len(best) <= MOST_TICKS:
        xs = sorted(best)
        axes.plot(xs, [best[x] for x in xs], color=BLUE, lw=1.7)
    for point, color in ((found.own, ORANGE), (found.best, color_of(found, found.best))):
        ring: dict[str, Any] = (
            {"mfc": "white", "mec": color, "mew": 1.7} if point == found.best else {}
        )
        axes.plot(places[point[at]], means[point], "o", color=color, ms=7, zorder=4, **ring)
    error_axis(axes.yaxis, [1 - np.array([*means.values()])])
    axes.grid(visible=True, axis="y")


def place_values(axes: Axes, values: list[str]) -> dict[str, float]:
    """Where each value stands on the axis: few side by side, many numbers to scale."""
    distinct = sorted(dict.fromkeys(values), key=numeric)
    if len(distinct) > MOST_TICKS and all(numeric(value)[0] == 0 for value in distinct):
        numbers = [numeric(value)[1] for value in distinct]
        if numbers[0] > 0 and np.log10(numbers[-1] / numbers[0]) > DECADES:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(lambda x, _: spoken(f"{x:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        return dict(zip(distinct, numbers, strict=True))
    step = -(-len(distinct) // MOST_TICKS)
    ticks = range(0, len(distinct), step)
    axes.xaxis.set_major_locator(FixedLocator([*ticks]))
    axes.set_xticks(
        [*ticks], [broken(distinct[n]) for n in ticks], size=8 if len(distinct) < 5 else 7
    )
    axes.set_xlim(-0.5, len(distinct) - 0.5)
    return {value: float(n) for n, value in enumerate(distinct)}


def numeric(value: str) -> tuple[int, float, str]:
    """A key that sorts numbers by size, before words by their letters."""
    try:
        return 0, float(value), ""
    except ValueError:
        return 1, 0.0, value


def broken(value: str) -> str:
    """A value below an axis, on two lines if it has two words, cut if it is long."""
    text = spoken(value)
    if len(text) > MOST_LETTERS:
        text = text[: MOST_LETTERS - 3] + "..."
    return text.replace(" ", "\n", 1) if len(text) > SHORT else text


CLAIM = Claim(
    "sweep",
    "There is room to experiment",
    "Learning rate, activation, cost, number of neurons: whoever trains a network chooses them, "
    "and the lectures call such choices arbitrary. Then others may well be better.",
    "the first lecture, and every viewer since",
    draw,
)
