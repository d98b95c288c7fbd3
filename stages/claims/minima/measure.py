"""Descend from many random starts: how good, how flat and how unlike the valleys are."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nn import Dataset, Network, Settings, evaluate, gradient_over, predict
from stages.claims.shared.command import run_claim
from stages.claims.shared.outputs import write_rows
from stages.common.files.arrays import Floats, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import (
    PREPROCESSING,
    TEST,
    TRAIN,
    VALIDATION,
    claim_arrays,
)
from stages.common.images.outlook import Outlook
from stages.common.images.preprocess import Preprocessing
from stages.common.models.recipe import Recipe, class_count, examples_of, outlook_of, side_by_side
from stages.common.runtime.checkpoints import ResultCache
from stages.common.runtime.limits import require_memory
from stages.common.runtime.params import Hidden, real, whole

STACK = 5  # networks that are trained together; a processor's work, which changes no result
POINTS = 21  # on the line between two networks, both ends included
SAMPLE = 5000  # training images for the costs along a line, and the gradients at the starts
PICTURES = 6  # neurons of the first network that are kept as images, with their partners

Row = dict[str, float]


class Landing(NamedTuple):
    """Where one descent ended: its row of the table, and its parameters, (P,) float32."""

    row: Row
    parameters: Floats


@dataclass(frozen=True, kw_only=True)
class MinimaParams:
    """Many networks that differ in their random start alone."""

    seeds: Annotated[int, whole(2, 1000, "random starts")]
    epochs: Annotated[int, whole(1, 10**6, "times that every image is visited")]
    learning_rate: Annotated[float, real(0, 1e6, "of the first step; falls linearly to 0")]
    weight_decay: Annotated[
        float, real(0, 1, "times the learning rate: how much weights shrink at a step")
    ]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    seed: Annotated[int, whole(0, 2**62, "of the first network; the others count on")]
    hidden: Hidden = field(default_factory=list)


def minima(params: MinimaParams) -> None:
    """Train sigmoid networks that differ in their random start alone, and compare their ends.

    Each starts twice: with weight decay, and without. Writes one row for each descent
    (data/claims/minima.csv), and what lies between the networks with weight decay
    (data/claims/minima.npz).
    """
    examples = examples_of(TRAIN)
    classes = class_count(examples, examples_of(VALIDATION))
    check(params, outlook_of(examples, classes))
    recipe, bare = recipes(params)
    starts = range(params.seed, params.seed + params.seeds)
    cache = ResultCache("minima", TRAIN, TEST, PREPROCESSING)
    jobs = [
        (each, classes, [*starts[first : first + STACK]], params.seed)
        for each in (recipe, bare)
        for first in range(0, params.seeds, STACK)
    ]
    stacks = side_by_side(descend, jobs, "minima: descents", cache)
    landings = [Landing(*one) for stack in stacks for one in stack]
    write_rows("minima", [landing.row for landing in landings])
    untrained = [recipe.start(examples, classes, s).network for s in starts]
    ends = [
        replace(start, parameters=landing.parameters)
        for start, landing in zip(untrained, landings[: params.seeds], strict=True)
    ]
    comparison = compare(ends, untrained, examples)
    save_arrays(claim_arrays("minima"), {"epochs": np.array(params.epochs), **comparison})
    cache.clear()
    tell(landings, comparison)


def recipes(params: MinimaParams) -> tuple[Recipe, Recipe]:
    """What all networks are trained by, and the same without weight decay."""
    settings = Settings(
        params.learning_rate,
        params.epochs,
        params.batch_size,
        schedule="linear",
        weight_decay=params.weight_decay,
        reshuffle=True,
    )
    recipe = Recipe(tuple(params.hidden), settings)
    return recipe, replace(recipe, settings=replace(settings, weight_decay=0.0))


def check(params: MinimaParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if all networks, untrained and trained, do not fit into memory."""
    require_memory("minima.hidden", outlook.sizes(params.hidden), 3 * params.seeds)


def descend(recipe: Recipe, classes: int, seeds: list[int], order: int) -> list[Landing]:
    """A stack of networks, from their random starts to their ends.

    All of them see the images in the order that the seed ``order`` decides.
    """
    examples, test = examples_of(TRAIN), examples_of(TEST)
    # A sample will do where all images agree on the way down; at the end they hardly do.
    before = [
        steepness(recipe.start(examples, classes, seed).network, examples.first(SAMPLE))
        for seed in seeds
    ]
    networks = recipe.train_stack(examples, classes, seeds, order)
    settings = recipe.settings
    landings = []
    for network, seed, steep in zip(networks, seeds, before, strict=True):
        known = {
            "learning_rate": settings.learning_rate,
            "weight_decay": settings.weight_decay,
            "seed": seed,
            "gradient_before": steep,
        }
        if not np.isfinite(network.parameters).all():
            raise StageError(
                f"minima: the weights of seed {seed} are no longer finite numbers; lower the "
                f"learning rate ({settings.learning_rate:g})"
            )
        landings.append(Landing(known | end_of(network, examples, test), network.parameters))
    return landings


def end_of(network: Network, examples: Dataset, test: Dataset) -> Row:
    """How good and how flat it is where a descent ended."""
    guesses = predict(network, test)[0].argmax(axis=1)
    return {
        "test_accuracy": float((guesses == test.labels).mean()),
        "train_cost": evaluate(network, examples)[0],
        "gradient_after": steepness(network, examples),
        "never_guessed": network.sizes[-1] - len(np.unique(guesses)),
    }


def tell(landings: Sequence[Landing], comparison: dict[str, NDArray[Any]]) -> None:
    """Print how good the ends are with weight decay and without, and how alike."""
    accuracies = np.array([landing.row["test_accuracy"] for landing in landings])
    decayed, bare = np.split(accuracies, 2)
    print(
        f"{len(decayed)} starts: {decayed.mean():.2%} +- {decayed.std(ddof=1):.2%} of the test "
        f"images right; without weight decay {bare.min():.2%} to {bare.max():.2%}; neurons alike "
        f"by {comparison['trained'].mean():.2f} (untrained {comparison['untrained'].mean():.2f}); "
        f"cost between two ends {comparison['straight'].max(axis=1).mean():.2f}"
    )


def steepness(network: Network, examples: Dataset) -> float:
    """Length of the gradient of the mean cost of the examples."""
    return float(np.linalg.norm(gradient_over(network, examples)))


def compare(
    ends: Sequence[Network], untrained: Sequence[Network], examples: Dataset
) -> dict[str, NDArray[Any]]:
    """What the figure shows besides the table: likenesses, costs on lines, and a few neurons.

    Weights from pixels that no training image inks never move, and mean nothing: they are left
    out, here alone.
    """
    inked = np.asarray(examples.stored.any(axis=0))
    ends, untrained = ([without(n, ~inked) for n in networks] for networks in (ends, untrained))
    pairs = [(ends[i], ends[i + 1]) for i in range(0, len(ends) - 1, 2)]  # each network once
    lines = np.array(side_by_side(between, pairs, "minima: lines"))
    partner = renamed(ends[0], ends[1])
    preprocessing = Preprocessing.load(PREPROCESSING)
    shape = (-1, *preprocessing.seen_shape)
    drawn = [n.weights[0][:PICTURES].reshape(shape) for n in (ends[0], partner)]
    return {
        "sizes": np.array(ends[0].sizes),
        "seeds": np.array(len(ends)),
        "images": np.array(min(SAMPLE, len(examples))),
        "trained": np.array([likeness(*pair) for pair in combinations(ends, 2)]),
        "untrained": np.array([likeness(*pair) for pair in combinations(untrained, 2)]),
        "straight": lines[:, 0],
        "renamed": lines[:, 1],
        "same_answer": np.array(cost_of_one_answer(examples.first(SAMPLE))),
        "neurons": np.stack(drawn),
        "alike": cosines(ends[0].weights[0], partner.weights[0]).diagonal()[:PICTURES].copy(),
        "inked": inked.reshape(shape[1:]),
    }


def without(network: Network, pixels: NDArray[np.bool_]) -> Network:
    """The network with weights of zero from some pixels."""
    changed = replace(network, parameters=network.parameters.copy())
    changed.weights[0][:, pixels] = 0
    return changed


def cosines(first: Floats, second: Floats) -> Floats:
    """Cosine of every row of one matrix with every row of the other, (n, m); 0 for empty rows."""
    tiny = np.finfo(np.float64).tiny
    one, other = (
        w.astype(np.float64) / np.maximum(np.linalg.norm(w, axis=1, keepdims=True), tiny)
        for w in (first, second)
    )
    return np.asarray(one @ other.T)


def renamed(first: Network, second: Network) -> Network:
    """``second`` with its hidden neurons in the order, and of the sign, most like ``first``.

    It computes the same outputs: the order of hidden neurons is arbitrary, and so is the sign of
    a sigmoid neuron, since s(-z) = 1 - s(z). Layer by layer, the neurons are paired so that the
    |cosine| of their weights, summed up, is largest (Entezari et al. 2022; Ainsworth et al. 2022).
    """
    from scipy.optimize import linear_sum_assignment

    other = replace(second, parameters=second.parameters.copy())
    for layer in range(len(other.weights) - 1):
        likenesses = cosines(first.weights[layer], other.weights[layer])
        rows, order = linear_sum_assignment(-np.abs(likenesses))
        sign = np.where(likenesses[rows, order] < 0, -1, 1)
        w, b, after = other.weights[layer], other.biases[layer], other.weights[layer + 1]
        w[:], b[:], after[:] = sign[:, np.newaxis] * w[order], sign * b[order], after[:, order]
        other.biases[layer + 1][:] += after[:, sign < 0].sum(axis=1)  # w s(z) = w - w s(-z)
        after *= sign
    return other


def likeness(first: Network, second: Network) -> float:
    """Mean cosine of the first layers' neurons, each with its partner: 1 if they are the same."""
    pairs = cosines(first.weights[0], renamed(first, second).weights[0]).diagonal()
    return float(np.mean(pairs))


def between(first: Network, second: Network) -> Floats:
    """Cost at ``POINTS`` points from one network to the other, (2, POINTS).

    First as they are, then with the neurons of the second renamed.
    """
    examples = examples_of(TRAIN).first(SAMPLE)
    return np.array([along(first, end, examples) for end in (second, renamed(first, second))])


def along(first: Network, second: Network, examples: Dataset) -> list[float]:
    """Mean cost at points of the straight line between two networks."""
    way = second.parameters - first.parameters
    shares = np.linspace(0, 1, POINTS, dtype=np.float32)
    points = (replace(first, parameters=first.parameters + share * way) for share in shares)
    return [evaluate(network, examples)[0] for network in points]


def cost_of_one_answer(examples: Dataset) -> float:
    """The least cost of saying the same about every image: 1 - sum p^2 for class shares p."""
    shares = np.bincount(examples.labels) / len(examples)
    return float(1 - np.square(shares).sum())


if __name__ == "__main__":
    run_claim(minima)
