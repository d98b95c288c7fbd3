"""The hill: the true cost over a plane through weight space, for the page to roll a ball on.

The plane goes through the start, the end and the widest direction of the path between them (Li et
al. 2018, Visualizing the loss landscape of neural nets, with a direction fixed). Its two directions
are embedded in 8 bits a weight; the plane that is measured is the one that these bits say, so
that the page finds the same cost at every place of it.
"""

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nn import ACTIVATIONS, COSTS, Network
from nn.functions import Array
from stages.common.files.arrays import load_labelled
from stages.common.files.paths import SNAPSHOTS, TRAIN
from stages.common.models.snapshots import load_snapshots
from stages.page.codec import COARSE, encode_array, quantize, restore

if TYPE_CHECKING:
    from stages.page.figures.results import Results

GRID = 40  # points along each side
IMAGES = 1000  # that the cost is the mean of
ROOM = 1.0  # half of the plane's side, as a share of the longer side of the path's box
MOST_PARAMETERS = 75_000  # two directions of them are 200 kB of base64
MOST_PRODUCTS = 10_000  # weights behind the first layer, which is done once for all points
STRAIGHT = 1e-6  # a path whose bends are a smaller share of its length has no widest direction


@dataclass(frozen=True)
class Hill:
    """A plane, its cost and the path, in units of distance between networks.

    ``levels`` and ``scales`` are the two directions as ``quantize`` packs them. ``cost``, (GRID,
    GRID), has a row for each y, upward; the path is (K, 2); ``share`` is how much of the path's
    movement lies in the plane.
    """

    levels: list[NDArray[np.int8]]
    scales: list[NDArray[np.float32]]
    centre: NDArray[np.float64]
    half: float
    cost: NDArray[np.float32]
    path: NDArray[np.float64]
    epochs: NDArray[np.int64]
    images: int
    share: float

    def facts(self) -> dict[str, Any]:
        """What the page says of it."""
        from stages.page.figures.text import percent

        return {"images": self.images, "grid": GRID, "share": percent(self.share, 0)}

    def as_json(self) -> str:
        """The hill as JSON that may stand in a script element."""
        data = {
            "directions": [
                {"levels": encode_array(levels), "scales": encode_array(scales)}
                for levels, scales in zip(self.levels, self.scales, strict=True)
            ],
            "centre": self.centre.tolist(),
            "half": self.half,
            "grid": len(self.cost),
            "cost": encode_array(self.cost),
            "path": self.path.round(3).tolist(),
            "epochs": self.epochs.tolist(),
            "images": self.images,
        }
        return json.dumps(data, separators=(",", ":"), allow_nan=False)


def measure_hill(results: "Results", most_images: int) -> Hill | None:
    """The hill of a run, measured on training images; None if it is too large, or has no path.

    ``most_images``: how many training images the page has. They count in the 16 grey levels in
    which it has them.
    """
    network = results.network
    first, *others = (w.size for w in network.weights)
    if first + sum(others) > MOST_PARAMETERS or sum(others) > MOST_PRODUCTS:
        return None
    stored = load_snapshots(SNAPSHOTS, network.parameters.size)
    moves = np.asarray(stored.parameters, np.float64) - network.parameters
    raw = directions_of(moves)
    if raw is None:
        return None
    packed = [quantize(vector.astype(np.float32), network.sizes) for vector in raw]
    axes = orthonormal(*(restore(*both, network.sizes) for both in packed))
    path = moves @ axes.T
    low, high = path.min(axis=0), path.max(axis=0)
    centre, half = (low + high) / 2, ROOM * float((high - low).max())
    inputs, targets = coarse_examples(results, min(IMAGES, most_images))
    x, y = (np.linspace(middle - half, middle + half, GRID) for middle in centre)
    return Hill(
        levels=[levels for levels, _ in packed],
        scales=[scales for _, scales in packed],
        centre=centre,
        half=half,
        cost=costs_over(network, axes, inputs, targets, x, y),
        path=path,
        epochs=stored.epochs,
        images=inputs.shape[1],
        share=spread(path) / spread(moves),
    )


def coarse_examples(results: "Results", count: int) -> tuple[Array, Array]:
    """Inputs, (n_0, B), and targets, (n_L, B), of the first training images, as on the page."""
    images, labels = load_labelled(TRAIN)
    grey = np.rint(np.asarray(images[:count]) / COARSE).astype(np.uint8) * np.uint8(COARSE)
    targets = np.equal.outer(np.arange(results.classes), np.asarray(labels[:count]))
    return results.model.preprocessing.feed(grey).T, targets.astype(np.float32)


def spread(places: NDArray[np.float64]) -> float:
    """Sum of the squared distances of places, (K, d), from their mean."""
    return float(np.square(places - places.mean(axis=0)).sum())


def directions_of(moves: NDArray[np.float64]) -> list[NDArray[np.float64]] | None:
    """From the end to the start, and the direction in which the path bends most, (P,) each.

    ``moves``, (K, P), are the places on the path less its end; the first is the start. None if
    the path has no length or no bend.
    """
    length = np.linalg.norm(moves[0])
    if length == 0:
        return None
    along = -moves[0] / length
    bends = moves - np.outer(moves @ along, along)
    sizes, shares = np.linalg.eigh(bends @ bends.T)
    if sizes[-1] <= (STRAIGHT * length) ** 2:
        return None
    widest = bends.T @ shares[:, -1]
    widest *= np.sign((bends @ widest).sum()) or 1.0  # the path bends upward, on every machine
    return [along, widest / np.linalg.norm(widest)]


def orthonormal(first: Array, second: Array) -> NDArray[np.float64]:
    """Two directions, (2, P), of length 1 and at right angles, in the plane of the two given."""
    u = first.astype(np.float64)
    u /= np.linalg.norm(u)
    v = second.astype(np.float64)
    v -= (v @ u) * u
    return np.stack([u, v / np.linalg.norm(v)])


def costs_over(
    network: Network,
    axes: NDArray[np.float64],
    inputs: Array,
    targets: Array,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> NDArray[np.float32]:
    """Mean cost, (len(y), len(x)), of the network moved by x and y along the axes, (2, P).

    The first layer's products with the inputs, (n_0, B), are made three times, not once a point:
    its z is linear in x and y.
    """
    parts = [replace(network, parameters=vector.astype(np.float32)) for vector in axes]
    products = [part.weights[0] @ inputs for part in (network, *parts)]
    activation, cost = ACTIVATIONS[network.activation].function, COSTS[network.cost]
    costs = np.zeros((len(y), len(x)), np.float32)
    moved = replace(network, parameters=network.parameters.copy())
    with np.errstate(all="ignore"):  # far from the path the outputs may overflow
        for row, up in enumerate(y.astype(np.float32)):
            raised = products[0] + up * products[2]
            for column, right in enumerate(x.astype(np.float32)):
                moved.parameters[:] = (
                    network.parameters + right * parts[0].parameters + up * parts[1].parameters
                )
                z = raised + right * products[1] + moved.biases[0][:, np.newaxis]
                for weights, biases in zip(moved.weights[1:], moved.biases[1:], strict=True):
                    a = np.empty_like(z)
                    activation(z, a)
                    z = weights @ a + biases[:, np.newaxis]
                a = np.empty_like(z)
                cost.output(z, a)
                costs[row, column] = cost.value(z, a, targets).mean()
    return np.nan_to_num(costs, nan=np.inf).clip(0, np.float32(1e30))
