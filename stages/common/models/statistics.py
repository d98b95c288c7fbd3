"""What is worked out about the numbers of a network."""

import numpy as np

from stages.common.files.arrays import Floats


def correlation(first: Floats, second: Floats) -> float:
    """Pearson's correlation of two arrays of one shape; 0 if one of them does not vary."""
    if not first.size:
        return 0.0
    a, b = first - first.mean(), second - second.mean()
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float((a * b).sum() / lengths) if lengths else 0.0
