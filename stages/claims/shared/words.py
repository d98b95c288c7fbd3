"""What several verdicts and figures put into words alike."""

from itertools import pairwise

import numpy as np

from stages.common.files.arrays import Floats
from stages.common.images.dataset import load_classes
from stages.page.figures.text import MINUS, SPACE, decimal

PLUS_MINUS = "\N{PLUS-MINUS SIGN}"


def plus_minus(mean: float, deviation: float, digits: int) -> str:
    """``plus_minus(0.614, 0.07, 2)`` is 0.61 ± 0.07."""
    return f"{decimal(mean, digits)} {PLUS_MINUS} {decimal(deviation, digits)}"


def mean_and_deviation(values: Floats, digits: int = 1) -> str:
    """Mean and standard deviation of some values, (n,); of a single one, that one alone."""
    mean = float(values.mean())
    if len(values) == 1:
        return decimal(mean, digits)
    return plus_minus(mean, float(values.std(ddof=1)), digits)


def percent_and_deviation(shares: Floats) -> str:
    """Mean and standard deviation of some shares, (n,), in percent: 94.7 ± 0.1 %."""
    return f"{mean_and_deviation(100 * shares)}{SPACE}%"


def signed(value: float, digits: int = 2) -> str:
    """A decimal with its sign, whichever it is."""
    text = decimal(value, digits)
    return text if text.startswith(MINUS) else f"+{text}"


def without_exponent(value: float | Floats, digits: int = 2) -> str:
    """A positive number to a few significant digits, written out however small it is."""
    rounded = float(f"{float(value):.{digits}g}")
    places = digits - 1 - int(np.floor(np.log10(rounded or 1)))
    return f"{rounded:,.{max(0, places)}f}"


def parameter_name(place: int, sizes: tuple[int, ...], given: str) -> str:
    """What a place in the vector of parameters holds: layer 1: pixel 406 → neuron 3.

    ``given`` is what the network is given for each of its inputs.
    """
    last, names = len(sizes) - 2, load_classes(sizes[-1])
    for layer, (n_in, n_out) in enumerate(pairwise(sizes)):
        if place < n_in * n_out:
            source = "neuron" if layer else given
            target, origin = divmod(place, n_in)
            goal = f"output {names.brief(target)}" if layer == last else f"neuron {target}"
            return f"layer {layer + 1}: {source} {origin} → {goal}"
        place -= n_in * n_out
    for layer, n_out in enumerate(sizes[1:]):
        if place < n_out:
            goal = f"output {names.brief(place)}" if layer == last else f"neuron {place}"
            return f"layer {layer + 1}: bias of {goal}"
        place -= n_out
    raise IndexError(f"no parameter {place}")
