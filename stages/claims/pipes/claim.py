"""Is there anything more efficient than so many connections: the claim."""

from stages.claims.pipes.figure import draw
from stages.claims.pipes.verdict import CRITERION, judge, read
from stages.claims.shared.claim import VIEWER, Claim

CLAIM = Claim(
    "pipes",
    "So many pipes: is there anything more efficient?",
    "From 784 pixels by way of 16 and 16 neurons to 10 digits lead 12,960 connections, 15,680 by "
    "one viewer's count, who asks whether there is anything more efficient than so many pipes.",
    VIEWER,
    read,
    judge,
    draw,
    CRITERION,
)
