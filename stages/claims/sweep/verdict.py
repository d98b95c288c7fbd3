"""The best combination of parameters against those of params.yaml, with seeds new to both."""

import shlex
from dataclasses import dataclass

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import written_by
from stages.claims.shared.significance import Interval, difference_interval
from stages.claims.shared.words import percent_and_deviation
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import read_rows
from stages.page.figures.text import MINUS, decimal, percent, plural

BEHIND = ("own", "diverged", "validation_accuracy", "deviation")  # columns after the parameters
MEASURED = ("part", "seed", "validation_cost", "validation_accuracy")

CRITERION = (
    "It holds if the best combination of the grid reads more validation images than params.yaml's "
    "own, with seeds that neither was chosen with and the whole 95 % interval of the difference "
    "(Welch's t), both trained equally long: then the choices are arbitrary indeed. In part if it "
    "reads more, but perhaps by chance."
)

Values = tuple[str, ...]  # of the parameters, in their order


@dataclass(frozen=True)
class Ranking:
    """Accuracies, (seeds,), of each point of the grid, best first."""

    names: Values  # of the parameters
    ranks: dict[Values, Floats]
    again: dict[Values, Floats]  # of the best and params.yaml's own, with other seeds
    current: Values
    epochs: int
    diverged: frozenset[Values]  # points of which a training ended without a finite cost

    @property
    def best(self) -> Values:
        """The point that comes first."""
        return next(iter(self.ranks))

    @property
    def seeds(self) -> int:
        """How often each was trained."""
        return len(self.ranks[self.best])

    @property
    def gain(self) -> Interval:
        """By how many points the best is better than params.yaml's own, with other seeds."""
        best, current = finals(self)
        return difference_interval(100 * best, 100 * current)

    def named(self, point: Values) -> str:
        """A point in words: learning rate 3, activation tanh."""
        pairs = zip(self.names, point, strict=True)
        return ", ".join(f"{spoken(name)} {spoken(value)}" for name, value in pairs)


def spoken(name: str) -> str:
    """A name or a value as one reads it: no underscores or brackets, and a true minus sign."""
    plain = name.replace("_", " ").replace("-", MINUS).replace(",", ", ").strip("[]")
    return plain or "none"


def read() -> Ranking:
    """The ranks, and the trainings behind them."""
    path, runs_path = claim_table("sweep"), claim_table("sweep_runs")
    header, rows = read_rows(path)
    runs_header, runs = read_rows(runs_path)
    names = tuple(header[1 : -len(BEHIND)])
    front = () if "epochs" in names else ("epochs",)
    with written_by("sweep", path):
        if tuple(header) != ("rank", *names, *BEHIND) or not names:
            raise ValueError(f"columns {', '.join(header)}")
        points = [tuple(row[1 : -len(BEHIND)]) for row in rows]
        current = points[[row[-len(BEHIND)] for row in rows].index("1")]
        diverged = frozenset(p for p, row in zip(points, rows, strict=True) if row[-3] != "0")
    with written_by("sweep", runs_path):
        if tuple(runs_header) != (*front, *names, *MEASURED):
            raise ValueError(f"columns {', '.join(runs_header)}, other trainings than in {path}")
        shares: dict[str, dict[Values, list[float]]] = {
            "rank": {p: [] for p in points},
            "again": {},
        }
        for row in runs:
            point = tuple(row[len(front) : -len(MEASURED)])
            part, *_, accuracy = row[-len(MEASURED) :]
            shares[part].setdefault(point, []).append(float(accuracy))
        ranks, again = (
            {point: np.array(values) for point, values in of_part.items()}
            for of_part in shares.values()
        )
        epochs = int(runs[0][runs_header.index("epochs")])
        return Ranking(names, ranks, again, current, epochs, diverged)


def judge(ranking: Ranking) -> Finding:
    """Compare the best combination with params.yaml's own, as ``CRITERION`` says."""
    title, gain = heading(ranking), ranking.gain
    better = ranking.best != ranking.current and gain.value > 0
    return Finding(
        Verdict.of(better, better and gain.low > 0),
        title,
        measured(ranking),
        alt(ranking, title),
        plain(ranking),
        notes(ranking),
        Estimate(
            *gain, ranking.seeds, "points of validation accuracy over params.yaml's own values"
        ),
    )


def plain(ranking: Ranking) -> str:
    """The finding in one sentence."""
    if ranking.best == ranking.current or ranking.gain.value <= 0:
        return "None of the other choices that were tried is better than the ones made here."
    if ranking.gain.low > 0:
        return "The choices are arbitrary indeed: others learn more in the same short time."
    return "Others may be better than the choices made here; this many trainings cannot tell."


def notes(ranking: Ranking) -> str:
    """That such short trainings are no race to the end."""
    return (
        f"{plural(ranking.epochs, 'epoch')} each tell what learns fast, not what is best in the "
        "end."
    )


def finals(ranking: Ranking) -> tuple[Floats, Floats]:
    """Accuracies of the best and of params.yaml's own, with seeds that neither was chosen with."""
    return ranking.again[ranking.best], ranking.again[ranking.current]


def heading(ranking: Ranking) -> str:
    """What the best reads with seeds that it was not chosen with, and what the own ones."""
    usual = percent(float(ranking.again[ranking.current].mean()), 1)
    if ranking.best == ranking.current:
        return (
            f"None of {len(ranking.ranks)} combinations beats params.yaml's own: {usual} of the "
            "validation images"
        )
    best = percent(float(ranking.again[ranking.best].mean()), 1)
    return (
        f"The best of {len(ranking.ranks)} combinations reads {best} of the validation images, "
        f"params.yaml's own {usual}"
    )


def measured(ranking: Ranking) -> str:
    """How it was measured, the gain, and the line that trains with the best."""
    swept_epochs = "epochs" in ranking.names
    epochs = "" if swept_epochs else f" for {plural(ranking.epochs, 'epoch')}"
    change = [f"train.{n}={v}" for n, v in zip(ranking.names, ranking.best, strict=True)]
    change = [*([] if swept_epochs else [f"train.epochs={ranking.epochs}"]), *change]
    words = [f"-S {shlex.quote(word)}" for word in change]
    return (
        f"Each combination was trained {ranking.seeds} times{epochs}, and ranked by the validation "
        f"images that its networks read; test images were not looked at.{lost(ranking)} "
        f"{compared(ranking)} To train like the best: dvc exp run {' '.join(words)}"
    )


def lost(ranking: Ranking) -> str:
    """How many combinations came last because a training of theirs diverged."""
    if not ranking.diverged:
        return ""
    return f" Trainings of {plural(len(ranking.diverged), 'combination')} diverged: they come last."


def compared(ranking: Ranking) -> str:
    """The best against params.yaml's own, with seeds that neither was chosen with."""
    best, usual = finals(ranking)
    if ranking.best == ranking.current:
        return (
            f"The best are params.yaml's own; with {ranking.seeds} other seeds they read "
            f"{percent_and_deviation(usual)}."
        )
    gain = ranking.gain
    return (
        f"The best of many is also the luckiest, so it was trained again with {ranking.seeds} "
        f"other seeds: {percent_and_deviation(best)} (mean ± standard deviation); params.yaml's "
        f"own values give {percent_and_deviation(usual)}. The difference is "
        f"{decimal(gain.value, 1)} points (95 % interval {decimal(gain.low, 1)} to "
        f"{decimal(gain.high, 1)})."
    )


def alt(ranking: Ranking, title: str) -> str:
    """Read out the first ranks."""
    first = [
        f"{1 + n}: {ranking.named(point)}, {percent(float(shares.mean()), 1)}"
        for n, (point, shares) in enumerate([*ranking.ranks.items()][:3])
    ]
    return f"{title}. The first ranks: {'; '.join(first)}."
