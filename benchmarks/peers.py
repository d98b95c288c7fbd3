"""The frameworks, each as quick as it could be made on a processor without a GPU.

All images and targets are handed over once, as float32, before any time is taken.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch
from sklearn import config_context
from sklearn.neural_network import MLPClassifier

from benchmarks.contenders import Contender, Task, flat, seen
from benchmarks.evaluation import Evaluating
from nn.functions import Array


class Jax(Contender):
    """One compiled call for an epoch: ``lax.scan`` over the steps, parameters donated."""

    name = "JAX, one scan an epoch"
    unroll = 1

    def __init__(self, task: Task) -> None:
        """Compile at the first epoch."""
        super().__init__(task)
        network = task.network()
        self.layers = [
            (jnp.array(w), jnp.array(b))
            for w, b in zip(network.weights, network.biases, strict=True)
        ]
        self.inputs, self.targets = jnp.array(task.inputs), jnp.array(task.targets)
        self.run = jax.jit(partial(_scan, task, self.unroll), donate_argnums=0)

    def epoch(self, steps: int | None = None) -> None:
        """Train for one epoch and wait for its end."""
        order = self.task.order(self.rng)[:steps].astype(np.int32)
        self.layers = jax.block_until_ready(self.run(self.layers, order, self.inputs, self.targets))

    def result(self) -> Array:
        """All weights, then all biases."""
        return flat([w for w, _ in self.layers], [b for _, b in self.layers])


class JaxUnrolled(Jax):
    """The same with four steps in each turn of the loop."""

    name = "JAX, one scan an epoch, 4 steps a turn"
    unroll = 4


class JaxAsRun(JaxUnrolled):
    """... and then what ``stages.train`` writes down: cost and accuracy of two samples, a copy."""

    name = "JAX, 4 steps a turn, with our history"

    def __init__(self, task: Task) -> None:
        """Hand the two samples over."""
        super().__init__(task)
        count = len(task.validation)
        outputs = np.eye(task.sizes[-1], dtype=np.float32)
        self.samples = [
            (jnp.array(seen(sample)), jnp.array(outputs[sample.labels]))
            for sample in (task.examples.first(count), task.validation)
        ]
        self.measure = jax.jit(cost_and_accuracy)

    def epoch(self, steps: int | None = None) -> None:
        """Train for one epoch and write it down."""
        super().epoch(steps)
        measured = [self.measure(self.layers, *sample) for sample in self.samples]
        self.row = [float(number) for pair in measured for number in pair]
        self.snapshot = self.result()


def cost_and_accuracy(layers: Any, x: Any, y: Any) -> Any:
    """Mean cost and share of right answers, for inputs (N, n_0) and targets (N, n_L)."""
    for w, b in layers:
        x = jax.nn.sigmoid(x @ w.T + b)
    right = x.argmax(axis=1) == y.argmax(axis=1)
    return jnp.square(x - y).sum(axis=1).mean(), right.mean()


def _scan(task: Task, unroll: int, layers: Any, order: Any, inputs: Any, targets: Any) -> Any:
    def cost(layers: Any, x: Any, y: Any) -> Any:
        for w, b in layers:
            x = jax.nn.sigmoid(x @ w.T + b)
        return jnp.square(x - y).sum() / task.batch_size

    def pick(array: Any, place: Any) -> Any:
        if task.reshuffle:
            return jnp.take(array, place, axis=0, mode="clip")
        return jax.lax.dynamic_slice_in_dim(array, place, task.batch_size)

    def step(layers: Any, place: Any) -> Any:
        nabla = jax.grad(cost)(layers, pick(inputs, place), pick(targets, place))
        return jax.tree.map(lambda p, g: p - task.learning_rate * g, layers, nabla), None

    return jax.lax.scan(step, layers, order, unroll=unroll)[0]


class Torch(Contender):
    """PyTorch as its manual teaches: modules, autograd, and the SGD that is one kernel."""

    name = "PyTorch eager, fused SGD"
    threads = 1

    def __init__(self, task: Task) -> None:
        """Make tensors that share the task's memory."""
        super().__init__(task)
        self.inputs, self.targets = torch.from_numpy(task.inputs), torch.from_numpy(task.targets)
        network = task.network()
        self.weights = [torch.from_numpy(w.copy()) for w in network.weights]
        self.biases = [torch.from_numpy(b.copy()) for b in network.biases]
        self.prepare()

    def prepare(self) -> None:
        """Build the modules on these parameters."""
        modules: list[Any] = []
        for w, b in zip(self.weights, self.biases, strict=True):
            linear = torch.nn.Linear(w.shape[1], w.shape[0])
            linear.weight, linear.bias = torch.nn.Parameter(w), torch.nn.Parameter(b)
            modules += [linear, torch.nn.Sigmoid()]
        self.model = torch.nn.Sequential(*modules)
        self.optimizer = torch.optim.SGD(
            self.model.parameters(), self.task.learning_rate, fused=True
        )

    def epoch(self, steps: int | None = None) -> None:
        """Train with this contender's number of threads."""
        torch.set_num_threads(self.threads)
        order = self.task.order(self.rng)[:steps]
        rows = map(torch.from_numpy, order) if self.task.reshuffle else self.task.rows(order)
        self.learn(rows)

    def learn(self, rows: Any) -> None:
        """Learn from mini-batch after mini-batch."""
        for batch in rows:
            self.step(batch)

    def step(self, rows: Any) -> None:
        """One step of the optimizer."""
        self.optimizer.zero_grad()
        difference = self.model(self.inputs[rows]) - self.targets[rows]
        (difference.square().sum() / self.task.batch_size).backward()
        self.optimizer.step()

    def result(self) -> Array:
        """All weights, then all biases."""
        return flat(self.weights, self.biases)


class TorchTwoThreads(Torch):
    """The same with two threads."""

    name = "PyTorch eager, fused SGD, 2 threads"
    threads = 2


class TorchByHand(Torch):
    """The equations written with PyTorch's functions and ``out=``: no autograd, no new tensors."""

    name = "PyTorch, step by hand"

    def prepare(self) -> None:
        """Allocate what a step needs."""
        batch = self.task.batch_size
        self.batch = torch.empty(batch, self.task.sizes[0])
        self.wanted = torch.empty(batch, self.task.sizes[-1])
        self.layers = [torch.empty(batch, n) for n in self.task.sizes[1:]]
        self.slopes, self.deltas = ([torch.empty_like(a) for a in self.layers] for _ in range(2))

    def step(self, rows: Any) -> None:
        """Forward, backward, update."""
        if self.task.reshuffle:
            torch.index_select(self.inputs, 0, rows, out=self.batch)
            torch.index_select(self.targets, 0, rows, out=self.wanted)
            x, y = self.batch, self.wanted
        else:
            x, y = self.inputs[rows], self.targets[rows]
        below = [x, *self.layers]
        for w, b, a, out in zip(self.weights, self.biases, below, self.layers, strict=False):
            torch.addmm(b, a, w.t(), out=out).sigmoid_()
        torch.sub(self.layers[-1], y, out=self.deltas[-1]).mul_(2)
        scale = -self.task.learning_rate / len(x)
        for layer in reversed(range(len(self.weights))):
            delta, a, slope = self.deltas[layer], self.layers[layer], self.slopes[layer]
            torch.mul(a, a, out=slope)
            delta.mul_(torch.sub(a, slope, out=slope))
            if layer:
                torch.mm(delta, self.weights[layer], out=self.deltas[layer - 1])
            self.weights[layer].addmm_(delta.t(), below[layer], alpha=scale)
            self.biases[layer].add_(delta.sum(0), alpha=scale)


class TorchCompiled(Torch):
    """``torch.compile`` of a whole step, with its gradient; C++ around the kernels too."""

    name = "torch.compile, one step"
    at_once = 1

    def prepare(self) -> None:
        """Compile at the first step."""
        scale = -self.task.learning_rate / self.task.batch_size

        def steps(weights: Any, biases: Any, inputs: Any, targets: Any) -> None:
            for x, y in zip(inputs, targets, strict=True):
                _step(scale, weights, biases, x, y)

        # What torch 2.13 tunes is wrong with AVX2; what it does not tune overwrites memory with
        # AVX-512. The other combinations are slower.
        tune = torch.backends.cpu.get_cpu_capability() != "AVX2"
        options = {"cpp_wrapper": True, "max_autotune": tune}
        self.compiled = torch.compile(steps, dynamic=False, options=options)

    def learn(self, rows: Any) -> None:
        """Give the compiled function ``at_once`` mini-batches at a time."""
        rows = [*rows]
        with torch.no_grad():
            for start in range(0, len(rows), self.at_once):
                group = rows[start : start + self.at_once]
                inputs = [self.inputs[batch] for batch in group]
                targets = [self.targets[batch] for batch in group]
                self.compiled(self.weights, self.biases, inputs, targets)


class TorchCompiledTen(TorchCompiled):
    """Ten steps compiled as one function: a tenth of the calls."""

    name = "torch.compile, ten steps"
    at_once = 10


def _step(scale: float, weights: Any, biases: Any, x: Any, y: Any) -> None:
    activations = [x]
    for w, b in zip(weights, biases, strict=True):
        activations.append(torch.sigmoid(torch.addmm(b, activations[-1], w.t())))
    a = activations[-1]
    # Not add_(..., alpha=scale) below: compiled by torch 2.13 that forgets alpha.
    delta = 2 * scale * (a - y) * a * (1 - a)
    for layer in reversed(range(len(weights))):
        a, error = activations[layer], delta
        if layer:
            delta = (error @ weights[layer]) * a * (1 - a)
        weights[layer].add_(error.t() @ a)
        biases[layer].add_(error.sum(0))


class ScikitLearn(Contender):
    """MLPClassifier with the same shape, batch and solver.

    It differs in three ways: its outputs are softmax with cross-entropy (it offers nothing else
    for classes), it draws its own weights and order, and it checks and encodes its input anew for
    each epoch, with the check for finite values turned off here.
    """

    name = "scikit-learn MLPClassifier"

    def __init__(self, task: Task) -> None:
        """Make the classifier."""
        super().__init__(task)
        self.inputs, self.labels = task.inputs, np.asarray(task.examples.labels)
        self.classes = np.arange(task.sizes[-1])
        self.classifier = MLPClassifier(
            task.sizes[1:-1],
            activation="logistic",
            solver="sgd",
            alpha=0,
            batch_size=task.batch_size,
            learning_rate_init=0.1,
            momentum=0,
            nesterovs_momentum=False,
            shuffle=task.reshuffle,
            random_state=0,
        )

    def epoch(self, steps: int | None = None) -> None:
        """Train for one epoch, or on the first images of it."""
        count = None if steps is None else steps * self.task.batch_size
        with config_context(assume_finite=True):
            images, labels = self.inputs[:count], self.labels[:count]
            self.classifier.partial_fit(images, labels, classes=self.classes)

    def result(self) -> None:
        """Its weights are its own."""


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


FEW: list[type[Contender]] = [Jax, JaxUnrolled, JaxAsRun, TorchByHand]
PEERS: list[type[Contender]] = [
    *FEW,
    Torch,
    TorchTwoThreads,
    TorchCompiled,
    TorchCompiledTen,
    ScikitLearn,
]
EVALUATIONS: list[type[Contender]] = [JaxEvaluating, TorchEvaluating]
