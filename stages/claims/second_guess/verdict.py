"""How far the second guess brings the network, and whether a second label teaches it to guess."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import mean_interval, share_interval
from stages.claims.shared.words import PLUS_MINUS, signed
from stages.common.files.arrays import Arrays, Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import read_table
from stages.common.images.classes import Classes
from stages.common.images.dataset import load_classes
from stages.page.figures.text import decimal, percent, plural

COLUMNS = ("network", "run", "guesses", "right")
ARRAYS = ("image_shape", "images", "labels", "outputs", "share", "epochs")
GOAL = 0.9999  # what the viewer asked for
CRITERION = (
    f"It holds if networks that were taught a second label read {percent(GOAL)} of the test images "
    "in two guesses, with the whole 95 % interval of their mean: that is the number asked for. It "
    "holds in part if the second label raises two guesses at all, above ordinary labels in the "
    "same order of images, with the whole interval of the difference."
)
KINDS = ("one label", "even labels", "second label")  # of targets

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Guesses:
    """Right guesses, of the trained network and of retrained ones.

    ``right``, (classes,), counts the test images whose class is among the first k guesses of the
    trained network; ``retrained`` holds the same, (runs, classes), for each kind of target.
    """

    right: Counts
    retrained: dict[str, Counts]
    arrays: Arrays
    names: Classes

    @property
    def networks(self) -> int:
        """How many networks were retrained with each kind of target."""
        return len(self.retrained["one label"])

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

    def shares(self, kind: str, guesses: int) -> Floats:
        """Share of test images read within so many guesses, (runs,)."""
        return np.asarray(self.retrained[kind][:, guesses - 1] / self.images)

    def gains(self, kind: str, guesses: int) -> Floats:
        """By how many points it is above ordinary retraining, run by run, (runs,)."""
        return 100 * (self.shares(kind, guesses) - self.shares("one label", guesses))


def read() -> Guesses:
    """Right guesses of every network, and the pictures that two guesses miss."""
    path = claim_table("second_guess")
    table = read_table(path, COLUMNS, texts=("network",))
    counts = {
        str(name): table["right"][table["network"] == name].astype(np.int64)
        for name in np.unique(table["network"])
    }
    with written_by("second_guess", path):
        if {*counts} != {"trained", *KINDS}:
            raise ValueError(f"networks {', '.join(counts)}")
        right = counts.pop("trained")
        retrained = {name: numbers.reshape(-1, len(right)) for name, numbers in counts.items()}
    arrays = read_arrays("second_guess", ARRAYS)
    return Guesses(right, retrained, arrays, load_classes(arrays["outputs"].shape[1]))


def judge(guesses: Guesses) -> Finding:
    """Compare two guesses with ``GOAL`` and with ordinary targets, as ``CRITERION`` says."""
    two = share_interval(100 * guesses.shares("second label", 2), 100)
    reached = two.low >= 100 * GOAL
    helps = mean_interval(guesses.gains("second label", 2)).low > 0
    verdict = Verdict.of(reached, reached or helps)
    title = heading(guesses)
    return Finding(
        verdict,
        title,
        f"{counted(guesses)} {taught(guesses)}",
        alt(guesses, title),
        plain(guesses, verdict),
        notes(guesses),
        Estimate(*two, guesses.networks, "% of the test images in two guesses"),
    )


def plain(guesses: Guesses, verdict: Verdict) -> str:
    """The finding in one sentence."""
    two = percent(float(guesses.shares("second label", 2).mean()), 1)
    if verdict == Verdict.HELD:
        return "With two guesses the goal is reached."
    if verdict == Verdict.PARTLY:
        return f"A second label helps the second guess, but only to {two}."
    return f"No: two guesses read {two}, and a second label does not help."


def notes(guesses: Guesses) -> str:
    """How many guesses the goal takes."""
    needed, classes = guesses.needed, len(guesses.right)
    return f"The network of the page needs {needed} of its {classes} guesses for it."


def heading(guesses: Guesses) -> str:
    """Two guesses, and how many would be needed."""
    two = f"Two guesses read {percent(float(guesses.right[1]) / guesses.images)} of the test images"
    if guesses.needed <= 2:
        return two
    return f"{two}; {percent(GOAL)} takes {guesses.needed}"


def gain_and_deviation(gains: Floats) -> str:
    """Mean and standard deviation of gains in points, with a sign."""
    mean = signed(float(gains.mean()))
    return f"{mean} {PLUS_MINUS} {decimal(float(gains.std(ddof=1)))}"


def counted(guesses: Guesses) -> str:
    """Accuracies by guesses, and what second guesses save."""
    first, two = (percent(float(guesses.right[k]) / guesses.images) for k in (0, 1))
    saved = guesses.mistakes - guesses.neither
    text = (
        f"The trained network reads {first} of {guesses.images:,} test images at the first guess "
        f"and {two} within two. "
    )
    if guesses.mistakes:
        text += (
            f"Of {plural(guesses.mistakes, 'mistake')}, the second guess is right in {saved:,} "
            f"({percent(saved / guesses.mistakes, 1)}). "
        )
    return (
        f"{text}It reaches {percent(GOAL)} when {guesses.needed} of its {len(guesses.right)} "
        "guesses count."
    )


def taught(guesses: Guesses) -> str:
    """Say what a second label changes, and what one that knows nothing of likeness does."""
    share, epochs = float(guesses.arrays["share"]), int(guesses.arrays["epochs"])
    networks = plural(guesses.networks, "network")
    first, two = (gain_and_deviation(guesses.gains("second label", count)) for count in (1, 2))
    return (
        f"To be taught a second label, {networks} of its recipe were trained on for "
        f"{plural(epochs, 'epoch')}: "
        f"{percent(1 - share, 0)} of an image's target for its own {guesses.noun}, "
        f"{percent(share, 0)} for the wrong one that each network finds likest. Against as "
        "many epochs with ordinary targets, in the same order of images, this changes the first "
        f"guess by {first} points and two guesses by {two} (mean {PLUS_MINUS} standard "
        "deviation), to "
        f"{percent(float(guesses.shares('second label', 2).mean()))}. The same {percent(share, 0)} "
        "spread evenly over all wrong ones changes two guesses by "
        f"{gain_and_deviation(guesses.gains('even labels', 2))}."
    )


def alt(guesses: Guesses, title: str) -> str:
    """Read out the curve's start, and the effect of the second label."""
    gain = decimal(float(guesses.gains("second label", 2).mean()))
    first = percent(float(guesses.right[0]) / guesses.images)
    return (
        f"{title}. A curve of accuracy by number of guesses rises from {first}; beside it, dots "
        f"for retrained networks, where a second label changes two guesses by {gain} points; "
        f"below, {plural(len(guesses.arrays['labels']), 'test image')} that two guesses miss."
    )
