"""One digit's wishes: what a single image asks of every neuron, layer by layer, backwards."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nn import Network, cost_of
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import (
    in_float64,
    inputs_of,
    load_siblings,
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

    data/claims/wishes.npz holds, for both: activations, wishes and pushes of every layer; who
    wishes what of the last two layers before the outputs, and the same measured, by moving each of
    those neurons and looking at the cost; what would be wished if every output wished to rise; and
    what the true output asks of its weights, and the same measured. Of the siblings, untrained and
    trained, it holds how far each of the three is from what is measured (``gaps``, (3, 2, n)), the
    share of neurons that would go the wrong way without signs (``turned``, (2, n)), and whether
    the output farthest from its target pushes hardest (``loudest``, (2, n)).
    """
    model, networks = untrained_and_trained()
    images, labels = load_labelled(TEST)
    outlook = Outlook(images=0, inputs=0, classes=0, test_labels=labels)
    place = check(params, outlook) or 0
    grey = np.array(images[place])
    inputs = inputs_of(grey[np.newaxis], model.preprocessing)
    targets = targets_of(np.array([params.digit]), model.network.sizes[-1])
    arrays: Arrays = {
        "image": grey.reshape(model.preprocessing.height, model.preprocessing.width),
        "place": np.array(place),
        "digit": np.array(params.digit),
        "sizes": np.array(model.network.sizes),
    }
    for name, network in networks.items():
        gradients = ask(network, inputs, targets)
        arrays |= {f"{name}_{key}": as_written(value) for key, value in gradients.items()}
    arrays |= of_siblings(inputs, targets)
    save_arrays(claim_arrays("wishes"), arrays)
    print(
        f"test image {place}: measured by moving weights and neurons of {arrays['gaps'].shape[2]} "
        f"networks, the cost changes as wishes say, to within {arrays['gaps'].max():.2g} of the "
        "largest"
    )


def as_written(values: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers as they are, others in float32."""
    whole_numbers = np.issubdtype(values.dtype, np.integer)
    return values if whole_numbers else np.array(values, np.float32, order="C")


def of_siblings(inputs: Floats, targets: Floats) -> Arrays:
    """How right the three sentences are of each sibling, and what signs and distances do."""
    siblings = load_siblings()
    ends = siblings.epochs[0], siblings.last
    asked = [
        [ask(in_float64(network), inputs, targets) for network in siblings.after(epoch)]
        for epoch in ends
    ]
    gaps = [[distances(gradients, targets[:, 0]) for gradients in networks] for networks in asked]
    return {
        "epochs": np.array(siblings.last),
        "gaps": np.array(gaps).transpose(2, 0, 1),
        "turned": np.array([[turned(gradients) for gradients in networks] for networks in asked]),
        "loudest": np.array(
            [[is_loudest(gradients, targets[:, 0]) for gradients in networks] for networks in asked]
        ),
    }


def distances(gradients: Arrays, targets: Floats) -> list[float]:
    """How far three sentences are from what is measured, as shares of the largest value.

    Outputs wish in proportion to their distance from the target; a weight is asked to change in
    proportion to the activation that it carries; and the wishes for a neuron add up.
    """
    last = len([name for name in gradients if name.startswith("wishes_")]) - 1
    away = targets - gradients[f"activations_{last}"]
    wishes = gradients[f"wishes_{last}"]
    scale = float(wishes @ away) / (float(away @ away) or 1.0)
    sums = [
        apart(gradients[f"matrix_{layer}"].sum(axis=0), gradients[f"measured_{layer}"])
        for layer in range(max(0, last - 2), last)
    ]
    weights = apart(gradients["avenue_weights"], gradients["measured_weights"])
    return [apart(wishes, scale * away), weights, max(sums)]


def apart(values: Floats, measured: Floats) -> float:
    """The largest distance, as a share of the largest value."""
    return float(np.abs(values - measured).max() / (np.abs(values).max() or 1))


def turned(gradients: Arrays) -> float:
    """Share of the neurons before the outputs that would go the wrong way without signs."""
    last = len([name for name in gradients if name.startswith("wishes_")]) - 1
    return float((gradients["unsigned"] * gradients[f"wishes_{last - 1}"] < 0).mean())


def is_loudest(gradients: Arrays, targets: Floats) -> bool:
    """Whether the output that is farthest from its target pushes hardest."""
    last = len([name for name in gradients if name.startswith("wishes_")]) - 1
    away = np.abs(targets - gradients[f"activations_{last}"])
    return bool(away.argmax() == np.abs(gradients[f"pushes_{last}"]).argmax())


def check(params: WishesParams, outlook: Outlook) -> int | None:
    """The test image's place; ``NotInDataError`` if it is not there."""
    if outlook.test_labels is None:
        return None
    return place_of(outlook.test_labels, params.digit, params.index, "wishes", TEST)


def ask(network: Network, inputs: Floats, targets: Floats) -> Arrays:
    """All that one image, (n_0, 1), asks of one network.

    ``matrix_l``, (n_{l+1}, kept), holds in row j what neuron j of the layer after wishes of the
    kept neurons of layer l; its columns add up to those neurons' wishes.
    """
    layers = look(network, inputs, targets)
    last = len(network.weights)
    true = int(targets.argmax())
    arrays: Arrays = {}
    for layer in range(last + 1):
        arrays[f"activations_{layer}"] = layers.activations[layer][:, 0]
        arrays[f"wishes_{layer}"] = layers.wishes[layer][:, 0]
    for layer, push in enumerate(layers.pushes):
        arrays[f"pushes_{layer + 1}"] = push[:, 0]
    arrays["unsigned"] = np.abs(layers.pushes[-1][:, 0]) @ network.weights[-1]
    for layer in range(max(0, last - 2), last):
        neurons = strongest(arrays[f"wishes_{layer}"])
        arrays[f"neurons_{layer}"] = neurons
        arrays[f"matrix_{layer}"] = network.weights[layer][:, neurons] * layers.pushes[layer]
        tail = rest(network, layer)
        arrays[f"measured_{layer}"] = measure(tail, layers.activations[layer], targets, neurons)
    before = layers.activations[-2]
    arrays["avenue_weights"] = (layers.pushes[-1][true] * before[:, 0])[neurons]
    arrays["measured_weights"] = measure_weights(rest(network, last - 1), before, targets, neurons)
    return arrays


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


def measure_weights(
    tail: Network, activations: Floats, targets: Floats, neurons: NDArray[np.int64]
) -> Floats:
    """The same as each weight from a neuron into the true output is moved, (kept,)."""
    weights, slopes = tail.weights[0][int(targets.argmax())], []
    for neuron in neurons:
        costs, now = [], weights[neuron]
        for step in (-NUDGE, NUDGE):
            weights[neuron] = now + step
            costs.append(cost_of(tail, activations, targets))
        weights[neuron] = now
        slopes.append((costs[0] - costs[1]) / (2 * NUDGE))
    return np.array(slopes)


if __name__ == "__main__":
    run_claim(wishes)
