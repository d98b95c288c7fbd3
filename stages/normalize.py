"""Read the IDX files strictly and make every image ready for a network."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from stages.common.files.arrays import save_arrays, save_labelled
from stages.common.files.atomic import StageError, whole_folder
from stages.common.files.paths import DATASET, NORMALIZED, RAW, RAW_DATASET
from stages.common.images.classes import Classes, numbered
from stages.common.images.dataset import load_dataset
from stages.common.images.idx import read_idx, read_labels
from stages.common.images.preprocess import Preprocessing, standard_scaling, unit_scaling
from stages.common.runtime.cli import run
from stages.common.runtime.params import choice, switch

PREFIXES = {"train": "train", "test": "t10k"}  # our names, and those of MNIST's files
Part = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # images (n, height, width), labels (n,)

SCALINGS = {
    "unit": lambda _grey: unit_scaling(),
    "standard": standard_scaling,
}


@dataclass(frozen=True, kw_only=True)
class NormalizeParams:
    """From grey levels to what the network sees."""

    scaling: Annotated[
        str, choice(SCALINGS, "inputs in [0, 1], or each with mean 0 and deviation 1")
    ]
    deskew: Annotated[bool, switch("true straightens slanted digits")]
    edges: Annotated[bool, switch("true: edges in eight directions, not pixels")]


def normalize(params: NormalizeParams) -> None:
    """Turn data/raw into data/normalized: images as rows of grey levels, and their scaling.

    Images stay bytes, and the scale and offset that make them numbers stand beside them: a
    quarter of float32 on disk, in memory and in hashing. So does what is known of the data set.
    """
    known = load_dataset(RAW_DATASET)
    parts = {
        part: (
            images.transpose(0, 2, 1) if known.transpose else images,
            from_zero(labels, known.first_label),
        )
        for part, (images, labels) in ((name, _read(prefix)) for name, prefix in PREFIXES.items())
    }
    named = _classes(known.classes, int(parts["train"][1].max()) + 1)
    (_, height, width), test_shape = parts["train"][0].shape, parts["test"][0].shape
    if test_shape[1:] != (height, width):
        raise StageError(
            f"data/raw: training images are {height} x {width}, test images {test_shape[1:]}"
        )
    unscaled = Preprocessing(height, width, params.deskew, params.edges, *unit_scaling())
    grey = {part: unscaled.prepare(images) for part, (images, _) in parts.items()}
    seen = {part: unscaled.see(images) for part, images in grey.items()}
    scale, offset = SCALINGS[params.scaling](seen["train"])
    preprocessing = replace(unscaled, scale=scale, offset=offset)
    for part, (_, labels) in parts.items():
        with whole_folder(NORMALIZED / part) as folder:
            save_labelled(folder, grey[part], labels, seen[part] if params.edges else None)
        print(f"{part}: {len(labels):,} images of {height} x {width} in {NORMALIZED / part}")
    save_arrays(NORMALIZED / "preprocessing.npz", preprocessing.arrays())
    replace(known, classes=named.names, first_label=0, transpose=False).save(DATASET)


def _read(prefix: str) -> Part:
    images = read_idx(RAW / f"{prefix}-images-idx3-ubyte", dimensions=3)
    labels = read_labels(RAW / f"{prefix}-labels-idx1-ubyte")
    if len(images) != len(labels):
        raise StageError(
            f"{RAW}: {len(images)} {prefix} images but {len(labels)} labels; rerun fetch"
        )
    return images, labels


def from_zero(labels: NDArray[np.uint8], first: int) -> NDArray[np.uint8]:
    """Labels (n,) that count from 0, of labels that count from ``first``.

    Raises ``StageError`` if one is smaller.
    """
    if labels.min() < first:
        raise StageError(
            f"fetch.custom.first_label: expected at most {labels.min()}, the smallest label, "
            f"got {first}"
        )
    return labels - np.uint8(first) if first else labels


def _classes(names: tuple[str, ...], count: int) -> Classes:
    """The names, as many as there are classes."""
    if not names:
        return numbered(count)
    if len(set(names)) < len(names):
        raise StageError(f"fetch.custom.classes: expected different names, got {', '.join(names)}")
    if len(names) != count:
        raise StageError(
            f"fetch.custom.classes: expected {count} names, one for each label from 0 to "
            f"{count - 1}, or none, got {len(names)}"
        )
    return Classes(names)


if __name__ == "__main__":
    run(normalize)
