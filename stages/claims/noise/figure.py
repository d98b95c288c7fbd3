"""How sure networks are of pictures that show nothing, network by network."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from stages.claims.minima.figure import apart, heading
from stages.claims.shared.claim import GRADIENT_DESCENT, HELD, NOT_HELD, PARTLY, Claim
from stages.common.files.arrays import load_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import claim_arrays, claim_table
from stages.common.files.tables import Table, read_table
from stages.common.images.classes import Classes, load_classes
from stages.page.figures.layout import (
    BLUE,
    FAINT,
    GLOW,
    INK,
    MARGIN,
    ORANGE,
    WIDTH,
    Picture,
    Sheet,
)
from stages.page.figures.text import SPACE, decimal, percent, plural

SHARES = claim_table("noise")
ANSWERS = claim_arrays("noise")
COLUMNS = ("kind", "seed", "confident", "mean_largest", "favourite", "favourite_share")
KINDS: dict[str, tuple[str, str]] = {  # what each kind is called, and its colour
    "uniform": ("uniform noise", ORANGE),
    "shuffled": ("shuffled pixels", "#8793a3"),
    "digits": ("real images", BLUE),
}
# A network is sure of noise if it is confident about half of it or more. The claim is held if so
# many of the networks are.
HALF, MOST = 0.5, 0.75
WIDE = 0.5  # networks that differ by so much about one picture make it misleading
LEFT, RIGHT, SIDE = 2.25, 1.5, 1.15  # inches beside the panels, and the pictures' longer side
TOPS, HEIGHTS = (0.35, 2.0, 3.9, 6.2), (1.2, 1.45, 1.5, 1.25)  # inches: the panels
TWO = 2  # characters of names that fit above a bar at full size
LABELLED = 30  # networks up to which each is named
SHADES = LinearSegmentedColormap.from_list("shades", ["#ffffff", "#fbd3b3", ORANGE, "#7a2c07"])

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Answers:
    """What the stage ``noise`` measured of n networks with k outputs.

    ``shares``, ``favourites`` and ``favourite_shares`` are (n,) by kind; ``histograms``,
    (n, bins), ``guesses``, (n, k), and ``first``, (n, k), the outputs for the one ``picture``.
    """

    threshold: float
    seeds: Numbers
    counts: dict[str, int]
    shares: dict[str, Numbers]
    favourites: Numbers  # of uniform noise, like all that is not by kind
    favourite_shares: Numbers
    histograms: dict[str, Numbers]
    guesses: Numbers
    pictures: dict[str, Numbers]
    first: Numbers
    names: Classes

    @property
    def noun(self) -> str:
        """What the networks tell apart, in one word."""
        return self.names.noun

    @property
    def order(self) -> Numbers:
        """Networks from the least to the most often confident about noise."""
        return np.argsort(self.shares["uniform"], kind="stable")

    @property
    def sure(self) -> int:
        """How many networks are confident about half of the noise or more."""
        return int((self.shares["uniform"] >= HALF).sum())

    def told(self, kind: str) -> str:
        """Mean and deviation over the networks: 20 ± 29 %."""
        shares = 100 * self.shares[kind]
        return f"{decimal(shares.mean(), 1)} ± {decimal(shares.std(ddof=1), 1)}{SPACE}%"

    def ends(self, kind: str) -> str:
        """The lowest and the highest share."""
        shares = self.shares[kind]
        return f"{percent(shares.min(), 1)} to {percent(shares.max(), 1)}"


def load() -> Answers:
    """Read what the stage has written, and see that it fits together."""
    table, arrays = read_table(SHARES, COLUMNS, texts=("kind",)), load_arrays(ANSWERS)
    try:
        return _answers(table, arrays)
    except (KeyError, ValueError, IndexError) as error:
        message = f"{ANSWERS}: expected what the stage noise writes: {error}; run dvc repro"
        raise StageError(message) from error


def _answers(table: Table, arrays: dict[str, Numbers]) -> Answers:
    rows = {kind: table["kind"] == kind for kind in KINDS}
    place = {kind: [*arrays["kinds"]].index(kind) for kind in KINDS}
    first = arrays["first_outputs"][place["uniform"]]
    if any(part.sum() != len(first) for part in rows.values()):
        raise ValueError(f"{len(first)} networks for each kind in {SHARES}")
    noise = rows["uniform"]
    return Answers(
        threshold=float(arrays["threshold"]),
        seeds=table["seed"][noise].astype(np.int64),
        counts={kind: int(arrays["counts"][i]) for kind, i in place.items()},
        shares={kind: table["confident"][part] for kind, part in rows.items()},
        favourites=table["favourite"][noise].astype(np.int64),
        favourite_shares=table["favourite_share"][noise],
        histograms={kind: arrays["histograms"][i] for kind, i in place.items()},
        guesses=arrays["guesses"][place["uniform"]],
        pictures={kind: arrays["pictures"][i] for kind, i in place.items()},
        first=first,
        names=load_classes(first.shape[1]),
    )


def draw() -> Picture:
    """Draw one picture's answers, the shares, the favourites, and the largest outputs."""
    answers = load()
    title = finding(answers)
    networks = plural(len(answers.seeds), "network")
    sheet = Sheet(
        title,
        f"{networks}, trained alike from different random starts. The columns of the first three "
        "panels are the same networks, from the least to the most often confident about noise.",
        TOPS[-1] + HEIGHTS[-1] + 0.6,
    )
    inner = WIDTH - LEFT - RIGHT
    one, shares, favourites, largest = (
        sheet.panel(LEFT, top, inner, height) for top, height in zip(TOPS, HEIGHTS, strict=True)
    )
    draw_one(one, answers)
    draw_shares(shares, answers)
    draw_favourites(favourites, answers)
    draw_largest(largest, answers)
    for axes in (one, shares, favourites):
        dress(axes, answers, last=axes is favourites)
    draw_pictures(sheet, answers)
    for axes in (one, shares, favourites, largest):
        axes.yaxis.set_label_coords(-0.08, 0.5)
    caption = f"{measured(answers)} {verdict(answers)}"
    return Picture("noise", title, caption, alt(answers, title), sheet.figure)


def finding(answers: Answers) -> str:
    """The range between networks."""
    low, high = (percent(f(answers.shares["uniform"]), 0) for f in (np.min, np.max))
    above = f"{answers.threshold:g}"
    return f"Outputs above {above} for noise: {low} to {high} of the pictures, by network"


def measured(answers: Answers) -> str:
    """The shares of all kinds, the favourites, and what one picture would have told."""
    counts = {kind: f"{n:,}" for kind, n in answers.counts.items()}
    noun, classes = answers.noun, answers.guesses.shape[1]
    found = Counter(answers.favourites.tolist())
    loved = ", ".join(
        f"{answers.names[label]} ({n})" for label, n in sorted(found.items(), key=lambda i: -i[1])
    )
    largest, favourite = answers.first.max(axis=1), float(answers.favourite_shares.mean())
    return (
        f"{plural(len(answers.seeds), 'network')} were shown {counts['uniform']} pictures of "
        f"uniform noise, {counts['shuffled']} test images with their pixels shuffled, and all "
        f"{counts['digits']} test images. An output above {answers.threshold:g} comes up for "
        f"{answers.told('uniform')} of the noise (mean ± standard deviation over the networks; "
        f"from {answers.ends('uniform')}), for {answers.told('shuffled')} of the shuffled images "
        f"({answers.ends('shuffled')}) and for {answers.told('digits')} of the real ones. "
        f"To noise, a network's favourite {noun} wins in {percent(favourite, 0)} of cases on "
        f"average, where an even choice would give {percent(1 / classes, 0)}. Favourites (and "
        f"networks): {loved}. For the first picture alone the largest output goes from "
        f"{decimal(largest.min())} to {decimal(largest.max())}, depending on the network"
        f"{': one picture would mislead' if np.ptp(largest) >= WIDE else ''}."
    )


def verdict(answers: Answers) -> str:
    """How many networks are sure of noise, and whether these are most."""
    n = len(answers.seeds)
    held = answers.sure >= MOST * n
    return (
        f"{answers.sure} of {n} networks are confident about half of the noise or more; it counts "
        f"as held if {percent(MOST, 0)} of them are, and in part if any is. "
        f"{HELD if held else PARTLY if answers.sure else NOT_HELD}"
    )


def alt(answers: Answers, title: str) -> str:
    """Give the means, and the network at each end."""
    ends = answers.order[[0, -1]]
    told = " and ".join(
        f"network {answers.seeds[i]} is confident about "
        f"{percent(answers.shares['uniform'][i], 0)} of the noise" for i in ends
    )  # fmt: skip
    return (
        f"{title}. Panels by network: {told}; on real images the share is "
        f"{answers.ends('digits')}. A map of the {answers.noun} read by each network, "
        "and curves of the largest output for noise, shuffled pixels and real images."
    )


def dress(axes: Axes, answers: Answers, *, last: bool) -> None:
    """Give the panels the same columns; only the last one names them."""
    n = len(answers.seeds)
    step = 1 + (n - 1) // LABELLED
    axes.set_xlim(-0.6, n - 0.4)
    axes.set_xticks(range(0, n, step), [str(s) for s in answers.seeds[answers.order][::step]])
    axes.tick_params(axis="x", length=0, labelbottom=last, labelsize=8)
    if last:
        axes.set_xlabel("network, named by the seed of its random start")


def beside(axes: Axes, y: float, text: str, color: str) -> None:
    """Name a curve at the right of a panel, at a height from 0 to 1 of its data."""
    axes.annotate(
        text, (1, y), (9, 0), xycoords=("axes fraction", "data"), textcoords="offset points",
        color=color, va="center", annotation_clip=False, linespacing=1.15,
    )  # fmt: skip


def draw_one(axes: Axes, answers: Answers) -> None:
    """A bar for every network's largest output for the one picture, with what it reads."""
    first = answers.first[answers.order]
    largest, guesses = first.max(axis=1), first.argmax(axis=1)
    sure = largest > answers.threshold
    colors = np.where(sure, ORANGE, "#f3c7a8")
    axes.bar(range(len(first)), largest, width=0.72, color=colors.tolist())
    axes.axhline(answers.threshold, color=INK, lw=0.8, ls=(0, (3, 3)))
    if len(first) <= LABELLED:
        size = 8.5 if answers.names.longest <= TWO else 6.5
        for x, (height, guess) in enumerate(zip(largest, guesses, strict=True)):
            axes.annotate(
                answers.names.brief(guess), (x, height), (0, 3.5), textcoords="offset points",
                ha="center", size=size, annotation_clip=False,
                bbox={"fc": "white", "ec": "none", "pad": 0.8},
            )  # fmt: skip
    axes.set_ylim(0, 1.16)
    axes.set_yticks([0, 0.5, 1])
    axes.set_ylabel("largest output")
    heading(axes, "The first picture on the left: what each network reads in it")
    beside(axes, answers.threshold, f"{answers.threshold:g}: confident", INK)


def draw_shares(axes: Axes, answers: Answers) -> None:
    """Share of confident answers, for each network and kind of picture."""
    ends = {}
    for kind, (name, color) in KINDS.items():
        shares = 100 * answers.shares[kind][answers.order]
        axes.plot(shares, color=color, lw=0.8, alpha=0.6)
        axes.plot(shares, color=color, ls="", marker="o", ms=4.5, clip_on=False)
        ends[kind] = (shares[-1], f"{name}\n{answers.told(kind)}", color)
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 50, 100])
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("confident (%)")
    heading(axes, f"Share of pictures with an output above {answers.threshold:g}")
    places = apart([y for y, _, _ in ends.values()], 24.0, 100)
    for y, (_, text, color) in zip(places, ends.values(), strict=True):
        beside(axes, y, text, color)


def draw_favourites(axes: Axes, answers: Answers) -> None:
    """A column for each network: how often it reads noise as each class."""
    shares = answers.guesses / answers.guesses.sum(axis=1, keepdims=True)
    classes = shares.shape[1]
    axes.imshow(
        shares[answers.order].T, cmap=SHADES, vmin=0, vmax=1, aspect="auto", interpolation="nearest"
    )
    step = 1 + (classes - 1) // 12
    axes.set_yticks(
        range(0, classes, step), [answers.names.brief(j) for j in range(0, classes, step)], size=8
    )
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(classes - 0.5, -0.5)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.add_patch(
        Rectangle((0, 0), 1, 1, transform=axes.transAxes, fill=False, ec=FAINT, clip_on=False)
    )
    axes.set_ylabel(f"{answers.noun} read")
    heading(axes, f"Which {answers.noun} uniform noise is read as")
    bar = axes.inset_axes((1.03, 0.08, 0.022, 0.84))
    bar.imshow(np.linspace(1, 0, 64)[:, np.newaxis], cmap=SHADES, aspect="auto")
    bar.set_xticks([])
    bar.yaxis.tick_right()
    bar.set_yticks([0, 31.5, 63], [f"100{SPACE}% of noise", f"50{SPACE}%", f"0{SPACE}%"], size=8.5)
    bar.tick_params(length=0)
    for spine in bar.spines.values():
        spine.set_visible(False)


def draw_largest(axes: Axes, answers: Answers) -> None:
    """Share of pictures whose largest output is above x: every network, and their mean."""
    for kind, (name, color) in KINDS.items():
        counts = answers.histograms[kind]
        shares = 100 * (1 - counts.cumsum(axis=1) / counts.sum(axis=1, keepdims=True))
        shares = np.concatenate([np.full((len(shares), 1), 100.0), shares], axis=1)
        x = np.linspace(0, 1, shares.shape[1])
        axes.plot(x, shares.T, color=color, lw=0.5, alpha=0.35)
        axes.plot(x, shares.mean(axis=0), color=color, lw=2.2)
        place = {"digits": 88, "uniform": 50, "shuffled": 12}[kind]
        beside(axes, place, name, color)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 100)
    axes.set_yticks([0, 50, 100])
    axes.grid(visible=True, axis="y")
    axes.axvline(answers.threshold, color=INK, lw=0.8, ls=(0, (3, 3)))
    axes.set_xlabel("x")
    axes.set_ylabel("pictures (%)")
    heading(
        axes, "Share of pictures with a largest output above x (thick: mean; thin: each network)"
    )


def draw_pictures(sheet: Sheet, answers: Answers) -> None:
    """One picture of each kind, with its name, down the left side."""
    height = sheet.height - sheet.heading
    axes = sheet.canvas(MARGIN, 0, SIDE, height)
    for (kind, (name, color)), top in zip(KINDS.items(), (TOPS[0], 1.95, 3.55), strict=True):
        rows, columns = answers.pictures[kind].shape
        tall, wide = SIDE * min(1, rows / columns), SIDE * min(1, columns / rows)
        axes.imshow(
            answers.pictures[kind], cmap=GLOW, vmin=0, vmax=255, aspect="auto",
            interpolation="nearest", extent=(0, wide, top + tall, top),
        )  # fmt: skip
        axes.text(0, top + tall + 0.14, name, color=color, va="center", weight="bold")
    axes.set_xlim(0, SIDE)  # imshow has changed them
    axes.set_ylim(height, 0)


CLAIM = Claim(
    "noise",
    "Confident about noise",
    "Shown a random picture, the network does not hesitate: instead of lighting up no output, or "
    "all of them evenly, it gives a nonsense answer as confidently as it calls a 5 a 5.",
    GRADIENT_DESCENT,
    draw,
)
