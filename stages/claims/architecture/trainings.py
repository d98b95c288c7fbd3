"""Trainings of many shapes of networks, as the stage wrote them, and what was changed in them."""

from dataclasses import dataclass, replace
from itertools import product
from typing import NamedTuple, TypeAlias

import numpy as np

from stages.claims.shared.outputs import read_arrays
from stages.claims.shared.significance import Interval, difference_interval
from stages.common.files.arrays import Arrays, Floats
from stages.common.files.atomic import StageError
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import plural

TEXTS = ("activation", "cost")
COLUMNS = (
    *TEXTS,
    "depth",
    "width",
    "parameters",
    "multiplications",
    "epochs",
    "learning_rate",
    "gain",
    "seed",
    "validation_accuracy",
    "test_accuracy",
)
NAMES = {
    "sigmoid": "sigmoid",
    "relu": "ReLU",
    "quadratic": "squares",
    "cross_entropy": "cross-entropy",
}
ACTIVATIONS, COSTS = ("sigmoid", "relu"), ("quadratic", "cross_entropy")  # the lectures' first
PAIRS = tuple(zip(ACTIVATIONS, COSTS, strict=True))  # the lectures', and today's
ARRAYS = (
    *("depth", "width", "rates"),
    *(f"{name}_{of_layers}" for name in ACTIVATIONS for of_layers in ("slope", "share")),
)
TINY = 1e-12  # the smallest slope
Key: TypeAlias = tuple[str, str, int, int]  # activation, cost, hidden layers, neurons in each


@dataclass(frozen=True)
class Trainings:
    """Test accuracies by network, (seeds,) each, and what else the stage wrote."""

    epochs: int  # of these trainings
    tests: dict[Key, Floats]
    parameters: dict[tuple[int, int], int]  # by hidden layers and neurons in each
    multiplications: dict[tuple[int, int], int]
    rates: dict[Key, float]  # the learning rate that was best
    gains: dict[Key, float]  # the factor on the first weights that was best
    arrays: Arrays
    early: "Trainings | None" = None  # the same networks, trained less long, if they were

    @property
    def depth(self) -> int:
        """Hidden layers of the network in the middle."""
        return int(self.arrays["depth"])

    @property
    def width(self) -> int:
        """Neurons in each of them."""
        return int(self.arrays["width"])

    @property
    def length(self) -> str:
        """How long every network was trained."""
        return plural(self.epochs, "epoch")

    @property
    def seeds(self) -> int:
        """How often each network was trained."""
        return len(next(iter(self.tests.values())))

    def middle(self, activation: str = "sigmoid", cost: str = "quadratic") -> Key:
        """The network whose shape and functions are changed in turn."""
        return activation, cost, self.depth, self.width

    def mean(self, key: Key) -> float:
        """Mean test accuracy of a network."""
        return float(self.tests[key].mean())

    def by_width(self, pair: tuple[str, str]) -> dict[int, Floats]:
        """Networks of the middle's depth, the narrowest first."""
        return {k[3]: self.tests[k] for k in sorted(self.tests) if k[:3] == (*pair, self.depth)}

    def by_depth(self, pair: tuple[str, str]) -> dict[int, Floats]:
        """Networks of the middle's width, from no hidden layer on."""
        keys = [k for k in sorted(self.tests) if k[:2] == pair and k[3] in {0, self.width}]
        return {k[2]: self.tests[k] for k in keys}

    def best(self) -> Key:
        """The network with the highest mean."""
        return max(self.tests, key=self.mean)


def read() -> Trainings:
    """The longest trainings of all networks, with the shortest, and the slopes before all steps."""
    path, arrays = claim_table("architecture"), read_arrays("architecture", ARRAYS)
    table = read_table(path, COLUMNS, texts=TEXTS)
    late, early = (
        of_length(table, arrays, int(f(table["epochs"]).item())) for f in (np.max, np.min)
    )
    for each in (late, early):
        if any(each.middle(a, c) not in each.tests for a, c in product(ACTIVATIONS, COSTS)):
            raise StageError(f"{path}: expected four networks of one shape; run dvc repro")
    if set(late.tests) != set(early.tests):
        raise StageError(f"{path}: expected the same networks after all epochs; run dvc repro")
    return late if late.epochs == early.epochs else replace(late, early=early)


def of_length(table: Table, arrays: Arrays, epochs: int) -> Trainings:
    """The trainings of so many epochs."""
    columns = {name: column[table["epochs"] == epochs] for name, column in table.items()}
    keys = list(
        zip(
            *(columns[name].tolist() for name in TEXTS),
            *(columns[name].astype(int).tolist() for name in ("depth", "width")),
            strict=True,
        )
    )
    tests = {
        key: columns["test_accuracy"][[other == key for other in keys]]
        for key in dict.fromkeys(keys)
    }
    return Trainings(
        epochs,
        tests,
        by_shape(columns, "parameters"),
        by_shape(columns, "multiplications"),
        dict(zip(keys, columns["learning_rate"].tolist(), strict=True)),
        dict(zip(keys, columns["gain"].tolist(), strict=True)),
        arrays,
    )


def by_shape(table: Table, name: str) -> dict[tuple[int, int], int]:
    """A column of whole numbers by hidden layers and neurons in each."""
    columns = (table[column].astype(int).tolist() for column in ("depth", "width", name))
    return {(depth, width): value for depth, width, value in zip(*columns, strict=True)}


class Change(NamedTuple):
    """One change of the network in the middle."""

    what: str  # in numbers: 64 neurons in each layer
    brief: str  # more neurons
    pairs: dict[str, tuple[Key, Key]]  # networks before and after, by what stayed


def changes(trainings: Trainings) -> list[Change]:
    """What was changed in the middle, each change in two settings."""
    most, deepest = (
        max(max(by(pair)) for pair in PAIRS) for by in (trainings.by_width, trainings.by_depth)
    )
    both = {NAMES[pair[0]]: trainings.middle(*pair) for pair in PAIRS}
    tried = []
    if most > trainings.width:
        pairs = {name: (m, (*m[:3], most)) for name, m in both.items()}
        tried.append(Change(f"{plural(most, 'neuron')} in each layer", "more neurons", pairs))
    if deepest > trainings.depth:
        pairs = {name: (m, (*m[:2], deepest, trainings.width)) for name, m in both.items()}
        tried.append(Change(plural(deepest, "hidden layer"), "more layers", pairs))
    middle = trainings.middle
    pairs = {NAMES[cost]: (middle("sigmoid", cost), middle("relu", cost)) for cost in COSTS}
    tried.append(Change("ReLU instead of sigmoid", "ReLU", pairs))
    pairs = {NAMES[name]: (middle(name, COSTS[0]), middle(name, COSTS[1])) for name in ACTIVATIONS}
    tried.append(Change("cross-entropy instead of squares", "cross-entropy", pairs))
    return tried


def gain(trainings: Trainings, before: Key, after: Key) -> Interval:
    """Share of the test images by which the mean accuracy rises, with its interval."""
    return difference_interval(trainings.tests[after], trainings.tests[before])


def is_gain(trainings: Trainings, before: Key, after: Key) -> bool:
    """Whether the mean rises by more than chance would have it; single trainings prove nothing."""
    return trainings.seeds > 1 and gain(trainings, before, after).low > 0
