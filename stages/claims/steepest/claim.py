"""The steepest way down: the claim."""

from stages.claims.shared.claim import GRADIENT_DESCENT, Claim
from stages.claims.steepest.figure import draw
from stages.claims.steepest.verdict import CRITERION, judge, read

CLAIM = Claim(
    "steepest",
    "The steepest way down",
    "The gradient is the direction of steepest ascent; of all directions in which one could step, "
    "its negative lowers the cost most quickly.",
    GRADIENT_DESCENT,
    read,
    judge,
    draw,
    CRITERION,
)
