"""Where a step along the slope keeps its promise, where it helps most, and where it harms."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stages.claims.shared.claim import QUARTILES, Estimate, Finding, Verdict
from stages.claims.shared.significance import quartiles
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import TIMES, decimal, percent, plural, significant

COLUMNS = (
    *("network", "images", "most_frequent", "start", "gradient"),
    *("rate", "cost", "accuracy", "fall", "promised", "gradient_after"),
)
OF_SIBLINGS = ("seed", "network", "gradient", "rate", "fall", "promised")
NEAR = 0.1  # a fall keeps the slope's promise if it is this near, as a share
FLAT = 0.01  # part of the slope that is left, at most, where a network is dead
CRITERION = (
    "It holds if on each network, this one and others of its recipe, small steps lower the cost as "
    f"the slope promises, within {percent(NEAR, 0)}, and the longest lower it less than the best "
    "one does; and if on each the best learning rate changes, from untrained to trained, by a "
    "smaller factor than the gradient's length: only where one rate suits steep and flat ground do "
    "steps that are proportional to the slope shrink by themselves. In part if one of both is so."
)


@dataclass(frozen=True, kw_only=True)
class Steps:
    """What steps of one network, by k rates, do to its cost."""

    gradient: float  # length of the gradient before the step
    rates: Floats
    falls: Floats
    promised: Floats

    @classmethod
    def of(cls, table: Table) -> "Steps":
        """The rows of one network."""
        slope, rates = float(table["gradient"][0]), table["rate"]
        return cls(gradient=slope, rates=rates, falls=table["fall"], promised=table["promised"])

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
    def best_rate(self) -> float:
        """The rate with the largest fall."""
        return float(self.rates[self.best])

    @property
    def turns(self) -> bool:
        """Whether the slope keeps its promise at first, and a longer step stops helping."""
        return bool(self.kept) and self.best < len(self.rates) - 1 and self.gradient > 0


@dataclass(frozen=True, kw_only=True)
class Line(Steps):
    """Steps of the run's own network, of which more is known."""

    name: str
    images: int  # that make up the cost
    most_frequent: float  # share of them that are of the largest class
    start: float  # the cost before the step
    costs: Floats
    accuracies: Floats
    gradients: Floats  # length of the gradient after the step

    @classmethod
    def of(cls, table: Table) -> "Line":
        """The rows of one network."""
        steps = Steps.of(table)
        return cls(
            **vars(steps),
            name=str(table["network"][0]),
            images=int(table["images"][0]),
            most_frequent=float(table["most_frequent"][0]),
            start=float(table["start"][0]),
            costs=table["cost"],
            accuracies=table["accuracy"],
            gradients=table["gradient_after"],
        )

    @property
    def stride(self) -> float:
        """Length of the best step, in the space of all weights and biases."""
        return self.best_rate * self.gradient

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


class Measured(NamedTuple):
    """Steps of the run's network, untrained first and trained last, and of its siblings."""

    lines: list[Line]
    siblings: list[list[Steps]]  # untrained, then trained

    @property
    def courses(self) -> list[Sequence[Steps]]:
        """Every network with its steps, from untrained to trained."""
        return [self.lines, *self.siblings]

    @property
    def turns(self) -> bool:
        """Whether every network's steps help at first, as promised, and the longest less."""
        return all(steps.turns for course in self.courses for steps in course)

    @property
    def suits(self) -> bool:
        """Whether on every network the best rate changes less than the slope."""
        return all(best_span(course) < slope_span(course) for course in self.courses)


def read() -> Measured:
    """The steps of all networks."""
    table = read_table(claim_table("stepsize"), COLUMNS, texts=("network",))
    siblings = read_table(claim_table("stepsize_siblings"), OF_SIBLINGS, texts=("network",))
    return Measured(
        [Line.of(part) for part in parts_of(table, "network")],
        [
            [Steps.of(part) for part in parts_of(sibling, "network")]
            for sibling in parts_of(siblings, "seed")
        ],
    )


def parts_of(table: Table, key: str) -> list[Table]:
    """The table in parts, one for each value of a column, in the order of their first rows."""
    values = dict.fromkeys(table[key].tolist())
    return [
        {name: column[table[key] == value] for name, column in table.items()} for value in values
    ]


def judge(results: Measured) -> Finding:
    """Compare steps and networks with each other, as ``CRITERION`` says."""
    lines, title = results.lines, heading(results.lines)
    spans = np.array([best_span(course) for course in results.siblings])
    unit = "times between the best rate of the untrained and the trained network"
    return Finding(
        Verdict.of(results.turns, results.suits),
        title,
        measured(results),
        alt(lines, title),
        plain(results),
        notes(lines),
        Estimate(*quartiles(spans), len(spans), unit, QUARTILES),
    )


def best_span(course: Sequence[Steps]) -> float:
    """Factor between the largest and the smallest best rate of one network."""
    return span([steps.best_rate for steps in course])


def slope_span(course: Sequence[Steps]) -> float:
    """Factor between the steepest slope and the flattest of one network."""
    return span([steps.gradient for steps in course])


def heading(lines: list[Line]) -> str:
    """The best rates, and how much flatter the ground becomes."""
    best = sorted(line.best_rate for line in lines)
    slopes = [significant(lines[place].gradient, 2) for place in (0, -1)]
    return (
        f"One step is best at a rate of {brief(best[0])} to {brief(best[-1])}, whether the ground "
        f"is steep ({slopes[0]}) or flat ({slopes[1]})"
    )


def plain(results: Measured) -> str:
    """The finding in one sentence."""
    if not all(steps.kept for course in results.courses for steps in course):
        return "Not everywhere do small steps lower the cost as the slope promises."
    if not results.turns:
        return (
            "Small steps lower the cost as the slope promises; longer ones overshoot, but not on "
            "every network does the cost show it."
        )
    if results.lines[0].dead is not None:
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


def measured(results: Measured) -> str:
    """Where each network's steps keep the promise, help most, and harm."""
    lines = results.lines
    low, high = (brief(lines[0].rates[place]) for place in (0, -1))
    first, last = lines[0], lines[-1]
    return (
        f"The cost is that of all {plural(first.images, 'training image')}. One step by each of "
        f"{plural(len(first.rates), 'rate')} from {low} to {high}; the slope promises a fall of "
        f"rate {TIMES} |gradient|\N{SUPERSCRIPT TWO}. "
        f"{' '.join(course(line) for line in lines)} From {first.name} to {last.name}, the "
        f"gradient's length goes from {significant(first.gradient, 2)} to "
        f"{significant(last.gradient, 2)} and that of the best step, rate {TIMES} |gradient|, from "
        f"{significant(first.stride, 2)} to {significant(last.stride, 2)}. {of_siblings(results)}"
    )


def of_siblings(results: Measured) -> str:
    """Between which rates the siblings' steps help most."""
    ends = [
        sorted(steps.best_rate for steps in group) for group in zip(*results.siblings, strict=True)
    ]
    slopes = sorted(slope_span(course) for course in results.siblings)
    untrained, trained = (f"{brief(rates[0])} to {brief(rates[-1])}" for rates in ends)
    longest = sum(course[0].best == len(course[0].rates) - 1 for course in results.siblings)
    return (
        f"On {plural(len(results.siblings), 'other network')}, at every second of these rates, a "
        f"step is best at {untrained} untrained (the longest on {longest} of them), and at "
        f"{trained} trained, while the gradient becomes {brief(slopes[0])} to {brief(slopes[-1])} "
        "times shorter."
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
        f"{line.name.capitalize()}: {kept}, best at {brief(line.best_rate)} (cost "
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
        f"rate {brief(line.best_rate)}, then {significant(line.costs[-1])} at rate "
        f"{brief(line.rates[-1])}"
        for line in lines
    ]
    return f"{title}. Curves of the cost after one step by learning rate: {'; '.join(parts)}."
