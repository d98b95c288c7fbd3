"""How unequally the cost listens to the weights, and two of them wiggled."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from stages.claims.averaging.figure import HALO, parameter_name
from stages.claims.shared.claim import GRADIENT_DESCENT, HELD, NOT_HELD, PARTLY, Claim
from stages.common.files.arrays import load_arrays
from stages.common.files.paths import claim_arrays
from stages.page.figures.layout import BLUE, INK, MUTED, ORANGE, Picture, Sheet
from stages.page.figures.results import load_input
from stages.page.figures.text import SPACE, TIMES, percent, plural, significant

SENSITIVITY = claim_arrays("sensitivity")
NETWORKS = {"untrained": ORANGE, "trained": BLUE}
CLOSE = 0.01  # a ratio is as it should be if it is this near, as a share
ALONG = 0.1  # a change of cost still follows the slope if it is this near, as a share
SPAN = 1e8  # smaller components than the largest divided by this are not drawn

LEFT, TALL, LOW = 0.95, 3.2, 1.85  # inches: tick labels, heights of both rows of panels
RANKS, MAPS, MAP = 3.75, 5.55, 1.3  # inches: width of the ranking; place and side of the maps
WIGGLES, BETWEEN = 3.0, 0.85  # inches: width of the lower panels, and space between them
INKED = LinearSegmentedColormap.from_list("inked", ["#ffffff", "#93bfe4", "#1d5fa8", "#0a2a55"])

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Probed:
    """What was measured on one network; see the stage ``sensitivity``."""

    name: str
    arrays: dict[str, NDArray[Any]]
    input: str  # what the network is given for each of its inputs

    def __getitem__(self, key: str) -> NDArray[Any]:
        """One of the arrays of this network, by its name without the network's."""
        return self.arrays[f"{self.name}_{key}"]

    @property
    def wiggles(self) -> Floats:
        """By how much the two parameters were changed, (k,)."""
        return self.arrays["wiggles"]

    @property
    def predicted(self) -> float:
        """How many times the first component is the second; 0 if that one is zero."""
        return ratio(self["components"])

    @property
    def measured(self) -> float:
        """How many times the first change of cost is the second, at the smallest wiggle."""
        return ratio(self["changes"][:, 0])

    @property
    def agrees(self) -> bool:
        """Whether there are two components in this ratio, and the cost changes in it, too."""
        asked = float(self.arrays["ratio"])
        exists = abs(self.predicted - asked) <= CLOSE * asked
        return exists and abs(self.measured - self.predicted) <= CLOSE * self.predicted

    @property
    def follows(self) -> float:
        """The largest wiggle up to which both changes of cost follow the slope; 0 if none."""
        slopes = self["components"][:, np.newaxis] * self.wiggles
        off = np.abs(self["changes"] - slopes) > ALONG * np.abs(slopes)
        bad = np.flatnonzero(off.any(axis=0))
        steps = int(bad[0]) if bad.size else len(self.wiggles)
        return float(self.wiggles[steps - 1]) if steps else 0.0


def ratio(pair: Floats) -> float:
    """How many times larger in size the first of two is; 0 if there is nothing to compare with."""
    large, small = np.abs(pair)
    return float(large / small) if small else 0.0


def draw() -> Picture:
    """Draw the ranking and the maps of inputs above the two wiggled parameters."""
    arrays, given = load_arrays(SENSITIVITY), load_input()
    both = [Probed(name, arrays, given) for name in NETWORKS]
    title = finding(both)
    sheet = Sheet(
        title,
        f"The cost of {plural(int(arrays['images']), 'training image')}. Above, every weight and "
        "bias ranked by how strongly the cost reacts to it, and how strongly it reacts to the "
        f"weights of each {given}. Below, the two marked ones wiggled: dashed lines are predicted, "
        "dots measured; hollow ones moved the cost the other way.",
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
    caption = f"{measured(both)} {verdict(both)}"
    return Picture("sensitivity", title, caption, alt(both, title), sheet.figure)


def finding(both: list[Probed]) -> str:
    """The ratios on the trained network, measured and predicted."""
    found, predicted = (significant(r, 4) for r in (both[-1].measured, both[-1].predicted))
    return (
        f"A wiggle of one weight changes the cost {found} times as much as that of another; "
        f"the gradient predicts {predicted}"
    )


def measured(both: list[Probed]) -> str:
    """Which two were wiggled, and how unequal all are."""
    arrays = both[0].arrays
    sizes = tuple(int(n) for n in arrays["sizes"])
    count = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    wiggle, asked = significant(float(arrays["wiggles"][0])), significant(float(arrays["ratio"]))
    pairs = " and ".join(f"{percent(float(p['pairs']), 0)} ({p.name})" for p in both)
    zeros = " and ".join(f"{int(p['zeros']):,} ({p.name})" for p in both)
    return (
        f"Of {count:,} weights and biases, the most sensitive one and the one nearest to {asked} "
        f"times less so were made larger by {wiggle}, one at a time. "
        f"{' '.join(told(probed) for probed in both)} In {pairs} of "
        f"all pairs the cost listens to one at least {asked} times as much as to the other. For "
        f"{zeros} the derivative is exactly zero; they are not drawn."
    )


def told(probed: Probed) -> str:
    """The two derivatives of one network, and what the wiggles did."""
    one, other = (scientific(float(slope)) for slope in probed["components"])
    near = percent(ALONG, 0)
    reach = (
        f"both changes stay within {near} of the prediction up to {significant(probed.follows)}"
        if probed.follows
        else f"even the smallest wiggle is not within {near} of the prediction"
    )
    return (
        f"{probed.name.capitalize()}: derivatives {one} and {other}, predicted ratio "
        f"{significant(probed.predicted, 4)}, measured {significant(probed.measured, 4)}; {reach}."
    )


def verdict(both: list[Probed]) -> str:
    """Held if two components have the ratio, and the measured changes have it as well."""
    asked = significant(float(both[0].arrays["ratio"]))
    near = percent(CLOSE, 0)
    words = f"Asked for: a ratio within {near} of {asked}, and measured within {near} of that."
    good = [probed.agrees for probed in both]
    return f"{words} {HELD if all(good) else PARTLY if any(good) else NOT_HELD}"


def alt(both: list[Probed], title: str) -> str:
    """Describe the panels."""
    parts = [
        f"{p.name}, derivatives fall from {scientific(float(p['ranked'][0]))} at rank 1 to "
        f"{scientific(float(np.median(p['ranked'])))} in the middle of the drawn ranks"
        for p in both
    ]
    return (
        f"{title}. Curves of all derivatives by rank: {'; '.join(parts)}. Beside them, maps of "
        f"the {both[0].input}s; below, changes of cost against the wiggle, on straight lines at "
        "first."
    )


def draw_ranks(axes: Axes, both: list[Probed]) -> None:
    """Draw the sizes of all components from the largest down, and mark the two of each network."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    top = max(float(p["ranked"][0]) for p in both) or 1.0
    for probed in both:
        ranks, sizes, colour = probed["ranks"], probed["ranked"], NETWORKS[probed.name]
        axes.plot(ranks[sizes > 0], sizes[sizes > 0], color=colour, lw=1.9)
        if probed.predicted:
            mark(axes, probed, colour)
    axes.set_xlim(1, int(both[0]["ranks"][-1]))
    shown = [float(s) for p in both for s in p["ranked"] if s > top / SPAN] or [top]
    axes.set_ylim(min(shown) / 2, top * 4)
    axes.xaxis.set_major_locator(FixedLocator([10.0**e for e in range(12)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda rank, _: f"{rank:,.0f}")
    dress(axes)
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
        colour = NETWORKS[probed.name]
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
            color=NETWORKS[probed.name] if named else MUTED,
            weight="bold" if named else "normal",
            va="center",
        )


def draw_wiggles(axes: Axes, probed: Probed) -> None:
    """Draw the measured changes of cost against the wiggle, over the lines that are predicted."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    wiggles, colour = probed.wiggles, NETWORKS[probed.name]
    for component, changes in zip(probed["components"], probed["changes"], strict=True):
        if component:
            axes.plot(wiggles, abs(component) * wiggles, color=MUTED, lw=1, ls=(0, (4, 3)))
            with_it = changes * component
            for some, inside in ((with_it > 0, colour), (with_it < 0, "white")):
                x, y = wiggles[some], np.abs(changes[some])
                axes.plot(x, y, "o", color=colour, markerfacecolor=inside, ms=4.5)
    if probed.measured:
        mark_ratio(axes, probed)
    axes.set_title(probed.name, size=9.5, weight="bold", color=colour, loc="left", pad=8)
    axes.xaxis.set_major_locator(FixedLocator([10.0**e for e in range(-6, 6)]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda wiggle, _: f"{wiggle:g}")
    axes.set_xlim(wiggles[0] / 1.5, wiggles[-1] * 1.5)
    dress(axes)
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
    ends = {"arrowstyle": "<->", "color": NETWORKS[probed.name], "lw": 1, "shrinkA": 2}
    x = probed.wiggles[0]
    low, high = sorted(np.abs(probed["changes"][:, 0]))
    axes.annotate("", (x, low), (x, high), arrowprops={**ends, "shrinkB": 2})


def dress(axes: Axes) -> None:
    """A grid, and powers of ten up the side: at most seven."""
    low, high = (int(np.floor(np.log10(end))) for end in axes.get_ylim())
    step = 1 + (high - low) // 7
    axes.yaxis.set_major_locator(FixedLocator([10.0**e for e in range(high, low, -step)]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: power(round(np.log10(value))))
    axes.grid(visible=True)


def scientific(value: float) -> str:
    """Three digits, with a power of ten if there were many zeros in front of them."""
    if value == 0 or abs(value) >= 1e-3:
        return significant(value)
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{significant(float(mantissa))}{SPACE}{TIMES}{SPACE}{power(int(exponent))}"


def power(exponent: int) -> str:
    """``power(-3)`` is 0.001, and ``power(-5)`` is 10 with a raised -5."""
    if abs(exponent) <= 3:
        return f"{10.0**exponent:,g}"
    return f"10{str(exponent).translate(RAISED)}"


CLAIM = Claim(
    "sensitivity",
    "32 times more sensitive",
    "The size of each component of the gradient tells how sensitive the cost is to that weight: "
    "where one is 32 times another, a wiggle of the first changes the cost 32 times as much.",
    GRADIENT_DESCENT,
    draw,
)
