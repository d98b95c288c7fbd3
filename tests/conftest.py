"""What several tests of the network start from: small random problems in float64."""

from typing import NamedTuple

import numpy as np

from nn import Network
from nn.functions import Array


class Problem(NamedTuple):
    """A network with B examples, one a column: inputs (n_0, B), targets (n_L, B)."""

    network: Network
    inputs: Array
    targets: Array


def random_problem(
    sizes: tuple[int, ...] = (5, 4, 3),
    activation: str = "tanh",
    cost: str = "quadratic",
    *,
    examples: int = 7,
    seed: int = 0,
) -> Problem:
    """Random weights, biases, inputs and classes; the biases keep ReLUs off their kink."""
    rng = np.random.default_rng(seed)
    network = Network.random(sizes, activation, cost, rng=rng, dtype=np.float64)
    for biases in network.biases:
        biases[:] = rng.normal(size=biases.shape)
    inputs = rng.normal(size=(sizes[0], examples))
    targets = np.eye(sizes[-1])[:, rng.integers(sizes[-1], size=examples)]
    return Problem(network, inputs, targets)
