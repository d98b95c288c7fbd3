"""Smooth, small steps: how far to go along the slope before it stops helping."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nn import Examples, Network, evaluate, gradient_over
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import with_epochs
from stages.common.files.paths import TRAIN, claim_table
from stages.common.files.tables import Rows, write_csv
from stages.common.models.recipe import examples_of
from stages.common.runtime.params import real, whole

DECADES = 4  # of learning rates, from the smallest up
DIGITS = 8  # kept of every number: falls are compared with falls


@dataclass(frozen=True, kw_only=True)
class StepsizeParams:
    """How far to go along the slope before it stops helping."""

    images: Annotated[
        int, whole(1, 10**6, "training images that make up the cost{}; all if there are fewer")
    ]
    smallest: Annotated[float, real(1e-6, 1e3, "the smallest of four decades of learning rates")]
    per_decade: Annotated[int, whole(1, 100, "learning rates in each decade")]
    epochs: Annotated[
        list[int],
        whole(1, 10**6, "also look at the network after these, if it was trained so long"),
    ]


def stepsize(params: StepsizeParams) -> None:
    """Make one step along the negative gradient, by many learning rates, and look at the cost.

    Writes data/claims/stepsize.csv: for each network and rate the cost after the step, its
    fall, and the fall that the slope promises, rate x |gradient|^2. All in float64.
    """
    examples = examples_of(TRAIN).first(params.images)
    rates = params.smallest * 10.0 ** (
        np.arange(DECADES * params.per_decade + 1) / params.per_decade
    )
    rows: Rows = []
    for name, network in with_epochs(params.epochs).items():
        rows += descend(name, network, examples, rates)
    write(rows)
    best = {row["network"]: row for row in sorted(rows, key=lambda row: row["fall"])}
    told = [
        f"{best[name]['rate']:.3g} {name}" for name in dict.fromkeys(r["network"] for r in rows)
    ]
    print(f"best rate of one step over {len(examples):,} images: {', '.join(told)}")


def descend(name: str, network: Network, examples: Examples, rates: NDArray[np.floating]) -> Rows:
    """One row for each rate: the cost after a step of that rate from where the network is."""
    before = evaluate(network, examples)[0]
    gradient = gradient_over(network, examples)
    length = float(np.linalg.norm(gradient))
    rows = []
    for rate in rates:
        moved = replace(network, parameters=network.parameters - rate * gradient)
        after = evaluate(moved, examples)[0]
        rows.append(
            {
                "network": name,
                "images": len(examples),
                "start": before,
                "gradient": length,
                "rate": float(rate),
                "cost": after,
                "fall": before - after,
                "promised": float(rate) * length**2,
            }
        )
    return rows


def write(rows: Rows) -> None:
    """Write the table, every number to the same number of digits."""
    import pandas as pd

    table = pd.DataFrame(rows)
    numbers = table.select_dtypes("float").columns
    table[numbers] = table[numbers].map(lambda number: float(f"{number:.{DIGITS}g}"))
    write_csv(claim_table("stepsize"), table)


if __name__ == "__main__":
    run_claim(stepsize)
