"""One digit's wishes: what a single image asks of every neuron, layer by layer, backwards."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nn import Network, cost_of
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import (
    inputs_of,
    look,
    place_of,
    targets_of,
    untrained_and_trained,
)
from stages.common.files.arrays import Arrays, Floats, load_labelled, save_arrays
from stages.common.files.paths import TEST, claim_arrays
from stages.common.images.outlook import Outlook
from stages.common.runtime.params import whole

MOST = 20  # neurons of a layer whose matrix of wishes is kept: those most wished for
NUDGE = 1e-4  # how far a neuron is moved, either way, to measure what that does to the cost


@dataclass(frozen=True, kw_only=True)
class WishesParams:
    """What one test image asks of every neuron, before training and after."""

    digit: Annotated[int, whole(0, 255, "true class of the image")]
    index: Annotated[int, whole(0, 10**6, "which test image of that class")]


def wishes(params: WishesParams) -> None:
    """Write what one test image asks of the neurons of the untrained and the trained network.

    data/claims/wishes.npz holds, for both: activations, wishes and pushes of every layer; the
    true output's three avenues; who wishes what of the last two layers before the outputs, and
    the same measured, by moving each of those neurons and looking at the cost; and what would be
    wished if every output wished to rise.
    """
    model, networks = untrained_and_trained()
    images, labels = load_labelled(TEST)
    outlook = Outlook(images=0, inputs=0, classes=0, test_labels=labels)
    place = check(params, outlook) or 0
    grey = np.array(images[place])
    seen = model.preprocessing.see(grey[np.newaxis])
    inputs = inputs_of(grey[np.newaxis], model.preprocessing)
    targets = targets_of(np.array([params.digit]), model.network.sizes[-1])
    arrays: Arrays = {
        "image": grey.reshape(model.preprocessing.height, model.preprocessing.width),
        "seen": seen.reshape(model.preprocessing.seen_shape),
        "place": np.array(place),
        "digit": np.array(params.digit),
        "sizes": np.array(model.network.sizes),
        "cost": np.array(model.network.cost),
    }
    for name, network in networks.items():
        found = ask(network, inputs, targets)
        arrays |= {f"{name}_{key}": value for key, value in found.items()}
    save_arrays(claim_arrays("wishes"), arrays)
    gap = max(farthest(arrays, name) for name in networks)
    print(
        f"test image {place}: measured by moving each neuron, the cost changes as the sums of "
        f"wishes say, to within {gap:.2g} of the largest"
    )


def farthest(arrays: Arrays, name: str) -> float:
    """Largest distance of a sum of wishes from what was measured, as a share of the largest sum."""
    gaps = [0.0]
    for layer in range(len(arrays["sizes"]) - 1):
        if f"{name}_matrix_{layer}" in arrays:
            sums = arrays[f"{name}_matrix_{layer}"].sum(axis=0)
            gap = np.abs(sums - arrays[f"{name}_measured_{layer}"]).max()
            gaps.append(float(gap / (np.abs(sums).max() or 1)))
    return max(gaps)


def check(params: WishesParams, outlook: Outlook) -> int | None:
    """The test image's place; ``NotInDataError`` if it is not there."""
    if outlook.test_labels is None:
        return None
    return place_of(outlook.test_labels, params.digit, params.index, "wishes", TEST)


def ask(network: Network, inputs: Floats, targets: Floats) -> Arrays:
    """All that one image, (n_0, 1), asks of one network; float32.

    ``matrix_l``, (n_{l+1}, kept), holds in row j what neuron j of the layer after wishes of the
    kept neurons of layer l; its columns add up to those neurons' wishes.
    """
    layers = look(network, inputs, targets)
    last = len(network.weights)
    true = int(targets.argmax())
    found: dict[str, Floats] = {"cost": np.array(cost_of(network, inputs, targets))}
    for layer in range(last + 1):
        found[f"activations_{layer}"] = layers.activations[layer][:, 0]
        found[f"wishes_{layer}"] = layers.wishes[layer][:, 0]
    for layer, push in enumerate(layers.pushes):
        found[f"pushes_{layer + 1}"] = push[:, 0]
    found["unsigned"] = np.abs(layers.pushes[-1][:, 0]) @ network.weights[-1]
    found["weights"] = network.weights[-1][true]
    found["avenue_bias"] = layers.pushes[-1][true, 0]
    found["avenue_weights"] = found["avenue_bias"] * found[f"activations_{last - 1}"]
    found["avenue_activations"] = found["avenue_bias"] * found["weights"]
    kept: Arrays = {}
    for layer in range(max(0, last - 2), last):
        neurons = strongest(found[f"wishes_{layer}"])
        kept[f"neurons_{layer}"] = neurons
        found[f"matrix_{layer}"] = network.weights[layer][:, neurons] * layers.pushes[layer]
        tail = rest(network, layer)
        found[f"measured_{layer}"] = measure(tail, layers.activations[layer], targets, neurons)
    return {name: np.array(values, np.float32, order="C") for name, values in found.items()} | kept


def strongest(wish: Floats) -> NDArray[np.int64]:
    """The neurons, (kept,), with the largest wishes, (n_l,), in the layer's order."""
    order = np.argsort(-np.abs(wish), kind="stable")
    return np.sort(order[:MOST]).astype(np.int64)


def rest(network: Network, layer: int) -> Network:
    """The network from a layer on, which takes that layer's activations as its input."""
    pairs = zip(network.weights[layer:], network.biases[layer:], strict=True)
    weights, biases = zip(*((w.ravel(), b) for w, b in pairs), strict=True)
    parameters = np.concatenate([*weights, *biases])
    return Network(network.sizes[layer:], network.activation, network.cost, parameters)


def measure(
    tail: Network, activations: Floats, targets: Floats, neurons: NDArray[np.int64]
) -> Floats:
    """Minus the slope of the cost as each neuron is moved, (kept,), by central differences."""
    slopes = []
    for neuron in neurons:
        costs = []
        for step in (-NUDGE, NUDGE):
            moved = activations.copy()
            moved[neuron] += step
            costs.append(cost_of(tail, moved, targets))
        slopes.append((costs[0] - costs[1]) / (2 * NUDGE))
    return np.array(slopes)


if __name__ == "__main__":
    run_claim(wishes)
