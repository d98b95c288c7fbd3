"""Backpropagation is right: by hand, by finite differences, and by a loop over examples."""

from collections.abc import Callable
from itertools import pairwise
from math import exp, log

import numpy as np
import pytest

from nn import (
    ACTIVATIONS,
    COSTS,
    Network,
    Workspace,
    backpropagate,
    check_gradient,
    cost_of,
    feedforward,
    gradient,
)
from nn.functions import LEAK, Array
from tests.conftest import Problem, random_problem

SHAPES = [(4, 3), (4, 5, 3), (4, 5, 4, 3), (4, 5, 4, 6, 3)]  # 0 to 3 hidden layers

every_kind = pytest.mark.parametrize(
    ("sizes", "activation", "cost"),
    [(s, a, c) for s in SHAPES for a in ACTIVATIONS for c in COSTS],
    ids=lambda value: str(len(value) - 2) if isinstance(value, tuple) else str(value),
)


# The same mathematics once more, slowly: lists of numbers, one example and one neuron at a time.

PLAIN: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "sigmoid": (lambda z: 1 / (1 + exp(-z)), lambda z: exp(-z) / (1 + exp(-z)) ** 2),
    "tanh": (lambda z: 2 / (1 + exp(-2 * z)) - 1, lambda z: 4 / (exp(z) + exp(-z)) ** 2),
    "relu": (lambda z: z if z > 0 else 0.0, lambda z: 1.0 if z > 0 else 0.0),
    "leaky_relu": (lambda z: z if z > 0 else LEAK * z, lambda z: 1.0 if z > 0 else LEAK),
}

Layers = list[Array]


def plain_gradient(network: Network, x: Array, y: Array) -> tuple[float, Layers, Layers]:
    """Cost of one example, and its derivatives by weights and by biases."""
    s, s_prime = PLAIN[network.activation]
    weights, biases = network.weights, network.biases
    activations, zs = [list(x)], []
    for w, b in zip(weights, biases, strict=True):
        z = [
            sum(w[j, k] * activations[-1][k] for k in range(w.shape[1])) + b[j]
            for j in range(w.shape[0])
        ]
        zs.append(z)
        activations.append([s(number) for number in z])
    outputs = len(y)
    if network.cost == "quadratic":
        a = [1 / (1 + exp(-z)) for z in zs[-1]]
        cost = sum((a[j] - y[j]) ** 2 for j in range(outputs))
        delta = [2 * (a[j] - y[j]) * PLAIN["sigmoid"][1](zs[-1][j]) for j in range(outputs)]
    else:
        total = sum(exp(z) for z in zs[-1])
        a = [exp(z) / total for z in zs[-1]]
        cost = -sum(y[j] * log(a[j]) for j in range(outputs))
        # dC/dz_i = sum_j (-y_j / a_j) a_j ([i = j] - a_i)
        delta = [sum(-y[j] * ((i == j) - a[i]) for j in range(outputs)) for i in range(outputs)]
    nabla_w, nabla_b = [np.zeros_like(w) for w in weights], [np.zeros_like(b) for b in biases]
    for layer in reversed(range(len(weights))):
        rows, columns = weights[layer].shape
        for j in range(rows):
            nabla_b[layer][j] = delta[j]
            for k in range(columns):
                nabla_w[layer][j, k] = delta[j] * activations[layer][k]
        if layer > 0:
            delta = [
                sum(weights[layer][j, k] * delta[j] for j in range(rows))
                * s_prime(zs[layer - 1][k])
                for k in range(columns)
            ]
    return cost, nabla_w, nabla_b


def assert_close(nabla: Network, weights: Layers, biases: Layers) -> None:
    for kind, computed, wanted in (
        ("weights", nabla.weights, weights),
        ("biases", nabla.biases, biases),
    ):
        for layer, (a, b) in enumerate(zip(computed, wanted, strict=True)):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15, err_msg=f"{kind}[{layer}]")


@every_kind
def test_backprop_matches_central_differences(
    sizes: tuple[int, ...], activation: str, cost: str
) -> None:
    problem = random_problem(sizes, activation, cost)
    assert all(w.any() for w in gradient(*problem).weights)  # no layer is dead
    check = check_gradient(*problem)
    assert check.error <= 1e-7, str(check)


@every_kind
def test_backprop_matches_a_plain_loop_over_examples(
    sizes: tuple[int, ...], activation: str, cost: str
) -> None:
    network, inputs, targets = problem = random_problem(sizes, activation, cost, seed=1)
    examples = inputs.shape[1]
    plain = [plain_gradient(network, inputs[:, i], targets[:, i]) for i in range(examples)]
    costs, by_weights, by_biases = zip(*plain, strict=True)
    assert cost_of(*problem) == pytest.approx(sum(costs) / examples, rel=1e-12)
    assert_close(
        gradient(*problem),
        [sum(layer) / examples for layer in zip(*by_weights, strict=True)],
        [sum(layer) / examples for layer in zip(*by_biases, strict=True)],
    )


def test_backprop_matches_a_network_worked_by_hand() -> None:
    # Two inputs, two hidden neurons, one output; sigmoids throughout. The biases are logarithms,
    # so that every activation is a fraction: 1 / (1 + exp(-ln q)) = q / (q + 1).
    network = Network((2, 2, 1), "sigmoid", "quadratic", np.zeros(9))
    network.weights[0][:] = [[0.5, -0.25], [1.0, -0.5]]
    network.biases[0][:] = [log(3), 0.0]
    network.weights[1][:] = [[2.0, -3.0]]
    network.biases[1][:] = [log(1.5)]
    x, y = np.array([[1.0], [2.0]]), np.array([[1.0]])
    # Forward. z1 = 0.5 * 1 - 0.25 * 2 + ln 3 = ln 3            a1 = 3/4
    #          z2 = 1   * 1 - 0.5  * 2 + 0    = 0               a2 = 1/2
    #          z  = 2 * 3/4 - 3 * 1/2 + ln 1.5 = ln 1.5         a  = 1.5 / 2.5 = 0.6
    #          C  = (0.6 - 1)^2 = 0.16
    assert feedforward(network, x)[0, 0] == pytest.approx(0.6, rel=1e-14)
    assert cost_of(network, x, y) == pytest.approx(0.16, rel=1e-14)
    # Backward. delta  = 2 (0.6 - 1) * 0.6 * 0.4 = -0.8 * 0.24 = -0.192
    #           dC/dw  = delta * (a1, a2) = (-0.144, -0.096)    dC/db = -0.192
    #           delta1 = (2 * -0.192) * 3/4 * 1/4 = -0.384 * 0.1875 = -0.072
    #           delta2 = (-3 * -0.192) * 1/2 * 1/2 = 0.576 * 0.25 = 0.144
    #           dC/dw  = (-0.072 * 1, -0.072 * 2) and (0.144 * 1, 0.144 * 2)
    assert_close(
        gradient(network, x, y),
        [np.array([[-0.072, -0.144], [0.144, 0.288]]), np.array([[-0.144, -0.096]])],
        [np.array([-0.072, 0.144]), np.array([-0.192])],
    )


@pytest.mark.parametrize(
    ("sizes", "examples"),
    [
        ((6, 5, 4), 9),
        # As large as in earnest; 24 neurons fill the registers of a processor evenly, 31 do not.
        ((784, 16, 10), 100),
        ((784, 24, 16, 10), 100),
        ((784, 31, 10), 100),
    ],
)
@pytest.mark.parametrize("cost", COSTS)
def test_the_mean_of_the_examples_gradients_is_the_gradient_of_the_batch(
    cost: str, sizes: tuple[int, ...], examples: int
) -> None:
    network, inputs, targets = problem = random_problem(sizes, cost=cost, examples=examples)
    alone = [
        gradient(network, inputs[:, [i]], targets[:, [i]]).parameters
        for i in range(inputs.shape[1])
    ]
    np.testing.assert_allclose(
        gradient(*problem).parameters, np.mean(alone, axis=0), rtol=1e-12, atol=1e-15
    )


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize("sizes", SHAPES)
def test_a_small_step_downhill_gains_learning_rate_times_the_gradient_squared(
    sizes: tuple[int, ...], cost: str
) -> None:
    network, inputs, targets = problem = random_problem(sizes, "sigmoid", cost, seed=2)
    start, cost_before = network.parameters.copy(), cost_of(*problem)
    slope = gradient(*problem).parameters
    steps = [1e-1, 1e-2, 1e-3, 1e-4]
    misses = []
    for step in steps:
        network.parameters[:] = start - step * slope
        gain = cost_before - cost_of(network, inputs, targets)
        misses.append(abs(gain / (step * slope @ slope) - 1))
    assert misses[-1] < 1e-3
    # To first order: a step ten times shorter misses the promise ten times less.
    for longer, shorter in pairwise(misses):
        assert shorter < longer / 5


@pytest.mark.parametrize("scale", [1.0, -0.3])
def test_backprop_gives_the_scaled_sum_of_the_gradients(scale: float) -> None:
    network, inputs, targets = problem = random_problem()
    work = Workspace(network, inputs.shape[1])
    work.activations[0][:], work.targets[:] = inputs, targets
    backpropagate(work, scale)
    expected = scale * inputs.shape[1] * gradient(*problem).parameters
    np.testing.assert_allclose(work.nabla.parameters, expected, rtol=1e-12, atol=1e-15)


def test_the_gradient_leaves_network_and_examples_as_they_were() -> None:
    problem = random_problem()
    before = problem.network.parameters.tobytes(), problem.inputs.tobytes()
    gradient(*problem)
    assert (problem.network.parameters.tobytes(), problem.inputs.tobytes()) == before


def test_float32_follows_float64() -> None:
    network, inputs, targets = exact = random_problem((20, 8, 5), cost="cross_entropy")
    rough = Problem(
        Network(network.sizes, "tanh", "cross_entropy", network.parameters.astype(np.float32)),
        inputs.astype(np.float32),
        targets.astype(np.float32),
    )
    nabla = gradient(*rough).parameters
    assert nabla.dtype == np.float32
    np.testing.assert_allclose(nabla, gradient(*exact).parameters, rtol=0, atol=1e-6)
