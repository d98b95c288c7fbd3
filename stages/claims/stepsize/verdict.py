"""Where a step along the slope keeps its promise, where it helps most, and where it harms."""

from typing import NamedTuple

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import TIMES, decimal, percent, plural, significant

COLUMNS = (
    *("network", "images", "most_frequent", "start", "gradient"),
    *("rate", "cost", "accuracy", "gradient_after", "fall", "promised"),
)
NEAR = 0.1  # a fall keeps the slope's promise if it is this near, as a share
FLAT = 0.01  # part of the slope that is left, at most, where a network is dead
CRITERION = (
    f"It holds if on each network small steps lower the cost as the slope promises, within "
    f"{percent(NEAR, 0)}, and the longest lower it less than the best one does; and if the best "
    "learning rate changes by a smaller factor than the gradient's length: only where one rate "
    "suits steep and flat ground do steps that are proportional to the slope shrink by themselves. "
    "It holds in part if one of both is so."
)


class Line(NamedTuple):
    """One network's steps, by k rates."""

    name: str
    images: int  # that make up the cost
    most_frequent: float  # share of them that are of the largest class
    start: float  # the cost before the step
    gradient: float  # length of the gradient
    rates: Floats
    costs: Floats
    accuracies: Floats
    gradients: Floats  # length of the gradient after the step
    falls: Floats
    promised: Floats

    @classmethod
    def of(cls, table: Table, name: str) -> "Line":
        """The rows of one network."""
        rows = {key: column[table["network"] == name] for key, column in table.items()}
        share, start, gradient = (float(rows[k][0]) for k in ("most_frequent", "start", "gradient"))
        columns = [rows[key] for key in COLUMNS[COLUMNS.index("rate") :]]
        return cls(name, int(rows["images"][0]), share, start, gradient, *columns)

    @property
    def kept(self) -> float:
        """The largest rate up to which every fall is near what was promised; 0 if none."""
        near = np.abs(self.falls - self.promised) <= NEAR * self.promised
        steps = len(near) if near.all() else int(np.argmin(near))
        return float(self.rates[steps - 1]) if steps else 0.0

    @property
    def best(self) -> int:
        """Place of the rate with the largest fall."""
        return int(np.argmax(self.falls))

    @property
    def stride(self) -> float:
        """Length of the best step, in the space of all weights and biases."""
        return float(self.rates[self.best]) * self.gradient

    @property
    def turns(self) -> bool:
        """Whether the slope keeps its promise at first, and a longer step stops helping."""
        return bool(self.kept) and self.best < len(self.rates) - 1 and self.gradient > 0

    @property
    def harm(self) -> float | None:
        """The smallest rate beyond the best that leaves a cost no lower than before the step."""
        worse = np.flatnonzero(self.falls[self.best :] <= 0)
        return float(self.rates[self.best + worse[0]]) if worse.size else None

    @property
    def dead(self) -> int | None:
        """Place of the rate from which on steps end where there is no slope, and reading is chance.

        There, next to nothing of the gradient is left, and the network reads no more images than
        one that has the same answer to all of them.
        """
        flat = self.gradients <= FLAT * self.gradient
        lost = flat & (self.accuracies <= self.most_frequent)
        living = np.flatnonzero(~lost)
        place = int(living[-1]) + 1 if living.size else 0
        return place if place < len(self.rates) else None


def read() -> list[Line]:
    """The steps of every network, untrained first and trained last."""
    table = read_table(claim_table("stepsize"), COLUMNS, texts=("network",))
    return [Line.of(table, name) for name in dict.fromkeys(table["network"].tolist())]


def judge(lines: list[Line]) -> Finding:
    """Compare steps and networks with each other, as ``CRITERION`` says."""
    turn = all(line.turns for line in lines)
    rates, slopes = best_span(lines), span([line.gradient for line in lines])
    title = heading(lines)
    unit = "times between the smallest best rate and the largest"
    return Finding(
        Verdict.of(turn, rates < slopes),
        title,
        measured(lines),
        alt(lines, title),
        plain(lines),
        notes(lines),
        Estimate(rates, rates, rates, 1, unit),
    )


def best_span(lines: list[Line]) -> float:
    """Factor between the largest and the smallest best rate."""
    return span([float(line.rates[line.best]) for line in lines])


def heading(lines: list[Line]) -> str:
    """The best rates, and how much flatter the ground becomes."""
    best = sorted(line.rates[line.best] for line in lines)
    slopes = [significant(lines[place].gradient, 2) for place in (0, -1)]
    return (
        f"One step is best at a rate of {brief(best[0])} to {brief(best[-1])}, whether the ground "
        f"is steep ({slopes[0]}) or flat ({slopes[1]})"
    )


def plain(lines: list[Line]) -> str:
    """The finding in one sentence."""
    if not all(line.turns for line in lines):
        return "Not everywhere does a small step keep what the slope promises, and a long one less."
    if lines[0].dead is not None:
        return (
            "Small steps lower the cost as the slope promises; longer ones overshoot, and may "
            "leave an untrained network dead."
        )
    return "Small steps lower the cost as the slope promises; longer ones overshoot."


def notes(lines: list[Line]) -> str:
    """How a network dies of a step that lowers its cost, and how little the trained one gains."""
    first, last = lines[0], lines[-1]
    most = percent(last.falls[last.best] / (last.start or 1.0))
    text = f"Trained, the best step along the slope lowers the cost by {most}."
    if first.dead is None:
        return text
    start, cost = (decimal(each) for each in (first.start, first.costs[first.dead]))
    return (
        f"Untrained, steps from rate {brief(first.rates[first.dead])} on end on a plateau: the "
        f"cost has fallen from {start} to {cost}, yet only "
        f"{percent(first.accuracies[first.dead], 1)} of the images are read, as if by chance, and "
        f"at most {percent(FLAT, 0)} of the slope is left to lead out again. {text}"
    )


def measured(lines: list[Line]) -> str:
    """Where each network's steps keep the promise, help most, and harm."""
    low, high = (brief(lines[0].rates[place]) for place in (0, -1))
    first, last = lines[0], lines[-1]
    return (
        f"The cost is that of all {plural(first.images, 'training image')}. One step by each of "
        f"{plural(len(first.rates), 'rate')} from {low} to {high}; the slope promises a fall of "
        f"rate {TIMES} |gradient|\N{SUPERSCRIPT TWO}. "
        f"{' '.join(course(line) for line in lines)} From {first.name} to {last.name}, the "
        f"gradient's length goes from {significant(first.gradient, 2)} to "
        f"{significant(last.gradient, 2)} and that of the best step, rate {TIMES} |gradient|, from "
        f"{significant(first.stride, 2)} to {significant(last.stride, 2)}."
    )


def course(line: Line) -> str:
    """One network's three rates."""
    kept = (
        f"right within {percent(NEAR, 0)} up to rate {brief(line.kept)}"
        if line.kept
        else f"nowhere right within {percent(NEAR, 0)}"
    )
    harm = (
        "no higher than the start at any rate"
        if line.harm is None
        else f"no gain from {brief(line.harm)} on"
    )
    if line.dead is not None:
        slope = significant(line.gradients[line.dead], 2)
        harm += f", dead from {brief(line.rates[line.dead])} on (a slope of {slope})"
    return (
        f"{line.name.capitalize()}: {kept}, best at {brief(line.rates[line.best])} (cost "
        f"{significant(line.start)} to {significant(line.costs[line.best])}), {harm}."
    )


def brief(rate: float) -> str:
    """A learning rate to two digits, or whole: 0.22, 3.2, 150."""
    return significant(rate, 2) if rate < 10 else f"{rate:,.0f}"


def span(values: list[float]) -> float:
    """Factor between the largest and the smallest."""
    return max(values) / (min(values) or 1e-300)


def alt(lines: list[Line], title: str) -> str:
    """Give each curve's course."""
    parts = [
        f"{line.name}, from {significant(line.start)} down to {significant(line.costs.min())} at "
        f"rate {brief(line.rates[line.best])}, then {significant(line.costs[-1])} at rate "
        f"{brief(line.rates[-1])}"
        for line in lines
    ]
    return f"{title}. Curves of the cost after one step by learning rate: {'; '.join(parts)}."
