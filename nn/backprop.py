"""The forward pass and backpropagation: the whole mathematics of learning, on one screen.

BP1 to BP4 are the equations of Nielsen 2015, Neural Networks and Deep Learning, chapter 2, for a
batch of columns; * is elementwise. Symbols and shapes are those of ``nn``.
"""

import numpy as np

from nn.functions import Array
from nn.kernels import Workspace
from nn.network import Network


def forward(work: Workspace) -> Array:
    """Send the batch in ``work`` through the network; return the outputs, (n_L, B).

    Writes ``work.zs`` and ``work.activations``.
    """
    weights, biases, functions = work.network.weights, work.bias_columns, work.functions
    products, zs, activations = work.products, work.zs, work.activations
    for layer in range(len(weights)):
        # z = W a + b, and a = s(z)
        np.matmul(weights[layer], activations[layer], out=products[layer])
        np.add(products[layer], biases[layer], out=zs[layer])
        functions[layer](zs[layer], activations[layer + 1])
    return activations[-1]


def backpropagate(work: Workspace, scale: float) -> None:
    """Write ``scale`` times the sum of the examples' gradients into ``work.nabla.parameters``.

    With ``scale`` 1/B that is the gradient of the batch's mean cost; with -learning_rate/B it is
    the step downhill itself. Writes what ``forward`` writes, then ``work.slopes`` and
    ``work.deltas``.
    """
    dot, weights, nabla = work.dot, work.network.weights, work.nabla.weights
    activations, slopes, deltas = work.activations, work.slopes, work.deltas
    outputs = forward(work)
    # BP1: delta of the outputs = dC/da * s'(z)
    work.cost.error(outputs, work.targets, scale, slopes[-1], deltas[-1])
    # s'(z), given a = s(z), of all hidden layers at once
    work.activation.derivative(work.hidden_activations, work.hidden_slopes)
    for layer in reversed(range(len(weights) - 1)):
        # BP2: delta[l] = (W[l+1]^T delta[l+1]) * s'(z[l])
        dot(weights[layer + 1].mT, deltas[layer + 1], out=deltas[layer])
        np.multiply(deltas[layer], slopes[layer], out=deltas[layer])
    # BP3: dC/db[l] = delta[l], the sum over the batch, here of all layers at once
    dot(work.all_deltas, work.ones, out=work.bias_gradient)
    for layer in range(len(weights)):
        # BP4: dC/dW[l] = delta[l] a[l]^T, a product that sums over the batch, too
        dot(deltas[layer], activations[layer].mT, out=nabla[layer])


def feedforward(network: Network, inputs: Array) -> Array:
    """Outputs, (n_L, B), for inputs (n_0, B) of the network's dtype."""
    return forward(_load(network, inputs))


def cost_of(network: Network, inputs: Array, targets: Array) -> float:
    """Mean cost of the columns: inputs (n_0, B), targets (n_L, B)."""
    work = _load(network, inputs, targets)
    a = forward(work)
    return float(work.cost.value(work.zs[-1], a, work.targets).mean())


def gradient(network: Network, inputs: Array, targets: Array) -> Network:
    """Gradient of ``cost_of`` by every parameter, laid out as the network itself."""
    work = _load(network, inputs, targets)
    backpropagate(work, scale=1 / inputs.shape[1])
    return work.nabla


def _load(network: Network, inputs: Array, targets: Array | None = None) -> Workspace:
    work = Workspace(network, inputs.shape[1])
    work.activations[0][:] = inputs
    if targets is not None:
        work.targets[:] = targets
    return work
