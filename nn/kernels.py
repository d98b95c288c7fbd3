"""What lies between the equations and the processor: buffers, and how they lie in memory.

Nothing here is mathematics. With new arrays and ``@``, ``nn.backprop`` would compute the same, and
take longer.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from nn.functions import ACTIVATIONS, COSTS, Array
from nn.network import Network

LINE = 64  # bytes: one line of the cache, and the widest vector


class Workspace:
    """Every array that a batch of B examples needs, allocated once for many batches.

    Put the batch into ``inputs``, (B, n_0), one example a row, and ``targets``, (n_L, B); then
    ``activations[0]`` is the transpose of ``inputs``. ``nn.backprop`` writes all else: symbols and
    shapes are those of ``nn``, for a stack of networks with the stack's axes in front.

    All layers of ``zs`` lie one below the other in one array, and so do those of ``activations``
    and of ``deltas``. So one call makes the slopes of all hidden layers, and one the bias
    gradients of all layers. ``slopes`` are written over ``zs``, which are needed no more by then.
    """

    def __init__(
        self,
        network: Network,
        batch: int,
        *,
        nabla: Network | None = None,
        stored: NDArray[Any] | None = None,
    ) -> None:
        """Allocate for ``batch`` examples, in the network's dtype.

        Gradients go into ``nabla``, a network of the same shape, or into a new one. ``stored``,
        (N, ...), are the examples of which rows will be gathered, if any will be.
        """
        sizes, dtype = network.sizes, network.parameters.dtype
        self.network, self.batch = network, batch
        self.nabla = zeros_like(network) if nabla is None else nabla
        self.activation, self.cost = ACTIVATIONS[network.activation], COSTS[network.cost]
        self.functions = [*[self.activation.function] * (len(sizes) - 2), self.cost.output]
        self.bias_columns = [b[..., np.newaxis] for b in network.biases]
        # The product (left, right, out) that starts sooner, and the one that can take a stack.
        self.dot: Callable[..., object] = np.matmul if network.stack else np.dot
        self._allocate(sizes, dtype)
        kept = np.zeros((0, 0), np.uint8) if stored is None else stored
        self.gathered = aligned_zeros((batch, *kept.shape[1:]), kept.dtype)

    def _allocate(self, sizes: Sequence[int], dtype: np.dtype[Any]) -> None:
        batch, stack, outputs = self.batch, self.network.stack, sizes[-1]
        self.inputs = aligned_zeros((batch, sizes[0]), dtype)
        self.targets = aligned_zeros((outputs, batch), dtype)
        self.classes = np.arange(outputs, dtype=np.min_scalar_type(outputs - 1))[:, np.newaxis]
        rows = (*stack, sum(sizes[1:]), batch)
        z, a, self.all_deltas = (aligned_zeros(rows, dtype) for _ in range(3))
        self.zs, self.deltas = split(z, sizes[1:]), split(self.all_deltas, sizes[1:])
        self.slopes = self.zs
        self.activations = [self.inputs.T, *split(a, sizes[1:])]
        self.hidden_activations = a[..., :-outputs, :]
        self.hidden_slopes = z[..., :-outputs, :]
        self.ones, self.bias_gradient = np.ones(batch, dtype), self.nabla.all_biases
        # W a, before the bias is added, in the place of z. But the first layer's lies transposed if
        # it has fewer rows than columns: BLAS, given images one a row, writes that sooner.
        self.products = [*self.zs]
        if sizes[1] < batch:
            self.products[0] = aligned_zeros((*stack, batch, sizes[1]), dtype).mT


def split(rows: Array, sizes: Sequence[int]) -> list[Array]:
    """Views of an array (..., n_1 + ... + n_L, B), one (..., n_l, B) for each layer."""
    ends = np.cumsum(sizes)
    return [rows[..., end - n : end, :] for end, n in zip(ends, sizes, strict=True)]


def zeros_like(network: Network) -> Network:
    """A network of the same shape with every parameter zero: room for its gradient."""
    parameters = network.parameters
    return replace(network, parameters=aligned_zeros(parameters.shape, parameters.dtype))


def aligned_zeros(shape: Sequence[int], dtype: DTypeLike) -> NDArray[Any]:
    """An array of zeros that begins where a line of the cache begins.

    NumPy's own arrays begin at any multiple of 16 bytes, and a vector that lies across two lines
    is read twice.
    """
    size = prod(shape) * np.dtype(dtype).itemsize
    room = np.zeros(size + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + size].view(dtype).reshape(shape)
