"""Distorting images: what goes where, how often, and that nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.augment import Distort, Distortion, draw_points, move, sample
from stages.files import StageError

IMAGE = np.arange(1, 13, dtype=np.uint8).reshape(1, 3, 4)
NOTHING = Distortion()
BENT = Distortion(shift=1, rotation=10, scaling=0.1, shear=0.1, elastic=30)


def distorted(distort: Distort, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    out = np.full((len(images), images[0].size), np.nan, np.float32)
    distort(out, images.reshape(len(images), -1))
    return out


def of(most: Distortion, share: float = 1.0, size: tuple[int, int] = (3, 4)) -> Distort:
    return Distort(*size, most, share=share, rng=np.random.default_rng(0))


def looked_up(image: NDArray[np.uint8], points: NDArray[np.float64]) -> NDArray[np.float32]:
    out = np.full((1, image.size), np.nan, np.float32)
    sample(out, image.reshape(1, -1), points, *image.shape[1:])
    return out.reshape(image.shape[1:])


@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, 0), (-1, 2), (2, -3)])
def test_an_image_moves_and_background_comes_in(down: int, right: int) -> None:
    out = np.full((1, 3, 4), 99, np.float32)
    move(out, IMAGE, down, right)
    for y in range(3):
        for x in range(4):
            inside = 0 <= y - down < 3 and 0 <= x - right < 4
            assert out[0, y, x] == (IMAGE[0, y - down, x - right] if inside else 0)


def test_half_of_the_batches_are_moved_by_every_possible_step() -> None:
    shift = of(Distortion(shift=1), share=0.5)
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
    most: Distortion, share: float
) -> None:
    distort = of(most, share)
    assert distorted(distort, IMAGE).tolist() == IMAGE.reshape(1, 12).tolist()
    assert distort.rng.random() == np.random.default_rng(0).random()


def test_a_shift_that_could_empty_the_image_is_refused() -> None:
    with pytest.raises(StageError, match=r"train\.shift: expected less than the images' 3 x 4"):
        of(Distortion(shift=3))


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


def test_a_turn_by_90_degrees_is_a_turn_about_the_middle() -> None:
    image = np.arange(25, dtype=np.uint8).reshape(1, 5, 5)

    class Always(np.random.Generator):
        def uniform(self, _low: float, high: float, size: object = None) -> float:  # type: ignore[override]
            return high if size is None else np.zeros(2)  # type: ignore[return-value]

    points = draw_points(5, 5, Distortion(rotation=90), Always(np.random.PCG64(0)))
    np.testing.assert_allclose(looked_up(image, points), np.rot90(image[0]), atol=1e-4)


@pytest.mark.parametrize("key", ["rotation", "scaling", "shear", "elastic"])
def test_each_distortion_grows_with_its_parameter_and_leaves_the_middle_where_it_is(
    key: str,
) -> None:
    grid = np.indices((29, 29)).reshape(2, -1)
    pushes = []
    for amount in (0.1, 0.2):
        rng = np.random.default_rng(1)
        most = Distortion(**{key: amount})  # type: ignore[arg-type]
        pushes.append(draw_points(29, 29, most, rng) - grid)
    np.testing.assert_allclose(pushes[1], 2 * pushes[0], rtol=0.1, atol=0.01)
    assert np.abs(pushes[0]).max() > 1e-4
    assert np.abs(pushes[0][:, 14 * 29 + 14]).max() < 0.01


def test_elastic_pushes_are_smooth() -> None:
    rng = np.random.default_rng(0)
    points = draw_points(40, 40, Distortion(elastic=30, smoothness=4), rng)
    push = (points - np.indices((40, 40)).reshape(2, -1)).reshape(2, 40, 40)
    # A Gaussian of deviation s leaves sqrt(1 / (4 pi s^2)) of the deviation of white noise.
    expected = 30 / 3**0.5 / (4 * np.pi * 16) ** 0.5
    assert push[:, 8:-8, 8:-8].std() == pytest.approx(expected, rel=0.35)
    assert np.abs(np.diff(push, axis=1)).mean() < 0.3 * np.abs(push).mean()


def test_the_images_of_a_batch_are_distorted_alike_and_batches_differ() -> None:
    images = np.random.default_rng(0).integers(0, 256, (1, 28, 28), np.uint8).repeat(3, axis=0)
    distort = of(BENT, size=(28, 28))
    first, second = distorted(distort, images), distorted(distort, images)
    assert (first == first[0]).all()
    assert (first != second).any()
    again = of(BENT, size=(28, 28))
    assert (distorted(again, images) == first).all()


def test_ink_is_neither_made_nor_lost_but_at_the_edges() -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 9:19, 9:19] = 200
    distort = of(replace(BENT, scaling=0.0), size=(28, 28))
    ink = [distorted(distort, image).sum() / image.sum() for _ in range(200)]
    assert np.mean(ink) == pytest.approx(1, abs=0.02)
