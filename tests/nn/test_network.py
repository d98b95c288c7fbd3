"""A network has the parameters that its shape asks for, and starts as its initializer says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn import INITIALIZERS, Network, layers_of, parameter_count

LECTURES = (784, 16, 16, 10)


def start(
    sizes: tuple[int, ...] = LECTURES,
    initializer: str = "lecun",
    gain: float = 1.0,
    dtype: type[np.floating] = np.float32,
    seed: int = 0,
) -> Network:
    return Network.random(
        sizes,
        "sigmoid",
        "quadratic",
        rng=np.random.default_rng(seed),
        initializer=initializer,
        gain=gain,
        dtype=dtype,
    )


def test_the_network_of_the_lectures_has_exactly_13_002_parameters() -> None:
    network = start()
    assert [w.size for w in network.weights] == [12_544, 256, 160]
    assert [b.size for b in network.biases] == [16, 16, 10]
    assert network.parameters.size == parameter_count(LECTURES) == 13_002


@given(st.lists(st.integers(1, 6), min_size=2, max_size=5))
def test_weights_and_biases_cover_the_parameters_once_each(sizes: list[int]) -> None:
    vector = np.arange(parameter_count(sizes), dtype=np.float64)
    weights, biases = layers_of(vector, sizes)
    assert [w.shape for w in weights] == list(zip(sizes[1:], sizes, strict=False))
    assert [b.shape for b in biases] == [(n,) for n in sizes[1:]]
    laid_end_to_end = np.concatenate([array.ravel() for array in (*weights, *biases)])
    assert laid_end_to_end.tolist() == vector.tolist()


def test_weights_and_biases_are_views_of_the_parameters() -> None:
    network = start((3, 2, 2))
    network.parameters[:] = 7
    assert all((array == 7).all() for array in (*network.weights, *network.biases))
    network.weights[1][0, 1] = network.biases[0][1] = -1
    assert (network.parameters == -1).nonzero()[0].tolist() == [7, 11]  # 6 + 1, and 6 + 4 + 1


@pytest.mark.parametrize(
    ("initializer", "deviation"),
    [
        ("lecun", (1 / 200) ** 0.5),
        ("xavier", (2 / (200 + 300)) ** 0.5),
        ("he", (2 / 200) ** 0.5),
        ("unit", 1.0),
    ],
)
def test_first_weights_have_the_deviation_of_their_initializer_times_the_gain(
    initializer: str, deviation: float
) -> None:
    network = start((200, 300), initializer, gain=3)
    weights = network.weights[0]
    assert weights.std() == pytest.approx(3 * deviation, rel=0.02)
    assert abs(weights.mean()) < 0.02 * 3 * deviation
    assert not network.biases[0].any()


def test_every_initializer_is_tested_above() -> None:
    assert set(INITIALIZERS) == {"lecun", "xavier", "he", "unit"}


def test_float32_and_float64_start_alike() -> None:
    rough, exact = start(dtype=np.float32), start(dtype=np.float64)
    assert rough.parameters.tobytes() == exact.parameters.astype(np.float32).tobytes()


def test_the_seed_decides_the_start() -> None:
    assert start(seed=1).parameters.tobytes() == start(seed=1).parameters.tobytes()
    assert start(seed=1).parameters.tobytes() != start(seed=2).parameters.tobytes()


@pytest.mark.parametrize(
    ("sizes", "activation", "cost", "count", "complaint"),
    [
        ((3,), "tanh", "quadratic", 0, "sizes: expected 2 or more layers"),
        ((), "tanh", "quadratic", 0, "sizes: expected 2 or more layers"),
        ((3, 0, 2), "tanh", "quadratic", 2, "sizes: expected 2 or more layers"),
        ((3, 2), "softplus", "quadratic", 8, "activation: .*'leaky_relu'.* got 'softplus'"),
        ((3, 2), "tanh", "hinge", 8, "cost: .*'cross_entropy'.* got 'hinge'"),
        ((3, 2), "tanh", "quadratic", 7, r"parameters: expected shape \(8,\), got \(7,\)"),
    ],
)
def test_what_is_no_network_is_refused(
    sizes: tuple[int, ...], activation: str, cost: str, count: int, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Network(sizes, activation, cost, np.zeros(count))
