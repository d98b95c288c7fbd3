"""A happy local minimum: the claim."""

from stages.claims.minima.figure import draw
from stages.claims.minima.verdict import CRITERION, judge, read
from stages.claims.shared.claim import GRADIENT_DESCENT, Claim

CLAIM = Claim(
    "minima",
    "A happy local minimum",
    "From a random start, descent finds some valley of the cost; nothing promises that it is the "
    "deepest one. Yet the valleys that these networks find are said to be about equally good.",
    GRADIENT_DESCENT,
    read,
    judge,
    draw,
    CRITERION,
)
