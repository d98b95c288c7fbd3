"""What is timed without a framework: this project, and NumPy as others write it.

All of them do the same work: from the same first weights, the same mini-batches in the same order,
quadratic cost, sigmoid neurons, a constant learning rate, no momentum, no decay.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nn import SGD, Dataset, Network, Settings, stacked
from nn.functions import Array
from nn.kernels import aligned_zeros
from stages.common.models.history import History

Order = NDArray[np.intp]


@dataclass(frozen=True)
class Task:
    """One piece of work: which network learns which images, N of them, in which order.

    N is a multiple of ``batch_size``. ``reshuffle`` is that of ``nn.Settings``.
    """

    sizes: tuple[int, ...]
    examples: Dataset
    validation: Dataset
    batch_size: int = 100
    reshuffle: bool = False
    learning_rate: float = 1.0
    seed: int = 0

    @property
    def name(self) -> str:
        """The network's shape, the size of a mini-batch, and what the order leaves alone."""
        shape = "-".join(str(n) for n in self.sizes)
        order = "reshuffled" if self.reshuffle else "fixed"
        return f"{shape}, batch {self.batch_size}, {order}"

    @property
    def steps(self) -> int:
        """Mini-batches in an epoch."""
        return len(self.examples) // self.batch_size

    @cached_property
    def inputs(self) -> NDArray[np.float32]:
        """What the network sees, (N, n_0): four times the memory of the stored images."""
        return seen(self.examples)

    @cached_property
    def targets(self) -> NDArray[np.float32]:
        """1 for the true class, else 0: (N, n_L)."""
        return np.asarray(np.eye(self.sizes[-1], dtype=np.float32)[self.examples.labels])

    def network(self) -> Network:
        """The network before its first step, a new copy each time."""
        rng = np.random.default_rng(self.seed)
        return Network.random(self.sizes, "sigmoid", "quadratic", rng=rng, gain=2)

    def order(self, rng: np.random.Generator) -> Order:
        """One epoch as ``nn.SGD`` draws it: first rows, (steps,), or else rows, (steps, B)."""
        if self.reshuffle:
            return rng.permutation(len(self.examples)).reshape(-1, self.batch_size)
        return rng.permutation(np.arange(0, len(self.examples), self.batch_size))

    def rows(self, order: Order) -> Iterator[Any]:
        """What picks each mini-batch of an order from an array: a slice, or rows, (B,)."""
        if self.reshuffle:
            yield from order
        else:
            yield from (slice(start, start + self.batch_size) for start in order.tolist())


def seen(examples: Dataset) -> NDArray[np.float32]:
    """What the network sees of these examples, (N, n_0)."""
    inputs = aligned_zeros(examples.stored.shape, np.float32)
    np.multiply(examples.stored, np.asarray(examples.scale, np.float32), out=inputs)
    inputs += np.asarray(examples.offset, np.float32)
    return inputs


class Contender(ABC):
    """One way to do a task."""

    name: str
    timed_steps: int | None = None  # of an epoch, where a whole one would take too long
    networks = 1  # that learn in an epoch: its time is divided among them

    def __init__(self, task: Task) -> None:
        """Take the task; everything that can be prepared before the first epoch is."""
        self.task, self.rng = task, np.random.default_rng(task.seed)

    def epoch(self, steps: int | None = None) -> None:
        """Train for one epoch, or for its first steps."""
        for rows in self.task.rows(self.task.order(self.rng)[:steps]):
            self.step(rows)

    def step(self, rows: Any) -> None:
        """Learn from one mini-batch."""
        raise NotImplementedError

    @abstractmethod
    def result(self) -> Array | None:
        """What is compared: all weights, then all biases, as in ``nn.Network``, or None."""


class Ours(Contender):
    """nn.SGD alone."""

    name = "downhill, epoch alone"

    def __init__(self, task: Task) -> None:
        """Make everything that ``stages.train`` makes."""
        super().__init__(task)
        settings = Settings(
            task.learning_rate,
            epochs=1,
            batch_size=task.batch_size,
            reshuffle=task.reshuffle,
        )
        self.sgd = SGD(task.network(), task.examples, settings, self.rng)

    def epoch(self, steps: int | None = None) -> None:
        """Train for one epoch."""
        assert steps is None  # noqa: S101 - a whole epoch is quick
        self.sgd.epoch()

    def result(self) -> Array:
        """Those of the network."""
        return self.sgd.network.parameters


class OursAsRun(Ours):
    """An epoch as ``stages.train`` runs it: then cost and accuracy of two samples, a snapshot."""

    name = "downhill"

    def __init__(self, task: Task) -> None:
        """Measure the network before its first step."""
        super().__init__(task)
        self.history = History(self.sgd, task.examples, task.validation)

    def epoch(self, steps: int | None = None) -> None:
        """Train for one epoch and write it down."""
        super().epoch(steps)
        self.history.record()
        if not self.history.is_finite():
            raise ArithmeticError(f"{self.task.name}: the cost is not finite")


class OursTwoThreads(OursAsRun):
    """The same with ``train.threads`` 2."""

    name = "downhill, 2 threads"

    def epoch(self, steps: int | None = None) -> None:
        """Train for one epoch and write it down."""
        with threadpool_limits(2, "blas"):
            super().epoch(steps)


class OursStacked(Contender):
    """A stack of networks on the same mini-batches; the first is that of the task."""

    name = "downhill, 16 networks at once"
    networks = 16

    def __init__(self, task: Task) -> None:
        """Make the others from other seeds."""
        super().__init__(task)
        networks = [replace(task, seed=task.seed + i).network() for i in range(self.networks)]
        settings = Settings(
            task.learning_rate, epochs=1, batch_size=task.batch_size, reshuffle=task.reshuffle
        )
        self.sgd = SGD(stacked(networks), task.examples, settings, self.rng)

    def epoch(self, steps: int | None = None) -> None:
        """Train all for one epoch."""
        assert steps is None  # noqa: S101 - a whole epoch is quick
        self.sgd.epoch()

    def result(self) -> Array:
        """Those of the first network."""
        return np.asarray(self.sgd.network.parameters[0])


class Tutorial(Contender):
    """NumPy as most tutorials write it: float64, one example a row, a new array for everything."""

    name = "NumPy, tutorial"

    def __init__(self, task: Task) -> None:
        """Keep all images as float64."""
        super().__init__(task)
        self.inputs, self.targets = task.inputs.astype(float), task.targets.astype(float)
        network = task.network()
        self.weights = [w.T.astype(float) for w in network.weights]
        self.biases = [b.astype(float) for b in network.biases]

    def step(self, rows: Any) -> None:
        """One step, as the equations stand."""
        x, y = self.inputs[rows], self.targets[rows]
        activations = [x]
        for w, b in zip(self.weights, self.biases, strict=True):
            activations.append(1 / (1 + np.exp(-(activations[-1] @ w + b))))
        delta = 2 * (activations[-1] - y) * activations[-1] * (1 - activations[-1])
        for layer in reversed(range(len(self.weights))):
            a = activations[layer]
            nabla_w, nabla_b = a.T @ delta / len(x), delta.sum(axis=0) / len(x)
            if layer:
                delta = delta @ self.weights[layer].T * a * (1 - a)
            self.weights[layer] = self.weights[layer] - self.task.learning_rate * nabla_w
            self.biases[layer] = self.biases[layer] - self.task.learning_rate * nabla_b

    def result(self) -> Array:
        """All weights, then all biases."""
        return flat([w.T for w in self.weights], self.biases)


class PerExample(Contender):
    """The loop of Nielsen's book, chapter 1, from its equations: one example after the other."""

    name = "NumPy, one example at a time"
    timed_steps = 20

    def __init__(self, task: Task) -> None:
        """Keep every image as a column of float64."""
        super().__init__(task)
        self.inputs, self.targets = task.inputs.astype(float), task.targets.astype(float)
        network = task.network()
        self.weights = [w.astype(float) for w in network.weights]
        self.biases = [b.astype(float)[:, np.newaxis] for b in network.biases]

    def step(self, rows: Any) -> None:
        """Add up the gradients of all examples, then move."""
        nabla_w = [np.zeros(w.shape) for w in self.weights]
        nabla_b = [np.zeros(b.shape) for b in self.biases]
        x, y = self.inputs[rows], self.targets[rows]
        for column, target in zip(x[:, :, np.newaxis], y[:, :, np.newaxis], strict=True):
            of_w, of_b = self.gradient(column, target)
            nabla_w = [total + one for total, one in zip(nabla_w, of_w, strict=True)]
            nabla_b = [total + one for total, one in zip(nabla_b, of_b, strict=True)]
        rate = self.task.learning_rate / len(x)
        self.weights = [w - rate * g for w, g in zip(self.weights, nabla_w, strict=True)]
        self.biases = [b - rate * g for b, g in zip(self.biases, nabla_b, strict=True)]

    def gradient(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """dC/dw and dC/db of one example: x (n_0, 1), y (n_L, 1)."""
        zs, activations = [], [x]
        for w, b in zip(self.weights, self.biases, strict=True):
            zs.append(np.dot(w, activations[-1]) + b)
            activations.append(1 / (1 + np.exp(-zs[-1])))
        deltas: list[Array] = [2 * (activations[-1] - y) * sigmoid_prime(zs[-1])]
        for w, z in zip(reversed(self.weights), reversed(zs[:-1]), strict=False):
            deltas.insert(0, np.dot(w.T, deltas[0]) * sigmoid_prime(z))
        return [np.dot(d, a.T) for d, a in zip(deltas, activations, strict=False)], deltas

    def result(self) -> Array:
        """All weights, then all biases."""
        return flat(self.weights, self.biases)


def sigmoid_prime(z: Array) -> Array:
    """s'(z), which the book computes from z again."""
    s = 1 / (1 + np.exp(-z))
    return np.asarray(s * (1 - s))


def flat(weights: Iterable[Any], biases: Iterable[Any]) -> Array:
    """One vector, as ``nn.Network`` keeps it."""
    return np.concatenate([np.asarray(part).ravel() for part in (*weights, *biases)])
