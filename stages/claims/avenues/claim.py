"""Who balances the three avenues: the claim."""

from stages.claims.avenues.figure import draw
from stages.claims.avenues.verdict import CRITERION, judge, read
from stages.claims.shared.claim import VIEWER, Claim

CLAIM = Claim(
    "avenues",
    "Who balances the three avenues?",
    "A neuron becomes brighter by its bias, by its weights, or by the activations before it, which "
    "is what earlier layers are asked for. \N{LEFT DOUBLE QUOTATION MARK}How do you balance the "
    "three avenues? The first layer will hardly change.\N{RIGHT DOUBLE QUOTATION MARK}",
    VIEWER,
    read,
    judge,
    draw,
    CRITERION,
)
