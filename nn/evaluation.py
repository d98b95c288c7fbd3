"""What a network makes of many examples: its answers, their costs, and the true gradient."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from nn.backprop import backpropagate, forward
from nn.dataset import Dataset
from nn.functions import Array
from nn.kernels import Workspace
from nn.network import Network

AT_ONCE = 500  # examples: narrow networks gain up to here, wide ones lose beyond


def predict(
    network: Network, examples: Dataset, batch_size: int = AT_ONCE
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Output activations, (N, n_L), and the cost of each example, (N,), in the network's dtype.

    ``batch_size`` examples go through the network at a time.
    """
    dtype, count = network.parameters.dtype, len(examples)
    outputs, costs = np.zeros((count, network.sizes[-1]), dtype), np.zeros(count, dtype)
    for rows, work in _batches(network, examples, batch_size):
        a = forward(work)
        outputs[rows] = a.T
        costs[rows] = work.cost.value(work.zs[-1], a, work.targets)
    return outputs, costs


def evaluate(network: Network, examples: Dataset) -> tuple[float, float]:
    """Mean cost, and accuracy: the share of examples whose largest output is the true class's.

    Of several equal outputs the first counts.
    """
    outputs, costs = predict(network, examples)
    right = outputs.argmax(axis=1) == examples.labels
    return float(costs.mean(dtype=np.float64)), float(right.mean())


def gradient_over(network: Network, examples: Dataset, batch_size: int = AT_ONCE) -> Array:
    """Gradient, (P,), of the mean cost of all examples, added up batch by batch."""
    total = np.zeros_like(network.parameters)
    for _, work in _batches(network, examples, batch_size):
        backpropagate(work, scale=1 / len(examples))
        total += work.nabla.parameters
    return total


def _batches(
    network: Network, examples: Dataset, batch_size: int
) -> Iterator[tuple[slice, Workspace]]:
    """The rows of each batch, with a workspace that holds it; the last one may be smaller."""
    count = len(examples)
    work = Workspace(network, min(batch_size, count))
    for start in range(0, count, batch_size):
        rows = slice(start, min(start + batch_size, count))
        if rows.stop - start < work.batch:
            work = Workspace(network, rows.stop - start)
        examples.load(rows, work)
        yield rows, work
