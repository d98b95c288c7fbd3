"""Could we reach 99.99 %: the claim."""

from stages.claims.second_guess.figure import draw
from stages.claims.second_guess.verdict import CRITERION, GOAL, judge, read
from stages.claims.shared.claim import VIEWER, Claim
from stages.page.figures.text import percent

CLAIM = Claim(
    "second_guess",
    f"Could we reach {percent(GOAL)}?",
    "If the right digit is often the second guess, a viewer asks, could a network that is taught a "
    f"second, softer label for every image, and may guess twice, be right {percent(GOAL)} of the "
    "time?",
    VIEWER,
    read,
    judge,
    draw,
    CRITERION,
)
