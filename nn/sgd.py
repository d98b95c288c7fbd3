"""Stochastic gradient descent: many small steps downhill, each from one mini-batch."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import cos, pi

import numpy as np

from nn.backprop import backpropagate
from nn.dataset import Dataset, Index, Transform, identity_transform
from nn.kernels import Workspace, zeros_like
from nn.network import Network

SCHEDULES: dict[str, Callable[[float], float]] = {
    # Share of the learning rate left after a share p, from 0 to 1, of all steps.
    "constant": lambda _p: 1.0,
    "linear": lambda p: 1.0 - p,
    "cosine": lambda p: (1.0 + cos(pi * p)) / 2.0,
    "step": lambda p: 1.0 if p < 0.5 else 0.1 if p < 0.75 else 0.01,
}


@dataclass(frozen=True)
class Settings:
    """How to descend; names and meanings are those of ``train`` in params.yaml."""

    learning_rate: float
    epochs: int
    batch_size: int
    schedule: str = "constant"
    momentum: float = 0.0
    weight_decay: float = 0.0
    reshuffle: bool = False
    full_batch: bool = False

    def __post_init__(self) -> None:
        """Refuse what no descent can be made with."""
        if self.epochs < 1 or self.batch_size < 1:
            raise ValueError(
                f"expected 1 or more epochs and examples in a batch, "
                f"got epochs {self.epochs}, batch_size {self.batch_size}"
            )
        if self.schedule not in SCHEDULES:
            raise ValueError(f"schedule: expected one of {[*SCHEDULES]}, got {self.schedule!r}")


def learning_rate_at(settings: Settings, progress: float) -> float:
    """Learning rate after a share ``progress``, from 0 to 1, of all steps."""
    return settings.learning_rate * SCHEDULES[settings.schedule](progress)


class SGD:
    """Descent of one network on one set of examples, an epoch at a time.

    All that the next epoch depends on is in ``network.parameters``, ``velocity``, ``epochs_done``
    and ``rng``. A stack of networks descends at once, on the same mini-batches.
    """

    def __init__(
        self,
        network: Network,
        examples: Dataset,
        settings: Settings,
        rng: np.random.Generator,
        transform: Transform = identity_transform,
    ) -> None:
        """Allocate everything that a step needs; ``network`` is trained in place.

        ``rng`` decides the order of the examples; ``transform`` brings each batch into place.
        """
        self.network, self.examples, self.settings, self.rng = network, examples, settings, rng
        self.transform = transform
        self.step = zeros_like(network)
        self.velocity = zeros_like(network).parameters
        self.epochs_done = 0
        self._weights = network.all_weights  # biases are not decayed
        self._work: dict[int, Workspace] = {}

    def epoch(self) -> None:
        """Visit every example once; raises nothing if the cost diverges, so look at it."""
        if self.settings.full_batch:
            self._full_batch_step()
        else:
            batches = list(self._batches())
            for done, rows in enumerate(batches):
                progress = (self.epochs_done + done / len(batches)) / self.settings.epochs
                learning_rate = learning_rate_at(self.settings, progress)
                work = self._load(rows)
                backpropagate(work, -learning_rate / work.batch)
                self._descend(learning_rate)
        self.epochs_done += 1

    def _batches(self) -> Iterator[Index]:
        """Rows of the mini-batches of one epoch, the last one smaller if need be.

        Either all examples in a new order, or the same mini-batches in a new order.
        """
        count, size = len(self.examples), self.settings.batch_size
        starts = range(0, count, size)
        if self.settings.reshuffle:
            order = self.rng.permutation(count)
            yield from (order[start : start + size] for start in starts)
        else:
            order = self.rng.permutation(starts).tolist()
            yield from (slice(start, min(start + size, count)) for start in order)

    def _load(self, rows: Index) -> Workspace:
        size = rows.stop - rows.start if isinstance(rows, slice) else len(rows)
        if size not in self._work:
            stored = self.examples.stored
            self._work[size] = Workspace(self.network, size, nabla=self.step, stored=stored)
        self.examples.load(rows, self._work[size], self.transform)
        return self._work[size]

    def _full_batch_step(self) -> None:
        """One step along the true gradient: the mean over all examples, at the same weights."""
        learning_rate = learning_rate_at(self.settings, self.epochs_done / self.settings.epochs)
        total = zeros_like(self.network).parameters
        for rows in self._batches():
            backpropagate(self._load(rows), -learning_rate / len(self.examples))
            total += self.step.parameters
        self.step.parameters[:] = total
        self._descend(learning_rate)

    def _descend(self, learning_rate: float) -> None:
        """Shrink the weights by learning_rate x weight_decay of themselves, then move by v.

        v = momentum v - learning_rate gradient; ``step`` holds the last product already. The
        decay stays outside v (Loshchilov and Hutter 2019); without momentum that is the same.
        """
        weights, parameters, step = self._weights, self.network.parameters, self.step.parameters
        if self.settings.weight_decay:
            kept = weights.dtype.type(1 - learning_rate * self.settings.weight_decay)
            np.multiply(weights, kept, weights)
        if self.settings.momentum:
            np.multiply(self.velocity, weights.dtype.type(self.settings.momentum), self.velocity)
            step = np.add(self.velocity, step, self.velocity)
        np.add(parameters, step, parameters)
