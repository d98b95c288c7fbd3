"""One digit's wishes: the claim."""

from stages.claims.shared.claim import BACKPROPAGATION, Claim
from stages.claims.wishes.figure import draw
from stages.claims.wishes.verdict import CRITERION, judge, read

CLAIM = Claim(
    "wishes",
    "One digit's wishes",
    "A single training image asks every output for a nudge, the larger the farther the output is "
    "from its target. There are three ways to follow: the bias, the weights (most of all those "
    "from bright neurons) and the neurons before (by their weights). What all the outputs ask of "
    "those neurons is added up, and passed on in the same way, layer by layer backwards.",
    BACKPROPAGATION,
    read,
    judge,
    draw,
    CRITERION,
)
