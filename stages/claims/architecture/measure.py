"""How many neurons and layers, and which functions: networks of many shapes, trained equally long.

One network stands in the middle; its width, its depth and its functions are changed in turn.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nn import SGD, Dataset, Settings, evaluate, gradient, parameter_count
from stages.claims.shared.command import run_claim
from stages.claims.shared.work import multiplications
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
from stages.common.models.recipe import (
    Recipe,
    class_count,
    examples_of,
    outlook_of,
    side_by_side,
    train_stack,
)
from stages.common.runtime.checkpoints import ResultCache
from stages.common.runtime.limits import TRAINING, require_memory
from stages.common.runtime.params import real, whole

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]


class Start(NamedTuple):
    """How networks of one activation function begin."""

    initializer: str  # deviation of the first weights that suits the function
    gain: float  # factor on it
    deep: tuple[float, ...]  # factors among which deeper networks than the middle one choose
    rate: float  # where the search for the best learning rate begins


STARTS = {
    # The pipeline's own gain. With twice that, errors keep their size on their way back through
    # sigmoid neurons, whose slope is 1/4 at most.
    "sigmoid": Start("lecun", 2.0, (2.0, 4.0), 3.0),
    "relu": Start("he", 1.0, (1.0,), 0.3),  # He et al. 2015
}
COSTS = ("quadratic", "cross_entropy")
PAIRS = (("sigmoid", "quadratic"), ("relu", "cross_entropy"))  # the lectures', and today's
PROBE = 1000  # training images whose mean gradient tells how fast each layer starts to learn


class Shape(NamedTuple):
    """A network to train: ``depth`` hidden layers of ``width`` neurons (0 if there are none)."""

    activation: str
    cost: str
    depth: int
    width: int

    def start(self, examples: Dataset, settings: Settings, gain: float, seed: int) -> SGD:
        """The network before its first step, with a class for each label up to the largest."""
        initializer, hidden = STARTS[self.activation].initializer, (self.width,) * self.depth
        recipe = Recipe(hidden, settings, self.activation, self.cost, initializer, gain)
        return recipe.start(examples, class_count(examples), seed)


@dataclass(frozen=True, kw_only=True)
class ArchitectureParams:
    """Claim: how many neurons, how many layers, and which functions."""

    widths: Annotated[list[int], whole(1, 10**5, "neurons in each hidden layer")]
    depths: Annotated[list[int], whole(0, 100, "hidden layers")]
    width: Annotated[int, whole(1, 10**5, "neurons in each layer while the depth changes")]
    depth: Annotated[int, whole(1, 100, "hidden layers while the width changes")]
    rates: Annotated[
        list[float], real(1e-6, 1e6, "learning rates, of which each network gets its best")
    ]
    weight_decay: Annotated[
        float, real(0, 1, "times the learning rate: how much weights shrink at a step")
    ]
    epochs: Annotated[
        list[int], whole(1, 10**6, "times that every image is visited: early, and late")
    ]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    seeds: Annotated[int, whole(1, 1000, "trainings of each network")]
    seed: Annotated[
        int, whole(0, 2**32, "the first one's; each decides first weights, this one the order")
    ]


def architecture(params: ArchitectureParams) -> None:
    """Train networks of many shapes equally long, and measure how fast deep layers could learn.

    Writes data/claims/architecture.csv (a row for each training) and .npz (the gradients of
    each layer of the deepest networks before their first step).
    """
    examples = examples_of(TRAIN)
    check(params, outlook_of(examples))
    shapes = shapes_of(params.widths, params.depths, params.width, params.depth)
    rates, seeds = sorted({*params.rates}), range(params.seed, params.seed + params.seeds)
    jobs = [
        (shape, gains_of(shape, params.depth), settings_of(params, epochs), rates, [*seeds])
        for epochs in sorted({*params.epochs}, reverse=True)
        for shape in shapes
    ]
    cache = ResultCache("architecture", TRAIN, VALIDATION, TEST, PREPROCESSING)
    rows = [row for rows in side_by_side(explore, jobs, "architecture", cache) for row in rows]
    table = table_of(rows)
    write_csv(claim_table("architecture"), table)
    settings = {"depth": params.depth, "width": params.width, "rates": rates}
    arrays = {name: np.array(value) for name, value in settings.items()}
    for activation in STARTS:
        deepest = Shape(activation, COSTS[0], max(params.depths), params.width)
        arrays |= slopes(deepest, settings_of(params, 1), seeds)
    save_arrays(claim_arrays("architecture"), arrays)
    cache.clear()
    summarize(table)


def gains_of(shape: Shape, depth: int) -> tuple[float, ...]:
    """Factors on the first weights: one, or several for networks deeper than that."""
    start = STARTS[shape.activation]
    return start.deep if shape.depth > depth else (start.gain,)


def settings_of(params: ArchitectureParams, epochs: int) -> Settings:
    """How every network descends, but for its learning rate, which falls to zero."""
    return Settings(
        1.0,
        epochs,
        params.batch_size,
        "linear",
        weight_decay=params.weight_decay,
        reshuffle=True,
    )


def check(params: ArchitectureParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if stacks of one of the networks do not fit into memory."""
    widest = outlook.sizes([max(*params.widths, params.width)] * params.depth)
    deepest = outlook.sizes([params.width] * max(params.depths))
    require_memory("architecture.widths", widest, TRAINING * params.seeds)
    require_memory("architecture.depths", deepest, TRAINING * params.seeds)


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


def explore(
    shape: Shape, gains: tuple[float, ...], settings: Settings, rates: list[float], seeds: list[int]
) -> list[Row]:
    """Train networks of one shape with the learning rate and the first weights that suit it best.

    One rate for all would be unfair: what suits 16 neurons drives 128 into saturation. Every rate
    is tried by all seeds, since a single one may be lucky, and for all epochs, since what is best
    at first is not what is best in the end. Validation images choose.
    """
    tried: dict[int, list[Row]] = {}

    def score(place: int) -> float:
        if place not in tried:
            at_rate = replace(settings, learning_rate=rates[place])
            tried[place] = max((train_seeds(shape, at_rate, g, seeds) for g in gains), key=total)
        return total(tried[place])

    distances = np.abs(np.log(np.array(rates) / STARTS[shape.activation].rate))
    nearest = int(np.argmin(distances))
    return tried[climb(score, nearest, len(rates))]


def total(rows: list[Row]) -> float:
    """Validation accuracies, added up."""
    return float(sum(row["validation_accuracy"] for row in rows))


def train_seeds(shape: Shape, settings: Settings, gain: float, seeds: list[int]) -> list[Row]:
    """Train a network of each seed, all on the same mini-batches."""
    examples, validation, test = (examples_of(folder) for folder in (TRAIN, VALIDATION, TEST))
    networks = train_stack([shape.start(examples, settings, gain, seed) for seed in seeds])
    return [
        {
            **shape._asdict(),
            "parameters": parameter_count(network.sizes),
            "multiplications": multiplications(network.sizes),
            "epochs": settings.epochs,
            "learning_rate": settings.learning_rate,
            "gain": gain,
            "seed": seed,
            "validation_accuracy": evaluate(network, validation)[1],
            "test_accuracy": evaluate(network, test)[1],
        }
        for seed, network in zip(seeds, networks, strict=True)
    ]


def climb(score: Callable[[int], float], start: int, count: int) -> int:
    """Place of the first top that is reached from ``start`` among ``count`` scores in a row.

    Its neighbours have been asked for, too, so that the top is inside what was tried.
    """
    best = start
    while True:
        near = [place for place in (best - 1, best + 1) if 0 <= place < count]
        better = max(near, key=score, default=best)
        if score(better) <= score(best):
            return best
        best = better


def table_of(rows: list[Row]) -> "pd.DataFrame":
    """One row for each training."""
    import pandas as pd

    keys = ["epochs", "activation", "cost", "depth", "width", "seed"]
    return pd.DataFrame(rows).sort_values(keys).round(6)


def slopes(shape: Shape, settings: Settings, seeds: range) -> dict[str, NDArray[np.float64]]:
    """How steep the cost is in each layer of untrained networks, (seeds, layers).

    ``*_slope`` is the mean |gradient| of the layer's weights, ``*_share`` the layer's part of the
    first step's squared length (biases included).
    """
    examples = examples_of(TRAIN).first(PROBE)
    inputs = (examples.stored * examples.scale + examples.offset).T
    slope, share, gain = [], [], STARTS[shape.activation].gain
    for seed in seeds:
        network = shape.start(examples_of(TRAIN), settings, gain, seed).network
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


def summarize(table: "pd.DataFrame") -> None:
    """Say which network was best."""
    late = table[table["epochs"] == table["epochs"].max()]
    means = late.groupby(["activation", "cost", "depth", "width"])["test_accuracy"].mean()
    best: Any = means.idxmax()
    print(
        f"{len(table)} trainings; best with {best[0]} and {best[1]}, {best[2]} x {best[3]} hidden "
        f"neurons: {means.max():.2%} of the test images"
    )


if __name__ == "__main__":
    run_claim(architecture)
