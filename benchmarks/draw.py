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
    numbers(axes, "x")
    axes.grid(axis="x", color=FAINT)


def draw_scale(rows: list[Row], deep_width: int, path: Path) -> None:
    """Four panels: time and memory against images, time of a step against width and depth."""
    subtitle = (
        "Above: one epoch of 784-16-16-10 in mini-batches of 100; memory without the file's pages "
        "in the page cache, dotted the limit. Below: one step, and its matrix products alone "
        "(the floor), with one BLAS thread and with two."
    )
    with styled():
        sheet = Sheet("How time and memory grow with the images and the network", subtitle, 6.5)
        wide = (WIDTH - 2 * MARGIN - 1.6) / 2
        left, right = MARGIN + 0.6, MARGIN + 0.6 + wide + 0.95
        images = [row for row in rows if row["part"] == "images"]
        draw_images(sheet.panel(left, 0.25, wide, 2.3), images, "ours_ms", "ms an epoch")
        draw_images(sheet.panel(right, 0.25, wide, 2.3), images, "own_mib", "peak, MiB of its own")
        for place, part, label in (
            (left, "width", "neurons in one hidden layer"),
            (right, "depth", f"hidden layers of {deep_width} neurons"),
        ):
            of_part = [row for row in rows if row["part"] == part]
            draw_steps(sheet.panel(place, 3.5, wide, 2.3), of_part, label)
        save(sheet.figure, path, DPI)


def draw_images(axes: Axes, rows: list[Row], key: str, label: str) -> None:
    """One line for each order of the images."""
    for order, color in (("fixed", BLUE), ("reshuffled", ORANGE)):
        of_order = [row for row in rows if row["order"] == order]
        x, y = [row["value"] for row in of_order], [row[key] for row in of_order]
        axes.plot(x, y, "o-", color=color, markersize=4.5, label=order)
    numbers(axes, "x", [row["value"] for row in rows])
    if key == "own_mib":
        axes.set_ylim(0, 220)
        axes.axhline(200, color=MUTED, linewidth=1, linestyle=":")
    else:
        numbers(axes, "y")
    finish(axes, "images", label)


def draw_steps(axes: Axes, rows: list[Row], label: str) -> None:
    """Ours and the floor, with one thread and with two."""
    for threads, style, words in ((1, "o-", "1 thread"), (2, "s:", "2 threads")):
        of_threads = [row for row in rows if row["threads"] == threads]
        x = [row["value"] for row in of_threads]
        for key, color, name in (("ours_ms", BLUE, "downhill"), ("floor_ms", MUTED, "floor")):
            y = [row[key] for row in of_threads]
            axes.plot(x, y, style, color=color, markersize=4, label=f"{name}, {words}")
    if max(row["value"] for row in rows) > 100:
        numbers(axes, "x", [row["value"] for row in rows][::2])
        axes.tick_params(axis="x", labelsize=8.5)
    numbers(axes, "y")
    finish(axes, label, "ms a step")


def numbers(axes: Axes, which: str, values: list[int] | None = None) -> None:
    """A logarithmic axis that is marked with ordinary numbers: 1, 2, 5, or these values."""
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_minor_locator(NullLocator())
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: plain(value)))
    if values:
        axis.set_ticks(sorted(set(values)))


def plain(value: float) -> str:
    """Thousands with a comma, small numbers with as many decimals as they need."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def significant(value: float) -> str:
    """Two digits at least."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 2 else f"{value:.2f}"


def finish(axes: Axes, x: str, y: str) -> None:
    """Labels, grid and legend."""
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid()
    axes.legend(frameon=False, fontsize=8.5)
