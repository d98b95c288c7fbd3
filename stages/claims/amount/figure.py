"""Accuracy against the number of training images, on these images and on images never seen."""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from stages.claims.shared.claim import BACKPROPAGATION, HELD, NOT_HELD, PARTLY, Claim
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.layout import BLUE, MUTED, ORANGE, WIDTH, Picture, Sheet
from stages.page.figures.text import SPACE, decimal, percent, plural

TABLE = claim_table("amount")
COLUMNS = ("network", "images", "seed", "steps", "train_accuracy", "test_accuracy")
LEFT, RIGHT, HEIGHT = 0.95, 1.6, 3.5  # inches: tick labels, names of the curves, the curves
LEAST_GAP = 5.0  # points between the curves that leave room for words
APART = 0.5  # inches from one number to the next along the axis, so that each can be read
# The claim is held if a tenth of the images makes so many times the errors, beyond chance.
MORE, CLEAR = 1.25, 2.0  # ratio of errors; standard errors of the difference

Numbers = NDArray[np.float64]
SHADE = "#f1f3f6"  # of the gap between the curves


class Amounts(NamedTuple):
    """Means and standard deviations, (n,), over the networks trained on n numbers of images."""

    images: Numbers
    networks: int  # on each number of images
    train: Numbers
    test: Numbers
    train_spread: Numbers
    test_spread: Numbers

    @classmethod
    def of(cls, table: Table) -> "Amounts":
        """Summarize the table of single networks."""
        images = np.unique(table["images"])
        parts = [table["images"] == n for n in images]
        columns = [table[f"{name}_accuracy"] for name in ("train", "test")]
        means = [np.array([column[part].mean() for part in parts]) for column in columns]
        spreads = [np.array([column[part].std(ddof=1) for part in parts]) for column in columns]
        return cls(images, int(parts[0].sum()), *means, *spreads)

    def told(self, at: int) -> str:
        """Mean and deviation of the test accuracy: 94.7 ± 0.1 %."""
        mean, spread = (decimal(100 * a[at], 1) for a in (self.test, self.test_spread))
        return f"{mean} ± {spread}{SPACE}%"

    def gap(self) -> Numbers:
        """Points by which accuracy is higher on the images that were trained on, (n,)."""
        return 100 * (self.train - self.test)

    def errors(self, at: int) -> float:
        """How many times the errors of the last amount another one makes; perhaps infinite."""
        errors, least = 1 - self.test[[at, -1]]
        return float(errors / least) if least else np.inf if errors else 1.0

    def is_clear(self, at: int) -> bool:
        """Whether all images are better than these by more than chance would have it."""
        error = np.hypot(self.test_spread[at], self.test_spread[-1]) / self.networks**0.5
        return bool(self.test[-1] - self.test[at] > CLEAR * error)


def draw() -> Picture:
    """Draw both accuracies with the gap between them, over the number of images."""
    table = read_table(TABLE, COLUMNS, texts=("network",))
    amounts = Amounts.of(table)
    title = finding(amounts)
    network, steps = table["network"][0], int(table["steps"][0])
    sheet = Sheet(
        title,
        f"Networks of {network} neurons, {amounts.networks} on each number of images; all take "
        f"{plural(steps, 'step')}, so only the number of different images differs. Pale dots are "
        "single networks. The axis of images is logarithmic.",
        HEIGHT + 0.75,
    )
    axes = sheet.panel(LEFT, 0.15, WIDTH - LEFT - RIGHT, HEIGHT)
    draw_curves(axes, table, amounts)
    label(axes, amounts)
    caption = f"{measured(amounts, steps)} {verdict(amounts)}"
    return Picture("amount", title, caption, alt(amounts, title), sheet.figure)


def finding(amounts: Amounts) -> str:
    """The test accuracy at both ends."""
    few, all_ = (f"{n:,.0f}" for n in amounts.images[[0, -1]])
    if few == all_:
        return f"{all_} training images: {percent(amounts.test[0], 1)} of test images right"
    return (
        f"{few} training images: {percent(amounts.test[0], 1)} of test images right; "
        f"{all_}: {percent(amounts.test[-1], 1)}"
    )


def measured(amounts: Amounts, steps: int) -> str:
    """The ends with their spread, what ten times more images bring, and the gap."""
    few, all_ = (f"{n:,.0f}" for n in amounts.images[[0, -1]])
    networks = plural(amounts.networks, "network")
    if few == all_:
        return (
            f"After {plural(steps, 'step')}, networks that learnt from {all_} images read "
            f"{amounts.told(0)} of the test images (mean ± standard deviation of {networks}). "
            "No other number of images was tried, so there is nothing to compare."
        )
    before, gap = f"{amounts.images[-2]:,.0f}", amounts.gap()
    decades = np.log10(amounts.images[-1] / amounts.images[0])
    left = amounts.errors(0) ** (-1 / decades)
    last = 100 * (amounts.test[-1] - amounts.test[-2])
    return (
        f"After {plural(steps, 'step')} each, networks that learnt from {few} images read "
        f"{amounts.told(0)} of the test images, and from {all_}, {amounts.told(-1)} (mean ± "
        f"standard deviation of {networks}). Ten times as many images leave on average "
        f"{percent(left, 0)} of the errors; going from {before} to {all_} changes accuracy by "
        f"{decimal(last, 1)} points. Accuracy on the images trained on, minus that on test images, "
        f"is {decimal(gap[0], 1)} points with {few} images and {decimal(gap[-1], 1)} with {all_}."
    )


def verdict(amounts: Amounts) -> str:
    """What a tenth of the images leaves undone, and whether that is a lot."""
    if len(amounts.images) == 1:
        return NOT_HELD
    tenth = max(0, int(np.sum(amounts.images <= amounts.images[-1] / 10)) - 1)
    ratio = amounts.errors(tenth)
    held = ratio >= MORE and amounts.is_clear(tenth)
    left = (
        f"{decimal(ratio)} times the errors of all"
        if np.isfinite(ratio)
        else "errors, and all of them none"
    )
    return (
        f"{amounts.images[tenth]:,.0f} images leave {left}; it "
        f"counts as held from {MORE} times on, if the difference is more than {CLEAR:.0f} standard "
        f"errors. {HELD if held else PARTLY if amounts.is_clear(0) else NOT_HELD}"
    )


def alt(amounts: Amounts, title: str) -> str:
    """Give both curves in words."""
    pairs = zip(amounts.images, amounts.test, amounts.train, strict=True)
    points = [f"{n:,.0f}: {percent(a, 1)} ({percent(b, 1)})" for n, a, b in pairs]
    return (
        f"{title}. Two curves over the number of training images: test accuracy, and in brackets "
        f"that on the training images. {'; '.join(points)}."
    )


def draw_curves(axes: Axes, table: Table, amounts: Amounts) -> None:
    """Draw means as lines, single networks as pale dots, and shade the gap."""
    axes.set_xscale("log")
    axes.fill_between(amounts.images, 100 * amounts.train, 100 * amounts.test, color=SHADE, lw=0)
    for name, color, means in (("train", ORANGE, amounts.train), ("test", BLUE, amounts.test)):
        single = 100 * table[f"{name}_accuracy"]
        axes.plot(table["images"], single, color=color, ls="", marker="o", ms=4, mew=0, alpha=0.3)
        axes.plot(amounts.images, 100 * means, color=color, lw=1.8, marker="o", ms=5, clip_on=False)
    axes.margins(x=0.03)
    lowest = 100 * min(table["test_accuracy"].min(), table["train_accuracy"].min())
    axes.set_ylim(max(0.0, 10 * np.floor((lowest - 5) / 10)), 102)
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("read correctly (%)")
    axes.set_xlabel("training images")


def label(axes: Axes, amounts: Amounts) -> None:
    """Write the numbers of images, the test accuracies and the names of the curves."""
    places = spread_out(axes, amounts.images)
    axes.set_xticks(amounts.images, minor=False)
    axes.set_xticklabels([f"{n:,.0f}" if i in places else "" for i, n in enumerate(amounts.images)])
    axes.minorticks_off()
    for i in places[1:]:  # the last one's is beside its name
        share = decimal(100 * amounts.test[i], 1)
        note(axes, (amounts.images[i], 100 * amounts.test[i]), (7, -9), share, BLUE)
    gap, middle = amounts.gap()[0], 50 * (amounts.train[0] + amounts.test[0])
    if gap > LEAST_GAP and len(places) > 1:
        note(
            axes, (amounts.images[0], middle), (8, 0), f"a gap of\n{decimal(gap, 1)} points", MUTED
        )
    ends = {"training images": (amounts.train[-1], ORANGE), "test images": (amounts.test[-1], BLUE)}
    higher = amounts.train[-1] >= amounts.test[-1]
    for (name, (share, color)), up in zip(ends.items(), (higher, not higher), strict=True):
        place = (amounts.images[-1], 100 * share)
        text = f"{name}\n{percent(share, 1)}"
        axes.annotate(
            text, place, (12, 16 if up else -16), textcoords="offset points", color=color,
            weight="bold", va="center", annotation_clip=False, linespacing=1.15,
        )  # fmt: skip


def note(
    axes: Axes, place: tuple[float, float], offset: tuple[float, float], text: str, color: str
) -> None:
    """Write a number to the right of a place."""
    axes.annotate(
        text, place, offset, textcoords="offset points", color=color, size=8.5, va="center",
        annotation_clip=False,
    )  # fmt: skip


def spread_out(axes: Axes, x: Numbers) -> list[int]:
    """Indices of those x whose numbers can stand side by side, the last one first of all."""
    places = axes.transData.transform(np.stack([x, np.ones_like(x)], axis=1))[:, 0]
    inches = places / axes.figure.dpi
    kept = [len(x) - 1]
    for i in range(len(x) - 2, -1, -1):
        if inches[kept[-1]] - inches[i] >= APART:
            kept.append(i)
    return kept


CLAIM = Claim(
    "amount",
    "You need a lot of training data",
    "Learning by backpropagation asks for a great many labelled examples; that handwritten digits "
    "come with tens of thousands of them is what makes them such a good first task.",
    BACKPROPAGATION,
    draw,
)
