"""There is room to experiment: the claim."""

from stages.claims.shared.claim import Claim
from stages.claims.sweep.figure import draw
from stages.claims.sweep.verdict import CRITERION, judge, read

CLAIM = Claim(
    "sweep",
    "There is room to experiment",
    "Learning rate, activation, cost, number of neurons: whoever trains a network chooses them, "
    "and the lectures call such choices arbitrary. Then others may well be better.",
    "the first lecture, and every viewer since",
    read,
    judge,
    draw,
    CRITERION,
)
