"""The book: every claim once, in the chapters and the order in which the page tells them."""

from dataclasses import dataclass

from stages.claims.amount import claim as amount
from stages.claims.architecture import claim as architecture
from stages.claims.avenues import claim as avenues
from stages.claims.averaging import claim as averaging
from stages.claims.continuous import claim as continuous
from stages.claims.cost import claim as cost
from stages.claims.efficient import claim as efficient
from stages.claims.frozen_weights import claim as frozen_weights
from stages.claims.hebb import claim as hebb
from stages.claims.layers_alone import claim as layers_alone
from stages.claims.memorize import claim as memorize
from stages.claims.minima import claim as minima
from stages.claims.noise import claim as noise
from stages.claims.paths import claim as paths
from stages.claims.pipes import claim as pipes
from stages.claims.second_guess import claim as second_guess
from stages.claims.sensitivity import claim as sensitivity
from stages.claims.shared.claim import Claim
from stages.claims.smoothness import claim as smoothness
from stages.claims.steepest import claim as steepest
from stages.claims.stepsize import claim as stepsize
from stages.claims.sweep import claim as sweep
from stages.claims.time_and_memory import claim as time_and_memory
from stages.claims.tweaks import claim as tweaks
from stages.claims.twos import claim as twos
from stages.claims.valley import claim as valley
from stages.claims.wishes import claim as wishes
from stages.claims.wrong_labels import claim as wrong_labels


@dataclass(frozen=True)
class Chapter:
    """Claims that belong together."""

    name: str  # the page's anchor
    title: str
    about: str
    claims: tuple[Claim, ...]


CHAPTERS = (
    Chapter(
        "downhill",
        "Rolling downhill",
        "The cost is a landscape above all the weights and biases. Its negative gradient tells "
        "which nudge to each of them lowers it fastest; learning is a walk along it, one small "
        "step after the other.",
        (
            cost.CLAIM,
            steepest.CLAIM,
            sensitivity.CLAIM,
            stepsize.CLAIM,
            continuous.CLAIM,
            paths.CLAIM,
            minima.CLAIM,
            valley.CLAIM,
        ),
    ),
    Chapter(
        "wanting",
        "What one digit wants, and what all of them want",
        "Backpropagation asks each training image how it would change every weight and bias. "
        "What the network does is the average of the answers.",
        (efficient.CLAIM, wishes.CLAIM, averaging.CLAIM, twos.CLAIM, hebb.CLAIM),
    ),
    Chapter(
        "learned",
        "What has it learned?",
        "One might hope that hidden layers pick up edges, then loops and lines. Judge for "
        "yourself whether these do.",
        (smoothness.CLAIM, noise.CLAIM, second_guess.CLAIM),
    ),
    Chapter(
        "needed",
        "What it takes",
        "How much of the success comes from the data, and how much from the shape of the network?",
        (
            memorize.CLAIM,
            amount.CLAIM,
            wrong_labels.CLAIM,
            tweaks.CLAIM,
            architecture.CLAIM,
            sweep.CLAIM,
        ),
    ),
    Chapter(
        "viewers",
        "Viewers ask",
        "Questions from below the chapters, each answered by a measurement.",
        (
            layers_alone.CLAIM,
            avenues.CLAIM,
            frozen_weights.CLAIM,
            pipes.CLAIM,
            time_and_memory.CLAIM,
        ),
    ),
)
CLAIMS = tuple(claim for chapter in CHAPTERS for claim in chapter.claims)
