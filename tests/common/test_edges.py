"""Edges: which map they are in, that they turn with the image, and that levels are as computed."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from stages.batch import batch
from stages.common.files.arrays import load_labelled
from stages.common.images.augment import Augment, Distort
from stages.common.images.edges import COLUMNS, FULL, ROWS, edges_of, mosaic_shape
from stages.common.images.preprocess import CHUNK, Preprocessing, unit_scaling
from stages.common.models.model import as_examples
from stages.common.models.training import TrainingSet
from stages.normalize import normalize
from tests.sample import call, write_dataset, write_patterns

Maps = NDArray[np.float64]  # (8, rows, columns)
RIGHT, RIGHT_DOWN, DOWN, LEFT_DOWN, LEFT, LEFT_UP, UP, RIGHT_UP = range(8)
IMAGES = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)))


def maps_of(image: NDArray[np.uint8]) -> Maps:
    """The eight maps of one image, one by one."""
    height, width = image.shape
    rows, columns = (side // k for side, k in zip(mosaic_shape(height, width), (2, 4), strict=True))
    mosaic = edges_of(image.reshape(1, -1).astype(np.float64), height, width)
    maps = mosaic.reshape(ROWS, rows, COLUMNS, columns).transpose(0, 2, 1, 3)
    return np.asarray(maps.reshape(8, rows, columns), np.float64)


def by_angles(image: NDArray[np.uint8]) -> Maps:
    """The same, pixel by pixel: each arrow as a sum of two unit vectors, by solving for it."""
    height, width = image.shape
    ink = np.pad(image.astype(float), 2)
    directions = [(np.cos(k * np.pi / 4), np.sin(k * np.pi / 4)) for k in range(8)]
    lengths = np.zeros((8, height + 4, width + 4))
    for y in range(2, height + 2):
        for x in range(2, width + 2):
            around = ink[y - 1 : y + 2, x - 1 : x + 2]
            right = np.array([1, 2, 1]) / 4 @ around @ np.array([-1, 0, 1])
            down = np.array([-1, 0, 1]) @ around @ np.array([1, 2, 1]) / 4
            first = int(np.arctan2(down, right) // (np.pi / 4)) % 8
            pair = first, (first + 1) % 8
            lengths[pair, y, x] = np.linalg.solve(
                np.transpose([directions[k] for k in pair]), [right, down]
            )
    weights = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
    means = [
        [
            (lengths[:, 2 * i + 1 : 2 * i + 5, 2 * j + 1 : 2 * j + 5] * weights).sum(axis=(1, 2))
            for j in range(-(-width // 2))
        ]
        for i in range(-(-height // 2))
    ]
    shares = np.moveaxis(np.array(means), 2, 0) / FULL
    return np.asarray(255 * np.sqrt(shares.clip(0, 1)))


@given(IMAGES)
@settings(deadline=None)
def test_every_level_is_the_root_of_a_mean_length(image: NDArray[np.uint8]) -> None:
    # Of a length that rounding makes of 0, the root may be large: hence squares.
    np.testing.assert_allclose(maps_of(image) ** 2, by_angles(image) ** 2, rtol=1e-9, atol=1e-6)


def test_the_sides_of_a_stroke_are_in_opposite_maps() -> None:
    image = np.zeros((12, 12), np.uint8)
    image[:, 5:7] = 255
    maps = maps_of(image)
    middle = maps[:, 2:4]  # away from the stroke's ends
    assert {*np.flatnonzero(middle.any(axis=(1, 2)))} == {RIGHT, LEFT}
    np.testing.assert_array_equal(middle[RIGHT], middle[LEFT][:, ::-1])
    assert middle[RIGHT, 0].argmax() < middle[LEFT, 0].argmax()
    assert not maps_of(image.T)[[RIGHT, LEFT], :, 2:4].any()


@given(arrays(np.uint8, st.sampled_from([(4, 4), (6, 6), (4, 6), (8, 2)])))
def test_edges_turn_with_the_image(image: NDArray[np.uint8]) -> None:
    maps = maps_of(image)
    clockwise = maps_of(np.rot90(image, -1))
    np.testing.assert_array_equal(np.rot90(np.roll(maps, 2, axis=0), -1, axes=(1, 2)), clockwise)
    mirrored = [LEFT, LEFT_DOWN, DOWN, RIGHT_DOWN, RIGHT, RIGHT_UP, UP, LEFT_UP]
    np.testing.assert_array_equal(maps[mirrored][:, :, ::-1], maps_of(image[:, ::-1]))


@given(IMAGES)
def test_levels_fit_a_byte_and_hardly_depend_on_the_type(image: NDArray[np.uint8]) -> None:
    height, width = image.shape
    exact = edges_of(image.reshape(1, -1).astype(np.float64), height, width)
    quick = edges_of(image.reshape(1, -1).astype(np.float32), height, width)
    assert exact.min() >= 0
    assert exact.max() <= 255
    assert quick.dtype == np.float32
    np.testing.assert_allclose(quick, exact, atol=1e-4)


def test_where_nothing_is_drawn_nothing_is_seen_and_bright_means_full() -> None:
    assert not edges_of(np.zeros((2, 20)), 4, 5).any()
    half = np.zeros((8, 8), np.uint8)
    half[:, 4:] = 255
    assert maps_of(half)[RIGHT].max() == 255


def seeing(height: int, width: int, *, edges: bool = True) -> Preprocessing:
    return Preprocessing(height, width, False, edges, *unit_scaling())


@pytest.mark.parametrize("count", [0, 1, CHUNK, CHUNK + 3])
def test_what_is_seen_are_rounded_levels_of_each_image(count: int) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (count, 15), dtype=np.uint8)
    seen = seeing(3, 5).see(grey)
    assert seen.shape == (count, 4 * 12)
    assert seen.dtype == np.uint8
    for k in {0, count // 2, count - 1} if count else ():
        expected = edges_of(grey[k : k + 1].astype(np.float64), 3, 5)
        np.testing.assert_array_equal(seen[k : k + 1], np.rint(expected))
    assert seeing(3, 5, edges=False).see(grey) is grey


@pytest.mark.parametrize(
    "most", [Augment(probability=0.5, shift=1), Augment(probability=0.5, elastic_alpha=20)]
)
def test_the_edges_are_those_of_the_distorted_image(most: Augment) -> None:
    grey = np.random.default_rng(0).integers(0, 256, (60, 48), dtype=np.uint8)
    plain, edged = (
        Distort(6, 8, most, rng=np.random.default_rng(1), edges=edges) for edges in (False, True)
    )
    images, seen = np.zeros((60, 48), np.float32), np.zeros((60, 6 * 16), np.float32)
    changed = 0
    for _ in range(10):
        plain(images, grey)
        edged(seen, grey)
        changed += not np.array_equal(images, grey)
        np.testing.assert_allclose(seen, edges_of(images, 6, 8), atol=1e-3)
    assert 0 < changed < 10


@pytest.mark.parametrize("most", [Augment(), Augment(shift=1, probability=0.0)])
def test_edges_that_come_in_stay_as_they_are_if_nothing_is_distorted(
    most: Augment,
) -> None:
    distort = Distort(3, 4, most, rng=np.random.default_rng(0), edges=True)
    assert not distort.edges
    stored, out = np.arange(32, dtype=np.uint8).reshape(1, 32), np.zeros((1, 32), np.float32)
    distort(out, stored)
    np.testing.assert_array_equal(out, stored)


@pytest.mark.parametrize("edges", [False, True])
def test_edges_lie_beside_the_images_that_they_are_of(
    edges: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_patterns(Path("data/raw"), 3, 6, 5, {"train": 30, "t10k": 9})
    write_dataset(Path("data/raw"))
    call(normalize, scaling="standard", deskew=True, edges=edges)
    call(batch, validation=8, batch_size=7, seed=0)
    preprocessing = Preprocessing.load(Path("data/normalized/preprocessing.npz"))
    assert preprocessing.edges == edges
    for folder in ("normalized/train", "normalized/test", "batches/train", "batches/validation"):
        grey, _ = load_labelled(Path("data", folder))
        assert Path("data", folder, "edges.npy").is_file() == edges
        stored = as_examples(Path("data", folder), preprocessing).stored
        np.testing.assert_array_equal(stored, preprocessing.see(grey), strict=True)
    training = TrainingSet.load(Path("data/batches/train"), preprocessing)
    arrays = {id(training.grey), id(training.examples.stored)}
    assert len(arrays) == 1 + edges  # what a sweep sends to its workers, once
