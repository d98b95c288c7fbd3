"""Descents that a claim makes step by step, to look at them or to step in another way."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from time import perf_counter

import numpy as np

from nn import SGD


class StepwiseSGD:
    """Walks down with ``sgd`` on its examples, all of which come once before any comes again.

    ``seconds`` is the time spent in walking, without the looks.
    """

    def __init__(self, sgd: SGD) -> None:
        """Begin where the network is; ``sgd.rng`` decides the order of the examples."""
        self.sgd, self.examples, self.seconds = sgd, sgd.examples, 0.0
        self._rows = self._endless()

    def _endless(self) -> Iterator[int]:
        while True:
            yield from self.sgd.rng.permutation(len(self.examples)).tolist()

    def train_on(self, images: int) -> None:
        """Learn from the next so many images, in mini-batches as the settings say."""
        rows = np.fromiter(islice(self._rows, images), np.intp, images)
        start = perf_counter()
        stored, labels = self.examples.stored[rows], self.examples.labels[rows]
        self.sgd.examples = replace(self.examples, stored=stored, labels=labels)
        with np.errstate(all="ignore"):  # a walk that is lost is seen in what it leads to
            self.sgd.epoch()
        self.seconds += perf_counter() - start


def mini_batches(
    count: int, batch_size: int, epochs: int, rng: np.random.Generator
) -> Iterator[tuple[slice, float]]:
    """Rows of whole mini-batches of ``count`` examples, in a new order in every epoch.

    With each comes the share of the first learning rate that is left: it falls to 0.
    """
    batch = min(batch_size, count)
    starts = range(0, count - batch + 1, batch)
    steps = epochs * len(starts)
    order = (int(start) for _ in range(epochs) for start in rng.permutation(starts))
    for done, start in enumerate(order):
        yield slice(start, start + batch), 1 - done / steps
