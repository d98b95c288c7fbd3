"""Time and memory by images, neurons and layers: the claim."""

from stages.claims.shared.claim import VIEWER, Claim
from stages.claims.time_and_memory.figure import draw
from stages.claims.time_and_memory.verdict import CRITERION, judge, read

CLAIM = Claim(
    "time_and_memory",
    "How do time and memory grow?",
    "What do more images, neurons and layers cost? For each image, each weight is multiplied two "
    "or three times: time should grow in proportion to the images and to the weights, memory to "
    "the weights and to the neurons of a mini-batch.",
    VIEWER,
    read,
    judge,
    draw,
    CRITERION,
)
