"""How far the second guess brings the network, and whether a second label teaches it to guess."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import CLEAR, is_clear_gain
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
    """Held: 99.99 % in two guesses. In part: the second label at least helps the second guess."""
    two = [guesses.right[1] / guesses.images, guesses.shares("second label", 2).mean()]
    gains = guesses.gains("second label", 2)
    partly = is_clear_gain(float(gains.mean()), gains)
    title = heading(guesses)
    return Finding(
        Verdict.HELD if max(two) >= GOAL else Verdict.PARTLY if partly else Verdict.NOT_HELD,
        title,
        f"{counted(guesses)} {taught(guesses)}",
        f"Two guesses reach {percent(GOAL)}; it holds in part if the second label raises them by "
        f"more than {CLEAR} standard errors.",
        alt(guesses, title),
    )


def heading(guesses: Guesses) -> str:
    """Two guesses, and how many would be needed."""
    two = f"Two guesses read {percent(float(guesses.right[1]) / guesses.images)} of the test images"
    if guesses.needed <= 2:
        return two
    return f"{two}; {percent(GOAL)} takes {guesses.needed}"


def gain_and_deviation(gains: Floats) -> str:
    """Mean and standard deviation of gains in points, with a sign; the mean alone for one run."""
    mean = signed(float(gains.mean()))
    return f"{mean} {PLUS_MINUS} {decimal(float(gains.std(ddof=1)))}" if len(gains) > 1 else mean


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
    runs = len(guesses.retrained["one label"])
    many = f" (mean {PLUS_MINUS} standard deviation, n = {runs})" if runs > 1 else ""
    first, two = (gain_and_deviation(guesses.gains("second label", count)) for count in (1, 2))
    return (
        f"To be taught a second label, it was trained on for {plural(epochs, 'epoch')}: "
        f"{percent(1 - share, 0)} of an image's target for its own {guesses.noun}, "
        f"{percent(share, 0)} for the wrong one that the trained network finds likest. Against as "
        "many epochs with ordinary targets, in the same order of images, this changes the first "
        f"guess by {first} points and two guesses by {two}{many}, to "
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
