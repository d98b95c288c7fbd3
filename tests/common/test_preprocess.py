"""Deskewing straightens and centres; scaling gives the numbers that it promises."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from stages.common.images import preprocess
from stages.common.images.idx import write_idx
from stages.common.images.preprocess import (
    CHUNK,
    LEAST_DEVIATION,
    Preprocessing,
    deskew,
    standard_scaling,
    unit_scaling,
)
from stages.normalize import normalize
from tests.common.test_drawing import sample_digits
from tests.sample import call, write_dataset

Grey = NDArray[np.uint8]

SIDE = 28
Y, X = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2  # pixels below and right of the middle


def stroke(slant: float = 0, down: float = 0, right: float = 0) -> Grey:
    """A soft upright stroke, 12 pixels high and 4 wide, sheared and then moved."""
    y, x = Y - down, X - right
    ink = np.exp(-(((x - slant * y) / 2) ** 2) - (y / 5) ** 2)
    grey: Grey = np.rint(255 * ink).astype(np.uint8)
    return grey


def moments(image: Grey) -> tuple[float, float, float]:
    """Ink's centre, down and right of the middle, and its slant, cov(x, y) / var(y)."""
    share = image / image.sum()
    down, right = float((share * Y).sum()), float((share * X).sum())
    y, x = Y - down, X - right
    return down, right, float((share * x * y).sum() / (share * y * y).sum())


def test_an_upright_stroke_in_the_middle_stays_as_it_is() -> None:
    np.testing.assert_array_equal(deskew(stroke()[None])[0], stroke(), strict=True)


@pytest.mark.parametrize("slant", [-0.7, -0.3, 0.2, 0.5])
@pytest.mark.parametrize(("down", "right"), [(0, 0), (2, -3), (-1.5, 2.25)])
def test_a_sheared_and_moved_stroke_comes_back_upright_in_the_middle(
    slant: float, down: float, right: float
) -> None:
    sheared = stroke(slant, down, right)
    assert moments(sheared)[2] == pytest.approx(slant, abs=0.05)  # there is something to mend
    straight = deskew(sheared[None])[0]
    assert straight.dtype == np.uint8
    assert moments(straight) == pytest.approx((0, 0, 0), abs=0.02)
    assert int(straight.sum()) == pytest.approx(int(sheared.sum()), rel=0.02)
    # Reading between pixels blurs a little: a few hundredths of full ink.
    assert np.abs(straight.astype(int) - stroke()).max() <= 0.1 * 255


def test_a_move_by_whole_pixels_is_undone_exactly() -> None:
    moved = np.roll(stroke(), (3, -4), axis=(0, 1))
    np.testing.assert_allclose(deskew(moved[None])[0], stroke(), atol=1)


def flat_dash() -> Grey:
    """A long flat stroke with a faint speck at its end, a row lower: nominally a slant of 15."""
    dash = np.zeros((SIDE, SIDE), np.uint8)
    dash[12, :25], dash[13, 27] = 255, 89
    return dash


def test_a_flat_dash_is_not_sheared_out_of_the_frame() -> None:
    assert moments(flat_dash())[2] > 10
    straight = deskew(flat_dash()[None])[0]
    assert int(straight.sum()) == pytest.approx(int(flat_dash().sum()), rel=0.01)
    mirrored = deskew(flat_dash()[None, :, ::-1])[0]
    np.testing.assert_allclose(mirrored[:, ::-1].astype(int), straight, atol=1)


def test_the_bound_of_the_slant_changes_no_real_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    images, _ = sample_digits()
    bounded = deskew(images)
    assert not np.array_equal(bounded, images)
    monkeypatch.setattr(preprocess, "MOST_SLANT", np.inf)
    np.testing.assert_array_equal(deskew(images), bounded)


def test_images_without_ink_stay_as_they_are() -> None:
    images = np.stack([np.zeros((SIDE, SIDE), np.uint8), stroke(0.4)])
    assert not deskew(images)[0].any()


@settings(max_examples=100, deadline=None)
@given(arrays(np.uint8, array_shapes(min_dims=3, max_dims=3, max_side=7)))
def test_any_image_comes_back_as_bytes_of_its_shape_and_the_same_each_time(images: Grey) -> None:
    before = images.copy()
    straight = deskew(images)
    assert straight.dtype == np.uint8
    assert straight.shape == images.shape
    np.testing.assert_array_equal(images, before)
    for image, alone in zip(straight, images, strict=True):
        np.testing.assert_array_equal(deskew(alone[None])[0], image)


def test_many_images_are_deskewed_as_each_alone() -> None:
    images = np.stack([stroke(0.3)] * CHUNK + [stroke(-0.5)] * 3)
    straight = deskew(images)
    assert straight.shape == images.shape
    np.testing.assert_array_equal(straight[CHUNK + 1], deskew(images[-1:])[0])
    np.testing.assert_array_equal(straight[CHUNK - 1], deskew(images[:1])[0])


def test_unit_scaling_brings_black_to_0_and_full_ink_to_1() -> None:
    scale, offset = unit_scaling()
    assert [float(grey * scale + offset) for grey in (0, 255)] == [0, 1]
    assert scale.dtype == offset.dtype == np.float32


@pytest.mark.parametrize("count", [7, 2 * CHUNK + 500])
def test_standard_scaling_gives_every_pixel_mean_0_and_deviation_1(count: int) -> None:
    rng = np.random.default_rng(0)
    grey = (rng.uniform(size=(count, 30)) ** 2 * rng.uniform(200, 256, 30)).astype(np.uint8)
    assert grey.std(axis=0).min() > LEAST_DEVIATION * 255
    scale, offset = standard_scaling(grey)
    seen = grey * scale.astype(np.float64) + offset
    np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(seen.std(axis=0), 1, atol=1e-6)
    assert scale.dtype == offset.dtype == np.float32


def test_standard_scaling_does_not_blow_up_a_nearly_constant_pixel() -> None:
    grey = np.zeros((100, 3), np.uint8)
    grey[:, 1] = 200
    grey[0, 2] = 100  # deviation 9.95 grey levels, less than the least, 25.5
    scale, offset = standard_scaling(grey)
    seen = grey * scale + offset
    np.testing.assert_allclose(scale * 25.5, 1, rtol=1e-6)
    np.testing.assert_allclose(seen[:, :2], 0, atol=1e-6)
    assert seen[0, 2] == pytest.approx(99 / 25.5, rel=1e-6)


@pytest.mark.parametrize("scaling", ["unit", "standard"])
def test_what_the_network_sees_is_scale_times_grey_plus_offset(scaling: str) -> None:
    images = np.random.default_rng(0).integers(256, size=(5, 3, 4), dtype=np.uint8)
    scales = unit_scaling() if scaling == "unit" else standard_scaling(images.reshape(5, 12))
    inputs = Preprocessing(
        3, 4, deskew=False, edges=False, scale=scales[0], offset=scales[1]
    ).inputs(images)
    assert inputs.shape == (12, 5)
    assert inputs.dtype == np.float32
    for i, image in enumerate(images):
        scale, offset = (np.broadcast_to(each, 12) for each in scales)
        expected = [scale[p] * grey + offset[p] for p, grey in enumerate(image.ravel().tolist())]
        np.testing.assert_allclose(inputs[:, i], expected, rtol=1e-6, atol=1e-6)


def written(scaling: str, *, straighten: bool, train: Grey, test: Grey) -> dict[str, bytes]:
    """Run ``normalize`` in the present folder; everything that it wrote."""
    for prefix, images in (("train", train), ("t10k", test)):
        write_idx(Path(f"data/raw/{prefix}-images-idx3-ubyte"), images)
        labels = np.arange(len(images), dtype=np.uint8) % 2
        write_idx(Path(f"data/raw/{prefix}-labels-idx1-ubyte"), labels)
    write_dataset(Path("data/raw"))
    call(normalize, scaling=scaling, deskew=straighten, edges=False)
    files = Path("data/normalized").rglob("*.np?")
    return {str(file.relative_to("data/normalized")): file.read_bytes() for file in files}


@pytest.mark.parametrize("straighten", [False, True])
@pytest.mark.parametrize("scaling", ["unit", "standard"])
def test_normalize_learns_its_scaling_from_the_training_images_alone(
    scaling: str, straighten: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    one, other, third = rng.integers(256, size=(3, 20, 6, 5), dtype=np.uint8)

    def run(train: Grey, test: Grey) -> Any:
        return written(scaling, straighten=straighten, train=train, test=test)

    first, other_test, other_train = run(one, other), run(one, third), run(third, other)
    assert first["preprocessing.npz"] == other_test["preprocessing.npz"]
    assert first["train/images.npy"] == other_test["train/images.npy"]
    assert first["test/images.npy"] != other_test["test/images.npy"]
    if scaling == "standard":
        assert first["preprocessing.npz"] != other_train["preprocessing.npz"]
    preprocessing = Preprocessing.load(Path("data/normalized/preprocessing.npz"))
    stored = np.load("data/normalized/train/images.npy")
    np.testing.assert_array_equal(stored, preprocessing.prepare(third))
    expected = standard_scaling(stored) if scaling == "standard" else unit_scaling()
    np.testing.assert_array_equal(preprocessing.scale, expected[0])
    np.testing.assert_array_equal(preprocessing.offset, expected[1])
