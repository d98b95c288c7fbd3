"""The forward pass and backpropagation: the whole mathematics of learning, on one screen.

Equation numbers BP1 to BP4 are those of Nielsen 2015, chapter 2, for a batch of columns.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import DTypeLike

from nn.functions import ACTIVATIONS, COSTS, Array
from nn.network import Network, zeros_like

SMALL = 1_000_000  # multiplications in a product that OpenBLAS makes without packing its factors
FEWEST_ROWS, MOST_PIECES = 8, 8  # within these, cutting a product in pieces pays


class Workspace:
    """Every array that one batch of B examples needs, allocated once.

    ``activations[0]``, (n_0, B), is the transpose of ``inputs``, (B, n_0), one example a row:
    fill either. Targets are (n_L, B). The others are written by ``forward`` and ``backprop``.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        batch: int,
        dtype: DTypeLike = np.float32,
        stored: DTypeLike = np.uint8,
    ) -> None:
        """Allocate for a network of this shape, and inputs that are kept as type ``stored``."""
        self.stored = np.zeros((batch, sizes[0]), stored)
        self.inputs = np.zeros((batch, sizes[0]), dtype)
        self.targets = np.zeros((sizes[-1], batch), dtype)
        self.classes = np.arange(sizes[-1], dtype=np.min_scalar_type(sizes[-1] - 1))[:, np.newaxis]
        self.zs = [np.zeros((n, batch), dtype) for n in sizes[1:]]
        self.activations = [self.inputs.T, *(np.zeros((n, batch), dtype) for n in sizes[1:])]
        self.deltas = [np.zeros((n, batch), dtype) for n in sizes[1:]]
        self.ones = np.ones(batch, dtype)


def forward(network: Network, work: Workspace) -> Array:
    """Fill ``work.zs`` and ``work.activations`` from ``work.inputs``; return the outputs."""
    hidden = ACTIVATIONS[network.activation].function
    output = COSTS[network.cost].output
    last = len(network.weights) - 1
    for layer, (w, b, z) in enumerate(zip(network.weights, network.biases, work.zs, strict=True)):
        product(w, work.activations[layer], out=z)
        np.add(z, b[:, np.newaxis], out=z)
        squash = output if layer == last else hidden
        squash(z, work.activations[layer + 1])
    return work.activations[-1]


def backprop(network: Network, work: Workspace, nabla: Network, scale: float) -> None:
    """Write ``scale`` times the sum of the examples' gradients into ``nabla.parameters``.

    The batch is in ``work.inputs`` and ``work.targets``. With ``scale`` 1/B the result is the
    gradient of the batch's cost; with -learning_rate/B it is the step downhill itself.
    """
    forward(network, work)
    derivative = ACTIVATIONS[network.activation].derivative
    error_of = COSTS[network.cost].error
    error_of(work.activations[-1], work.targets, scale, work.zs[-1], work.deltas[-1])  # BP1
    for layer in reversed(range(len(network.weights))):
        delta, a = work.deltas[layer], work.activations[layer]
        np.dot(delta, work.ones, out=nabla.biases[layer])  # BP3: dC/db = delta
        product(delta, a.T, out=nabla.weights[layer])  # BP4: dC/dw = delta (activation before)
        if layer > 0:
            error, slope = work.deltas[layer - 1], work.zs[layer - 1]
            np.dot(network.weights[layer].T, delta, out=error)  # BP2: the wishes of the layer
            derivative(a, slope)  # after, added up, each scaled by how much the neuron can move
            np.multiply(error, slope, out=error)  # (z has served: its buffer takes s'(z))


def product(left: Array, right: Array, out: Array) -> None:
    """Matrix product, (m, k) by (k, n), into ``out``, (m, n).

    A product that is just too large for OpenBLAS's direct kernels is made in pieces of a few
    rows: for 16 neurons, 784 pixels and 100 images that halves its time.
    """
    rows = rows_at_once(len(left), left.shape[1] * right.shape[1])
    if rows == len(left):
        np.dot(left, right, out=out)
    else:
        pieces = left.reshape(-1, rows, left.shape[1])
        np.matmul(pieces, right, out=out.reshape(-1, rows, out.shape[1]))


@cache
def rows_at_once(rows: int, per_row: int) -> int:
    """How many of a product's rows to make at a time, if each takes so many multiplications."""
    if rows * per_row <= SMALL:
        return rows
    fitting = [n for n in range(FEWEST_ROWS, rows) if rows % n == 0 and n * per_row <= SMALL]
    return fitting[-1] if fitting and rows // fitting[-1] <= MOST_PIECES else rows


def feedforward(network: Network, inputs: Array) -> Array:
    """Outputs, (n_L, B), for inputs (n_0, B) of the network's dtype."""
    return forward(network, _load(network, inputs))


def cost_of(network: Network, inputs: Array, targets: Array) -> float:
    """Mean cost of the columns: inputs (n_0, B), targets (n_L, B)."""
    work = _load(network, inputs, targets)
    a = forward(network, work)
    return float(COSTS[network.cost].value(work.zs[-1], a, work.targets).mean())


def gradient(network: Network, inputs: Array, targets: Array) -> Network:
    """Gradient of ``cost_of`` by every parameter, laid out as the network itself."""
    work, nabla = _load(network, inputs, targets), zeros_like(network)
    backprop(network, work, nabla, scale=1 / inputs.shape[1])
    return nabla


def _load(network: Network, inputs: Array, targets: Array | None = None) -> Workspace:
    work = Workspace(network.sizes, inputs.shape[1], network.parameters.dtype)
    work.activations[0][:] = inputs
    if targets is not None:
        work.targets[:] = targets
    return work
