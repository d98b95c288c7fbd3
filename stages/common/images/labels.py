"""From the labels of a data set's files to classes, from 0 on, and whether they can be right.

A network has an output for every class up to the largest. What is labelled in another way, such as
0, 10, ..., 90, or 255 for images of nothing, would give it outputs that no image ever teaches.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from stages.common.files.atomic import StageError
from stages.common.files.paths import RAW
from stages.common.images.classes import Classes
from stages.common.images.dataset import DatasetInfo
from stages.common.images.outlook import Labels

MOST_LABELS = 256  # a label is a byte
NO_CLASS = -1
MOST_RUNS = 5  # of labels in a row, told one by one


def class_of_label(known: DatasetInfo) -> NDArray[np.int64]:
    """The class of every label from 0 to 255, (256,); ``NO_CLASS`` for those that are none."""
    table = np.full(MOST_LABELS, NO_CLASS)
    counted = [*(known.labels or range(known.first_label, MOST_LABELS))]
    table[counted] = np.arange(len(counted))
    return table


def as_classes(labels: NDArray[np.uint8], known: DatasetInfo) -> NDArray[np.int64]:
    """Classes (n,), from 0 on, of labels (n,); ``NO_CLASS`` for images that are to be left out.

    Only ``fetch.custom.labels`` leaves images out: raises ``StageError`` if a label is below
    ``first_label``, or if no image is left.
    """
    if labels.min() < known.first_label:
        raise StageError(
            f"fetch.custom.first_label: expected at most {labels.min()}, the smallest label, "
            f"got {known.first_label}"
        )
    classes = class_of_label(known)[labels]
    if (classes == NO_CLASS).all():
        raise StageError(
            f"fetch.custom.labels: expected labels that images have, {in_runs(np.unique(labels))}, "
            f"got {listed(known.labels)}"
        )
    return classes


def named(known: DatasetInfo, count: int) -> Classes:
    """The names of so many classes: those of the data set, or else their labels.

    Raises ``StageError`` if there are more or fewer names, or two are the same.
    """
    names = known.classes
    if not names:
        labels = known.labels or range(known.first_label, known.first_label + count)
        return Classes(tuple(str(label) for label in labels[:count]))
    if len(set(names)) < len(names):
        raise StageError(f"fetch.custom.classes: expected different names, got {', '.join(names)}")
    if len(names) != count:
        labels = known.labels or (known.first_label, known.first_label + count - 1)
        raise StageError(
            f"fetch.custom.classes: expected {count} names, one for each label from {labels[0]} to "
            f"{labels[-1]}, or none, got {len(names)}"
        )
    return Classes(names)


def doubts(train: Labels, test: Labels, known: DatasetInfo) -> list[str]:
    """What is to be told of the classes (n,) of training and of test images: a line for each doubt.

    Raises ``StageError`` where they cannot be what was meant: one class alone; more labels that
    never occur than labels that do, or the first ones; test images of a class without training
    images.
    """
    label_of = np.array(known.labels or range(known.first_label, MOST_LABELS))
    shown, tested = np.unique(train), np.unique(test)
    if len(shown) == 1:
        raise StageError(
            f"{RAW}: expected training images of two classes or more, got label "
            f"{label_of[shown[0]]} alone; {_at_hand(known)}"
        )
    never = np.setdiff1d(np.arange(shown[-1] + 1), shown)
    unseen = np.setdiff1d(tested, shown)
    right = f"set fetch.custom.labels to [{listed(label_of[_likely(shown)])}]"
    if len(never) and len(known.classes) != shown[-1] + 1:
        _refuse_mistaken(label_of[shown], label_of[never], right)
    if len(unseen):
        images = int(np.isin(test, unseen).sum())
        raise StageError(
            f"{RAW}: {images:,} of the {len(test):,} test images have the label "
            f"{in_runs(label_of[unseen])}, which no training image has; {right} to leave them out, "
            "or add training images"
        )
    warnings = []
    if len(never):
        warnings.append(
            f"no training image has the label {in_runs(label_of[never])}, and the network will "
            f"have an output for each; {right} to do without"
        )
    if len(untested := np.setdiff1d(shown, tested)):
        warnings.append(
            f"none of the {len(test):,} test images has the label {in_runs(label_of[untested])}: "
            "how well it is read will not be known; add test images, or "
            f"set fetch.custom.labels to [{listed(label_of[tested])}]"
        )
    return warnings


def _refuse_mistaken(shown: Labels, never: Labels, right: str) -> None:
    """Raise ``StageError`` if labels that never occur are more than gaps."""
    if never[0] < shown[0]:
        if len(shown) == shown[-1] + 1 - shown[0]:
            right = f"set fetch.custom.first_label to {shown[0]}"
        raise StageError(
            f"{RAW}: expected labels from {never[0]} on, got {in_runs(shown)} and no "
            f"{in_runs(never[never < shown[0]])}; {right}"
        )
    if len(never) >= len(shown):
        raise StageError(
            f"{RAW}: expected every label from {shown[0]} to {shown[-1]}, got none of "
            f"{in_runs(never)}; {right}, the labels of classes: images with others are left out"
        )


def _likely(shown: Labels) -> Labels:
    """The classes that occur, but for a last one, 255, that is far from all others: none."""
    alone = shown[-1] == MOST_LABELS - 1 and shown[-2] < MOST_LABELS - 2
    return shown[:-1] if alone else shown


def _at_hand(known: DatasetInfo) -> str:
    if known.labels:
        return "set more of them in fetch.custom.labels"
    return "see whether fetch.custom.train_labels is the file that it should be"


def in_runs(labels: Iterable[int]) -> str:
    """Labels in ascending order, in words: 0 to 9, 255."""
    values = np.array([*labels])
    runs = np.split(values, np.flatnonzero(np.diff(values) > 1) + 1)
    ranges = [f"{run[0]} to {run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs]
    more = len(runs) - MOST_RUNS
    return ", ".join(ranges[:MOST_RUNS]) + (" and others" if more > 0 else "")


def listed(labels: Iterable[int]) -> str:
    """Labels as a list of params.yaml has them: 0,10,20."""
    return ",".join(str(label) for label in labels)
