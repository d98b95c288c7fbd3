"""Activation functions and costs, each beside its derivative.

All of them write into ``out``, so that training allocates nothing. Derivatives take the *output*
a = s(z), which is at hand when the error flows back. Arrays are (..., n_l, B), float32 or float64.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating]

LEAK = 0.05  # slope of the leaky ReLU below zero
HALF = np.array(0.5, np.float32)  # exact in every type, and quicker than a number of Python's


class Activation(NamedTuple):
    """A squashing function and its derivative."""

    function: Callable[[Array, Array], object]  # (z, out): out = s(z)
    derivative: Callable[[Array, Array], object]  # (a, out): out = s'(z), given a = s(z)


def sigmoid(z: Array, out: Array) -> None:
    """s(z) = 1 / (1 + exp(-z)), written as (1 + tanh(z/2)) / 2: no overflow at any z."""
    np.multiply(z, HALF, out)
    np.tanh(out, out)
    np.multiply(out, HALF, out)
    np.add(out, HALF, out)


def sigmoid_prime(a: Array, out: Array) -> None:
    """s'(z) = s(z) (1 - s(z)) = a - a^2."""
    np.multiply(a, a, out)
    np.subtract(a, out, out)


def tanh(z: Array, out: Array) -> None:
    """s(z) = tanh(z)."""
    np.tanh(z, out=out)


def tanh_prime(a: Array, out: Array) -> None:
    """s'(z) = 1 - a^2."""
    np.multiply(a, a, out=out)
    np.subtract(1, out, out=out)


def relu(z: Array, out: Array) -> None:
    """s(z) = max(z, 0)."""
    np.maximum(z, 0, out=out)


def relu_prime(a: Array, out: Array) -> None:
    """s'(z) = 1 where the neuron is active, else 0 (at z = 0 too)."""
    np.sign(a, out=out)


def leaky_relu(z: Array, out: Array) -> None:
    """s(z) = z above zero, LEAK z below: no neuron ever falls silent for good."""
    np.multiply(z, LEAK, out=out)
    np.maximum(z, out, out=out)


def leaky_relu_prime(a: Array, out: Array) -> None:
    """s'(z) = 1 where the neuron is active, else LEAK (at z = 0 too)."""
    np.greater(a, 0, out=out)
    np.multiply(out, 1 - LEAK, out=out)
    np.add(out, LEAK, out=out)


def softmax(z: Array, out: Array) -> None:
    """s(z)_j = exp(z_j) / sum_k exp(z_k), each column apart; shifted by the largest z."""
    np.subtract(z, z.max(axis=-2, keepdims=True), out=out)
    np.exp(out, out=out)
    np.divide(out, out.sum(axis=-2, keepdims=True), out=out)


class Cost(NamedTuple):
    """What training lowers, with the output layer that belongs to it."""

    output: Callable[[Array, Array], object]  # (z, out): the output layer's squashing function
    value: Callable[[Array, Array, Array], Array]  # (z, a, y): the cost of each column, (B,)
    # (a, y, scale, scratch, out): out = scale dC/dz; scratch is as large as out
    error: Callable[[Array, Array, float, Array, Array], object]


def quadratic(_z: Array, a: Array, y: Array) -> Array:
    """C = sum_j (a_j - y_j)^2, without a factor 1/2, as in the lectures."""
    costs: Array = np.square(a - y).sum(axis=-2)
    return costs


def quadratic_error(a: Array, y: Array, scale: float, slope: Array, out: Array) -> None:
    """dC/dz = 2 (a - y) s'(z)."""
    sigmoid_prime(a, slope)
    np.subtract(a, y, out)
    np.multiply(out, slope, out)
    np.multiply(out, out.dtype.type(2 * scale), out)


def cross_entropy(z: Array, _a: Array, y: Array) -> Array:
    """C = -sum_j y_j ln a_j for softmax outputs, computed from z: no ln 0 at any z."""
    z = z - z.max(axis=-2, keepdims=True)  # or a small cost is a difference of large numbers
    costs: Array = y.sum(axis=-2) * np.log(np.exp(z).sum(axis=-2)) - (y * z).sum(axis=-2)
    return costs


def cross_entropy_error(a: Array, y: Array, scale: float, _scratch: Array, out: Array) -> None:
    """dC/dz = a - y, for softmax outputs and targets that add up to 1: s'(z) cancels."""
    np.subtract(a, y, out=out)
    np.multiply(out, scale, out=out)


ACTIVATIONS = {
    "sigmoid": Activation(sigmoid, sigmoid_prime),
    "tanh": Activation(tanh, tanh_prime),
    "relu": Activation(relu, relu_prime),
    "leaky_relu": Activation(leaky_relu, leaky_relu_prime),
}

COSTS = {
    "quadratic": Cost(sigmoid, quadratic, quadratic_error),
    "cross_entropy": Cost(softmax, cross_entropy, cross_entropy_error),
}
