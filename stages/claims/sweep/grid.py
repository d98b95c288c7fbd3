"""Which trainings a sweep makes: a grid of values, or random points of it.

Written as `dvc exp run -S` takes its grids, in the words of Hydra:

    train.learning_rate=1,3,10                         values: numbers, words, lists
    train.hidden=[16,16],[32]
    train.epochs=range(1,10,3)                         1, 4, 7
    train.learning_rate=interval(1,30)                 any number between, for random samples
    train.learning_rate=tag(log,interval(0.1,30))      ... each decade as likely as any other
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import typer

from stages.common.files.tables import MOST_LETTERS
from stages.common.models.training import PARAMETERS, typed
from stages.common.runtime.cli import as_yaml

LONGEST = 2000  # characters of one parameter's values
MOST_VALUES = 10_000  # of one parameter
DIGITS = 3  # to which a random number is rounded, so that it can be read and typed again
TRIES = 100  # draws for each random point
PREFIX = "train."
CALL = re.compile(r"(range|interval|tag\(\s*log\s*,\s*interval)\(([^()]*)\)+")

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
    name, equals, values = text.partition("=")
    if len(text) > LONGEST or not equals or not name.startswith(PREFIX):
        raise ValueError(f"expected train.NAME=VALUE,VALUE,..., got {as_yaml(text)}")
    name = name.removeprefix(PREFIX)
    if name not in PARAMETERS:
        known = ", ".join(PARAMETERS)
        raise ValueError(f"{as_yaml(PREFIX + name)} cannot be swept; expected one of {known}")
    try:
        called = CALL.fullmatch(values.strip())
        return _of_call(name, called) if called else Axis(name, _distinct(name, _items(values)))
    except ValueError as error:
        raise ValueError(f"{PREFIX}{name}: {error}") from error


def _items(values: str) -> list[Any]:
    """The values between commas: numbers, words, true, false, or lists in brackets."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    told = f"expected values between commas, range(...) or interval(...), got {as_yaml(values)}"
    try:
        items = YAML(typ="safe").load(f"[{values}]")
    except (YAMLError, ValueError, RecursionError) as error:
        raise ValueError(told) from error
    if not isinstance(items, list) or not items:
        raise ValueError(told)
    return items


def _distinct(name: str, items: list[Any]) -> tuple[Any, ...]:
    """The items as the parameter's type has them, each once, in their order."""
    values: dict[str, Any] = {}
    for item in items:
        value = typed(name, item)
        text = written(value)
        if len(text) > MOST_LETTERS:
            raise ValueError(f"expected values of at most {MOST_LETTERS} letters, for the table")
        values.setdefault(text, value)
    return tuple(values.values())


def _of_call(name: str, called: re.Match[str]) -> Axis:
    word, inside = called[1], called[2]
    if called[0].count("(") != called[0].count(")"):
        raise ValueError(f"expected as many ) as (, got {as_yaml(called[0])}")
    numbers = _items(inside)
    if any(type(number) not in (int, float) or not math.isfinite(number) for number in numbers):
        raise ValueError(f"expected numbers in {word}(...), got {as_yaml(inside)}")
    if word == "range":
        return Axis(name, _distinct(name, [*_range(numbers)]))
    if len(numbers) != 2 or PARAMETERS[name].kind not in (int, float) or PARAMETERS[name].many:
        raise ValueError(f"expected interval(LOW,HIGH) of a number's range, got {as_yaml(inside)}")
    low, high = (typed(name, number) for number in numbers)
    log = word != "interval"
    if not low < high or (log and not low > 0):
        above = "0 < LOW < HIGH" if log else "LOW < HIGH"
        raise ValueError(f"expected {above}, got interval({inside})")
    return Axis(name, low=low, high=high, log=log)


def _range(numbers: list[Any]) -> Iterator[Any]:
    """The numbers of range(START,STOP,STEP), or range(STOP), without STOP."""
    start, stop = (0, numbers[0]) if len(numbers) == 1 else numbers[:2]
    step = numbers[2] if len(numbers) == 3 else 1
    count = math.ceil(round((stop - start) / step, 9)) if step and len(numbers) <= 3 else 0
    if not 1 <= count <= MOST_VALUES:
        raise ValueError(f"expected range(START,STOP,STEP) of 1 to {MOST_VALUES:,} numbers")
    return (_tidy(start + n * step) for n in range(count))


def _tidy(number: float) -> float:
    """0.3 for 0.30000000000000004."""
    return number if isinstance(number, int) else float(f"{number:.12g}")


def axes_option(name: str, about: str) -> Any:
    """Option for one parameter and its values, checked and handed on as it was written."""

    def parse(text: str) -> str:
        try:
            axis(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        return text

    return typer.Option(f"--{name}", parser=parse, metavar="train.NAME=VALUE,...", help=about)


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
    found: dict[str, Point] = {}
    for _ in range(TRIES * samples):  # near the end of a small grid most are known already
        point = {each.name: each.draw(rng) for each in axes}
        found.setdefault(repr(point), point)
        if len(found) == samples:
            break
    return [*found.values()]


def words(point: Point) -> list[str]:
    """What `dvc exp run -S` takes for each parameter of a point: train.learning_rate=3.0."""
    return [f"{PREFIX}{name}={written(value)}" for name, value in point.items()]


def written(value: Any) -> str:
    """A value as one would write it: 3, 0.5, tanh, true, [16,16]."""
    if isinstance(value, list):
        return f"[{','.join(map(written, value))}]"
    if isinstance(value, float):
        return short if float(short := f"{value:g}") == value else repr(value)
    return value if isinstance(value, str) else as_yaml(value)
