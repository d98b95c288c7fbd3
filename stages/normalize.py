"""Read the IDX files strictly and make every image ready for a network."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from stages.common.files.arrays import save_arrays, save_labelled
from stages.common.files.atomic import StageError, whole_folder
from stages.common.files.paths import DATASET, NORMALIZED, RAW, RAW_DATASET
from stages.common.images.dataset import DatasetInfo, load_dataset_info
from stages.common.images.idx import read_idx, read_labels
from stages.common.images.labels import NO_CLASS, as_classes, doubts, in_runs, named
from stages.common.images.preprocess import Preprocessing, standard_scaling, unit_scaling
from stages.common.runtime.cli import run
from stages.common.runtime.params import choice, switch

PREFIXES = {"train": "train", "test": "t10k"}  # our names, and those of MNIST's files
DIM = 128  # grey level: images of which none is so bright are of another scale
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
    known = load_dataset_info(RAW_DATASET)
    parts = {part: _read(part, known) for part in PREFIXES}
    require_ink(parts["train"][0], known)
    for doubt in doubts(parts["train"][1], parts["test"][1], known):
        print(f"warning: {doubt}")
    names = named(known, int(parts["train"][1].max()) + 1).names
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
    done = DatasetInfo(known.name, names, credit=known.credit, sums=known.sums)
    done.save(DATASET)


def _read(part: str, known: DatasetInfo) -> Part:
    """The images that count of a part, upright and in full ink, and their classes."""
    prefix = PREFIXES[part]
    images = read_idx(RAW / f"{prefix}-images-idx3-ubyte", dimensions=3)
    labels = read_labels(RAW / f"{prefix}-labels-idx1-ubyte")
    if len(images) != len(labels):
        raise StageError(
            f"{RAW}: {len(images)} {prefix} images but {len(labels)} labels; rerun fetch"
        )
    classes = as_classes(labels, known)
    counted = classes != NO_CLASS
    if left_out := int((~counted).sum()):
        others = in_runs(np.unique(labels[~counted]))
        print(f"{part}: {left_out:,} images are left out, with the labels {others}")
        images, classes = images[counted], classes[counted]
    if known.levels:
        images = in_full_ink(images, known.levels)
    upright = images.transpose(0, 2, 1) if known.transpose else images
    return upright, classes.astype(np.uint8)


def in_full_ink(images: NDArray[np.uint8], levels: int) -> NDArray[np.uint8]:
    """Images (n, height, width) whose grey levels go to 255, of some whose full ink is ``levels``.

    Raises ``StageError`` if one is brighter.
    """
    if (brightest := int(images.max())) > levels:
        raise StageError(
            f"fetch.custom.levels: expected {brightest} or more, the brightest level, got {levels}"
        )
    table = np.rint(np.arange(levels + 1) * 255 / levels).astype(np.uint8)
    return table[images]


def require_ink(images: NDArray[np.uint8], known: DatasetInfo) -> None:
    """Raise ``StageError`` if no image is bright: levels that end at 1 or 16, or nothing at all.

    A network would get shares of 255, and learn from hardly any input.
    """
    brightest = int(images.max())
    if not brightest:
        raise StageError(f"{RAW}: expected images with ink, got grey level 0 in every pixel")
    if brightest < DIM and not known.levels:
        raise StageError(
            f"{RAW}: expected grey levels up to 255, got {brightest} as the brightest of "
            f"{len(images):,} training images; set fetch.custom.levels to {brightest} if that is "
            "full ink, or to 255 if all of them are so dark"
        )


if __name__ == "__main__":
    run(normalize)
