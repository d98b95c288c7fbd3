"""Fire together, wire together: how a step changes a weight, against what its two ends do."""

from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nn import Network
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import (
    Layers,
    inputs_of,
    look,
    place_of,
    targets_of,
    untrained_and_trained,
)
from stages.common.files.arrays import Floats, load_labelled, save_arrays
from stages.common.files.paths import TRAIN, claim_arrays, claim_table
from stages.common.files.tables import write_csv
from stages.common.images.outlook import NotInDataError, Outlook
from stages.common.models.statistics import correlation
from stages.common.runtime.params import real, whole

MOST = 2000  # weights of a group that are kept one by one, for the figure
DIGITS = 6  # significant, in the table


class Group(NamedTuple):
    """Some weights of a layer: how a step changes each, and two guesses at what that goes by.

    All are (weights,): the change, the product of the activations at both ends (``fire``), and
    that of the activation before with the wish of the neuron after (``wish``).
    """

    layer: int
    name: str
    change: Floats
    fire: Floats
    wish: Floats


@dataclass(frozen=True, kw_only=True)
class HebbParams:
    """How one step changes each weight, against what the neurons at its ends do."""

    digit: Annotated[int, whole(0, 255, "true class of the single training image")]
    index: Annotated[int, whole(0, 10**6, "which training image of that class")]
    images: Annotated[int, whole(2, 10**4, "in the mini-batch, the first ones for training")]
    learning_rate: Annotated[float, real(0, 1e6, "step as a multiple of the gradient")]


def hebb(params: HebbParams) -> None:
    """Compare one step of gradient descent with what the neurons at both ends of a weight do.

    For the untrained and the trained network, and for one image and a mini-batch, as means over
    the images. Writes data/claims/hebb.csv, one row for each group of weights, and
    data/claims/hebb.npz with the single weights of the last two layers.
    """
    import pandas as pd

    model, networks = untrained_and_trained()
    stored, labels = load_labelled(TRAIN)
    place = check(params, Outlook(images=len(labels), inputs=0, classes=0, labels=labels)) or 0
    chosen = {"one": slice(place, place + 1), "batch": slice(0, params.images)}
    rows: list[dict[str, Any]] = []
    points: dict[str, NDArray[Any]] = {
        "digit": np.array(params.digit),
        "images": np.array(params.images),
        "learning_rate": np.array(params.learning_rate),
        "sizes": np.array(model.network.sizes),
    }
    for name, network in networks.items():
        for examples, some in chosen.items():
            inputs = inputs_of(stored[some], model.preprocessing)
            targets = targets_of(labels[some], network.sizes[-1])
            for group in groups(network, inputs, targets, params.learning_rate):
                rows.append({"network": name, "examples": examples, **summary(group)})
                if group.layer >= len(network.weights) - 2:
                    points |= kept(f"{name}_{examples}_{group.layer}_{group.name}", group)
    write_csv(claim_table("hebb"), pd.DataFrame(rows))
    save_arrays(claim_arrays("hebb"), points)
    true = next(r for r in rows if r["examples"] == "batch" and r["group"] == "true")
    print(
        f"{true['agree_fire']:.0%} of the weights into the true output change with the sign of "
        "the product of both activations, in the untrained network"
    )


def check(params: HebbParams, outlook: Outlook) -> int | None:
    """The single image's place; ``NotInDataError`` if it, or the mini-batch, is not there."""
    if params.images > outlook.images:
        raise NotInDataError(
            f"hebb.images: expected 2 to {outlook.images} in {TRAIN}, got {params.images}"
        )
    if outlook.labels is None:
        return None
    return place_of(outlook.labels, params.digit, params.index, "hebb", TRAIN)


def groups(network: Network, inputs: Floats, targets: Floats, learning_rate: float) -> list[Group]:
    """All weights layer by layer; those into the outputs in two parts.

    What an image does to the weights into its own class (``true``) is kept apart from what it
    does to the weights into the ``others``; both parts together are the step.
    """
    layers = look(network, inputs, targets)
    last = len(network.weights) - 1
    found = [
        group(layers, layer, "all", np.ones_like(layers.pushes[layer]), learning_rate)
        for layer in range(last)
    ]
    found.append(group(layers, last, "true", targets, learning_rate))
    found.append(group(layers, last, "others", 1 - targets, learning_rate))
    return found


def group(layers: Layers, layer: int, name: str, mask: Floats, learning_rate: float) -> Group:
    """The weights of a layer where ``mask``, (n_{l+1}, B), lets an image count for a neuron.

    The step is -learning_rate dC/dw = learning_rate push x activation (equation BP4 of Nielsen
    2015). Neurons that no image counts for are left out.
    """
    rows = mask.any(axis=1)
    before = layers.activations[layer].T / mask.shape[1]

    def product(after: Floats) -> Floats:
        return np.asarray((after * mask)[rows] @ before).ravel()

    return Group(
        layer,
        name,
        change=learning_rate * product(layers.pushes[layer]),
        fire=product(layers.activations[layer + 1]),
        wish=product(layers.wishes[layer + 1]),
    )


def summary(group: Group) -> dict[str, Any]:
    """A row of the table."""
    row: dict[str, Any] = {
        "layer": group.layer,
        "group": group.name,
        "weights": len(group.change),
        "largest_change": significant(float(np.abs(group.change).max(initial=0))),
    }
    for guess in ("fire", "wish"):
        product = getattr(group, guess)
        row[f"correlation_{guess}"] = significant(correlation(group.change, product))
        row[f"agree_{guess}"] = significant(agreement(group.change, product))
    return row


def agreement(change: Floats, product: Floats) -> float:
    """Share of the weights that change at all whose change has the sign of the product."""
    changing = change != 0
    return float((change * product > 0)[changing].mean()) if changing.any() else 0.0


def significant(value: float) -> float:
    """A number to a few significant digits."""
    return float(f"{value:.{DIGITS}g}")


def kept(name: str, group: Group) -> dict[str, NDArray[Any]]:
    """The single weights of a group, or every so many of them; float32."""
    every = slice(None, None, -(-len(group.change) // MOST) or 1)
    return {
        f"{name}_{key}": getattr(group, key)[every].astype(np.float32)
        for key in ("change", "fire", "wish")
    }


if __name__ == "__main__":
    run_claim(hebb)
