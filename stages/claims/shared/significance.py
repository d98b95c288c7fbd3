"""When a difference counts as one, and is not put down to chance."""

from typing import NamedTuple

import numpy as np

from stages.common.files.arrays import Floats


def standard_error(*samples: Floats) -> float:
    """Of the mean of one sample, (n,), or of the difference between the means of two."""
    return float(sum(sample.var(ddof=1) / len(sample) for sample in samples) ** 0.5)


class Interval(NamedTuple):
    """A number with the ends of an interval around it."""

    value: float
    low: float
    high: float


def mean_interval(sample: Floats) -> Interval:
    """Mean of a sample, (n,), and its 95 % interval by Student's t; of one value, that alone."""
    from scipy.special import stdtrit  # 0.2 s that --help need not wait for

    mean = float(sample.mean())
    if len(sample) == 1:
        return Interval(mean, mean, mean)
    half = float(stdtrit(len(sample) - 1, 0.975)) * standard_error(sample)
    return Interval(mean, mean - half, mean + half)


def share_interval(shares: Floats, whole: float = 1.0) -> Interval:
    """The same of shares, (n,), of a whole: an interval that ends at nothing and at all."""
    value, low, high = mean_interval(shares)
    return Interval(value, max(0.0, low), min(whole, high))


def difference_interval(after: Floats, before: Floats) -> Interval:
    """How much larger the mean of one sample is than that of another, with its 95 % interval.

    Welch's t: the samples may vary by different amounts. Of single values, their difference alone.
    """
    from scipy.special import stdtrit

    gain = float(after.mean() - before.mean())
    if min(len(after), len(before)) == 1:
        return Interval(gain, gain, gain)
    error = standard_error(after, before)
    parts = [standard_error(sample) ** 4 / (len(sample) - 1) for sample in (after, before)]
    free = error**4 / sum(parts) if error else 1.0
    half = float(stdtrit(free, 0.975)) * error
    return Interval(gain, gain - half, gain + half)


def deviation_interval(sample: Floats) -> Interval:
    """Standard deviation of a bell-shaped sample, (n,), n > 1, and its 95 % interval.

    (n - 1) s^2 / sigma^2 is distributed as chi-squared with n - 1 degrees of freedom.
    """
    from scipy.special import chdtri

    free, deviation = len(sample) - 1, float(sample.std(ddof=1))
    low, high = (deviation * float(free / chdtri(free, tail)) ** 0.5 for tail in (0.025, 0.975))
    return Interval(deviation, low, high)


def quartiles(sample: Floats) -> Interval:
    """Median of a sample, (n,), between its quartiles."""
    low, middle, high = (float(q) for q in np.quantile(sample, [0.25, 0.5, 0.75]))
    return Interval(middle, low, high)
