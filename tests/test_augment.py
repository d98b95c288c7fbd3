"""Moving images: what moves where, how often, and that nothing else changes."""

import numpy as np
import pytest

from stages.augment import Shift, move
from stages.files import StageError

IMAGE = np.arange(1, 13, dtype=np.uint8).reshape(1, 3, 4)


@pytest.mark.parametrize(("down", "right"), [(0, 0), (1, 0), (-1, 2), (2, -3)])
def test_an_image_moves_and_background_comes_in(down: int, right: int) -> None:
    out = np.full((1, 3, 4), 99, np.float32)
    move(out, IMAGE, down, right)
    for y in range(3):
        for x in range(4):
            inside = 0 <= y - down < 3 and 0 <= x - right < 4
            assert out[0, y, x] == (IMAGE[0, y - down, x - right] if inside else 0)


def test_half_of_the_batches_are_moved_by_every_possible_step() -> None:
    shift = Shift(3, 4, 1, np.random.default_rng(0))
    seen: dict[bytes, int] = {}
    for _ in range(3000):
        out = np.zeros((1, 12), np.float32)
        shift(out, IMAGE.reshape(1, 12))
        seen[out.tobytes()] = seen.get(out.tobytes(), 0) + 1
    still = seen.pop(IMAGE.astype(np.float32).tobytes())
    assert len(seen) == 8
    assert still / 3000 == pytest.approx(1 / 2 + 1 / 18, abs=0.03)
    assert min(seen.values()) / max(seen.values()) > 0.6


def test_without_a_shift_images_are_copied_and_no_random_number_is_drawn() -> None:
    rng = np.random.default_rng(0)
    out = np.zeros((1, 12), np.float32)
    Shift(3, 4, 0, rng)(out, IMAGE.reshape(1, 12))
    assert out.tolist() == IMAGE.reshape(1, 12).tolist()
    assert rng.random() == np.random.default_rng(0).random()


def test_a_shift_that_could_empty_the_image_is_refused() -> None:
    with pytest.raises(StageError, match=r"train\.shift: expected less than the images' 3 x 4"):
        Shift(3, 4, 3, np.random.default_rng(0))
