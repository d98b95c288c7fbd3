"""The confusion matrix: which digit is taken for which."""

from typing import Literal, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from stages.figures.results import Results
from stages.figures.sheet import BLUE, ERRORS, INK, MARGIN, MUTED, WIDTH, Picture, Sheet
from stages.figures.words import TIMES, article, percent, plural

Counts: TypeAlias = NDArray[np.int64]

CROWDED = 20  # classes beyond which a cell has no room for its count
LABELS = 0.85  # inches left of the matrix
SCORES = 1.25  # inches right of it


def draw(results: Results) -> Picture:
    """Colour the mistakes and leave the right answers grey: they would drown the rest."""
    confusion = results.confusion
    wrong = confusion - np.diag(np.diag(confusion))
    classes = len(confusion)
    title = finding(wrong, int(confusion.sum()), results.noun)
    side = min(0.62, (WIDTH - 2 * MARGIN - LABELS - SCORES) / classes)
    height = classes * side
    sheet = Sheet(
        title,
        "Rows are the true classes, columns the guesses. The diagonal counts what is read "
        "correctly; the darker a cell beside it, the more mistakes of that kind.",
        height + 1.5,
    )
    left = MARGIN + LABELS + max(0, (WIDTH - 2 * MARGIN - LABELS - SCORES - height) / 2)
    axes = sheet.canvas(left - LABELS, 0.1, LABELS + height + SCORES, height + 1.3)
    axes.set_xlim(-LABELS / side, classes + SCORES / side)
    axes.set_ylim(classes + 0.75 / side, -0.55 / side)
    draw_cells(axes, confusion, wrong, side)
    draw_margins(axes, results, side)
    return Picture("confusion", title, caption(results, wrong), alt(title, results), sheet.figure)


def finding(wrong: Counts, n: int, noun: str) -> str:
    """Count the mistakes and name the most frequent one."""
    if not wrong.any():
        return f"All {n:,} test images are read correctly"
    label, guess = np.unravel_index(wrong.argmax(), wrong.shape)
    count = wrong[label, guess]
    kind = article(str(label)) if noun == "digit" else f"class {label}"
    times = "once" if count == 1 else f"{count:,} times"
    return f"{wrong.sum():,} of {n:,} misread; most often {kind} as {guess}, {times}"


def caption(results: Results, wrong: Counts) -> str:
    """Name the most frequent mistakes, and the best and the worst class."""
    n = int(results.confusion.sum())
    recall = np.array(results.metrics["recall"])
    shown = np.flatnonzero(results.confusion.sum(axis=1))
    best, worst = shown[recall[shown].argmax()], shown[recall[shown].argmin()]
    text = (
        f"Recall, at the right, is the share of a {results.noun}'s images that are recognized; "
        f"precision, at the foot, the share of guesses of a {results.noun} that are right. "
        f"The {results.noun} {best} is recognized best ({percent(recall[best], 1)}), "
        f"{worst} least often ({percent(recall[worst], 1)})."
    )
    if not wrong.any():
        return f"No test image of {n:,} is misread. {text}"
    pairs = np.triu(wrong) + np.tril(wrong).T  # both directions of a confusion
    one, other = np.unravel_index(pairs.argmax(), pairs.shape)
    share = pairs[one, other] / wrong.sum()
    return (
        f"{text} {one} and {other} are confused most, in either direction: "
        f"{plural(int(pairs[one, other]), 'mistake')}, {percent(share, 1)} of all {wrong.sum():,}."
    )


def alt(title: str, results: Results) -> str:
    """Tell the size of the matrix."""
    k = results.classes
    return f"{title}. Confusion matrix of {k} {TIMES} {k} counts with recall and precision."


def draw_cells(
    axes: Axes,
    confusion: Counts,
    wrong: Counts,
    side: float,
) -> None:
    """One square for each pair of classes; empty ones hold no number."""
    top = max(1, int(wrong.max()))
    size = min(9.5, side * 15.5)
    for (row, column), count in np.ndenumerate(confusion):
        right = row == column
        face = "#eef1f5" if right else ERRORS(count / top)
        axes.add_patch(
            Rectangle((column, row), 1, 1, facecolor=face, edgecolor="#e3e7ec", linewidth=0.7)
        )
        if (count or right) and len(confusion) <= CROWDED:
            color = MUTED if right else "white" if count > 0.8 * top else INK
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{count:,}",
                color=color,
                size=size,
                ha="center",
                va="center_baseline",
            )


def draw_margins(axes: Axes, results: Results, side: float) -> None:
    """Names of the classes, recall at the right, precision at the foot."""
    classes, gap = results.classes, 0.14 / side
    recall, precision = results.metrics["recall"], results.metrics["precision"]
    shown, guessed = results.confusion.sum(axis=1), results.confusion.sum(axis=0)
    size = min(9.0, side * 14)
    for j in range(classes):
        for x, y in ((-gap, j + 0.5), (j + 0.5, -gap)):
            axes.text(x, y, str(j), weight="bold", ha="center", va="center", size=size * 1.05)
        score(axes, (classes + gap, j + 0.5), recall[j] if shown[j] else None, size, "left")
        below = (j + 0.5, classes + gap * 1.3)
        score(axes, below, precision[j] if guessed[j] else None, size, "center")
    middle = classes / 2
    axes.text(middle, -0.42 / side, "guess", color=MUTED, ha="center", va="center")
    axes.text(
        -0.5 / side,
        middle,
        f"true {results.noun}",
        color=MUTED,
        rotation=90,
        ha="center",
        va="center",
    )
    axes.text(classes + gap, -gap, "recall (%)", color=BLUE, ha="left", va="center")
    axes.text(middle, classes + 0.5 / side, "precision (%)", color=BLUE, ha="center", va="center")


def score(
    axes: Axes,
    place: tuple[float, float],
    share: float | None,
    size: float,
    ha: Literal["left", "center"],
) -> None:
    """A percentage in the margin; a dash where there is nothing to take a share of."""
    text = "\N{EN DASH}" if share is None else f"{share * 100:.1f}"
    axes.text(*place, text, color=BLUE, size=size, ha=ha, va="center")
