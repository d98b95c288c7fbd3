"""What of the ink is the digit: not the paper's lines, specks, a table's edge, or another mark.

``parts.js`` of ``stages/page/web`` is the twin of this module: tests/page/test_page_core.py holds
them to the same bytes.
"""

import numpy as np
from numpy.typing import NDArray

from stages.common.images.ink import FAINTEST, Levels, highest, strength

FULL = 97  # percent of a row or column that a line of the paper covers
THIN = 20  # of the picture's length: what is broader than that part of it is no line
ALONG = 70  # percent of the shorter side: what touches the picture's edge so long is no digit
SPECK = 20  # of the ink of the largest part: what has less than that part of it may be a speck
DUST = 200  # what has less than this part of it is one, however near it lies
MOST = 500  # parts; of more, none is another mark
RIVAL = 3  # of the digit's ink: another mark with more than that part of it may be meant
NEAR = 6  # of the length of all ink: what is nearer than that part of it belongs together

Boxes = NDArray[np.int64]  # (parts, 4): top, bottom, left, right; the ends are beyond the ink


def digit_of(ink: Levels) -> Levels:
    """The ink of the digit alone."""
    cleared = main_part(without_lines(main_part(ink)))
    return without_haze(cleared if strength(cleared)[1] >= FAINTEST else ink)


def without_lines(ink: Levels) -> Levels:
    """The picture without thin lines from edge to edge: ruled paper, a frame, a scanner's edge.

    A digit that crosses one goes on between the rows, or columns, on both sides of it.
    """
    return _without_rows(_without_rows(ink).T).T


def _without_rows(ink: Levels) -> Levels:
    covered = 100 * np.count_nonzero(ink, axis=1) >= FULL * ink.shape[1]
    lines = covered & ~_broad(covered, len(ink) // THIN)
    clear = np.flatnonzero(~lines)
    if not lines.any() or not clear.size:
        return ink
    after = np.searchsorted(clear, np.flatnonzero(lines))
    above = ink[clear[np.maximum(after - 1, 0)]].astype(np.int64)
    below = ink[clear[np.minimum(after, len(clear) - 1)]]
    drawn = ink.copy()
    drawn[lines] = np.minimum(ink[lines], (above + below + 1) // 2)
    return drawn


def _broad(covered: NDArray[np.bool_], most: int) -> NDArray[np.bool_]:
    """Which of the rows belong to more than ``most`` covered ones in turn."""
    from scipy.ndimage import label

    runs, _ = label(covered)
    broad: NDArray[np.bool_] = covered & (np.bincount(runs)[runs] > most)
    return broad


def main_part(ink: Levels) -> Levels:
    """The ink without parts that are specks, that run along the picture's edge, or that lie apart.

    Parts are what holds together above Otsu's threshold. Small ones are specks unless they lie near
    others: a pen that fails leaves crumbs of a stroke. If all of the digit runs along the edge, it
    stays: it was cut out so.
    """
    labels, count = _labelled(ink > strength(ink)[0])
    if count < 2:
        return ink
    parts, boxes, groups, masses = _marks(ink, labels, count)
    chosen = groups == masses.argmax()
    return _cut(ink, labels, parts[chosen], boxes[chosen])


def has_rival(ink: Levels) -> bool:
    """Whether another mark has more than 1 / ``RIVAL`` of the digit's ink: it may be meant."""
    cleared = without_lines(ink)
    labels, count = _labelled(cleared > strength(cleared)[0])
    if count < 2:
        return False
    second, first = np.sort(np.append(_marks(cleared, labels, count)[-1], 0))[-2:]
    return bool(RIVAL * second > first)


def _marks(
    ink: Levels, labels: NDArray[np.int64], count: int
) -> tuple[NDArray[np.int64], Boxes, NDArray[np.int64], NDArray[np.int64]]:
    """The parts that may be the digit's: their numbers, boxes and marks, and the marks' ink."""
    mass = np.bincount(labels.ravel(), ink.ravel(), count + 1).astype(np.int64)
    mass[0] = 0
    borders = labels[0], labels[-1], labels[:, 0], labels[:, -1]
    touching = sum(np.bincount(border, minlength=count + 1) for border in borders)
    inner = np.where(100 * touching >= ALONG * min(ink.shape), 0, mass)
    mass = inner if SPECK * inner.max() >= mass.max() else mass
    parts = np.flatnonzero((mass > 0) & (DUST * mass >= mass.max()))
    boxes = _boxes(labels, count)[parts - 1]
    groups = _groups(boxes, SPECK * mass[parts] >= mass.max())
    return parts, boxes, groups, np.bincount(groups, mass[parts]).astype(np.int64)


def _labelled(strong: NDArray[np.bool_]) -> tuple[NDArray[np.int64], int]:
    """The parts' numbers at each pixel, from 1 in the order of their first pixels, and how many."""
    from scipy.ndimage import label

    labels, count = label(strong, np.ones((3, 3)))
    unique, first = np.unique(labels, return_index=True)
    order = np.zeros(count + 1, np.int64)
    inside = unique > 0
    order[unique[inside][np.argsort(first[inside])]] = np.arange(1, count + 1)
    return order[labels], count


def _boxes(labels: NDArray[np.int64], count: int) -> Boxes:
    from scipy.ndimage import find_objects

    slices = find_objects(labels, count)
    return np.array(
        [[rows.start, rows.stop, columns.start, columns.stop] for rows, columns in slices]
    )


def _groups(boxes: Boxes, large: NDArray[np.bool_]) -> NDArray[np.int64]:
    """For each part the first one of those that it belongs to, over gaps between their boxes.

    How wide a gap may be is told by the extent of all ``large`` parts. Of more than ``MOST`` parts,
    all belong together.
    """
    if len(boxes) > MOST:
        return np.zeros(len(boxes), np.int64)
    top, bottom, left, right = boxes[large].T
    extent = max(bottom.max() - top.min(), right.max() - left.min())
    top, bottom, left, right = boxes.T
    down = np.maximum(top[:, np.newaxis] - bottom, top - bottom[:, np.newaxis])
    across = np.maximum(left[:, np.newaxis] - right, left - right[:, np.newaxis])
    near = NEAR * np.maximum(down, across) <= extent
    groups = np.arange(len(boxes))
    while True:
        first = np.where(near, groups, len(boxes)).min(axis=1)
        if (first == groups).all():
            return groups
        groups = first


def _cut(ink: Levels, labels: NDArray[np.int64], kept: NDArray[np.int64], boxes: Boxes) -> Levels:
    """What lies in the box around the parts that are kept; of the others neither ink nor rim."""
    ours = np.isin(labels, kept)
    others = highest(((labels > 0) & ~ours).astype(np.uint8), 3) > 0
    top, left = np.maximum(boxes[:, ::2].min(axis=0) - 1, 0)
    bottom, right = boxes[:, 1::2].max(axis=0) + 1
    cut = np.zeros_like(ink)
    region = np.s_[top:bottom, left:right]
    cut[region] = np.where(others & ~ours, 0, ink)[region]
    return cut


def without_haze(ink: Levels) -> Levels:
    """Strong ink and its soft rim of one pixel: not the noise of the paper around it."""
    strong = (ink > strength(ink)[0]).astype(np.uint8)
    return np.where(highest(strong, 3) > 0, ink, 0)
