"""What a claim is: words that somebody said, what was found, and a figure of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GRADIENT_DESCENT = "Gradient descent, how neural networks learn"
BACKPROPAGATION = "What is backpropagation really doing?"
VIEWER = "asked by a viewer"


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
    def sentence(self) -> str:
        """The verdict in words."""
        return {"held": "It held.", "partly": "It held in part.", "not_held": "It did not hold."}[
            self.value
        ]


@dataclass(frozen=True)
class Finding:
    """What a claim's numbers say."""

    verdict: Verdict
    title: str  # the finding in one line: the heading of the figure
    measured: str  # the numbers, and what they were measured on
    criterion: str  # what had to be so for the claim to hold
    alt: str  # what stands in for the figure


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
