"""Contenders that do not learn: cost and accuracy of a network on all examples of a task."""

from abc import abstractmethod

import jax
import jax.numpy as jnp
import numpy as np
import torch

from benchmarks.contenders import Contender, Task
from benchmarks.floors import forward_products
from benchmarks.peers import cost_and_accuracy
from nn import evaluate
from nn.functions import Array


class Evaluating(Contender):
    """One way to find the mean cost and the share of right answers."""

    def __init__(self, task: Task) -> None:
        """Take the network before its first step."""
        super().__init__(task)
        self.network = task.network()
        self.found: tuple[float, float] = (0.0, 0.0)

    def epoch(self, steps: int | None = None) -> None:
        """Evaluate once."""
        del steps
        self.found = self.evaluate()

    @abstractmethod
    def evaluate(self) -> tuple[float, float]:
        """Cost and accuracy."""

    def result(self) -> Array | None:
        """What was found."""
        return np.array(self.found)


class OursEvaluating(Evaluating):
    """nn.evaluate, from memory-mapped uint8."""

    name = "downhill"

    def evaluate(self) -> tuple[float, float]:
        """Cost and accuracy."""
        return evaluate(self.network, self.task.examples)


class FloorEvaluating(Evaluating):
    """The forward products alone, on images kept as float32 in memory, in batches."""

    name = "floor: products"

    def __init__(self, task: Task) -> None:
        """Find the quickest forms."""
        super().__init__(task)
        self.products = forward_products(task, [task.inputs])

    def evaluate(self) -> tuple[float, float]:
        """Nothing is found."""
        for multiply in self.products:
            multiply()
        return 0.0, 0.0

    def result(self) -> None:
        """Nothing is found."""


class JaxEvaluating(Evaluating):
    """One compiled call on all images at once."""

    name = "JAX"

    def __init__(self, task: Task) -> None:
        """Compile at the first call."""
        super().__init__(task)
        layers = zip(self.network.weights, self.network.biases, strict=True)
        self.layers = [(jnp.array(w), jnp.array(b)) for w, b in layers]
        self.examples = jnp.array(task.inputs), jnp.array(task.targets)
        self.run = jax.jit(cost_and_accuracy)

    def evaluate(self) -> tuple[float, float]:
        """Cost and accuracy."""
        cost, accuracy = self.run(self.layers, *self.examples)
        return float(cost), float(accuracy)


class TorchEvaluating(Evaluating):
    """PyTorch's functions on all images at once, without gradients."""

    name = "PyTorch"

    def __init__(self, task: Task) -> None:
        """Make tensors."""
        super().__init__(task)
        layers = zip(self.network.weights, self.network.biases, strict=True)
        self.layers = [(torch.from_numpy(w), torch.from_numpy(b)) for w, b in layers]
        self.x, self.y = torch.from_numpy(task.inputs), torch.from_numpy(task.targets)

    def evaluate(self) -> tuple[float, float]:
        """Cost and accuracy."""
        torch.set_num_threads(1)
        a = self.x  # no tensor here wants a gradient, so none is prepared
        for w, b in self.layers:
            a = torch.addmm(b, a, w.t()).sigmoid_()
        right = (a.argmax(1) == self.y.argmax(1)).float().mean()
        return (a - self.y).square().sum(1).mean().item(), right.item()


EVALUATIONS: list[type[Contender]] = [
    OursEvaluating,
    FloorEvaluating,
    JaxEvaluating,
    TorchEvaluating,
]
