"""Look at how parameters go together, and with the images, before anything runs.

The rules are those of the stages, called here as the stages call them; ``stages.tools.check``
does so once every value is allowed on its own.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages import batch, train
from stages.claims.amount import measure as amount
from stages.claims.architecture import measure as architecture
from stages.claims.averaging import measure as averaging
from stages.claims.hebb import measure as hebb
from stages.claims.memorize import measure as memorize
from stages.claims.minima import measure as minima
from stages.claims.paths import measure as paths
from stages.claims.shared import networks as layers
from stages.claims.smoothness import measure as smoothness
from stages.claims.sweep import measure as sweep
from stages.claims.twos import measure as twos
from stages.common.files.atomic import StageError
from stages.common.files.paths import RAW, RAW_DATASET, TEST, TRAIN
from stages.common.images import augment
from stages.common.images.catalog import FILES, Entry, chosen
from stages.common.images.dataset import load_dataset
from stages.common.images.edges import mosaic_shape
from stages.common.images.idx import IdxError, read_idx, read_labels
from stages.normalize import from_zero

IMAGES_HEAD = 16  # bytes in front of all images
LABELS = ((8, 1), (12, 32))  # ... of all labels, and of each: a byte, or QMNIST's 8 of 32 bits
FEWEST_CLASSES = 2  # that a network is asked to tell apart, as long as no labels are there

Sections = dict[str, dict[str, Any]]


class Data(NamedTuple):
    """What is known of the images before they are there, and the rest once they are."""

    train: int  # images, with those that will be set aside
    inputs: int  # of a network
    shape: tuple[int, int] | None  # height and width of an image, as it is prepared
    train_labels: NDArray[np.uint8] | None  # (train,), from 0 on
    test_labels: NDArray[np.uint8] | None  # (test,), from 0 on

    @property
    def classes(self) -> int:
        """How many classes there are, or the fewest that there can be."""
        return FEWEST_CLASSES if self.train_labels is None else 1 + int(self.train_labels.max())


def problems_together(sections: Sections) -> list[str]:
    """One line for each combination that its stage would refuse, as far as it is known now.

    Only sections whose values are allowed one by one are looked at. How many images there are is
    known from the lengths of the files; which classes they show, and their shape, once they are
    there. What is not known is left to the stage.
    """
    if not sections.keys() >= {"fetch", "normalize"}:
        return []
    try:
        data = data_of(sections["fetch"], sections["normalize"])
    except StageError as error:
        return [str(error)]
    problems = [
        problem
        for rule, needs in RULES.items()
        if sections.keys() >= {*needs}
        for problem in _refusals(rule, data, *(sections[name] for name in needs))
    ]
    return [*dict.fromkeys(problems)]  # a batch that cannot be made is a problem of several


def _refusals(rule: Callable[..., None], *arguments: Any) -> Iterator[str]:
    try:
        rule(*arguments)
    except StageError as error:
        yield str(error)


def data_of(fetch: dict[str, Any], normalize: dict[str, Any]) -> Data:
    """What ``fetch`` will bring and ``normalize`` make of it, from their parameters.

    Raises ``StageError`` if the lengths cannot be true, or the labels are not what is said of them.
    """
    entry = chosen(fetch["dataset"], fetch.get("custom", {}))
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
    return Data(
        count,
        _inputs(pixels, shape) if normalize["edges"] else pixels,
        shape,
        _labels("train", entry, count),
        _labels("test", entry, test_count),
    )


def _counted(part: str, entry: Entry) -> tuple[int, int]:
    """How many images a part has, and how many pixels each, from the lengths of its two files."""
    images, labels = (f"{part}_{kind}" for kind in ("images", "labels"))
    lengths = {key: file.length for key, file in entry.files.items()}
    forms = [divmod(lengths[labels] - head, length) for head, length in LABELS]
    counts = [count for count, rest in forms if count > 0 and not rest]
    if not counts:
        raise StageError(
            f"fetch.custom.{labels}_bytes: expected {sum(LABELS[0])} or more, got {lengths[labels]}"
        )
    for count in counts:
        pixels, rest = divmod(lengths[images] - IMAGES_HEAD, count)
        if pixels > 0 and not rest:
            return count, pixels
    raise StageError(
        f"fetch.custom.{images}_bytes: expected {IMAGES_HEAD} and as many for each of the "
        f"{' or '.join(f'{count:,}' for count in counts)} images that fetch.custom.{labels}_bytes "
        f"tells of, got {lengths[images]}"
    )


def _shape(count: int, pixels: int) -> tuple[int, int] | None:
    """Height and width of the training images, if they are there and are as many and as large."""
    with suppress(FileNotFoundError, IdxError):
        found, height, width = read_idx(RAW / FILES["train_images"], dimensions=3).shape
        if (found, height * width) == (count, pixels):
            return height, width
    return None


def _inputs(pixels: int, shape: tuple[int, int] | None) -> int:
    """How large the maps of an image's edges are, or the least that they can be."""
    return math.prod(mosaic_shape(*shape)) if shape else 2 * pixels


def _labels(part: str, entry: Entry, count: int) -> NDArray[np.uint8] | None:
    """So many labels, from 0 on, if the files of this data set are there."""
    try:
        known = load_dataset(RAW_DATASET)
    except StageError:
        return None
    if known.sums != entry.about.sums:
        return None
    labels = from_zero(read_labels(RAW / FILES[f"{part}_labels"]), entry.about.first_label)
    return labels if len(labels) == count else None


def check_batch(data: Data, section: dict[str, Any]) -> None:
    """Something is left to train on."""
    batch.check(data.train, section["validation"], section["batch_size"])


def check_train(data: Data, section: dict[str, Any]) -> None:
    """The weights of all epochs have room, and moved images stay in sight."""
    sizes = (data.inputs, *section["hidden"], data.classes)
    train.check(sizes, section["epochs"], section["snapshots"])
    if data.shape:
        augment.check(*data.shape, section["shift"])


def check_minima(data: Data, section: dict[str, Any]) -> None:
    """All networks have room."""
    minima.check(section["hidden"], section["seeds"], data.inputs, data.classes)


def check_smoothness(data: Data, section: dict[str, Any]) -> None:
    """A network has room."""
    smoothness.check(section["hidden"], data.inputs, data.classes)


def check_memorize(data: Data, section: dict[str, Any]) -> None:
    """Both networks have room."""
    memorize.check(section["neurons"], section["hidden"], data.inputs, data.classes)


def check_amount(data: Data, section: dict[str, Any]) -> None:
    """A network has room."""
    amount.check(section["hidden"], data.inputs, data.classes)


def check_paths(data: Data, section: dict[str, Any]) -> None:
    """The places of a path have room."""
    far = section["passes"], section["longer"]
    paths.check(section["hidden"], *far, data.inputs, data.classes)


def check_architecture(data: Data, section: dict[str, Any]) -> None:
    """The largest network has room."""
    widths, depths = section["widths"], section["depths"]
    width, depth = section["width"], section["depth"]
    architecture.check(widths, depths, width, depth, data.inputs, data.classes)


def check_wishes(data: Data, section: dict[str, Any]) -> None:
    """The test image is there."""
    if data.test_labels is not None:
        chosen = section["digit"], section["index"]
        layers.place_of(data.test_labels, *chosen, "wishes", TEST)


def check_hebb(data: Data, section: dict[str, Any], batches: dict[str, Any]) -> None:
    """The training image and the mini-batch are there."""
    count, labels = left_to_train(data, batches)
    hebb.check(section["images"], count)
    if labels is not None:
        layers.place_of(labels, section["digit"], section["index"], "hebb", TRAIN)


def check_twos(data: Data, section: dict[str, Any], batches: dict[str, Any]) -> None:
    """The digit is there."""
    _, labels = left_to_train(data, batches)
    if labels is not None:
        twos.check(section["digit"], labels)


def check_averaging(data: Data, section: dict[str, Any], batches: dict[str, Any]) -> None:
    """The mini-batch is there."""
    count, _ = left_to_train(data, batches)
    averaging.check(section["batch_size"], count)


def check_sweep(data: Data, section: dict[str, Any], training: dict[str, Any]) -> None:
    """The grid can be made, and its networks have room."""
    asked = section["grid"], section["samples"], section["seeds"]
    sweep.check(*asked, training, (data.inputs, data.shape, data.classes))


def left_to_train(data: Data, batches: dict[str, Any]) -> tuple[int, NDArray[np.uint8] | None]:
    """How many images ``batch`` will leave to train on, and their labels in its order."""
    validation, seed = batches["validation"], batches["seed"]
    count = batch.check(data.train, validation, batches["batch_size"])
    if data.train_labels is None:
        return count, None
    return count, data.train_labels[batch.split(data.train, validation, seed)["train"]]


RULES: dict[Callable[..., None], tuple[str, ...]] = {  # and the sections that each needs
    check_batch: ("batch",),
    check_train: ("train",),
    check_minima: ("minima",),
    check_smoothness: ("smoothness",),
    check_memorize: ("memorize",),
    check_amount: ("amount",),
    check_paths: ("paths",),
    check_architecture: ("architecture",),
    check_wishes: ("wishes",),
    check_hebb: ("hebb", "batch"),
    check_twos: ("twos", "batch"),
    check_averaging: ("averaging", "batch"),
    check_sweep: ("sweep", "train"),
}
