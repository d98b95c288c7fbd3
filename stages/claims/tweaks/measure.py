"""Networks of this run's recipe, and the same with more neurons in the first hidden layer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np

from nn import Network, evaluate
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import Siblings, load_siblings
from stages.claims.shared.outputs import write_rows
from stages.common.files.paths import PREPROCESSING, TEST, TRAIN, VALIDATION
from stages.common.files.tables import Rows
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
from stages.common.runtime.limits import TRAINING, require_memory
from stages.common.runtime.params import made, whole

STACK = 2  # networks that are trained together; another number changes the order of their images


@dataclass(frozen=True, kw_only=True)
class TweaksParams:
    """The network of train with more neurons, and nothing else changed."""

    widths: Annotated[list[int], whole(1, 10**5, "neurons of the first hidden layer")]
    epochs: Annotated[
        int, whole(1, 10**6, "times that every image is visited, if train has no fewer")
    ]
    networks: Annotated[int, whole(2, 1000, "of each width")]
    seed: Annotated[int, whole(0, 2**62, "of the first network; the others count on")]


def tweaks(params: TweaksParams) -> None:
    """Train what ``train`` has in params.yaml with other widths; compare it with the siblings.

    Writes data/claims/tweaks.csv: a row for each network, with what it reads of the validation
    images, which choose a width, and of the test images, which judge it.
    """
    current, examples = made(TrainingParams, own_section()), examples_of(TRAIN)
    classes = class_count(examples, examples_of(VALIDATION))
    outlook = outlook_of(examples, classes)
    check(params, current, outlook)
    batch_size = batch_size_of_run()
    seeds = [*range(params.seed, params.seed + params.networks)]
    jobs = [
        (tweaked(current, width, params.epochs), batch_size, seeds[first : first + STACK], classes)
        for width in sorted({*params.widths}, reverse=True)  # the slowest first
        for first in range(0, len(seeds), STACK)
    ]
    cache = ResultCache("tweaks", TRAIN, VALIDATION, TEST, PREPROCESSING)
    trained = side_by_side(train_group, jobs, "tweaks: stacks", cache)
    rows = [*untweaked(load_siblings()), *(row for rows in trained for row in rows)]
    write_rows("tweaks", rows)
    cache.clear()
    for network in dict.fromkeys(row["network"] for row in rows):
        shares = [row["test_accuracy"] for row in rows if row["network"] == network]
        print(f"{network}: {np.mean(shares):.2%} of the test images")


def check(params: TweaksParams, current: TrainingParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if a stack of the widest network does not fit into memory."""
    widest = tweaked(current, max(params.widths), params.epochs)
    require_memory("tweaks.widths", outlook.sizes(widest.hidden), TRAINING * STACK)


def tweaked(current: TrainingParams, width: int, epochs: int) -> TrainingParams:
    """The training with so many neurons in the first hidden layer, for at most so many epochs."""
    return replace(current, hidden=[width, *current.hidden[1:]], epochs=min(current.epochs, epochs))


def untweaked(siblings: Siblings) -> Rows:
    """What networks of this run's own recipe read."""
    networks = siblings.after(siblings.last)
    return rows_of("none", networks, siblings.last, [int(seed) for seed in siblings.seeds])


def train_group(
    training: TrainingParams, batch_size: int, seeds: Sequence[int], classes: int
) -> Rows:
    """What a stack of wider networks reads after all epochs."""
    examples = TrainingSet.load(TRAIN, Preprocessing.load(PREPROCESSING))
    trained = train_together(training, batch_size, seeds, examples, classes, [training.epochs])[-1]
    sizes = (examples.examples.stored.shape[1], *training.hidden, classes)
    networks = [Network(sizes, training.activation, training.cost, each) for each in trained]
    return rows_of("wider", networks, training.epochs, seeds)


def rows_of(tweak: str, networks: Sequence[Network], epochs: int, seeds: Sequence[int]) -> Rows:
    """A row for each of the networks, which have one shape."""
    return [row_of(tweak, each, epochs, seed) for each, seed in zip(networks, seeds, strict=True)]


def row_of(tweak: str, network: Network, epochs: int, seed: int) -> dict[str, Any]:
    """What the table says of a network."""
    with np.errstate(all="ignore"):  # a training that failed shows in its accuracy
        validation, test = (evaluate(network, examples_of(each))[1] for each in (VALIDATION, TEST))
    return {
        "tweak": tweak,
        "network": "-".join(str(n) for n in network.sizes),
        "epochs": epochs,
        "seed": seed,
        "validation_accuracy": validation,
        "test_accuracy": test,
    }


if __name__ == "__main__":
    run_claim(tweaks)
