"""Correlation is Pearson's, whatever the scale, and nothing where nothing varies."""

import numpy as np
import pytest

from stages.common.models.statistics import correlation


def test_correlation_is_that_of_numpy() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 3, 7))
    expected = np.corrcoef(first.ravel(), second.ravel())[0, 1]
    assert correlation(first, second) == pytest.approx(expected)


def test_correlation_ignores_scale() -> None:
    values = np.random.default_rng(0).normal(size=(3, 7))
    assert correlation(values, 0.1 * values + 2) == pytest.approx(1)
    assert correlation(values, -values) == pytest.approx(-1)


def test_nothing_correlates_with_what_does_not_vary() -> None:
    values = np.random.default_rng(0).normal(size=(3, 7))
    assert correlation(values, np.ones((3, 7))) == 0
    assert correlation(values[:0], values[:0]) == 0
