"""A network that is shown one digit alone comes to see it everywhere; the counts are right."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import Network, predict
from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY
from stages.claims.twos.figure import CLAIM, apart, load, verdict
from stages.claims.twos.measure import called, looks, only, twos
from stages.common.files.arrays import load_labelled, save_arrays, save_labelled
from stages.common.files.atomic import StageError
from stages.common.files.paths import TEST, TRAIN
from stages.common.images.idx import read_idx
from stages.common.images.preprocess import Preprocessing, unit_scaling
from stages.common.models.model import Model, load_model, save_model
from stages.common.models.recipe import examples_of
from stages.page.figures import styled
from tests.sample import sample_as_raw

SHARES = Path("data/claims/twos.csv")
NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")
OPTIONS: dict[str, Any] = {
    "digit": 2, "learning_rate": 1.0, "batch_size": 5, "steps": 12, "seeds": 2, "seed": 0
}  # fmt: skip
CHANGES = {"digit": 3, "learning_rate": 0.3, "batch_size": 6, "steps": 9, "seeds": 3, "seed": 1}
SHAPES: dict[str, dict[str, Any]] = {
    "no hidden layer": {"hidden": ()},
    "deep": {"hidden": (5,) * 6, "activation": "tanh", "cost": "cross_entropy"},
    "26 classes": {"classes": 26},
    "two classes": {"classes": 2, "digit": 1},
}


def prepare(
    folder: Path,
    *,
    hidden: tuple[int, ...] = (6,),
    activation: str = "sigmoid",
    cost: str = "quadratic",
    classes: int = 10,
) -> None:
    """Write real digits, of other classes if need be, and an untrained network as the trained."""
    raw = folder / "raw"
    sample_as_raw(raw, train=200, test=80)
    for name, place in (("train", TRAIN), ("t10k", TEST)):
        images = np.array(read_idx(raw / f"{name}-images-idx3-ubyte", 3))
        labels = np.array(read_idx(raw / f"{name}-labels-idx1-ubyte", 1))
        labels = labels if classes == 10 else np.arange(len(labels), dtype=np.uint8) % classes
        (folder / place).mkdir(parents=True)
        save_labelled(folder / place, images.reshape(len(images), -1), labels.astype(np.uint8))
    scale, offset = unit_scaling()
    preprocessing = Preprocessing(28, 28, deskew=False, edges=False, scale=scale, offset=offset)
    save_arrays(folder / "data/normalized/preprocessing.npz", preprocessing.arrays())
    (folder / "models").mkdir()
    rng = np.random.default_rng(9)
    network = Network.random((784, *hidden, classes), activation, cost, rng=rng, gain=2)
    save_model(folder / "models/network.npz", Model(network, preprocessing))


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> bytes:
    monkeypatch.chdir(folder)
    twos(**(OPTIONS | changes))
    return SHARES.read_bytes()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the stage has run; for reading only."""
    folder = tmp_path_factory.mktemp("twos")
    prepare(folder)
    with pytest.MonkeyPatch.context() as patch:
        run(folder, patch)
    return folder


@pytest.fixture
def rows(finished: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """Rows of the table; the current folder is the stage's own."""
    monkeypatch.chdir(finished)
    with SHARES.open() as file:
        return list(csv.DictReader(file))


def test_only_images_of_the_digit_are_shown(finished: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(finished)
    images, labels = load_labelled(TRAIN)
    own = only(examples_of(TRAIN), 2)
    assert np.array_equal(own.stored, images[labels == 2])
    assert set(own.labels.tolist()) == {2}


def test_a_digit_that_no_image_shows_is_refused(finished: Path, monkeypatch: Any) -> None:
    with pytest.raises(StageError, match=r"twos\.digit: expected .* none of 11; choose one of 0, "):
        run(finished, monkeypatch, digit=11)


def test_a_network_that_sees_twos_only_calls_everything_a_two(rows: list[dict[str, str]]) -> None:
    last = [row for row in rows if row["start"] == "untrained" and row["step"] == "12"]
    assert [row["called"] for row in last] == ["1.0", "1.0"]
    twos_in_test = float((load_labelled(TEST)[1] == 2).mean())
    assert [float(row["accuracy"]) for row in last] == [pytest.approx(twos_in_test)] * 2


def test_the_trained_network_is_where_its_walk_begins(rows: list[dict[str, str]]) -> None:
    outputs, _ = predict(load_model("models/network.npz").network, examples_of(TEST))
    guesses, labels = outputs.argmax(axis=1), load_labelled(TEST)[1]
    for row in rows:
        if (row["start"], row["step"]) != ("trained", "0"):
            continue
        assert float(row["accuracy"]) == pytest.approx((guesses == labels).mean())
        assert float(row["called"]) == pytest.approx((guesses == 2).mean(), abs=1e-6)
        for label in range(10):
            share = (guesses[labels == label] == 2).mean()
            assert float(row[f"called_{label}"]) == pytest.approx(share, abs=1e-6)


def test_the_shares_of_all_classes_make_up_the_share_of_all(rows: list[dict[str, str]]) -> None:
    counts = np.bincount(load_labelled(TEST)[1], minlength=10)
    for row in rows:
        parts = [float(row[f"called_{label}"]) for label in range(10)]
        assert float(row["called"]) == pytest.approx(parts @ counts / counts.sum(), abs=1e-5)


def test_a_class_without_test_images_is_never_called(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    row = called(load_model("models/network.npz").network, examples_of(TEST).first(1), 2)
    assert sum(row[f"called_{label}"] for label in range(10)) == row["called"]


@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
def test_looks_grow_rarer_from_the_first_step_to_the_last(steps: int) -> None:
    class Still:
        """Takes no step."""

        examples = np.zeros(1)
        settings = type("Settings", (), {"batch_size": 1})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stages.claims.shared.stepwise.Walk.visit", lambda _walk, _images: None)
        seen = list(looks(Still(), steps))  # type: ignore[arg-type]
    assert seen[:2] == [0, 1]
    assert seen[-1] == steps
    assert seen == sorted({*seen})


def test_every_parameter_changes_what_is_written_and_nothing_else_does(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = (finished / SHARES).read_bytes()
    prepare(tmp_path)
    assert run(tmp_path, monkeypatch) == first
    for key, value in CHANGES.items():
        assert run(tmp_path, monkeypatch, **{key: value}) != first, key
    assert CHANGES.keys() == OPTIONS.keys()


def test_the_captions_numbers_are_those_of_the_file(rows: list[dict[str, str]]) -> None:
    with styled():
        picture = CLAIM.draw()
    known = {"2", "80", "12", "99", *(row["step"] for row in rows), *map(str, range(10))}
    for start in ("untrained", "trained"):
        own = [row for row in rows if row["start"] == start]
        for step in ("0", "12"):
            for name in ("called", "accuracy", *(f"called_{label}" for label in range(10))):
                values = [100 * float(row[name]) for row in own if row["step"] == step]
                known |= {f"{np.mean(values):.1f}", f"{np.std(values, ddof=1):.1f}"}
    text = f"{picture.title} {picture.caption}"
    assert set(NUMBER.findall(text)) <= known
    assert picture.title in picture.alt


def test_the_verdict_follows_the_shares(rows: list[dict[str, str]]) -> None:
    assert rows
    shares = load()
    for untrained, trained, word in (
        (1.0, 0.99, HELD), (1.0, 0.98, PARTLY), (0.5, 1.0, PARTLY), (0.98, 0.9, NOT_HELD)
    ):  # fmt: skip
        for start, end in (("untrained", untrained), ("trained", trained)):
            shares.shares[start, "called"][:, -1] = end
        assert verdict(shares).endswith(word)


def test_names_stand_a_line_apart_inside_the_panel() -> None:
    for ends in ([1.0] * 9, [0.0] * 9, [0.9, 0.89, 0.5, 0.01, 0.0, 0.0]):
        places = apart(ends)
        assert all(np.diff(places) < -0.04)
        assert max(places) <= 1
        assert min(places) >= 0


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_other_networks_are_drawn(
    shape: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = {key: value for key, value in shape.items() if key != "digit"}
    prepare(tmp_path, **network)
    run(tmp_path, monkeypatch, digit=shape.get("digit", 2), steps=3)
    with styled():
        picture = CLAIM.draw()
        picture.figure.savefig(tmp_path / "figure.png", dpi=40)
    assert "nan" not in picture.caption
    assert picture.caption.endswith((HELD, PARTLY, NOT_HELD))
