"""What a claim is: words that somebody said, what was found, and a figure of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from math import floor, log10
from typing import TYPE_CHECKING, Any

from stages.page.figures.text import decimal, plural, significant

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GRADIENT_DESCENT = "Gradient descent, how neural networks learn"
BACKPROPAGATION = "What is backpropagation really doing?"
VIEWER = "asked by a viewer"
INTERVAL, QUARTILES = "95 % interval", "quartiles"
MOST_DECIMALS = 5  # of an estimate; a smaller one is written with two significant digits


class Verdict(StrEnum):
    """Whether a claim held, as the numbers have it."""

    HELD = "held"
    PARTLY = "partly"
    NOT_HELD = "not_held"

    @classmethod
    def of(cls, *conditions: bool) -> "Verdict":
        """Held if all conditions are met, in part if some are."""
        return cls.HELD if all(conditions) else cls.PARTLY if any(conditions) else cls.NOT_HELD

    @property
    def guess(self) -> str:
        """The verdict as somebody expects it."""
        return {"held": "It holds", "partly": "In part", "not_held": "It does not"}[self.value]

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return {"held": "It held.", "partly": "It held in part.", "not_held": "It did not hold."}[
            self.value
        ]


@dataclass(frozen=True)
class Estimate:
    """The number that a verdict rests on, and how sure it is."""

    value: float
    low: float
    high: float
    networks: int  # trainings from first weights of their own; orders of one network are one
    unit: str  # what it is a number of: "% of the test images", "times", ...
    kind: str = INTERVAL  # what low and high are; QUARTILES where the spread is no bell

    @property
    def sentence(self) -> str:
        """The number in words: 94.12 % of the images (95 % interval 93.58 to 94.66, 9 networks).

        It has as many digits as half of the interval needs for two of its own.
        """
        networks, half = plural(self.networks, "network"), (self.high - self.low) / 2
        if not half:
            return f"{significant(self.value, 4)} {self.unit} ({networks})"
        needed = max(0, 1 - floor(log10(half)))
        value, low, high = (
            significant(each, 2) if needed > MOST_DECIMALS else decimal(each, needed)
            for each in (self.value, self.low, self.high)
        )
        return f"{value} {self.unit} ({self.kind} {low} to {high}, {networks})"


@dataclass(frozen=True)
class Finding:
    """What a claim's numbers say."""

    verdict: Verdict
    title: str  # the finding in one line: the heading of the figure
    measured: str  # the numbers, and what they were measured on
    alt: str  # what stands in for the figure
    plain: str  # the finding in one sentence, for somebody who has seen the chapters
    notes: str  # what follows the verdict, in two sentences at most; may be empty
    estimate: Estimate


@dataclass(frozen=True)
class Claim:
    """One claim: what is said and by whom, and how to read, judge and draw what was measured.

    ``read`` returns what the claim's command wrote below the current folder, in a form of the
    claim's own that ``judge`` and ``draw`` take; ``draw`` also takes the title of the finding. If
    a file is missing, ``read`` raises ``StageError`` from ``FileNotFoundError``; ``StageError``
    alone for a file that is not what the command writes.
    """

    name: str  # of the folder, the DVC stage, its section of params.yaml, and the page's anchor
    title: str  # the heading, in the lectures' words
    claim: str  # what is said, in a sentence or two
    source: str  # who says it
    read: Callable[[], Any]
    judge: Callable[[Any], Finding]
    draw: "Callable[[Any, str], Figure]"
    criterion: str  # when it counts as held, in part, or not, and why: fixed beforehand
