"""Drawings and photos become images of MNIST's kind, whatever their size, place and light."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from stages.common.images.drawing import (
    LONGEST_SIDE,
    PEN_SHARE,
    PIVOT,
    enlarged,
    image_of_strokes,
    pen_for,
    prepare,
    rasterize,
    reduced,
)
from stages.common.images.ink import Levels, otsu
from stages.common.models.model import load_model
from stages.common.runtime.imports import ROOT
from tests.sample import SAMPLE

NETWORK = ROOT / "models/network.npz"
LECTURES = (784, 16, 16, 10)
HANDS = {
    hand["name"]: hand["digits"]
    for hand in json.loads((SAMPLE / "strokes.json").read_text())["hands"]
}
DIGITS = [digit for digits in HANDS.values() for digit in digits]


def sample_digits() -> tuple[Levels, NDArray[np.uint8]]:
    """The 1,000 training images of the sample, (n, 28, 28), and their labels."""
    images, labels = (
        np.frombuffer(gzip.decompress((SAMPLE / name).read_bytes()), np.uint8)
        for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz")
    )
    return images[16:].reshape(-1, 28, 28), labels[8:]


def test_a_large_picture_is_averaged_as_its_squares_are() -> None:
    rng = np.random.default_rng(0)
    levels = rng.integers(0, 256, (2100, 1333), np.uint8)
    seen = reduced(levels)
    assert seen.shape == (700, 445)
    for row, column in ((0, 0), (31, 7), (32, 7), (63, 444), (64, 0), (699, 444)):
        square = levels[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
        assert seen[row, column] == np.floor(square.mean() + 0.5)


def photo(picture: Levels, seed: int) -> Levels:
    """Dark ink on paper in uneven light, with noise."""
    rng = np.random.default_rng(seed)
    y, x = (np.linspace(-1, 1, length) for length in picture.shape)
    light = 190 + 30 * x - 20 * y[:, np.newaxis] - 20 * x * x
    noisy = light * (1 - 0.6 * picture / 255) + rng.normal(0, 5, picture.shape)
    levels: Levels = noisy.clip(0, 255).astype(np.uint8)
    return levels


def box(image: Levels) -> tuple[int, int]:
    """Height and width of what is not 0."""
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def centre(image: Levels) -> tuple[float, float]:
    mass = image.astype(float)
    return tuple(float(mass.sum(axis=1 - axis) @ np.arange(28) / mass.sum()) for axis in (0, 1))  # type: ignore[return-value]


def apart(a: Levels, b: Levels) -> float:
    """Mean difference of two images in grey levels, if one may be moved by a pixel."""
    moved = [np.roll(a, (y, x), (0, 1)).astype(int) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    return min(float(np.abs(image - b).mean()) for image in moved)


def test_an_image_of_mnist_stays_nearly_as_it_is() -> None:
    images, _ = sample_digits()
    moved = [np.abs(prepare(image).astype(int) - image).mean() for image in images]
    assert np.median(moved) < 0.5
    assert np.mean(np.array(moved) < 1) > 0.95


def test_every_digit_fills_the_box_and_has_its_centre_in_the_middle() -> None:
    for strokes in DIGITS:
        image = image_of_strokes(strokes)
        assert max(box(image)) == 20
        assert image.max() == 255
        assert centre(image) == pytest.approx((14, 14), abs=0.5)


def test_size_place_and_polarity_of_a_drawing_do_not_matter() -> None:
    moved = []
    for strokes in DIGITS:
        image = prepare(large := rasterize(strokes, 240, 0.05))
        dark = np.pad(255 - large, ((60, 0), (0, 90)), constant_values=255)
        np.testing.assert_array_equal(prepare(dark), image)
        small = [[[x / 2, y / 2] for x, y in stroke] for stroke in strokes]
        moved.append(apart(prepare(rasterize(small, 240, 0.025)), image))
    assert np.mean(moved) < 5  # more for a digit whose breadth is rounded to the next pixel
    assert max(moved) < 15


def test_faint_and_noisy_photos_in_uneven_light_are_as_good_as_drawings() -> None:
    drawn = [rasterize(strokes, 240, pen_for(strokes)) for strokes in DIGITS]
    faint = [(200 - levels // 6).astype(np.uint8) for levels in drawn]
    photos = [photo(levels, seed) for seed, levels in enumerate(drawn)]
    for pictures in (faint, photos):
        pairs = zip(pictures, drawn, strict=True)
        moved = [apart(prepare(picture), prepare(levels)) for picture, levels in pairs]
        assert np.mean(moved) < 5
        assert max(moved) < 15


def test_thin_lines_are_bright() -> None:
    for strokes in DIGITS:
        assert prepare(rasterize(strokes, 240, 0.01)).max() == 255


@pytest.mark.parametrize("level", [0, 127, 255])
@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (3, 500), (500, 300)])
def test_an_empty_picture_gives_zeros(level: int, shape: tuple[int, int]) -> None:
    assert not prepare(np.full(shape, level, np.uint8)).any()


@pytest.mark.parametrize("deviation", [1, 3, 6])
def test_blank_paper_in_uneven_light_has_no_ink(deviation: int) -> None:
    rng = np.random.default_rng(0)
    light = 150 + 40 * np.linspace(-1, 1, 300) + rng.normal(0, deviation, (200, 300))
    assert not prepare(light.astype(np.uint8)).any()


def test_a_digit_that_fills_its_picture_is_read_from_the_paper_at_the_edge() -> None:
    for strokes in HANDS["hasty"]:
        drawn = rasterize(strokes, 300, pen_for(strokes))
        rows, columns = (np.flatnonzero(drawn.any(axis=axis)) for axis in (1, 0))
        cut = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        padded = np.pad(cut, 3)
        np.testing.assert_array_equal(prepare(255 - padded), prepare(drawn))


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_any_picture_gives_an_image_of_the_field(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.integers(0, 256, rng.integers(1, 50, 2), dtype=np.uint8)
    picture[rng.random(picture.shape) < rng.random()] = rng.integers(256)
    image = prepare(picture, height, width)
    assert image.shape == (height, width)
    assert image.dtype == np.uint8


def test_the_box_keeps_its_share_of_other_fields() -> None:
    for strokes in HANDS["leaning"]:
        levels = rasterize(strokes, 300, pen_for(strokes))
        assert max(box(prepare(levels, 56, 56))) == 40
        assert max(box(prepare(levels, 8, 8))) == 6
        high, wide = box(prepare(levels, 28, 14))
        assert high <= 20
        assert wide <= 10


def cubic(distance: float) -> float:
    """Keys 1981, equation 4, for a = -1: how much a sample counts at that distance from it."""
    x, a = abs(distance), -1
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0


@pytest.mark.parametrize("times", [1.5, 2, 2.5])
def test_a_small_digit_is_enlarged_by_cubic_convolution_and_made_steeper(times: float) -> None:
    digit = np.random.default_rng(0).integers(0, 256, (8, 4), np.uint8)
    large = enlarged(digit, (round(8 * times), round(4 * times)))
    for (row, column), level in np.ndenumerate(large):
        y, x = ((place + 0.5) / times - 0.5 for place in (row, column))
        smooth = sum(
            cubic(y - i) * cubic(x - j) * float(value) for (i, j), value in np.ndenumerate(digit)
        )
        expected = min(255.0, max(0.0, PIVOT + times * (smooth - PIVOT)))
        assert level == pytest.approx(expected, abs=2)  # weights are rounded to 1 / 1024


def test_the_edges_of_an_enlarged_digit_are_as_sharp_as_before() -> None:
    half = np.zeros((8, 8), np.uint8)
    half[:, 3:] = 255
    row = enlarged(half, (20, 20))[10].astype(int)
    assert row[:6].max() == 0
    assert row[9:19].min() == 255  # beyond the last pixel is background
    assert np.count_nonzero((row > 0) & (row < 255)) <= 2


@pytest.mark.parametrize(("side", "most"), [(7, 0.6), (8, 0.5), (10, 0.35)])
def test_digits_that_were_shrunk_look_as_before(side: int, most: float) -> None:
    apart = []
    for image in sample_digits()[0][:100]:
        rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
        digit = Image.fromarray(image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
        longer = max(digit.size)
        width, height = (max(1, round(side * length / longer)) for length in digit.size)
        few = np.asarray(digit.resize((width, height), Image.Resampling.BOX))
        difference = prepare(few).astype(int) - image
        apart.append(np.abs(difference).mean() / image.mean())
    assert np.mean(apart) < most  # as blocks: 0.72, 0.62 and 0.43


def test_large_pictures_are_averaged_over_squares() -> None:
    levels = np.zeros((2 * LONGEST_SIDE + 1, 3), np.uint8)
    levels[3:6] = 90, 91, 101
    small = reduced(levels)
    assert small.shape == (-(-len(levels) // 3), 1)
    assert small.ravel()[:3].tolist() == [0, 94, 0]
    np.testing.assert_array_equal(reduced(levels[:5]), levels[:5])


def test_otsu_parts_two_heaps_and_leaves_one_alone() -> None:
    counts = np.zeros(256, np.int64)
    counts[[10, 12, 200, 220]] = 50, 30, 5, 8
    assert otsu(counts) == 12
    assert otsu(np.bincount([77, 77], minlength=256)) == 0


def test_a_line_is_as_broad_as_the_pen_with_a_soft_rim() -> None:
    line = rasterize([[[0.25, 0.5], [0.75, 0.5]]], 40, 0.1)  # 4 pixels
    assert line[:, 20].tolist() == [0] * 18 + [255] * 4 + [0] * 18
    assert line[20].sum() / 255 == pytest.approx(20 + 4, abs=1)
    odd = rasterize([[[0.25, 0.5], [0.75, 0.5]]], 40, 0.125)  # 5 pixels
    assert odd[16:24, 20].tolist() == [0, 128, 255, 255, 255, 255, 128, 0]


def test_the_pen_follows_the_size_of_the_digit() -> None:
    stroke = [[[0.1, 0.2], [0.3, 0.9]]]
    assert pen_for(stroke) / (0.7 + pen_for(stroke)) == pytest.approx(PEN_SHARE)
    assert not image_of_strokes([]).any()


def test_drawn_digits_hold_about_as_much_ink_as_those_of_mnist() -> None:
    images, _ = sample_digits()
    drawn = np.array([image_of_strokes(strokes) for strokes in DIGITS])
    assert drawn.mean() == pytest.approx(images.mean(), rel=0.1)


def test_the_recorded_strokes_are_whole() -> None:
    assert len(HANDS) >= 4
    for digits in HANDS.values():
        assert len(digits) == 10
        for strokes in digits:
            assert all(0 <= part <= 1 for stroke in strokes for point in stroke for part in point)
            assert all(len(stroke) > 1 for stroke in strokes)


@pytest.mark.skipif(not NETWORK.exists(), reason="no models/network.npz: run make first")
def test_the_lectures_network_reads_nine_of_ten_recorded_drawings() -> None:
    model = load_model(NETWORK)
    if model.network.sizes != LECTURES:
        pytest.skip(f"models/network.npz is {model.network.sizes}, not {LECTURES}")
    images = np.array([image_of_strokes(strokes) for strokes in DIGITS])
    guesses = model.outputs(images).argmax(axis=1).reshape(-1, 10)
    right = guesses == np.arange(10)
    assert right.mean() >= 0.9, f"{dict(zip(HANDS, guesses.tolist(), strict=True))}"
