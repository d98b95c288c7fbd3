"""How sure networks of one recipe are of pictures that show nothing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.claims.shared.claim import QUARTILES, Estimate, Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import Interval, quartiles
from stages.common.files.arrays import Arrays, Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.common.images.classes import Classes
from stages.common.images.dataset import load_classes
from stages.page.figures.text import decimal, percent, plural

COLUMNS = ("kind", "seed", "confident", "clear", "mean_largest", "favourite", "favourite_share")
ARRAYS = ("sizes", "epochs", "kinds", "counts", "threshold", "pictures", "first_outputs")
KINDS = {"uniform": "uniform noise", "shuffled": "shuffled pixels", "digits": "real images"}
HALF = 0.5  # a network that is confident about so much of the noise is more often so than not
CRITERION = (
    "The lecture speaks of the network as such, so one of the same recipe has to do it, too, in at "
    "least three of four trainings: it holds if the lower quartile of the networks is confident "
    "about half of the noise or more, does not if the upper quartile stays below half, and holds "
    "in part in between. Half, since a network is then more often confident than not."
)


@dataclass(frozen=True)
class Answers:
    """What this run's network and n others of its recipe, with k outputs, answered.

    ``shares`` holds, by kind of picture, of how many of them each network is confident, (1 + n,):
    this run's comes first, here and in all else that is by network.
    """

    threshold: float
    epochs: int
    sizes: tuple[int, ...]
    counts: dict[str, int]
    shares: dict[str, Floats]
    clear: Floats  # share of uniform noise with one output lit, and no other
    favourites: NDArray[np.int64]  # what uniform noise is read as most
    favourite_shares: Floats
    pictures: dict[str, NDArray[Any]]
    first: Floats  # outputs for the one picture of uniform noise, (1 + n, k)
    names: Classes

    @property
    def networks(self) -> int:
        """How many there are besides this run's."""
        return len(self.first) - 1

    def of_page(self, kind: str) -> float:
        """The share of this run's network."""
        return float(self.shares[kind][0])

    def quartiles(self, kind: str) -> Interval:
        """The median of the other networks' shares, between its quartiles."""
        return quartiles(self.shares[kind][1:])

    def ends(self, kind: str) -> str:
        """The lowest and the highest share of the others."""
        shares = self.shares[kind][1:]
        return f"{percent(shares.min(), 1)} to {percent(shares.max(), 1)}"


def read() -> Answers:
    """What every network answered to each kind of picture."""
    path = claim_table("noise")
    table, arrays = read_table(path, COLUMNS, texts=("kind",)), read_arrays("noise", ARRAYS)
    with written_by("noise", path):
        return by_kind(table, arrays)


def by_kind(table: Table, arrays: Arrays) -> Answers:
    """The answers by kind of picture; raises ``ValueError`` for another number of networks."""
    rows = {kind: table["kind"] == kind for kind in KINDS}
    place = {kind: [*arrays["kinds"]].index(kind) for kind in KINDS}
    first = arrays["first_outputs"][place["uniform"]]
    if any(part.sum() != len(first) for part in rows.values()):
        raise ValueError(f"{len(first)} networks for each kind")
    noise = rows["uniform"]
    return Answers(
        threshold=float(arrays["threshold"]),
        epochs=int(arrays["epochs"]),
        sizes=tuple(int(n) for n in arrays["sizes"]),
        counts={kind: int(arrays["counts"][i]) for kind, i in place.items()},
        shares={kind: table["confident"][part] for kind, part in rows.items()},
        clear=table["clear"][noise],
        favourites=table["favourite"][noise].astype(np.int64),
        favourite_shares=table["favourite_share"][noise],
        pictures={kind: arrays["pictures"][i] for kind, i in place.items()},
        first=first,
        names=load_classes(first.shape[1]),
    )


def judge(answers: Answers) -> Finding:
    """Held if three of four networks are confident about half of the noise, not if none of them."""
    middle, low, high = answers.quartiles("uniform")
    verdict = Verdict.of(low >= HALF, high >= HALF)
    title = heading(answers, verdict)
    return Finding(
        verdict,
        title,
        measured(answers),
        alt(answers, title),
        plain=plain(answers),
        notes=notes(answers),
        estimate=Estimate(
            100 * middle, 100 * low, 100 * high, answers.networks, "% of the noise, confidently",
            QUARTILES,
        ),
    )  # fmt: skip


def heading(answers: Answers, verdict: Verdict) -> str:
    """What the networks do, and the largest share."""
    most = percent(answers.shares["uniform"][1:].max(), 0)
    if verdict == Verdict.HELD:
        return f"Most networks are confident about noise, the surest one about {most} of it"
    who = "Some networks hesitate" if verdict == Verdict.PARTLY else "Most networks hesitate"
    return f"{who} at noise; the surest one is confident about {most} of it"


def plain(answers: Answers) -> str:
    """The finding for somebody who has seen the chapters."""
    sure = int((answers.shares["uniform"][1:] >= HALF).sum())
    return (
        f"Shown pure noise, {sure} of {answers.networks} networks trained alike gave most of it a "
        "confident answer; the others hesitated."
    )


def notes(answers: Answers) -> str:
    """What this run's network does, and what the others do when they hesitate."""
    of_page = percent(answers.of_page("uniform"), 1)
    clear = percent(quartiles(answers.clear[1:]).value, 0)
    return (
        f"The network of the live page is confident about {of_page} of the noise. To hesitate is "
        f"not to stay dark: the typical network lights one output beyond half, and no other, for "
        f"{clear} of it."
    )


def measured(answers: Answers) -> str:
    """How the networks came about, the shares of all kinds, and the favourites."""
    counts = {kind: f"{n:,}" for kind, n in answers.counts.items()}
    shape = "-".join(str(n) for n in answers.sizes)
    return (
        f"{plural(answers.networks, 'network')} of {shape} were trained exactly as params.yaml has "
        f"it for the live page's, {plural(answers.epochs, 'epoch')} each, from other first "
        "weights. "
        f"All were shown {counts['uniform']} pictures of uniform noise, {counts['shuffled']} test "
        f"images with their pixels shuffled, and all {counts['digits']} test images. Confident: an "
        f"output above {answers.threshold:g}. {' '.join(of_kind(answers, kind) for kind in KINDS)} "
        f"The spread over networks is no bell curve, hence quartiles. "
        f"{favourites(answers)}"
    )


def of_kind(answers: Answers, kind: str) -> str:
    """Median, quartiles and ends of one kind of picture, and this run's network."""
    middle, low, high = (percent(share, 1) for share in answers.quartiles(kind))
    name = KINDS[kind]
    return (
        f"{name.capitalize()}: median {middle}, quartiles {low} and {high}, {answers.ends(kind)} "
        f"by network; the live page's {percent(answers.of_page(kind), 1)}."
    )


def favourites(answers: Answers) -> str:
    """What noise is read as, and the range of answers to one picture."""
    commonest = int(np.bincount(answers.favourites[1:]).argmax())
    of = int((answers.favourites[1:] == commonest).sum())
    share = percent(float(np.median(answers.favourite_shares[1:])), 0)
    largest = answers.first[1:].max(axis=1)
    return (
        f"Most read noise as one {answers.names.noun} above all ({share} of it in the median), "
        f"{of} of {answers.networks} as {answers.names.one(commonest)}. For one and the same "
        f"picture the largest output goes from {decimal(float(largest.min()))} to "
        f"{decimal(float(largest.max()))}."
    )


def alt(answers: Answers, title: str) -> str:
    """Give the ends and medians of the dots, and what the bars show."""
    parts = ", ".join(
        f"{KINDS[kind]} {percent(answers.quartiles(kind).value, 0)} ({answers.ends(kind)})"
        for kind in KINDS
    )
    return (
        f"{title}. A dot for each network, on a line of the share of pictures with an output above "
        f"{answers.threshold:g}, median and range: {parts}. Below, each network's largest output "
        "for one picture of noise, with what it reads in it."
    )
