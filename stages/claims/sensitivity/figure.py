"""All derivatives by rank, maps of the inputs, and two parameters wiggled."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from stages.claims.sensitivity.verdict import Probed, power, scientific
from stages.claims.shared.axes import HALO, panel_title
from stages.claims.shared.networks import NETWORKS
from stages.claims.shared.words import parameter_name
from stages.common.files.arrays import Floats
from stages.page.figures.layout import BLUE, INK, MUTED, ORANGE, Sheet
from stages.page.figures.text import plural, significant

COLOURS = dict(zip(NETWORKS, (ORANGE, BLUE), strict=True))
SPAN = 1e8  # smaller components than the largest divided by this are not drawn

LEFT, TALL, LOW = 0.95, 3.2, 1.85  # inches: tick labels, heights of both rows of panels
RANKS, MAPS, MAP = 3.75, 5.55, 1.3  # inches: width of the ranking; place and side of the maps
WIGGLES, BETWEEN = 3.0, 0.85  # inches: width of the lower panels, and space between them
INKED = LinearSegmentedColormap.from_list("inked", ["#ffffff", "#93bfe4", "#1d5fa8", "#0a2a55"])


def draw(both: list[Probed], title: str) -> Figure:
    """Draw the ranking and the maps of inputs above the two wiggled parameters."""
    images = plural(int(both[0].arrays["images"]), "training image")
    sheet = Sheet(
        title,
        f"The cost of all {images}. Above, every weight and bias ranked by how strongly the cost "
        "reacts to it, and how strongly it reacts to the weights of each "
        f"{both[0].input}. Below, the two marked ones wiggled: dashed lines are predicted, dots "
        "measured; hollow ones moved the cost the other way.",
        TALL + LOW + 1.75,
    )
    draw_ranks(sheet.panel(LEFT, 0.15, RANKS, TALL), both)
    for place, probed in enumerate(both):
        draw_map(sheet, probed, 0.15 + place * (MAP + 0.5))
    for place, probed in enumerate(both):
        left = LEFT + place * (WIGGLES + BETWEEN)
        axes = sheet.panel(left, TALL + 1.1, WIGGLES, LOW)
        draw_wiggles(axes, probed)
        if place == 0:
            axes.set_ylabel("change of the cost")
    return sheet.figure


def draw_ranks(axes: Axes, both: list[Probed]) -> None:
    """Draw the sizes of all components from the largest down, and mark the two of each network."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    top = max(float(p["ranked"][0]) for p in both) or 1.0
    for probed in both:
        ranks, sizes, colour = probed["ranks"], probed["ranked"], COLOURS[probed.name]
        axes.plot(ranks[sizes > 0], sizes[sizes > 0], color=colour, lw=1.9)
        if probed.predicted:
            mark(axes, probed, colour)
    axes.set_xlim(1, int(both[0]["ranks"][-1]))
    shown = [float(s) for p in both for s in p["ranked"] if s > top / SPAN] or [top]
    axes.set_ylim(min(shown) / 2, top * 4)
    axes.xaxis.set_major_locator(FixedLocator([10.0**e for e in range(12)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda rank, _: f"{rank:,.0f}")
    decades_axis(axes)
    name_ranks(axes, both)
    axes.set_xlabel("rank among all weights and biases")
    axes.set_ylabel("size of the derivative of the cost")


def mark(axes: Axes, probed: Probed, colour: str) -> None:
    """Mark the two wiggled components, and the distance between them."""
    large, small = np.abs(probed["components"])
    rank = max(2, int(probed["within"]))
    axes.plot([1, rank], [large, large], color=colour, lw=0.8, ls=(0, (3, 3)))
    axes.annotate(
        "",
        (rank, small),
        (rank, large),
        arrowprops={"arrowstyle": "<->", "color": colour, "lw": 1, "shrinkA": 0, "shrinkB": 0},
    )
    axes.plot([1, rank], [large, small], "o", color=colour, ms=5, clip_on=False, zorder=3)


def name_ranks(axes: Axes, both: list[Probed]) -> None:
    """Write the networks' names above their first dots, and the ratios below the second."""
    low, _ = axes.get_ylim()
    taken: list[Floats] = []
    for probed in sorted(both, key=lambda probed: -float(probed["ranked"][0])):
        large, small = (max(low, float(size)) for size in np.abs(probed["components"]))
        colour = COLOURS[probed.name]
        write(axes, taken, probed.name, (1, large), colour, above=True)
        if probed.predicted:
            text = f"{significant(probed.predicted)} times less"
            rank = max(2, int(probed["within"]))
            write(axes, taken, text, (rank, small), colour, above=False)


def write(
    axes: Axes,
    taken: list[Floats],
    text: str,
    point: tuple[float, float],
    colour: str,
    *,
    above: bool,
) -> None:
    """Write a name right above a point, or a ratio left below it; lower where that is taken."""
    place = axes.transData.transform(point) * 72 / axes.figure.dpi
    shift = 12 if above else -11
    place[1] += shift
    while any((np.abs(place - other) < (60, 12)).all() for other in taken):
        place[1] -= 12
        shift -= 12
    taken.append(place)
    words = axes.annotate(
        text,
        point,
        (6 if above else -7, shift),
        textcoords="offset points",
        color=colour,
        size=9.5 if above else 8.5,
        weight="bold" if above else "normal",
        ha="left" if above else "right",
        va="center",
    )
    words.set_path_effects([HALO])


def draw_map(sheet: Sheet, probed: Probed, top: float) -> None:
    """Draw how strongly the cost reacts to the weights of each input, dark for strongly."""
    pixels = probed["pixels"]
    height, width = pixels.shape
    longest = max(height, width)
    axes = sheet.panel(MAPS, top, MAP * width / longest, MAP * height / longest)
    axes.imshow(pixels, cmap=INKED, vmin=0, vmax=float(pixels.max()) or 1.0, aspect="auto")
    axes.set_xticks([], [])
    axes.set_yticks([], [])
    for spine in axes.spines.values():
        spine.set_visible(True)
    words = sheet.canvas(MAPS + MAP + 0.1, top, 1.2, MAP)
    lines = [
        f"{probed.input}s,",
        probed.name,
        "",
        "white 0, darkest",
        scientific(float(pixels.max())),
    ]
    for place, line in enumerate(lines):
        named = place < 2
        words.text(
            0,
            0.12 + 0.185 * place,
            line,
            size=9.5 if named else 8.5,
            color=COLOURS[probed.name] if named else MUTED,
            weight="bold" if named else "normal",
            va="center",
        )


def draw_wiggles(axes: Axes, probed: Probed) -> None:
    """Draw the measured changes of cost against the wiggle, over the lines that are predicted."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    wiggles, colour = probed.wiggles, COLOURS[probed.name]
    for component, changes in zip(probed["components"], probed["changes"], strict=True):
        if component:
            axes.plot(wiggles, abs(component) * wiggles, color=MUTED, lw=1, ls=(0, (4, 3)))
            with_it = changes * component
            for some, inside in ((with_it > 0, colour), (with_it < 0, "white")):
                x, y = wiggles[some], np.abs(changes[some])
                axes.plot(x, y, "o", color=colour, markerfacecolor=inside, ms=4.5)
    if probed.measured:
        mark_ratio(axes, probed)
    panel_title(axes, probed.name, color=colour)
    axes.xaxis.set_major_locator(FixedLocator([10.0**e for e in range(-6, 6)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda wiggle, _: f"{wiggle:g}")
    axes.set_xlim(wiggles[0] / 1.5, wiggles[-1] * 1.5)
    decades_axis(axes)
    name_lines(axes, probed)
    axes.set_xlabel("added to the weight or bias")


def name_lines(axes: Axes, probed: Probed) -> None:
    """Write which parameters the two rising lines belong to, in the corners that they leave."""
    sizes = tuple(int(n) for n in probed.arrays["sizes"])
    names = [parameter_name(int(place), sizes, probed.input) for place in probed["places"]]
    if probed.measured:
        names[1] = f"{significant(probed.measured, 4)} times less:\n{names[1]}"
    for name, x, y, ha, va in ((names[0], 0.04, 0.93, "left", "top"),
                               (names[1], 0.98, 0.05, "right", "bottom")):  # fmt: skip
        words = axes.text(x, y, name, transform=axes.transAxes, color=INK, size=8.5, ha=ha, va=va)
        words.set_path_effects([HALO])


def mark_ratio(axes: Axes, probed: Probed) -> None:
    """Mark the measured ratio at the smallest wiggle."""
    ends = {"arrowstyle": "<->", "color": COLOURS[probed.name], "lw": 1, "shrinkA": 2}
    x = probed.wiggles[0]
    low, high = sorted(np.abs(probed["changes"][:, 0]))
    axes.annotate("", (x, low), (x, high), arrowprops={**ends, "shrinkB": 2})


def decades_axis(axes: Axes) -> None:
    """A grid, and powers of ten up the side: at most seven."""
    low, high = (int(np.floor(np.log10(end))) for end in axes.get_ylim())
    step = 1 + (high - low) // 7
    axes.yaxis.set_major_locator(FixedLocator([10.0**e for e in range(high, low, -step)]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: power(round(np.log10(value))))
    axes.grid(visible=True)
