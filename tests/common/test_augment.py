"""Distorting images: what goes where, how often, and that nothing else changes."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from stages.common.files.atomic import StageError
from stages.common.images.augment import (
    AT_ONCE,
    Augment,
    Distort,
    look_up,
    move,
    push_edges,
    strength_at,
)

IMAGE = np.arange(1, 13, dtype=np.uint8).reshape(1, 3, 4)
NOTHING = Augment()
BENT = Augment(shift=1, rotation=10, scale=0.1, shear=0.1, elastic_alpha=30)


def distorted(distort: Distort, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    out = np.full((len(images), images[0].size), np.nan, np.float32)
    distort(out, images.reshape(len(images), -1))
    return out


def of(most: Augment, share: float = 1.0, size: tuple[int, int] = (3, 4)) -> Distort:
    return Distort(*size, replace(most, probability=share), rng=np.random.default_rng(0))


def looked_up(image: NDArray[np.uint8], points: NDArray[np.floating]) -> NDArray[np.float32]:
    """One image at points (2, height * width)."""
    _, height, width = image.shape
    out = np.full((1, image.size), np.nan, np.float32)
    down, right = (part[np.newaxis].astype(np.float32) for part in points)
    look_up(
        out, image.reshape(1, -1), down, right, np.zeros((2, height + 3, width + 3), np.float32)
    )
    return out.reshape(height, width)


def points_of(most: Augment, size: tuple[int, int], seed: int = 0) -> NDArray[np.float32]:
    """Where the pixels of one image look, (2, height * width)."""
    distort = Distort(*size, most, rng=np.random.default_rng(seed))
    points: NDArray[np.float32] = distort.draw(1)[:, 0] @ distort.fields
    return points


def grid(size: tuple[int, int]) -> NDArray[np.intp]:
    """Where they are."""
    return np.indices(size).reshape(2, -1)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, 0), (-1, 2), (2, -3)])
def test_an_image_moves_and_background_comes_in(down: int, right: int) -> None:
    out = np.full((1, 3, 4), 99, np.float32)
    move(out, IMAGE, down, right)
    for y in range(3):
        for x in range(4):
            inside = 0 <= y - down < 3 and 0 <= x - right < 4
            assert out[0, y, x] == (IMAGE[0, y - down, x - right] if inside else 0)


def test_half_of_the_batches_are_moved_by_every_possible_step() -> None:
    shift = of(Augment(shift=1), share=0.5)
    seen: dict[bytes, int] = {}
    for _ in range(3000):
        out = distorted(shift, IMAGE).tobytes()
        seen[out] = seen.get(out, 0) + 1
    still = seen.pop(IMAGE.astype(np.float32).tobytes())
    assert len(seen) == 8
    assert still / 3000 == pytest.approx(1 / 2 + 1 / 18, abs=0.03)
    assert min(seen.values()) / max(seen.values()) > 0.6


@pytest.mark.parametrize(("most", "share"), [(NOTHING, 1.0), (BENT, 0.0)])
def test_where_nothing_can_happen_images_are_copied_and_no_random_number_is_drawn(
    most: Augment, share: float
) -> None:
    distort = of(most, share)
    assert distorted(distort, IMAGE).tolist() == IMAGE.reshape(1, 12).tolist()
    assert distort.rng.random() == np.random.default_rng(0).random()


def test_a_shift_that_could_empty_the_image_is_refused() -> None:
    with pytest.raises(
        StageError, match=r"train\.augment\.shift: expected less than the images' 3 x 4"
    ):
        of(Augment(shift=3))


@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, -2), (-1, 1)])
def test_looking_up_whole_pixels_is_moving(down: int, right: int) -> None:
    points = np.indices((3, 4)).reshape(2, -1) - np.array([[down], [right]], float)
    expected = np.zeros((1, 3, 4), np.float32)
    move(expected, IMAGE, down, right)
    assert looked_up(IMAGE, points).tolist() == expected[0].tolist()


def test_between_pixels_the_four_around_are_weighed_by_nearness() -> None:
    points = np.full((2, 12), -5.0)  # far outside: background
    points[:, 0] = 0.25, 1.5
    # A quarter of the way down from the first row, halfway between the second and third column.
    expected = 0.75 * (2 + 3) / 2 + 0.25 * (6 + 7) / 2
    out = looked_up(IMAGE, points)
    assert out[0, 0] == pytest.approx(expected)
    assert not out.ravel()[1:].any()


CROSS = ndimage.generate_binary_structure(2, 1)


@pytest.mark.parametrize("pixels", [0, 1, 2, 3])
def test_lines_grow_by_whole_pixels_as_by_dilation_and_shrink_as_by_erosion(pixels: int) -> None:
    images = np.random.default_rng(0).uniform(0, 255, (2, 9, 7)).astype(np.float32)
    pushed = images.copy()
    push_edges(pushed, np.array([pixels, -pixels], np.float32))
    expected = images.copy()
    for _ in range(pixels):
        expected[0] = ndimage.grey_dilation(expected[0], footprint=CROSS, mode="nearest")
        expected[1] = ndimage.grey_erosion(expected[1], footprint=CROSS, mode="nearest")
    np.testing.assert_allclose(pushed, expected, atol=1e-4)


def test_lines_grow_by_parts_of_a_pixel() -> None:
    line = np.zeros((1, 5, 9), np.float32)
    line[:, :, 4] = 100
    push_edges(line, np.array([1.25], np.float32))
    np.testing.assert_allclose(line[0, 2], [0, 0, 25, 100, 100, 100, 25, 0, 0])


def test_lines_become_thicker_and_a_little_thinner_and_stay_where_they_are() -> None:
    image = np.zeros((1, 15, 15), np.uint8)
    image[:, 3:12, 6:9] = 255
    distort = of(Augment(thickness=2), size=(15, 15))
    images = distorted(distort, np.repeat(image, 400, axis=0)).reshape(-1, 15, 15)
    breadths = images[:, 7].sum(axis=1) / 255
    assert breadths.min() == pytest.approx(1, abs=0.05)
    assert breadths.max() == pytest.approx(7, abs=0.05)
    assert breadths.mean() == pytest.approx(4, abs=0.3)
    np.testing.assert_allclose(images, images[:, :, ::-1])


def test_a_turn_by_90_degrees_is_a_turn_about_the_middle() -> None:
    image = np.arange(25, dtype=np.uint8).reshape(1, 5, 5)

    class Always(np.random.Generator):
        def uniform(self, _low: Any, high: Any, size: Any = None) -> Any:  # type: ignore[override]
            return np.full(size, high)

    distort = Distort(5, 5, Augment(rotation=90), rng=Always(np.random.PCG64(0)))
    points = distort.draw(1)[:, 0] @ distort.fields
    np.testing.assert_allclose(looked_up(image, points), np.rot90(image[0]), atol=1e-4)


@pytest.mark.parametrize(
    ("little", "twice"),
    [
        (Augment(rotation=0.1), Augment(rotation=0.2)),
        (Augment(scale=0.1), Augment(scale=0.2)),
        (Augment(shear=0.1), Augment(shear=0.2)),
        (Augment(elastic_alpha=0.1), Augment(elastic_alpha=0.2)),
    ],
)
def test_each_distortion_grows_with_its_parameter(little: Augment, twice: Augment) -> None:
    pushes = [points_of(most, (29, 29), seed=1) - grid((29, 29)) for most in (little, twice)]
    np.testing.assert_allclose(pushes[1], 2 * pushes[0], rtol=0.1, atol=0.01)
    assert np.abs(pushes[0]).max() > 1e-4
    assert np.abs(pushes[0][:, 14 * 29 + 14]).max() < 0.01  # the middle stays where it is


def test_images_are_bent_about_their_middle_and_then_moved() -> None:
    pushes = [
        points_of(Augment(shift=2, rotation=30), (29, 29), seed)[:, 14 * 29 + 14] - 14
        for seed in range(200)
    ]
    assert np.abs(pushes).max() <= 2
    np.testing.assert_allclose(np.std(pushes, axis=0), 2 / 3**0.5, rtol=0.1)


def test_elastic_pushes_are_as_smooth_as_a_gaussian_of_their_deviation_makes_them() -> None:
    pushes = np.array(
        [
            points_of(Augment(elastic_alpha=30, elastic_sigma=4), (40, 40), seed) - grid((40, 40))
            for seed in range(100)
        ]
    ).reshape(-1, 40, 40)
    middle = pushes[:, 12:-12, 12:-12]
    # A Gaussian of deviation s leaves sqrt(1 / (4 pi s^2)) of the deviation of white noise, and
    # pushes that are d apart are correlated by exp(-d^2 / (4 s^2)).
    assert middle.std() == pytest.approx(30 / 3**0.5 / (4 * np.pi * 16) ** 0.5, rel=0.05)
    for apart in (1, 4, 8):
        together = (middle[:, :-apart] * middle[:, apart:]).mean() / middle.var()
        assert together == pytest.approx(np.exp(-(apart**2) / 64), abs=0.05)


def test_every_image_is_bent_in_its_own_way_and_the_seed_decides_how() -> None:
    count = 2 * AT_ONCE + 1
    images = np.random.default_rng(0).integers(0, 256, (1, 28, 28), np.uint8).repeat(count, axis=0)
    distort = of(BENT, size=(28, 28))
    first, second = distorted(distort, images), distorted(distort, images)
    assert len({row.tobytes() for row in (*first, *second)}) == 2 * count
    again = of(BENT, size=(28, 28))
    assert (distorted(again, images) == first).all()


def test_images_that_are_only_moved_move_as_one() -> None:
    images = np.random.default_rng(0).integers(0, 256, (1, 28, 28), np.uint8).repeat(3, axis=0)
    out = distorted(of(Augment(shift=5), size=(28, 28)), images)
    assert (out == out[0]).all()


def test_an_image_is_looked_up_alone_whatever_others_are_beside_it() -> None:
    images = np.full((3, 28, 28), 255, np.uint8)
    images[1] = 0
    out = distorted(of(replace(BENT, shift=20, rotation=180), size=(28, 28)), images)
    assert not out[1].any()
    assert (out[[0, 2]] <= 255).all()
    assert out[0].any()


def test_ink_is_neither_made_nor_lost_but_at_the_edges() -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 9:19, 9:19] = 200
    distort = of(replace(BENT, scale=0.0), size=(28, 28))
    ink = [distorted(distort, image).sum() / image.sum() for _ in range(200)]
    assert np.mean(ink) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize(
    ("decay", "progress", "strength"),
    [(0, 1, 1), (0.6, 0, 1), (0.6, 0.7, 1), (0.6, 0.85, 0.7), (0.6, 1, 0.4), (1, 1, 0)],
)
def test_distortions_fade_over_the_last_three_tenths(
    decay: float, progress: float, strength: float
) -> None:
    assert strength_at(decay, progress) == pytest.approx(strength)


@pytest.mark.parametrize("key", ["rotation", "scale", "shear", "elastic_alpha", "shift"])
def test_at_half_strength_pixels_are_moved_half_as_far(key: str) -> None:
    full, half = (
        of(Augment(**{"elastic_alpha": 1e-9, key: getattr(BENT, key)}), size=(9, 9))
        for _ in range(2)
    )
    half.strength = 0.5
    places = grid((9, 9))[:, np.newaxis]
    far, near = (distort.draw(20) @ distort.fields - places for distort in (full, half))
    assert np.abs(far).max() > 0.3
    # Rotation is no straight line in its angle, but almost.
    np.testing.assert_allclose(near, far / 2, atol=0.1 if key == "rotation" else 1e-5)


def test_images_that_are_only_moved_are_moved_less_far_at_less_strength() -> None:
    distort, dot = of(Augment(shift=2), size=(7, 7)), np.zeros((1, 7, 7), np.uint8)
    dot[0, 3, 3] = 1
    for strength, most in ((1.0, 2), (0.4, 1), (0.2, 0)):
        distort.strength = strength
        rows = {int(distorted(distort, dot).argmax()) // 7 - 3 for _ in range(200)}
        assert rows == {*range(-most, most + 1)}
