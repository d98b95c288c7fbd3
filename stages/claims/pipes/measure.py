"""Accuracy by connections: networks that are built small, and trained ones that are cut."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from nn import (
    Dataset,
    Network,
    Settings,
    Workspace,
    backpropagate,
    evaluate,
    stacked,
    unstacked,
)
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import Siblings, load_siblings
from stages.claims.shared.outputs import write_rows
from stages.claims.shared.stepwise import mini_batches
from stages.common.files.arrays import Floats
from stages.common.files.paths import (
    PREPROCESSING,
    SIBLINGS,
    TEST,
    TRAIN,
    VALIDATION,
)
from stages.common.files.tables import Rows
from stages.common.images.outlook import Outlook
from stages.common.models.recipe import (
    Recipe,
    batch_size_of_run,
    class_count,
    examples_of,
    outlook_of,
    side_by_side,
)
from stages.common.runtime.checkpoints import ResultCache
from stages.common.runtime.limits import TRAINING, require_memory
from stages.common.runtime.params import real, whole

DEPTHS = (0, 1, 2)  # hidden layers of what is built small
GAIN = 1.4  # factor on the first weights that suits leaky ReLU: the root of 2 (He et al. 2015)


@dataclass(frozen=True, kw_only=True)
class PipesParams:
    """A viewer asks: is there anything more efficient than so many connections."""

    widths: Annotated[list[int], whole(1, 10**5, "neurons in each of one or two hidden layers")]
    learning_rate: Annotated[float, real(0, 1e6, "of their first step; falls linearly to 0")]
    momentum: Annotated[float, real(0, 0.9999, "share of the last step made again")]
    weight_decay: Annotated[
        float, real(0, 1, "times the learning rate: how much weights shrink at a step")
    ]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    epochs: Annotated[int, whole(2, 10**6, "times that every image is visited")]
    networks: Annotated[int, whole(2, 1000, "of each shape")]
    shares: Annotated[list[float], real(0, 1, "of the siblings' weights that are kept; and all")]
    epochs_after: Annotated[int, whole(1, 10**6, "epochs that the siblings train on, once cut")]
    seed: Annotated[int, whole(0, 2**62, "of the first network; the others count on")]


def pipes(params: PipesParams) -> None:
    """Train networks of few and of many connections, and cut connections of the siblings.

    Writes data/claims/pipes.csv: a row for each network of no, one or two hidden layers, and for
    each sibling of which a share of the weights is left, before and after it has trained on.
    """
    examples = examples_of(TRAIN)
    check(params, outlook_of(examples))
    seeds = [*range(params.seed, params.seed + params.networks)]
    jobs = [(recipe, seeds) for recipe in recipes(params)]
    cache = ResultCache("pipes", TRAIN, VALIDATION, TEST, PREPROCESSING, SIBLINGS)
    built = side_by_side(train_shape, jobs, "pipes: shapes", cache)
    batch_size = batch_size_of_run()
    shares = sorted({1.0, *params.shares}, reverse=True)
    thinned = side_by_side(
        cut_siblings,
        [(share, batch_size, params.epochs_after, params.seed) for share in shares],
        "pipes: shares",
        cache,
    )
    rows = [row for rows in (*built, *thinned) for row in rows]
    write_rows("pipes", rows)
    cache.clear()
    for kind in ("cut", "trained on"):
        of_kind = [row for row in rows if row["kind"] == kind and row["share"] == min(shares)]
        if of_kind:
            accuracy = np.mean([row["test_accuracy"] for row in of_kind])
            print(
                f"{of_kind[0]['weights']:,} connections, {kind}: {accuracy:.1%} of the test images"
            )


def check(params: PipesParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if a stack of the widest networks does not fit into memory."""
    widest = outlook.sizes([max(params.widths)] * max(DEPTHS))
    require_memory("pipes.widths", widest, TRAINING * params.networks)


def recipes(params: PipesParams) -> list[Recipe]:
    """How each shape is trained, the slowest first; all by what converges in few epochs.

    Half as long, too: what that costs tells how much longer trainings could bring.
    """
    shapes = {(width,) * depth for width in params.widths for depth in DEPTHS}
    return [
        Recipe(hidden, settings_of(params, epochs), "leaky_relu", "cross_entropy", gain=GAIN)
        for epochs in (params.epochs, params.epochs // 2)
        for hidden in sorted(shapes, key=lambda hidden: (max(hidden, default=0), hidden))[::-1]
    ]


def settings_of(params: PipesParams, epochs: int) -> Settings:
    """How every network that is built descends."""
    return Settings(
        params.learning_rate,
        epochs,
        params.batch_size,
        "linear",
        params.momentum,
        params.weight_decay,
        reshuffle=True,
    )


def train_shape(recipe: Recipe, seeds: Sequence[int]) -> Rows:
    """What networks of a shape read after all epochs; they see the images in one order."""
    examples = examples_of(TRAIN)
    classes = class_count(examples, examples_of(VALIDATION))
    networks = recipe.train_stack(examples, classes, seeds, seeds[0])
    epochs = recipe.settings.epochs
    return [
        row_of("built", network, 1.0, epochs, seed)
        for network, seed in zip(networks, seeds, strict=True)
    ]


def cut_siblings(share: float, batch_size: int, epochs: int, seed: int) -> Rows:
    """What siblings read that keep a share of their weights, at once and after training on."""
    siblings = load_siblings()
    stack = stacked(siblings.after(siblings.last))
    kept = largest(stack.all_weights, share)
    np.multiply(stack.all_weights, kept, out=stack.all_weights)
    rows = rows_of("cut", stack, siblings, share, 0)
    if share < 1:
        rng = np.random.default_rng(seed)
        train_on(stack, kept, examples_of(TRAIN), siblings.learning_rate, epochs, batch_size, rng)
        rows += rows_of("trained on", stack, siblings, share, epochs)
    return rows


def largest(weights: Floats, share: float) -> Floats:
    """1 for a share of each network's weights, (S, P), those of largest size, and 0 for the rest.

    Of equal ones the first stay; one weight stays at least.
    """
    count = count_of(share, weights.shape[-1])
    order = np.argsort(-np.abs(weights), axis=-1, kind="stable")
    kept = np.zeros_like(weights)
    np.put_along_axis(kept, order[:, :count], 1, axis=-1)
    return kept


def train_on(
    stack: Network,
    kept: Floats,
    examples: Dataset,
    learning_rate: float,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
) -> None:
    """Mini-batch SGD in place, in which weights that were cut stay 0; the rate falls to 0."""
    work, weights = Workspace(stack, min(batch_size, len(examples))), stack.all_weights
    with np.errstate(all="ignore"):  # a training that failed shows in its accuracy
        for rows, left in mini_batches(len(examples), batch_size, epochs, rng):
            examples.load(rows, work)
            backpropagate(work, -learning_rate * left / work.batch)
            stack.parameters += work.nabla.parameters
            np.multiply(weights, kept, out=weights)


def rows_of(kind: str, stack: Network, siblings: Siblings, share: float, epochs: int) -> Rows:
    """A row for each sibling as it is now."""
    seeds: list[int] = siblings.seeds.tolist()
    return [
        row_of(kind, network, share, epochs, seed)
        for network, seed in zip(unstacked(stack), seeds, strict=True)
    ]


def row_of(kind: str, network: Network, share: float, epochs: int, seed: int) -> dict[str, Any]:
    """What the table says of a network."""
    with np.errstate(all="ignore"):
        validation, test = (evaluate(network, examples_of(each))[1] for each in (VALIDATION, TEST))
    return {
        "kind": kind,
        "network": "-".join(str(n) for n in network.sizes),
        "weights": count_of(share, network.all_weights.size),
        "share": share,
        "epochs": epochs,
        "seed": seed,
        "validation_accuracy": validation,
        "test_accuracy": test,
    }


def count_of(share: float, weights: int) -> int:
    """How many of the weights a share is; one at least."""
    return max(1, round(share * weights))


if __name__ == "__main__":
    run_claim(pipes)
