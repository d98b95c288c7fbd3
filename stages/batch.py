"""Split the validation images off, shuffle the rest once, and cut it into mini-batches."""

import json
from pathlib import Path
from typing import Annotated

import numpy as np

from stages.arrays import load_labelled, save_labelled
from stages.files import StageError, whole_folder
from stages.options import run, whole

TRAIN = Path("data/normalized/train")
BATCHES = Path("data/batches")


def batch(
    validation: Annotated[
        int, whole("validation", 1, 10**9, "Images set aside, on which choices may be made.")
    ],
    batch_size: Annotated[int, whole("batch_size", 1, 10**9, "Images in a mini-batch.")],
    seed: Annotated[int, whole("seed", 0, 2**63 - 1, "Decides which images go where.")],
) -> None:
    """Turn data/normalized/train into data/batches: mini-batches, and the validation images.

    The validation images are a plain random sample, not stratified: each digit is as frequent
    among them as chance makes it. Mini-batch k is rows k * batch_size to (k + 1) * batch_size,
    one contiguous piece of the file; the last one may be smaller, so that no image is left out.
    """
    images, labels = load_labelled(TRAIN)
    count = len(images) - validation
    if count < batch_size:
        raise StageError(
            f"batch: {len(images):,} training images less validation {validation:,} leave "
            f"{count:,}, not one batch of batch_size {batch_size:,}; lower one of the two"
        )
    order = np.random.default_rng(seed).permutation(len(images))
    with whole_folder(BATCHES) as folder:
        for part, rows in (("train", order[validation:]), ("validation", order[:validation])):
            (folder / part).mkdir()
            save_labelled(folder / part, images[rows], labels[rows])
        (folder / "batches.json").write_text(json.dumps({"batch_size": batch_size}) + "\n")
    batches = -(-count // batch_size)
    print(f"{count:,} images in {batches:,} mini-batches of {batch_size}, {validation:,} set aside")


if __name__ == "__main__":
    run(batch)
