"""What is packed for the page comes back, and broken packages are refused."""

from base64 import b64encode
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from nn import parameter_count
from stages.page.codec import (
    decode_array,
    decode_coarse,
    decode_images,
    encode_array,
    encode_coarse,
    encode_images,
    quantize,
    restore,
)
from tests.common.test_drawing import sample_digits

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@given(st.lists(FLOATS))
def test_floats_come_back(values: list[float]) -> None:
    array = np.array(values, np.float32)
    assert decode_array(encode_array(array), np.float32).tobytes() == array.tobytes()


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.float32])
def test_an_array_is_packed_row_by_row_with_the_lowest_byte_first(dtype: type) -> None:
    array: NDArray[Any] = np.array([[1, 2], [3, 100]], dtype)
    little = array.astype(np.dtype(dtype).newbyteorder("<")).tobytes()
    assert encode_array(array) == encode_array(array.astype(np.dtype(dtype).newbyteorder(">")))
    assert encode_array(array) == b64encode(little).decode()
    assert encode_array(array.T) == encode_array(np.ascontiguousarray(array.T))


@given(st.lists(st.one_of(st.just(0), st.integers(0, 255)), max_size=2000))
def test_images_come_back(values: list[int]) -> None:
    images = np.array(values, np.uint8)
    assert decode_images(encode_images(images), len(images)).tolist() == values


@given(st.lists(st.tuples(st.integers(0, 1000), st.integers(1, 255))))
def test_long_runs_of_zeros_come_back(runs: list[tuple[int, int]]) -> None:
    images = np.concatenate([[0] * zeros + [level] for zeros, level in [*runs, (0, 1)]])
    assert decode_images(encode_images(images.astype(np.uint8)), len(images)).tolist() == [*images]


def test_real_digits_take_about_a_third_of_their_bytes() -> None:
    images, _ = sample_digits()
    text = encode_images(images)
    assert np.array_equal(decode_images(text, images.size), images.ravel())
    assert len(text) < 0.35 * images.size


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(1, 255))), st.integers(0, 300))
def test_coarse_images_come_back_in_16_grey_levels(runs: list[tuple[int, int]], zeros: int) -> None:
    images = np.concatenate([*([0] * n + [level] for n, level in runs), [0] * zeros])
    text = encode_coarse(images.astype(np.uint8))
    levels = decode_coarse(text, len(images))
    assert levels.dtype == np.uint8
    assert levels.tolist() == [17 * int(level / 17 + 0.5) for level in images]


def test_coarse_digits_take_little_more_than_half_of_the_others() -> None:
    images, _ = sample_digits()
    assert len(encode_coarse(images)) < 0.6 * len(encode_images(images))


@given(st.binary(max_size=20), st.integers(0, 40))
def test_any_coarse_code_is_unpacked_to_its_length_or_refused(code: bytes, length: int) -> None:
    try:
        levels = decode_coarse(b64encode(code).decode(), length)
    except ValueError:
        return
    assert levels.dtype == np.uint8
    assert len(levels) == length


@given(st.binary(max_size=20), st.integers(0, 40))
def test_any_code_is_unpacked_to_its_length_or_refused(code: bytes, length: int) -> None:
    try:
        levels = decode_images(b64encode(code).decode(), length)
    except ValueError:
        return
    assert levels.dtype == np.uint8
    assert len(levels) == length


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        (b"\x05\x00", "a zero without its count"),
        (b"\x00\x00\x05", "a zero without its count"),
        (b"\x01\x02\x03\x04", "expected 3 grey levels, got 4"),
    ],
)
def test_a_broken_code_is_refused(code: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        decode_images(b64encode(code).decode(), 3)


def test_what_is_no_base64_is_refused() -> None:
    for text in ("abc", "a*==", "\n"):
        with pytest.raises(ValueError, match=r"base64|padding|multiple|data"):
            decode_images(text, 3)
        with pytest.raises(ValueError, match=r"base64|padding|multiple|data"):
            decode_array(text, np.float32)


@given(st.lists(FLOATS, min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_quantized_parameters_move_by_half_a_level_at_most(sizes: list[float], seed: int) -> None:
    shape = (3, *(1 + int(abs(size)) % 4 for size in sizes))
    rng = np.random.default_rng(seed)
    magnitude = 10.0 ** rng.integers(-30, 30)
    parameters = (magnitude * rng.normal(size=parameter_count(shape))).astype(np.float32)
    levels, scales = quantize(parameters, shape)
    assert levels.dtype == np.int8
    assert len(scales) == 2 * (len(shape) - 1)
    difference = np.abs(restore(levels, scales, shape) - parameters)
    assert difference.max() <= 0.5001 * scales.max()


def test_each_block_has_its_own_scale() -> None:
    parameters = np.array([1, -2, 127, 0.01, 0, 0, 254, 3, 0, 0], np.float32)
    levels, scales = quantize(parameters, (3, 1, 1, 1, 1))
    assert scales.tolist() == pytest.approx([1, 0.01 / 127, 1, 1, 2, 3 / 127, 1, 1][: len(scales)])
    assert levels.tolist()[:4] == [1, -2, 127, 127]
    assert restore(levels, scales, (3, 1, 1, 1, 1))[4] == 0
