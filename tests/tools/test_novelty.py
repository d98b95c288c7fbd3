"""The warning of pictures that look like no training image, and what was measured of it."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter

from benchmarks.unfamiliar import ALIKE, COLUMNS, TABLE, drawn, markdown
from stages.common.files.arrays import ArrayError, load_labelled
from stages.common.files.paths import TRAIN, VALIDATION
from stages.common.files.tables import read_table
from stages.common.runtime.cli import run
from stages.common.runtime.imports import ROOT
from stages.tools.drawing import rasterize
from stages.tools.novelty import ALARMS, Familiar, directions_of, load_familiar
from stages.tools.predict import predict
from tests.tools.test_drawing import HANDS


@pytest.fixture
def finished(trained_run: Path) -> Path:
    return trained_run


def loaded() -> Familiar:
    familiar = load_familiar((28, 28))
    assert familiar is not None
    return familiar


def edges(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What a blur by one pixel leaves that a blur by three wipes out."""
    images = grey.reshape(-1, 28, 28).astype(float)
    blurred = [gaussian_filter(images, (0, s, s), mode="constant") for s in (1, 3)]
    return np.asarray(blurred[0] - blurred[1]).reshape(grey.shape)


@pytest.mark.usefixtures("folder")
def test_similarity_is_the_cosine_with_the_nearest_training_image() -> None:
    train, _ = load_labelled(TRAIN)
    rng = np.random.default_rng(0)
    seen = np.concatenate([train[:3], train[:3] // 2, rng.integers(0, 256, (600, 784), np.uint8)])
    got = loaded().similarity(seen)
    for image, similarity in zip(seen[:20], got[:20], strict=True):
        a, b = edges(image), edges(train)
        cosines = b @ a / (np.linalg.norm(a) * np.linalg.norm(b, axis=1))
        assert similarity == pytest.approx(cosines.max(), abs=1e-5)
    assert got[:6] == pytest.approx(1, abs=1e-3)  # half as bright is the same picture
    assert loaded().similarity(np.zeros((1, 784), np.uint8))[0] == 0


@pytest.mark.usefixtures("folder")
def test_the_bound_is_what_all_but_few_validation_images_reach() -> None:
    familiar, (validation, _) = loaded(), load_labelled(VALIDATION)
    below = (familiar.similarity(validation) < familiar.least).mean()
    assert below == pytest.approx(ALARMS, abs=1 / len(validation))
    assert 0.3 < familiar.least < 0.95


@pytest.mark.usefixtures("folder")
def test_noise_is_warned_of_and_a_training_image_is_not() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    familiar = loaded()
    similarity = familiar.similarity(noise.reshape(1, -1))[0]
    assert familiar.warning(noise) == (
        f"looks like nothing the network has seen: similarity {similarity:.2f} to the nearest "
        f"training image, below {familiar.least:.2f}"
    )
    assert familiar.warning(load_labelled(TRAIN)[0][7].reshape(28, 28)) == ""


@pytest.mark.usefixtures("folder")
def test_other_images_or_none_give_no_criterion_and_damaged_ones_are_told() -> None:
    assert load_familiar((28, 27)) is None
    (VALIDATION / "images.npy").write_bytes(b"no array")
    with pytest.raises(ArrayError, match="validation"):
        load_familiar((28, 28))
    VALIDATION.rename("elsewhere")
    assert load_familiar((28, 28)) is None


def test_no_ink_has_no_direction() -> None:
    ink = np.zeros((2, 42), np.uint8)
    ink[1, 20] = 9
    nothing, something = directions_of(ink, (6, 7))
    assert not nothing.any()
    assert np.linalg.norm(something) == pytest.approx(1)


def test_a_picture_full_of_ink_has_edges_where_it_ends_only() -> None:
    full = np.full((1, 40 * 40), 255, np.uint8)
    edges_of_it = directions_of(full, (40, 40)).reshape(40, 40)
    assert np.abs(edges_of_it[15:-15, 15:-15]).max() < 0.01 * np.abs(edges_of_it).max()


@pytest.mark.usefixtures("folder")
def test_predict_warns_of_what_is_no_digit_in_a_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stripes = np.zeros((200, 200), np.uint8)
    stripes[20:180, 20:180] = 255 * (np.arange(160) // 8 % 2)
    Image.fromarray(stripes).save("stripes.png")
    training_image = load_labelled(TRAIN)[0][0].reshape(28, 28)
    Image.fromarray(training_image).save("digit.png")
    Image.fromarray(rasterize(HANDS["upright"][1], 200, 0.06)).save("one.png")
    arguments = ["predict", "stripes.png", "digit.png", "--figure", "seen.png"]
    monkeypatch.setattr(sys, "argv", arguments)
    run(predict)
    out, err = capsys.readouterr()
    assert out.count("\n") == 2
    expected = r"warning: stripes\.png: looks like nothing .* below 0\.\d\d\n"
    assert re.fullmatch(expected, err)
    with_warning = Path("seen.png").read_bytes()
    VALIDATION.rename("elsewhere")
    run(predict)
    assert capsys.readouterr() == (out, "")
    assert Path("seen.png").read_bytes() != with_warning


def test_the_documentation_has_the_rates_that_were_measured() -> None:
    assert markdown() in (ROOT / "docs/export.md").read_text()


def test_the_rates_that_were_measured_are_worth_a_warning() -> None:
    table = read_table(TABLE, COLUMNS, texts=("pictures",))
    shares = dict(zip(table["pictures"], table["warned"], strict=True))
    assert shares["test digits"] < 2 * ALARMS
    assert min(shares["uniform noise"], shares["shuffled digits"]) > 0.99
    assert min(shares["printed letters unlike any digit"], shares["clothes"]) > 10 * ALARMS


def test_letters_are_drawn_as_digits_are_prepared() -> None:
    pictures = drawn("A")
    assert len({picture.tobytes() for picture in pictures}) > len(pictures) / 2
    assert (pictures.max(axis=(1, 2)) == 255).all()
    assert len(set(ALIKE)) == len(ALIKE)
