"""What the chapters say, each claim with the figure of what was measured."""

from stages.figures.claims import (
    amount,
    architecture,
    averaging,
    hebb,
    memorize,
    minima,
    noise,
    paths,
    second_guess,
    sensitivity,
    smoothness,
    stepsize,
    sweep,
    twos,
    wishes,
)
from stages.figures.claims.claim import HELD, NOT_HELD, PARTLY, Claim

__all__ = ["CLAIMS", "HELD", "NOT_HELD", "PARTLY", "Claim"]

# In the order in which the page tells them.
CLAIMS: tuple[Claim, ...] = (
    stepsize.CLAIM,
    sensitivity.CLAIM,
    minima.CLAIM,
    smoothness.CLAIM,
    noise.CLAIM,
    memorize.CLAIM,
    amount.CLAIM,
    wishes.CLAIM,
    hebb.CLAIM,
    twos.CLAIM,
    averaging.CLAIM,
    paths.CLAIM,
    architecture.CLAIM,
    second_guess.CLAIM,
    sweep.CLAIM,
)
