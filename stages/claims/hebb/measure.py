"""Fire together, wire together: which weights grow most in a step, and what their two ends do."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nn import Network
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import (
    Layers,
    in_float64,
    inputs_of,
    load_siblings,
    look,
    targets_of,
)
from stages.common.files.arrays import Arrays, Floats, load_labelled, save_arrays
from stages.common.files.paths import PREPROCESSING, TRAIN, claim_arrays, claim_table
from stages.common.files.tables import write_csv
from stages.common.images.outlook import NotInDataError, Outlook
from stages.common.images.preprocess import Preprocessing
from stages.common.runtime.params import real, whole

Pairs = NDArray[np.bool_]  # (weights,): of each weight, whether its two ends are of some kind


@dataclass(frozen=True, kw_only=True)
class HebbParams:
    """Which weights grow most in a step for one image, and what the neurons at their ends do."""

    images: Annotated[int, whole(1, 10**4, "looked at one by one, the first ones for training")]
    share: Annotated[float, real(0.001, 1, "of the growing weights: those that grow most")]


def hebb(params: HebbParams) -> None:
    """Look at the weights that grow most when a network takes a step for one image.

    For the siblings, untrained, on the way and trained. Writes data/claims/hebb.csv: for each
    network, epoch and layer, of how many of these weights the ends are as the lecture says, and
    of how many of all weights; and hebb.npz: one image's step for the outputs of one untrained
    network.
    """
    import pandas as pd

    stored, labels = load_labelled(TRAIN)
    check(params, Outlook(images=len(labels), inputs=0, classes=0))
    siblings = load_siblings()
    preprocessing = Preprocessing.load(PREPROCESSING)
    inputs = inputs_of(stored[: params.images], preprocessing)
    targets = targets_of(labels[: params.images], siblings.kind.sizes[-1])
    rows: list[dict[str, Any]] = []
    for epoch in siblings.epochs:
        for network, seed in zip(siblings.after(epoch), siblings.seeds, strict=True):
            layers = look(in_float64(network), inputs, targets)
            for layer in range(len(network.weights)):
                place = {"epoch": epoch, "seed": int(seed), "layer": layer}
                rows.append(place | shares(layers, layer, params.share))
    write_csv(claim_table("hebb"), pd.DataFrame(rows).round(6))
    save_arrays(
        claim_arrays("hebb"),
        {
            "images": np.array(params.images),
            "share": np.array(params.share),
            "image": stored[0].reshape(preprocessing.height, preprocessing.width),
            "label": np.array(int(labels[0])),
            **step_of_outputs(siblings.after(0)[0], inputs[:, :1], targets[:, :1]),
        },
    )
    tell(rows)


def step_of_outputs(network: Network, inputs: Floats, targets: Floats) -> Arrays:
    """How the weights into the outputs grow for one image, and what their ends do."""
    layers = look(in_float64(network), inputs, targets)
    return {
        "sizes": np.array(network.sizes),
        "before": layers.activations[-2][:, 0],
        "outputs": layers.activations[-1][:, 0],
        "wishes": layers.wishes[-1][:, 0],
        "growth": np.outer(layers.pushes[-1], layers.activations[-2]),
    }


def tell(rows: list[dict[str, Any]]) -> None:
    """Print the means of both rules before training and after it."""
    for epoch in (rows[0]["epoch"], rows[-1]["epoch"]):
        here = [row for row in rows if row["epoch"] == epoch]
        wanted, together = (np.mean([row[rule] for row in here]) for rule in ("wanted", "together"))
        print(
            f"after {epoch} epochs, {wanted:.0%} of the weights that grow most join a bright "
            f"neuron to one that is to shine more, {together:.0%} two bright ones"
        )


def check(params: HebbParams, outlook: Outlook) -> None:
    """Raise ``NotInDataError`` if there are not so many training images."""
    if params.images > outlook.images:
        raise NotInDataError(
            f"hebb.images: expected 1 to {outlook.images} in {TRAIN}, got {params.images}"
        )


def shares(layers: Layers, layer: int, share: float) -> dict[str, float]:
    """How often the ends of the weights of a layer are as two rules say, on average over images.

    Of the weights that grow most, ``wanted`` join a bright neuron to one that is to shine more
    (its wish is above 0), and ``together`` a bright neuron to a bright one; of all weights,
    ``wanted_of_all`` and ``together_of_all`` do. A neuron is bright if it is above the mean of its
    layer. Images for which no weight grows are left out; without any, all four are 0.
    """
    rows = []
    for image in range(layers.activations[0].shape[1]):
        before, after = (layers.activations[layer + end][:, image] for end in (0, 1))
        growth = np.outer(layers.pushes[layer][:, image], before).ravel()
        most = grow_most(growth, share)
        if not len(most):
            continue
        wanted = joined(before > before.mean(), layers.wishes[layer + 1][:, image] > 0)
        together = joined(before > before.mean(), after > after.mean())
        rows.append([wanted[most].mean(), together[most].mean(), wanted.mean(), together.mean()])
    means = np.mean(rows, axis=0) if rows else np.zeros(4)
    names = ("wanted", "together", "wanted_of_all", "together_of_all")
    return dict(zip(names, means.tolist(), strict=True))


def joined(before: Pairs, after: Pairs) -> Pairs:
    """Which weights join a neuron that is chosen, (n_l,), to one that is, (n_{l+1},)."""
    return np.asarray(np.outer(after, before)).ravel()


def grow_most(growth: Floats, share: float) -> NDArray[np.intp]:
    """Places of a share of the weights, (weights,), that grow: those that grow most, or none."""
    count = int(np.ceil(share * (growth > 0).sum()))
    return np.argsort(-growth, kind="stable")[:count]


if __name__ == "__main__":
    run_claim(hebb)
