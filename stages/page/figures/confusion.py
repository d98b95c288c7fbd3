"""The confusion matrix: which digit is taken for which."""

from typing import Literal, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from stages.common.images.classes import Classes
from stages.page.figures.layout import BLUE, ERRORS, INK, MARGIN, MUTED, WIDTH, Picture, Sheet
from stages.page.figures.results import Results
from stages.page.figures.text import TIMES, percent, plural

Counts: TypeAlias = NDArray[np.int64]

CROWDED = 20  # classes beyond which a cell has no room for its count
LABELS = 0.85  # inches left of the matrix
SCORES = 1.25  # inches right of it
SMALLEST = 6.5  # points of text that can still be read
LYING = 2  # characters up to which the names of columns lie
CHARACTER = 0.085  # inches of a character of a longer name


def draw(results: Results) -> Picture:
    """Colour the mistakes and leave the right answers grey: they would drown the rest."""
    confusion = results.confusion
    wrong = confusion - np.diag(np.diag(confusion))
    classes = len(confusion)
    title = finding(wrong, int(confusion.sum()), results.names)
    names = room_for_names(results.names)
    labels = LABELS + names
    side = min(0.62, (WIDTH - 2 * MARGIN - labels - SCORES) / classes)
    height = classes * side
    sheet = Sheet(
        title,
        "Rows are the true classes, columns the guesses. The diagonal counts what is read "
        "correctly; the darker a cell beside it, the more mistakes of that kind.",
        height + 1.5 + names,
    )
    left = MARGIN + labels + max(0, (WIDTH - 2 * MARGIN - labels - SCORES - height) / 2)
    axes = sheet.canvas(left - labels, 0.1, labels + height + SCORES, height + 1.3 + names)
    axes.set_xlim(-labels / side, classes + SCORES / side)
    axes.set_ylim(classes + 0.75 / side, (-0.55 - names) / side)
    draw_cells(axes, confusion, wrong, side)
    draw_margins(axes, results, side)
    return Picture("confusion", title, caption(results, wrong), alt(title, results), sheet.figure)


def finding(wrong: Counts, n: int, names: Classes) -> str:
    """Count the mistakes and name the most frequent one, or how many are equally frequent."""
    if not wrong.any():
        return f"All {n:,} test images are read correctly"
    misread, count = f"{wrong.sum():,} of {n:,} misread", int(wrong.max())
    label, guess = (int(j) for j in np.unravel_index(wrong.argmax(), wrong.shape))
    mistake = f"{names.one(label)} as {names[guess]}"
    alike = int((wrong == count).sum())
    if count == 1:
        return f"{misread}, no two of them alike" if alike > 1 else f"{misread}: {mistake}"
    if alike > 1:
        return f"{misread}; most often in {alike} ways, {count:,} times each"
    return f"{misread}; most often {mistake}, {count:,} times"


def caption(results: Results, wrong: Counts) -> str:
    """Name the most frequent mistakes, and the best and the worst class."""
    n, names = int(results.confusion.sum()), results.names
    text = (
        f"Recall, at the right, is the share of a {results.noun}'s images that are recognized; "
        f"precision, at the foot, the share of guesses of a {results.noun} that are right. "
        f"{extremes(results)}"
    )
    if not wrong.any():
        return f"No test image of {n:,} is misread. {text}"
    pairs = np.triu(wrong) + np.tril(wrong).T  # both directions of a confusion
    if (pairs == pairs.max()).sum() > 1:
        return text
    one, other = (int(j) for j in np.unravel_index(pairs.argmax(), pairs.shape))
    share = pairs[one, other] / wrong.sum()
    return (
        f"{text} {names[one]} and {names[other]} are confused most, in either direction: "
        f"{plural(int(pairs[one, other]), 'mistake')}, {percent(share, 1)} of all {wrong.sum():,}."
    )


def extremes(results: Results) -> str:
    """Name the classes that are recognized best and worst; of several, the one of most images."""
    images, recall, names = results.confusion.sum(axis=1), results.scores["recall"], results.names
    shown = np.flatnonzero(images)
    best = int(max(shown, key=lambda j: (recall[j], images[j])))
    worst = int(min(shown, key=lambda j: (recall[j], -images[j])))
    if recall[best] == recall[worst]:
        return f"All are recognized equally often ({percent(recall[best], 1)})."

    def right(j: int) -> str:
        return f"{percent(recall[j], 1)} of {plural(int(images[j]), 'image')}"

    return (
        f"The {results.noun} {names[best]} is recognized best ({right(best)}), {names[worst]} "
        f"least often ({right(worst)})."
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
    size = min(9.5, max(side * 15.5, SMALLEST))
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


def room_for_names(names: Classes) -> float:
    """Inches that names in the margins need more than numbers do."""
    return CHARACTER * max(0, names.longest - LYING)


def draw_margins(axes: Axes, results: Results, side: float) -> None:
    """Names of the classes, recall at the right, precision at the foot."""
    classes, gap = results.classes, 0.14 / side
    recall, precision = results.scores["recall"], results.scores["precision"]
    shown, guessed = results.confusion.sum(axis=1), results.confusion.sum(axis=0)
    size = min(9.0, max(side * 14, SMALLEST))
    narrow = size > side * 14  # the precisions must stand upright
    names, more = results.names, room_for_names(results.names) / side
    for j, name in enumerate(names.names):
        if more:
            axes.text(-gap / 2, j + 0.5, name, weight="bold", ha="right", va="center", size=size)
            axes.text(j + 0.5, -gap / 2, name, weight="bold", ha="center", va="bottom", size=size,
                      rotation=90)  # fmt: skip
        else:
            for x, y in ((-gap, j + 0.5), (j + 0.5, -gap)):
                axes.text(x, y, name, weight="bold", ha="center", va="center", size=size * 1.05)
        score(axes, (classes + gap, j + 0.5), recall[j] if shown[j] else None, size, "left")
        below = (j + 0.5, classes + gap * 1.3)
        score(axes, below, precision[j] if guessed[j] else None, size, "center", 90 * narrow)
    middle = classes / 2
    axes.text(middle, -0.42 / side - more, "guess", color=MUTED, ha="center", va="center")
    axes.text(
        -0.5 / side - more,
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
    rotation: float = 0,
) -> None:
    """A percentage in the margin; a dash where there is nothing to take a share of."""
    text = "\N{EN DASH}" if share is None else f"{share * 100:.1f}"
    axes.text(*place, text, color=BLUE, size=size, ha=ha, va="center", rotation=rotation)
