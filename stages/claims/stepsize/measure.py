"""Smooth, small steps: how far to go along the slope before it stops helping."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from nn import Dataset, Network, evaluate, gradient_over
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import with_epochs
from stages.claims.shared.outputs import write_rows
from stages.common.files.paths import TRAIN
from stages.common.files.tables import Rows
from stages.common.models.recipe import examples_of, side_by_side
from stages.common.runtime.params import real, whole

DECADES = 4  # of learning rates, from the smallest up
DIGITS = 8  # kept of every number: falls are compared with falls


@dataclass(frozen=True, kw_only=True)
class StepsizeParams:
    """How far to go along the slope before it stops helping."""

    smallest: Annotated[float, real(1e-6, 1e3, "the smallest of four decades of learning rates")]
    per_decade: Annotated[int, whole(1, 100, "learning rates in each decade")]
    epochs: Annotated[
        list[int],
        whole(1, 10**6, "also look at the network after these, if it was trained so long"),
    ]


def stepsize(params: StepsizeParams) -> None:
    """Make one step along the negative gradient, by many learning rates, and look at the cost.

    The cost is that of all training images: of a network that is trained, the gradients of some of
    them are mostly noise. Writes data/claims/stepsize.csv: for each network and rate the cost
    after the step, its fall, and the fall that the slope promises, rate x |gradient|^2; accuracy
    and gradient after the step tell whether the network still lives. All in float64.
    """
    steps = DECADES * params.per_decade
    rates = [params.smallest * 10.0 ** (n / params.per_decade) for n in range(steps + 1)]
    jobs = [(name, network, rates) for name, network in with_epochs(params.epochs).items()]
    rows = [row for rows in side_by_side(descend, jobs, "stepsize: networks") for row in rows]
    write_rows("stepsize", rows, DIGITS)
    best = {row["network"]: row for row in sorted(rows, key=lambda row: row["fall"])}
    best_rates = [f"{best[name]['rate']:.3g} {name}" for name, *_ in jobs]
    print(f"best rate of one step over {rows[0]['images']:,} images: {', '.join(best_rates)}")


def descend(name: str, network: Network, rates: list[float]) -> Rows:
    """One row for each rate: what a step of that rate leads to from where the network is."""
    examples = examples_of(TRAIN)
    gradient = gradient_over(network, examples)
    length = float(np.linalg.norm(gradient))
    before = evaluate(network, examples)[0]
    known = {
        "network": name,
        "images": len(examples),
        "most_frequent": float(np.bincount(examples.labels).max() / len(examples)),
        "start": before,
        "gradient": length,
    }
    rows = []
    for rate in rates:
        moved = replace(network, parameters=network.parameters - rate * gradient)
        cost, accuracy, slope = look(moved, examples)
        after = {"cost": cost, "accuracy": accuracy, "gradient_after": slope}
        promise = {"fall": before - cost, "promised": rate * length**2}
        rows.append({**known, "rate": rate, **after, **promise})
    return rows


def look(network: Network, examples: Dataset) -> tuple[float, float, float]:
    """Mean cost, accuracy, and the length of the gradient."""
    slope = gradient_over(network, examples)
    return *evaluate(network, examples), float(np.linalg.norm(slope))


if __name__ == "__main__":
    run_claim(stepsize)
