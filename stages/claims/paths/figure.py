"""The plane with six paths downhill, two of them from near, and the costs on the way."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from stages.claims.paths.verdict import BATCH, CAREFUL, FULL, QUICK, Paths
from stages.claims.shared.axes import HALO
from stages.common.files.arrays import Floats
from stages.page.figures.layout import BLUE, INK, MARGIN, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.text import decimal, percent, plural, significant

COLORS = {  # told apart by the colour-blind, too
    "single images": "#cc79a7",
    BATCH: ORANGE,
    "momentum": "#f0b429",
    FULL: INK,
    "L-BFGS": BLUE,
    "conjugate gradient": "#56b4e9",
}
HEIGHTS = LinearSegmentedColormap.from_list("heights", ["#ffffff", "#e4e9ef", "#b4bfcb"])
LEVELS = (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)  # of the contours, in every decade
NAMED = (1, 2, 3, 5)

# Inches.
KEY, COLUMN, ROW = 1.4, 2.28, 0.25  # of the key: its first colour, from one to the next, a row
PLANE_TOP, PLANE_LEFT, PLANE_WIDTH = 0.78, 0.75, 5.15
ZOOM, ZOOM_LEFT = 1.42, 6.42
CURVES, LEFT, BETWEEN = 2.35, 0.75, 0.3
NEAR = 1.03  # times the least cost: lines below would be islets between the grid's points
ZERO = 0.5  # where a logarithmic axis has its 0


def draw(paths: Paths, title: str) -> Figure:
    """Draw the plane with the paths, two of them from near, and the costs on the way."""
    tall = PLANE_WIDTH * float(np.ptp(paths.plane["y"]) / np.ptp(paths.plane["x"]))
    below = PLANE_TOP + max(tall, 2 * ZOOM + 1.0) + 0.75
    sheet = Sheet(
        title,
        f"Six ways down from one start; {plural(paths.images, 'training image')} are the whole "
        f"data set, {int(paths.plane['batch_size']):,} of them a mini-batch. Every method "
        f"asks {paths.budget:,} images, again and again the same; those that ask all before a step "
        f"go on to {paths.most:,}. Beside each name: its cost after {paths.budget:,}.",
        below + CURVES + 0.6,
    )
    draw_key(sheet, paths)
    draw_plane(sheet.panel(PLANE_LEFT, PLANE_TOP, PLANE_WIDTH, tall), paths)
    for row, name in enumerate((BATCH, FULL)):
        draw_zoom(sheet.panel(ZOOM_LEFT, PLANE_TOP + row * (ZOOM + 0.62), ZOOM, ZOOM), paths, name)
    width = (WIDTH - LEFT - MARGIN - BETWEEN) / 2
    for column, unit in enumerate(("images", "steps")):
        axes = sheet.panel(LEFT + column * (width + BETWEEN), below, width, CURVES)
        draw_costs(axes, paths, unit)
    return sheet.figure


def draw_key(sheet: Sheet, paths: Paths) -> None:
    """Name the six colours in two rows, with each method's cost after as many images."""
    canvas = sheet.canvas(0, 0, WIDTH, 2 * ROW)
    for row, (names, about) in enumerate(((QUICK, "quick steps"), (CAREFUL, "careful steps"))):
        y = (row + 0.5) * ROW
        canvas.text(MARGIN, y, about, color=MUTED, va="center")
        for column, name in enumerate(names):
            x = KEY + column * COLUMN
            color = COLORS[name]
            canvas.plot([x, x + 0.2], [y, y], color=color, lw=2.4)
            canvas.text(x + 0.27, y, name, color=color, weight="bold", va="center", size=9)
            cost = significant(paths.cost(name))
            canvas.text(x + COLUMN - 0.16, y, cost, color=MUTED, va="center", ha="right", size=9)


def draw_plane(axes: Axes, paths: Paths) -> None:
    """Draw the cost of the plane as a map, and the paths' shadows on it."""
    x, y, cost = (paths.plane[key] for key in ("x", "y", "cost"))
    draw_contours(axes, x, y, np.maximum(cost, 1e-12))
    for name in (*CAREFUL, *QUICK):
        table, color = paths.tables[name], COLORS[name]
        axes.plot(table["x"], table["y"], color=color, lw=1.6)
        axes.plot(table["x"][-1:], table["y"][-1:], "o", color=color, ms=5, zorder=3)
    axes.plot(0, 0, "o", color="white", mec=INK, mew=1.4, ms=6, zorder=4)
    words = axes.annotate(
        "start", (0, 0), (-7, 4), textcoords="offset points", ha="right", va="bottom", size=9
    )
    words.set_path_effects([HALO])
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(y[0], y[-1])
    first, second = (percent(float(share), 0) for share in paths.plane["explained"])
    axes.set_xlabel(f"first principal component: {first} of the variance")
    axes.set_ylabel(f"second: {second}")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    axes.ticklabel_format(scilimits=(-3, 4))  # paths that are lost go far


def draw_contours(axes: Axes, x: Floats, y: Floats, cost: Floats) -> None:
    """Draw heights in grey, with lines at round costs."""
    low, high = float(cost.min()), float(cost.max())
    levels = [m * 10.0**e for e in range(-12, 13) for m in LEVELS]
    inside = [level for level in levels if NEAR * low < level < high]
    if not inside:
        return
    norm = LogNorm(low, high)
    axes.contourf(x, y, cost, [low, *inside, high], cmap=HEIGHTS, norm=norm)
    lines = axes.contour(x, y, cost, inside, colors="#8e9aa9", linewidths=0.5)
    named = [level for level in inside if round(level / 10 ** np.floor(np.log10(level))) in NAMED]
    axes.clabel(
        lines,
        [level for level in named if level in inside],
        fmt=lambda level: f"{level:g}",
        fontsize=7.5,
        colors=MUTED,
    )


def draw_zoom(axes: Axes, paths: Paths, name: str) -> None:
    """Draw the last steps of a path from near, in the same plane."""
    steps, uphill, way = paths.last(name)
    table = paths.tables[name]
    points = np.stack([table["x"], table["y"]])[:, -steps - 1 :]
    middle = (points.min(axis=1) + points.max(axis=1)) / 2
    half = (float(np.ptp(points, axis=1).max()) or 1.0) * 0.58
    axes.plot(*points, color=COLORS[name], lw=1, marker="o", ms=2.2)
    axes.plot(*points[:, -1:], "o", color=COLORS[name], ms=5)
    axes.set_xlim(middle[0] - half, middle[0] + half)
    axes.set_ylim(middle[1] - half, middle[1] + half)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(visible=True, color="#c6ced8")
    axes.set_title(f"{name}: last {plural(steps, 'step')}", size=8.5, color=COLORS[name], pad=4)
    axes.set_xlabel(
        f"{decimal(way, 1)} times the distance,\n"
        f"{uphill} uphill; window {significant(2 * half, 2)} wide",
        size=8.5,
        labelpad=3,
    )


def draw_costs(axes: Axes, paths: Paths, unit: str) -> None:
    """Draw the costs by images asked or by steps made, both axes logarithmic."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    for name in (*CAREFUL, *QUICK):
        table = paths.tables[name]
        x, cost = np.maximum(table[unit], ZERO), np.maximum(table["cost"], 1e-12)
        # Nothing happens before all images have been asked.
        style = "steps-post" if name in CAREFUL and unit == "images" else "default"
        axes.plot(x, cost, color=COLORS[name], lw=1.5, drawstyle=style)
        axes.plot(x[-1:], cost[-1:], "o", color=COLORS[name], ms=4.5, clip_on=False)
    most = max(table[unit][-1] for table in paths.tables.values())
    axes.set_xlim(ZERO, most * 1.3)
    powers = [10**e for e in range(12) if 10**e <= most]
    powers = powers if len(powers) < 5 else powers[::2]
    axes.set_xticks([ZERO, *powers], ["0", *(f"{p:,}" for p in powers)])
    label_costs(axes, paths, named=unit == "images")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_minor_locator(NullLocator())
    axes.grid(visible=True, axis="y")
    axes.set_xlabel("images asked" if unit == "images" else "steps made")
    if unit == "images":
        axes.axvline(paths.budget, color=MUTED, lw=0.9, ls=(0, (3, 3)))
        axes.set_title(f"dashed: {paths.budget:,} images", size=8.5, color=MUTED, loc="right")
        axes.set_ylabel("cost of an image")


def label_costs(axes: Axes, paths: Paths, *, named: bool) -> None:
    """Give both panels the same axis of costs; only the left one has it named."""
    costs = np.concatenate([table["cost"] for table in paths.tables.values()])
    low, high = max(costs.min(), 1e-12) / 1.2, max(costs.max(), 1e-12) * 1.2
    ticks = [m * 10.0**e for e in range(-13, 13) for m in (1, 2, 5)]
    inside = [t for t in ticks if low <= t <= high]
    inside = inside if len(inside) <= 8 else [t for t in inside if f"{t:.0e}"[0] == "1"]
    axes.set_ylim(low, high)
    axes.set_yticks(inside, [f"{t:g}" if named else "" for t in inside])
