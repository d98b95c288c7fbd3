"""Every function does what its formula says, at every size of its argument."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nn import ACTIVATIONS, COSTS
from nn.functions import LEAK, Array, cross_entropy, quadratic, sigmoid, softmax

COLUMNS = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.floats(-1e4, 1e4, allow_nan=False),
)
FAR = np.array([[-1e4, -800.0, -90.0, 0.0, 90.0, 800.0, 1e4]])


def of(function: Callable[[Array, Array], object], z: Array) -> Array:
    out = np.full_like(z, np.nan)  # what a function leaves out shows
    function(z.copy(), out)
    return out


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_derivative_is_the_slope_of_the_function(name: str) -> None:
    function, derivative = ACTIVATIONS[name]
    z = np.linspace(-20, 20, 4000)[np.newaxis]  # an even number of steps: none at the kink
    step = 1e-6
    slope = (of(function, z + step) - of(function, z - step)) / (2 * step)
    np.testing.assert_allclose(of(derivative, of(function, z)), slope, rtol=0, atol=3e-9)


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("sigmoid", lambda z: 1 / (1 + np.exp(-z))),
        ("tanh", lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z))),
        ("relu", lambda z: np.where(z > 0, z, 0)),
        ("leaky_relu", lambda z: np.where(z > 0, z, LEAK * z)),
    ],
)
def test_an_activation_equals_its_formula(name: str, formula: Callable[[Array], Array]) -> None:
    z = np.linspace(-30, 30, 601)[np.newaxis]
    np.testing.assert_allclose(of(ACTIVATIONS[name].function, z), formula(z), rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_no_activation_overflows_or_leaves_its_dtype(name: str, dtype: type[np.floating]) -> None:
    function, derivative = ACTIVATIONS[name]
    with np.errstate(all="raise", under="ignore"):
        a = of(function, FAR.astype(dtype))
        slopes = of(derivative, a)
    assert a.dtype == slopes.dtype == dtype
    assert np.isfinite(a).all()
    assert ((slopes >= 0) & (slopes <= 1)).all()
    assert (np.diff(a) >= 0).all()


def test_the_sigmoid_saturates_at_exactly_0_and_1() -> None:
    assert of(sigmoid, FAR)[0, [0, 3, -1]].tolist() == [0, 0.5, 1]


@given(COLUMNS)
def test_softmax_columns_are_probabilities_that_add_up_to_1(z: Array) -> None:
    with np.errstate(all="raise", under="ignore"):
        a = of(softmax, z)
    assert (a >= 0).all()
    np.testing.assert_allclose(a.sum(axis=0), 1, rtol=1e-14)


@given(COLUMNS, st.integers(-10_000, 10_000))
def test_softmax_does_not_change_when_all_z_of_a_column_rise_alike(z: Array, rise: int) -> None:
    np.testing.assert_allclose(of(softmax, z + rise), of(softmax, z), rtol=0, atol=1e-11)


def test_softmax_equals_its_formula() -> None:
    z = np.log([[1.0, 6.0], [2.0, 1.0], [5.0, 1.0]])  # odds of 1 : 2 : 5 and 6 : 1 : 1
    a = of(softmax, z)
    np.testing.assert_allclose(a.T * 8, [[1, 2, 5], [6, 1, 1]], rtol=1e-15)


def test_the_quadratic_cost_adds_squares_up_without_a_factor_of_one_half() -> None:
    a, y = np.array([[0.5, 1.0], [0.25, 0.0]]), np.array([[1.0, 1.0], [0.0, 0.0]])
    assert quadratic(np.zeros_like(a), a, y).tolist() == [0.25 + 0.0625, 0]


@given(COLUMNS)
def test_cross_entropy_is_minus_the_logarithm_of_the_true_class_s_probability(z: Array) -> None:
    z = z / 1000  # so that no probability underflows
    a, y = of(softmax, z), np.zeros_like(z)
    y[0] = 1
    np.testing.assert_allclose(cross_entropy(z, a, y), -np.log(a[0]), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_is_finite_where_the_probability_of_the_true_class_underflows(
    dtype: type[np.floating],
) -> None:
    z, y = np.array([[1e4], [-1e4]], dtype), np.array([[0], [1]], dtype)
    a = of(softmax, z)
    assert a[1, 0] == 0
    assert cross_entropy(z, a, y).tolist() == [2e4]


def test_cross_entropy_keeps_its_digits_when_all_z_are_large() -> None:
    z, y = np.array([[1e4], [1e4 - 5]], np.float32), np.array([[1], [0]], np.float32)
    cost = float(cross_entropy(z, of(softmax, z), y)[0])
    assert cost == pytest.approx(np.log1p(np.exp(-5.0)), rel=1e-4)


@pytest.mark.parametrize("name", COSTS)
def test_the_error_of_a_cost_is_its_slope_by_every_z(name: str) -> None:
    cost = COSTS[name]
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 3, (4, 6)), np.eye(4)[:, [0, 3, 1, 1, 2, 0]]
    error = np.full_like(z, np.nan)
    a = of(cost.output, z)
    cost.error(a, y, 1.0, np.full_like(z, np.nan), error)
    for j in range(len(z)):
        step = np.zeros_like(z)
        step[j] = 1e-5
        above = cost.value(z + step, of(cost.output, z + step), y)
        below = cost.value(z - step, of(cost.output, z - step), y)
        np.testing.assert_allclose(error[j], (above - below) / 2e-5, rtol=0, atol=1e-9)
