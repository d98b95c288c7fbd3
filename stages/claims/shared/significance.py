"""When a difference counts as one, and is not put down to chance."""

from stages.common.files.arrays import Floats

CLEAR = 2  # standard errors that a mean difference must have to count as one


def standard_error(*samples: Floats) -> float:
    """Of the mean of one sample, (n,), or of the difference between the means of two."""
    return float(sum(sample.var(ddof=1) / len(sample) for sample in samples) ** 0.5)


def is_clear_gain(gain: float, *samples: Floats) -> bool:
    """Whether a mean, or a difference between means, is above zero by ``CLEAR`` standard errors.

    A single value has no spread, and proves nothing.
    """
    return len(samples[0]) > 1 and bool(gain > CLEAR * standard_error(*samples))
