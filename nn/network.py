"""A network is plain data: its shape, the names of its functions, and one vector of parameters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike

from nn.functions import ACTIVATIONS, COSTS, Array

INITIALIZERS: dict[str, Callable[[int, int], float]] = {
    # Deviation of the first random weights, from the neurons before (n_in) and after (n_out).
    "lecun": lambda n_in, _n_out: (1 / n_in) ** 0.5,  # LeCun et al. 1998, Efficient BackProp
    "xavier": lambda n_in, n_out: (2 / (n_in + n_out)) ** 0.5,  # Glorot and Bengio 2010
    "he": lambda n_in, _n_out: (2 / n_in) ** 0.5,  # He et al. 2015
    "unit": lambda _n_in, _n_out: 1.0,  # Nielsen 2015, chapter 1
}


@dataclass(eq=False)
class Network:
    """Layers of neurons, each fully connected to the next.

    ``weights[l]``, (n_{l+1}, n_l), and ``biases[l]``, (n_{l+1},), are views of ``parameters``,
    (P,): change one and the other has changed. ``activation`` names the hidden layers' function;
    the output layer's belongs to ``cost``. With further axes in front, (S, P) say, it is a stack
    of S networks of one shape, which learn side by side, each as it would alone.

    Raises ``ValueError`` for a shape of fewer than two layers or with an empty one, an unknown
    name, or a vector that is not real or not as long as the shape asks for.
    """

    sizes: tuple[int, ...]
    activation: str
    cost: str
    parameters: Array
    weights: list[Array] = field(init=False, repr=False)
    biases: list[Array] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what is no network, and lay the views over the parameters."""
        if len(self.sizes) < 2 or min(self.sizes) < 1:
            raise ValueError(
                f"sizes: expected 2 or more layers of 1 or more neurons, got {self.sizes}"
            )
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"activation: expected one of {[*ACTIVATIONS]}, got {self.activation!r}"
            )
        if self.cost not in COSTS:
            raise ValueError(f"cost: expected one of {[*COSTS]}, got {self.cost!r}")
        if self.parameters.dtype.kind != "f":
            raise ValueError(f"parameters: expected real numbers, got {self.parameters.dtype}")
        expected = parameter_count(self.sizes)
        if self.parameters.shape[-1:] != (expected,):
            raise ValueError(
                f"parameters: expected shape ({expected},), got {self.parameters.shape}"
            )
        self.weights, self.biases = layers_of(self.parameters, self.sizes)

    @classmethod
    def random(  # noqa: PLR0913 - what fixes a network before training
        cls,
        sizes: Sequence[int],
        activation: str,
        cost: str,
        *,
        rng: np.random.Generator,
        initializer: str = "lecun",
        gain: float = 1.0,
        dtype: DTypeLike = np.float32,
    ) -> "Network":
        """Make a network with normally distributed weights and biases of zero.

        The deviation of the weights is ``gain`` times what ``INITIALIZERS[initializer]`` says.
        Random numbers are drawn in float64 and rounded, so that float32 and float64 networks of
        one ``rng`` start alike.
        """
        network = cls(tuple(sizes), activation, cost, np.zeros(parameter_count(sizes), dtype))
        deviation = INITIALIZERS[initializer]
        for weights in network.weights:
            n_out, n_in = weights.shape
            weights[:] = rng.normal(0.0, gain * deviation(n_in, n_out), weights.shape)
        return network

    @property
    def stack(self) -> tuple[int, ...]:
        """The axes in front: () for a single network."""
        return self.parameters.shape[:-1]

    @property
    def all_weights(self) -> Array:
        """The weights of all layers, the first P - sum of n_l of ``parameters``."""
        return self.parameters[..., : -sum(self.sizes[1:])]

    @property
    def all_biases(self) -> Array:
        """The biases of all layers, the last of ``parameters``."""
        return self.parameters[..., -sum(self.sizes[1:]) :]


def stacked(networks: Sequence[Network]) -> Network:
    """A stack, with parameters (S, P), of S networks of one shape and kind."""
    return replace(networks[0], parameters=np.stack([one.parameters for one in networks]))


def unstacked(networks: Network) -> list[Network]:
    """The networks of a stack (S, P), each a view of its row."""
    return [replace(networks, parameters=row) for row in networks.parameters]


def parameter_count(sizes: Sequence[int]) -> int:
    """P: 13,002 for 784-16-16-10."""
    return sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))


def layers_of(vector: Array, sizes: Sequence[int]) -> tuple[list[Array], list[Array]]:
    """Views of a vector (P,), of parameters or of their gradient, as (weights, biases) by layer.

    Axes in front of P stay in front.
    """
    weights, biases, start = [], [], 0
    for n_in, n_out in pairwise(sizes):
        layer = vector[..., start : start + n_out * n_in]
        weights.append(layer.reshape(*vector.shape[:-1], n_out, n_in))
        start += n_out * n_in
    for n_out in sizes[1:]:
        biases.append(vector[..., start : start + n_out])
        start += n_out
    return weights, biases
