"""Do we keep the weights v while updating w: the claim."""

from stages.claims.frozen_weights.figure import draw
from stages.claims.frozen_weights.verdict import CRITERION, judge, read
from stages.claims.shared.claim import VIEWER, Claim

CLAIM = Claim(
    "frozen_weights",
    "Old weights, or new ones, for the layer before?",
    "\N{LEFT DOUBLE QUOTATION MARK}Do we keep the weights v constant while updating w?"
    "\N{RIGHT DOUBLE QUOTATION MARK} The gradient is the slope at one point: every layer's blame "
    "is worked out with the old weights, and then all weights step at once.",
    VIEWER,
    read,
    judge,
    draw,
    CRITERION,
)
