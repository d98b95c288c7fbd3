"""Where a step along the slope keeps its promise, where it helps most, and where it harms."""

from typing import NamedTuple

import numpy as np

from stages.claims.shared.claim import Finding, Verdict
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import TIMES, percent, plural, significant

COLUMNS = ("network", "images", "start", "gradient", "rate", "cost", "fall", "promised")
NEAR = 0.1  # a fall keeps the slope's promise if it is this near, as a share


class Line(NamedTuple):
    """One network's steps, by k rates."""

    name: str
    images: int  # that make up the cost
    start: float  # the cost before the step
    gradient: float  # length of the gradient
    rates: Floats
    costs: Floats
    falls: Floats
    promised: Floats

    @classmethod
    def of(cls, table: Table, name: str) -> "Line":
        """The rows of one network."""
        own = {key: column[table["network"] == name] for key, column in table.items()}
        images, start, gradient = (own[key][0] for key in ("images", "start", "gradient"))
        columns = (own[key] for key in ("rate", "cost", "fall", "promised"))
        return cls(name, int(images), float(start), float(gradient), *columns)

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


def read() -> list[Line]:
    """The steps of every network, untrained first and trained last."""
    table = read_table(claim_table("stepsize"), COLUMNS, texts=("network",))
    return [Line.of(table, name) for name in dict.fromkeys(table["network"].tolist())]


def judge(lines: list[Line]) -> Finding:
    """Held if there is a promise kept and a step too long, and the best rate changes little."""
    turn = all(line.turns for line in lines)
    steady = span([line.rates[line.best] for line in lines]) < span([x.gradient for x in lines])
    title = heading(lines)
    return Finding(
        Verdict.of(turn, steady),
        title,
        measured(lines),
        "On each network small steps keep the promise and the longest do less than the best; and "
        "the best rate changes by a smaller factor than the gradient's length does.",
        alt(lines, title),
    )


def heading(lines: list[Line]) -> str:
    """The best rates and the gradient's lengths, before training and after."""
    first, last = lines[0], lines[-1]
    best = [brief(line.rates[line.best]) for line in (first, last)]
    gradients = [significant(line.gradient, 2) for line in (first, last)]
    return (
        f"The best rate for one step: {best[0]} before training, {best[1]} after it, while the "
        f"gradient's length goes from {gradients[0]} to {gradients[1]}"
    )


def measured(lines: list[Line]) -> str:
    """Where each network's steps keep the promise, help most, and harm."""
    low, high = (brief(lines[0].rates[place]) for place in (0, -1))
    first, last = lines[0], lines[-1]
    return (
        f"One step by each of {plural(len(lines[0].rates), 'rate')} from {low} to {high}. The "
        f"slope promises a fall of rate {TIMES} |gradient|\N{SUPERSCRIPT TWO}. "
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
        "never above the start beyond"
        if line.harm is None
        else f"no gain from {brief(line.harm)} on"
    )
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
