"""New training images made of old ones: moved, turned, stretched, bent, drawn with other pens."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nn.functions import Array
from nn.kernels import aligned_zeros
from stages.common.files.atomic import StageError
from stages.common.images.edges import edges_of
from stages.common.runtime.params import real, whole

AT_ONCE = 25  # images that are distorted together: their arrays stay in the processor's cache
VARIANCE = 0.999  # of the smoothed pushes, the share that is kept
THINNEST = 1.0  # pixels that each edge of a line is pushed in at most
FADE_FROM = 0.7  # of all epochs, the share that is over when distortions begin to fade

Float32s = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Augment:
    """How training images are changed, each time anew.

    Every amount is drawn evenly between minus what stands here and plus that. ``elastic_alpha`` and
    ``elastic_sigma`` are alpha and sigma of Simard, Steinkraus and Platt 2003, section 2: every
    pixel is pushed at random, then the pushes are smoothed by a Gaussian of deviation sigma, which
    leaves little of them where sigma is large, and makes neighbours move together. Here pushes are
    normal, with the deviation of even ones between -alpha and alpha; once smoothed, both are alike.
    ``thickness`` is the exception: thinner by more than a pixel at each edge, few lines would be
    left.
    """

    probability: Annotated[
        float, real(0, 1, "share of the mini-batches whose images are changed")
    ] = 1.0
    shift: Annotated[int, whole(0, 100, "moved by at most so many pixels")] = 0
    rotation: Annotated[float, real(0, 180, "turned by at most so many degrees")] = 0.0
    scale: Annotated[float, real(0, 0.9, "enlarged or shrunk by at most that share")] = 0.0
    shear: Annotated[float, real(0, 2, "slanted by at most so many pixels a pixel")] = 0.0
    thickness: Annotated[
        float, real(0, 5, "edges of lines pushed out by at most so many pixels, in by at most 1")
    ] = 0.0
    elastic_alpha: Annotated[float, real(0, 1000, "points pushed by at most so many pixels")] = 0.0
    elastic_sigma: Annotated[
        float, real(0.5, 100, "pushes smoothed by a Gaussian of that deviation in pixels")
    ] = 4.0
    decay: Annotated[float, real(0, 1, "share of it all that the last 30 % of the epochs lose")] = (
        0.0
    )

    @property
    def bends(self) -> bool:
        """Whether every image is changed in its own way, and pixels can end between pixels."""
        return any((self.rotation, self.scale, self.shear, self.thickness, self.elastic_alpha))


class Distort:
    """Copies a mini-batch of images, distorted or as they are.

    Every image is bent in its own way: if all were bent alike, each step would go where that bend
    pulls it, too. Where images are only moved, a mini-batch moves as one, by whole pixels, which
    costs no more than copying it. What comes in from outside is background, grey level 0. All
    chance is in ``rng``, and none is drawn where nothing can happen. With ``edges``, those of the
    distorted images are what comes out, unless none is ever distorted: then they come in as edges.
    """

    def __init__(
        self,
        height: int,
        width: int,
        most: Augment,
        *,
        rng: np.random.Generator,
        edges: bool = False,
    ) -> None:
        """Distort ``most`` at most; raises ``StageError`` if that could empty an image."""
        check(height, width, most.shift)
        self.height, self.width, self.most, self.rng = height, width, most, rng
        self.share = most.probability if most.shift or most.bends else 0.0
        self.edges = edges and self.share > 0  # made here, since they come after distortion
        self.strength = 1.0  # share of ``most`` that is drawn from; may be changed at any time
        self.fields = fields_of(height, width, most)
        self.frame = aligned_zeros((AT_ONCE, height + 3, width + 3), np.float32)

    def __call__(self, out: Array, stored: NDArray[Any]) -> None:
        """Copy images (B, height * width) of grey levels, or their edges, into ``out``, float32."""
        if not self.edges:
            self.distort(out, stored)
            return
        images = np.empty(stored.shape, out.dtype)
        self.distort(images, stored)
        for start in range(0, len(stored), AT_ONCE):
            rows = slice(start, start + AT_ONCE)
            out[rows] = edges_of(images[rows], self.height, self.width)

    def distort(self, out: Array, stored: NDArray[Any]) -> None:
        """Copy images (B, height * width) of grey levels, distorted or as they are."""
        if not self.share or self.rng.random() >= self.share:
            np.copyto(out, stored, casting="unsafe")
        elif self.most.bends:
            weights = self.draw(len(stored))
            pushes = self.draw_pushes(len(stored))
            for start in range(0, len(stored), AT_ONCE):
                rows = slice(start, start + AT_ONCE)
                down, right = (part[rows] @ self.fields for part in weights)
                look_up(out[rows], stored[rows], down, right, self.frame)
                push_edges(out[rows].reshape(-1, self.height, self.width), pushes[rows])
        else:
            most, shape = round(self.strength * self.most.shift), (-1, self.height, self.width)
            down, right = self.rng.integers(-most, most, 2, endpoint=True).tolist()
            move(out.reshape(shape), stored.reshape(shape), down, right)

    def draw(self, count: int) -> Float32s:
        """Weights of the fields, (2, count, K): for how far down, and how far right, to look."""
        most, rng, strength = self.most, self.rng, self.strength
        weights = np.zeros((2, count, len(self.fields)), np.float32)
        angle = strength * np.deg2rad(rng.uniform(-most.rotation, most.rotation, count))
        stretch = 1 + strength * rng.uniform(-most.scale, most.scale, (2, count))
        shear = strength * rng.uniform(-most.shear, most.shear, count)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        middle = np.array([[(self.height - 1) / 2], [(self.width - 1) / 2]])
        weights[:, :, 0] = middle - strength * rng.uniform(-most.shift, most.shift, (2, count))
        # The turn of what is stretched, of what leans: x leans by so much for each y.
        weights[:, :, 1] = turn[:, 0] * stretch[0] + turn[:, 1] * stretch[1] * shear
        weights[:, :, 2] = turn[:, 1] * stretch[1]
        elastic = weights[:, :, 3:]
        elastic[:] = rng.standard_normal(elastic.shape, np.float32)
        elastic *= strength
        return weights

    def draw_pushes(self, count: int) -> Float32s:
        """How far the edges of each image's lines are pushed out, (count,), in pixels."""
        most = self.most.thickness
        if not most:
            return np.zeros(count, np.float32)
        pushes = self.strength * self.rng.uniform(-min(most, THINNEST), most, count)
        return pushes.astype(np.float32)


def strength_at(decay: float, progress: float) -> float:
    """Share of the distortions left after a share ``progress`` of all epochs, both 0 to 1.

    Networks that see nothing but bent digits are never quite at home with straight ones; a network
    that ends with straight ones alone learns them by heart. So they fade, late, and not altogether.
    """
    return 1 - decay * max(0.0, progress - FADE_FROM) / (1 - FADE_FROM)


def check(height: int, width: int, most: int) -> None:
    """Raise ``StageError`` if images moved by so many pixels could be empty."""
    if most >= min(height, width):
        raise StageError(
            f"train.augment.shift: expected less than the images' {height} x {width} pixels, "
            f"got {most}"
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


def fields_of(height: int, width: int, most: Augment) -> Float32s:
    """The fields, (K, height * width), whose weighted sums are all the ways to distort an image.

    A sum says for each pixel of the new image how far down, or how far right, in the old image it
    looks. The first three fields are 1 and the pixel's place from the middle, y and x.
    """
    y, x = np.indices((height, width)).reshape(2, -1)
    straight = [np.ones(height * width), y - (height - 1) / 2, x - (width - 1) / 2]
    return np.array([*straight, *elastic_fields(height, width, most)], np.float32)


def elastic_fields(height: int, width: int, most: Augment) -> NDArray[np.float64]:
    """Fields, (k, height * width), whose sums with normal weights are noise that was smoothed.

    To smooth is to multiply the noise by a matrix from either side. Their singular vectors are the
    patterns that it is made of afterwards, and most of them are all but wiped out: at a sigma
    of 4, a few dozen of 784 hold ``VARIANCE`` of it.
    """
    if not most.elastic_alpha:
        return np.zeros((0, height * width))
    (u, s), (v, t) = (_smoothing(side, most.elastic_sigma) for side in (height, width))
    variance = np.square(np.outer(s, t))
    order = np.argsort(-variance, axis=None)
    few = np.cumsum(variance.flat[order]) < VARIANCE * variance.sum()
    rows, columns = np.unravel_index(order[: 1 + few.sum()], variance.shape)
    patterns = (u * s)[:, np.newaxis, rows] * (v * t)[np.newaxis, :, columns]
    deviation = most.elastic_alpha / 3**0.5  # of even pushes between -alpha and alpha
    return np.asarray(deviation * patterns.reshape(height * width, -1).T)


def _smoothing(side: int, deviation: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Singular vectors, as columns, and values of the matrix that smooths columns of pixels."""
    from scipy.ndimage import gaussian_filter1d

    smooth = gaussian_filter1d(np.eye(side), deviation, axis=0, mode="constant")
    vectors, values, _ = np.linalg.svd(smooth)
    return vectors, values


def look_up(
    out: Float32s, stored: NDArray[Any], down: Float32s, right: Float32s, frame: Float32s
) -> None:
    """Look up images (n, height * width) at points between pixels, (n, height * width) each.

    Bilinear: each pixel of the new image is a mean of the four old ones around its point, weighed
    by nearness. ``frame``, (n or more, height + 3, width + 3), has room for the images within a
    frame of background, 1 wide above and left, 2 below and right, and is 0 there; so every point
    has four neighbours, once points that lie far outside are moved to the frame.
    """
    count, (height, width) = len(stored), (side - 3 for side in frame.shape[1:])
    frame[:count, 1:-2, 1:-2] = stored.reshape(count, height, width)
    np.clip(down, -1, height, down)
    np.clip(right, -1, width, right)
    top, left = np.floor(down), np.floor(right)
    down -= top  # share of the way to the next row, and ...
    right -= left  # ... to the next column
    corners = ((top + 1) * (width + 3) + (left + 1)).astype(np.intp)
    corners += np.arange(count)[:, np.newaxis] * frame[0].size
    pixels = frame.reshape(-1)
    _between(pixels, corners, right, out)
    below = np.zeros_like(out)
    _between(pixels[width + 3 :], corners, right, below)
    below -= out
    below *= down
    out += below


def push_edges(images: Float32s, pushes: Float32s) -> None:
    """Make lines broader by so many pixels at each edge, (n,), or thinner where it is less than 0.

    For each pixel or part of one, images (n, height, width) go as far of the way to the highest, or
    lowest, level of each pixel and its four neighbours.
    """
    left = pushes[:, np.newaxis, np.newaxis]
    while left.any():
        step = np.clip(left, -1, 1)
        signed = np.sign(step) * images  # the lowest level is the highest of the negative ones
        most = signed.copy()
        np.maximum(most[:, 1:], signed[:, :-1], out=most[:, 1:])
        np.maximum(most[:, :-1], signed[:, 1:], out=most[:, :-1])
        np.maximum(most[:, :, 1:], signed[:, :, :-1], out=most[:, :, 1:])
        np.maximum(most[:, :, :-1], signed[:, :, 1:], out=most[:, :, :-1])
        most -= signed
        most *= step
        images += most
        left = left - step


def _between(pixels: Float32s, places: NDArray[np.intp], right: Float32s, out: Float32s) -> None:
    """Look up in a row, so far on the way from a pixel to the next one: straight between both."""
    pixels.take(places, out=out, mode="clip")  # mode "raise" would need a buffer
    after = pixels[1:].take(places, mode="clip")
    after -= out
    after *= right
    out += after
