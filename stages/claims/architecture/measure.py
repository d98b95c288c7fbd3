"""How many neurons and layers, and which functions: networks of many shapes, trained equally long.

One network stands in the middle; its width, its depth and its functions are changed in turn.
"""

from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nn import SGD, Examples, Settings, evaluate, gradient, parameter_count
from stages.claims.shared.command import run_claim
from stages.common.files.arrays import save_arrays
from stages.common.files.paths import (
    PREPROCESSING,
    TEST,
    TRAIN,
    VALIDATION,
    claim_arrays,
    claim_table,
)
from stages.common.files.tables import write_csv
from stages.common.images.outlook import Outlook
from stages.common.models.recipe import Recipe, examples_of, outlook_of, side_by_side
from stages.common.runtime.checkpoints import ResultCache
from stages.common.runtime.limits import TRAINING, require_memory
from stages.common.runtime.params import real, whole

if TYPE_CHECKING:
    import pandas as pd


# Deviation of the first weights that suits the function: the pipeline's own, and He et al. 2015.
STARTS = {"sigmoid": ("lecun", 2.0), "relu": ("he", 1.0)}
COSTS = ("quadratic", "cross_entropy")
PAIRS = (("sigmoid", "quadratic"), ("relu", "cross_entropy"))  # the lectures', and today's
SCHEDULE = "linear"  # to zero, so that the last steps of a short training are small
PROBE = 1000  # training images whose mean gradient tells how fast each layer starts to learn


class Shape(NamedTuple):
    """A network to train: ``depth`` hidden layers of ``width`` neurons (0 if there are none)."""

    activation: str
    cost: str
    depth: int
    width: int

    def start(self, examples: Examples, settings: Settings, seed: int) -> SGD:
        """The network before its first step, with a class for each label up to the largest."""
        initializer, gain = STARTS[self.activation]
        hidden = (self.width,) * self.depth
        recipe = Recipe(hidden, settings, self.activation, self.cost, initializer, gain)
        return recipe.start(examples, 1 + int(examples.labels.max()), seed)


class Trained(NamedTuple):
    """What one training gave."""

    sizes: tuple[int, ...]
    validation: float  # share of images read correctly
    test: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class ArchitectureParams:
    """Claim: how many neurons, how many layers, and which functions."""

    widths: Annotated[list[int], whole(1, 10**5, "neurons in each hidden layer")]
    depths: Annotated[list[int], whole(0, 100, "hidden layers")]
    width: Annotated[int, whole(1, 10**5, "neurons in each layer while the depth changes")]
    depth: Annotated[int, whole(1, 100, "hidden layers while the width changes")]
    rates: Annotated[
        list[float], real(0, 1e6, "learning rates, of which each network gets its best")
    ]
    trial: Annotated[int, whole(1, 10**9, "training images on which each rate is tried, once")]
    epochs: Annotated[int, whole(1, 10**6, "times that every image is visited")]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    seeds: Annotated[int, whole(1, 1000, "trainings of each network")]
    seed: Annotated[
        int, whole(0, 2**32, "the first one's; it decides first weights and order of images")
    ]


def architecture(params: ArchitectureParams) -> None:
    """Train networks of many shapes equally long, and measure how fast deep layers could learn.

    Writes data/claims/architecture.csv (a row for each training) and .npz (the gradients of
    each layer of the deepest networks before their first step).
    """
    examples = examples_of(TRAIN)
    check(params, outlook_of(examples))
    shapes = shapes_of(params.widths, params.depths, params.width, params.depth)
    ladder = [
        Settings(r, 1, params.batch_size, SCHEDULE, reshuffle=True) for r in sorted({*params.rates})
    ]
    cache = ResultCache("architecture", TRAIN, VALIDATION, TEST, PREPROCESSING)
    trials = [(shape, ladder, params.trial, params.seed) for shape in shapes]
    tried = side_by_side(best_rate, trials, "learning rates", cache)
    jobs = [
        (
            shape,
            Settings(rate, params.epochs, params.batch_size, SCHEDULE, reshuffle=True),
            params.seed + n,
        )
        for shape, (rate, _) in zip(shapes, tried, strict=True)
        for n in range(params.seeds)
    ]
    done = [Trained(*one) for one in side_by_side(train_one, jobs, "architecture", cache)]
    table = table_of(jobs, done, [accuracy for _, accuracy in tried for _ in range(params.seeds)])
    write_csv(claim_table("architecture"), table)
    settings = {
        "depth": params.depth,
        "width": params.width,
        "epochs": params.epochs,
        "rates": sorted({*params.rates}),
    }
    arrays = {name: np.array(value) for name, value in settings.items()}
    probes = [
        Shape(activation, COSTS[0], max(params.depths), params.width) for activation in STARTS
    ]
    for shape in probes:
        arrays |= slopes(shape, ladder[0], range(params.seed, params.seed + params.seeds))
    save_arrays(claim_arrays("architecture"), arrays)
    cache.clear()
    summarize(table, done)


def check(params: ArchitectureParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if one of the networks does not fit into memory."""
    widest = outlook.sizes([max(*params.widths, params.width)] * params.depth)
    deepest = outlook.sizes([params.width] * max(params.depths))
    require_memory("architecture.widths", widest, TRAINING)
    require_memory("architecture.depths", deepest, TRAINING)


def shapes_of(widths: list[int], depths: list[int], width: int, depth: int) -> list[Shape]:
    """All networks to train, each once, the slowest first: no processor is left with it alone."""
    shapes = {
        Shape(*pair, layers, neurons if layers else 0)
        for pair in PAIRS
        for layers, neurons in (
            *((depth, w) for w in (*widths, width)),
            *((d, width) for d in depths),
        )
    }
    shapes |= {Shape(a, cost, depth, width) for a in STARTS for cost in COSTS}
    return sorted(shapes, key=lambda s: (s.width, s.depth, s), reverse=True)


def best_rate(shape: Shape, ladder: list[Settings], trial: int, seed: int) -> tuple[float, float]:
    """The learning rate with which a short training reads most validation images, and how many.

    One rate for all would be unfair: what suits 16 neurons drives 128 into saturation.
    """
    examples, validation = examples_of(TRAIN).first(trial), examples_of(VALIDATION)
    accuracies = []
    for settings in ladder:
        sgd = shape.start(examples, settings, seed)
        accuracies.append(descend(sgd, validation)[0])
    best = int(np.argmax(accuracies))  # the smallest of equals
    return ladder[best].learning_rate, accuracies[best]


def train_one(shape: Shape, settings: Settings, seed: int) -> Trained:
    """Train a network and read the validation and the test images."""
    start = perf_counter()
    sgd = shape.start(examples_of(TRAIN), settings, seed)
    validation, test = descend(sgd, examples_of(VALIDATION), examples_of(TEST))
    return Trained(sgd.network.sizes, validation, test, perf_counter() - start)


def descend(sgd: SGD, *unseen: Examples) -> list[float]:
    """Train to the end; the shares of unseen images that are read correctly."""
    with np.errstate(all="ignore"):  # a rate that is too high is seen in the accuracy
        for _ in range(sgd.settings.epochs):
            sgd.epoch()
        return [evaluate(sgd.network, examples)[1] for examples in unseen]


def table_of(
    jobs: list[tuple[Shape, Settings, int]], done: list[Trained], tried: list[float]
) -> "pd.DataFrame":
    """One row for each training."""
    import pandas as pd

    rows = [
        {
            **shape._asdict(),
            "parameters": parameter_count(one.sizes),
            "multiplications": multiplications(one.sizes),
            "learning_rate": settings.learning_rate,
            "trial_accuracy": trial,
            "seed": seed,
            "validation_accuracy": one.validation,
            "test_accuracy": one.test,
        }
        for (shape, settings, seed), one, trial in zip(jobs, done, tried, strict=True)
    ]
    keys = ["activation", "cost", "depth", "width", "seed"]
    return pd.DataFrame(rows).sort_values(keys).round(6)


def multiplications(sizes: tuple[int, ...]) -> int:
    """How many a step takes for each image: its seconds, on no particular machine.

    Each weight is used on the way forward, in its own gradient, and, except in the first layer, in
    the error's way back.
    """
    weights = [n_in * n_out for n_in, n_out in pairwise(sizes)]
    return 3 * sum(weights) - weights[0]


def slopes(shape: Shape, settings: Settings, seeds: range) -> dict[str, NDArray[np.float64]]:
    """How steep the cost is in each layer of untrained networks, (seeds, layers).

    ``*_slope`` is the mean |gradient| of the layer's weights, ``*_share`` the layer's part of the
    first step's squared length (biases included).
    """
    examples = examples_of(TRAIN).first(PROBE)
    inputs = (examples.stored * examples.scale + examples.offset).T
    slope, share = [], []
    for seed in seeds:
        network = shape.start(examples_of(TRAIN), settings, seed).network
        targets = np.eye(network.sizes[-1])[:, examples.labels]
        nabla = gradient(network, inputs, targets)
        slope.append([np.abs(w).mean(dtype=np.float64) for w in nabla.weights])
        layers = zip(nabla.weights, nabla.biases, strict=True)
        lengths = np.array([np.square(w).sum() + np.square(b).sum() for w, b in layers], np.float64)
        share.append(lengths / lengths.sum())
    return {
        f"{shape.activation}_slope": np.array(slope),
        f"{shape.activation}_share": np.array(share),
    }


def summarize(table: "pd.DataFrame", done: list[Trained]) -> None:
    """Say which network was best, and how long the quickest and the slowest training took."""
    means = table.groupby(["activation", "cost", "depth", "width"])["test_accuracy"].mean()
    best: Any = means.idxmax()
    seconds = [one.seconds for one in done]
    print(
        f"{len(done)} trainings of {min(seconds):.2f} to {max(seconds):.2f} s; best with "
        f"{best[0]} and {best[1]}, {best[2]} x {best[3]} hidden neurons: {means.max():.2%} of the "
        "test images"
    )


if __name__ == "__main__":
    run_claim(architecture)
