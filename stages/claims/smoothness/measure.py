"""Are the weights into a neuron an image, or noise? Moran's I, before and after training."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nn import Network, Settings, evaluate
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import load_siblings
from stages.common.files.arrays import Floats, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import (
    NETWORK,
    PREPROCESSING,
    SNAPSHOTS,
    TEST,
    TRAIN,
    VALIDATION,
    claim_arrays,
    claim_table,
)
from stages.common.files.tables import write_csv
from stages.common.images.outlook import NotInDataError, Outlook
from stages.common.models.model import load_model
from stages.common.models.recipe import Recipe, class_count, examples_of, outlook_of, side_by_side
from stages.common.models.snapshots import load_snapshots
from stages.common.models.statistics import correlation
from stages.common.runtime.checkpoints import ResultCache
from stages.common.runtime.limits import TRAINING, require_memory
from stages.common.runtime.params import Hidden, real, whole

# How the first weights are drawn: as ``train`` does by default, and with deviation 1, as in the
# first program of Nielsen's book.
STARTS = {"small": ("lecun", 2.0), "large": ("unit", 1.0)}
PICTURES = 2  # neurons of every network that are kept as images
DIGITS = 1000  # validation images measured for comparison
BINS = 200  # of Moran's I of shuffled weights, from -1 to 1


@dataclass(frozen=True)
class Grid:
    """The pixels that are compared, and which of them are neighbours.

    ``inked``, (height, width), marks pixels with ink in any training image: the weights of the
    others never learn anything. ``one`` and ``other``, (E,), are the numbers, among the inked
    pixels, of the E pairs that share an edge (rook neighbours). Of maps side by side, each pixel
    has neighbours in its own map alone.
    """

    inked: NDArray[np.bool_]
    one: NDArray[np.intp]
    other: NDArray[np.intp]

    @classmethod
    def of(cls, inked: NDArray[np.bool_], maps: tuple[int, int] = (1, 1)) -> "Grid":
        """Find the neighbours in so many rows and columns of maps.

        Raises ``StageError`` if there are none.
        """
        numbers = np.where(inked, inked.cumsum().reshape(inked.shape) - 1, -1)
        (rows, columns), (height, width) = maps, inked.shape
        tiles = numbers.reshape(rows, height // rows, columns, width // columns)
        pairs = ((tiles[..., :-1], tiles[..., 1:]), (tiles[:, :-1], tiles[:, 1:]))
        one, other = (np.concatenate([pair[i].ravel() for pair in pairs]) for i in (0, 1))
        both = (one >= 0) & (other >= 0)
        if not both.any():
            raise NotInDataError(
                f"smoothness: expected inputs side by side that are not always 0, got "
                f"{height} x {width} without any; give normalize larger images"
            )
        return cls(inked, one[both], other[both])

    def values(self, images: NDArray[Any]) -> NDArray[np.float64]:
        """The inked pixels, (n, m), of images (n, height * width)."""
        return np.asarray(images[:, self.inked.ravel()], np.float64)

    def morans_i(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Moran's I of each row of ``values``, (n, m): (n,). Moran 1950.

        The mean product of neighbours' distances from the mean, over the variance: near 1 for a
        smooth image, -1 for a chessboard, -1 / (m - 1) on average over all orders of the pixels.
        An even image, without variance, counts as 0.
        """
        distance = values - values.mean(axis=1, keepdims=True)
        together = (distance[:, self.one] * distance[:, self.other]).mean(axis=1)
        variance = np.square(distance).mean(axis=1)
        even = variance == 0
        return np.asarray(np.where(even, 0, together / np.where(even, 1, variance)))


@dataclass(frozen=True, kw_only=True)
class SmoothnessParams:
    """First-layer weights as images: noise, or something to be seen."""

    weight_decays: Annotated[
        list[float], real(0, 1, "times the learning rate: what a weight loses")
    ]
    seeds: Annotated[int, whole(2, 1000, "networks for each weight decay and start")]
    epochs: Annotated[int, whole(1, 10**6, "times that every image is visited")]
    learning_rate: Annotated[float, real(0, 1e6, "of the first step; falls linearly to 0")]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    shuffles: Annotated[int, whole(1, 10**5, "random orders of the pixels of each weight image")]
    seed: Annotated[int, whole(0, 2**62, "of the first network and of the shuffles")]
    hidden: Hidden = field(default_factory=list)


def smoothness(params: SmoothnessParams) -> None:
    """Measure how smooth first-layer weights are: of the trained network, and with weight decay.

    Writes data/claims/smoothness.csv, a row for each network trained here, and
    data/claims/smoothness.npz: Moran's I of every neuron of models/network.npz before and
    after training, of its siblings, of shuffled pixels and of digits, and a few weights as images.
    """
    examples, validation = examples_of(TRAIN), examples_of(VALIDATION)
    trained = load_model(NETWORK)
    snapshots = load_snapshots(SNAPSHOTS, trained.network.parameters.size)
    untrained = replace(trained.network, parameters=np.array(snapshots.parameters[0]))
    shape = trained.preprocessing.seen_shape
    grid = Grid.of(examples.stored.any(axis=0).reshape(shape), trained.preprocessing.maps)
    check(params, outlook_of(examples, trained.network.sizes[-1]))
    settings = Settings(params.learning_rate, params.epochs, params.batch_size, schedule="linear")
    decays = sorted(set(params.weight_decays))
    seeds = [params.seed + i for i in range(params.seeds)]
    jobs = [
        (start, replace(settings, weight_decay=decay), tuple(params.hidden), seeds, grid)
        for start in STARTS
        for decay in decays
    ]
    cache = ResultCache("smoothness", TRAIN, VALIDATION, TEST, PREPROCESSING)
    sweep = side_by_side(train_and_measure, jobs, "smoothness: stacks", cache)
    write_table([row for rows, _ in sweep for row in rows])
    of_page = own_network(
        untrained, trained.network, grid, params.shuffles, np.random.default_rng(params.seed)
    )
    drawn = np.stack([images for _, images in sweep])
    siblings = load_siblings()
    arrays = {
        **of_page,
        "siblings": np.array(
            [smoothness_of(n, grid).mean() for n in siblings.after(siblings.last)]
        ),
        "digits": grid.morans_i(grid.values(validation.stored[:DIGITS])),
        "inked": grid.inked,
        "shuffles": np.array(params.shuffles),
        "sizes": np.array(trained.network.sizes),
        "hidden": np.array(params.hidden, np.int64),
        "epochs": np.array(params.epochs),
        "sweep_images": drawn.reshape(len(drawn), -1, *shape),
    }
    save_arrays(claim_arrays("smoothness"), arrays)
    cache.clear()
    print(
        f"Moran's I of the weights: {of_page['before'].mean():z.2f} before training, "
        f"{of_page['after'].mean():z.2f} after, {of_page['shuffled_mean']:z.2f} shuffled"
    )


def check(params: SmoothnessParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if one of the networks could not be trained in this memory."""
    require_memory("smoothness.hidden", outlook.sizes(params.hidden), TRAINING * params.seeds)


def smoothness_of(network: Network, grid: Grid) -> NDArray[np.float64]:
    """Moran's I of the first layer's neurons, (n_1,)."""
    return grid.morans_i(grid.values(network.weights[0]))


def train_and_measure(
    start: str, settings: Settings, hidden: tuple[int, ...], seeds: Sequence[int], grid: Grid
) -> tuple[list[dict[str, Any]], Floats]:
    """What the table says of networks from some first weights, on the same mini-batches.

    And the weights of the first one's first neurons, (k, height * width).
    """
    examples, validation, test = (examples_of(part) for part in (TRAIN, VALIDATION, TEST))
    classes = class_count(examples, validation)
    initializer, gain = STARTS[start]
    recipe = Recipe(hidden, settings, initializer=initializer, gain=gain)
    networks = recipe.train_stack(examples, classes, seeds, seeds[0])
    if not all(np.isfinite(network.parameters).all() for network in networks):
        raise StageError(
            f"smoothness: with weight decay {settings.weight_decay:g} the weights are no longer "
            f"finite numbers; lower it, or learning_rate ({settings.learning_rate:g})"
        )
    rows = []
    for seed, network in zip(seeds, networks, strict=True):
        first = grid.values(recipe.start(examples, classes, seed).network.weights[0])
        smooth = smoothness_of(network, grid)
        rows.append(
            {
                "start": start,
                "weight_decay": settings.weight_decay,
                "seed": seed,
                "morans_i": smooth.mean(),
                "lowest": smooth.min(),
                "highest": smooth.max(),
                "first_weights": correlation(first, grid.values(network.weights[0])),
                "validation_accuracy": evaluate(network, validation)[1],
                "test_accuracy": evaluate(network, test)[1],
            }
        )
    return rows, networks[0].weights[0][:PICTURES].copy()


def write_table(rows: list[dict[str, Any]]) -> None:
    """Write one row for each network, with as many digits as are worth reading."""
    import pandas as pd

    table = pd.DataFrame(rows)
    table["weight_decay"] = table["weight_decay"].map("{:g}".format)
    write_csv(claim_table("smoothness"), table.round(6))


def own_network(
    untrained: Network, network: Network, grid: Grid, shuffles: int, rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Moran's I of every first-layer neuron of the pipeline's network, and a few as images."""
    before, after = (grid.values(n.weights[0]) for n in (untrained, network))
    shuffled = np.array([grid.morans_i(rng.permuted(after, axis=1)) for _ in range(shuffles)])
    mixed = np.zeros((min(PICTURES, len(after)), grid.inked.size), np.float32)
    mixed[:, grid.inked.ravel()] = rng.permuted(after[:PICTURES], axis=1)
    drawn = (untrained.weights[0][:PICTURES], network.weights[0][:PICTURES], mixed)
    return {
        "before": grid.morans_i(before),
        "after": grid.morans_i(after),
        "first_weights": np.array(correlation(before, after)),
        "shuffled_highest": shuffled.max(axis=0),
        "shuffled_mean": np.array(shuffled.mean()),
        "shuffled_counts": np.histogram(shuffled, BINS, (-1, 1))[0].astype(np.int64),
        "images": np.stack(drawn).reshape(3, -1, *grid.inked.shape),
    }


if __name__ == "__main__":
    run_claim(smoothness)
