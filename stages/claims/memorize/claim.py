"""Is it just memorizing: the claim."""

from stages.claims.memorize.figure import draw
from stages.claims.memorize.verdict import CRITERION, judge, read
from stages.claims.shared.claim import GRADIENT_DESCENT, Claim

CLAIM = Claim(
    "memorize",
    "Is it just memorizing?",
    "Shuffle the labels, and a large enough network still learns all of them, although there is "
    "nothing to understand: it does no better than chance on new images. But it has to struggle: "
    "the true labels are learnt much faster, so there is something smarter going on with them.",
    f"{GRADIENT_DESCENT}, after Zhang et al. 2017 and Arpit et al. 2017",
    read,
    judge,
    draw,
    CRITERION,
)
