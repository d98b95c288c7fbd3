"""The contenders of the benchmark do the same work, and a step of training allocates nothing."""

import tracemalloc

import numpy as np
import pytest

from benchmarks.contenders import (
    Contender,
    Ours,
    OursAsRun,
    OursStacked,
    PerExample,
    Task,
    Tutorial,
)
from benchmarks.floors import Floor, FloorAsRun, FloorFetching, FloorInPlace, quickest
from nn import SGD, Dataset, Network, Settings
from stages.common.images.preprocess import unit_scaling

PIXELS = 784
SIZES, BATCH = (PIXELS, 64, 64, 10), 1_000
SCRATCH = (
    3 * np.getbufsize() * 4
)  # bytes: a ufunc that casts works through chunks of so many values
VIEWS = 600  # bytes of a slice or a view, for each mini-batch of an epoch


def random_examples(count: int, *, standard: bool = False) -> Dataset:
    rng = np.random.default_rng(0)
    stored = rng.integers(256, size=(count, PIXELS), dtype=np.uint8)
    labels = rng.integers(10, size=count, dtype=np.uint8)
    scale, offset = unit_scaling()
    if standard:
        scale, offset = rng.random((2, PIXELS), np.float32) / 100
    return Dataset(stored, labels, scale, offset)


def small_task(*, reshuffle: bool) -> Task:
    examples = random_examples(200)
    return Task((PIXELS, 6, 5, 10), examples, examples.first(50), 10, reshuffle)


@pytest.mark.parametrize("reshuffle", [False, True])
@pytest.mark.parametrize("contender", [OursAsRun, OursStacked, Tutorial, PerExample])
def test_every_contender_ends_an_epoch_with_our_weights(
    contender: type[Contender], reshuffle: bool
) -> None:
    task = small_task(reshuffle=reshuffle)
    ours, theirs = Ours(task), contender(task)
    for _ in range(2):
        ours.epoch()
        theirs.epoch()
    assert theirs.result() == pytest.approx(ours.result(), abs=1e-5)
    assert np.abs(ours.result() - task.network().parameters).max() > 0.01


def test_contenders_visit_mini_batches_in_different_orders_each_epoch() -> None:
    task, rng = small_task(reshuffle=False), np.random.default_rng(0)
    first, second = task.order(rng), task.order(rng)
    assert sorted(first) == sorted(second) == list(range(0, 200, 10))
    assert first.tolist() != second.tolist()


@pytest.mark.parametrize("reshuffle", [False, True])
@pytest.mark.parametrize("floor", [Floor, FloorInPlace, FloorFetching, FloorAsRun])
def test_a_floor_makes_as_many_products_as_backpropagation(
    floor: type[Floor], reshuffle: bool
) -> None:
    contender = floor(small_task(reshuffle=reshuffle))
    assert all(len(outer) + len(contender.inner) == 3 + 3 + 2 for outer in contender.outer)
    contender.epoch()


@pytest.mark.parametrize("shape", [(16, 32, 8), (5, 7, 3), (10, 4, 8)])
def test_the_quickest_product_is_the_product(shape: tuple[int, int, int]) -> None:
    m, k, n = shape
    rng = np.random.default_rng(0)
    left, right, other = rng.random((m, k)), rng.random((k, n)), rng.random((k, n))
    made = np.asarray(quickest(left, right)(other)())
    expected = left @ other
    assert any(
        made.shape == whole.shape and np.allclose(made, whole) for whole in (expected, expected.T)
    )


@pytest.mark.parametrize("reshuffle", [False, True])
@pytest.mark.parametrize("standard", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_step_allocates_nothing_but_scratch(
    reshuffle: bool, standard: bool, momentum: float
) -> None:
    assert SCRATCH < 64 * PIXELS * 4 < 64 * BATCH * 4  # weights and activations would be seen
    short, long = (peak_of_an_epoch(n, reshuffle, standard, momentum) for n in (4, 12))
    rows = BATCH * np.dtype(np.intp).itemsize * reshuffle  # a mini-batch's share of the new order
    assert short < 4 * (rows + VIEWS) + SCRATCH
    assert long - short < 8 * (rows + VIEWS)


def peak_of_an_epoch(batches: int, reshuffle: bool, standard: bool, momentum: float) -> int:
    """Bytes held at the peak of one epoch beyond those before it, after a first epoch."""
    rng = np.random.default_rng(0)
    network = Network.random(SIZES, "sigmoid", "quadratic", rng=rng)
    settings = Settings(
        learning_rate=1,
        epochs=9,
        batch_size=BATCH,
        momentum=momentum,
        weight_decay=momentum / 1e4,
        reshuffle=reshuffle,
    )
    examples = random_examples(BATCH * batches, standard=standard)
    sgd = SGD(network, examples, settings, rng)
    sgd.epoch()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        sgd.epoch()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
