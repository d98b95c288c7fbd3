"""A network that is shown one digit alone comes to see it everywhere; the counts are right."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import Network, predict
from stages.claims.shared.axes import move_apart
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.twos.claim import CLAIM
from stages.claims.twos.measure import called, looks, only, twos
from stages.common.files.arrays import load_labelled
from stages.common.files.atomic import StageError
from stages.common.files.paths import NETWORK, PREPROCESSING, TEST, TRAIN, claim_table
from stages.common.images.preprocess import Preprocessing
from stages.common.models.model import Model, load_model, save_model
from stages.common.models.recipe import examples_of
from tests.claims.shared import Case, Row, finding_of, rows_of, write_rows
from tests.sample import call

SHARES = claim_table("twos")


def write_network() -> None:
    """Take an untrained network as the trained one."""
    rng = np.random.default_rng(9)
    network = Network.random((784, 6, 10), "sigmoid", "quadratic", rng=rng, gain=2)
    save_model(NETWORK, Model(network, Preprocessing.load(PREPROCESSING)))


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the table by other means."""
    table = rows_of(SHARES)
    steps = sorted({int(row["step"]) for row in table})
    known = {"99", table[0]["digit"], table[0]["images"], str(len({row["seed"] for row in table}))}
    known |= {f"{step:,}" for step in steps}
    classes = [name for name in table[0] if name.startswith("called_")]
    known |= {name.removeprefix("called_") for name in classes}
    for start in ("untrained", "trained"):
        for step in (steps[0], steps[-1]):
            looks = [r for r in table if r["start"] == start and int(r["step"]) == step]
            for name in ("called", "accuracy", *classes):
                values = [100 * float(row[name]) for row in looks]
                known |= {f"{np.mean(values):.1f}", f"{np.std(values, ddof=1):.1f}"}
    return known


CASE = Case(
    twos,
    {"digit": 2, "learning_rate": 1.0, "batch_size": 5, "steps": 12, "seeds": 2, "seed": 0},
    {"digit": 3, "learning_rate": 0.3, "batch_size": 6, "steps": 9, "seeds": 3, "seed": 1},
    (SHARES,),
    known_numbers,
    prepare=write_network,
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
    last = [row for row in rows if row["start"] == "untrained" and row["step"] == "12"]
    assert [row["called"] for row in last] == ["1.0", "1.0"]
    twos_in_test = float((load_labelled(TEST)[1] == 2).mean())
    assert [float(row["accuracy"]) for row in last] == [pytest.approx(twos_in_test, abs=1e-6)] * 2


def test_the_trained_network_is_where_its_walk_begins(rows: list[Row]) -> None:
    outputs, _ = predict(load_model(NETWORK).network, examples_of(TEST))
    guesses, labels = outputs.argmax(axis=1), load_labelled(TEST)[1]
    for row in rows:
        if (row["start"], row["step"]) != ("trained", "0"):
            continue
        assert float(row["accuracy"]) == pytest.approx((guesses == labels).mean(), abs=1e-6)
        assert float(row["called"]) == pytest.approx((guesses == 2).mean(), abs=1e-6)
        for label in range(10):
            shown = guesses[labels == label]
            share = (shown == 2).sum() / max(1, len(shown))
            assert float(row[f"called_{label}"]) == pytest.approx(share, abs=1e-6)


def test_the_shares_of_all_classes_make_up_the_share_of_all(rows: list[Row]) -> None:
    counts = np.bincount(load_labelled(TEST)[1], minlength=10)
    for row in rows:
        parts = [float(row[f"called_{label}"]) for label in range(10)]
        assert float(row["called"]) == pytest.approx(parts @ counts / counts.sum(), abs=1e-5)


def test_a_class_without_test_images_is_never_called(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    row = called(load_model(NETWORK).network, examples_of(TEST).first(1), 2)
    assert sum(row[f"called_{label}"] for label in range(10)) == row["called"]


@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
def test_looks_grow_rarer_from_the_first_step_to_the_last(steps: int) -> None:
    class Still:
        """Takes no step."""

        examples = np.zeros(1)
        settings = type("Settings", (), {"batch_size": 1})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stages.claims.shared.stepwise.StepwiseSGD.train_on", lambda *_: None)
        seen = list(looks(Still(), steps))  # type: ignore[arg-type]
    assert seen[:2] == [0, 1]
    assert seen[-1] == steps
    assert seen == sorted({*seen})


@pytest.mark.parametrize(
    ("untrained", "trained", "verdict"),
    [
        (1.0, 0.99, Verdict.HELD),
        (1.0, 0.98, Verdict.PARTLY),
        (0.5, 1.0, Verdict.PARTLY),
        (0.98, 0.9, Verdict.NOT_HELD),
    ],
)
@pytest.mark.usefixtures("folder")
def test_the_verdict_follows_the_shares(untrained: float, trained: float, verdict: Verdict) -> None:
    ends, table = {"untrained": untrained, "trained": trained}, rows_of(SHARES)
    for row in table:
        if row["step"] == "12":
            row["called"] = str(ends[row["start"]])
    write_rows(SHARES, [*table[0]], [[*row.values()] for row in table])
    assert finding_of(CLAIM).verdict == verdict


def test_names_stand_a_line_apart_inside_the_panel() -> None:
    for ends in ([1.0] * 9, [0.0] * 9, [0.9, 0.89, 0.5, 0.01, 0.0, 0.0]):
        places = move_apart([end / 1.03 for end in ends], 0.047, low=0, high=1)
        assert all(np.diff(places) < -0.04)
        assert max(places) <= 1
        assert min(places) >= 0
