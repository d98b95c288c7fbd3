"""How much work a network is, counted in multiplications: a time that no machine changes."""

from collections.abc import Sequence
from itertools import pairwise


def weights_of(sizes: Sequence[int]) -> list[int]:
    """How many weights each layer has."""
    return [n_in * n_out for n_in, n_out in pairwise(sizes)]


def multiplications(sizes: Sequence[int]) -> int:
    """Multiplications of one image's way forward and its error's way back.

    Each weight is used for the activations and in its own derivative, and, except in the first
    layer, for the error of the layer before.
    """
    first, *others = weights_of(sizes)
    return 2 * first + 3 * sum(others)
