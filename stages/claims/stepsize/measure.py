"""Smooth, small steps: how far to go along the slope before it stops helping."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from nn import Dataset, Network, evaluate, gradient_over
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import NETWORKS, in_float64, load_siblings, with_epochs
from stages.claims.shared.outputs import write_rows
from stages.common.files.paths import TRAIN
from stages.common.files.tables import Rows
from stages.common.models.recipe import examples_of, side_by_side
from stages.common.runtime.params import real, whole

DECADES = 4  # of learning rates, from the smallest up
SIBLINGS_TAKE = 2  # steps at every second of these rates
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
    and gradient after the step tell whether the network still lives. Of the siblings, untrained
    and trained, stepsize_siblings.csv has the falls at every second rate. All in float64.
    """
    count = DECADES * params.per_decade + 1
    rates = [params.smallest * 10.0 ** (n / params.per_decade) for n in range(count)]
    jobs = [(name, network, rates) for name, network in with_epochs(params.epochs).items()]
    rows = [row for rows in side_by_side(descend, jobs, "stepsize: networks") for row in rows]
    write_rows("stepsize", rows, DIGITS)
    write_rows("stepsize_siblings", of_siblings(rates[::SIBLINGS_TAKE]), DIGITS)
    best = {row["network"]: row for row in sorted(rows, key=lambda row: row["fall"])}
    best_rates = [f"{best[name]['rate']:.3g} {name}" for name, *_ in jobs]
    print(f"best rate of one step over {rows[0]['images']:,} images: {', '.join(best_rates)}")


def descend(name: str, network: Network, rates: list[float]) -> Rows:
    """One row for each rate: what a step of that rate leads to from where the network is."""
    examples = examples_of(TRAIN)
    most_frequent = float(np.bincount(examples.labels).max() / len(examples))
    known = {"network": name, "images": len(examples), "most_frequent": most_frequent}
    rows = []
    for moved, row in steps(network, examples, rates):
        slope = float(np.linalg.norm(gradient_over(moved, examples)))
        rows.append({**known, **row, "gradient_after": slope})
    return rows


def of_siblings(rates: list[float]) -> Rows:
    """One row for each sibling, untrained and trained, and each rate."""
    siblings = load_siblings()
    jobs = [
        (int(seed), name, in_float64(network), rates)
        for name, epoch in zip(NETWORKS, (0, siblings.last), strict=True)
        for seed, network in zip(siblings.seeds, siblings.after(epoch), strict=True)
    ]
    results = side_by_side(descend_briefly, jobs, "stepsize: siblings")
    return [row for rows in results for row in rows]


def descend_briefly(seed: int, name: str, network: Network, rates: list[float]) -> Rows:
    """The rows of one sibling."""
    kept = ("gradient", "rate", "fall", "promised")
    walk = steps(network, examples_of(TRAIN), rates)
    return [{"seed": seed, "network": name, **{key: row[key] for key in kept}} for _, row in walk]


def steps(
    network: Network, examples: Dataset, rates: list[float]
) -> Iterator[tuple[Network, dict[str, float]]]:
    """For each rate, the network after that step, and what the step has done to its cost."""
    gradient = gradient_over(network, examples)
    length = float(np.linalg.norm(gradient))
    start = evaluate(network, examples)[0]
    for rate in rates:
        moved = replace(network, parameters=network.parameters - rate * gradient)
        cost, accuracy = evaluate(moved, examples)
        yield (
            moved,
            {
                "start": start,
                "gradient": length,
                "rate": rate,
                "cost": cost,
                "accuracy": accuracy,
                "fall": start - cost,
                "promised": rate * length**2,
            },
        )


if __name__ == "__main__":
    run_claim(stepsize)
