"""If we only listened to the 2s: how fast a network comes to see them everywhere."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from stages.claims.shared.claim import BACKPROPAGATION, HELD, NOT_HELD, PARTLY, Claim
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.common.images.classes import BRIEF, Classes, load_classes
from stages.page.figures.layout import BLUE, MUTED, ORANGE, WIDTH, Picture, Sheet
from stages.page.figures.text import percent, plural

SHARES = claim_table("twos")
COLUMNS = ("digit", "start", "seed", "step", "images", "called", "accuracy")
STARTS = ("untrained", "trained")
NAMES = {"untrained": "from random weights", "trained": "from the trained network"}
ALL = 0.99  # share that counts as all images
HALF = 0.5

LEFT, RIGHT, BETWEEN, HEIGHT = 0.85, 1.0, 0.5, 3.0  # inches beside, between and of the panels
ZERO = 0.5  # where a logarithmic axis of steps has its step 0
MOST = 12  # classes up to which each curve is named
LINE = 0.047  # of the panel's height from one name to the next

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Shares:
    """What was counted, by look: ``steps``, (n,), and for each start and name (seeds, n)."""

    digit: int
    names: Classes
    images: int
    seeds: int
    steps: Numbers
    shares: dict[tuple[str, str], Numbers]

    def mean(self, start: str, name: str) -> Numbers:
        """Mean over the seeds at every look, (n,)."""
        return np.asarray(self.shares[start, name].mean(axis=0))

    def spread(self, start: str, look: int = -1) -> str:
        """Share called the digit, mean and standard deviation over the seeds, in words."""
        values = self.shares[start, "called"][:, look]
        deviation = values.std(ddof=1) * 100
        return f"{values.mean() * 100:.1f} \N{PLUS-MINUS SIGN} {percent(deviation / 100, 1)}"

    @property
    def a_digit(self) -> str:
        """One image of the digit, in words."""
        return self.names.one(self.digit)

    @property
    def digits(self) -> str:
        """Many of them, in words."""
        return self.many(self.digit)

    def many(self, label: int) -> str:
        """Images of a class, in words."""
        return self.names.many(label)

    def others(self) -> list[int]:
        """The other classes, those first that are most often called the digit at the end."""
        labels = [label for label in range(len(self.names)) if label != self.digit]
        ends = {label: self.mean("trained", f"called_{label}")[-1] for label in labels}
        return sorted(labels, key=lambda label: -ends[label])

    def reached(self, start: str, share: float, name: str = "called") -> int | None:
        """The first step looked at by which every seed has so large a share."""
        enough = np.flatnonzero(self.shares[start, name].min(axis=0) >= share)
        return int(self.steps[enough[0]]) if enough.size else None


def load() -> Shares:
    """Read what the stage wrote."""
    with SHARES.open(encoding="utf-8") as file:
        classes = file.readline().count("called_")
    own = [f"called_{label}" for label in range(classes)]
    table = read_table(SHARES, (*COLUMNS, *own), texts=("start",))
    steps, seeds = np.unique(table["step"]), np.unique(table["seed"])
    names = ("called", "accuracy", *own)
    return Shares(
        digit=int(table["digit"][0]),
        names=load_classes(classes),
        images=int(table["images"][0]),
        seeds=len(seeds),
        steps=steps,
        shares={(s, n): of_start(table, s, n, len(steps)) for s in STARTS for n in names},
    )


def of_start(table: Table, start: str, name: str, looks: int) -> Numbers:
    """One column for one start, (seeds, looks)."""
    return np.asarray(table[name][table["start"] == start].reshape(-1, looks), np.float64)


def draw() -> Picture:
    """Draw the shares step by step, from random weights and from the trained network."""
    shares = load()
    title = finding(shares)
    sheet = Sheet(
        title,
        f"Every mini-batch shows {shares.digits} only. Thin lines are the "
        f"{plural(shares.seeds, 'seed')}, bold ones their mean; grey, for each other class, the "
        "share of its images that is called so.",
        HEIGHT + 0.95,
    )
    width = (WIDTH - LEFT - RIGHT - BETWEEN) / 2
    for column, start in enumerate(STARTS):
        axes = sheet.panel(LEFT + column * (width + BETWEEN), 0.35, width, HEIGHT)
        draw_start(axes, shares, start)
        if column == 0:
            axes.set_ylabel("test images (%)")
    name_classes(axes, shares)
    return Picture(
        "twos", title, f"{measured(shares)} {verdict(shares)}", alt(shares, title), sheet.figure
    )


def finding(shares: Shares) -> str:
    """The shares at the end, from both starts."""
    ends = [percent(shares.mean(start, "called")[-1], 1) for start in STARTS]
    return (
        f"After {plural(int(shares.steps[-1]), 'step')} on {shares.digits} alone, random weights "
        f"call {ends[0]} of all images {shares.a_digit}, the trained network {ends[1]}"
    )


def measured(shares: Shares) -> str:
    """What becomes of both networks, and which classes give in first and last."""
    last = plural(int(shares.steps[-1]), "step")
    accuracy = {s: shares.mean(s, "accuracy") for s in STARTS}
    return (
        f"Test images called {shares.a_digit}, of {shares.images:,}, mean \N{PLUS-MINUS SIGN} "
        f"standard deviation over {plural(shares.seeds, 'seed')}. From random weights: "
        f"{shares.spread('untrained')} after {last}{arrival(shares, 'untrained')}; "
        f"{percent(accuracy['untrained'][-1], 1)} are then read correctly. From the trained "
        f"network: {shares.spread('trained')}{arrival(shares, 'trained')}, and accuracy goes from "
        f"{percent(accuracy['trained'][0], 1)} to {percent(accuracy['trained'][-1], 1)}."
        f"{first_and_last(shares)}"
    )


def arrival(shares: Shares, start: str) -> str:
    """When every seed called all images the digit."""
    step = shares.reached(start, ALL)
    if step is None:
        return ""
    return f" (at least {percent(ALL, 0)} in every seed after {plural(step, 'step')})"


def first_and_last(shares: Shares) -> str:
    """Which class the trained network gives up first, and which it keeps longest."""
    others = shares.others()
    if len(others) < 2:
        return ""
    ends = {label: percent(shares.mean("trained", f"called_{label}")[-1], 1) for label in others}
    first, last = others[0], others[-1]
    return (
        f" There, {shares.many(first)} are given up most ({ends[first]} called "
        f"{shares.a_digit} at the end) and {shares.many(last)} least ({ends[last]})."
    )


def verdict(shares: Shares) -> str:
    """Held if in the end every seed calls all images the digit, from both starts."""
    words = f"Asked for: in the end at least {percent(ALL, 0)} in every seed, from both starts."
    good = [bool((shares.shares[start, "called"][:, -1] >= ALL).all()) for start in STARTS]
    return f"{words} {HELD if all(good) else PARTLY if any(good) else NOT_HELD}"


def alt(shares: Shares, title: str) -> str:
    """Give the ends of all bold curves."""
    parts = [
        f"{NAMES[start]} it goes from {percent(shares.mean(start, 'called')[0], 1)} to "
        f"{percent(shares.mean(start, 'called')[-1], 1)} and accuracy from "
        f"{percent(shares.mean(start, 'accuracy')[0], 1)} to "
        f"{percent(shares.mean(start, 'accuracy')[-1], 1)}"
        for start in STARTS
    ]
    about = f"Two panels of the share of test images called {shares.a_digit}"
    return f"{title}. {about}: {'; '.join(parts)}."


def draw_start(axes: Axes, shares: Shares, start: str) -> None:
    """Draw one start: every seed, the means, and the other classes behind them."""
    x = np.maximum(shares.steps, ZERO)
    axes.set_xscale("log")
    if start == "trained":
        for label in shares.others():
            axes.plot(x, 100 * shares.mean(start, f"called_{label}"), color="#b9c2cd", lw=0.8)
    for name, color in (("called", BLUE), ("accuracy", ORANGE)):
        axes.plot(x, 100 * shares.shares[start, name].T, color=color, lw=0.7, alpha=0.45)
        axes.plot(x, 100 * shares.mean(start, name), color=color, lw=2.2, clip_on=False, zorder=3)
    axes.set_ylim(0, 103)
    axes.set_xlim(ZERO, max(x[-1], 1))
    powers = [10.0**e for e in range(7) if 10.0**e <= shares.steps[-1]]
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([ZERO, *powers], ["0", *(f"{p:,.0f}" for p in powers)])
    axes.set_yticks(range(0, 101, 20))
    axes.grid(visible=True, axis="y")
    axes.set_xlabel("step")
    axes.set_title(NAMES[start], size=10, weight="bold", loc="left", pad=8)
    name_means(axes, shares, start)


def name_means(axes: Axes, shares: Shares, start: str) -> None:
    """Write the bold curves' names where the two are farthest apart."""
    means = {name: 100 * shares.mean(start, name) for name in ("called", "accuracy")}
    middle = len(shares.steps) // 2 if start == "untrained" else min(3, len(shares.steps) - 1)
    for name, text, color in (
        ("called", f"called {shares.a_digit}", BLUE),
        ("accuracy", "read correctly", ORANGE),
    ):
        above = means[name][middle] < 90
        words = axes.annotate(
            text,
            (max(shares.steps[middle], ZERO), means[name][middle]),
            (0, 6 if above else -7),
            textcoords="offset points",
            color=color,
            weight="bold",
            ha="center",
            va="bottom" if above else "top",
        )
        words.set_path_effects([withStroke(linewidth=3, foreground="white")])


def name_classes(axes: Axes, shares: Shares) -> None:
    """Name the grey curves at their right ends, far enough apart to be read."""
    others = shares.others()
    if len(others) > MOST:
        others = [others[0], others[-1]]
    ends = [shares.mean("trained", f"called_{label}")[-1] for label in others]
    for label, end, place in zip(others, ends, apart(ends), strict=True):
        axes.annotate(
            ending(shares, label),
            (axes.get_xlim()[1], 100 * end),
            (1.05, place),
            textcoords="axes fraction",
            size=8.5,
            color=MUTED,
            va="center",
            arrowprops={"arrowstyle": "-", "color": "#b9c2cd", "lw": 0.6, "shrinkB": 1},
            annotation_clip=False,
        )


def ending(shares: Shares, label: int) -> str:
    """What stands at the end of a class's curve: 3s, class A, Coat."""
    if shares.names.noun == "digit":
        return shares.many(label)
    return shares.names[label] if shares.names.longest > BRIEF else f"class {shares.names[label]}"


def apart(shares: list[float]) -> list[float]:
    """Heights, as shares of the panel, near these falling shares, but a line from one another."""
    places: list[float] = []
    for share in shares:
        highest = places[-1] - LINE if places else 1.0
        places.append(min(share / 1.03, highest))
    short = max(0.0, -places[-1])  # the lowest must not fall out of the panel
    for i in reversed(range(len(places))):
        places[i] = max(places[i], (len(places) - 1 - i) * LINE) if short else places[i]
    return places


CLAIM = Claim(
    "twos",
    "If we only listened to the 2s",
    "A single 2 wishes for its own changes only. If the network heard 2s and nothing else, it "
    "would end up calling every image a 2; that is why the wishes of all digits are averaged.",
    BACKPROPAGATION,
    draw,
)
