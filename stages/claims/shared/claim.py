"""What a claim is: words that somebody said, and a figure of what was measured."""

from collections.abc import Callable
from dataclasses import dataclass

from stages.page.figures.layout import Picture

HELD, PARTLY, NOT_HELD = "It held.", "It held in part.", "It did not hold."

GRADIENT_DESCENT = "Gradient descent, how neural networks learn"
BACKPROPAGATION = "What is backpropagation really doing?"
VIEWER = "asked by a viewer"


@dataclass(frozen=True)
class Claim:
    """One claim, in the stage ``name``; the page shows ``claim`` above the figure.

    ``draw`` reads the stage's own outputs below the current folder. If one is missing, it raises
    ``FileNotFoundError``, or a ``StageError`` from one; ``StageError`` alone if it is not what
    the stage writes. Its picture's caption says what was measured and ends with a verdict:
    ``HELD``, ``PARTLY`` or ``NOT_HELD``, as the numbers have it.
    """

    name: str  # of the stage, its section of params.yaml, its figure, and the page's anchor
    title: str  # the heading, in the lectures' words
    claim: str  # what is said, in a sentence or two
    source: str  # who says it
    draw: Callable[[], Picture]
