"""The figures of the benchmarks, in the style of the report."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from stages.page.figures.layout import (
    BLUE,
    FAINT,
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    WIDTH,
    Sheet,
    save,
    styled,
)

Row = dict[str, Any]
LINE, GAP = 0.2, 0.78  # inches: one contender, between tasks
NAMES, NUMBERS = 2.75, 1.15  # inches beside a panel: for names at the left, numbers at the right
DPI = 160


def draw_speed(rows: list[Row], where: str, path: Path) -> None:
    """One panel a task, one dot a contender: its time, and how many times ours that is."""
    tasks = list(dict.fromkeys(row["task"] for row in rows))
    by_task = [[row for row in rows if row["task"] == task] for task in tasks]
    height = sum(LINE * len(task_rows) + GAP for task_rows in by_task) + 0.1
    subtitle = (
        "Milliseconds, median and quartiles, on a logarithmic scale; at the right, as a multiple "
        f"of this project's time in the same round. {where}."
    )
    with styled():
        sheet = Sheet("One epoch of the same work, by this project and by others", subtitle, height)
        top = 0.4
        for task, task_rows in zip(tasks, by_task, strict=True):
            tall = LINE * len(task_rows)
            heading = sheet.canvas(MARGIN, top - 0.26, WIDTH - 2 * MARGIN, 0.2)
            heading.text(0, 0.14, task, fontsize=10.5, fontweight="bold", color=INK)
            axes = sheet.panel(NAMES, top, WIDTH - NAMES - NUMBERS - MARGIN, tall)
            draw_task(axes, task_rows)
            top += tall + GAP
        save(sheet.figure, path, DPI)


def draw_task(axes: Axes, rows: list[Row]) -> None:
    """The slowest below; a line at the time of the first, which is ours."""
    ours = rows[0]
    axes.axvline(ours["median_ms"], color=BLUE, linewidth=1, alpha=0.4)
    rows = sorted(rows, key=lambda row: -row["median_ms"])
    for place, row in enumerate(rows):
        name, multiple = row["contender"], 1 / row["ratio_of_ours"]
        color = BLUE if name.startswith("downhill") else MUTED if "floor" in name else ORANGE
        weight = "bold" if row is ours else "normal"
        low, high = row["lower_quartile_ms"], row["upper_quartile_ms"]
        axes.plot([low, high], [place, place], color=color, linewidth=4, alpha=0.35)
        axes.plot(row["median_ms"], place, "o", color=color, markersize=5.5)
        for x, text in ((0.62, plain(row["median_ms"])), (1.12, f"{significant(multiple)} x")):
            axes.annotate(
                text,
                (1, place),
                xycoords=("axes fraction", "data"),
                xytext=(72 * x, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize=8.5,
                color=color,
                fontweight=weight,
            )
    axes.set_yticks(range(len(rows)), [row["contender"] for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    numbers(axes)
    axes.grid(axis="x", color=FAINT)


def numbers(axes: Axes) -> None:
    """A logarithmic axis that is marked with ordinary numbers: 1, 2, 5."""
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))


def plain(value: float) -> str:
    """Thousands with a comma, small numbers with as many decimals as they need."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def significant(value: float) -> str:
    """Two digits at least."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"
