"""A hundred images in place of them all: the claim."""

from stages.claims.averaging.figure import draw
from stages.claims.averaging.verdict import CRITERION, judge, read
from stages.claims.shared.claim import BACKPROPAGATION, Claim

CLAIM = Claim(
    "averaging",
    "A hundred images in place of them all",
    "The average of what all training images wish is the gradient. A mini-batch of a hundred or so "
    'is enough: its gradient is "a pretty good approximation", and a significant speed-up.',
    BACKPROPAGATION,
    read,
    judge,
    draw,
    CRITERION,
)
