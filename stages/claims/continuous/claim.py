"""Not just on or off: the claim."""

from stages.claims.continuous.figure import draw
from stages.claims.continuous.verdict import CRITERION, judge, read
from stages.claims.shared.claim import GRADIENT_DESCENT, Claim

CLAIM = Claim(
    "continuous",
    "Not just on or off",
    "The cost has to be smooth, so that little steps lead downhill. This is why artificial neurons "
    "have activations in a continuous range, and are not simply on or off as biological ones are.",
    GRADIENT_DESCENT,
    read,
    judge,
    draw,
    CRITERION,
)
