"""Fire together, wire together: the claim."""

from stages.claims.hebb.figure import draw
from stages.claims.hebb.verdict import CRITERION, judge, read
from stages.claims.shared.claim import BACKPROPAGATION, Claim

CLAIM = Claim(
    "hebb",
    "Fire together, wire together",
    "The weights that grow most are those between neurons that shine and neurons that we wish to "
    "shine more. That recalls a rule about brains, that neurons which fire together wire "
    "together: an analogy which the lecture itself calls loose.",
    BACKPROPAGATION,
    read,
    judge,
    draw,
    CRITERION,
)
