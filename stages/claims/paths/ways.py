"""Six ways down: from one start, over the same images, with what is written down on each."""

from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from nn import SGD, Dataset, Network, Settings, evaluate, gradient_over
from stages.claims.shared.stepwise import StepwiseSGD
from stages.common.files.arrays import Floats
from stages.common.models.recipe import Recipe, class_count

SCIPY = {"L-BFGS": "L-BFGS-B", "conjugate gradient": "CG"}  # what SciPy calls them
AT_ONCE = 100  # images that go through the network together when all of them are asked
LAST = 50  # steps at the end of every path that are looked at one by one


class Task(NamedTuple):
    """What is the same for all six: the images, the start, and how far to go."""

    examples: Dataset
    hidden: tuple[int, ...]
    passes: int
    passes_factor: int
    seed: int

    def start(self, settings: Settings) -> SGD:
        """The network before its first step."""
        classes = class_count(self.examples)
        return Recipe(self.hidden, settings).start(self.examples, classes, self.seed)


@dataclass
class Trail:
    """What is written down at every look: steps so far, images asked, cost of all, and place."""

    steps: list[int] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    places: list[Floats] = field(default_factory=list)
    seconds: float = 0.0  # spent on the way, without the looks

    def note(self, network: Network, examples: Dataset, steps: int, images: int) -> None:
        """Look at the network as it is now; one that is lost, without a finite cost, is not."""
        cost = evaluate(network, examples)[0]
        if np.isfinite(cost):
            self.steps.append(steps)
            self.images.append(images)
            self.costs.append(cost)
            self.places.append(network.parameters.copy())

    def stagger(self) -> tuple[int, int, float]:
        """Number of the last steps, how many of them led uphill, and length of way by distance.

        The length is 1 for a straight line, and about the root of n for n steps at random.
        """
        costs = self.costs[-LAST - 1 :]
        moves = np.diff(np.stack(self.places[-LAST - 1 :]).astype(np.float64), axis=0)
        distance = float(np.linalg.norm(moves.sum(axis=0)))
        way = float(np.linalg.norm(moves, axis=1).sum()) / distance if distance else 1.0
        return len(moves), int((np.diff(costs) > 0).sum()), way


def follow(task: Task, way: Any, how: Any) -> Trail:
    """Go one way."""
    trail: Trail = way(task, how)
    return trail


def sgd_path(task: Task, settings: Settings) -> Trail:
    """Step after every mini-batch, and look now and then; at the end after every step."""
    sgd, trail = task.start(settings), Trail()
    steps = task.passes * len(task.examples) // settings.batch_size
    even = np.linspace(0, steps, task.passes * task.passes_factor + 1).astype(int)
    early = np.geomspace(1, steps, task.passes * task.passes_factor // 2 + 1).astype(int)
    last = np.arange(max(0, steps - LAST), steps)
    feet, done = StepwiseSGD(sgd), 0
    for look in np.unique(np.concatenate([even, early, last])).tolist():
        feet.train_on((look - done) * settings.batch_size)
        done = look
        trail.note(sgd.network, task.examples, done, done * settings.batch_size)
    trail.seconds = feet.seconds
    return trail


def full_batch_path(task: Task, rate: float) -> Trail:
    """Step along the true gradient, after all images."""
    network, trail = task.start(Settings(rate, 1, AT_ONCE)).network, Trail()
    trail.note(network, task.examples, 0, 0)
    for step in range(1, task.passes * task.passes_factor + 1):
        begun = perf_counter()
        with np.errstate(all="ignore"):  # a path that is lost is seen in what it leads to
            network.parameters[:] -= rate * gradient_over(network, task.examples, AT_ONCE)
        trail.seconds += perf_counter() - begun
        trail.note(network, task.examples, step, step * len(task.examples))
    return trail


def race(task: Task, small: Settings, full_rate: float) -> list[list[float]]:
    """Cost at the end, and length of the last way by distance: of mini-batches, of the full batch.

    The cost is infinite if a path is lost.
    """
    trails, lost = (sgd_path(task, small), full_batch_path(task, full_rate)), [float("inf"), 1.0]
    budget = len(task.examples) * task.passes // small.batch_size * small.batch_size
    return [
        [trail.costs[-1], trail.stagger()[2]] if trail.images[-1] >= budget else lost
        for trail in trails
    ]


class SpentError(Exception):
    """All the images that a method may ask have been asked."""


class Slope:
    """Cost and gradient of all images, as SciPy wants them: float64 in, float64 out."""

    def __init__(self, task: Task) -> None:
        """Count how often they are asked for: in a search along a line too, it is all images."""
        self.task, self.asked = task, 0
        self.network = task.start(Settings(1.0, 1, AT_ONCE)).network

    def __call__(self, vector: Floats) -> tuple[float, Floats]:
        """Cost, and gradient (P,), at a place (P,); raises ``SpentError`` at the last image."""
        if self.asked == self.task.passes * self.task.passes_factor:
            raise SpentError
        self.asked += 1
        self.network.parameters[:] = vector
        cost = evaluate(self.network, self.task.examples)[0]
        return cost, gradient_over(self.network, self.task.examples, AT_ONCE).astype(np.float64)


def scipy_path(task: Task, name: str) -> Trail:
    """Let SciPy choose directions and step lengths from our cost and gradient."""
    from scipy.optimize import minimize

    slope, trail = Slope(task), Trail()
    trail.note(slope.network, task.examples, 0, 0)
    first = slope.network.parameters.astype(np.float64)

    def look(vector: Floats) -> None:
        begun = perf_counter()
        slope.network.parameters[:] = vector
        trail.note(slope.network, task.examples, len(trail.steps), slope.asked * len(task.examples))
        trail.seconds -= perf_counter() - begun

    most = task.passes * task.passes_factor
    options = {"maxiter": most, "gtol": 0.0}  # no end before the last image
    begun = perf_counter()
    with suppress(SpentError):
        minimize(slope, first, jac=True, method=SCIPY[name], callback=look, options=options)
    trail.seconds += perf_counter() - begun
    return trail
