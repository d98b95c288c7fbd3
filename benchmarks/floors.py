"""What no contender can do without: a step's matrix products, each in its quickest form.

Three floors: the products alone, those after fetching the images, and those of the diary too.
"""

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from benchmarks.contenders import Contender, Task, seen
from nn.functions import Array
from nn.kernels import aligned_zeros

Bound = Callable[[], object]  # a product with its factors, ready to be made


class Floor(Contender):
    """The matrix products of every step and nothing else, on images kept as float32 in memory.

    Those are W a and delta a^T of every layer, and W^T delta of all but the first: 8 for three
    layers of weights. Each is made in the form that ``quickest`` finds for its shape. Images apart,
    their factors never change: there is no bias, function, error or update, and no fetching.
    """

    name = "floor: products"

    def __init__(self, task: Task) -> None:
        """Find the forms, and bind every product to its factors."""
        super().__init__(task)
        batch, weights = task.batch_size, task.network().weights
        layers = [aligned(self.rng.random((n, batch), np.float32)) for n in task.sizes[1:]]
        self.inner = [
            quickest(left, right)(right)
            for w, a, delta in zip(weights[1:], layers, layers[1:], strict=False)
            for left, right in ((w, a), (delta, a.T), (w.T, delta))
        ]
        image = self.images(0).T
        self.outer = [quickest(weights[0], image), quickest(layers[0], image.T)]
        self.by_start = self.bind()

    def images(self, start: int) -> Array:
        """The mini-batch, (B, n_0), whose first row is ``start``."""
        return self.task.inputs[start : start + self.task.batch_size]

    def bind(self) -> dict[int, list[Bound]]:
        """The first layer's two products, for every mini-batch: its images stay where they are."""
        forward, backward = self.outer
        return {
            start: [forward(self.images(start).T), backward(self.images(start))]
            for start in range(0, len(self.task.examples), self.task.batch_size)
        }

    def epoch(self, steps: int | None = None) -> None:
        """Make the products of an epoch; mini-batches are fixed whatever the task says."""
        starts = self.rng.permutation([*self.by_start])[:steps]
        for start in starts.tolist():
            for multiply in self.by_start[start]:
                multiply()
            for multiply in self.inner:
                multiply()

    def result(self) -> None:
        """Nothing is learned."""


class FloorFetching(Floor):
    """The same after bringing each mini-batch from uint8 in memory into a float32 buffer.

    That is: a gather if the task is reshuffled, and a conversion. Nothing is scaled.
    """

    name = "floor: fetching and products"

    def bind(self) -> dict[int, list[Bound]]:
        """The products of the buffer."""
        forward, backward = self.outer
        return {0: [forward(self.buffer.T), backward(self.buffer)]}

    def images(self, start: int) -> Array:
        """The buffer, whatever the start."""
        del start
        return self.buffer

    @cached_property
    def buffer(self) -> Array:
        """One mini-batch, (B, n_0)."""
        return aligned(self.task.inputs[: self.task.batch_size])

    @cached_property
    def gathered(self) -> NDArray[np.uint8]:
        """The same as stored."""
        return aligned_zeros(self.buffer.shape, np.uint8)

    def epoch(self, steps: int | None = None) -> None:
        """Fetch and make the products of an epoch."""
        stored, products = self.task.examples.stored, [*self.by_start[0], *self.inner]
        for rows in self.task.rows(self.task.order(self.rng)[:steps]):
            if self.task.reshuffle:
                stored.take(rows, axis=0, out=self.gathered, mode="clip")
                np.copyto(self.buffer, self.gathered)
            else:
                np.copyto(self.buffer, stored[rows])
            for multiply in products:
                multiply()


class FloorAsRun(Floor):
    """The products of an epoch as ``stages.train`` runs it: those of the diary too.

    The diary sends ten thousand images forward, in batches as ``nn.evaluate`` does.
    """

    name = "floor: products, the diary's too"

    def __init__(self, task: Task) -> None:
        """Bind the forward products of the diary's two samples."""
        super().__init__(task)
        samples = task.examples.first(len(task.validation)), task.validation
        self.diary = forward_products(task, [seen(sample) for sample in samples])

    def epoch(self, steps: int | None = None) -> None:
        """Make the products of an epoch, then those of its row in the diary."""
        super().epoch(steps)
        for multiply in self.diary:
            multiply()


def forward_products(task: Task, samples: Sequence[Array]) -> list[Bound]:
    """The products that evaluating samples of images, (N, n_0) each, takes, in batches."""
    size = task.batch_size
    first, *others = task.network().weights
    batches = [x[i : i + size].T for x in samples for i in range(0, len(x), size)]
    layers = [aligned_zeros((w.shape[1], size), np.float32) for w in others]
    inner = [quickest(w, a)(a) for w, a in zip(others, layers, strict=True)]
    make = quickest(first, batches[0])
    return [multiply for images in batches for multiply in (make(images), *inner)]


def quickest(left: Array, right: Array) -> Callable[[Array], Bound]:
    """How to make the product of ``left``, (m, k), with any ``right``, (k, n), most quickly.

    Tried are the product and its transpose, each whole, in 2 or 4 pieces of equally many rows, or
    in pieces of 4 or 8 rows, with ``left`` in either order of memory; the best of many attempts
    counts. Every array begins where a line of the cache begins.
    """
    forms = [
        partial(_bind, factor, turned, pieces)
        for factor in (aligned(left), aligned(left.T).T)
        for turned in (False, True)
        for rows in (right.shape[1] if turned else left.shape[0],)
        for pieces in sorted({1, 2, 4, rows // 8, rows // 4} - {0})
        if rows % pieces == 0
    ]
    return min(forms, key=lambda form: best_time(form(right)))


def aligned(array: Array) -> Array:
    """A copy, row after row, that begins where a line of the cache begins."""
    copy = aligned_zeros(array.shape, array.dtype)
    copy[:] = array
    return copy


def _bind(left: Array, turned: bool, pieces: int, right: Array) -> Bound:  # noqa: FBT001
    first, second = (right.T, left.T) if turned else (left, right)
    shape = (len(first), second.shape[1])
    if pieces == 1:
        return partial(np.dot, first, second, out=aligned_zeros(shape, left.dtype))
    first = first.reshape(pieces, -1, first.shape[1])
    return partial(
        np.matmul,
        first,
        second,
        out=aligned_zeros((pieces, shape[0] // pieces, shape[1]), left.dtype),
    )


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
