"""The floor of the valley: the claim."""

from stages.claims.shared.claim import GRADIENT_DESCENT, Claim
from stages.claims.valley.figure import draw
from stages.claims.valley.verdict import CRITERION, judge, read

CLAIM = Claim(
    "valley",
    "The floor of the valley",
    "Repeating this process, you approach some local minimum of the cost: a place from which no "
    "small step leads further down.",
    GRADIENT_DESCENT,
    read,
    judge,
    draw,
    CRITERION,
)
