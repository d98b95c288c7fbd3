"""The whole gradient at once: the claim."""

from stages.claims.efficient.figure import draw
from stages.claims.efficient.verdict import CRITERION, judge, read
from stages.claims.shared.claim import GRADIENT_DESCENT, Claim

CLAIM = Claim(
    "efficient",
    "The whole gradient at once",
    "Backpropagation is the algorithm that computes this gradient efficiently: it is effectively "
    "the heart of how a neural network learns.",
    GRADIENT_DESCENT,
    read,
    judge,
    draw,
    CRITERION,
)
