"""What more training images are worth, on these images and on images never seen."""

from dataclasses import dataclass

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.significance import Interval, difference_interval
from stages.claims.shared.words import percent_and_deviation
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import read_table
from stages.page.figures.text import decimal, percent, plural

COLUMNS = ("network", "images", "seed", "steps", "train_accuracy", "test_accuracy")
LEARNING = "With softmax outputs, cross-entropy and momentum"
MUCH = 1.0  # points of accuracy
CRITERION = (
    f"It holds if all training images bring at least {MUCH:g} point of test accuracy, one digit in "
    "a hundred, over a tenth of them, with the whole 95 % interval of the difference (Welch's t); "
    "in part if that interval is above zero. A tenth of MNIST is what a small laboratory could "
    "label, so the question is whether the rest is needed."
)


@dataclass(frozen=True)
class Amounts:
    """Accuracies of networks that learnt from n numbers of images: by number, (networks,) each."""

    network: str
    steps: int
    images: Floats  # (n,), ascending
    train: list[Floats]
    test: list[Floats]

    @property
    def networks(self) -> int:
        """How many were trained on each number of images."""
        return len(self.test[0])

    def means(self, part: str) -> Floats:
        """Mean accuracy on the ``train`` or the ``test`` images, (n,)."""
        return np.array([shares.mean() for shares in getattr(self, part)])

    def gap(self) -> Floats:
        """Points by which accuracy is higher on the images that were trained on, (n,)."""
        return 100 * (self.means("train") - self.means("test"))

    def errors(self, at: int) -> float:
        """How many times the errors of the last amount another one makes; perhaps infinite."""
        errors, least = 1 - self.means("test")[[at, -1]]
        return float(errors / least) if least else np.inf if errors else 1.0

    @property
    def gain(self) -> Interval:
        """Points of test accuracy that all images bring over a tenth of them."""
        return difference_interval(100 * self.test[-1], 100 * self.test[self.tenth])

    @property
    def tenth(self) -> int:
        """Place of the largest amount of at most a tenth of all images, or of the smallest."""
        return max(0, int(np.sum(self.images <= self.images[-1] / 10)) - 1)


def read() -> Amounts:
    """The accuracies of every network, by number of images."""
    table = read_table(claim_table("amount"), COLUMNS, texts=("network",))
    images = np.unique(table["images"])
    train, test = (
        [table[f"{part}_accuracy"][table["images"] == n] for n in images]
        for part in ("train", "test")
    )
    return Amounts(str(table["network"][0]), int(table["steps"][0]), images, train, test)


def judge(amounts: Amounts) -> Finding:
    """Compare a tenth of the images with all of them, as ``CRITERION`` says."""
    title, gain = heading(amounts), amounts.gain
    return Finding(
        Verdict.of(gain.low >= MUCH, gain.low > 0),
        title,
        measured(amounts),
        alt(amounts, title),
        plain(amounts),
        notes(amounts),
        Estimate(
            *gain,
            amounts.networks,
            f"points of test accuracy, from {amounts.images[amounts.tenth]:,.0f} training images "
            f"to all {amounts.images[-1]:,.0f}",
        ),
    )


def plain(amounts: Amounts) -> str:
    """The finding in one sentence."""
    if amounts.gain.low >= MUCH:
        return (
            "More images teach more: with a tenth of them a network misreads clearly more digits."
        )
    if amounts.gain.low > 0:
        return "More images still help, but a tenth of them teaches nearly as much."
    return "With a tenth of the images a network reads as well as with all of them."


def notes(amounts: Amounts) -> str:
    """Where the rest goes: what few images teach is themselves."""
    few, gap = f"{amounts.images[0]:,.0f}", decimal(amounts.gap()[0], 1)
    return f"From {few} images a network reads those {gap} points better than new ones."


def heading(amounts: Amounts) -> str:
    """The test accuracy at both ends."""
    few, most = (f"{n:,.0f}" for n in amounts.images[[0, -1]])
    first, last = (percent(share, 1) for share in amounts.means("test")[[0, -1]])
    if few == most:
        return f"{most} training images: {first} of test images right"
    return f"{few} training images: {first} of test images right; {most}: {last}"


def measured(amounts: Amounts) -> str:
    """The ends with their spread, what ten times more images bring, and the gap."""
    few, most = (f"{n:,.0f}" for n in amounts.images[[0, -1]])
    first, last = (percent_and_deviation(amounts.test[at]) for at in (0, -1))
    networks, steps = plural(amounts.networks, "network"), plural(amounts.steps, "step")
    if few == most:
        return (
            f"{LEARNING}, after {steps}, networks that learnt from {most} images read {first} of "
            f"the test images (mean ± standard deviation of {networks}). No other number of "
            "images was tried, so there is nothing to compare."
        )
    before, gap, test = f"{amounts.images[-2]:,.0f}", amounts.gap(), amounts.means("test")
    decades = np.log10(amounts.images[-1] / amounts.images[0])
    left = amounts.errors(0) ** (-1 / decades)
    return (
        f"{LEARNING}, after {steps} each, networks that learnt from {few} images read {first} of "
        f"the test images, and from {most}, {last} (mean ± standard deviation of {networks}). "
        f"Ten times as many images leave on average {percent(left, 0)} of the errors; going "
        f"from {before} to {most} changes accuracy by {decimal(100 * (test[-1] - test[-2]), 1)} "
        "points. Accuracy on the images trained on, minus that on test images, is "
        f"{decimal(gap[0], 1)} points with "
        f"{few} images and {decimal(gap[-1], 1)} with {most}. {undone(amounts)}"
    )


def undone(amounts: Amounts) -> str:
    """What a tenth of the images leaves undone."""
    ratio = amounts.errors(amounts.tenth)
    left = (
        f"{decimal(ratio)} times the errors of all"
        if np.isfinite(ratio)
        else "errors, and all of them none"
    )
    return f"{amounts.images[amounts.tenth]:,.0f} images leave {left}."


def alt(amounts: Amounts, title: str) -> str:
    """Give both curves in words."""
    pairs = zip(amounts.images, amounts.means("test"), amounts.means("train"), strict=True)
    points = [f"{n:,.0f}: {percent(a, 1)} ({percent(b, 1)})" for n, a, b in pairs]
    return (
        f"{title}. Two curves over the number of training images: test accuracy, and in brackets "
        f"that on the training images. {'; '.join(points)}."
    )
