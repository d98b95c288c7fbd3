"""A wrong parameter ends a stage with one line that names it, its value and what is allowed."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest

from stages.common.files.atomic import StageError
from stages.common.runtime.cli import run
from stages.common.runtime.params import choice, real, switch, whole

Run = Callable[..., tuple[int, str, str]]

GOOD = {
    "epochs": ["--epochs", "3"],
    "rate": ["--rate", "0.5"],
    "cost": ["--cost", "quadratic"],
    "shuffle": ["--shuffle"],
    "icing": ["--icing.layers", "2"],
}


@dataclass(frozen=True, kw_only=True)
class Icing:
    """A part of a section."""

    layers: Annotated[int, whole(0, 9, "laid on")]


@dataclass(frozen=True, kw_only=True)
class BakeParams:
    """A section."""

    epochs: Annotated[int, whole(1, 100, "times")]
    rate: Annotated[float, real(0, 1e6, "length of a step")]
    cost: Annotated[str, choice(["quadratic", "cross_entropy"], "what is lowered")]
    shuffle: Annotated[bool, switch("new batches each epoch")]
    icing: Icing
    hidden: Annotated[list[int], whole(1, 64, "neurons of a layer")] = field(default_factory=list)


def bake(params: BakeParams) -> None:
    """Stand in for a stage."""
    p = params
    print(p.epochs, p.rate, p.cost, p.shuffle, p.hidden, p.icing.layers)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def start(command: Callable[..., Any], *arguments: str) -> tuple[int, str, str]:
        """Exit code, output and errors of a stage started with these arguments."""
        monkeypatch.setattr(sys, "argv", ["stage", *arguments])
        code = 0
        try:
            run(command)
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return start


def with_values(**changed: list[str]) -> list[str]:
    """Good arguments for ``bake``, but for these."""
    return [argument for values in (GOOD | changed).values() for argument in values]


@pytest.mark.parametrize(
    ("changed", "output"),
    [
        ({}, "3 0.5 quadratic True [] 2\n"),
        ({"shuffle": ["--no-shuffle"]}, "3 0.5 quadratic False [] 2\n"),
        ({"epochs": ["--epochs", "1"], "rate": ["--rate", "0"]}, "1 0.0 quadratic True [] 2\n"),
        ({"epochs": ["--epochs", "100"], "rate": ["--rate", "1e6"]}, "100 1000000.0 quad"),
        ({"rate": ["--rate", "6e-05"]}, "3 6e-05 quadratic True [] 2\n"),
        ({"hidden": ["--hidden", "16"]}, "3 0.5 quadratic True [16] 2\n"),
        ({"hidden": ["--hidden", "16", "--hidden", "16"]}, "3 0.5 quadratic True [16, 16] 2\n"),
    ],
)
def test_good_values_reach_the_stage(
    start: Run, changed: dict[str, list[str]], output: str
) -> None:
    code, out, err = start(bake, *with_values(**changed))
    assert (code, err) == (0, "")
    assert out.startswith(output)


WHOLE, REAL = "a whole number from 1 to 100", "a number from 0 to 1e+06"
NAMES = "one of quadratic, cross_entropy"


@pytest.mark.parametrize(
    ("changed", "key", "value", "allowed"),
    [
        ({"epochs": ["--epochs", "0"]}, "epochs", "'0'", WHOLE),
        ({"epochs": ["--epochs", "101"]}, "epochs", "'101'", WHOLE),
        ({"epochs": ["--epochs", "-1"]}, "epochs", "'-1'", WHOLE),
        ({"epochs": ["--epochs", "2.5"]}, "epochs", "'2.5'", WHOLE),
        ({"epochs": ["--epochs", "many"]}, "epochs", "'many'", WHOLE),
        ({"epochs": ["--epochs", ""]}, "epochs", "''", WHOLE),
        ({"epochs": ["--epochs", "1\n2"]}, "epochs", r"'1\n2'", WHOLE),
        ({"epochs": ["--epochs", "9" * 5000]}, "epochs", "9999", WHOLE),
        ({"epochs": ["--epochs", "None"]}, "epochs", "'None'", WHOLE),
        ({"rate": ["--rate", "-0.1"]}, "rate", "'-0.1'", REAL),
        ({"rate": ["--rate", "1.1e6"]}, "rate", "'1.1e6'", REAL),
        ({"rate": ["--rate", "nan"]}, "rate", "'nan'", REAL),
        ({"rate": ["--rate", "inf"]}, "rate", "'inf'", REAL),
        ({"rate": ["--rate", "fast"]}, "rate", "'fast'", REAL),
        ({"rate": ["--rate", "1,5"]}, "rate", "'1,5'", REAL),
        ({"cost": ["--cost", "Quadratic"]}, "cost", "'Quadratic'", NAMES),
        ({"cost": ["--cost", "1"]}, "cost", "'1'", NAMES),
        ({"cost": ["--cost", ""]}, "cost", "''", NAMES),
        ({"hidden": ["--hidden", "16", "--hidden", "0"]}, "hidden", "'0'", "from 1 to 64"),
        ({"hidden": ["--hidden", "[16]"]}, "hidden", "'[16]'", "from 1 to 64"),
        ({"epochs": ["--epochs", "1", "--epochs", "2"]}, "epochs", "['1', '2']", "one value"),
        ({"cost": ["--cost", "a", "--cost", "a"]}, "cost", "['a', 'a']", "one value"),
        ({"shuffle": ["--shuffle", "maybe"]}, "shuffle", "'maybe'", "true or false"),
        ({"shuffle": ["--shuffle", "1"]}, "shuffle", "'1'", "true or false"),
        ({"shuffle": []}, "shuffle", "missing", "params.yaml, section bake"),
        ({"epochs": []}, "epochs", "missing", "params.yaml, section bake"),
        ({"cost": []}, "cost", "missing", "params.yaml, section bake"),
        ({"speed": ["--speed", "3"]}, "speed", "no such parameter", "epochs, rate, cost"),
        ({"speed": ["--no-speed"]}, "speed", "no such parameter", "epochs, rate, cost"),
        ({"rate": ["--rate.low", "3"]}, "rate.low", "no such parameter", "epochs, rate"),
        ({"rate": ["--no-rate"]}, "rate", "not true or false", "epochs, rate, cost"),
        ({"epoch": ["--epoch", "3"]}, "epoch", "no such parameter", "epochs, rate, cost"),
        ({"icing": []}, "icing.layers", "missing", "section bake"),
        ({"icing": ["--icing.layers", "10"]}, "icing.layers", "'10'", "from 0 to 9"),
        ({"layers": ["--layers", "1"]}, "layers", "no such parameter", "icing.layers"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_with_its_key_and_what_is_allowed(
    start: Run, changed: dict[str, list[str]], key: str, value: str, allowed: str
) -> None:
    code, out, err = start(bake, *with_values(**changed))
    assert (code, out) == (2, "")
    assert err.startswith(f"error: bake.{key}: ")
    assert err.count("\n") == 1
    assert value in err
    assert allowed in err


@pytest.mark.parametrize("last", [False, True])
def test_true_where_a_number_is_meant_is_refused_by_its_key(start: Run, last: bool) -> None:
    arguments = with_values(rate=[])
    code, out, err = start(bake, *([*arguments, "--rate"] if last else ["--rate", *arguments]))
    assert (code, out) == (2, "")
    assert err.startswith("error: bake.rate: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("failure", "code", "message"),
    [
        (StageError("data/raw: expected four files"), 1, "data/raw: expected four files"),
        (FileNotFoundError(2, os.strerror(2), "data/raw/x"), 1, "data/raw/x: No such file"),
        (OSError("no space"), 1, "stage: no space"),
        (MemoryError(), 1, "stage: out of memory"),
        (KeyboardInterrupt(), 130, "stage: interrupted"),
    ],
)
def test_a_failing_stage_tells_it_in_one_line_and_never_exits_with_0(
    start: Run, failure: BaseException, code: int, message: str
) -> None:
    def stage() -> None:
        raise failure

    exit_code, out, err = start(stage)
    assert (exit_code, out) == (code, "")
    assert err.startswith(f"error: {message}")
    assert err.count("\n") == 1


def test_a_bug_in_a_stage_is_not_hidden(start: Run) -> None:
    def stage() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        start(stage)


def test_help_names_every_option_with_its_range(start: Run) -> None:
    code, out, _ = start(bake, "--help")
    assert code == 0
    for part in ("Stand in for a stage.", "--epochs", "1..100", "0..1e+06", "--no-shuffle"):
        assert part in out
