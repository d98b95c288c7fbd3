"""How many neurons, how many layers: the claim."""

from stages.claims.architecture.figure import draw
from stages.claims.architecture.trainings import read
from stages.claims.architecture.verdict import CRITERION, judge
from stages.claims.shared.claim import VIEWER, Claim

CLAIM = Claim(
    "architecture",
    "How many neurons, how many layers?",
    "Two hidden layers of 16 neurons fit on the screen, says the first lecture, and there is room "
    "to experiment. Viewers expect more: that more neurons, more layers, ReLU, and another cost "
    "each read more digits.",
    VIEWER,
    read,
    judge,
    draw,
    CRITERION,
)
