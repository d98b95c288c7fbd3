"""Confident about noise: the claim."""

from stages.claims.noise.figure import draw
from stages.claims.noise.verdict import CRITERION, judge, read
from stages.claims.shared.claim import GRADIENT_DESCENT, Claim

CLAIM = Claim(
    "noise",
    "Confident about noise",
    "Shown a random picture, the network does not hesitate: instead of lighting up no output, or "
    "all of them evenly, it gives a nonsense answer as confidently as it calls a 5 a 5.",
    GRADIENT_DESCENT,
    read,
    judge,
    draw,
    CRITERION,
)
