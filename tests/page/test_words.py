"""What figures and page say of very few images, of one mistake, and of classes without images."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from stages.common.images.classes import Classes
from stages.page.contents import DASH, scores_table
from stages.page.figures.confusion import extremes, finding
from stages.page.figures.results import Results
from stages.page.figures.text import SPACE, percent_of

NAMES = Classes(("cat", "dog", "fox", "owl"))


def results(confusion: list[list[int]]) -> Results:
    """As much of a run as the words about its confusion matrix ask for."""
    counts = np.array(confusion)
    right, shown, guessed = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    scores = {"images": shown, "precision": right / np.maximum(guessed, 1)}
    scores |= {"recall": right / np.maximum(shown, 1), "f1": 2 * right / (shown + guessed + 1e-9)}
    run: Any = SimpleNamespace(confusion=counts, scores=scores, names=NAMES, noun="class")
    return cast(Results, run)


@pytest.mark.parametrize(
    ("share", "count", "expected"),
    [
        (0.55, 20, "55"),
        (1, 1, "100"),
        (0.987, 100, "99"),
        (0.987, 300, "98.7"),
        (0.987, 1000, "98.7"),
        (0.9618, 10_000, "96.18"),
        (0.9618, 60_000, "96.18"),
    ],
)
def test_a_share_is_no_finer_than_one_image_makes_it(
    share: float, count: int, expected: str
) -> None:
    assert percent_of(share, count) == f"{expected}{SPACE}%"


@pytest.mark.parametrize(
    ("mistakes", "expected"),
    [
        ({}, "All 20 test images are read correctly"),
        ({(0, 1): 1}, "1 of 20 misread: class cat as dog"),
        ({(0, 1): 1, (3, 0): 1}, "2 of 20 misread, no two of them alike"),
        ({(0, 1): 3, (3, 0): 2}, "5 of 20 misread; most often class cat as dog, 3 times"),
        ({(0, 1): 2, (3, 0): 2, (1, 2): 1}, "5 of 20 misread; most often in 2 ways, 2 times each"),
    ],
)
def test_the_most_frequent_mistake_is_named_if_there_is_one(
    mistakes: dict[tuple[int, int], int], expected: str
) -> None:
    wrong = np.zeros((4, 4), np.int64)
    for place, count in mistakes.items():
        wrong[place] = count
    assert finding(wrong, 20, NAMES) == expected


def test_a_rare_class_is_named_with_how_few_images_that_is_said_of() -> None:
    words = extremes(results([[90, 10, 0, 0], [0, 2, 1, 0], [0, 0, 50, 0], [0, 0, 0, 0]]))
    assert words.replace(SPACE, " ") == (
        "The class fox is recognized best (100.0 % of 50 images), dog least often (66.7 % of 3 "
        "images)."
    )


def test_of_classes_that_are_recognized_equally_often_none_is_named_best() -> None:
    words = extremes(results([[9, 0, 0, 0], [0, 2, 0, 0], [0, 0, 5, 0], [0, 0, 0, 0]]))
    assert words.replace(SPACE, " ") == "All are recognized equally often (100.0 %)."


def test_what_cannot_be_a_share_of_anything_is_a_dash() -> None:
    rows = scores_table(results([[9, 0, 0, 1], [0, 2, 0, 0], [5, 0, 0, 0], [0, 0, 0, 0]])).rows
    assert rows[2][2:] == [DASH, f"0.0{SPACE}%", f"0.0{SPACE}%"]  # never guessed
    assert rows[3][2:] == [f"0.0{SPACE}%", DASH, DASH]  # never shown
    assert DASH not in rows[0] + rows[1]
