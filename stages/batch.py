"""Split the validation images off, shuffle the rest once, and cut it into mini-batches."""

import json
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from stages.common.files.arrays import EDGES, load_edges, load_labelled, save_labelled
from stages.common.files.atomic import StageError, whole_folder
from stages.common.files.paths import ALL_TRAIN, BATCH_SIZE, BATCHES
from stages.common.runtime.cli import run
from stages.common.runtime.params import whole


@dataclass(frozen=True, kw_only=True)
class BatchParams:
    """Validation images off, the rest shuffled once, cut into mini-batches."""

    validation: Annotated[int, whole(1, 10**9, "images set aside")]
    batch_size: Annotated[int, whole(1, 10**9, "images in a mini-batch")]
    seed: Annotated[int, whole(0, 2**63 - 1, "decides which images go where")]


def batch(params: BatchParams) -> None:
    """Turn data/normalized/train into data/batches: mini-batches, and the validation images.

    The validation images are a plain random sample, not stratified: each digit is as frequent
    among them as chance makes it. Mini-batch k is rows k * batch_size to (k + 1) * batch_size,
    one contiguous piece of the file; the last one may be smaller, so that no image is left out.
    """
    images, labels = load_labelled(ALL_TRAIN)
    count = left_to_train(len(images), params)
    edges = load_edges(ALL_TRAIN, len(images)) if (ALL_TRAIN / EDGES).is_file() else None
    with whole_folder(BATCHES) as folder:
        for part, rows in split(len(images), params.validation, params.seed).items():
            (folder / part).mkdir()
            edges_of_part = None if edges is None else edges[rows]
            save_labelled(folder / part, images[rows], labels[rows], edges_of_part)
        (folder / BATCH_SIZE.name).write_text(json.dumps({"batch_size": params.batch_size}) + "\n")
    batches = -(-count // params.batch_size)
    print(
        f"{count:,} images in {batches:,} mini-batches of {params.batch_size}, "
        f"{params.validation:,} set aside"
    )


def left_to_train(images: int, params: BatchParams) -> int:
    """How many images are left to train on; raises ``StageError`` if not enough for one batch."""
    validation, batch_size = params.validation, params.batch_size
    count = images - validation
    if count < 1:
        raise StageError(
            f"batch.validation: expected 1 to {images - 1:,}, so that some of the {images:,} "
            f"training images are left to train on, got {validation:,}"
        )
    if count < batch_size:
        raise StageError(
            f"batch.batch_size: expected 1 to {count:,}, what validation {validation:,} leaves of "
            f"{images:,} training images, got {batch_size:,}; lower one of the two"
        )
    return count


def split(images: int, validation: int, seed: int) -> dict[str, NDArray[np.int64]]:
    """Which rows of the training images are shuffled to train on, and which are set aside."""
    order = np.random.default_rng(seed).permutation(images)
    return {"train": order[validation:], "validation": order[:validation]}


if __name__ == "__main__":
    run(batch)
