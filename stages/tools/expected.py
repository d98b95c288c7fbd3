"""What ``fetch``, ``normalize`` and ``batch`` will make of the images, before any is there.

How many there are is known from the lengths of the files; which classes they show, and their shape,
once the files are in data/raw.
"""

import math
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.batch import BatchParams, left_to_train, split
from stages.common.files.atomic import StageError
from stages.common.files.paths import RAW, RAW_DATASET
from stages.common.images.catalog import FILES, FOLDER, Entry
from stages.common.images.dataset import load_dataset_info
from stages.common.images.edges import mosaic_shape
from stages.common.images.folder import FEWEST, INK, held_out, listed_classes
from stages.common.images.idx import GREY, IdxError, read_idx, read_labels
from stages.common.images.labels import NO_CLASS, as_classes, doubts
from stages.common.images.outlook import Outlook
from stages.fetch import FetchParams, entry_of
from stages.normalize import NormalizeParams

IMAGES_HEAD = 16  # bytes in front of all images
LABELS = ((8, 1), (12, 32))  # ... of all labels, and of each: a byte, or QMNIST's 8 of 32 bits
FEWEST_CLASSES = 2  # that a network is asked to tell apart, as long as no labels are there


def outlook_before_batch(fetch: FetchParams, normalize: NormalizeParams) -> Outlook:
    """All training images, with those that ``batch`` will set aside.

    Raises ``StageError`` if the lengths cannot be true, or the labels are not what is said of them.
    """
    if fetch.dataset == FOLDER:
        return _of_folder(fetch, normalize)
    entry = entry_of(fetch)
    count, pixels = _counted("train", entry)
    test_count, test_pixels = _counted("test", entry)
    if test_pixels != pixels:
        raise StageError(
            f"fetch.custom.test_images_bytes: expected images of {pixels} pixels, as "
            f"fetch.custom.train_images_bytes has them, got {test_pixels}"
        )
    shape = _shape(count, pixels)
    if shape and entry.about.transpose:
        shape = shape[::-1]
    labels, test_labels = _labels("train", entry, count), _labels("test", entry, test_count)
    if labels is not None and test_labels is not None:
        doubts(labels, test_labels, entry.about)
    return Outlook(
        images=count if labels is None else len(labels),
        inputs=_inputs(pixels, shape) if normalize.edges else pixels,
        classes=FEWEST_CLASSES if labels is None else 1 + int(labels.max()),
        shape=shape,
        labels=labels,
        test_labels=test_labels,
    )


def _of_folder(fetch: FetchParams, normalize: NormalizeParams) -> Outlook:
    """As many training images as there are files, though some may turn out to be no pictures."""
    how = fetch.pictures
    counts = [len(files) for files in listed_classes(Path(fetch.folder)).values()]
    shape = (how.height, how.width) if how.prepare == INK else None
    pixels = math.prod(shape) if shape else 1
    return Outlook(
        images=sum(count - held_out(count, how.test_share) for count in counts if count >= FEWEST),
        inputs=_inputs(pixels, shape) if normalize.edges else pixels,
        classes=len(counts),
        shape=shape,
    )


def outlook_after_batch(before: Outlook, batch: BatchParams) -> Outlook:
    """The images that are left to train on, in ``batch``'s order; ``StageError`` if none are."""
    count, labels = left_to_train(before.images, batch), before.labels
    if labels is not None:
        labels = labels[split(before.images, batch.validation, batch.seed)["train"]]
    return replace(before, images=count, labels=labels)


def _counted(part: str, entry: Entry) -> tuple[int, int]:
    """How many images a part has, and how many pixels each, from the lengths of its two files."""
    images, labels = (f"{part}_{kind}" for kind in ("images", "labels"))
    images_length, labels_length = (entry.files[key].length for key in (images, labels))
    forms = [divmod(labels_length - head, length) for head, length in LABELS]
    counts = [count for count, rest in forms if count > 0 and not rest]
    if not counts:
        raise StageError(
            f"fetch.custom.{labels}_bytes: expected {sum(LABELS[0])} or more, got {labels_length}"
        )
    for count in counts:
        pixels, rest = divmod(images_length - IMAGES_HEAD, count)
        if pixels > 0 and not rest:
            return count, pixels
    count = counts[0]
    depth = images_length - IMAGES_HEAD - 4
    if depth > 0 and not depth % count:
        raise StageError(
            f"fetch.custom.{images}_bytes: expected the {IMAGES_HEAD} bytes in front of images of "
            f"three dimensions, number, height and width; got a length that fits four; {GREY}"
        )
    raise StageError(
        f"fetch.custom.{images}_bytes: expected {IMAGES_HEAD} and as many for each of the "
        f"{' or '.join(f'{count:,}' for count in counts)} images that fetch.custom.{labels}_bytes "
        f"tells of, got {images_length}"
    )


def _shape(count: int, pixels: int) -> tuple[int, int] | None:
    """Height and width of the training images, if they are there and are as many and as large."""
    with suppress(FileNotFoundError, IdxError):
        images, height, width = read_idx(RAW / FILES["train_images"], dimensions=3).shape
        if (images, height * width) == (count, pixels):
            return height, width
    return None


def _inputs(pixels: int, shape: tuple[int, int] | None) -> int:
    """How large the maps of an image's edges are, or the least that they can be."""
    return math.prod(mosaic_shape(*shape)) if shape else 2 * pixels


def _labels(part: str, entry: Entry, count: int) -> NDArray[np.int64] | None:
    """The classes of so many labels, if the files of this data set are there."""
    try:
        known = load_dataset_info(RAW_DATASET)
    except StageError:
        return None
    if known.sums != entry.about.sums:
        return None
    labels = read_labels(RAW / FILES[f"{part}_labels"])
    if len(labels) != count:
        return None
    classes = as_classes(labels, entry.about)
    counted: NDArray[np.int64] = classes[classes != NO_CLASS]
    return counted
