"""Labels as people write them, and what normalize says of those that cannot be meant."""

import re

import numpy as np
import pytest

from stages.common.files.atomic import StageError
from stages.common.images.dataset import DatasetInfo
from stages.common.images.labels import NO_CLASS, as_classes, doubts, in_runs, named

TENS = tuple(range(0, 100, 10))


def warnings_of(train: list[int], test: list[int], **about: object) -> list[str]:
    """What is told of such labels."""
    known = DatasetInfo("made up", **about)  # type: ignore[arg-type]
    classes = [as_classes(np.array(labels, np.uint8), known) for labels in (train, test)]
    shown, tested = (each[each != NO_CLASS] for each in classes)
    return doubts(shown, tested, known)


def test_labels_become_classes_in_the_order_that_is_asked_for() -> None:
    labels = np.array([20, 0, 10, 255, 20], np.uint8)
    known = DatasetInfo("", labels=(20, 10, 0))
    assert as_classes(labels, known).tolist() == [0, 2, 1, NO_CLASS, 0]
    assert as_classes(labels[:3], DatasetInfo("")).tolist() == [20, 0, 10]
    assert as_classes(np.array([3, 5], np.uint8), DatasetInfo("", first_label=3)).tolist() == [0, 2]
    with pytest.raises(StageError, match=r"labels: expected labels that images have, 0, 10, 20, 2"):
        as_classes(labels, DatasetInfo("", labels=(7, 8)))


def test_classes_without_names_are_called_by_their_labels() -> None:
    assert named(DatasetInfo("", labels=(20, 10, 0)), 3).names == ("20", "10", "0")
    assert named(DatasetInfo("", first_label=1), 2).names == ("1", "2")
    assert named(DatasetInfo(""), 10).noun == "digit"
    with pytest.raises(StageError, match="expected 3 names, one for each label from 20 to 0, or"):
        named(DatasetInfo("", labels=(20, 10, 0), classes=("a", "b")), 3)


@pytest.mark.parametrize(
    ("train", "test", "reason"),
    [
        ([0] * 5, [0], "expected training images of two classes or more, got label 0 alone"),
        ([3] * 5, [3], "expected training images of two classes or more, got label 3 alone"),
        ([*range(1, 11)], [1], "got 1 to 10 and no 0; set fetch.custom.first_label to 1"),
        ([1, 2, 4], [1], "got 1 to 2, 4 and no 0; set fetch.custom.labels to [1,2,4]"),
        ([*TENS], [0], "expected every label from 0 to 90, got none of 1 to 9, 11 to 19, 21 to"),
        ([*TENS], [0], "others; set fetch.custom.labels to [0,10,20,30,40,50,60,70,80,90], the"),
        ([0, 1, 2, 255], [0], "got none of 3 to 254; set fetch.custom.labels to [0,1,2], the"),
        ([0, 1, 2], [0, 5, 5], "2 of the 3 test images have the label 5, which no training image"),
    ],
)  # fmt: skip
def test_labels_that_cannot_be_meant_are_refused_in_one_line(
    train: list[int], test: list[int], reason: str
) -> None:
    with pytest.raises(StageError, match=re.escape(reason)) as error:
        warnings_of(train, test)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("train", "setting"),
    [
        ([*range(1, 11)], {"first_label": 1}),
        ([1, 2, 4], {"labels": (1, 2, 4)}),
        ([*TENS], {"labels": TENS}),
        ([0, 1, 2, 255], {"labels": (0, 1, 2)}),
    ],
)
def test_what_the_lines_say_to_set_is_enough(train: list[int], setting: dict[str, object]) -> None:
    assert warnings_of(train, train, **setting) == []


def test_a_class_that_is_missing_here_or_there_is_told() -> None:
    (untaught,) = warnings_of([0, 1, 3, 4], [0, 1, 3, 4])
    assert untaught.startswith("no training image has the label 2, and")
    assert untaught.endswith("; set fetch.custom.labels to [0,1,3,4] to do without")
    (untested,) = warnings_of([0, 1, 2], [0, 2])
    assert untested.startswith("none of the 2 test images has the label 1: ")
    assert untested.endswith(" set fetch.custom.labels to [0,2]")
    names = {"classes": ("a", "b", "c")}
    assert len(warnings_of([1, 2], [1, 2], **names)) == 1  # there is a class 0, since it has a name
    assert warnings_of([0, 1], [1, 0]) == []


def test_labels_are_told_in_runs() -> None:
    assert in_runs([4]) == "4"
    assert in_runs(np.array([0, 1, 2, 5, 7, 8])) == "0 to 2, 5, 7 to 8"
