"""A drunk man and a careful man: the claim."""

from stages.claims.paths.figure import draw
from stages.claims.paths.verdict import CRITERION, judge, read
from stages.claims.shared.claim import BACKPROPAGATION, Claim

CLAIM = Claim(
    "paths",
    "A drunk man and a careful man",
    "Steps from mini-batches go not quite downhill: more like a drunk man who stumbles down in "
    "quick steps than a careful man who works out the right direction before every slow step. "
    "A viewer asked how L-BFGS and conjugate gradients would do.",
    BACKPROPAGATION,
    read,
    judge,
    draw,
    CRITERION,
)
