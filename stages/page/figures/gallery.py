"""All figures of the report, in the order of the page."""

from collections.abc import Callable
from functools import partial

from stages.page.figures import (
    activations,
    calibration,
    confusion,
    hero,
    learning,
    mistakes,
    weights,
)
from stages.page.figures.layout import Picture
from stages.page.figures.results import Results


def painters(most_mistakes: int) -> list[Callable[[Results], Picture]]:
    """One function for each figure."""
    return [
        hero.draw,
        learning.draw,
        weights.draw,
        activations.draw,
        confusion.draw,
        partial(mistakes.draw, most=most_mistakes),
        calibration.draw,
    ]
