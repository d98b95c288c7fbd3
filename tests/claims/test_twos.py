"""A network that is shown one digit alone comes to see it everywhere; the counts are right."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import Network, layers_of, predict
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import inputs_of
from stages.claims.twos.measure import called, looks, only, twos
from stages.claims.twos.verdict import Shares, judge
from stages.common.files.arrays import Floats, load_arrays, load_labelled
from stages.common.files.atomic import StageError
from stages.common.files.paths import NETWORK, SIBLINGS, TEST, TRAIN, claim_table
from stages.common.images.classes import Classes
from stages.common.models.model import load_model
from stages.common.models.recipe import examples_of
from tests.claims.shared import Case, Row, rows_of
from tests.sample import call

SHARES = claim_table("twos")


def siblings() -> Floats:
    """Parameters of the siblings, (K, n, P), of networks like that of the current folder."""
    return np.asarray(load_arrays(SIBLINGS)["parameters"])


def like_the_runs(parameters: Floats) -> Network:
    """A network like that of the current folder."""
    return replace(load_model(NETWORK).network, parameters=parameters)


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the table by other means."""
    table = rows_of(SHARES)
    steps = sorted({int(row["step"]) for row in table})
    known = {"99", table[0]["digit"], table[0]["images"], str(len({row["seed"] for row in table}))}
    known |= {f"{step:,}" for step in steps}
    classes = [name for name in table[0] if name.startswith("called_")]
    known |= {name.removeprefix("called_") for name in classes}
    for start in ("untrained", "trained"):
        for step in (steps[0], steps[len(steps) // 2], steps[-1]):
            looks = [r for r in table if r["start"] == start and int(r["step"]) == step]
            for name in ("called", "accuracy"):
                values = [100 * float(row[name]) for row in looks]
                known |= {f"{np.mean(values):.1f}", f"{np.std(values, ddof=1):.1f}"}
    return known


CASE = Case(
    twos,
    {"digit": 2, "learning_rate": 1.0, "batch_size": 5, "steps": 30, "seed": 0},
    {"digit": 3, "learning_rate": 0.3, "batch_size": 6, "steps": 9, "seed": 1},
    (SHARES,),
    known_numbers,
    inputs="drifted_run",
    of_shape=lambda shape: {"digit": shape.classes - 1, "steps": 3},
)


@pytest.fixture
def rows(finished: Path, monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """Rows of the table; the current folder is the stage's own."""
    monkeypatch.chdir(finished)
    return rows_of(SHARES)


def test_only_images_of_the_digit_are_shown(finished: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(finished)
    images, labels = load_labelled(TRAIN)
    some = only(examples_of(TRAIN), 2)
    assert np.array_equal(some.stored, images[labels == 2])
    assert set(some.labels.tolist()) == {2}


def test_a_digit_that_no_image_shows_is_refused(finished: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(finished)
    with pytest.raises(
        StageError, match=r"twos\.digit: expected a class that .* has, 0 to 9, got 11"
    ):
        call(twos, **{**CASE.options, "digit": 11})


def test_a_network_that_sees_twos_only_calls_everything_a_two(rows: list[Row]) -> None:
    last = [row for row in rows if row["start"] == "untrained" and row["step"] == "30"]
    assert [row["called"] for row in last] == ["1.0"] * 5
    twos_in_test = float((load_labelled(TEST)[1] == 2).mean())
    assert [float(row["accuracy"]) for row in last] == [pytest.approx(twos_in_test, abs=1e-6)] * 5


def row_of(rows: list[Row], step: str, seed: int) -> Row:
    """The row of a trained network at a step."""
    own = {"start": "trained", "step": step, "seed": str(seed)}
    (row,) = (row for row in rows if {name: row[name] for name in own} == own)
    return row


def test_the_trained_networks_are_where_their_walks_begin(rows: list[Row]) -> None:
    test = examples_of(TEST)
    for seed, own in zip(range(1000, 1005), siblings()[-1], strict=True):
        network = like_the_runs(own)
        guesses, labels = predict(network, test)[0].argmax(axis=1), test.labels
        (row,) = (
            r for r in rows if (r["start"], r["step"], r["seed"]) == ("trained", "0", f"{seed}")
        )
        assert float(row["accuracy"]) == pytest.approx((guesses == labels).mean(), abs=1e-6)
        assert float(row["called"]) == pytest.approx((guesses == 2).mean(), abs=1e-6)
        for label in range(10):
            shown = guesses[labels == label]
            share = (shown == 2).sum() / max(1, len(shown))
            assert float(row[f"called_{label}"]) == pytest.approx(share, abs=1e-6)


def test_a_walk_is_plain_gradient_descent_on_images_of_the_digit(rows: list[Row]) -> None:
    stored, labels = load_labelled(TRAIN)
    seen = inputs_of(stored, load_model(NETWORK).preprocessing).T
    x, y = seen[labels == 2], np.eye(10)[2]
    order, size = np.random.default_rng(0), 5
    queue: list[int] = []
    w, b = (list(part) for part in layers_of(siblings()[-1, 0].astype(np.float64), (784, 6, 10)))
    for _ in range(30):
        if len(queue) < size:
            queue += order.permutation(len(x)).tolist()
        batch, queue = x[queue[:size]], queue[size:]
        h = 1 / (1 + np.exp(-(batch @ w[0].T + b[0])))
        a = 1 / (1 + np.exp(-(h @ w[1].T + b[1])))
        delta = 2 * (a - y) * a * (1 - a) / size
        back = (delta @ w[1]) * h * (1 - h)
        w[1], b[1] = w[1] - delta.T @ h, b[1] - delta.sum(axis=0)
        w[0], b[0] = w[0] - back.T @ batch, b[0] - back.sum(axis=0)
    h = 1 / (1 + np.exp(-(seen @ w[0].T + b[0])))  # the test images are the training images here
    guesses = (h @ w[1].T + b[1]).argmax(axis=1)
    row = row_of(rows, "30", 1000)
    assert float(row["called"]) == pytest.approx((guesses == 2).mean(), abs=0.01)
    assert float(row["accuracy"]) == pytest.approx((guesses == labels).mean(), abs=0.01)


def test_the_shares_of_all_classes_make_up_the_share_of_all(rows: list[Row]) -> None:
    counts = np.bincount(load_labelled(TEST)[1], minlength=10)
    for row in rows:
        parts = [float(row[f"called_{label}"]) for label in range(10)]
        assert float(row["called"]) == pytest.approx(parts @ counts / counts.sum(), abs=1e-5)


def test_a_class_without_test_images_is_never_called(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    row = called(like_the_runs(siblings()[-1, 0]), examples_of(TEST).first(1), 2)
    assert sum(row[f"called_{label}"] for label in range(10)) == row["called"]


@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
def test_looks_grow_rarer_from_the_first_step_to_the_last(steps: int) -> None:
    class Still:
        """Takes no step."""

        examples = np.zeros(1)
        settings = type("Settings", (), {"batch_size": 1})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "stages.claims.shared.stepwise.StepwiseSGD.train_on", lambda _walk, _images: None
        )
        seen = list(looks(Still(), steps))  # type: ignore[arg-type]
    assert seen[:2] == [0, 1]
    assert seen[-1] == steps
    assert seen == sorted({*seen})


def shares_of(untrained: list[float], trained: list[float], networks: int = 10) -> Shares:
    """Made-up shares called the digit by networks that are 0.1 points above them, or below."""
    spread = np.resize([0.001, -0.001], networks)[:, np.newaxis]
    shares: dict[tuple[str, str], Floats] = {}
    for start, means in (("untrained", untrained), ("trained", trained)):
        called = np.array(means) + spread
        shares |= {(start, name): called for name in ("called", "accuracy", *OTHERS)}
    steps = np.arange(len(trained), dtype=np.float64)
    return Shares(2, Classes(tuple("0123456789")), 100, networks, steps, shares)


OTHERS = [f"called_{label}" for label in range(10)]


@pytest.mark.parametrize(
    ("untrained", "trained", "verdict"),
    [
        # Ten networks 0.1 points from their mean: its 95 % interval ends 0.075 points from it.
        ([0.1, 0.9908], [0.1, 0.9908], Verdict.HELD),
        ([0.1, 0.9908], [0.1, 0.9907], Verdict.PARTLY),
        ([0.1, 0.9907], [0.1, 0.9908], Verdict.PARTLY),
        ([0.1, 0.9907], [0.1, 0.9907], Verdict.PARTLY),  # it only never falls
        ([0.1, 0.9907, 0.9906], [0.1, 0.9, 0.9907], Verdict.NOT_HELD),
        ([0.1, 0.9909, 0.9908], [0.1, 0.9908, 0.9909], Verdict.PARTLY),
        ([0.1, 0.9908, 0.9908], [0.1, 0.9908, 0.9909], Verdict.HELD),
    ],
)
def test_the_verdict_turns_where_the_criterion_says(
    untrained: list[float], trained: list[float], verdict: Verdict
) -> None:
    finding = judge(shares_of(untrained, trained))
    assert finding.verdict == verdict
    assert finding.estimate.networks == 10
    assert finding.estimate.value == pytest.approx(100 * trained[-1])
