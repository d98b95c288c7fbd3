"""Train networks like that of the page, but from other first weights, for several claims."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from stages.common.files.arrays import Floats, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import PREPROCESSING, SIBLINGS, TRAIN, VALIDATION
from stages.common.images.outlook import Outlook
from stages.common.images.preprocess import Preprocessing
from stages.common.models.recipe import (
    batch_size_of_run,
    class_count,
    examples_of,
    outlook_of,
    side_by_side,
)
from stages.common.models.training import (
    TrainingParams,
    TrainingSet,
    own_section,
    train_together,
)
from stages.common.runtime.checkpoints import ResultCache
from stages.common.runtime.cli import run
from stages.common.runtime.limits import TRAINING, require_memory
from stages.common.runtime.params import made, whole

STACK = 6  # networks that are trained together; another number changes the order of their images


@dataclass(frozen=True, kw_only=True)
class SiblingsParams:
    """Networks trained as train says, from other first weights: several claims look at them."""

    networks: Annotated[int, whole(2, 1000, "that are trained")]
    epochs: Annotated[
        list[int], whole(1, 10**6, "kept after these, too, if they are trained so long")
    ]
    seed: Annotated[int, whole(0, 2**62, "of the first network; the others count on")]


def siblings(params: SiblingsParams) -> None:
    """Train networks with all that ``train`` has in params.yaml but its seed.

    Writes models/siblings.npz: their parameters, (K, n, P) float32, after K ``epochs``, from 0 to
    the last one, with their ``seeds`` and what kind of networks they are.
    """
    training, examples = made(TrainingParams, own_section()), examples_of(TRAIN)
    classes = class_count(examples, examples_of(VALIDATION))
    outlook = outlook_of(examples, classes)
    check(params, training, outlook)
    epochs = sorted({0, *(e for e in params.epochs if e < training.epochs), training.epochs})
    seeds = [*range(params.seed, params.seed + params.networks)]
    batch_size = batch_size_of_run()
    groups = [seeds[first : first + STACK] for first in range(0, len(seeds), STACK)]
    jobs = [(training, batch_size, group, classes, epochs) for group in groups]
    cache = ResultCache("siblings", TRAIN, PREPROCESSING)
    parameters = np.concatenate(side_by_side(train_group, jobs, "siblings: stacks", cache), axis=1)
    if not np.isfinite(parameters).all():
        raise StageError(
            "siblings: expected networks whose weights are finite numbers, got one that diverged; "
            f"lower train.learning_rate ({training.learning_rate:g})"
        )
    arrays = {
        "sizes": np.array(outlook.sizes(training.hidden)),
        "activation": np.array(training.activation),
        "cost": np.array(training.cost),
        "learning_rate": np.array(training.learning_rate),
        "seeds": np.array(seeds),
        "epochs": np.array(epochs),
        "parameters": parameters,
    }
    save_arrays(SIBLINGS, arrays)
    cache.clear()
    print(f"{params.networks} networks of {training.epochs} epochs each: {SIBLINGS}")


def check(params: SiblingsParams, training: TrainingParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if all networks do not fit into memory."""
    copies = params.networks * (len(params.epochs) + 2) + TRAINING * STACK
    require_memory("siblings.networks", outlook.sizes(training.hidden), copies)


def train_group(
    training: TrainingParams,
    batch_size: int,
    seeds: Sequence[int],
    classes: int,
    epochs: Sequence[int],
) -> Floats:
    """Parameters, (K, S, P), of a stack of networks after some epochs."""
    examples = TrainingSet.load(TRAIN, Preprocessing.load(PREPROCESSING))
    return np.stack(train_together(training, batch_size, seeds, examples, classes, epochs))


if __name__ == "__main__":
    run(siblings)
