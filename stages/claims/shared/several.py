"""Several networks like the one on the page, from first weights of their own, learning as a stack.

What is said of one network may be its own; chance gets several.
"""

from collections.abc import Iterator

import numpy as np

from nn import SGD, Examples, Network, Settings, stacked
from stages.common.files.atomic import StageError
from stages.common.models.recipe import Recipe


def untrained_stack(like: Network, settings: Settings, examples: Examples, seeds: range) -> Network:
    """Networks of the shape and the functions of ``like``, (seeds, P) float32, each by its seed."""
    recipe = Recipe(like.sizes[1:-1], settings, like.activation, like.cost)
    return stacked([recipe.start(examples, like.sizes[-1], seed).network for seed in seeds])


def epochs_of(
    stack: Network, settings: Settings, examples: Examples, seed: int, stage: str
) -> Iterator[int]:
    """Train a stack in place, and stop after every epoch; all see the mini-batches in one order.

    Raises ``StageError``, which names the ``stage``, if a network leaves the finite numbers.
    """
    sgd = SGD(stack, examples, settings, np.random.default_rng(seed))
    for epoch in range(1, settings.epochs + 1):
        with np.errstate(all="ignore"):  # what is lost is told below
            sgd.epoch()
        if not np.isfinite(stack.parameters).all():
            raise StageError(
                f"{stage}.learning_rate: expected one with which all networks learn, got "
                f"{settings.learning_rate:g}, after which weights of epoch {epoch} are no finite "
                "numbers; lower it"
            )
        yield epoch
