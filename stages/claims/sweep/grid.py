"""Which trainings a sweep makes: a grid of values, or random points of it.

Written as `dvc exp run -S` takes its grids, and read by the same parser, Hydra's:

    train.learning_rate=1,3,10                         values: numbers, words, lists
    train.hidden=[16,16],[32]
    train.epochs=range(1,10,3)                         1, 4, 7
    train.learning_rate=interval(1,30)                 any number between, for random samples
    train.learning_rate=tag(log,interval(0.1,30))      ... each decade as likely as any other
"""

import math
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from stages.common.files.atomic import one_line
from stages.common.files.tables import MOST_LETTERS
from stages.common.models.training import PARAMETERS, coerce
from stages.common.runtime.params import Rule, as_yaml, written

LONGEST = 2000  # characters of one parameter's values
MOST_VALUES = 10_000  # of one parameter
DIGITS = 3  # to which a random number is rounded, so that it can be read and typed again
TRIES = 100  # draws for each random point
PREFIX = "train."

Point = dict[str, Any]  # values of the swept parameters, by name


@dataclass(frozen=True)
class Axis:
    """One parameter and what it may be: some values, or all numbers of an interval."""

    name: str
    choices: tuple[Any, ...] = ()  # none: an interval
    low: float = 0.0
    high: float = 0.0
    log: bool = False

    def draw(self, rng: np.random.Generator) -> Any:
        """One of the values, each as likely as any other."""
        if self.choices:
            return self.choices[rng.integers(len(self.choices))]
        share = rng.random()
        if self.log:
            number = math.exp(math.log(self.low) + share * math.log(self.high / self.low))
        else:
            number = self.low + share * (self.high - self.low)
        if PARAMETERS[self.name].kind is int:
            return round(number)
        return min(max(float(f"{number:.{DIGITS}g}"), self.low), self.high)


def axis(text: str) -> Axis:
    """Read ``train.NAME=VALUES``; raises ``ValueError``, in one line, for anything else."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import Glob, IntervalSweep, OverrideType, RangeSweep
    from hydra.errors import HydraException

    expected = f"expected train.NAME=VALUE,VALUE,..., got {as_yaml(text)}"
    if len(text) > LONGEST:
        raise ValueError(expected)
    try:
        override = OverridesParser.create().parse_override(text)
        values = override.value()
    except (HydraException, ValueError, RecursionError) as error:
        raise ValueError(expected) from error
    name = override.key_or_group.removeprefix(PREFIX)
    plain = override.type is OverrideType.CHANGE and not isinstance(values, Glob)
    if not plain or not override.key_or_group.startswith(PREFIX):
        raise ValueError(expected)
    if name not in PARAMETERS:
        known = ", ".join(PARAMETERS)
        raise ValueError(f"{as_yaml(PREFIX + name)} cannot be swept; expected one of {known}")
    try:
        if isinstance(values, IntervalSweep):
            return _interval(name, values.start, values.end, log="log" in values.tags)
        if isinstance(values, RangeSweep):
            _require_finite_range(values)
        items = [*override.sweep_iterator()] if override.is_sweep_override() else [values]
        return Axis(name, _distinct(name, items))
    except (ValueError, HydraException) as error:
        raise ValueError(f"{PREFIX}{name}: {one_line(error)}") from error


def _interval(name: str, start: Any, end: Any, *, log: bool) -> Axis:
    """All numbers between two."""
    if PARAMETERS[name].kind not in (int, float) or PARAMETERS[name].many:
        raise ValueError("expected values between commas, got an interval")
    low, high = (coerce(name, _whole_if_so(number)) for number in (start, end))
    if not low < high or (log and not low > 0):
        above = "0 < LOW < HIGH" if log else "LOW < HIGH"
        raise ValueError(f"expected {above}, got interval({low:g},{high:g})")
    return Axis(name, low=low, high=high, log=log)


def _require_finite_range(values: Any) -> None:
    """Raise ``ValueError`` for a range that is empty or longer than a sweep can be."""
    start, stop, step = (float(number) for number in (values.start, values.stop, values.step))
    count = (stop - start) / step if step else math.inf
    if not 0 < count <= MOST_VALUES:
        raise ValueError(f"expected range(START,STOP,STEP) of 1 to {MOST_VALUES:,} numbers")


def _distinct(name: str, items: list[Any]) -> tuple[Any, ...]:
    """The items as the parameter's type has them, each once, in their order."""
    values: dict[str, Any] = {}
    for item in items:
        value = coerce(name, _plain(item))
        text = written(value)
        if len(text) > MOST_LETTERS:
            raise ValueError(f"expected values of at most {MOST_LETTERS} letters, for the table")
        values.setdefault(text, value)
    return tuple(values.values())


def _plain(item: Any) -> Any:
    """A value of Hydra's as YAML has it; the floats of a range without their last digits' dust."""
    if isinstance(item, list):
        return [_plain(each) for each in item]
    if isinstance(item, float) and math.isfinite(item):
        return float(f"{item:.12g}")
    return getattr(item, "text", item)  # of a text in quotes


def _whole_if_so(number: float) -> float:
    """An end of an interval, which Hydra makes a float: 3.0 may be meant as 3."""
    return int(number) if math.isfinite(number) and float(number).is_integer() else number


def axes_rule(about: str) -> Rule:
    """A parameter of training and its values, checked and handed on as they were written."""

    def parse(text: str) -> str:
        axis(text)
        return text

    return Rule(about, "train.NAME=VALUE,...", parse)


def axes_of(texts: list[str], samples: int) -> list[Axis]:
    """The parameters of a sweep; ``ValueError`` for one that comes twice, or has no end."""
    axes = [axis(text) for text in texts]
    names = [each.name for each in axes]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ValueError(f"expected each parameter once, got {PREFIX}{twice[0]} twice")
    endless = [each.name for each in axes if not each.choices]
    if endless and not samples:
        raise ValueError(
            f"expected a value of sweep.samples above 0 with an interval, as {PREFIX}{endless[0]} "
            "has, got 0"
        )
    return axes


def size(axes: list[Axis], samples: int) -> int:
    """How many points are wanted at most."""
    if any(not each.choices for each in axes):
        return samples
    whole = math.prod(len(each.choices) for each in axes)
    return min(whole, samples) if samples else whole


def points(axes: list[Axis], samples: int, seed: int) -> list[Point]:
    """The whole grid, or so many different random points of it; all if it has no more.

    A larger number of samples begins with those of a smaller one. Fewer come back if hardly any
    others are to be found, as in a narrow interval of whole numbers.
    """
    names = [each.name for each in axes]
    finite = all(each.choices for each in axes)
    if finite and size(axes, samples) == size(axes, 0):
        return [
            dict(zip(names, values, strict=True)) for values in product(*(a.choices for a in axes))
        ]
    rng = np.random.default_rng(seed)
    distinct_points: dict[str, Point] = {}
    for _ in range(TRIES * samples):  # near the end of a small grid most are known already
        point = {each.name: each.draw(rng) for each in axes}
        distinct_points.setdefault(repr(point), point)
        if len(distinct_points) == samples:
            break
    return [*distinct_points.values()]


def words(point: Point) -> list[str]:
    """What `dvc exp run -S` takes for each parameter of a point: train.learning_rate=3.0."""
    return [f"{PREFIX}{name}={written(value)}" for name, value in point.items()]
