"""Not just the last layer's fault: the claim."""

from stages.claims.layers_alone.figure import draw
from stages.claims.layers_alone.verdict import CRITERION, judge, read
from stages.claims.shared.claim import VIEWER, Claim

CLAIM = Claim(
    "layers_alone",
    "Was it not just the last layer's fault?",
    "\N{LEFT DOUBLE QUOTATION MARK}How can we be sure that it was not just the last layer's "
    "fault?\N{RIGHT DOUBLE QUOTATION MARK} Backpropagation blames every layer, so every layer "
    "should be needed to mend the mistakes.",
    VIEWER,
    read,
    judge,
    draw,
    CRITERION,
)
