"""Arrays begin where a line of the cache begins, and so do the layers of a network."""

from types import MappingProxyType

import numpy as np
import pytest

from nn import SGD, Examples, Network, Settings
from nn.backprop import Workspace
from nn.memory import LINE, zeros

SHAPES = MappingProxyType({"scalar": (), "odd": (3, 7), "images": (100, 784)})


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("name", SHAPES)
def test_zeros_are_zeros_and_begin_a_line(name: str, dtype: type[np.generic]) -> None:
    kept = [zeros(SHAPES[name], dtype) for _ in range(20)]  # at twenty places in memory
    for array in kept:
        assert array.ctypes.data % LINE == 0
        assert array.shape == SHAPES[name]
        assert array.dtype == dtype
        assert not array.any()
        array[...] = 1  # ... and may be written without touching another


def test_what_a_step_multiplies_begins_a_line() -> None:
    network = Network.random((784, 16, 10), "tanh", "quadratic", rng=np.random.default_rng(0))
    examples = Examples(np.zeros((40, 784), np.uint8), np.zeros(40, np.uint8))
    sgd = SGD(network, examples, Settings(1.0, 1, 40), np.random.default_rng(0))
    work = Workspace(network, 100)
    arrays = [network.parameters, sgd.step.parameters, sgd.velocity, work.inputs, work.stored]
    for array in [*arrays, work.zs[0], work.deltas[0], work.activations[1], work.targets]:
        assert array.ctypes.data % LINE == 0
