"""A folder of pictures with a sub-folder for each class, as a data set: images of one size.

Classes and pictures come in the order of their names, in which 10 follows 9, so that the same
folder gives the same images everywhere.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stages.common.files.atomic import StageError, one_line
from stages.common.images.classes import LONGEST, is_name
from stages.common.images.drawing import prepare
from stages.common.images.labels import MOST_LABELS
from stages.common.images.pictures import printable, read_picture

INK, AS_THEY_ARE = "ink", "none"  # how a picture is prepared
FEWEST, FEW = 2, 10  # pictures of a class: one to train on and one to test on; so few are told
PARTS = ("train", "test")

Levels = NDArray[np.uint8]  # (height, width)
Labelled = tuple[NDArray[np.uint8], NDArray[np.uint8]]  # images (n, height, width), labels (n,)


@dataclass(frozen=True)
class Preparation:
    """How pictures become images, and which of them are held out to test on."""

    prepare: str  # INK or AS_THEY_ARE
    height: int  # of every image, if it is INK
    width: int
    test_share: float
    seed: int


def listed_classes(folder: Path) -> dict[str, list[Path]]:
    """The files of every class by its name; hidden files and folders do not count.

    Raises ``StageError`` unless there are from 2 to 256 sub-folders whose names classes can have,
    none of them a link: DVC does not see what changes behind one.
    """
    if not folder.is_dir():
        raise StageError(
            f"fetch.folder: expected a folder of pictures, a sub-folder a class, got "
            f"{printable(folder)}, which is none"
        )
    classes = {path.name: _files(path) for path in _visible(folder) if path.is_dir()}
    if not FEWEST <= len(classes) <= MOST_LABELS:
        raise StageError(
            f"fetch.folder: expected 2 to {MOST_LABELS} sub-folders in {printable(folder)}, one "
            f"for each class, got {len(classes)}"
        )
    for name in classes:
        if (folder / name).is_symlink():
            raise StageError(
                f"{printable(folder / name)}: expected a folder, got a link to one, behind which "
                "DVC sees no change; move or copy the folder here (fetch.folder may be a link)"
            )
        if not is_name(name):
            raise StageError(
                f"fetch.folder: expected sub-folders with names of 1 to {LONGEST} characters, got "
                f"{one_line(name)!r}; rename it"
            )
    return classes


def _files(folder: Path) -> list[Path]:
    return [path for path in _visible(folder) if not path.is_dir()]


def _visible(folder: Path) -> list[Path]:
    return sorted((path for path in folder.iterdir() if path.name[0] != "."), key=_natural)


def _natural(path: Path) -> tuple[list[tuple[bool, int, str]], str]:
    """What puts picture10 behind picture9, and numbers before other names."""
    pieces = re.findall(r"(\d+)|(\D+)", path.name)
    return [(not digits, int(digits or 0), other) for digits, other in pieces], path.name


def held_out(count: int, share: float) -> int:
    """How many of so many pictures of a class test: one at least, and not all."""
    return min(max(1, round(count * share)), count - 1)


def read_folder(folder: Path, how: Preparation) -> tuple[tuple[str, ...], dict[str, Labelled]]:
    """Names of the classes; images and labels of both ``PARTS``, each in an order of its own.

    A picture that cannot be read, shows no ink or is of another size is refused with a line, and
    the others are taken. Raises ``StageError`` if a class has fewer than two.
    """
    classes = listed_classes(folder)
    images = {name: [*_prepared(files, how)] for name, files in classes.items()}
    if how.prepare == AS_THEY_ARE:
        images = _of_one_size(images)
    for name, of_class in images.items():
        _require_enough(folder / name, len(of_class))
    parts = _split(
        [np.stack([image for _, image in of_class]) for of_class in images.values()], how
    )
    return tuple(classes), parts


def _prepared(files: list[Path], how: Preparation) -> Iterator[tuple[Path, Levels]]:
    """Each picture that can be taken, and its image."""
    for path in files:
        try:
            levels = read_picture(path).levels
        except StageError as error:
            _refuse(str(error))
            continue
        image = prepare(levels, how.height, how.width) if how.prepare == INK else levels
        if how.prepare == INK and not image.any():
            _refuse(f"{printable(path)}: expected something drawn, found no ink; draw it stronger")
            continue
        yield path, image


def _of_one_size(
    images: dict[str, list[tuple[Path, Levels]]],
) -> dict[str, list[tuple[Path, Levels]]]:
    """Those pictures that are as high and wide as most of all of them are."""
    shapes = Counter(image.shape for of_class in images.values() for _, image in of_class)
    most = max(shapes, key=lambda shape: shapes[shape], default=(0, 0))
    height, width = most
    for path, image in (one for of_class in images.values() for one in of_class):
        if image.shape != most:
            _refuse(
                f"{printable(path)}: expected {height} x {width} pixels, as most pictures have, "
                f"got {image.shape[0]} x {image.shape[1]}; set fetch.pictures.prepare to {INK}, or "
                "make it as large"
            )
    return {
        name: [one for one in of_class if one[1].shape == most] for name, of_class in images.items()
    }


def _refuse(reason: str) -> None:
    print(f"refused: {reason}", file=sys.stderr)


def _require_enough(folder: Path, count: int) -> None:
    """Raise ``StageError`` if there is no picture to train on and one to test on; tell of few."""
    if count < FEWEST:
        inner = " (pictures in folders of its own do not count)" if _has_folders(folder) else ""
        raise StageError(
            f"{printable(folder)}: expected {FEWEST} pictures or more, one to train on and one to "
            f"test on, got {count}{inner}; add some, or move the folder away"
        )
    if count < FEW:
        print(f"warning: {printable(folder)}: {count} pictures say little of a class")


def _has_folders(folder: Path) -> bool:
    return any(path.is_dir() for path in _visible(folder))


def _split(images: list[NDArray[np.uint8]], how: Preparation) -> dict[str, Labelled]:
    """Of each class, (n, height, width), a share drawn by chance to test on; then all shuffled."""
    *rngs, order = np.random.default_rng(how.seed).spawn(len(images) + 1)
    chosen: dict[str, list[NDArray[np.uint8]]] = {part: [] for part in PARTS}
    for rng, some in zip(rngs, images, strict=True):
        places = rng.permutation(len(some))
        count = held_out(len(some), how.test_share)
        chosen["test"].append(some[places[:count]])
        chosen["train"].append(some[places[count:]])
    parts = {}
    for part, by_class in chosen.items():
        labels = np.repeat(np.arange(len(by_class)), [len(some) for some in by_class])
        places = order.permutation(len(labels))
        parts[part] = np.concatenate(by_class)[places], labels.astype(np.uint8)[places]
    return parts
