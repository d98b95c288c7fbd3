"""Averaging the wishes: whether a step that a few images ask for lowers the cost of them all."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nn import Dataset, Network, Workspace, forward, gradient_over, layers_of
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import load_siblings, untrained_and_trained
from stages.claims.shared.outputs import write_rows
from stages.common.files.arrays import Floats, load_labelled, save_arrays
from stages.common.files.paths import NETWORK, TRAIN, claim_arrays
from stages.common.files.tables import Rows
from stages.common.images.outlook import NotInDataError, Outlook
from stages.common.models.model import load_model
from stages.common.models.recipe import examples_of, outlook_of, side_by_side
from stages.common.runtime.params import real, whole

KEPT = 16  # images of the table that are kept
AT_ONCE = 500  # images that go through a stack of networks together


@dataclass(frozen=True, kw_only=True)
class AveragingParams:
    """Whether a mini-batch's step lowers the cost of all training images."""

    batch_size: Annotated[int, whole(2, 10**6, "images of a mini-batch")]
    draws: Annotated[int, whole(1, 1000, "random mini-batches for each network and epoch")]
    lengths: Annotated[
        list[float], real(0, 1000, "of a step, as shares of the first learning rate of train")
    ]
    seed: Annotated[int, whole(0, 2**63 - 1, "decides which images are drawn")]


def averaging(params: AveragingParams) -> None:
    """Take steps along the gradients of mini-batches, and look at the cost of all training images.

    Writes data/claims/averaging.csv, a row for each sibling, epoch and length of step, and
    averaging.npz: what the images of one mini-batch wish of a few weights of the untrained
    network, image by image, and the mean.
    """
    examples = examples_of(TRAIN)
    check(params, outlook_of(examples))
    network, siblings = untrained_and_trained()[1]["untrained"], load_siblings()
    rng = np.random.default_rng(params.seed)
    rows = rng.choice(len(examples), params.batch_size, replace=False)
    save_arrays(claim_arrays("averaging"), table_of(network, examples, rows))
    rates = sorted({length * siblings.learning_rate for length in params.lengths})
    jobs = [
        (network, epoch, int(seed), params.batch_size, params.draws, rates, params.seed)
        for epoch in siblings.epochs
        for network, seed in zip(siblings.after(epoch), siblings.seeds, strict=True)
    ]
    results = side_by_side(steps_of, jobs, "averaging")
    table = [row for rows_of_one in results for row in rows_of_one]
    write_rows("averaging", table)
    tell(table, network, examples, params.batch_size)


def check(params: AveragingParams, outlook: Outlook) -> None:
    """Raise ``NotInDataError`` if there are not so many training images."""
    if params.batch_size > outlook.images:
        raise NotInDataError(
            f"averaging.batch_size: expected 2 to {outlook.images:,}, the images in {TRAIN}, "
            f"got {params.batch_size}"
        )


def chosen(examples: Dataset, rows: NDArray[np.intp]) -> Dataset:
    """Some of the examples."""
    return replace(examples, stored=examples.stored[rows], labels=examples.labels[rows])


def steps_of(
    network: Network,
    epoch: int,
    seed: int,
    batch_size: int,
    draws: int,
    rates: Sequence[float],
    chance: int,
) -> Rows:
    """One row for each learning rate: what steps from one place do to the cost of all images.

    ``lowered`` is the share of the mini-batches' steps that lower it, ``change`` by how much it
    changes on average, and ``change_of_all`` what the step along the gradient of all images does.
    ``cosine`` is that of the angle between the two gradients, on average.
    """
    examples = examples_of(TRAIN)
    rng = np.random.default_rng([chance, seed, epoch])
    full = gradient_over(network, examples)
    drawn = [rng.choice(len(examples), batch_size, replace=False) for _ in range(draws)]
    batches = [gradient_over(network, chosen(examples, rows)) for rows in drawn]
    costs = after_steps(network, [full, *batches], rates, examples)
    before = costs[0]
    changes = (costs[1:] - before).reshape(1 + draws, len(rates))
    likeness = np.mean([cosine(batch, full) for batch in batches])
    return [
        {
            "epoch": epoch,
            "seed": seed,
            "draws": draws,
            "images": len(examples),
            "learning_rate": rate,
            "lowered": (changes[1:, place] < 0).mean(),
            "change": changes[1:, place].mean(),
            "change_of_all": changes[0, place],
            "cost": before,
            "cosine": likeness,
        }
        for place, rate in enumerate(rates)
    ]


def after_steps(
    network: Network, gradients: list[Floats], rates: Sequence[float], examples: Dataset
) -> NDArray[np.float64]:
    """Mean cost of all examples, (1 + gradients * rates,): here, and after a step down each.

    All these networks see the images as one stack. The steps are taken in float64.
    """
    here = network.parameters.astype(np.float64)
    ends = [here, *(here - rate * gradient for gradient in gradients for rate in rates)]
    stack = replace(network, parameters=np.array(ends, network.parameters.dtype))
    total, work = np.zeros(len(ends)), Workspace(stack, min(AT_ONCE, len(examples)))
    for start in range(0, len(examples), AT_ONCE):
        rows = slice(start, min(start + AT_ONCE, len(examples)))
        if rows.stop - start < work.batch:
            work = Workspace(stack, rows.stop - start)
        examples.load(rows, work)
        outputs = forward(work)
        costs = work.cost.value(work.zs[-1], outputs, work.targets)
        total += costs.sum(axis=-1, dtype=np.float64)
    return np.asarray(total / len(examples))


def cosine(one: Floats, other: Floats) -> float:
    """Cosine of the angle between two vectors; 0 if one of them has no direction."""
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return float(one @ other / lengths) if lengths else 0.0


def table_of(
    network: Network, examples: Dataset, rows: NDArray[np.intp]
) -> dict[str, NDArray[Any]]:
    """What each image of a mini-batch wishes of a few weights and biases, and the mean.

    ``wishes``, (B, w), are minus the gradients' components ``places``, (w,), of the training
    images ``rows``, (B,); ``mean``, (w,), is minus the gradient of the whole mini-batch, from one
    pass.
    """
    grey, _ = load_labelled(TRAIN)
    preprocessing = load_model(NETWORK).preprocessing
    batch = chosen(examples, rows)
    singles = [chosen(batch, np.array([row])) for row in range(len(batch))]
    wishes = np.stack([-gradient_over(network, single) for single in singles])
    places = most_disputed(wishes, network.sizes)
    return {
        "sizes": np.array(network.sizes),
        "places": places,
        "rows": rows.astype(np.int64),
        "images": grey[rows[:KEPT]].reshape(-1, preprocessing.height, preprocessing.width),
        "wishes": wishes.take(places, axis=1),
        "mean": -gradient_over(network, batch)[places],
    }


def most_disputed(wishes: Floats, sizes: tuple[int, ...]) -> NDArray[np.int64]:
    """Places, (2 L,), of each layer's weight and bias about which images, (B, P), differ most."""
    places = np.arange(wishes.shape[1], dtype=np.float64)
    spread = wishes.std(axis=0)
    pairs = zip(*layers_of(places, sizes), strict=True)
    groups = [group.ravel().astype(np.int64) for pair in pairs for group in pair]
    return np.array([group[spread[group].argmax()] for group in groups])


def tell(rows: Rows, network: Network, examples: Dataset, batch_size: int) -> None:
    """Print the finding, and the time, which has no place in a file that must not change."""
    seconds = []
    for some in (examples.first(batch_size), examples):
        start = perf_counter()
        gradient_over(network, some)
        seconds.append(perf_counter() - start)
    longest = max(row["learning_rate"] for row in rows)
    shares: dict[int, list[float]] = {}
    for row in rows:
        if row["learning_rate"] == longest:
            shares.setdefault(row["epoch"], []).append(row["lowered"])
    listing = ", ".join(f"{np.mean(share):.0%} after {epoch}" for epoch, share in shares.items())
    print(
        f"steps of rate {longest:g} by {batch_size} images that lower the cost of all "
        f"{len(examples):,}, by epochs: {listing}; {1000 * seconds[0]:.1f} ms against "
        f"{1000 * seconds[1]:.0f} ms"
    )


if __name__ == "__main__":
    run_claim(averaging)
