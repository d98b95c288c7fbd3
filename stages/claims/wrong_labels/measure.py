"""The price of wrong labels: networks that learn from images of which a share is mislabelled."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nn import Settings, evaluate, predict
from stages.claims.shared.command import run_claim
from stages.common.files.paths import PREPROCESSING, TEST, TRAIN, claim_table
from stages.common.files.tables import write_csv
from stages.common.images.outlook import Outlook
from stages.common.models.recipe import Recipe, class_count, examples_of, outlook_of, side_by_side
from stages.common.runtime.checkpoints import ResultCache
from stages.common.runtime.limits import TRAINING, require_memory
from stages.common.runtime.params import real, whole


@dataclass(frozen=True, kw_only=True)
class WrongLabelsParams:
    """The price of wrong labels in the training images."""

    shares: Annotated[list[float], real(0, 1, "of the labels that are wrong; and none")]
    hidden: Annotated[list[int], whole(1, 10**6, "neurons of each hidden layer")]
    images: Annotated[
        int, whole(1, 10**6, "training images that all learn from{}; all if there are fewer")
    ]
    epochs: Annotated[int, whole(1, 10**6, "times that every image is visited")]
    learning_rate: Annotated[float, real(0, 1e6, "of the first step; falls linearly to 0")]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    seeds: Annotated[int, whole(2, 1000, "networks for each share")]
    seed: Annotated[int, whole(0, 2**62, "of the first network; the others count on")]


def wrong_labels(params: WrongLabelsParams) -> None:
    """Train the same networks with more and more wrong labels.

    Writes data/claims/wrong_labels.csv: a row for each network, with its accuracy on the test
    images, and how many of the wrong labels it has learnt.
    """
    import pandas as pd

    check(params, outlook_of(examples_of(TRAIN)))
    settings = Settings(params.learning_rate, params.epochs, params.batch_size, "linear")
    recipe = Recipe(tuple(params.hidden), settings)
    jobs = [
        (recipe, params.images, share, params.seed + n)
        for share in sorted({0.0, *params.shares})
        for n in range(params.seeds)
    ]
    cache = ResultCache("wrong_labels", TRAIN, TEST, PREPROCESSING)
    table = pd.DataFrame(side_by_side(train_one, jobs, "wrong labels", cache))
    write_csv(claim_table("wrong_labels"), table.round(6))
    cache.clear()
    means = table.groupby("share")["test_accuracy"].mean()
    print(f"test images right: {', '.join(f'{a:.1%} with {s:.0%}' for s, a in means.items())}")


def check(params: WrongLabelsParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if the network does not fit into memory."""
    require_memory("wrong_labels.hidden", outlook.sizes(params.hidden), TRAINING)


def train_one(recipe: Recipe, images: int, share: float, seed: int) -> dict[str, Any]:
    """What the table says of a network. Equal seeds start alike, and see images in one order."""
    right, test = examples_of(TRAIN).first(images), examples_of(TEST)
    classes = class_count(right, test)
    *_, rng = np.random.default_rng(seed).spawn(3)  # the first two are the recipe's
    given = replace(right, labels=mislabelled(right.labels, classes, share, rng))
    network = recipe.train(given, classes, seed)
    wrong = given.labels != right.labels
    with np.errstate(all="ignore"):  # a training that failed shows in its accuracy
        guesses = predict(network, given)[0].argmax(axis=1)
        accuracy = evaluate(network, test)[1]
    return {
        "network": "-".join(str(n) for n in network.sizes),
        "images": len(right),
        "epochs": recipe.settings.epochs,
        "share": share,
        "seed": seed,
        "wrong": int(wrong.sum()),
        "learnt": int((guesses == given.labels)[wrong].sum()),
        "test_accuracy": accuracy,
    }


def mislabelled(
    labels: NDArray[np.integer], classes: int, share: float, rng: np.random.Generator
) -> NDArray[np.integer]:
    """Labels, (n,), of which a share, chosen at random, is replaced by any other class."""
    count = round(share * len(labels)) if classes > 1 else 0
    chosen = rng.permutation(len(labels))[:count]
    given = labels.copy()
    given[chosen] = (labels[chosen] + rng.integers(1, max(classes, 2), count)) % classes
    return given


if __name__ == "__main__":
    run_claim(wrong_labels)
