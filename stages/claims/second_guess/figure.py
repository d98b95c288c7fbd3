"""How far the second guess brings the network, and whether a second label teaches it to guess."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY, VIEWER, Claim
from stages.common.files.arrays import load_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import claim_arrays, claim_table
from stages.common.files.tables import read_table
from stages.common.images.classes import Classes, load_classes
from stages.page.figures.layout import BLUE, GLOW, MARGIN, MUTED, ORANGE, WIDTH, Picture, Sheet
from stages.page.figures.mistakes import draw_bar, name_tile
from stages.page.figures.text import MINUS, decimal, percent, plural

TABLE = claim_table("second_guess")
ARRAYS = claim_arrays("second_guess")
COLUMNS = ("network", "run", "guesses", "right")

GOAL = 0.9999  # what the viewer asked for
CLEAR = 2  # standard errors that a mean difference must have to count as one
KINDS = {
    "one label": "one\nlabel",
    "even labels": "spread\nevenly",
    "second label": "second\nlabel",
}
LEFT, TOP, HEIGHT = 0.95, 0.3, 2.35  # inches: of the curve, and of all panels above the pictures
TILES, GAP, ABOVE, BELOW = 8, 0.2, 0.24, 0.82  # to a row; inches between, above, below them
RANK = 0.43  # inches for the rank of the right guess, above an image
ERRORS = (1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001, 1e-5)
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Found:
    """What the stage wrote.

    ``right``, (classes,), counts the test images whose class is among the first k guesses of the
    trained network; ``retrained`` holds the same, (runs, classes), for each kind of target.
    """

    right: Counts
    retrained: dict[str, Counts]
    arrays: dict[str, NDArray[Any]]
    names: Classes

    @property
    def images(self) -> int:
        """How many test images there are: all are read in as many guesses as there are classes."""
        return int(self.right[-1])

    @property
    def noun(self) -> str:
        """What the network tells apart, in one word."""
        return self.names.noun

    @property
    def mistakes(self) -> int:
        """Test images whose first guess is wrong."""
        return self.images - int(self.right[0])

    @property
    def neither(self) -> int:
        """Test images whose first two guesses are wrong."""
        return self.images - int(self.right[1])

    @property
    def needed(self) -> int:
        """The fewest guesses with which the trained network reaches ``GOAL``."""
        return 1 + int(np.argmax(self.right >= GOAL * self.images))

    def shares(self, kind: str, guesses: int) -> NDArray[np.float64]:
        """Share of test images read within so many guesses, (runs,)."""
        return np.asarray(self.retrained[kind][:, guesses - 1] / self.images)

    def gains(self, kind: str, guesses: int) -> NDArray[np.float64]:
        """By how many points it is above ordinary retraining, run by run, (runs,)."""
        return 100 * (self.shares(kind, guesses) - self.shares("one label", guesses))


def load() -> Found:
    """Read what the stage wrote."""
    table = read_table(TABLE, COLUMNS, texts=("network",))
    counts = {
        str(name): table["right"][table["network"] == name].astype(np.int64)
        for name in np.unique(table["network"])
    }
    if set(counts) != {"trained", *KINDS}:
        raise StageError(f"{TABLE}: expected networks trained, {', '.join(KINDS)}; run dvc repro")
    right = counts.pop("trained")
    retrained = {name: numbers.reshape(-1, len(right)) for name, numbers in counts.items()}
    arrays = load_arrays(ARRAYS)
    return Found(right, retrained, arrays, load_classes(arrays["outputs"].shape[1]))


def draw() -> Picture:
    """Draw accuracy by guesses, the retrained networks, and digits that two guesses miss."""
    found = load()
    title = finding(found)
    height, width = (int(n) for n in found.arrays["image_shape"])
    side = (WIDTH - 2 * MARGIN - (TILES - 1) * GAP) / TILES
    shown = len(found.arrays["labels"])
    step = ABOVE + side * height / width + BELOW
    rows = -(-shown // TILES)
    start = TOP + HEIGHT + 1.0
    sheet = Sheet(
        title,
        "Left: the trained network; accuracy is spaced so that halving the errors always takes the "
        "same height. Right: trained on with three kinds of targets, a line for each run.",
        start + rows * step,
    )
    draw_guesses(sheet.panel(LEFT, TOP, 3.3, HEIGHT), found)
    for column, guesses in enumerate((1, 2)):
        axes = sheet.panel(4.92 + 1.85 * column, TOP, 1.31, HEIGHT)
        draw_kinds(axes, found, guesses)
    if shown:
        axes = sheet.canvas(MARGIN, start, WIDTH - 2 * MARGIN, rows * step)
        axes.text(0, -0.1, heading(found), weight="bold", va="bottom")
        for place in range(shown):
            x, y = place % TILES * (side + GAP), place // TILES * step + ABOVE
            draw_one(axes, found, place, (x, y, side, side * height / width))
    return Picture("second_guess", title, caption(found), alt(found, title), sheet.figure)


def finding(found: Found) -> str:
    """Two guesses, and how many would be needed."""
    two = f"Two guesses read {percent(float(found.right[1]) / found.images)} of the test images"
    if found.needed <= 2:
        return two
    return f"{two}; {percent(GOAL)} takes {found.needed}"


def heading(found: Found) -> str:
    """Say which images are shown."""
    shown, neither = len(found.arrays["labels"]), found.neither
    if shown == neither:
        return f"All {neither:,} that two guesses miss"
    return (
        f"Of {neither:,} that two guesses miss, the {shown} whose right {found.noun} comes latest"
    )


def helped(gains: NDArray[np.float64]) -> bool:
    """Whether the mean is above zero by more than ``CLEAR`` of its standard errors.

    One run has no spread, and proves nothing.
    """
    return len(gains) > 1 and bool(gains.mean() > CLEAR * gains.std(ddof=1) / len(gains) ** 0.5)


def verdict(found: Found) -> str:
    """Held: 99.99 % in two guesses. In part: the second label at least helps the second guess."""
    two = [found.right[1] / found.images, found.shares("second label", 2).mean()]
    if max(two) >= GOAL:
        return HELD
    return PARTLY if helped(found.gains("second label", 2)) else NOT_HELD


def spread(gains: NDArray[np.float64]) -> str:
    """Mean and standard deviation of gains in points, with a sign; the mean alone for one run."""
    mean = decimal(float(gains.mean()))
    mean = mean if mean.startswith(MINUS) else f"+{mean}"
    deviation = decimal(float(gains.std(ddof=1))) if len(gains) > 1 else ""
    return f"{mean} \N{PLUS-MINUS SIGN} {deviation}" if deviation else mean


def caption(found: Found) -> str:
    """Give accuracies by guesses, what second guesses save, and what retraining changes."""
    first, two = (percent(float(found.right[k]) / found.images) for k in (0, 1))
    saved = found.mistakes - found.neither
    text = (
        f"The trained network reads {first} of {found.images:,} test images at the first guess and "
        f"{two} within two. "
    )
    if found.mistakes:
        text += (
            f"Of {plural(found.mistakes, 'mistake')}, the second guess is right in {saved:,} "
            f"({percent(saved / found.mistakes, 1)}). "
        )
    text += (
        f"It reaches {percent(GOAL)} when {found.needed} of its {len(found.right)} guesses count. "
    )
    return (
        f"{text}{taught(found)} The claim counts as held if two guesses reach {percent(GOAL)}, and "
        f"in part if the second label raises them by more than {CLEAR} standard errors. "
        f"{verdict(found)}"
    )


def taught(found: Found) -> str:
    """Say what a second label changes, and what one that knows nothing of likeness does."""
    share, epochs = float(found.arrays["share"]), int(found.arrays["epochs"])
    runs = len(found.retrained["one label"])
    many = f" (mean \N{PLUS-MINUS SIGN} standard deviation, n = {runs})" if runs > 1 else ""
    return (
        f"To be taught a second label, it was trained on for {plural(epochs, 'epoch')}: "
        f"{percent(1 - share, 0)} of an image's target for its own {found.noun}, "
        f"{percent(share, 0)} for the wrong one that the trained network finds likest. Against as "
        "many epochs with ordinary targets, in the same order of images, this changes the first "
        f"guess by {spread(found.gains('second label', 1))} points and two guesses by "
        f"{spread(found.gains('second label', 2))}{many}, to "
        f"{percent(float(found.shares('second label', 2).mean()))}. The same {percent(share, 0)} "
        "spread evenly over all wrong ones changes two guesses by "
        f"{spread(found.gains('even labels', 2))}."
    )


def alt(found: Found, title: str) -> str:
    """Read out the curve's start, and the effect of the second label."""
    gain = decimal(float(found.gains("second label", 2).mean()))
    first = percent(float(found.right[0]) / found.images)
    return (
        f"{title}. A curve of accuracy by number of guesses rises from {first}; beside it, dots "
        f"for retrained networks, where a second label changes two guesses by {gain} points; "
        f"below, {plural(len(found.arrays['labels']), 'test image')} that two guesses miss."
    )


def draw_guesses(axes: Axes, found: Found) -> None:
    """Draw the share of images not yet read, on a logarithmic axis that points down."""
    axes.set_title("right within the first guesses", loc="left", size=9.5, weight="bold")
    classes, images = len(found.right), found.images
    least = min(1 - GOAL, 1 / images) / 2  # where an error of zero is drawn
    errors = np.maximum(1 - found.right / images, least)
    guesses = np.arange(1, classes + 1)
    axes.set_yscale("log")
    axes.axhline(1 - GOAL, color=ORANGE, lw=1.2, ls=(0, (4, 3)))
    axes.plot(guesses, errors, color=BLUE, lw=1.7, marker="o", ms=5, clip_on=False, zorder=3)
    axes.set_ylim(max(errors[0] * 2.2, 3e-4), least)
    axes.set_xlim(0.6, classes + 0.2)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=11, steps=[1, 2, 5, 10], integer=True))
    inside = [e for e in ERRORS if least < e <= axes.get_ylim()[0]]
    inside = inside if len(inside) <= 10 else [e for e in inside if f"{e:.0e}"[0] == "1"]
    axes.yaxis.set_major_locator(FixedLocator([*inside, least]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticks([*inside, least], [*(f"{100 - 100 * e:g}" for e in inside), "100"])
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("accuracy (%)")
    axes.set_xlabel("guesses that count")
    axes.annotate(
        f"asked for: {percent(GOAL)}",
        (0.6, 1 - GOAL),
        (4, 4),
        textcoords="offset points",
        color=ORANGE,
        weight="bold",
    )
    first = [
        f"{k} {'guess' if k == 1 else 'guesses'}: {percent(float(found.right[k - 1]) / images)}"
        for k in range(1, min(3, classes) + 1)
    ]
    axes.annotate(
        "\n".join(first),
        (0.6, 1 - GOAL),
        (4, -6),
        textcoords="offset points",
        va="top",
        color=BLUE,
        weight="bold",
        linespacing=1.5,
    )


def draw_kinds(axes: Axes, found: Found, guesses: int) -> None:
    """Draw every run of the three retrainings, and the mean of each kind."""
    name = "first guess" if guesses == 1 else "first two guesses"
    axes.set_title(name, loc="left", size=9.5, weight="bold")
    values = np.stack([100 * found.shares(kind, guesses) for kind in KINDS])
    now = 100 * found.right[guesses - 1] / found.images
    places = np.arange(len(KINDS))
    axes.axhline(now, color=MUTED, lw=1, ls=(0, (4, 3)))
    axes.text(len(KINDS) - 0.52, now, "before", color=MUTED, size=7.5, ha="right", va="bottom")
    axes.plot(places, values, color="#b9c4d1", lw=1, zorder=2)
    for place, runs in zip(places, values, strict=True):
        color = ORANGE if place == len(KINDS) - 1 else BLUE
        axes.plot(np.full(len(runs), place), runs, "o", color=color, ms=4.5, alpha=0.55, mew=0)
        axes.plot([place - 0.27, place + 0.27], [runs.mean()] * 2, color=color, lw=2.2)
    low, high = min(values.min(), now), max(values.max(), now)
    pad = 0.25 * max(high - low, 0.2)
    axes.set_ylim(low - pad, high + pad)
    axes.set_xlim(-0.5, len(KINDS) - 0.5)
    axes.set_xticks(places, [*KINDS.values()], size=7.5)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter("{x:.2f}")
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(visible=True, axis="y")


def draw_one(
    axes: Axes, found: Found, place: int, where: tuple[float, float, float, float]
) -> None:
    """One image with its class and the rank of the right guess; below, three of its outputs."""
    x, y, width, height = where
    arrays = found.arrays
    label, outputs = int(arrays["labels"][place]), arrays["outputs"][place]
    ranked = np.argsort(-outputs, kind="stable")
    axes.imshow(
        arrays["images"][place].reshape(arrays["image_shape"]),
        cmap=GLOW,
        vmin=0,
        vmax=255,
        extent=(x, x + width, y + height, y),
        aspect="auto",
        interpolation="nearest",
    )
    room = width if found.names.longest == 1 else width - RANK
    name_tile(axes, (x, y, room), found.names, label)
    rank = 1 + int(np.flatnonzero(ranked == label)[0])
    axes.text(x + width, y - 0.06, f"guess {rank}", color=MUTED, ha="right", size=7.5)
    for row, guess in enumerate((*ranked[:2], label)):
        color = BLUE if guess == label else ORANGE
        spot = (x, y + height + 0.16 + 0.2 * row, width)
        draw_bar(axes, spot, found.names.brief(guess), float(outputs[guess]), color)


CLAIM = Claim(
    "second_guess",
    f"Could we reach {percent(GOAL)}?",
    "If the right digit is often the second guess, a viewer asks, could a network that is taught a "
    f"second, softer label for every image, and may guess twice, be right {percent(GOAL)} of the "
    "time?",
    VIEWER,
    draw,
)
