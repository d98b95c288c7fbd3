"""The warning of pictures that look like no training image, and what was measured of it."""

import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.stats import multivariate_normal

from benchmarks.unfamiliar import ALIKE, COLUMNS, TABLE, drawn, markdown
from stages.common.files.arrays import ArrayError, load_labelled
from stages.common.files.paths import TRAIN, VALIDATION
from stages.common.files.tables import read_table
from stages.common.images.drawing import rasterize
from stages.common.images.novelty import (
    ALARMS,
    Familiar,
    Gaussians,
    describe,
    facing_vectors,
    load_familiar,
    placed_vectors,
)
from stages.common.runtime.cli import run
from stages.common.runtime.imports import ROOT
from stages.tools.predict import predict
from tests.common.test_drawing import HANDS
from tests.common.test_edges import by_angles


@pytest.fixture
def finished(trained_run: Path) -> Path:
    return trained_run


def loaded() -> Familiar:
    familiar = load_familiar((28, 28))
    assert familiar is not None
    return familiar


def placed(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What a blur by one pixel leaves that a blur by three wipes out, averaged over 2 x 2."""
    images = grey.reshape(-1, 28, 28).astype(float)
    little, more = (gaussian_filter(images, (0, s, s), mode="constant", truncate=9) for s in (1, 3))
    cells = (little - more).reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(len(grey), -1)
    return np.asarray(cells / np.linalg.norm(cells, axis=1, keepdims=True))


def facing(image: NDArray[np.uint8], square: int) -> list[float]:
    """How much edge faces each way in each square of so many pixels of the maps, one by one."""
    lengths = (by_angles(image) / 255) ** 2
    rows, columns = lengths.shape[1:]
    within = [
        sum(
            lengths[way + back, y, x]
            for back in (0, 4)  # and the opposite way
            for y in range(top, min(top + square, rows))
            for x in range(left, min(left + square, columns))
        )
        / square**2
        for top in range(0, rows, square)
        for way in range(4)
        for left in range(0, columns, square)
    ]
    weighed = [amount**0.7 for amount in within]
    length = math.hypot(*weighed)
    return [*(amount / length for amount in weighed), math.log(length)]


@pytest.mark.usefixtures("folder")
def test_places_of_edges_are_those_of_gaussian_blurs() -> None:
    train, _ = load_labelled(TRAIN)
    np.testing.assert_allclose(placed_vectors(train[:50], (28, 28)), placed(train[:50]), atol=1e-5)
    half = placed_vectors(train[:3] // 2, (28, 28))
    np.testing.assert_allclose(half, placed(train[:3]), atol=0.02)  # as bright or not


@pytest.mark.parametrize(("shape", "square"), [((28, 28), 2), ((17, 11), 1), ((40, 30), 3)])
def test_the_ways_that_edges_face_are_those_of_their_arrows(
    shape: tuple[int, int], square: int
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype=np.uint8)
    images[0, 3:-2, 4:9] = 255
    images[1] //= 20
    got = facing_vectors(images.reshape(3, -1), shape)
    np.testing.assert_allclose(got, [facing(image, square) for image in images], atol=1e-4)


def likelihoods(gaussians: Gaussians, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Minus twice the log likelihood of vectors, (n, cells), under each Gaussian, (groups, n)."""
    rows = gaussians.levels * gaussians.scales[..., np.newaxis].astype(float)
    cells = vectors.shape[1]
    every = []
    for (mean, *directions), precision in zip(rows, gaussians.precisions, strict=True):
        inverse = precision * np.eye(cells) - np.array(directions).T @ np.array(directions)
        covariance = np.linalg.inv((inverse + inverse.T) / 2)
        given = multivariate_normal(mean, covariance).logpdf(vectors)
        every.append(-2 * given - cells * np.log(2 * np.pi))
    return np.array(every)


@pytest.mark.usefixtures("folder")
def test_strangeness_is_of_the_log_likelihoods_of_the_nearest_gaussians() -> None:
    train, _ = load_labelled(TRAIN)
    rng = np.random.default_rng(0)
    seen = np.concatenate([train[:20], rng.integers(0, 256, (600, 784), np.uint8)])
    familiar = loaded()
    ways = facing_vectors(seen, (28, 28)).astype(float)
    expected = likelihoods(familiar.facing, ways).min(axis=0)
    expected += 0.7 * likelihoods(familiar.placed, placed(seen)).min(axis=0)
    got = familiar.strangeness(seen)
    # the volume is kept from before the directions were rounded to 8 bits
    np.testing.assert_allclose(got, expected, rtol=0, atol=0.02 * np.abs(expected).max())
    assert np.corrcoef(got, expected)[0, 1] > 0.999


@pytest.mark.usefixtures("folder")
def test_the_bound_is_what_all_but_few_validation_images_reach() -> None:
    familiar, (validation, _) = loaded(), load_labelled(VALIDATION)
    beyond = familiar.strangeness(validation) > familiar.bound
    assert beyond.mean() == pytest.approx(ALARMS, abs=1 / len(validation))
    assert len(familiar.strangest) == beyond.sum()
    assert familiar.judges == len(validation)


@pytest.mark.usefixtures("folder")
def test_noise_is_warned_of_and_a_training_image_is_not() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    familiar = loaded()
    judges = familiar.judges
    assert familiar.warning(noise) == (
        f"looks like nothing the network has seen: stranger than {judges} of {judges} "
        "validation images"
    )
    validation, _ = load_labelled(VALIDATION)
    strange = validation[np.argmax(familiar.strangeness(validation))]
    assert f"stranger than {judges - 1} of {judges} " in familiar.warning(strange)
    assert familiar.warning(load_labelled(TRAIN)[0][7].reshape(28, 28)) == ""


@pytest.mark.usefixtures("folder")
def test_other_images_or_none_give_no_criterion_and_damaged_ones_are_told() -> None:
    assert load_familiar((28, 27)) is None
    (VALIDATION / "images.npy").write_bytes(b"no array")
    with pytest.raises(ArrayError, match="validation"):
        load_familiar((28, 28))
    VALIDATION.rename("elsewhere")
    assert load_familiar((28, 28)) is None


def test_no_ink_has_no_edges() -> None:
    ink = np.zeros((2, 42), np.uint8)
    ink[1, 20] = 9
    for vectors in (facing_vectors(ink, (6, 7))[:, :-1], placed_vectors(ink, (6, 7))):
        assert not vectors[0].any()
        assert np.linalg.norm(vectors[1]) == pytest.approx(1)
    nothing, something = facing_vectors(ink, (6, 7))[:, -1]
    assert nothing == pytest.approx(math.log(0.001))
    assert something > nothing


def test_a_picture_full_of_ink_has_edges_where_it_ends_only() -> None:
    full = np.full((1, 40 * 40), 255, np.uint8)
    places = placed_vectors(full, (40, 40)).reshape(14, 14)
    assert np.abs(places[5:-5, 5:-5]).max() < 0.01 * np.abs(places).max()
    ways = facing_vectors(full, (40, 40))[0, :-1].reshape(7, 4, 7)
    assert not ways[1:-1, :, 1:-1].any()
    assert ways[0].any()


@pytest.mark.parametrize(
    ("images", "shape", "classes"), [(3, (1, 1), 2), (40, (5, 9), 1), (200, (64, 30), 60)]
)
def test_any_images_give_a_criterion(images: int, shape: tuple[int, int], classes: int) -> None:
    rng = np.random.default_rng(1)
    grey = rng.integers(0, 256, (images, shape[0] * shape[1]), dtype=np.uint8)
    labels = rng.integers(0, classes, images).astype(np.uint8)
    familiar = describe(grey, labels, grey[:9], shape)
    assert np.isfinite(familiar.strangeness(grey)).all()
    assert len(familiar.facing.levels) == len(familiar.labels) <= max(30, classes)


@pytest.mark.usefixtures("folder")
def test_predict_warns_of_what_is_no_digit_in_a_line_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stripes = np.zeros((200, 200), np.uint8)
    stripes[20:180, 20:180] = 255 * (np.arange(160) // 20 % 2)
    Image.fromarray(stripes).save("stripes.png")
    training_image = load_labelled(TRAIN)[0][0].reshape(28, 28)
    Image.fromarray(training_image).save("digit.png")
    Image.fromarray(rasterize(HANDS["upright"][1], 200, 0.06)).save("one.png")
    arguments = ["predict", "stripes.png", "digit.png", "--figure", "seen.png"]
    monkeypatch.setattr(sys, "argv", arguments)
    run(predict, writes=False)
    out, err = capsys.readouterr()
    assert out.count("\n") == 2
    expected = r"warning: stripes\.png: looks like nothing .* validation images\n"
    warning, network = err.splitlines(keepends=True)
    assert re.fullmatch(expected, warning)
    assert network.startswith("network: ")
    with_warning = Path("seen.png").read_bytes()
    VALIDATION.rename("elsewhere")
    run(predict, writes=False)
    assert capsys.readouterr() == (out, network)
    assert Path("seen.png").read_bytes() != with_warning


def test_the_documentation_has_the_rates_that_were_measured() -> None:
    assert markdown() in (ROOT / "docs/export.md").read_text()


def test_the_rates_that_were_measured_are_worth_a_warning() -> None:
    table = read_table(TABLE, COLUMNS, texts=("pictures",))
    shares = dict(zip(table["pictures"], table["warned"], strict=True))
    assert shares["test digits"] <= 0.025
    assert max(shares["other people's digits"], shares["printed digits"]) <= 0.05
    assert min(shares["uniform noise"], shares["shuffled digits"]) == 1
    unlike = "printed letters unlike any digit", "clothes", "scribbles", "hearts"
    assert min(shares[kind] for kind in unlike) >= 0.75


def test_letters_are_drawn_as_digits_are_prepared() -> None:
    pictures = drawn("A")
    assert len({picture.tobytes() for picture in pictures}) > len(pictures) / 2
    assert (pictures.max(axis=(1, 2)) == 255).all()
    assert len(set(ALIKE)) == len(ALIKE)
