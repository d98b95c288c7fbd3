"""The weights look almost random: the claim."""

from stages.claims.shared.claim import GRADIENT_DESCENT, Claim
from stages.claims.smoothness.figure import draw
from stages.claims.smoothness.verdict import CRITERION, judge, read

CLAIM = Claim(
    "smoothness",
    "The weights look almost random",
    "One hopes that the neurons of the first layer look for edges and strokes. Drawn as images, "
    "their weights look almost random, with at most loose patterns in the middle.",
    GRADIENT_DESCENT,
    read,
    judge,
    draw,
    CRITERION,
)
