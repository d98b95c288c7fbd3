"""The figures of the report: each module draws one, and says in words what it shows."""

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
from stages.page.figures.layout import Picture, save, styled
from stages.page.figures.results import Results, load_results

__all__ = ["Picture", "Results", "load_results", "painters", "save", "styled"]


def painters(most_mistakes: int) -> list[Callable[[Results], Picture]]:
    """One function for each figure, in the order of the story."""
    return [
        hero.draw,
        learning.draw,
        weights.draw,
        activations.draw,
        confusion.draw,
        partial(mistakes.draw, most=most_mistakes),
        calibration.draw,
    ]
