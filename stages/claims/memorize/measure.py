"""Whether a network can learn labels by heart: the true ones, and the same labels shuffled."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Annotated, Any

import numpy as np

from nn import SGD, Dataset, Settings, evaluate
from stages.claims.shared.command import run_claim
from stages.common.files.arrays import save_arrays
from stages.common.files.paths import PREPROCESSING, TEST, TRAIN, claim_arrays, claim_table
from stages.common.files.tables import write_csv
from stages.common.images.outlook import Outlook
from stages.common.models.recipe import Recipe, class_count, examples_of, outlook_of, side_by_side
from stages.common.runtime.checkpoints import ResultCache
from stages.common.runtime.limits import TRAINING, require_memory
from stages.common.runtime.params import real, whole

LOOKS = 40  # times at most that a training of the ladder is looked at; the race's, every epoch

Curve = list[tuple[int, float]]  # steps taken, share of the training labels that are right


@dataclass(frozen=True)
class Attempt:
    """One training: of the ``race`` between true and shuffled labels, or of the ``ladder``."""

    part: str
    hidden: tuple[int, ...]
    images: int
    labels: str  # true or shuffled
    seed: int


@dataclass(frozen=True)
class Pace:
    """What all trainings have in common: momentum on mini-batches, at a constant rate."""

    learning_rate: float
    momentum: float
    batch_size: int
    steps: int  # at most, rounded up to whole epochs


@dataclass(frozen=True, kw_only=True)
class MemorizeParams:
    """True labels against shuffled ones."""

    images: Annotated[int, whole(1, 10**9, "of the race between true and shuffled labels")]
    neurons: Annotated[int, whole(1, 10**6, "of the one hidden layer that runs the race")]
    train_sizes: Annotated[list[int], whole(1, 10**9, "images of the ladder's rungs")]
    climbers: Annotated[int, whole(1, 10**4, "networks on each rung, which has shuffled labels")]
    hidden: Annotated[
        list[int], whole(1, 10**6, "neurons of each hidden layer that climbs the ladder")
    ]
    steps: Annotated[int, whole(1, 10**7, "before a training without every label is given up")]
    learning_rate: Annotated[float, real(0, 1e6, "step as a multiple of the gradient")]
    momentum: Annotated[float, real(0, 0.9999, "share of the last step made again")]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    seeds: Annotated[int, whole(2, 10**4, "networks that race with each kind of labels")]
    seed: Annotated[int, whole(0, 2**63 - 1, "the first of these seeds")]


def memorize(params: MemorizeParams) -> None:
    """Train on true and on shuffled labels of the same images, until every label is right.

    The race lets one wide network learn both; the ladder tries a small one with shuffled labels
    of more and more images. Writes data/claims/memorize.csv, a row for each training as it ended,
    and memorize.npz, the accuracies by step: ``run`` (row of the table), ``step``, ``accuracy``.
    """
    import pandas as pd

    pace = Pace(params.learning_rate, params.momentum, params.batch_size, params.steps)
    everything = examples_of(TRAIN)
    check(params, outlook_of(everything))
    cache = ResultCache("memorize", TRAIN, TEST, PREPROCESSING)
    jobs = [(attempt, pace) for attempt in attempts(params, len(everything))]
    results = side_by_side(learn, jobs, "memorize", cache)
    table = pd.DataFrame([row for row, _ in results])
    write_csv(claim_table("memorize"), table.round(6))
    looks = [(number, *look) for number, (_, curve) in enumerate(results) for look in curve]
    runs, at, accuracy = zip(*looks, strict=True)
    save_arrays(
        claim_arrays("memorize"),
        {"run": np.array(runs), "step": np.array(at), "accuracy": np.array(accuracy)},
    )
    cache.clear()
    means = table[table["part"] == "race"].groupby("labels")[["train_accuracy", "test_accuracy"]]
    for labels, (fitted, general) in means.mean().sort_index(ascending=False).iterrows():
        print(f"{labels} labels: {fitted:.2%} learnt, then {general:.2%} of test images right")


def attempts(params: MemorizeParams, total: int) -> list[Attempt]:
    """All trainings, where there are so many images: the race's, then the ladder's."""
    race = [
        Attempt("race", (params.neurons,), min(params.images, total), labels, params.seed + i)
        for labels in ("true", "shuffled")
        for i in range(params.seeds)
    ]
    ladder = [
        Attempt("ladder", tuple(params.hidden), images, "shuffled", params.seed + i)
        for images in sorted({min(n, total) for n in params.train_sizes})
        for i in range(params.climbers)
    ]
    return [*race, *ladder]


def check(params: MemorizeParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if a network of the race or the ladder does not fit into memory."""
    require_memory("memorize.neurons", outlook.sizes([params.neurons]), TRAINING)
    require_memory("memorize.hidden", outlook.sizes(params.hidden), TRAINING)


def learn(attempt: Attempt, pace: Pace) -> tuple[dict[str, Any], Curve]:
    """Train until every label is right, or the steps are used up; how it ended, and the way.

    Outputs are softmax with cross-entropy: with the sum of squares, all outputs of shuffled labels
    fall to the share of each class, 0.1, and learning hardly gets on.
    """
    everything, test = examples_of(TRAIN), examples_of(TEST)
    classes = class_count(everything, test)
    examples = choose(everything, attempt)
    batches = ceil(len(examples) / pace.batch_size)
    settings = Settings(
        pace.learning_rate,
        ceil(pace.steps / batches),
        pace.batch_size,
        momentum=pace.momentum,
        reshuffle=True,
    )
    recipe = Recipe(attempt.hidden, settings, cost="cross_entropy")
    sgd = recipe.start(examples, classes, attempt.seed)
    looks: Sequence[int] = range(1, settings.epochs + 1)
    if attempt.part == "ladder":  # as many in the first hundred epochs as in the last thousand
        looks = np.unique(np.geomspace(1, settings.epochs, LOOKS).round().astype(int)).tolist()
    with np.errstate(all="ignore"):  # a training that failed shows in its accuracy
        curve = [(epoch * batches, share) for epoch, share in until_fitted(sgd, looks)]
        test_accuracy = evaluate(sgd.network, test)[1]
    row = {
        "part": attempt.part,
        "network": "-".join(str(n) for n in sgd.network.sizes),
        "images": attempt.images,
        "labels": attempt.labels,
        "seed": attempt.seed,
        "steps": curve[-1][0],
        "train_accuracy": curve[-1][1],
        "test_accuracy": test_accuracy,
    }
    return row, curve


def choose(everything: Dataset, attempt: Attempt) -> Dataset:
    """Random images with their labels, or with these same labels in another order.

    With one seed, a larger choice contains the smaller one, and the network starts alike.
    """
    *_, rng = np.random.default_rng(attempt.seed).spawn(3)  # the first two are the recipe's
    rows = rng.permutation(len(everything))[: attempt.images]
    labels = everything.labels[rows]
    if attempt.labels == "shuffled":
        labels = rng.permutation(labels)
    return replace(everything, stored=everything.stored[rows], labels=labels)


def until_fitted(sgd: SGD, looks: Sequence[int]) -> Iterator[tuple[int, float]]:
    """Train until every label is right at a look, or to the last look.

    Yields epochs done and the share of labels that are right: before the first step, and after the
    epochs of ``looks``, which rise.
    """
    for epoch in (0, *looks):
        while sgd.epochs_done < epoch:
            sgd.epoch()
        share = evaluate(sgd.network, sgd.examples)[1]
        yield epoch, share
        if share == 1:
            return


if __name__ == "__main__":
    run_claim(memorize)
