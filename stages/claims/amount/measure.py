"""What more training images are worth: the same training on few of them, on more, and on all."""

from dataclasses import dataclass, replace
from typing import Annotated, Any

import numpy as np

from nn import Settings, evaluate
from stages.claims.shared.command import run_claim
from stages.common.files.paths import PREPROCESSING, TEST, TRAIN, claim_table
from stages.common.files.tables import write_csv
from stages.common.images.outlook import Outlook
from stages.common.models.recipe import Recipe, class_count, examples_of, outlook_of, side_by_side
from stages.common.runtime.checkpoints import ResultCache
from stages.common.runtime.limits import TRAINING, require_memory
from stages.common.runtime.params import real, whole


@dataclass(frozen=True, kw_only=True)
class AmountParams:
    """What more training images are worth."""

    train_sizes: Annotated[list[int], whole(1, 10**9, "images to learn from; and all of them")]
    hidden: Annotated[list[int], whole(1, 10**6, "neurons of each hidden layer")]
    learning_rate: Annotated[float, real(0, 1e6, "of the first step; falls linearly to 0")]
    momentum: Annotated[float, real(0, 0.9999, "share of the last step made again")]
    epochs: Annotated[
        int,
        whole(1, 10**6, "visits of all images{}; fewer images take as many steps"),
    ]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    seeds: Annotated[int, whole(2, 10**4, "networks trained on each amount")]
    seed: Annotated[int, whole(0, 2**63 - 1, "the first of these seeds")]


def amount(params: AmountParams) -> None:
    """Train the same network on different numbers of images, with equally many steps.

    Writes data/claims/amount.csv: a row for each network, with its accuracy on the images that
    it was trained on and on the test images.
    """
    import pandas as pd

    settings = Settings(
        params.learning_rate,
        params.epochs,
        params.batch_size,
        "linear",
        momentum=params.momentum,
        reshuffle=True,
    )
    recipe = Recipe(tuple(params.hidden), settings, cost="cross_entropy")
    everything = examples_of(TRAIN)
    total = len(everything)
    check(params, outlook_of(everything))
    rungs = sorted({total} | {images for images in params.train_sizes if images < total})
    jobs = [(recipe, images, params.seed + i) for images in rungs for i in range(params.seeds)]
    cache = ResultCache("amount", TRAIN, TEST, PREPROCESSING)
    table = pd.DataFrame(side_by_side(trained_on, jobs, "amount", cache))
    write_csv(claim_table("amount"), table.round(6))
    cache.clear()
    means = table.groupby("images")["test_accuracy"].mean()
    listing = ", ".join(f"{means[images]:.2%} with {images:,}" for images in (rungs[0], rungs[-1]))
    print(f"test images right: {listing} training images, {table['steps'][0]:,} steps each")


def check(params: AmountParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if the network does not fit into memory."""
    require_memory("amount.hidden", outlook.sizes(params.hidden), TRAINING)


def trained_on(recipe: Recipe, images: int, seed: int) -> dict[str, Any]:
    """Accuracies of a network that has learnt from so many randomly chosen training images.

    An epoch always visits as many images as there are in all, so few images come again and again:
    all networks take the same steps, in batches of the same size, and only the data differ. With
    one seed they start alike, and a larger choice contains the smaller one.
    """
    everything, test = examples_of(TRAIN), examples_of(TEST)
    *_, rng = np.random.default_rng(seed).spawn(3)  # the first two are the recipe's
    chosen = np.sort(rng.permutation(len(everything))[:images])
    again = np.resize(chosen, len(everything))
    repeated, once = (
        replace(everything, stored=everything.stored[rows], labels=everything.labels[rows])
        for rows in (again, chosen)
    )
    classes = class_count(everything, test)
    network = recipe.train(repeated, classes, seed)
    with np.errstate(all="ignore"):  # a training that failed shows in its accuracy
        train_accuracy, test_accuracy = (evaluate(network, part)[1] for part in (once, test))
    return {
        "network": "-".join(str(n) for n in network.sizes),
        "images": images,
        "seed": seed,
        "steps": recipe.settings.epochs * -(-len(everything) // recipe.settings.batch_size),
        "train_accuracy": train_accuracy,
        "test_accuracy": test_accuracy,
    }


if __name__ == "__main__":
    run_claim(amount)
