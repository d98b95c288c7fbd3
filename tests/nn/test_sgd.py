"""Stochastic gradient descent visits what it should, in the order it should, as far as it should.

A network of one layer whose inputs are the rows of the identity matrix tells which example moved
it, and when: example i moves the weight from input i and no other.
"""

from dataclasses import replace
from itertools import pairwise
from math import cos, pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from nn import (
    SCHEDULES,
    SGD,
    Dataset,
    Network,
    Settings,
    evaluate,
    gradient,
    learning_rate_at,
    predict,
    stacked,
    unstacked,
)
from nn.functions import Array
from tests.conftest import random_problem

PLAIN = Settings(learning_rate=0.5, epochs=4, batch_size=4)
TINY = 1e-9  # a learning rate at which one step does not change the gradient of the next


def shares(settings: Settings, count: int, epochs: int, seed: int = 0) -> Array:
    """What each example contributed in each epoch, (epochs, count).

    One visit contributes the share of the learning rate left at that step, over the size of the
    mini-batch.
    """
    settings = replace(settings, learning_rate=TINY)
    network = Network((count, 1), "sigmoid", "quadratic", np.zeros(count + 1))
    examples = Dataset(np.eye(count, dtype=np.uint8), np.zeros(count, np.uint8))
    sgd = SGD(network, examples, settings, np.random.default_rng(seed))
    moved = [network.parameters[:count].copy()]
    for _ in range(epochs):
        sgd.epoch()
        moved.append(network.parameters[:count].copy())
    # One visit moves by -learning_rate dC/dz / B, where dC/dz = 2 (1/2 - 1) 1/4.
    return np.round(np.diff(moved, axis=0) / (TINY / 4), 5)


def labelled(network: Network, inputs: Array, targets: Array) -> Dataset:
    assert targets.shape[0] == network.sizes[-1]
    return Dataset(inputs.T.copy(), targets.argmax(axis=0))


def trained(
    settings: Settings, *, seed: int = 0, dtype: type[np.floating] = np.float64
) -> NDArray[np.floating]:
    """Parameters after all epochs of a small problem of ten examples."""
    network, inputs, targets = random_problem(examples=10)
    network = replace(network, parameters=network.parameters.astype(dtype))
    sgd = SGD(network, labelled(network, inputs, targets), settings, np.random.default_rng(seed))
    for _ in range(settings.epochs):
        sgd.epoch()
    return network.parameters


@hypothesis_settings(max_examples=50, deadline=None)
@given(st.integers(1, 12), st.integers(1, 14), st.booleans(), st.integers(0, 100))
def test_every_example_is_visited_exactly_once_in_every_epoch(
    count: int, batch_size: int, reshuffle: bool, seed: int
) -> None:
    settings = replace(PLAIN, batch_size=batch_size, reshuffle=reshuffle)
    full, rest = divmod(count, batch_size)
    once_each = [1 / batch_size] * full * batch_size + [1 / max(rest, 1)] * rest
    for epoch in shares(settings, count, epochs=3, seed=seed):
        assert sorted(epoch) == pytest.approx(sorted(once_each), abs=1e-4)


def steps(settings: Settings, count: int, epochs: int) -> list[list[int]]:
    """In which step of its epoch each example was visited, by a falling learning rate."""
    settings = replace(settings, schedule="linear", epochs=epochs)
    batches = -(-count // settings.batch_size)
    left = shares(settings, count, epochs) * settings.batch_size  # no smaller last batch here
    number = np.rint((1 - left) * batches * epochs).astype(int)  # of the step since the start
    return [list(row - batches * epoch) for epoch, row in enumerate(number)]


def test_without_reshuffling_batches_keep_their_members_and_change_their_order() -> None:
    epochs = steps(replace(PLAIN, reshuffle=False), count=20, epochs=6)
    for epoch in epochs:
        assert sorted(epoch[::4]) == [0, 1, 2, 3, 4]
        assert epoch == [step for step in epoch[::4] for _ in range(4)]
    assert len({tuple(epoch) for epoch in epochs}) > 1


def test_with_reshuffling_batches_change_their_members() -> None:
    epochs = steps(replace(PLAIN, reshuffle=True), count=20, epochs=6)
    for epoch in epochs:
        assert sorted(epoch) == [step for step in range(5) for _ in range(4)]
    members = [
        {tuple(i for i in range(20) if epoch[i] == step) for step in range(5)} for epoch in epochs
    ]
    assert all(one.isdisjoint(other) for one, other in pairwise(members))


@pytest.mark.parametrize(
    ("schedule", "begin", "middle", "late", "end"),
    [
        ("constant", 1, 1, 1, 1),
        ("linear", 1, 0.5, 0.25, 0),
        ("cosine", 1, 0.5, (1 - 0.5**0.5) / 2, 0),
        ("step", 1, 0.1, 0.01, 0.01),
    ],
)
def test_a_schedule_leaves_the_right_share_of_the_learning_rate(
    schedule: str, begin: float, middle: float, late: float, end: float
) -> None:
    settings = replace(PLAIN, learning_rate=3.0, schedule=schedule)
    rates = [learning_rate_at(settings, progress) for progress in (0, 0.5, 0.75, 1)]
    assert rates == pytest.approx([3 * begin, 3 * middle, 3 * late, 3 * end], abs=1e-15)


def test_every_schedule_is_tested_above() -> None:
    assert set(SCHEDULES) == {"constant", "linear", "cosine", "step"}


@pytest.mark.parametrize("full_batch", [False, True])
def test_the_schedule_is_that_of_the_settings_at_every_step(full_batch: bool) -> None:
    settings = replace(
        PLAIN, epochs=5, batch_size=2, schedule="cosine", reshuffle=True, full_batch=full_batch
    )
    drawn = shares(settings, count=6, epochs=5)
    if full_batch:
        expected = [[(1 + cos(pi * epoch / 5)) / 2 / 6] * 6 for epoch in range(5)]
    else:
        expected = [
            [(1 + cos(pi * (3 * epoch + step) / 15)) / 2 / 2 for step in (2, 2, 1, 1, 0, 0)]
            for epoch in range(5)
        ]
    assert np.sort(drawn, axis=1) == pytest.approx(np.array(expected), abs=1e-4)


@pytest.mark.parametrize("full_batch", [False, True])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize(("momentum", "weight_decay"), [(0, 0), (0.9, 0), (0, 0.1), (0.8, 0.05)])
def test_momentum_and_weight_decay_match_a_plain_loop(
    momentum: float, weight_decay: float, schedule: str, full_batch: bool
) -> None:
    settings = Settings(
        0.5, 6, 10, schedule, momentum, weight_decay, reshuffle=True, full_batch=full_batch
    )
    network, inputs, targets = random_problem(examples=10)  # one mini-batch holds them all
    p, v = network.parameters, np.zeros_like(network.parameters)
    is_weight = np.arange(p.size) < sum(w.size for w in network.weights)
    for epoch in range(6):
        rate = 0.5 * SCHEDULES[schedule](epoch / 6)
        v = momentum * v - rate * gradient(network, inputs, targets).parameters
        p[:] = np.where(is_weight, p - rate * weight_decay * p, p) + v
    np.testing.assert_allclose(trained(settings), p, rtol=1e-12, atol=1e-14)


def test_weight_decay_shrinks_weights_and_spares_biases() -> None:
    # No error: one output that is right about every example for certain has no slope at all.
    network = Network((1, 1), "sigmoid", "cross_entropy", np.array([2.0, 3.0]))
    examples = Dataset(np.ones((4, 1)), np.zeros(4, np.intp))
    settings = replace(PLAIN, weight_decay=0.1)
    SGD(network, examples, settings, np.random.default_rng(0)).epoch()
    assert network.parameters.tolist() == [2 * (1 - 0.5 * 0.1), 3]


@pytest.mark.parametrize("batch_size", [1, 4, 10, 100])
def test_a_full_batch_epoch_is_one_step_along_the_mean_gradient(batch_size: int) -> None:
    settings = Settings(0.5, epochs=1, batch_size=batch_size, full_batch=True)
    network, inputs, targets = random_problem(examples=10)
    expected = network.parameters - 0.5 * gradient(network, inputs, targets).parameters
    np.testing.assert_allclose(trained(settings), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("reshuffle", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_seed_decides_every_byte(dtype: type[np.floating], reshuffle: bool) -> None:
    settings = replace(PLAIN, momentum=0.5, reshuffle=reshuffle)
    first = trained(settings, seed=1, dtype=dtype)
    assert first.dtype == dtype
    assert first.tobytes() == trained(settings, seed=1, dtype=dtype).tobytes()
    assert first.tobytes() != trained(settings, seed=2, dtype=dtype).tobytes()


def test_float32_training_follows_float64() -> None:
    settings = replace(PLAIN, momentum=0.5, weight_decay=0.01)
    rough, exact = trained(settings, dtype=np.float32), trained(settings)
    np.testing.assert_allclose(rough, exact, rtol=0, atol=1e-5)


@pytest.mark.parametrize("full_batch", [False, True])
def test_a_learning_rate_of_0_leaves_every_bit_as_it_was(full_batch: bool) -> None:
    settings = replace(
        PLAIN, learning_rate=0, momentum=0.9, weight_decay=0.1, full_batch=full_batch
    )
    assert trained(settings).tobytes() == random_problem(examples=10).network.parameters.tobytes()


@pytest.mark.parametrize("reshuffle", [False, True])
@pytest.mark.parametrize("per_pixel", [False, True])
def test_bytes_with_scale_and_offset_train_as_the_numbers_they_stand_for(
    per_pixel: bool, reshuffle: bool
) -> None:
    rng = np.random.default_rng(0)
    stored, labels = rng.integers(256, size=(10, 5), dtype=np.uint8), np.arange(10) % 3
    shape = 5 if per_pixel else None
    scale, offset = rng.uniform(0.001, 0.01, shape), rng.normal(size=shape)
    compact = Dataset(stored, labels, np.float64(scale), np.float64(offset))
    plain = Dataset(scale * stored + offset, labels)
    settings = replace(PLAIN, reshuffle=reshuffle)
    results = []
    for examples in (compact, plain):
        network = random_problem().network
        SGD(network, examples, settings, np.random.default_rng(0)).epoch()
        results.append((network.parameters, *predict(network, examples)))
    for from_bytes, from_numbers in zip(*results, strict=True):
        np.testing.assert_allclose(from_bytes, from_numbers, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("standard", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, 16, 100])
@pytest.mark.parametrize(
    ("activation", "cost"), [("sigmoid", "quadratic"), ("leaky_relu", "cross_entropy")]
)
def test_networks_in_a_stack_learn_bit_for_bit_as_each_would_alone(
    activation: str, cost: str, batch_size: int, standard: bool
) -> None:
    rng = np.random.default_rng(0)
    stored, labels = rng.integers(256, size=(300, 784), dtype=np.uint8), rng.integers(10, size=300)
    scale, offset = rng.random((2, 784), np.float32) / 255 if standard else (1 / 255, 0)
    examples = Dataset(stored, labels, scale, offset)
    settings = replace(
        PLAIN,
        learning_rate=min(0.5, 0.01 * batch_size),  # or the smallest batches diverge
        batch_size=batch_size,
        momentum=0.5,
        weight_decay=0.01,
        reshuffle=True,
    )
    alone = [
        Network.random((784, 16, 16, 10), activation, cost, rng=np.random.default_rng(seed))
        for seed in range(3)
    ]
    together = stacked(alone)
    for network in (*alone, together):
        sgd = SGD(network, examples, settings, np.random.default_rng(1))
        sgd.epoch()
        sgd.epoch()
    for one, other in zip(alone, unstacked(together), strict=True):
        assert one.parameters.tobytes() == other.parameters.tobytes()


@pytest.mark.parametrize("classes", [2, 256, 300])
def test_every_class_is_told_apart_however_many_there_are(classes: int) -> None:
    # Without weights all outputs are 1/2, and the bias of the true class alone rises.
    network = Network((1, classes), "sigmoid", "quadratic", np.zeros(2 * classes))
    examples = Dataset(np.zeros((1, 1), np.uint8), np.array([classes - 1]))
    SGD(network, examples, PLAIN, np.random.default_rng(0)).epoch()
    assert np.flatnonzero(network.biases[0] > 0).tolist() == [classes - 1]


XOR = Dataset(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.uint8), np.array([0, 1, 1, 0]), 2, -1)


@pytest.mark.parametrize("reshuffle", [False, True])
@pytest.mark.parametrize("cost", ["quadratic", "cross_entropy"])
def test_training_learns_exclusive_or(cost: str, reshuffle: bool) -> None:
    rng = np.random.default_rng(3)
    network = Network.random((2, 8, 2), "tanh", cost, rng=rng)
    cost_before, _ = evaluate(network, XOR)
    settings = Settings(0.5, epochs=200, batch_size=2, momentum=0.5, reshuffle=reshuffle)
    sgd = SGD(network, XOR, settings, rng)
    for _ in range(200):
        sgd.epoch()
    cost_after, accuracy = evaluate(network, XOR)
    assert accuracy == 1
    assert cost_after < 0.05 * cost_before
    assert sgd.epochs_done == 200


def test_no_single_layer_can_learn_exclusive_or() -> None:
    rng = np.random.default_rng(3)
    network = Network.random((2, 2), "tanh", "cross_entropy", rng=rng)
    sgd = SGD(network, XOR, Settings(0.5, epochs=200, batch_size=2), rng)
    for _ in range(200):
        sgd.epoch()
    assert evaluate(network, XOR)[1] < 1
