"""From grey levels to what a network sees: deskewing, edges, and scaling."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stages.common.files.arrays import ArrayError, load_arrays, require
from stages.common.images.edges import COLUMNS, ROWS, edges_of, mosaic_shape

Images = NDArray[np.uint8]  # (n, height, width), grey levels 0 (background) to 255 (ink)

LEAST_DEVIATION = 0.1  # of a pixel's intensity; a nearly constant pixel is not blown up
MOST_SLANT = 2.0  # pixels sideways for a row; of MNIST's 70,000 digits the steepest has 1.87
CHUNK = 250  # images at once: what they need stays within a few tens of megabytes


@dataclass(frozen=True, eq=False)
class Preprocessing:
    """What is done to every image, in training and ever after.

    ``prepare`` gives grey levels, (n, height * width) uint8, and ``see`` what is fed of them, (n,
    inputs) uint8: the same, or their edges. The network sees ``scale * fed + offset``, each float32
    of shape () or (inputs,).
    """

    height: int
    width: int
    deskew: bool
    edges: bool
    scale: NDArray[np.float32]
    offset: NDArray[np.float32]

    def prepare(self, images: Images) -> NDArray[np.uint8]:
        """Grey levels as stored, (n, height * width).

        Raises ``ValueError`` for anything but images (n, height, width) of uint8.
        """
        if images.dtype != np.uint8 or images.shape[1:] != (self.height, self.width):
            raise ValueError(
                f"expected images of shape (n, {self.height}, {self.width}) and type uint8, "
                f"got {images.shape} {images.dtype}"
            )
        straight = deskew(images) if self.deskew else images
        return straight.reshape(len(images), self.height * self.width)

    @property
    def maps(self) -> tuple[int, int]:
        """Rows and columns of the images that are fed side by side: of the maps of edges, or 1."""
        return (ROWS, COLUMNS) if self.edges else (1, 1)

    @property
    def seen_shape(self) -> tuple[int, int]:
        """Height and width of what is fed: those of an image, or of the mosaic of its edges."""
        shape = self.height, self.width
        return mosaic_shape(*shape) if self.edges else shape

    def see(self, grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """What is fed to the network, (n, inputs), of prepared grey levels, (n, height * width).

        For all images of a data set, ``normalize`` has stored it.
        """
        if not self.edges:
            return grey
        seen = np.zeros((len(grey), math.prod(self.seen_shape)), np.uint8)
        for start in range(0, len(grey), CHUNK):
            some = grey[start : start + CHUNK].astype(np.float64)
            seen[start : start + CHUNK] = np.rint(edges_of(some, self.height, self.width))
        return seen

    def feed(
        self, grey: NDArray[np.uint8], kind: type[np.floating] = np.float32
    ) -> NDArray[np.floating]:
        """What the network sees, (n, inputs), of prepared grey levels, (n, height * width)."""
        scale, offset = self.scale.astype(kind), self.offset.astype(kind)
        return np.asarray(self.see(grey) * scale + offset, kind)

    def inputs(self, images: Images) -> NDArray[np.floating]:
        """What the network sees of images, (inputs, n): one image is one column."""
        return self.feed(self.prepare(images)).T

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything as arrays, to be stored beside a network."""
        return {
            "image_shape": np.array([self.height, self.width]),
            "deskew": np.array(self.deskew),
            "edges": np.array(self.edges),
            "scale": self.scale,
            "offset": self.offset,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]]) -> "Preprocessing":
        """The reverse of ``arrays``; raises ``KeyError`` or ``ValueError`` if they do not fit."""
        require(arrays, "image_shape", np.int64, (2,))
        for name in ("deskew", "edges"):
            require(arrays, name, np.bool_, ())
        height, width = (int(n) for n in arrays["image_shape"])
        if min(height, width) < 1:
            raise ValueError(f"image_shape: expected at least 1 x 1, got {height} x {width}")
        steps = bool(arrays["deskew"]), bool(arrays["edges"])
        made = cls(height, width, *steps, arrays["scale"], arrays["offset"])
        for name in ("scale", "offset"):
            shape = (math.prod(made.seen_shape),) if arrays[name].shape else ()
            require(arrays, name, np.float32, shape)
        return made

    @classmethod
    def load(cls, path: Path) -> "Preprocessing":
        """Read what ``normalize`` wrote; raises ``ArrayError`` for anything else."""
        arrays = load_arrays(path)
        try:
            return cls.from_arrays(arrays)
        except (KeyError, ValueError) as error:
            raise ArrayError(
                f"{path}: not a description of preprocessing: {error}; run dvc repro"
            ) from error


def unit_scaling() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scale and offset that bring grey levels to [0, 1], as in the lectures."""
    return np.array(1 / 255, np.float32), np.array(0, np.float32)


def standard_scaling(grey: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Scale and offset that give each input mean 0 and deviation 1 over ``grey``, (n, inputs).

    Deviations below ``LEAST_DEVIATION`` (of intensities in [0, 1]) count as that much.
    """
    mean, deviation = _moments(grey)
    scale = 1 / np.maximum(deviation, LEAST_DEVIATION * 255)
    return scale.astype(np.float32), (-mean * scale).astype(np.float32)


def _moments(grey: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation of each pixel, in grey levels: sums of whole numbers, hence exact."""
    total = np.zeros(grey.shape[1], np.int64)
    squares = np.zeros(grey.shape[1], np.int64)
    for start in range(0, len(grey), CHUNK):
        chunk = grey[start : start + CHUNK].astype(np.int64)
        total += chunk.sum(axis=0)
        squares += np.square(chunk).sum(axis=0)
    mean = total / len(grey)
    return mean, np.sqrt(np.maximum(squares / len(grey) - mean**2, 0))


def deskew(images: Images) -> Images:
    """Straighten slanted digits: shear and centre them by their moments (LeCun et al. 1998).

    The slant is cov(x, y) / var(y) of the ink; every row is moved sideways until it is zero, and
    the centre of mass comes to the middle of the image. A slant beyond ``MOST_SLANT`` counts as
    that much: a flat dash has no slant worth the name, and would be torn apart. Empty images stay
    as they are.
    """
    chunks = [_deskew(images[start : start + CHUNK]) for start in range(0, len(images), CHUNK)]
    return np.concatenate(chunks) if chunks else images


def _deskew(images: Images) -> Images:
    y = np.arange(images.shape[1]) - (images.shape[1] - 1) / 2
    y_mean, x_mean, slant = moments(images)
    columns = images.transpose(0, 2, 1).astype(np.float64)
    upright = _shift(columns, np.repeat(y_mean[:, None], images.shape[2], axis=1))
    sideways = x_mean[:, None] + slant.clip(-MOST_SLANT, MOST_SLANT)[:, None] * y
    straight = _shift(upright.transpose(0, 2, 1), sideways)
    return np.rint(straight).clip(0, 255).astype(np.uint8)


def moments(
    images: Images,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Centres of mass, y and x from the middle, and slants of images, (n,) each, in pixels.

    An image without ink has zeros, and one with ink in one row alone has no slant.
    """
    _, height, width = images.shape
    ink = images.astype(np.float64)
    y, x = np.arange(height) - (height - 1) / 2, np.arange(width) - (width - 1) / 2
    mass = np.maximum(ink.sum(axis=(1, 2)), 1)
    by_row, by_column = ink.sum(axis=2), ink.sum(axis=1)
    y_mean, x_mean = by_row @ y / mass, by_column @ x / mass
    y_variance = by_row @ y**2 / mass - y_mean**2
    covariance = (ink @ x * y).sum(axis=1) / mass - x_mean * y_mean
    slant = np.where(y_variance > 1e-6, covariance / np.maximum(y_variance, 1e-6), 0)
    return y_mean, x_mean, slant


def _shift(lines: NDArray[np.float64], by: NDArray[np.float64]) -> NDArray[np.float64]:
    """Read each line, (n, lines, length), ``by`` pixels further on, (n, lines), between pixels
    by linear interpolation and as 0 beyond the ends.
    """  # noqa: D205
    length = lines.shape[2]
    whole = np.floor(by)
    fraction = (by - whole)[:, :, None]
    first = np.arange(length) + whole[:, :, None].astype(np.int64)
    return (1 - fraction) * _read(lines, first) + fraction * _read(lines, first + 1)


def _read(lines: NDArray[np.float64], place: NDArray[np.int64]) -> NDArray[np.float64]:
    inside = (place >= 0) & (place < lines.shape[2])
    places = place.clip(0, lines.shape[2] - 1)
    return np.where(inside, np.take_along_axis(lines, places, axis=2), 0)
