"""What the cost says: the claim."""

from stages.claims.cost.figure import draw
from stages.claims.cost.verdict import CRITERION, judge, read
from stages.claims.shared.claim import GRADIENT_DESCENT, Claim

CLAIM = Claim(
    "cost",
    "What the cost says",
    "The cost of an image is small when the network confidently classifies it correctly, and large "
    "when it does not seem to know what it is doing.",
    GRADIENT_DESCENT,
    read,
    judge,
    draw,
    CRITERION,
)
