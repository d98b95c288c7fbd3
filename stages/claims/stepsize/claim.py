"""Smooth, small steps: the claim."""

from stages.claims.shared.claim import GRADIENT_DESCENT, Claim
from stages.claims.stepsize.figure import draw
from stages.claims.stepsize.verdict import CRITERION, judge, read

CLAIM = Claim(
    "stepsize",
    "Smooth, small steps",
    "A small step down the slope lowers the cost; it has to be small enough not to overshoot. If "
    "steps are proportional to the slope, they shrink by themselves where it flattens out.",
    GRADIENT_DESCENT,
    read,
    judge,
    draw,
    CRITERION,
)
