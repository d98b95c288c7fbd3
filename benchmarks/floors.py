"""What no contender can do without: a step's matrix products, in their quickest layouts."""

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from benchmarks.contenders import Contender, Task, seen
from nn.evaluation import AT_ONCE
from nn.functions import Array
from nn.kernels import aligned_zeros

Bound = Callable[[], object]  # a product with its factors, ready to be made


class Floor(Contender):
    """The matrix products of every step and nothing else, on one batch that stays in the cache.

    Those are W a and delta a^T of every layer, and W^T delta of all but the first: 8 for three
    layers of weights. Each is made in the layout that ``quickest`` finds for its shape. There is
    no bias, function, error or update, and no reading of images.
    """

    name = "floor: products"

    def __init__(self, task: Task) -> None:
        """Find the layouts, and bind every product to its factors."""
        super().__init__(task)
        first, *others = task.network().weights
        layers = [
            aligned(self.rng.random((n, task.batch_size), np.float32)) for n in task.sizes[1:]
        ]
        self.inner = [
            quickest(left, right)(right)
            for w, a, delta in zip(others, layers, layers[1:], strict=False)
            for left, right in ((w, a), (delta, a.T), (w.T, delta))
        ]
        forward, backward = quickest(first, self.buffer.T), quickest(layers[0], self.buffer)
        self.outer = [[forward(images.T), backward(images)] for images in self.batches()]

    @cached_property
    def buffer(self) -> Array:
        """One mini-batch, (B, n_0)."""
        return aligned(self.task.inputs[: self.task.batch_size])

    def batches(self) -> list[Array]:
        """Where mini-batches of images, (B, n_0), lie: here all in one buffer."""
        return [self.buffer]

    def epoch(self, steps: int | None = None) -> None:
        """Make the products of an epoch."""
        for _ in range(steps or self.task.steps):
            self.multiply(self.outer[0])

    def multiply(self, outer: list[Bound]) -> None:
        """Make the products of a step, of which ``outer`` are those with images."""
        for product in outer:
            product()
        for product in self.inner:
            product()

    def result(self) -> None:
        """Nothing is learned."""


class FloorInPlace(Floor):
    """The same on all images, kept as float32 in memory and read where they lie.

    Mini-batches are fixed, whatever the task says.
    """

    name = "floor with images from memory"

    def batches(self) -> list[Array]:
        """All mini-batches of the task's inputs."""
        return np.split(self.task.inputs, self.task.steps)

    def epoch(self, steps: int | None = None) -> None:
        """Make the products of an epoch, in a new order."""
        for place in self.rng.permutation(self.task.steps)[:steps].tolist():
            self.multiply(self.outer[place])


class FloorFetching(Floor):
    """The same after bringing each mini-batch from uint8 in memory into a float32 buffer.

    That is: a gather if the task is reshuffled, and a conversion. Nothing is scaled.
    """

    name = "floor with fetching"

    @cached_property
    def gathered(self) -> NDArray[np.uint8]:
        """The same as stored."""
        return aligned_zeros(self.buffer.shape, np.uint8)

    def epoch(self, steps: int | None = None) -> None:
        """Fetch, and make the products of an epoch."""
        stored = self.task.examples.stored
        for rows in self.task.rows(self.task.order(self.rng)[:steps]):
            if self.task.reshuffle:
                stored.take(rows, axis=0, out=self.gathered, mode="clip")
                np.copyto(self.buffer, self.gathered)
            else:
                np.copyto(self.buffer, stored[rows])
            self.multiply(self.outer[0])


class FloorAsRun(Floor):
    """The products of an epoch as ``stages.train`` runs it: those of its history too.

    The history sends samples of training and validation images forward, in batches as
    ``nn.evaluate`` does.
    """

    name = "floor with the history's products"

    def __init__(self, task: Task) -> None:
        """Bind the forward products of the history's two samples."""
        super().__init__(task)
        samples = task.examples.first(len(task.validation)), task.validation
        self.history = forward_products(task, [seen(sample) for sample in samples])

    def epoch(self, steps: int | None = None) -> None:
        """Make the products of an epoch, then those of its row in the history."""
        super().epoch(steps)
        for product in self.history:
            product()


def forward_products(task: Task, samples: Sequence[Array]) -> list[Bound]:
    """The products that evaluating samples of images, (N, n_0) each, takes, in batches."""
    first, *others = task.network().weights
    size = min(AT_ONCE, *(len(x) for x in samples))
    batches = [x[i : i + size].T for x in samples for i in range(0, len(x), size)]
    layers = [aligned_zeros((w.shape[1], size), np.float32) for w in others]
    inner = [quickest(w, a)(a) for w, a in zip(others, layers, strict=True)]
    make = quickest(first, batches[0])
    return [
        product
        for images in batches
        for product in (
            (make(images) if images.shape[1] == size else partial(np.dot, first, images)),
            *inner,
        )
    ]


def quickest(left: Array, right: Array) -> Callable[[Array], Bound]:
    """How to make the product of ``left``, (m, k), with any ``right``, (k, n), most quickly.

    Tried are the product and its transpose, with ``left`` in either order of memory; the best of
    many attempts counts. Every array begins where a line of the cache begins.
    """
    layouts = [
        partial(_bind, factor, aligned_zeros(shape, left.dtype), turned)
        for factor in (aligned(left), aligned(left.T).T)
        for turned, shape in (
            (False, (len(left), right.shape[1])),
            (True, (right.shape[1], len(left))),
        )
    ]
    return min(layouts, key=lambda layout: best_time(layout(right)))


def _bind(left: Array, out: Array, turned: bool, right: Array) -> Bound:  # noqa: FBT001
    return partial(np.dot, right.T, left.T, out) if turned else partial(np.dot, left, right, out)


def aligned(array: Array) -> Array:
    """A copy, row after row, that begins where a line of the cache begins."""
    copy = aligned_zeros(array.shape, array.dtype)
    copy[:] = array
    return copy


def best_time(do: Bound, attempts: int = 7, seconds: float = 0.001) -> float:
    """Seconds that one call takes, the shortest of several means over at least ``seconds``."""
    start = perf_counter()
    do()
    calls = 1 + int(seconds / (perf_counter() - start))
    times = []
    for _ in range(attempts):
        start = perf_counter()
        for _ in range(calls):
            do()
        times.append((perf_counter() - start) / calls)
    return min(times)
