"""Time by images, a step's time by its multiplications, and memory by its formula."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from stages.claims.shared.axes import GREY, note, panel_title
from stages.claims.time_and_memory.verdict import Growth, Line
from stages.common.files.arrays import Floats
from stages.page.figures.layout import BLUE, INK, MUTED, ORANGE, Sheet
from stages.page.figures.text import SPACE

LEFT, SIDE, BETWEEN, HIGH = 0.75, 1.95, 0.65, 2.2  # inches
COLORS = {"batch": ORANGE, "width": BLUE, "depth": GREY}
NAMES = {"batch": "larger mini-batches", "width": "more neurons", "depth": "more layers"}


def draw(growth: Growth, title: str) -> Figure:
    """Draw three panels, side by side."""
    sheet = Sheet(
        title,
        "A dot is a measurement; all axes are logarithmic. Dashed: in proportion. Solid: a fixed "
        f"time for each call, and one for each multiplication. {growth.processor}, one thread.",
        HIGH + 1.0,
    )
    lefts = [LEFT + place * (SIDE + BETWEEN) for place in range(3)]
    images, steps, memory = (sheet.panel(left, 0.4, SIDE, HIGH) for left in lefts)
    draw_images(images, growth.parts["images"])
    draw_steps(steps, growth)
    draw_memory(memory, growth)
    return sheet.figure


def draw_images(axes: Axes, lines: list[Line]) -> None:
    """Draw an epoch's time by the number of images."""
    panel_title(axes, "an epoch's time")
    images = np.array([line.images for line in lines], float)
    seconds = np.array([line.epoch_ms / 1000 for line in lines])
    axes.plot(images, seconds[0] * images / images[0], "--", color=MUTED, lw=1)
    axes.plot(images, seconds, "o", color=BLUE, ms=6)
    scaled(axes, images, seconds, number, seconds_in_words)
    axes.set_xlabel("images")


def draw_steps(axes: Axes, growth: Growth) -> None:
    """Draw a step's time by its multiplications, with the line of the two constants."""
    panel_title(axes, "a step's time")
    counts = np.array([line.multiplications for line in growth.steps], float)
    along = np.geomspace(counts.min(), counts.max(), 100)
    proportional = 1e-6 * growth.quickest * along
    few = growth.parts["batch"][0]
    axes.plot(along, 1e-6 * proportional, "--", color=MUTED, lw=1)
    axes.plot(
        along, 1e-6 * (growth.call_us * few.calls + proportional), color=INK, lw=1.2, zorder=1
    )
    for part, color in COLORS.items():
        of_part = growth.parts[part]
        x = [line.multiplications for line in of_part]
        axes.plot(x, [1e-6 * line.step_us for line in of_part], "o", color=color, ms=6)
    times = np.array([1e-6 * line.step_us for line in growth.steps])
    scaled(axes, counts, np.array([*times, 1e-6 * proportional[0]]), number, seconds_in_words)
    axes.set_xlabel("multiplications")
    place = few.multiplications, 1e-6 * few.step_us
    note(axes, place, (-5, 14), f"for {few.calls} calls", INK)
    for row, (part, name) in enumerate(NAMES.items()):
        axes.text(
            0.03, 0.97 - 0.1 * row, name, transform=axes.transAxes, va="top", size=8.5,
            color=COLORS[part], weight="bold",
        )  # fmt: skip


def draw_memory(axes: Axes, growth: Growth) -> None:
    """Draw the bytes that are held by what the formula says."""
    panel_title(axes, "memory held")
    known = np.array([line.known_bytes for line in growth.steps], float)
    held = np.array([line.held for line in growth.steps], float)
    axes.plot([known.min(), known.max()], [known.min(), known.max()], "--", color=MUTED, lw=1)
    for part, color in COLORS.items():
        of_part = growth.parts[part]
        x, y = [line.known_bytes for line in of_part], [line.held for line in of_part]
        axes.plot(x, y, "o", color=color, ms=6)
    scaled(axes, known, held, bytes_in_words, bytes_in_words)
    axes.set_xlabel("by the formula")


def scaled(
    axes: Axes, x: Floats, y: Floats, name_x: Callable[[float], str], name_y: Callable[[float], str]
) -> None:
    """Make both axes logarithmic, with a tick for every ten or hundred times as much."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(x.min() / 1.8, x.max() * 1.8)
    axes.set_ylim(y.min() / 1.8, y.max() * 1.8)
    for axis, values, name in ((axes.xaxis, x, name_x), (axes.yaxis, y, name_y)):
        wide = np.log10(values.max() / values.min()) > 3.5
        axis.set_major_locator(LogLocator(base=100 if wide else 10))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(FuncFormatter(lambda value, _, name=name: name(value)))
    axes.grid(visible=True)


def number(value: float) -> str:
    """A power of ten in short: 10 k, 10 M."""
    return in_units(value, {1e9: "G", 1e6: "M", 1e3: "k", 1: ""})


def seconds_in_words(value: float) -> str:
    """A time in short: 10 us, 10 ms, 10 s."""
    return in_units(value, {1: "s", 1e-3: "ms", 1e-6: "\N{MICRO SIGN}s", 1e-9: "ns"})


def bytes_in_words(value: float) -> str:
    """Bytes in short: 100 kB, 10 MB."""
    return in_units(value, {1e9: "GB", 1e6: "MB", 1e3: "kB", 1: "B"})


def in_units(value: float, units: dict[float, str]) -> str:
    """A value in the first of the units, from large to small, that it has one of; or the last."""
    size = next((size for size in units if value >= 0.999 * size), min(units))
    return f"{value / size:.3g}{SPACE}{units[size]}".rstrip()
