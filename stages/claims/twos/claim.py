"""If we only listened to the 2s: the claim."""

from stages.claims.shared.claim import BACKPROPAGATION, Claim
from stages.claims.twos.figure import draw
from stages.claims.twos.verdict import CRITERION, judge, read

CLAIM = Claim(
    "twos",
    "If we only listened to the 2s",
    "A single 2 wishes for its own changes only. If the network heard 2s and nothing else, it "
    "would end up calling every image a 2; that is why the wishes of all digits are averaged.",
    BACKPROPAGATION,
    read,
    judge,
    draw,
    CRITERION,
)
