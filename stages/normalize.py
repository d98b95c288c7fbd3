"""Read the IDX files strictly and make every image ready for a network."""

from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from stages.arrays import save_arrays, save_labelled
from stages.files import StageError, whole_folder
from stages.idx import read_idx
from stages.options import choice, run, switch
from stages.preprocess import Preprocessing, standard_scaling, unit_scaling

RAW = Path("data/raw")
NORMALIZED = Path("data/normalized")
PREFIXES = {"train": "train", "test": "t10k"}  # our names, and those of MNIST's files


SCALINGS = {
    "unit": lambda _grey: unit_scaling(),
    "standard": standard_scaling,
}


def normalize(
    scaling: Annotated[
        str,
        choice(
            "scaling",
            SCALINGS,
            "unit: pixels in [0, 1]. standard: each pixel with mean 0 and deviation 1 over the "
            "training images.",
        ),
    ],
    deskew: Annotated[bool, switch("deskew", "Straighten each digit by its second moments.")],
) -> None:
    """Turn data/raw into data/normalized: images as rows of grey levels, and their scaling.

    Images stay bytes, and the scale and offset that make them numbers stand beside them: a
    quarter of float32 on disk, in memory and in hashing.
    """
    parts = {part: _read(prefix) for part, prefix in PREFIXES.items()}
    (_, height, width), test_shape = parts["train"][0].shape, parts["test"][0].shape
    if test_shape[1:] != (height, width):
        raise StageError(
            f"data/raw: training images are {height} x {width}, test images {test_shape[1:]}"
        )
    unscaled = Preprocessing(height, width, deskew, *unit_scaling())
    grey = {part: unscaled.prepare(images) for part, (images, _) in parts.items()}
    scale, offset = SCALINGS[scaling](grey["train"])
    preprocessing = Preprocessing(height, width, deskew, scale, offset)
    for part, (_, labels) in parts.items():
        with whole_folder(NORMALIZED / part) as folder:
            save_labelled(folder, grey[part], labels)
        print(f"{part}: {len(labels):,} images of {height} x {width} in {NORMALIZED / part}")
    save_arrays(NORMALIZED / "preprocessing.npz", preprocessing.arrays())


def _read(prefix: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    images = read_idx(RAW / f"{prefix}-images-idx3-ubyte", dimensions=3)
    labels = read_idx(RAW / f"{prefix}-labels-idx1-ubyte", dimensions=1)
    if len(images) != len(labels):
        raise StageError(
            f"{RAW}: {len(images)} {prefix} images but {len(labels)} labels; rerun fetch"
        )
    return images, labels


if __name__ == "__main__":
    run(normalize)
