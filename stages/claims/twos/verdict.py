"""If we only listened to the 2s: how fast a network comes to see them everywhere."""

from dataclasses import dataclass

import numpy as np

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import NETWORKS
from stages.claims.shared.outputs import written_by
from stages.claims.shared.words import PLUS_MINUS, percent_and_deviation
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_rows, read_table
from stages.common.images.classes import Classes
from stages.common.images.dataset import load_classes
from stages.page.figures.text import percent, plural

COLUMNS = ("digit", "start", "seed", "step", "images", "called", "accuracy")
NAMES = dict(zip(NETWORKS, ("from random weights", "from the trained network"), strict=True))
ALL = 0.99  # share that counts as all images


@dataclass(frozen=True)
class Shares:
    """What was counted, by look: ``steps``, (n,), and for each start and name (seeds, n)."""

    digit: int
    names: Classes
    images: int
    seeds: int
    steps: Floats
    shares: dict[tuple[str, str], Floats]

    def mean(self, start: str, name: str) -> Floats:
        """Mean over the seeds at every look, (n,)."""
        return np.asarray(self.shares[start, name].mean(axis=0))

    def in_words(self, start: str) -> str:
        """Share called the digit at the end: mean and standard deviation over the seeds."""
        return percent_and_deviation(self.shares[start, "called"][:, -1])

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


def read() -> Shares:
    """The shares at every look, from both starts."""
    path = claim_table("twos")
    header, _ = read_rows(path)
    classes = [f"called_{label}" for label in range(len(header) - len(COLUMNS))]
    table = read_table(path, (*COLUMNS, *classes), texts=("start",))
    steps, seeds = np.unique(table["step"]), np.unique(table["seed"])
    with written_by("twos", path):
        shares = {
            (start, name): of_start(table, start, name, len(steps))
            for start in NETWORKS
            for name in ("called", "accuracy", *classes)
        }
    return Shares(
        digit=int(table["digit"][0]),
        names=load_classes(len(classes)),
        images=int(table["images"][0]),
        seeds=len(seeds),
        steps=steps,
        shares=shares,
    )


def of_start(table: Table, start: str, name: str, looks: int) -> Floats:
    """One column for one start, (seeds, looks)."""
    return np.asarray(table[name][table["start"] == start].reshape(-1, looks), np.float64)


def judge(shares: Shares) -> Finding:
    """Held if in the end every seed calls all images the digit, from both starts."""
    title = heading(shares)
    return Finding(
        Verdict.of(
            *(bool((shares.shares[start, "called"][:, -1] >= ALL).all()) for start in NETWORKS)
        ),
        title,
        measured(shares),
        f"In the end at least {percent(ALL, 0)} of the images are called {shares.a_digit} in every "
        "seed, from both starts.",
        alt(shares, title),
    )


def heading(shares: Shares) -> str:
    """The shares at the end, from both starts."""
    ends = [percent(shares.mean(start, "called")[-1], 1) for start in NETWORKS]
    return (
        f"After {plural(int(shares.steps[-1]), 'step')} on {shares.digits} alone, random weights "
        f"call {ends[0]} of all images {shares.a_digit}, the trained network {ends[1]}"
    )


def measured(shares: Shares) -> str:
    """What becomes of both networks, and which classes give in first and last."""
    last = plural(int(shares.steps[-1]), "step")
    accuracy = {s: shares.mean(s, "accuracy") for s in NETWORKS}
    return (
        f"Test images called {shares.a_digit}, of {shares.images:,}, mean {PLUS_MINUS} "
        f"standard deviation over {plural(shares.seeds, 'seed')}. From random weights: "
        f"{shares.in_words('untrained')} after {last}{arrival(shares, 'untrained')}; "
        f"{percent(accuracy['untrained'][-1], 1)} are then read correctly. From the trained "
        f"network: {shares.in_words('trained')}{arrival(shares, 'trained')}, and accuracy goes "
        f"from {percent(accuracy['trained'][0], 1)} to {percent(accuracy['trained'][-1], 1)}."
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


def alt(shares: Shares, title: str) -> str:
    """Give the ends of all bold curves."""
    parts = [
        f"{NAMES[start]} it goes from {percent(shares.mean(start, 'called')[0], 1)} to "
        f"{percent(shares.mean(start, 'called')[-1], 1)} and accuracy from "
        f"{percent(shares.mean(start, 'accuracy')[0], 1)} to "
        f"{percent(shares.mean(start, 'accuracy')[-1], 1)}"
        for start in NETWORKS
    ]
    about = f"Two panels of the share of test images called {shares.a_digit}"
    return f"{title}. {about}: {'; '.join(parts)}."
