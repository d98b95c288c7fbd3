"""You need a lot of training data: the claim."""

from stages.claims.amount.figure import draw
from stages.claims.amount.verdict import CRITERION, judge, read
from stages.claims.shared.claim import BACKPROPAGATION, Claim

CLAIM = Claim(
    "amount",
    "You need a lot of training data",
    "Learning by backpropagation asks for a great many labelled examples; that handwritten digits "
    "come with tens of thousands of them is what makes them such a good first task.",
    BACKPROPAGATION,
    read,
    judge,
    draw,
    CRITERION,
)
