"""Numbers that nobody should believe: refused if they are not finite, named if they are chance."""

import numpy as np
from numpy.typing import NDArray

from stages.common.files.atomic import StageError

# How seldom guessing may do as well, before a model counts as better than guessing.
SIGNIFICANCE = 0.001


def require_finite(numbers: NDArray[np.floating], what: str) -> None:
    """Raise ``StageError`` if there is a NaN or an infinity among the numbers."""
    wrong = numbers.size - int(np.isfinite(numbers).sum())
    if wrong:
        raise StageError(
            f"{what} are not all finite: {wrong:,} of {numbers.size:,} numbers are not; train "
            "again, with a lower train.learning_rate"
        )


def is_above_chance(right: int, labels: NDArray[np.integer]) -> bool:
    """Whether naming the most frequent class each time would seldom do so well.

    A one-sided binomial test at ``SIGNIFICANCE``: of n images with the most frequent class's
    share p, at least ``right`` are right by luck with the probability P(X >= right) for X from
    B(n, p). Where all images are of one class, nothing is better than to name it.
    """
    from scipy.special import bdtrc  # 0.2 s that --help need not wait for

    count = len(labels)
    share = np.bincount(labels).max() / count
    return bool(share < 1 and bdtrc(right - 1, count, share) < SIGNIFICANCE)


def chance_warning(right: int, labels: NDArray[np.integer], images: str) -> str:
    """A sentence about a model that is no better than chance on such images; or nothing."""
    if is_above_chance(right, labels):
        return ""
    count, most = len(labels), int(np.bincount(labels).max())
    return (
        f"{right:,} of {count:,} {images} right is not above chance: the most frequent "
        f"class alone, named for each of them, gets {most:,}; do not trust this network"
    )
