"""A gradient checker: wiggle every parameter, and see whether the cost moves as promised."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nn.backprop import cost_of, gradient
from nn.functions import Array
from nn.network import Network


@dataclass(frozen=True)
class GradientCheck:
    """The parameter whose two derivatives disagree most.

    ``error`` is |analytic - numeric| / max(|analytic|, |numeric|, 1 % of the largest component):
    the last term keeps a derivative of nearly zero from being judged by rounding alone.
    """

    parameter: str
    analytic: float
    numeric: float
    error: float

    def __str__(self) -> str:
        """Both values, so that a failed check tells what to look for."""
        return (
            f"worst parameter {self.parameter}: analytic {self.analytic:.10g}, "
            f"numeric {self.numeric:.10g}, relative error {self.error:.1e}"
        )


def check_gradient(
    network: Network,
    inputs: Array,
    targets: Array,
    *,
    differentiate: Callable[[Network, Array, Array], Network] = gradient,
    epsilon: float = 1e-5,
) -> GradientCheck:
    """Compare backpropagation with central differences, (C(p + e) - C(p - e)) / 2e, everywhere.

    ``inputs`` is (n_0, B) and ``targets`` (n_L, B). ``differentiate`` is the function on trial.
    Two evaluations of the cost per parameter: meant for small networks. Raises ``ValueError``
    unless the network is float64, since float32 rounds away what is to be measured.
    """
    if network.parameters.dtype != np.float64:
        raise ValueError(f"expected a float64 network, got {network.parameters.dtype}")
    analytic = differentiate(network, inputs, targets).parameters
    numeric = np.array(
        [_slope(network, index, inputs, targets, epsilon) for index in range(analytic.size)]
    )
    size = np.maximum(np.abs(analytic), np.abs(numeric))
    errors = np.abs(analytic - numeric) / np.maximum(size, max(0.01 * size.max(), 1e-300))
    worst = int(errors.argmax())
    return GradientCheck(
        _name(network, worst), float(analytic[worst]), float(numeric[worst]), float(errors[worst])
    )


def _slope(network: Network, index: int, inputs: Array, targets: Array, epsilon: float) -> float:
    parameters = network.parameters
    kept = parameters[index]
    parameters[index] = kept + epsilon
    above = cost_of(network, inputs, targets)
    parameters[index] = kept - epsilon
    below = cost_of(network, inputs, targets)
    parameters[index] = kept
    return (above - below) / (2 * epsilon)


def _name(network: Network, index: int) -> str:
    """``weights[l][j, k]`` or ``biases[l][j]``, for a place in the vector of parameters."""
    for kind, arrays in (("weights", network.weights), ("biases", network.biases)):
        for layer, array in enumerate(arrays):
            if index < array.size:
                place = ", ".join(str(i) for i in np.unravel_index(index, array.shape))
                return f"{kind}[{layer}][{place}]"
            index -= array.size
    raise IndexError(f"no parameter {index}")
