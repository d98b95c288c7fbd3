"""32 times more sensitive: the claim."""

from stages.claims.sensitivity.figure import draw
from stages.claims.sensitivity.verdict import CRITERION, judge, read
from stages.claims.shared.claim import GRADIENT_DESCENT, Claim

CLAIM = Claim(
    "sensitivity",
    "32 times more sensitive",
    "The size of each component of the gradient tells how sensitive the cost is to that weight: "
    "where one is 32 times another, a wiggle of the first changes the cost 32 times as much.",
    GRADIENT_DESCENT,
    read,
    judge,
    draw,
    CRITERION,
)
