"""How sure networks are of pictures that show nothing, network by network."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.words import percent_and_deviation
from stages.common.files.arrays import Arrays
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.common.images.classes import Classes
from stages.common.images.dataset import load_classes
from stages.page.figures.text import decimal, percent, plural

COLUMNS = ("kind", "seed", "confident", "mean_largest", "favourite", "favourite_share")
ARRAYS = ("kinds", "counts", "threshold", "histograms", "guesses", "pictures", "first_outputs")
KINDS = {"uniform": "uniform noise", "shuffled": "shuffled pixels", "digits": "real images"}
# A network is sure of noise if it is confident about half of it or more. The claim is held if so
# many of the networks are.
HALF, MOST = 0.5, 0.75
WIDE = 0.5  # networks that differ by so much about one picture make it misleading


@dataclass(frozen=True)
class Answers:
    """What n networks with k outputs answered.

    ``shares``, ``favourites`` and ``favourite_shares`` are (n,) by kind; ``histograms``,
    (n, bins), ``guesses``, (n, k), and ``first``, (n, k), the outputs for the one ``picture``.
    """

    threshold: float
    seeds: NDArray[Any]
    counts: dict[str, int]
    shares: dict[str, NDArray[Any]]
    favourites: NDArray[Any]  # of uniform noise, like all that is not by kind
    favourite_shares: NDArray[Any]
    histograms: dict[str, NDArray[Any]]
    guesses: NDArray[Any]
    pictures: dict[str, NDArray[Any]]
    first: NDArray[Any]
    names: Classes

    @property
    def noun(self) -> str:
        """What the networks tell apart, in one word."""
        return self.names.noun

    @property
    def order(self) -> NDArray[Any]:
        """Networks from the least to the most often confident about noise."""
        return np.argsort(self.shares["uniform"], kind="stable")

    @property
    def sure(self) -> int:
        """How many networks are confident about half of the noise or more."""
        return int((self.shares["uniform"] >= HALF).sum())

    def ends(self, kind: str) -> str:
        """The lowest and the highest share."""
        shares = self.shares[kind]
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


def judge(answers: Answers) -> Finding:
    """Held if most networks are sure of noise, in part if any is."""
    n, title = len(answers.seeds), heading(answers)
    held, partly = answers.sure >= MOST * n, answers.sure > 0
    return Finding(
        Verdict.HELD if held else Verdict.PARTLY if partly else Verdict.NOT_HELD,
        title,
        f"{measured(answers)} {answers.sure} of {n} networks are confident about half of the noise "
        "or more.",
        f"At least {percent(MOST, 0)} of the networks are confident about half of the noise or "
        "more; it holds in part if any is.",
        alt(answers, title),
    )


def heading(answers: Answers) -> str:
    """The range between networks."""
    low, high = (percent(f(answers.shares["uniform"]), 0) for f in (np.min, np.max))
    above = f"{answers.threshold:g}"
    return f"Outputs above {above} for noise: {low} to {high} of the pictures, by network"


def measured(answers: Answers) -> str:
    """The shares of all kinds, the favourites, and what one picture would have told."""
    counts = {kind: f"{n:,}" for kind, n in answers.counts.items()}
    noun, classes = answers.noun, answers.guesses.shape[1]
    favourites = Counter(answers.favourites.tolist())
    loved = ", ".join(
        f"{answers.names[label]} ({n})"
        for label, n in sorted(favourites.items(), key=lambda i: -i[1])
    )
    uniform, shuffled, digits = (percent_and_deviation(answers.shares[kind]) for kind in KINDS)
    largest, favourite = answers.first.max(axis=1), float(answers.favourite_shares.mean())
    return (
        f"{plural(len(answers.seeds), 'network')} were shown {counts['uniform']} pictures of "
        f"uniform noise, {counts['shuffled']} test images with their pixels shuffled, and all "
        f"{counts['digits']} test images. An output above {answers.threshold:g} comes up for "
        f"{uniform} of the noise (mean ± standard deviation over the networks; from "
        f"{answers.ends('uniform')}), for {shuffled} of the shuffled images "
        f"({answers.ends('shuffled')}) and for {digits} of the real ones. "
        f"To noise, a network's favourite {noun} wins in {percent(favourite, 0)} of cases on "
        f"average, where an even choice would give {percent(1 / classes, 0)}. Favourites (and "
        f"networks): {loved}. For the first picture alone the largest output goes from "
        f"{decimal(largest.min())} to {decimal(largest.max())}, depending on the network"
        f"{': one picture would mislead' if np.ptp(largest) >= WIDE else ''}."
    )


def alt(answers: Answers, title: str) -> str:
    """Give the means, and the network at each end."""
    ends = answers.order[[0, -1]]
    both = " and ".join(
        f"network {answers.seeds[i]} is confident about "
        f"{percent(answers.shares['uniform'][i], 0)} of the noise" for i in ends
    )  # fmt: skip
    return (
        f"{title}. Panels by network: {both}; on real images the share is "
        f"{answers.ends('digits')}. A map of the {answers.noun} read by each network, "
        "and curves of the largest output for noise, shuffled pixels and real images."
    )
