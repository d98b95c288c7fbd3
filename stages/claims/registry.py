"""What the chapters say, each claim with the figure of what was measured."""

from stages.claims.amount import figure as amount
from stages.claims.architecture import figure as architecture
from stages.claims.averaging import figure as averaging
from stages.claims.hebb import figure as hebb
from stages.claims.memorize import figure as memorize
from stages.claims.minima import figure as minima
from stages.claims.noise import figure as noise
from stages.claims.paths import figure as paths
from stages.claims.second_guess import figure as second_guess
from stages.claims.sensitivity import figure as sensitivity
from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY, Claim
from stages.claims.smoothness import figure as smoothness
from stages.claims.stepsize import figure as stepsize
from stages.claims.sweep import figure as sweep
from stages.claims.twos import figure as twos
from stages.claims.wishes import figure as wishes

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
