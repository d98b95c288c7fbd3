"""What a digit's lines become before it is scaled: whole, broad enough, and not too aslant."""

import numpy as np
import pytest
from scipy.ndimage import label

from stages.common.images.preprocess import moments
from stages.common.images.redraw import (
    LEAST_SLANT,
    MOST_SLANT,
    PEN,
    bridged,
    broadened,
    brushed,
    redrawn,
    straightened,
)


def test_thin_lines_get_the_pen_of_others_and_broad_ones_keep_theirs() -> None:
    for breadth in (1, 3, 30):
        ink = np.zeros((240, 240), np.uint8)
        ink[20:220, 100 : 100 + breadth] = 255
        ink[20 : 20 + breadth, 100:180] = 255
        made = broadened(ink)
        across = np.count_nonzero(made[made.shape[0] // 2])
        length = np.ptp(np.flatnonzero(made.any(1))) + 1
        assert across == breadth if breadth == 30 else across == pytest.approx(length / PEN, abs=2)


@pytest.mark.parametrize("radius", [0, 1, 2, 5, 20])
def test_the_brush_is_as_broad_in_every_direction(radius: int) -> None:
    dot = np.full((1, 1), 200, np.uint8)
    rows, columns = np.nonzero(brushed(dot, radius))
    distances = np.hypot(rows - radius, columns - radius)
    assert distances.max() <= 1.12 * radius + 0.5  # an octagon's corners lie 8 % beyond its sides
    assert len(rows) == pytest.approx(np.pi * (radius + 0.5) ** 2, rel=0.3)


def test_a_broken_line_is_joined_and_a_wide_gap_stays() -> None:
    for gap, joined in ((12, True), (40, False)):
        ink = np.zeros((200, 60), np.uint8)
        ink[:, 20:40] = 255
        ink[90 : 90 + gap] = 0
        made = bridged(ink)
        middle = made[len(made) // 2]
        assert (np.count_nonzero(middle) == 20) == joined
        assert not middle.any() or joined
    whole = np.zeros((200, 60), np.uint8)
    whole[:, 20:30] = 255
    whole[:, 35:45] = 255  # as near as the parts above, but one thing
    whole[:10, 20:45] = 255
    np.testing.assert_array_equal(bridged(whole), whole)


@pytest.mark.parametrize("slant", [-1.2, -0.6, -0.4, 0.0, 0.2, 0.5, 1.0])
def test_a_digit_leans_no_further_than_most(slant: float) -> None:
    rows, columns = np.indices((160, 400))
    ink = np.where(np.abs(columns - 200 - slant * (rows - 80)) < 12, 255, 0).astype(np.uint8)
    made = straightened(ink)
    leans = float(moments(made[np.newaxis])[2][0])
    assert leans == pytest.approx(min(max(slant, LEAST_SLANT), MOST_SLANT), abs=0.02)
    np.testing.assert_array_equal(made.sum(axis=1), ink.sum(axis=1))  # no ink is lost
    if LEAST_SLANT < slant < MOST_SLANT:
        np.testing.assert_array_equal(made, ink)


def test_a_flat_dash_a_dot_and_a_small_digit_are_not_torn_apart() -> None:
    rows, columns = np.indices((80, 300))
    dash = np.where(np.abs(rows - 40 - 0.05 * (columns - 150)) < 6, 255, 0).astype(np.uint8)
    assert label(straightened(dash))[1] == 1
    dot = np.full((1, 100), 255, np.uint8)
    np.testing.assert_array_equal(straightened(dot), dot)
    small = np.eye(40, dtype=np.uint8) * 255
    np.testing.assert_array_equal(straightened(small), small)


def test_what_needs_nothing_is_only_cut_out() -> None:
    ink = np.zeros((300, 300), np.uint8)
    ink[100:200, 140:160] = 255
    np.testing.assert_array_equal(redrawn(ink), np.full((100, 20), 255, np.uint8))
