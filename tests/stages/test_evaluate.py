"""Numbers that cannot be trusted are refused, and a model that only guesses is called that."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from nn import Network
from stages.claims.averaging.measure import averaging
from stages.claims.sensitivity.measure import sensitivity
from stages.claims.smoothness.measure import smoothness
from stages.claims.stepsize.measure import stepsize
from stages.claims.wishes.measure import wishes
from stages.common.files.atomic import StageError
from stages.common.files.paths import (
    METRICS,
    NETWORK,
    PREDICTIONS,
    PREPROCESSING,
    SCORES,
    SNAPSHOTS,
    VALIDATION,
)
from stages.common.models.model import Model, load_model, save_model
from stages.common.models.sanity import (
    SIGNIFICANCE,
    chance_warning,
    is_above_chance,
    require_finite,
)
from stages.common.models.snapshots import load_snapshots
from stages.common.runtime.limits import require_disk, require_memory
from stages.evaluate import evaluate
from tests.claims.shared import copied, rows_of
from tests.sample import call, train_small

STAGES: dict[str, Callable[[], None]] = {
    "averaging": lambda: call(averaging, batch_size=20, draws=2, lengths=[1], seed=0),
    "sensitivity": lambda: call(sensitivity, ratio=32, wiggle=1e-3),
    "smoothness": lambda: call(
        smoothness,
        weight_decays=[0],
        seeds=2,
        epochs=1,
        learning_rate=1,
        batch_size=50,
        shuffles=2,
        seed=0,
    ),
    "stepsize": lambda: call(stepsize, smallest=0.1, per_decade=1, epochs=[1]),
    "wishes": lambda: call(wishes, digit=2, index=0),
}


@pytest.fixture
def trained(trained_run: Path, empty: Path) -> Path:
    """The current folder, a copy of one in which a network has been trained."""
    return copied(trained_run, empty)


def written(folder: Path) -> dict[str, bytes]:
    """Every report's bytes."""
    return {p.name: p.read_bytes() for p in (folder / "reports").rglob("*") if p.is_file()}


def spoil_snapshot(row: int, value: float) -> None:
    path = SNAPSHOTS / "parameters.npy"
    snapshots = np.load(path)
    snapshots[row, 5] = value
    np.save(path, snapshots)


def spoil_model(value: float) -> None:
    model = load_model(NETWORK)
    model.network.parameters[7] = value
    save_model(NETWORK, model)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("stage", ["evaluate", *STAGES])
def test_a_model_with_a_weight_that_is_not_finite_is_refused(
    stage: str, value: float, trained: Path
) -> None:
    spoil_model(value)
    before = written(trained)
    with pytest.raises(StageError, match=r"^models/network\.npz: .*not finite[^\n]*$"):
        {"evaluate": evaluate, **STAGES}[stage]()
    assert written(trained) == before


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("stage", STAGES)
def test_snapshots_with_a_weight_that_is_not_finite_are_refused(
    stage: str, value: float, trained: Path
) -> None:
    spoil_snapshot(3, value)
    before = written(trained)
    words = r"^models/snapshots/parameters\.npy: the weights after epoch 3 are not all [^\n]+$"
    with pytest.raises(StageError, match=words):
        STAGES[stage]()
    assert written(trained) == before


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((3, 4), np.float64), "float64 (3, 4)"),
        (np.zeros((3, 5), np.float32), "shape (3, 5)"),
        (np.zeros(4, np.float32), "float32 (4,)"),
        (np.array(1, np.float32), "float32 ()"),
        (np.array([{}]), "expected a .npy file"),
    ],
)
def test_snapshots_of_another_form_are_refused(array: Any, words: str, tmp_path: Path) -> None:
    np.save(tmp_path / "epochs.npy", np.arange(3))
    np.save(tmp_path / "parameters.npy", array)
    with pytest.raises(StageError, match=re.escape(words)):
        load_snapshots(tmp_path, 4)


@pytest.mark.parametrize("content", [b"", b"x" * 300, b"\x93NUMPY\x01\x00v\x00{"])
def test_a_file_that_holds_no_snapshots_is_refused(content: bytes, tmp_path: Path) -> None:
    np.save(tmp_path / "epochs.npy", np.arange(3))
    with pytest.raises(StageError, match=r"parameters\.npy: no such file; run dvc repro"):
        load_snapshots(tmp_path, 4)
    (tmp_path / "parameters.npy").write_bytes(content)
    with pytest.raises(StageError, match=r"expected a \.npy file of plain [^\n]+; run dvc repro$"):
        load_snapshots(tmp_path, 4)


@pytest.mark.parametrize("epochs", [[1, 2, 3], [0, 2, 2], [0, 3, 2]])
def test_snapshots_whose_epochs_do_not_rise_from_0_are_refused(
    epochs: list[int], tmp_path: Path
) -> None:
    np.save(tmp_path / "epochs.npy", np.array(epochs))
    np.save(tmp_path / "parameters.npy", np.zeros((3, 4), np.float32))
    with pytest.raises(StageError, match=r"epochs\.npy: expected 0 and rising epochs"):
        load_snapshots(tmp_path, 4)


def test_outputs_that_overflow_are_refused_though_every_weight_is_finite(trained: Path) -> None:
    model = load_model(NETWORK)
    network = Network(model.network.sizes, "relu", "cross_entropy", model.network.parameters)
    network.parameters[:] = 1e30
    save_model(NETWORK, replace(model, network=network))
    before = written(trained)
    with pytest.raises(
        StageError, match=r"^models/network\.npz: [^\n]*so large that outputs overflow"
    ):
        evaluate()
    assert written(trained) == before


def test_finite_numbers_pass_and_the_others_are_counted() -> None:
    require_finite(np.array([1.0, 3e38]), "x: these")
    with pytest.raises(StageError, match="x: these are not all finite: 2 of 3 numbers are not"):
        require_finite(np.array([np.nan, 0, -np.inf]), "x: these")


# --- above chance


@given(st.lists(st.integers(0, 9), min_size=1, max_size=300), st.data())
def test_above_chance_is_a_one_sided_binomial_test(labels: list[int], data: st.DataObject) -> None:
    right = data.draw(st.integers(0, len(labels)))
    share = np.bincount(labels).max() / len(labels)
    expected = share < 1 and bool(binom.sf(right - 1, len(labels), share) < SIGNIFICANCE)
    assert is_above_chance(right, np.array(labels)) == expected


def test_naming_one_class_is_never_above_chance_and_reading_all_is() -> None:
    labels = np.repeat(np.arange(10), [20, 11, 10, 10, 9, 10, 10, 10, 5, 5])
    assert not is_above_chance(20, labels)
    assert not is_above_chance(25, labels)
    assert is_above_chance(40, labels)
    assert chance_warning(100, labels, "images") == ""
    assert not is_above_chance(10, np.full(10, 3))  # one class: nothing is better than to name it
    assert chance_warning(20, labels, "test images").startswith(
        "20 of 100 test images right is not above chance: the most frequent class alone, named "
        "for each of them, gets 20;"
    )


def test_guessing_is_called_above_chance_as_seldom_as_promised() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 100)
    guesses = rng.integers(0, 10, (20_000, len(labels)), np.uint8)
    right = (guesses == labels).sum(axis=1)
    assert np.mean([is_above_chance(int(n), labels) for n in right]) <= 2 * SIGNIFICANCE


def test_evaluate_says_whether_the_model_is_above_chance(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    evaluate()
    assert json.loads(METRICS.read_text())["above_chance"] is True
    assert "warning" not in capsys.readouterr().out
    model = load_model(NETWORK)
    model.network.parameters[:] = 0
    save_model(trained / NETWORK, model)
    evaluate()
    assert json.loads(METRICS.read_text())["above_chance"] is False
    out = capsys.readouterr().out
    assert re.search(
        r"^warning: \d+ of 60 test images right is not above chance: .+$", out, re.MULTILINE
    )


@pytest.mark.parametrize(("rate", "epochs"), [(0, 1), (5, 8)])
def test_train_warns_of_a_model_that_validation_shows_to_be_no_better_than_chance(
    rate: float, epochs: int, digits: Path, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied(digits, empty)
    train_small(learning_rate=rate, epochs=epochs)
    out = capsys.readouterr().out
    warned = re.search(r"\nwarning: \d+ of 50 validation images right is not above chance: ", out)
    assert bool(warned) == (rate == 0)


# --- preprocessing


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"deskew": True}, "another deskew (True, the images False)"),
        ({"scale": np.array(0.5, np.float32)}, "another scale (0.5, the images 0.00392157)"),
        (
            {"scale": np.linspace(0, 1, 784, dtype=np.float32)},
            "another scale (0 to 1, by input, the images 0.00392157)",
        ),
        ({"height": 56, "width": 14}, "another image_shape (56 x 14, the images 28 x 28)"),
        (
            {"deskew": True, "offset": np.array(-1, np.float32)},
            "another deskew (True, the images False) and another offset (-1, the images 0)",
        ),
    ],
)
@pytest.mark.usefixtures("trained")
def test_a_model_of_other_preprocessing_is_refused_and_every_difference_is_named(
    changes: dict[str, Any], words: str
) -> None:
    model = load_model(NETWORK)
    preprocessing = replace(model.preprocessing, **changes)
    save_model(NETWORK, Model(model.network, preprocessing))
    expected = f"{NETWORK} was trained with {words} than the images in data/normalized/test have"
    with pytest.raises(StageError, match=re.escape(expected)):
        evaluate()
    assert not METRICS.exists()
    assert PREPROCESSING.exists()


# --- what this machine can hold


def test_a_network_that_fits_is_taken_and_one_that_does_not_is_told_with_its_size() -> None:
    require_memory("train.hidden", (784, 16, 16, 10), 300)
    require_disk("train.hidden", (784, 16, 16, 10), 300)
    for require, where in ((require_memory, "of memory"), (require_disk, "free on the disk")):
        with pytest.raises(StageError) as refusal:
            require("train.hidden", (784, 10**6, 10**6, 10), 91)
        message = str(refusal.value)
        assert re.match(
            rf"train\.hidden: expected a network that fits into the [\d,.]+ GB {where}", message
        )
        assert "got 784-1000000-1000000-10: 91 times 1,000,796,000,010 parameters are" in message
        assert "364,289.7 GB; ask for fewer neurons, epochs or snapshots" in message
    with pytest.raises(StageError, match=r"got 784-9-9-9-\.\.\.-9-10: "):
        require_memory("train.hidden", (784, *[9] * 100, 10), 10**9)


def test_every_number_is_that_of_a_slow_count(trained: Path) -> None:
    evaluate()
    metrics = json.loads(METRICS.read_text())
    assert len(metrics) <= 6
    rows = [[float(cell) for cell in row.values()] for row in rows_of(PREDICTIONS)]
    labels, outputs = [int(row[0]) for row in rows], [row[3:] for row in rows]
    ranked = [sorted(range(10), key=lambda j, o=o: -o[j]) for o in outputs]  # type: ignore[misc]
    places = [order.index(label) for order, label in zip(ranked, labels, strict=True)]
    assert metrics["accuracy"] == pytest.approx(places.count(0) / 60, abs=1e-6)
    assert metrics["top_2_accuracy"] == pytest.approx(sum(p < 2 for p in places) / 60, abs=1e-6)
    costs = [
        sum((a - (j == label)) ** 2 for j, a in enumerate(o))
        for o, label in zip(outputs, labels, strict=True)
    ]
    assert metrics["cost"] == pytest.approx(sum(costs) / 60, abs=1e-6)
    bins: dict[int, list[tuple[float, bool]]] = {}
    for o, place in zip(outputs, places, strict=True):
        bins.setdefault(min(int(max(o) * 10), 9), []).append((max(o), place == 0))
    gaps = [abs(sum(c for c, _ in b) - sum(r for _, r in b)) for b in bins.values()]
    assert metrics["calibration_error"] == pytest.approx(sum(gaps) / 60, abs=2e-5)
    model, folder = load_model(NETWORK), trained / VALIDATION
    images, classes = np.load(folder / "images.npy"), np.load(folder / "labels.npy")
    right = [
        model.read(image.reshape(28, 28)) == k for image, k in zip(images, classes, strict=True)
    ]
    assert metrics["validation_accuracy"] == pytest.approx(sum(right) / len(right), abs=1e-6)
    for row in rows_of(SCORES):
        j = int(row["class"])
        guessed = [order[0] == j for order in ranked]
        shown = [label == j for label in labels]
        hits = sum(g and s for g, s in zip(guessed, shown, strict=True))
        assert int(row["images"]) == sum(shown)
        for name, among in (("precision", sum(guessed)), ("recall", sum(shown))):
            assert float(row[name]) == pytest.approx(hits / max(1, among), abs=1e-6)
        both = sum(guessed) + sum(shown)
        assert float(row["f1"]) == pytest.approx(2 * hits / max(1, both), abs=1e-6)
