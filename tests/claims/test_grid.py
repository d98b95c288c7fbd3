"""Grids are written as `dvc exp run -S` takes them, and a wrong one is refused in a line."""

import math
from typing import Any

import numpy as np
import pytest
from dvc.utils.hydra import get_hydra_sweeps

from stages.claims.sweep.grid import MOST_VALUES, TRIES, Axis, axes_of, axis, points, size, words

GRIDS: dict[str, list[Any]] = {
    "train.learning_rate=1,3,1e1": [1.0, 3.0, 10.0],
    "train.learning_rate=3": [3.0],
    "train.hidden=[16,16],[32],[]": [[16, 16], [32], []],
    "train.activation=tanh,relu": ["tanh", "relu"],
    "train.reshuffle=true,false": [True, False],
    "train.weight_decay=0,6e-5": [0.0, 6e-5],
    "train.epochs=range(1,8,3)": [1, 4, 7],
    "train.epochs=range(1,3)": [1, 2],
    "train.gain=range(0.5,2,0.5)": [0.5, 1.0, 1.5],
}


@pytest.mark.parametrize("text", GRIDS)
def test_a_grid_is_what_dvc_makes_of_the_same_words(text: str) -> None:
    parsed = axis(text)
    assert [*parsed.choices] == GRIDS[text]
    assert [*map(type, parsed.choices)] == [*map(type, GRIDS[text])]
    theirs = [
        each for (each,) in (s["params.yaml"] for s in get_hydra_sweeps({"params.yaml": [text]}))
    ]
    assert [axis(each).choices[0] for each in theirs] == GRIDS[text]


@pytest.mark.parametrize("text", GRIDS)
def test_the_words_of_a_point_are_read_back_as_the_same_point(text: str) -> None:
    for point in points([axis(text)], 0, 0):
        (word,) = words(point)
        (again,) = get_hydra_sweeps({"params.yaml": [word]})
        assert [text.lower() for text in again["params.yaml"]] == [word]  # theirs says True
        assert points([axis(word)], 0, 0) == [point]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected train.NAME=VALUE,VALUE,..., got ''"),
        ("learning_rate=1,2", "expected train.NAME=VALUE"),
        ("train.learning_rate", "expected train.NAME=VALUE"),
        ("+train.gain=1", "expected train.NAME=VALUE"),
        ("train.learning_rte=1", "'train.learning_rte' cannot be swept; expected one of hidden,"),
        ("train.seed=1,2", "'train.seed' cannot be swept"),
        ("train.learning_rate=", "train.learning_rate: expected a number from 0 to 1e+06, got ''"),
        ("train.learning_rate=1,2]", "expected train.NAME=VALUE"),
        ("train.learning_rate=-1", "expected a number from 0 to 1e+06, got '-1'"),
        ("train.learning_rate=1,fast", "expected a number from 0 to 1e+06, got 'fast'"),
        ("train.learning_rate=[1,2]", "expected a number from 0 to 1e+06"),
        ("train.learning_rate=1,'3'", "expected a number without quotes, got '3'"),
        ("train.learning_rate={a: 1}", "expected a number from 0"),
        ("train.epochs=1.5", "expected a whole number from 1 to 1000000"),
        ("train.hidden=16,32", "expected a list, each item 1..1000000, got 16"),
        ("train.hidden=[0]", "expected a whole number from 1"),
        ("train.hidden=[" + "16," * 99 + "16]", "expected values of at most 100 letters"),
        ("train.activation=tanh,sin", "expected one of sigmoid, tanh, relu, leaky_relu, got 'sin'"),
        ("train.reshuffle=yes", "expected true or false, got 'yes'"),
        ("train.epochs=range(1,1)", "expected range(START,STOP,STEP) of 1 to"),
        ("train.epochs=range(1,9,0)", "expected range(START,STOP,STEP) of 1 to"),
        ("train.epochs=range(1,9,1,1)", "expected train.NAME=VALUE"),
        (f"train.epochs=range(1,{MOST_VALUES + 2})", "expected range(START,STOP,STEP) of 1 to"),
        ("train.epochs=range(1,1e400)", "expected range(START,STOP,STEP) of 1 to"),
        ("train.epochs=range(1,x)", "expected train.NAME=VALUE"),
        ("train.gain=interval(3,1)", "expected LOW < HIGH, got interval(3,1)"),
        ("train.gain=interval(1)", "expected train.NAME=VALUE"),
        ("train.gain=interval(1,200)", "expected a number from 0 to 100, got '200'"),
        ("train.gain=interval(1,2))", "expected train.NAME=VALUE"),
        ("train.gain=tag(log,interval(0,1))", "expected 0 < LOW < HIGH"),
        ("train.gain=tag(log,interval(1,2)", "expected train.NAME=VALUE"),
        ("train.activation=interval(1,2)", "expected values between commas, got an interval"),
        ("train.hidden=interval(1,2)", "expected values between commas, got an interval"),
        ("train.gain=glob(*)", "expected train.NAME=VALUE"),
        ("train.gain=${a}", "expected"),
        ("train.gain=" + "[" * 1900, "expected"),
        ("train.gain=" + "1," * 1900, "expected train.NAME=VALUE"),
        ("train.gain=\n", "expected"),
        ("train.gain=!!python/object:os.system x", "expected"),
    ],
)  # fmt: skip
def test_a_wrong_grid_is_refused_in_one_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"\A[^\n]*\Z") as caught:
        axis(text)
    assert message in str(caught.value)


def test_steps_of_a_tenth_are_whole_tenths() -> None:
    assert axis("train.gain=range(0.5,0.75,0.1)").choices == (0.5, 0.6, 0.7)
    assert axis("train.gain=range(0.8,0.55,-0.1)").choices == (0.8, 0.7, 0.6)


def test_a_grid_has_every_combination_once() -> None:
    axes = axes_of(["train.gain=1,2,1", "train.cost=quadratic,cross_entropy"], 0)
    chosen = points(axes, 0, 0)
    assert len(chosen) == size(axes, 0) == 4
    assert {(p["gain"], p["cost"]) for p in chosen} == {
        (g, c) for g in (1.0, 2.0) for c in ("quadratic", "cross_entropy")
    }


@pytest.mark.parametrize(
    ("texts", "samples", "message"),
    [
        (
            ["train.gain=1,2", "train.gain=3"],
            0,
            "expected each parameter once, got train.gain twice",
        ),
        (["train.gain=interval(1,2)"], 0, "of sweep.samples above 0 with an interval"),
    ],
)
def test_parameters_that_do_not_go_together_are_refused(
    texts: list[str], samples: int, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        axes_of(texts, samples)


RANDOM = [
    "train.gain=tag(log,interval(0.01,100))",
    "train.epochs=interval(1,9)",
    "train.momentum=0,0.9",
]


def test_more_random_points_begin_with_the_fewer_and_all_differ() -> None:
    axes = axes_of(RANDOM, 20)
    few, many = points(axes, 20, 1), points(axes, 200, 1)
    assert many[:20] == few
    assert len({repr(point) for point in many}) == 200
    assert points(axes, 20, 2) != few


def test_random_points_cover_their_ranges_evenly() -> None:
    chosen = points(axes_of(RANDOM, 2000), 2000, 0)
    gains = np.array([math.log10(point["gain"]) for point in chosen])
    assert -2 <= gains.min() < -1.9
    assert 1.9 < gains.max() <= 2
    assert abs(gains.mean()) < 0.1
    assert {point["epochs"] for point in chosen} == {*range(1, 10)}
    assert {type(point["epochs"]) for point in chosen} == {int}
    assert 0.45 < np.mean([point["momentum"] == 0 for point in chosen]) < 0.55


def test_random_numbers_are_short_enough_to_be_typed_and_stay_in_range() -> None:
    rng = np.random.default_rng(0)
    narrow = Axis("gain", low=1.0004, high=1.0009)
    assert all(1.0004 <= narrow.draw(rng) <= 1.0009 for _ in range(50))
    wide = Axis("gain", low=0.1, high=9)
    assert all(len(f"{wide.draw(rng)!r}") <= 5 for _ in range(50))


def test_random_points_of_a_grid_end_with_the_whole_grid() -> None:
    axes = axes_of(["train.gain=range(1,21)", "train.epochs=range(1,6)"], 0)
    for samples in (100, 99, 101):
        chosen = points(axes, samples, 0)
        assert len({repr(p) for p in chosen}) == len(chosen) == min(samples, 100)


def test_an_interval_that_has_few_whole_numbers_gives_what_there_is() -> None:
    assert len(points(axes_of(["train.epochs=interval(1,3)"], 9), 9, 0)) == 3
    assert TRIES > 10
