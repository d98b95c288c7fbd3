"""The best combinations with their seeds, and accuracy over the values of each parameter."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from stages.claims.shared.axes import as_errors, error_axis, panel_title
from stages.claims.shared.words import percent_and_deviation
from stages.claims.sweep.verdict import Ranking, Values, spoken
from stages.page.figures.layout import BLUE, INK, MARGIN, MUTED, ORANGE, WIDTH, Sheet

MOST_ROWS = 8  # of the ranks
ROW, LETTER, GAP = 0.25, 0.077, 0.22  # inches: a rank, a letter, from one column to the next
ROOM = 4.6  # inches for the columns of values
SPREAD = 1.05  # ... and for that of means and deviations
ACROSS, HIGH, BELOW = 3, 1.75, 0.95  # panels side by side; inches of one, and below it
MOST_TICKS = 8  # values that get a place each; more are drawn to scale
DECADES = 1.0  # that values span which are drawn on a logarithmic axis
SHORT, MOST_LETTERS = 8, 14  # of a value below an axis, on one line and on two


def draw(ranking: Ranking, title: str) -> Figure:
    """Draw the best points with their seeds, and accuracy over each parameter's values."""
    shown = [*ranking.ranks][:MOST_ROWS]
    shown += [ranking.current] if ranking.current not in shown else []
    ranks_high = ROW * (len(shown) + 1)
    lines = -(-len(ranking.names) // ACROSS)
    start = ranks_high + 1.15
    sheet = Sheet(
        title,
        f"Above: the best of {len(ranking.ranks)} combinations; pale dots are single trainings, "
        "bars their means; rings are those of the title, trained again with other seeds. Below: "
        "every combination over each parameter, the line joins the best. Halving the errors always "
        "takes the same length. Orange: params.yaml.",
        start + lines * (HIGH + BELOW) - 0.4,
    )
    draw_ranks(sheet, ranking, shown, ranks_high)
    across = min(ACROSS, len(ranking.names))
    width = (WIDTH - 0.95 - MARGIN - (across - 1) * 0.3) / across
    for n, name in enumerate(ranking.names):
        left = 0.95 + (n % ACROSS) * (width + 0.3)
        axes = sheet.panel(left, start + n // ACROSS * (HIGH + BELOW), width, HIGH)
        draw_response(axes, ranking, name)
        if n % ACROSS:
            axes.tick_params(axis="y", labelleft=False)
        else:
            axes.set_ylabel("accuracy (%)")
    return sheet.figure


def draw_ranks(sheet: Sheet, ranking: Ranking, shown: list[Values], high: float) -> None:
    """Draw a table of values with a row of dots for each of its rows."""
    columns = [
        (spoken(name), [spoken(point[n]) for point in shown])
        for n, name in enumerate(ranking.names)
    ]
    x, places = 0.42, []
    for name, values in columns:
        wide = LETTER * max(len(text) for text in (name, *values))
        if x + wide > ROOM:
            break
        places.append(x)
        x += wide + GAP
    canvas = sheet.canvas(MARGIN, 0.1, ROOM, high)
    order = [*ranking.ranks]
    for row, point in enumerate(shown):
        color, weight = (ORANGE, "bold") if point == ranking.current else (INK, "normal")
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
        color, errors = color_of(ranking, point), as_errors(ranking.ranks[point])
        lost = point in ranking.diverged
        if not lost:
            axes.plot(errors, [row] * len(errors), "o", color=color, ms=4.5, alpha=0.5, mew=0)
            axes.plot([errors.mean()] * 2, [row - 0.27, row + 0.27], color=color, lw=2.2)
        words = "diverged" if lost else percent_and_deviation(ranking.ranks[point])
        axes.annotate(
            words, (1, row), (SPREAD * 72, 0), ha="right",
            va="center", xycoords=("axes fraction", "data"), textcoords="offset points",
            color=color, size=8.5, annotation_clip=False,
        )  # fmt: skip
        if point in ranking.again:
            again = float(as_errors(ranking.again[point]).mean())
            axes.plot(again, row, "o", mfc="none", mec=color, mew=1.6, ms=9, zorder=4)
    kept = [p for p in shown if p not in ranking.diverged] or shown
    error_axis(axes.xaxis, [*(ranking.ranks[p] for p in kept), *ranking.again.values()])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("accuracy on validation images (%)")


def color_of(ranking: Ranking, point: Values) -> str:
    """Orange for params.yaml's own."""
    return ORANGE if point == ranking.current else BLUE


def draw_response(axes: Axes, ranking: Ranking, name: str) -> None:
    """Draw every combination over the values of one parameter."""
    panel_title(axes, spoken(name))
    axes.set_yscale("log")
    at = ranking.names.index(name)
    places = place_values(axes, [point[at] for point in ranking.ranks])
    means = {
        point: float(as_errors(shares).mean())
        for point, shares in ranking.ranks.items()
        if point not in ranking.diverged or point in (ranking.current, ranking.best)
    }
    best: dict[float, float] = {}
    for point, value in means.items():  # best first
        best.setdefault(places[point[at]], value)
        axes.plot(places[point[at]], value, "o", color=BLUE, ms=4.5, alpha=0.4, mew=0)
    if len(best) <= MOST_TICKS:
        xs = sorted(best)
        axes.plot(xs, [best[x] for x in xs], color=BLUE, lw=1.7)
    best_color = color_of(ranking, ranking.best)
    for point, color in ((ranking.current, ORANGE), (ranking.best, best_color)):
        ring: dict[str, Any] = (
            {"mfc": "white", "mec": color, "mew": 1.7} if point == ranking.best else {}
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
