"""Labels by people: the claim."""

from stages.claims.shared.claim import BACKPROPAGATION, Claim
from stages.claims.wrong_labels.figure import draw
from stages.claims.wrong_labels.verdict import CRITERION, judge, read

CLAIM = Claim(
    "wrong_labels",
    "Labels that people have given",
    "Learning needs many images that somebody has labelled; MNIST's were labelled by people, with "
    "care. What if they had been careless?",
    BACKPROPAGATION,
    read,
    judge,
    draw,
    CRITERION,
)
