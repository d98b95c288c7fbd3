"""True and shuffled labels learnt by heart: how fast, what for, and how many."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nn import parameter_count
from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import Interval, mean_interval
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
CRITERION = (
    "Of three things, it holds if all come true, in part if some do. Every network learns "
    f"{percent(FITTED, 0)} of the shuffled labels (all but what chance in the mini-batches costs). "
    f"Its accuracy on test images is within {LIKE_GUESSING:.0f} points of guessing, at both ends "
    f"of the interval over networks. And it takes {SLOWER:.0f} times the steps of true labels or "
    "more, at the lower end of the interval: that is to struggle, and not to be a little slower."
)

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

    def reached_or_stopped(self, share: float) -> Floats:
        """The same, but where a network was stopped for one that never had them right."""
        ends = np.array([at[-1] for at, _ in self.curves], np.float64)
        return np.minimum(self.reached(share), ends)


class Rung(NamedTuple):
    """What networks of one shape learnt of so many shuffled labels."""

    images: int
    curves: list[Curve]

    @property
    def most(self) -> Floats:
        """The most labels that each network had right at a look, (networks,)."""
        return self.images * np.array([share.max() for _, share in self.curves])

    @property
    def steps(self) -> int:
        """After which the last network was stopped."""
        return int(max(at[-1] for at, _ in self.curves))

    @property
    def learnt(self) -> bool:
        """Whether every network had ``FITTED`` of the labels right."""
        return bool((self.most >= FITTED * self.images).all())

    @property
    def still_learning(self) -> bool:
        """Whether the networks learnt more labels in the second half of their steps."""
        half = [share[at <= self.steps / 2].max() for at, share in self.curves]
        return float(self.most.mean()) > self.images * float(np.mean(half))


class Learnt(NamedTuple):
    """Both kinds of labels in the race, the ladder's rungs, and the table of all trainings."""

    race: dict[str, Runner]
    ladder: list[Rung]
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

    def ratio(self) -> Interval:
        """How many times the steps of true labels shuffled ones take to be ``FITTED``.

        Each network against the one that started alike, with the same images. A network that was
        stopped before counts with the steps that it made.
        """
        true, shuffled = (self.race[kind].reached_or_stopped(FITTED) for kind in KINDS)
        return mean_interval(shuffled / np.maximum(true, 1))

    def beyond_guessing(self) -> Interval:
        """Points by which test images are read better than by guessing, with shuffled labels."""
        return mean_interval(100 * (self.race["shuffled"].test - self.guessing()))


def read() -> Learnt:
    """Both kinds of labels in the race, and the ladder."""
    table = read_table(claim_table("memorize"), COLUMNS, texts=("part", "network", "labels"))
    arrays = read_arrays("memorize", ("run", "step", "accuracy"))
    with written_by("memorize", claim_arrays("memorize")):
        for name, kind in (("run", np.int64), ("step", np.int64), ("accuracy", np.float64)):
            require(arrays, name, kind, arrays["run"].shape)
        race = {labels: runner(table, arrays, labels) for labels in KINDS}
        return Learnt(race, rungs(table, arrays), table)


def runner(table: Table, arrays: Arrays, labels: str) -> Runner:
    """One kind of labels in the race."""
    rows = np.flatnonzero((table["labels"] == labels) & (table["part"] == "race"))
    return Runner(
        curves_of(arrays, rows), table["train_accuracy"][rows], table["test_accuracy"][rows]
    )


def curves_of(arrays: Arrays, rows: NDArray[np.intp]) -> list[Curve]:
    """The ways of some trainings, given by their rows of the table.

    Raises ``ValueError`` if one of them has none.
    """
    steps, shares, runs = (arrays[name] for name in ("step", "accuracy", "run"))
    curves = [(steps[runs == row], shares[runs == row]) for row in rows]
    if not all(len(at) for at, _ in curves):
        raise ValueError("a step or more of each training")
    return curves


def rungs(table: Table, arrays: Arrays) -> list[Rung]:
    """The ladder, from the fewest images to the most."""
    climbed = table["part"] == "ladder"
    amounts = np.unique(table["images"][climbed])
    rows = [np.flatnonzero(climbed & (table["images"] == n)) for n in amounts]
    return [Rung(int(n), curves_of(arrays, r)) for n, r in zip(amounts, rows, strict=True)]


def judge(learnt: Learnt) -> Finding:
    """Count what came true of the three things that the claim says."""
    shuffled, beyond, ratio = learnt.race["shuffled"], learnt.beyond_guessing(), learnt.ratio()
    near = max(abs(beyond.low), abs(beyond.high)) <= LIKE_GUESSING
    came = [fits(shuffled), near, fits(learnt.race["true"]) and ratio.low >= SLOWER]
    title = heading(learnt)
    return Finding(
        Verdict.of(*came),
        title,
        f"{of_race(learnt)} {of_ladder(learnt)} Of the {len(came)} things asked for, {sum(came)} "
        "came true.",
        alt(learnt, title),
        plain=plain(came),
        notes=notes(learnt),
        estimate=Estimate(
            ratio.value, ratio.low, ratio.high, learnt.networks(), "times the steps of true labels"
        ),
    )


def heading(learnt: Learnt) -> str:
    """What became of shuffled labels, against true ones."""
    true, shuffled = learnt.race.values()
    if fits(true) and fits(shuffled):
        ratio = decimal(learnt.ratio().value, 1)
        return f"Shuffled labels are learnt by heart, too, in {ratio} times the steps"
    return (
        f"{percent(shuffled.train.mean(), 1)} of shuffled labels are learnt, and "
        f"{percent(true.train.mean(), 1)} of true ones"
    )


def plain(came: list[bool]) -> str:
    """The finding for somebody who has seen the chapters."""
    if all(came):
        return (
            "A large network can learn nonsense by heart, but it takes much longer, and with new "
            "images it can only guess."
        )
    fitted, guesses, slower = came
    return (
        f"Shuffled labels {'can' if fitted else 'cannot'} be learnt by heart here, "
        f"{'much' if slower else 'not much'} more slowly than true ones, and new images are "
        f"{'then' if guesses else 'not'} guessed."
    )


def notes(learnt: Learnt) -> str:
    """How many labels the small network learnt, and whether that was the end of it."""
    whole = [rung.images for rung in learnt.ladder if rung.learnt]
    last = learnt.ladder[-1]
    learning = " and was still learning more" if last.still_learning else ""
    most = f"{last.most.mean():,.0f} of {last.images:,}"
    text = f"The small network, {small_network(learnt)}, "
    text += (
        f"learnt all of {max(whole):,} shuffled labels; " if whole else "did not learn them all; "
    )
    return f"{text}stopped after {last.steps:,} steps, it had learnt {most}{learning}."


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
        "labels, and as many got the same images with these labels shuffled; all else was equal: "
        "softmax outputs with cross-entropy, mini-batches with momentum, a constant learning rate. "
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
    """What the small network could learn by heart, and in how many steps."""
    parts = [
        f"of {rung.images:,} labels {rung.most.mean():,.0f} ({rung.most.min():,.0f} to "
        f"{rung.most.max():,.0f}) in at most {plural(rung.steps, 'step')}"
        for rung in learnt.ladder
    ]
    count = plural(len(learnt.ladder[0].curves), "network")
    stopped = "" if learnt.ladder[-1].learnt else " The last of these were stopped, not finished."
    return (
        f"The ladder: {small_network(learnt)}, {count} on each rung, learnt the most at any look "
        f"{'; '.join(parts)}.{stopped}"
    )


def small_network(learnt: Learnt) -> str:
    """The ladder's network with the number of its weights and biases."""
    network = learnt.first("ladder", "network")
    count = parameter_count(tuple(int(n) for n in network.split("-")))
    return f"{network} ({plural(count, 'parameter')})"


def alt(learnt: Learnt, title: str) -> str:
    """Give the race's thresholds, and the ladder's values, in words."""
    paces = []
    for labels, runner in learnt.race.items():
        when = [f"{percent(share, 0)} after {steps(runner, share)}" for share in THRESHOLDS]
        paces.append(f"{labels.capitalize()} labels reach {', '.join(when)} steps")
    shares = [f"{rung.most.mean():,.0f} of {rung.images:,}" for rung in learnt.ladder]
    return (
        f"{title}. {'. '.join(paces)}. Shuffled labels learnt by the smaller network: "
        f"{', '.join(shares)}."
    )
