"""Who balances the three avenues: how a step is shared out among the layers and the biases."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nn import Dataset, Network, Workspace, backpropagate, layers_of, stacked
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import NETWORKS, load_siblings, untrained_and_trained
from stages.common.files.paths import TRAIN, claim_table
from stages.common.files.tables import Rows, write_csv
from stages.common.models.recipe import examples_of
from stages.common.runtime.params import whole

PAGE = "page"  # the network on the page, as the table names it
BIASES = "biases"
DIGITS = 6


@dataclass(frozen=True, kw_only=True)
class AvenuesParams:
    """How a step is shared out among the layers' weights and the biases."""

    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch, and so behind a step")]
    batches: Annotated[int, whole(1, 10**6, "mini-batches whose steps are measured; at most all")]


def avenues(params: AvenuesParams) -> None:
    """Measure which share of a step's squared length goes to each layer's weights, and to biases.

    Writes data/claims/avenues.csv: for the network on the page before and after its training, and
    for its siblings after every epoch that was kept of them, each part's share, and how far it has
    moved from its start, as a multiple of its length there (0 if it started at zero).
    """
    examples = examples_of(TRAIN)
    batch = min(params.batch_size, len(examples))
    some = examples.first(params.batches * batch)
    siblings, (_, page) = load_siblings(), untrained_and_trained()
    start = stacked([page["untrained"]])
    rows: Rows = []
    for name in NETWORKS:
        rows += look(name, [PAGE], stacked([page[name]]), start, some, batch)
    names, start = [*map(str, siblings.seeds)], stacked(siblings.after(0))
    for epoch in siblings.epochs:
        rows += look(f"epoch {epoch}", names, stacked(siblings.after(epoch)), start, some, batch)
    write(rows)
    for name in dict.fromkeys(row["look"] for row in rows):
        shares = [r["share"] for r in rows if (r["look"], r["part"]) == (name, "weights 1")]
        print(
            f"{name}: {np.mean(shares):.1%} of a step's squared length is the first layer's weights"
        )


def look(
    name: str,
    networks: list[str],
    stack: Network,
    start: Network,
    examples: Dataset,
    batch: int,
) -> Rows:
    """Rows of a stack of networks at one time of their training: one for each of their parts."""
    steps = by_part(mean_squares(stack, examples, batch), stack)
    starts = by_part(np.square(start.parameters, dtype=np.float64), stack)
    ways = by_part(np.square(stack.parameters - start.parameters, dtype=np.float64), stack)
    totals = np.sum([*steps.values()], axis=0)
    return [
        {
            "network": network,
            "look": name,
            "part": part,
            "share": steps[part][row] / (totals[row] or 1),
            "moved": (ways[part][row] / starts[part][row]) ** 0.5 if starts[part][row] else 0.0,
        }
        for row, network in enumerate(networks)
        for part in steps
    ]


def mean_squares(stack: Network, examples: Dataset, batch: int) -> NDArray[np.float64]:
    """Mean square of every component, (S, P), of the gradients of mini-batches of the examples.

    A step is the same multiple of each, so that its shares are theirs.
    """
    work, total = Workspace(stack, batch), np.zeros(stack.parameters.shape)
    for first in range(0, len(examples) - batch + 1, batch):  # whole mini-batches
        examples.load(slice(first, first + batch), work)
        backpropagate(work, scale=1 / batch)
        total += np.square(work.nabla.parameters, dtype=np.float64)
    return total / (len(examples) // batch)


def by_part(squares: NDArray[np.float64], stack: Network) -> dict[str, NDArray[np.float64]]:
    """Sums over each layer's weights, and over all biases, (S,) each, of values (S, P)."""
    weights, biases = layers_of(squares, stack.sizes)
    sums = {f"weights {i}": w.sum(axis=(1, 2)) for i, w in enumerate(weights, start=1)}
    return {**sums, BIASES: np.sum([b.sum(axis=1) for b in biases], axis=0)}


def write(rows: Rows) -> None:
    """Write the table, with six digits."""
    import pandas as pd

    write_csv(claim_table("avenues"), pd.DataFrame(rows).round(DIGITS))


if __name__ == "__main__":
    run_claim(avenues)
