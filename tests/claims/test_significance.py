"""Intervals, by SciPy's own distribution."""

import numpy as np
import pytest

from stages.claims.shared.significance import mean_interval, share_interval
from tests.claims.shared import t_interval


@pytest.mark.parametrize("values", [[0.2, 0.9], [0.5, 0.51, 0.49], [0.97, 1.0, 1.0]])
def test_a_share_has_no_interval_beyond_nothing_and_all(values: list[float]) -> None:
    low, mean, high = t_interval(values)
    assert mean_interval(np.array(values)) == pytest.approx((mean, low, high))
    expected = (mean, max(0, low), min(1, high))
    assert share_interval(np.array(values)) == pytest.approx(expected)
    percent = tuple(100 * end for end in expected)
    assert share_interval(100 * np.array(values), 100) == pytest.approx(percent)
