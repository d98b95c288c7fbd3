"""Averaging the wishes: how well a few images speak for all, and how much less work they are."""

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nn import Examples, Network, gradient_over, layers_of
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import with_epochs
from stages.common.files.arrays import Floats, load_labelled, save_arrays
from stages.common.files.paths import NETWORK, TRAIN, claim_arrays, claim_table
from stages.common.files.tables import Rows, write_csv
from stages.common.images.outlook import NotInDataError, Outlook
from stages.common.models.model import load_model
from stages.common.models.recipe import examples_of, outlook_of
from stages.common.runtime.params import real, whole

LADDER = (1, 2, 5)  # batch sizes, and these times every power of ten
KEPT = 16  # images of the table that are kept


@dataclass(frozen=True, kw_only=True)
class AveragingParams:
    """How well a mini-batch's gradient stands for that of all training images."""

    batch_size: Annotated[
        int, whole(2, 10**6, "images of the mini-batch that is looked at closely")
    ]
    largest: Annotated[
        float, real(0.001, 1, "share of all images that the largest mini-batch may have")
    ]
    draws: Annotated[int, whole(2, 1000, "random mini-batches of each size")]
    epochs: Annotated[
        list[int],
        whole(1, 10**6, "also look at the network after these, if it was trained so long"),
    ]
    seed: Annotated[int, whole(0, 2**63 - 1, "decides which images are drawn")]


def averaging(params: AveragingParams) -> None:
    """Compare the gradient of mini-batches with that of all training images.

    Writes data/claims/averaging.csv, the cosine of the angle between the two for each network
    and batch size, and averaging.npz: what the images of one mini-batch wish of a few weights of
    the untrained network, image by image, and the mean.
    """
    examples = examples_of(TRAIN)
    check(params, outlook_of(examples))
    networks = with_epochs(params.epochs)
    rngs = [np.random.default_rng([params.seed, draw]) for draw in range(params.draws)]
    orders = [rng.permutation(len(examples)) for rng in rngs]
    save_arrays(
        claim_arrays("averaging"),
        table_of(networks["untrained"], examples, orders[0][: params.batch_size]),
    )
    counts = batch_sizes(len(examples), params.batch_size, params.largest)
    rows = [
        row
        for name, network in networks.items()
        for row in compare(name, network, examples, orders, counts)
    ]
    write(rows)
    tell(rows, networks["trained"], examples, params.batch_size)


def check(params: AveragingParams, outlook: Outlook) -> None:
    """Raise ``NotInDataError`` if there are not so many training images."""
    if params.batch_size > outlook.images:
        raise NotInDataError(
            f"averaging.batch_size: expected 2 to {outlook.images:,}, the images in {TRAIN}, "
            f"got {params.batch_size}"
        )


def batch_sizes(count: int, batch_size: int, largest: float) -> list[int]:
    """1, 2, 5, 10, ... up to a share of all images, with the one looked at closely, and all."""
    ladder = {m * 10**e for e in range(len(str(count))) for m in LADDER}
    return sorted({n for n in ladder if n <= largest * count} | {1, batch_size, count})


def chosen(examples: Examples, rows: NDArray[np.intp]) -> Examples:
    """Some of the examples."""
    return replace(examples, stored=examples.stored[rows], labels=examples.labels[rows])


def compare(
    name: str,
    network: Network,
    examples: Examples,
    orders: list[NDArray[np.intp]],
    counts: list[int],
) -> Rows:
    """One row for each batch size: mean and spread of the cosine over the draws.

    The first images of one random order are the mini-batches of all sizes of one draw, so that
    each image's gradient is computed once a draw; different draws are independent.
    """
    # In the type of training: half the time.
    network = replace(network, parameters=network.parameters.astype(np.float32))
    full = gradient_over(network, examples).astype(np.float64)
    cosines = np.ones((len(orders), len(counts)))  # of all images with all images: 1
    for draw, order in enumerate(orders):
        total = np.zeros_like(full)
        for place, (start, stop) in enumerate(zip([0, *counts], counts[:-1], strict=False)):
            total += (stop - start) * gradient_over(network, chosen(examples, order[start:stop]))
            cosines[draw, place] = cosine(total, full)
    spread = cosines.std(axis=0, ddof=1)
    return [
        {
            "network": name,
            "batch_size": count,
            "draws": len(orders),
            "cosine": cosines[:, place].mean(),
            "deviation": spread[place],
            "lowest": cosines[:, place].min(),
            "highest": cosines[:, place].max(),
            "multiplications": count * multiplications(network),
        }
        for place, count in enumerate(counts)
    ]


def cosine(one: Floats, other: Floats) -> float:
    """Cosine of the angle between two vectors; 0 if one of them has no direction."""
    lengths = np.linalg.norm(one) * np.linalg.norm(other)
    return float(one @ other / lengths) if lengths else 0.0


def multiplications(network: Network) -> int:
    """Multiplications of one image's forward and backward pass, in the products with weights.

    Each weight is used for the activations and for its own derivative, and all but the first
    layer's for the error of the layer before. They stand in for the time, which no two runs share.
    """
    weights = [w.size for w in network.weights]
    return 3 * sum(weights) - weights[0]


def table_of(
    network: Network, examples: Examples, rows: NDArray[np.intp]
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


def write(rows: Rows) -> None:
    """Write the curves, with six digits."""
    import pandas as pd

    write_csv(claim_table("averaging"), pd.DataFrame(rows).round(6))


def tell(rows: Rows, network: Network, examples: Examples, batch_size: int) -> None:
    """Print the finding, and the time, which has no place in a file that must not change."""
    seconds = []
    for some in (examples.first(batch_size), examples):
        start = perf_counter()
        gradient_over(network, some)
        seconds.append(perf_counter() - start)
    own = [row for row in rows if row["batch_size"] == batch_size]
    found = ", ".join(f"{row['cosine']:.3f} {row['network']}" for row in own)
    print(
        f"cosine of {batch_size} images' gradient with that of all {len(examples):,}: {found}; "
        f"{1000 * seconds[0]:.1f} ms against {1000 * seconds[1]:.0f} ms"
    )


if __name__ == "__main__":
    run_claim(averaging)
