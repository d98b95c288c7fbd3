"""If we only listened to the 2s: how fast a network comes to see them everywhere."""

from dataclasses import dataclass

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.networks import NETWORKS
from stages.claims.shared.outputs import written_by
from stages.claims.shared.significance import Interval, share_interval
from stages.claims.shared.words import PLUS_MINUS, percent_and_deviation
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_rows, read_table
from stages.common.images.classes import Classes
from stages.common.images.dataset import load_classes
from stages.page.figures.text import percent, plural

COLUMNS = ("digit", "start", "seed", "step", "images", "called", "accuracy")
NAMES = dict(zip(NETWORKS, ("from random weights", "from trained ones"), strict=True))
ALL = 0.99  # share that counts as all images
CRITERION = (
    "It holds if from both starts, random weights and trained ones, networks that see one digit "
    f"alone call at least {percent(ALL, 0)} of all test images that digit in the end (the lower "
    "end of the 95 % interval of their mean counts), and at no look fewer than at the one before: "
    "the lecture says where it leads, not how soon, and of real images some few are like no other. "
    "It holds in part if that is so from one start, or if the share only never falls."
)


@dataclass(frozen=True)
class Shares:
    """What was counted, by look: ``steps``, (n,), and for each start and name (networks, n)."""

    digit: int
    names: Classes
    images: int
    networks: int
    steps: Floats
    shares: dict[tuple[str, str], Floats]

    def mean(self, start: str, name: str) -> Floats:
        """Mean over the networks at every look, (n,)."""
        return np.asarray(self.shares[start, name].mean(axis=0))

    def in_words(self, start: str) -> str:
        """Share called the digit at the end: mean and standard deviation over the networks."""
        return percent_and_deviation(self.shares[start, "called"][:, -1])

    def end(self, start: str) -> Interval:
        """Percent of the test images called the digit at the end: mean and its interval."""
        return share_interval(100 * self.shares[start, "called"][:, -1], 100)

    def rises(self, start: str) -> bool:
        """Whether at no look fewer images are called the digit than at the one before."""
        return bool((np.diff(self.mean(start, "called")) >= 0).all())

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
        """The other classes, those first that the trained networks give up soonest."""
        labels = [label for label in range(len(self.names)) if label != self.digit]
        given = {label: self.mean("trained", f"called_{label}").mean() for label in labels}
        return sorted(labels, key=lambda label: -given[label])

    def reached(self, start: str) -> int | None:
        """The first step looked at by which every network calls all images the digit."""
        enough = np.flatnonzero(self.shares[start, "called"].min(axis=0) >= ALL)
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
        networks=len(seeds),
        steps=steps,
        shares=shares,
    )


def of_start(table: Table, start: str, name: str, looks: int) -> Floats:
    """One column for one start, (networks, looks)."""
    return np.asarray(table[name][table["start"] == start].reshape(-1, looks), np.float64)


def judge(shares: Shares) -> Finding:
    """Compare both starts with what ``CRITERION`` asks."""
    title, end = heading(shares), shares.end("trained")
    return Finding(
        verdict(shares),
        title,
        measured(shares),
        alt(shares, title),
        plain(shares),
        notes(shares),
        Estimate(*end, shares.networks, f"% of the test images called {shares.a_digit}"),
    )


def verdict(shares: Shares) -> Verdict:
    """What ``CRITERION`` says of these numbers."""
    met = [shares.end(start).low >= 100 * ALL and shares.rises(start) for start in NETWORKS]
    if not any(met) and all(shares.rises(start) for start in NETWORKS):
        return Verdict.PARTLY
    return Verdict.of(*met)


def heading(shares: Shares) -> str:
    """The share of images that trained networks call the digit in the end."""
    return (
        f"Shown {shares.digits} alone, trained networks come to call "
        f"{percent(shares.mean('trained', 'called')[-1], 1)} of all images {shares.a_digit}"
    )


def plain(shares: Shares) -> str:
    """The finding in one sentence."""
    if verdict(shares) == Verdict.HELD:
        return (
            f"Listen to the {shares.digits} alone, and every network ends up calling almost any "
            f"image {shares.a_digit}."
        )
    steps = plural(int(shares.steps[-1]), "step")
    if shares.rises("trained"):
        return (
            f"Listen to the {shares.digits} alone, and ever more images are called "
            f"{shares.a_digit}; after {steps}, not all of them."
        )
    return f"After {steps} on {shares.digits} alone, not every image is called {shares.a_digit}."


def notes(shares: Shares) -> str:
    """What is forgotten, in which order."""
    accuracy, others = shares.mean("trained", "accuracy"), shares.others()
    text = (
        f"What was learned of all digits is forgotten: accuracy falls from "
        f"{percent(accuracy[0], 1)} to {percent(accuracy[-1], 1)}."
    ).replace("digits", f"{shares.names.noun}s" if shares.names.noun == "digit" else "classes")
    if len(others) < 2:
        return text
    return (
        f"{text} The trained networks give up {shares.many(others[0])} first and keep "
        f"{shares.many(others[-1])} longest."
    )


def measured(shares: Shares) -> str:
    """What becomes of both starts."""
    last = plural(int(shares.steps[-1]), "step")
    middle = len(shares.steps) // 2
    accuracy = {s: shares.mean(s, "accuracy") for s in NETWORKS}
    rises = (
        "at every look at least as many as before" if shares.rises("trained") else "not always more"
    )
    return (
        f"{plural(shares.networks, 'network')} of this network's recipe, trained from other first "
        f"weights, and these first weights themselves see the same "
        f"{shares.digits} in the same order. Test images called {shares.a_digit}, of "
        f"{shares.images:,}, mean {PLUS_MINUS} standard deviation over the networks. From random "
        f"weights: {shares.in_words('untrained')} after {last}{arrival(shares, 'untrained')}; "
        f"{percent(accuracy['untrained'][-1], 1)} are then read correctly. From trained weights: "
        f"{percent(shares.mean('trained', 'called')[middle], 1)} after "
        f"{plural(int(shares.steps[middle]), 'step')}, {shares.in_words('trained')} after "
        f"{last}{arrival(shares, 'trained')}, {rises}."
    )


def arrival(shares: Shares, start: str) -> str:
    """When every network called all images the digit."""
    step = shares.reached(start)
    if step is None:
        return ""
    return f" (at least {percent(ALL, 0)} in every network after {plural(step, 'step')})"


def alt(shares: Shares, title: str) -> str:
    """Give the ends of all bold curves."""
    parts = [
        f"{NAMES[start]} it goes from {percent(shares.mean(start, 'called')[0], 1)} to "
        f"{percent(shares.mean(start, 'called')[-1], 1)} and accuracy from "
        f"{percent(shares.mean(start, 'accuracy')[0], 1)} to "
        f"{percent(shares.mean(start, 'accuracy')[-1], 1)}"
        for start in NETWORKS
    ]
    about = f"Curves of the share of test images called {shares.a_digit}"
    return f"{title}. {about}: {'; '.join(parts)}."
