"""Buffers begin where a line of the cache begins, and what is computed in them is the mathematics.

The oracle is backpropagation as one would write it down: a new array for everything, and ``@``.
"""

from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pytest

from nn import ACTIVATIONS, COSTS, SGD, Dataset, Network, Settings, backpropagate, stacked
from nn.functions import Array
from nn.kernels import LINE, Workspace, aligned_zeros, zeros_like
from tests.conftest import random_problem

SHAPES = MappingProxyType({"scalar": (), "odd": (3, 7), "images": (100, 784)})
# Fewer neurons than examples and more of them, no hidden layer, and layers and batches of one.
NETWORKS = [
    ((20, 4, 3), 9),
    ((20, 9, 3), 9),
    ((20, 12, 5, 3), 9),
    ((20, 3), 9),
    ((1, 1, 1), 1),
    ((784, 16, 16, 10), 100),
    ((784, 128, 64, 10), 100),
]


class Passes(NamedTuple):
    """What both passes leave behind."""

    activations: list[Array]
    deltas: list[Array]
    weights: list[Array]
    biases: list[Array]


def plain_passes(network: Network, inputs: Array, targets: Array) -> Passes:
    """Both passes without a workspace; gradients are added up over the columns."""
    last = len(network.weights) - 1
    function, derivative = ACTIVATIONS[network.activation]
    zs: list[Array] = []
    activations = [inputs]
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        zs.append(w @ activations[-1] + b[:, np.newaxis])
        activations.append(np.empty_like(zs[-1]))
        apply = COSTS[network.cost].output if layer == last else function
        apply(zs[-1], activations[-1])
    deltas: list[Array] = [np.empty_like(z) for z in zs]
    scratch = np.empty_like(zs[-1])
    COSTS[network.cost].error(activations[-1], targets, 1.0, scratch, deltas[-1])
    for layer in reversed(range(last)):
        slope = np.empty_like(zs[layer])
        derivative(activations[layer + 1], slope)
        deltas[layer] = network.weights[layer + 1].T @ deltas[layer + 1] * slope
    weights: list[Array] = [d @ a.T for d, a in zip(deltas, activations, strict=False)]
    biases: list[Array] = [d.sum(axis=1) for d in deltas]
    return Passes(activations, deltas, weights, biases)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("name", SHAPES)
def test_zeros_are_zeros_and_begin_a_line(name: str, dtype: type[np.generic]) -> None:
    kept = [aligned_zeros(SHAPES[name], dtype) for _ in range(20)]  # at twenty places in memory
    for array in kept:
        assert array.ctypes.data % LINE == 0
        assert array.shape == SHAPES[name]
        assert array.dtype == dtype
        assert not array.any()
        array[...] = 1  # ... and may be written without touching another


def test_what_a_step_writes_begins_a_line() -> None:
    network = Network.random((784, 16, 10), "tanh", "quadratic", rng=np.random.default_rng(0))
    examples = Dataset(np.zeros((40, 784), np.uint8), np.zeros(40, np.uint8))
    sgd = SGD(network, examples, Settings(1.0, 1, 40), np.random.default_rng(0))
    work = Workspace(network, 100, stored=examples.stored)
    arrays = [sgd.step.parameters, sgd.velocity, work.inputs, work.gathered, work.products[0].T]
    for array in [*arrays, work.zs[0], work.deltas[0], work.activations[1], work.targets]:
        assert array.ctypes.data % LINE == 0


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-4)])
@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(("sizes", "batch"), NETWORKS)
def test_a_workspace_holds_what_the_plain_loop_computes(
    sizes: tuple[int, ...], batch: int, cost: str, dtype: type[np.floating], tolerance: float
) -> None:
    work = None
    for seed in range(2):  # what one batch leaves behind does not reach the next
        problem = random_problem(sizes, "sigmoid", cost, examples=batch, seed=seed)
        network = Network(sizes, "sigmoid", cost, problem.network.parameters.astype(dtype))
        inputs, targets = problem.inputs.astype(dtype), problem.targets.astype(dtype)
        expected = plain_passes(network, inputs, targets)
        if work is None:
            work = Workspace(network, batch)
        work.network.parameters[:] = network.parameters
        work.activations[0][:], work.targets[:] = inputs, targets
        backpropagate(work, scale=1.0)
        nabla = work.nabla
        computed = Passes(work.activations, work.deltas, nabla.weights, nabla.biases)
        for kind in Passes._fields:
            for a, b in zip(getattr(computed, kind), getattr(expected, kind), strict=True):
                scale = np.abs(b).max()
                np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * scale, err_msg=kind)


@pytest.mark.parametrize(("neurons", "transposed"), [(16, True), (100, False), (128, False)])
def test_the_first_product_lies_transposed_if_it_has_few_rows(
    neurons: int, *, transposed: bool
) -> None:
    network = Network.random((784, neurons, 10), "tanh", "quadratic", rng=np.random.default_rng(0))
    for work in (Workspace(network, 100), Workspace(stacked([network] * 2), 100)):
        assert (work.products[0] is not work.zs[0]) is transposed
        assert work.products[0].shape == work.zs[0].shape
        assert work.products[1] is work.zs[1]


def test_zeros_like_a_network_leave_it_alone() -> None:
    network = random_problem().network
    before = network.parameters.copy()
    room = zeros_like(network)
    assert not room.parameters.any()
    room.weights[0][:] = 1
    assert network.parameters.tolist() == before.tolist()
