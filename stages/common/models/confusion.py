"""The confusion matrix: how often images of each class were taken for each."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def confusion_matrix(labels: Counts, guesses: Counts, classes: int) -> Counts:
    """Count images by true class (row) and guess (column), (k, k), from both, (n,) each."""
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, guesses), 1)
    return confusion


def long_form(confusion: Counts) -> dict[str, Counts]:
    """A row for each label and guess, as DVC and everybody else draws and compares matrices."""
    label, guess = np.indices(confusion.shape)
    return {"label": label.ravel(), "guess": guess.ravel(), "images": confusion.ravel()}
