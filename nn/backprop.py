"""The forward pass and backpropagation: the whole mathematics of learning, on one screen.

Equation numbers BP1 to BP4 are those of Nielsen 2015, chapter 2, for a batch of columns.
"""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.functions import ACTIVATIONS, COSTS, Array
from nn.memory import zeros
from nn.network import Network, zeros_like

SMALL = 1_000_000  # multiplications in a product that OpenBLAS makes without packing its factors
FEW = 1_200  # ... if the right one lies transposed, the results, too, may not be more than these
LARGE = 16_000_000  # ... in one that two threads make together sooner than one makes its pieces
PIECES = (8, 12, 11, 10, 9, 7, 6, 5, 4)  # rows of a piece that its kernels like, best first

Product = Callable[[], object]  # a matrix product, bound to its factors and its result's place


class Workspace:
    """Every array that a batch of B examples needs, and every product, bound to one network.

    Put the batch into ``inputs``, (B, n_0), one example a row, and ``targets``, (n_L, B). Then
    ``activations[0]`` is the transpose of ``inputs``; the other activations, ``zs`` and ``deltas``,
    (n_l, B) each, are written by ``forward`` and ``backprop``, and ``nabla`` by the latter. For a
    stack of networks all that is written has the stack's axes in front.
    """

    def __init__(
        self,
        network: Network,
        batch: int,
        *,
        nabla: Network | None = None,
        stored: NDArray[Any] | None = None,
        threads: int = 1,
    ) -> None:
        """Allocate for a batch.

        ``stored`` are the examples that rows will be gathered from: (N, n_0) bytes unless given.

        ``threads`` are those of BLAS: if there are several, large products are left whole to them.
        """
        sizes, dtype = network.sizes, network.parameters.dtype
        self.network, self.batch = network, batch
        self.nabla = zeros_like(network) if nabla is None else nabla
        kept = np.zeros((0, sizes[0]), np.uint8) if stored is None else stored
        self.stored = zeros((batch, kept.shape[1]), kept.dtype)
        self.inputs = zeros((batch, sizes[0]), dtype)
        self.targets = zeros((sizes[-1], batch), dtype)
        self.classes = np.arange(sizes[-1], dtype=np.min_scalar_type(sizes[-1] - 1))[:, np.newaxis]
        # One array for all layers, so that one call serves several.
        rows = (*network.stack, sum(sizes[1:]), batch)
        z, a, delta = (zeros(rows, dtype) for _ in range(3))
        self.zs, self.deltas = layers_of_rows(z, sizes), layers_of_rows(delta, sizes)
        self.activations = [self.inputs.T, *layers_of_rows(a, sizes)]
        self.activation, self.cost = ACTIVATIONS[network.activation], COSTS[network.cost]
        self._bind(delta, threads)
        self._bind_slopes(a, z)

    def _bind(self, delta: Array, threads: int) -> None:
        """Make views and products once: at each step that would take as long as the arithmetic."""
        network, nabla, zs, deltas = self.network, self.nabla, self.zs, self.deltas
        product = partial(bound_product, threads=threads)
        before, after = self.activations[:-1], self.activations[1:]
        weigh = [product(*arrays) for arrays in zip(network.weights, before, zs, strict=True)]
        blame = [product(d, a.mT, w) for d, a, w in zip(deltas, before, nabla.weights, strict=True)]
        wish = [
            product(w.mT, d, earlier)
            for w, d, earlier in zip(network.weights[1:], deltas[1:], deltas, strict=False)
        ]
        squash = [self.activation.function] * len(wish) + [self.cost.output]
        columns = [b[..., np.newaxis] for b in network.biases]
        self.forwards = [*zip(weigh, zs, columns, squash, after, strict=True)]
        self.backwards = [*zip(wish, deltas, zs, strict=False)][::-1]
        self.add_up = product(delta, np.ones(self.batch, delta.dtype), nabla.all_biases)
        self.blame = blame

    def _bind_slopes(self, a: Array, z: Array) -> None:
        """... and s'(z), for all layers at once if one function serves them all."""
        hidden, outputs = self.activation.derivative, self.cost.slope
        split = -self.zs[-1].shape[-2]  # the outputs are the last rows
        parts = [(hidden, slice(split)), (outputs, slice(split, None))]
        if hidden is outputs:
            parts = [(hidden, slice(None))]
        self.derive = [partial(of, a[..., rows, :], z[..., rows, :]) for of, rows in parts if of]


def forward(work: Workspace) -> Array:
    """Fill ``work.zs`` and ``work.activations`` from ``work.inputs``; return the outputs."""
    for weigh, z, b, squash, a in work.forwards:
        weigh()  # z = W (activation before)
        np.add(z, b, z)  # ... + b
        squash(z, a)  # a = s(z)
    return work.activations[-1]


def backprop(work: Workspace, scale: float) -> None:
    """Write ``scale`` times the sum of the examples' gradients into ``work.nabla.parameters``.

    With ``scale`` 1/B the result is the gradient of the batch's cost; with -learning_rate/B it is
    the step downhill itself. Every z makes room for its s'(z).
    """
    a = forward(work)
    for derive in work.derive:
        derive()  # s'(z), in the place of z
    work.cost.error(a, work.targets, scale, work.zs[-1], work.deltas[-1])  # BP1
    for wish, delta, slope in work.backwards:
        wish()  # BP2: the wishes of the layer after, added up, ...
        np.multiply(delta, slope, delta)  # ... each scaled by how much the neuron can move
    work.add_up()  # BP3: dC/db = delta, for all layers at once
    for blame in work.blame:
        blame()  # BP4: dC/dw = delta (activation before)


def bound_product(left: Array, right: Array, out: Array, threads: int) -> Product:
    """Matrix product, (..., m, k) by (..., k, n) or (k,), into ``out``, to be made many times.

    A product that is too large for OpenBLAS's direct kernels is made in pieces of a few rows, if
    these lie one after the other: 784 pixels and 100 images take 16 neurons a third of the time,
    and 128 neurons two thirds. Pieces cannot be shared among several ``threads`` of BLAS; where
    that would cost more than it gains, the product stays whole; so it does where the right factor
    lies transposed and is wide, of which direct kernels make a few results only at a time.
    """
    if right.ndim > 1 and left.strides[-1] == left.itemsize:
        m, k, n = *left.shape[-2:], right.shape[-1]
        most = SMALL // (k * n)
        if right.strides[-1] != right.itemsize:
            most = min(most, FEW // n) if k >= n else m
        rows = rows_at_once(m, most)
        if rows < m and (threads == 1 or m * k * n < LARGE):
            pieces = [x.reshape(*x.shape[:-2], -1, rows, x.shape[-1]) for x in (left, out)]
            return partial(np.matmul, pieces[0], right[..., np.newaxis, :, :], pieces[1])
    return partial(np.dot if left.ndim == 2 else np.matmul, left, right, out)  # dot starts sooner


@cache
def rows_at_once(rows: int, most: int) -> int:
    """How many of a product's rows to make at a time, if so many at most can be made well."""
    if rows <= most:
        return rows
    return next((n for n in PIECES if rows % n == 0 and n <= most), rows)


def layers_of_rows(array: Array, sizes: Sequence[int]) -> list[Array]:
    """Views of an array (..., n_1 + ... + n_L, B), one (..., n_l, B) for each layer."""
    ends = np.cumsum(sizes[1:])
    return [array[..., end - n : end, :] for end, n in zip(ends, sizes[1:], strict=True)]


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
    backprop(work, scale=1 / inputs.shape[1])
    return work.nabla


def _load(network: Network, inputs: Array, targets: Array | None = None) -> Workspace:
    work = Workspace(network, inputs.shape[1])
    work.activations[0][:] = inputs
    if targets is not None:
        work.targets[:] = targets
    return work
