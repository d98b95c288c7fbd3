"""Labelled examples, kept as compactly as they were stored and unpacked one batch at a time."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nn.backprop import Workspace
from nn.functions import Array
from nn.memory import zeros
from nn.network import Network

Rows: TypeAlias = slice | NDArray[np.intp]
Copy: TypeAlias = Callable[[Array, NDArray[Any]], object]  # (out, stored): (B, n_0), (B, ...)


def as_they_are(out: Array, stored: NDArray[Any]) -> None:
    """Copy stored inputs without changing them."""
    np.copyto(out, stored, casting="unsafe")


@dataclass(frozen=True, eq=False)
class Examples:
    """N inputs with their classes.

    The network is meant to see ``scale * stored + offset``, where ``stored`` is (N, n_0) of any
    number type and may be memory-mapped, and ``scale`` and ``offset`` are numbers or (n_0,).
    ``labels``, (N,), are classes counted from 0.

    That line is never computed for an image. One scale for all, without an offset, is left to the
    ``gain`` of a ``Workspace``. Otherwise, since W (scale x + offset) + b is also
    (W scale) x + (W offset + b), it is computed for the weights, which are far fewer: ``fold``
    makes the network that reads stored values, ``unfold`` takes its gradient back (chain rule).
    """

    stored: NDArray[Any]
    labels: NDArray[np.integer]
    scale: Array | float = 1.0
    offset: Array | float = 0.0

    @cached_property
    def folds(self) -> bool:
        """Whether weights are folded: not if one number does it all."""
        return bool(np.size(self.scale) > 1 or np.any(self.offset))

    @cached_property
    def gain(self) -> float:
        """What a workspace is to multiply stored inputs by: 1 if weights are folded."""
        return 1.0 if self.folds else float(np.asarray(self.scale).item())

    def __len__(self) -> int:
        """N, the number of examples."""
        return len(self.labels)

    def first(self, count: int) -> "Examples":
        """The first ``count`` of them."""
        return replace(self, stored=self.stored[:count], labels=self.labels[:count])

    def load(self, rows: Rows, work: Workspace, copy: Copy = as_they_are) -> None:
        """Copy B stored inputs into ``work``, and targets that are 1 for the true class, else 0.

        ``copy`` may change the inputs on the way: that is where new examples are made of old, and
        where what is stored may have another width than the inputs.
        """
        if isinstance(rows, slice):
            copy(work.inputs, self.stored[rows])
        else:
            # The rows exist; with mode "raise", NumPy would gather them in one more buffer.
            self.stored.take(rows, axis=0, out=work.stored, mode="clip")
            copy(work.inputs, work.stored)
        np.equal(work.classes, self.labels[rows], out=work.targets)

    def folded(self, network: Network) -> Network:
        """Make room for ``fold``: a network that shares all but the first layer's parameters.

        It is the network itself where there is nothing to fold.
        """
        if not self.folds:
            return network
        folded = replace(network)
        folded.weights[0] = zeros(network.weights[0].shape, network.parameters.dtype)
        folded.biases[0] = np.zeros_like(network.biases[0])
        return folded

    def fold(self, network: Network, folded: Network) -> None:
        """Make ``folded`` answer to stored values as ``network`` answers to inputs."""
        if not self.folds:
            return
        weights = network.weights[0]
        offset = np.broadcast_to(np.asarray(self.offset, weights.dtype), weights.shape[-1:])
        np.multiply(weights, self.scale, out=folded.weights[0])
        np.matmul(weights, offset, out=folded.biases[0])
        np.add(folded.biases[0], network.biases[0], out=folded.biases[0])

    def unfold(self, nabla: Network, folded: Network) -> None:
        """Turn the gradient of the folded network, in place, into that of the network itself.

        ``folded`` has served, and its first weights' room is used.
        """
        if not self.folds:
            return
        np.multiply(nabla.weights[0], self.scale, out=nabla.weights[0])
        np.multiply(nabla.biases[0][..., np.newaxis], self.offset, out=folded.weights[0])
        np.add(nabla.weights[0], folded.weights[0], out=nabla.weights[0])
