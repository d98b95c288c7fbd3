"""The plane that shows the paths: where it lies, how much it shows, and its cost."""

import numpy as np

from nn import Dataset, Network, parameter_count, predict
from stages.claims.paths.ways import Trail
from stages.common.files.arrays import Floats

TOGETHER = 500  # images at once through a network without its first layer's 784 inputs
ASPECT, EDGE = 0.72, 0.08  # height of the plane's window by its width; room around the paths


def plane_of(trails: list[Trail], marks: int) -> tuple[Floats, Floats, Floats]:
    """Start, (P,), two orthonormal directions, (2, P), and their shares of all variance, (2,).

    The variance is that of ``marks`` + 1 places of each path, evenly spaced by images asked.
    """
    start = trails[0].places[0].astype(np.float64)
    places = np.concatenate([evenly(trail, marks) for trail in trails]).astype(np.float64)
    _, spreads, axes = np.linalg.svd(places - places.mean(axis=0), full_matrices=False)
    ahead = np.sign(((places - start) @ axes[:2].T).sum(axis=0))  # a direction has two signs
    return start, axes[:2] * ahead[:, np.newaxis], (spreads**2 / (spreads**2).sum())[:2]


def evenly(trail: Trail, marks: int) -> Floats:
    """Places of a path, (marks + 1, P), evenly spaced by images asked."""
    at = np.searchsorted(trail.images, np.linspace(0, trail.images[-1], marks + 1))
    return np.stack([trail.places[i] for i in at])


def window(points: Floats, grid: int) -> tuple[Floats, Floats]:
    """Coordinates of ``grid`` columns, and of rows as far apart, around all points (n, 2)."""
    low, high = points.min(axis=0), points.max(axis=0)
    spans = (high - low) * (1 + 2 * EDGE)
    width = max(float(spans[0]), float(spans[1]) / ASPECT)
    half = np.array([width, width * ASPECT]) / 2
    (left, bottom), (right, top) = (low + high) / 2 - half, (low + high) / 2 + half
    rows = max(2, round(grid * ASPECT))
    return np.linspace(left, right, grid), np.linspace(bottom, top, rows)


def seen(parts: list[Network], examples: Dataset) -> Dataset:
    """What the first layer makes of the images, with the weights of each of three parts.

    Between them and its weighted sums at any place of the plane stands a sum of three: the images
    themselves, 784 numbers each, are needed once and not at every place.
    """
    first = np.concatenate([part.weights[0] for part in parts])
    inputs = examples.stored * examples.scale + examples.offset
    return Dataset((inputs @ first.T).astype(np.float32), examples.labels)


def costs_of_row(parts: list[Network], features: Dataset, x: Floats, y: float) -> list[float]:
    """Cost of all images at every place start + x right + y up, for these three parts."""
    start, right, up = parts
    sizes = (features.stored.shape[1], *start.sizes[1:])
    short = Network(sizes, start.activation, start.cost, np.zeros(parameter_count(sizes), "f4"))
    unshortened = start.parameters.size - start.weights[0].size  # what is not in the first weights
    costs = []
    for place in x:
        moved = start.parameters + place * right.parameters + y * up.parameters
        short.weights[0][:] = np.kron([1.0, place, y], np.eye(sizes[1]))
        short.parameters[-unshortened:] = moved[-unshortened:]
        costs.append(float(predict(short, features, TOGETHER)[1].mean(dtype=np.float64)))
    return costs
