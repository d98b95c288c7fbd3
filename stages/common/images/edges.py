"""The edges of an image and which way they face: eight small maps in place of one picture."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.common.files.arrays import Floats

ROWS, COLUMNS = 2, 4  # of maps
FULL = 255 / 2  # grey levels between a pixel's neighbours: such an edge is as bright as can be
WEIGHTS = 4 * 64  # all that a level is multiplied by in `Bands`: 1 + 2 + 1, and twice 1 + 3 + 3 + 1
# From the sums of whole numbers to levels before the root; along diagonals they lack sqrt(2).
GAINS = np.array([1, np.sqrt(2)] * (ROWS * COLUMNS // 2)) * (255 / FULL / WEIGHTS) * 255


class Bands(NamedTuple):
    """Matrices for lines of n pixels, as columns; beyond their ends is background."""

    smooth: NDArray[np.floating]  # (n, n): 1, 2, 1 around each pixel
    differ: NDArray[np.floating]  # (n, n): the pixel after it minus the one before it
    thin: NDArray[np.floating]  # (n / 2, n): every second pixel, blurred by 1, 3, 3, 1


def edges_of(grey: Floats, height: int, width: int) -> Floats:
    """Maps of the edges in images, (n, height * width): mosaics, (n, H * W) by ``mosaic_shape``.

    Levels are 0 to 255 in both, and no whole numbers in the maps. This is the gradient feature of
    Liu et al. 2003 (Handwritten digit recognition: benchmarking of state-of-the-art techniques),
    on a finer grid:

    1. How steeply ink rises at each pixel, to the right and downwards (Sobel's masks).
    2. The arrow (right, down) is the sum of two along the nearest of eight directions, an eighth
       of a turn apart. Their lengths go into the maps of these directions.
    3. Each map is blurred, and every second pixel of every second row is kept.
    4. The square root is taken: faint edges count, too.

    The directions are right, right and down, down, left and down; and below these four their
    opposites.
    """
    vertical, horizontal = (bands(side, grey.dtype) for side in (height, width))
    # Rows of all images one after the other: then each matrix serves all images in one product.
    rows = grey.reshape(-1, height, width).transpose(1, 0, 2).reshape(-1, width)

    def downwards(matrix: Floats, lines: Floats) -> Floats:
        return matrix @ lines.reshape(*lines.shape[:-2], height, -1)

    right = downwards(vertical.smooth, rows @ horizontal.differ.T)
    down = downwards(vertical.differ, rows @ horizontal.smooth.T)
    parts = along(right, down).reshape(ROWS * COLUMNS, -1, width)
    maps = downwards(vertical.thin, parts @ horizontal.thin.T)
    maps *= GAINS.astype(grey.dtype)[:, np.newaxis, np.newaxis]
    np.minimum(maps, 255 * 255, out=maps)
    np.sqrt(maps, out=maps)
    mosaic = maps.reshape(ROWS, COLUMNS, maps.shape[1], len(grey), -1).transpose(3, 0, 2, 1, 4)
    return mosaic.reshape(len(grey), -1)


def along(right: Floats, down: Floats) -> Floats:
    """The parts of arrows, (...), along eight directions, (8, ...); none is negative.

    Along a diagonal it is the part divided by the square root of 2.
    """
    parts = np.zeros((ROWS * COLUMNS, *right.shape), right.dtype)
    steep, flat, left, up = np.abs(down), np.abs(right), -right, -down
    np.subtract(right, steep, out=parts[0])
    np.minimum(right, down, out=parts[1])
    np.subtract(down, flat, out=parts[2])
    np.minimum(left, down, out=parts[3])
    np.subtract(left, steep, out=parts[4])
    np.minimum(left, up, out=parts[5])
    np.subtract(up, flat, out=parts[6])
    np.minimum(right, up, out=parts[7])
    return np.maximum(parts, 0, out=parts)


@cache
def bands(length: int, kind: np.dtype[np.floating]) -> Bands:
    """The matrices for lines of so many pixels, as numbers of this type."""
    before, here, after = (np.eye(length, k=k) for k in (-1, 0, 1))
    further = np.eye(length, k=2)
    thin = before + 3 * here + 3 * after + further
    made = before + 2 * here + after, after - before, thin[::2]
    return Bands(*(matrix.astype(kind) for matrix in made))


def mosaic_shape(height: int, width: int) -> tuple[int, int]:
    """Height and width of the eight maps side by side; each is half as fine as the image."""
    return ROWS * -(-height // 2), COLUMNS * -(-width // 2)
