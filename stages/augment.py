"""New training images made of old ones: moved, turned, stretched and bent."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn.functions import Array
from stages.files import StageError

Points = NDArray[np.float64]  # (2, height * width): how far down and how far right, in pixels


@dataclass(frozen=True)
class Distortion:
    """How far images are distorted at most; names and meanings are those in params.yaml.

    Everything is drawn evenly between minus that and plus that. ``elastic`` and ``smoothness`` are
    alpha and sigma of Simard, Steinkraus and Platt 2003, section 2: every pixel is pushed by up to
    alpha, then the pushes are smoothed by a Gaussian of deviation sigma, which leaves little of
    them where sigma is large, and makes neighbours move together.
    """

    shift: int = 0  # pixels, whole ones
    rotation: float = 0.0  # degrees
    scaling: float = 0.0  # share of its size that an image grows or shrinks by, along each axis
    shear: float = 0.0  # pixels that one axis leans for each pixel of the other
    elastic: float = 0.0  # pixels
    smoothness: float = 4.0  # pixels

    @property
    def bends(self) -> bool:
        """Whether pixels can end between pixels."""
        return any((self.rotation, self.scaling, self.shear, self.elastic))


class Distort:
    """Copies a mini-batch of images, distorted or as they are.

    All images of a mini-batch are distorted alike: that costs little more than copying them, and
    over the epochs each image is seen in every form. What comes in from outside is background,
    grey level 0. All chance is in ``rng``, and none is drawn where nothing can happen.
    """

    def __init__(
        self,
        height: int,
        width: int,
        most: Distortion,
        *,
        share: float,
        rng: np.random.Generator,
    ) -> None:
        """Distort so many of all mini-batches; raises ``StageError`` if that could empty one."""
        check(height, width, most.shift)
        self.height, self.width, self.most, self.rng = height, width, most, rng
        self.share = share if most.shift or most.bends else 0.0

    def __call__(self, out: Array, stored: NDArray[Any]) -> None:
        """Copy images (B, height * width) of grey levels."""
        if not self.share or self.rng.random() >= self.share:
            np.copyto(out, stored, casting="unsafe")
            return
        most, shape = self.most.shift, (-1, self.height, self.width)
        down, right = self.rng.integers(-most, most, 2, endpoint=True).tolist() if most else (0, 0)
        if self.most.bends:
            points = draw_points(self.height, self.width, self.most, self.rng)
            sample(out, stored, points - [[down], [right]], self.height, self.width)
        else:
            move(out.reshape(shape), stored.reshape(shape), down, right)


def check(height: int, width: int, most: int) -> None:
    """Raise ``StageError`` if images moved by so many pixels could be empty."""
    if most >= min(height, width):
        raise StageError(
            f"train.shift: expected less than the images' {height} x {width} pixels, got {most}"
        )


def move(out: NDArray[Any], images: NDArray[Any], down: int, right: int) -> None:
    """Copy images (n, height, width), moved by so many pixels (negative: up, left)."""
    _, height, width = images.shape
    if down or right:
        out.fill(0)
    np.copyto(
        out[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)],
        images[:, max(-down, 0) : height + min(-down, 0), max(-right, 0) : width + min(-right, 0)],
        casting="unsafe",
    )


def draw_points(height: int, width: int, most: Distortion, rng: np.random.Generator) -> Points:
    """Where in the old image each pixel of the new one looks, drawn at random."""
    from scipy.ndimage import gaussian_filter

    angle = np.deg2rad(rng.uniform(-most.rotation, most.rotation))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    stretch = np.diag(1 + rng.uniform(-most.scaling, most.scaling, 2))
    lean = np.array([[1.0, 0.0], [rng.uniform(-most.shear, most.shear), 1.0]])
    middle = np.array([[(height - 1) / 2], [(width - 1) / 2]])
    grid = np.indices((height, width)).reshape(2, -1)
    points = turn @ stretch @ lean @ (grid - middle) + middle
    if most.elastic:
        pushes = rng.uniform(-most.elastic, most.elastic, (2, height, width))
        smooth = gaussian_filter(pushes, most.smoothness, mode="constant", axes=(1, 2))
        points += smooth.reshape(2, -1)
    return np.asarray(points)


def sample(out: Array, stored: NDArray[Any], points: Points, height: int, width: int) -> None:
    """Look up images (B, height * width) at points between pixels, in a straight line each way.

    Bilinear: each pixel of the new image is a mean of the four old ones around its point, weighed
    by nearness. That is one sparse matrix, with four entries a row, for the whole batch.
    """
    from scipy.sparse import csr_array

    pixels = height * width
    corner = np.floor(points).astype(np.int64)
    beyond = points - corner  # share of the way to the next pixel
    columns, weights = np.zeros((pixels, 4), np.int32), np.zeros((pixels, 4), out.dtype)
    for k, (down, right) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        y, x = corner[0] + down, corner[1] + right
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        nearness = np.abs(1 - down - beyond[0]) * np.abs(1 - right - beyond[1])
        columns[:, k] = np.where(inside, y * width + x, 0)
        weights[:, k] = np.where(inside, nearness, 0)
    starts = np.arange(0, 4 * pixels + 1, 4, dtype=np.int32)
    matrix = csr_array((weights.ravel(), columns.ravel(), starts), shape=(pixels, pixels))
    out[:] = (matrix @ stored.T.astype(out.dtype, order="C")).T
