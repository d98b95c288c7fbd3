"""The best combination of parameters against those of params.yaml, with seeds new to both."""

import shlex
from dataclasses import dataclass

import numpy as np

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.outputs import written_by
from stages.claims.shared.significance import CLEAR, is_clear_gain, standard_error
from stages.claims.shared.words import percent_and_deviation
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import read_rows
from stages.page.figures.text import MINUS, decimal, percent, plural

BEHIND = ("own", "validation_accuracy", "deviation")  # columns after the parameters
MEASURED = ("part", "seed", "validation_cost", "validation_accuracy")

Values = tuple[str, ...]  # of the parameters, in their order


@dataclass(frozen=True)
class Ranking:
    """Accuracies, (seeds,), of each point of the grid, best first."""

    names: Values  # of the parameters
    ranks: dict[Values, Floats]
    again: dict[Values, Floats]  # of the best and params.yaml's own, with other seeds
    own: Values
    epochs: int

    @property
    def best(self) -> Values:
        """The point that comes first."""
        return next(iter(self.ranks))

    @property
    def seeds(self) -> int:
        """How often each was trained."""
        return len(self.ranks[self.best])

    @property
    def gain(self) -> float:
        """By how much the best is better than params.yaml's own, as a share of the images."""
        return float(self.again[self.best].mean() - self.again[self.own].mean())

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
        own = points[[row[-len(BEHIND)] for row in rows].index("1")]
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
        return Ranking(names, ranks, again, own, int(runs[0][runs_header.index("epochs")]))


def judge(ranking: Ranking) -> Finding:
    """Held if a combination is clearly better than params.yaml's own, in part if it is better."""
    title, better = heading(ranking), ranking.best != ranking.own and ranking.gain > 0
    clear = better and is_clear_gain(ranking.gain, *finals(ranking))
    return Finding(
        Verdict.of(better, clear),
        title,
        measured(ranking),
        f"With other seeds the best combination beats params.yaml's own by more than {CLEAR} "
        "standard errors; it holds in part if it beats them at all.",
        alt(ranking, title),
    )


def finals(ranking: Ranking) -> tuple[Floats, Floats]:
    """Accuracies of the best and of params.yaml's own, with seeds that neither was chosen with."""
    return ranking.again[ranking.best], ranking.again[ranking.own]


def heading(ranking: Ranking) -> str:
    """What the best reads with seeds that it was not chosen with, and what the own ones."""
    usual = percent(float(ranking.again[ranking.own].mean()), 1)
    if ranking.best == ranking.own:
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
        f"images that its networks read; test images were not looked at. Such short trainings tell "
        f"what learns fast, not what is best in the end. {compared(ranking)} To train like the "
        f"best: dvc exp run {' '.join(words)}"
    )


def compared(ranking: Ranking) -> str:
    """The best against params.yaml's own, with seeds that neither was chosen with."""
    best, usual = finals(ranking)
    if ranking.best == ranking.own:
        return (
            f"The best are params.yaml's own; with {ranking.seeds} other seeds they read "
            f"{percent_and_deviation(usual)}."
        )
    text = (
        f"The best of many is also the luckiest, so it was trained again with {ranking.seeds} "
        f"other seeds: {percent_and_deviation(best)} (mean ± standard deviation); params.yaml's "
        f"own values give {percent_and_deviation(usual)}. The difference is "
        f"{decimal(100 * ranking.gain, 1)} points"
    )
    error = standard_error(best, usual)
    return f"{text}, {decimal(ranking.gain / error, 1)} standard errors." if error else f"{text}."


def alt(ranking: Ranking, title: str) -> str:
    """Read out the first ranks."""
    first = [
        f"{1 + n}: {ranking.named(point)}, {percent(float(shares.mean()), 1)}"
        for n, (point, shares) in enumerate([*ranking.ranks.items()][:3])
    ]
    return f"{title}. The first ranks: {'; '.join(first)}."
