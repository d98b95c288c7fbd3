"""Whether wrong labels in the training images cost test images."""

from typing import NamedTuple

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.significance import Interval, difference_interval, share_interval
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import read_table
from stages.page.figures.text import decimal, percent, plural

COLUMNS = ("network", "images", "epochs", "share", "seed", "wrong", "learnt", "test_accuracy")
A_TENTH, MUCH = 0.1, 1.0  # of the labels, and points of test accuracy
CRITERION = (
    f"It holds if networks lose at least {MUCH:g} point of test accuracy, one digit in a hundred, "
    "when a tenth of the labels is wrong (of the shares that were tried, the one next to it), with "
    "the whole 95 % interval of the loss (Welch's t); in part if that interval is above zero. A "
    "tenth is what a careless person gets wrong; a careful one, about 1 in 500."
)


class Rung(NamedTuple):
    """Networks that learnt from images of which a share is labelled wrongly."""

    share: float
    accuracies: Floats  # (networks,), on the test images
    learnt: Floats  # of the wrong labels, (networks,); of none, 0


class Ladder(NamedTuple):
    """Networks of one recipe, by share of wrong labels; those without any come first."""

    network: str
    images: int
    epochs: int
    rungs: list[Rung]

    @property
    def networks(self) -> int:
        """How many were trained with each share."""
        return len(self.rungs[0].accuracies)

    @property
    def tenth(self) -> Rung:
        """Those with the share next to a tenth; none is no share."""
        return min(self.rungs[1:] or self.rungs, key=lambda rung: abs(rung.share - A_TENTH))

    @property
    def loss(self) -> Interval:
        """Points of test accuracy that these lose."""
        return difference_interval(100 * self.rungs[0].accuracies, 100 * self.tenth.accuracies)


def read() -> Ladder:
    """The accuracies by share of wrong labels."""
    table = read_table(claim_table("wrong_labels"), COLUMNS, texts=("network",))
    rungs = []
    for share in np.unique(table["share"]):
        rows = table["share"] == share
        learnt = table["learnt"][rows] / np.maximum(table["wrong"][rows], 1)
        rungs.append(Rung(float(share), table["test_accuracy"][rows], learnt))
    return Ladder(str(table["network"][0]), int(table["images"][0]), int(table["epochs"][0]), rungs)


def judge(ladder: Ladder) -> Finding:
    """Compare a tenth of wrong labels with none, as ``CRITERION`` says."""
    loss, title = ladder.loss, heading(ladder)
    return Finding(
        Verdict.of(loss.low >= MUCH, loss.low > 0),
        title,
        measured(ladder),
        alt(ladder, title),
        plain(ladder),
        notes(ladder),
        Estimate(
            *loss,
            ladder.networks,
            f"points of test accuracy lost with {percent(ladder.tenth.share, 0)} wrong labels",
        ),
    )


def heading(ladder: Ladder) -> str:
    """What networks read with right labels, and with many wrong ones."""
    first, last = ladder.rungs[0], ladder.rungs[-1]
    right, wrong = (percent(float(rung.accuracies.mean()), 1) for rung in (first, last))
    if last is first:
        return f"With right labels networks read {right} of the test images"
    return (
        f"With right labels networks read {right}, with {percent(last.share, 0)} wrong ones {wrong}"
    )


def plain(ladder: Ladder) -> str:
    """The finding in one sentence."""
    if ladder.loss.low >= MUCH:
        return "Careless labels are paid for with digits that are read wrongly."
    if ladder.loss.low > 0:
        return "A tenth of wrong labels costs little: what they ask for differs, and averages out."
    return "A tenth of wrong labels costs nothing that can be seen here."


def notes(ladder: Ladder) -> str:
    """Whether the wrong labels were learnt."""
    tenth = ladder.tenth
    if not tenth.share:
        return ""
    learnt, wrong = percent(float(tenth.learnt.mean()), 1), percent(tenth.share, 0)
    return f"Of {wrong} wrong labels a network gives back {learnt}."


def measured(ladder: Ladder) -> str:
    """Every share with its spread."""
    listing = "; ".join(
        f"{percent(rung.share, 0)} wrong: {decimal(mean.value, 1)} ({decimal(mean.low, 1)} to "
        f"{percent(mean.high / 100, 1)})"
        for rung in ladder.rungs
        for mean in [share_interval(100 * rung.accuracies, 100)]
    )
    return (
        f"{plural(ladder.networks, 'network')} of {ladder.network} for each share, from equal "
        f"first weights, by mini-batch SGD for {plural(ladder.epochs, 'epoch')} of "
        f"{plural(ladder.images, 'training image')}, sigmoids and squared errors. A wrong label is "
        f"any other class, at random; test labels are as they are. Test images read, mean with "
        f"95 % interval: {listing}."
    )


def alt(ladder: Ladder, title: str) -> str:
    """Give the curve in words."""
    points = [
        f"{percent(rung.share, 0)}: {percent(float(rung.accuracies.mean()), 1)}"
        for rung in ladder.rungs
    ]
    return f"{title}. A curve of test accuracy by share of wrong labels: {'; '.join(points)}."
