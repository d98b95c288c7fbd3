"""Three ways to make a step: with old weights for every layer, or with those that stepped already.

Each changes the network of a workspace that holds a mini-batch, by ``scale`` times what it takes
for the sum of the examples' gradients; -learning_rate/B is a step of the mean.
"""

from collections.abc import Callable

import numpy as np

from nn import Workspace, backpropagate


def all_at_once(work: Workspace, scale: float) -> None:
    """Gradient descent: all derivatives at the old weights, then all weights step."""
    backpropagate(work, scale)
    work.network.parameters[...] += work.nabla.parameters


def with_old_errors(work: Workspace, scale: float) -> None:
    """From the last layer to the first: a layer steps, and its new weights pass the error on.

    The outputs' error, all activations and all slopes stay those of the old weights.
    """
    backpropagate(work, scale)
    weights, deltas = work.network.weights, work.deltas
    for layer in reversed(range(len(weights))):
        if layer + 1 < len(weights):  # BP2, with weights that have stepped
            np.matmul(weights[layer + 1].mT, deltas[layer + 1], out=deltas[layer])
            deltas[layer] *= work.slopes[layer]
        weights[layer] += deltas[layer] @ work.activations[layer].mT
        work.network.biases[layer] += deltas[layer].sum(axis=-1)


def layer_by_layer(work: Workspace, scale: float) -> None:
    """Block-coordinate descent, last layer first: after each layer's step all is worked out anew.

    It takes as many passes forward and back as there are layers.
    """
    network = work.network
    for layer in reversed(range(len(network.weights))):
        backpropagate(work, scale)
        network.weights[layer] += work.nabla.weights[layer]
        network.biases[layer] += work.nabla.biases[layer]


WAYS: dict[str, Callable[[Workspace, float], None]] = {
    "all at once": all_at_once,
    "old errors": with_old_errors,
    "layer by layer": layer_by_layer,
}
