"""Contenders that do not learn: cost and accuracy of a network on all examples of a task."""

from abc import abstractmethod

import numpy as np

from benchmarks.contenders import Contender, Task
from benchmarks.floors import forward_products
from nn import evaluate
from nn.functions import Array


class Evaluating(Contender):
    """One way to find the mean cost and the share of right answers."""

    def __init__(self, task: Task) -> None:
        """Take the network before its first step."""
        super().__init__(task)
        self.network = task.network()
        self.scores: tuple[float, float] = (0.0, 0.0)

    def epoch(self, steps: int | None = None) -> None:
        """Evaluate once."""
        del steps
        self.scores = self.evaluate()

    @abstractmethod
    def evaluate(self) -> tuple[float, float]:
        """Cost and accuracy."""

    def result(self) -> Array | None:
        """What was found."""
        return np.array(self.scores)


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


EVALUATIONS: list[type[Contender]] = [OursEvaluating, FloorEvaluating]
