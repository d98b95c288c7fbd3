"""True and shuffled labels learnt by heart: how fast, what for, and how many."""

from typing import Any, NamedTuple

import numpy as np

from nn import parameter_count
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.words import percent_and_deviation
from stages.common.files.arrays import Arrays, Floats, require
from stages.common.files.paths import claim_arrays, claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import decimal, percent, plural

COLUMNS = (
    "part", "network", "images", "labels", "seed", "steps", "train_accuracy", "test_accuracy",
)  # fmt: skip
KINDS = ("true", "shuffled")  # of labels
THRESHOLDS = (0.5, 0.9, 0.99)
# What the claim asks for: shares of labels learnt, points from guessing, and a ratio of steps.
FITTED, LIKE_GUESSING, SLOWER = 0.99, 5.0, 2.0

Curve = tuple[Floats, Floats]  # steps taken, share of the labels learnt


class Runner(NamedTuple):
    """What became of one kind of labels in the race, network by network."""

    curves: list[Curve]
    train: Floats  # accuracy at the end
    test: Floats

    def reached(self, share: float) -> Floats:
        """Steps, by network, until so many labels were right; infinite if they never were."""
        return np.array(
            [
                next((step for step, a in zip(*curve, strict=True) if a >= share), np.inf)
                for curve in self.curves
            ]
        )


class Rungs(NamedTuple):
    """Labels of one kind that the ladder's network learnt: means over its seeds, (n,)."""

    images: Floats
    train: Floats


class Learnt(NamedTuple):
    """Both kinds of labels in the race and on the ladder, and the table of all trainings."""

    race: dict[str, Runner]
    ladder: dict[str, Rungs]
    table: Table

    def first(self, part: str, column: str) -> Any:
        """A value that all trainings of one part have in common."""
        return self.table[column][self.table["part"] == part][0]

    def guessing(self) -> float:
        """Share of images that a guess among the classes gets right."""
        return 1 / int(self.first("race", "network").split("-")[-1])

    def networks(self) -> int:
        """Trained for each kind of labels."""
        return len(self.race["true"].train)

    def ratio(self) -> float:
        """How many times the steps of true labels shuffled ones take to be ``FITTED``."""
        true, shuffled = (self.race[kind].reached(FITTED).mean() for kind in KINDS)
        return float(shuffled / true) if np.isfinite(true) else np.nan


def read() -> Learnt:
    """Both kinds of labels, in the race and on the ladder."""
    table = read_table(claim_table("memorize"), COLUMNS, texts=("part", "network", "labels"))
    arrays = read_arrays("memorize", ("run", "step", "accuracy"))
    with written_by("memorize", claim_arrays("memorize")):
        for name, kind in (("run", np.int64), ("step", np.int64), ("accuracy", np.float64)):
            require(arrays, name, kind, arrays["run"].shape)
    return Learnt(
        {labels: runner(table, arrays, labels) for labels in KINDS},
        {labels: rungs(table, labels) for labels in KINDS},
        table,
    )


def runner(table: Table, arrays: Arrays, labels: str) -> Runner:
    """One kind of labels in the race."""
    rows = np.flatnonzero((table["labels"] == labels) & (table["part"] == "race"))
    steps, shares, runs = (arrays[name] for name in ("step", "accuracy", "run"))
    curves = [(steps[runs == row], shares[runs == row]) for row in rows]
    return Runner(curves, table["train_accuracy"][rows], table["test_accuracy"][rows])


def rungs(table: Table, labels: str) -> Rungs:
    """One kind of labels on the ladder."""
    climbed = (table["labels"] == labels) & (table["part"] == "ladder")
    images = np.unique(table["images"][climbed])
    means = [table["train_accuracy"][climbed & (table["images"] == n)].mean() for n in images]
    return Rungs(images, np.array(means))


def judge(learnt: Learnt) -> Finding:
    """Count what came true of the three things that the claim says."""
    shuffled, title = learnt.race["shuffled"], heading(learnt)
    beyond = abs(shuffled.test.mean() - learnt.guessing()) * 100
    came = [fits(shuffled), beyond <= LIKE_GUESSING, learnt.ratio() >= SLOWER]
    return Finding(
        Verdict.of(*came),
        title,
        f"{of_race(learnt)} {of_ladder(learnt)} Of the {len(came)} things asked for, {sum(came)} "
        "came true.",
        f"Every network learns {percent(FITTED, 0)} of the shuffled labels, its test accuracy "
        f"after that is within {LIKE_GUESSING:.0f} points of guessing, and it takes at least "
        f"{SLOWER:.0f} times the steps that true labels need until {percent(FITTED, 0)}.",
        alt(learnt, title),
    )


def heading(learnt: Learnt) -> str:
    """What became of shuffled labels, against true ones."""
    true, shuffled = learnt.race.values()
    tests = f"{percent(shuffled.test.mean(), 1)} of test images are right, not "
    tests += percent(true.test.mean(), 1)
    if fits(true) and fits(shuffled):
        return (
            f"Shuffled labels are learnt by heart as well, in {decimal(learnt.ratio(), 1)} times "
            f"the steps: then {tests}"
        )
    return (
        f"{percent(shuffled.train.mean(), 1)} of shuffled labels are learnt, and "
        f"{percent(true.train.mean(), 1)} of true ones: then {tests}"
    )


def fits(runner: Runner) -> bool:
    """Whether every network has learnt its labels."""
    return bool((runner.train >= FITTED).all())


def of_race(learnt: Learnt) -> str:
    """How the race went, and what it was good for."""
    images = int(learnt.first("race", "images"))
    true, shuffled = learnt.race.values()
    paces = [
        f"{percent(share, 0)} after {steps(true, share)} against {steps(shuffled, share)}"
        for share in THRESHOLDS
    ]
    every = min((int(at[1]) for at, _ in true.curves if len(at) > 1), default=0)
    return (
        f"{plural(learnt.networks(), 'network')} got {plural(images, 'image')} with the true "
        "labels, and as many got the same images with these labels shuffled; all else was equal. "
        "Steps, on average, until so many labels were right, true against shuffled, looked at "
        f"every {every}: {'; '.join(paces)}. Then {percent_and_deviation(true.test)} against "
        f"{percent_and_deviation(shuffled.test)} of the test images are right (mean ± standard "
        f"deviation); guessing gives {percent(learnt.guessing(), 1)}."
    )


def steps(runner: Runner, share: float) -> str:
    """The mean number of steps to this share."""
    mean = runner.reached(share).mean()
    return f"{mean:,.0f}" if np.isfinite(mean) else "(not all did)"


def of_ladder(learnt: Learnt) -> str:
    """What the small network could and could not learn by heart."""
    most = int(learnt.table["steps"][learnt.table["part"] == "ladder"].max())
    true, shuffled = learnt.ladder.values()
    return (
        f"{small_network(learnt)} was given at most {plural(most, 'step')}. It learnt "
        f"{percent(FITTED, 0)} or more of the true labels of {fitted(true)}, and as much of the "
        f"shuffled ones of {fitted(shuffled)}; of {true.images[-1]:,.0f} labels it ended with "
        f"{percent(true.train[-1], 1)} right if they were true, {percent(shuffled.train[-1], 1)} "
        "if shuffled."
    )


def small_network(learnt: Learnt) -> str:
    """The ladder's network with the number of its weights and biases."""
    network = learnt.first("ladder", "network")
    count = parameter_count(tuple(int(n) for n in network.split("-")))
    return f"{network} ({plural(count, 'parameter')})"


def fitted(rungs: Rungs) -> str:
    """Up to how many images (and for all fewer) the labels were learnt."""
    fully = rungs.images[np.minimum.accumulate(rungs.train) >= FITTED]
    return f"up to {fully.max():,.0f} images" if len(fully) else "no number of images tried"


def alt(learnt: Learnt, title: str) -> str:
    """Give the race's thresholds, and the ladder's values, in words."""
    paces = []
    for labels, runner in learnt.race.items():
        when = [f"{percent(share, 0)} after {steps(runner, share)}" for share in THRESHOLDS]
        paces.append(f"{labels.capitalize()} labels reach {', '.join(when)} steps")
    rungs = learnt.ladder["shuffled"]
    shares = [f"{n:,.0f}: {percent(a, 1)}" for n, a in zip(rungs.images, rungs.train, strict=True)]
    return (
        f"{title}. {'. '.join(paces)}. Shuffled labels learnt by the smaller network, by number "
        f"of images: {', '.join(shares)}."
    )
