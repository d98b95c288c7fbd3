"""A trained network on disk, with the preprocessing that its images need: plain arrays only.

from stages.common.models.model import load_model
model = load_model("models/network.npz")
print(model.read(image))  # image: (28, 28) uint8, ink bright on dark
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import Dataset, Network, feedforward, parameter_count
from nn.functions import Array
from stages.common.files.arrays import (
    ArrayError,
    load_arrays,
    load_edges,
    load_labelled,
    require,
    save_arrays,
)
from stages.common.files.atomic import one_line
from stages.common.images.preprocess import Images, Preprocessing

LARGEST = float(np.finfo(np.float32).max) / 4  # of a weighted sum: differences of two stay finite


@dataclass(frozen=True, eq=False)
class Model:
    """A network and what it expects of an image."""

    network: Network
    preprocessing: Preprocessing

    def outputs(self, images: Images) -> NDArray[np.floating]:
        """The output neurons' activations, (n, classes), for images (n, height, width) uint8."""
        return feedforward(self.network, self.preprocessing.inputs(images)).T

    def read(self, image: NDArray[np.uint8]) -> int:
        """The class of one image, (height, width) uint8: bright ink on a dark ground."""
        return int(self.outputs(image[np.newaxis]).argmax())


def save_model(path: Path, model: Model) -> None:
    """Write a model as .npz, whole or not at all; the same model gives the same bytes."""
    network = model.network
    arrays = {
        "sizes": np.array(network.sizes),
        "activation": np.array(network.activation),
        "cost": np.array(network.cost),
        **{f"weights_{layer}": w for layer, w in enumerate(network.weights)},
        **{f"biases_{layer}": b for layer, b in enumerate(network.biases)},
        **model.preprocessing.arrays(),
    }
    save_arrays(path, arrays)


def as_examples(folder: Path, preprocessing: Preprocessing) -> Dataset:
    """Labelled images on disk, as a network takes them: bytes with their scale and offset."""
    stored, labels = load_labelled(folder)
    if preprocessing.edges:
        stored, inputs = load_edges(folder, len(labels)), math.prod(preprocessing.seen_shape)
        if stored.shape[1] != inputs:
            message = f"{folder}: expected {inputs} edges of an image, got {stored.shape[1]}"
            raise ArrayError(f"{message}; run dvc repro")
    return Dataset(stored, labels, preprocessing.scale, preprocessing.offset)


def load_model(path: Path | str) -> Model:
    """Read a model, believing nothing in the file.

    Raises ``ArrayError`` for anything but a complete model: pickled objects, missing or extra
    arrays, wrong shapes or types, values that are not finite, or so large that an image could
    give outputs that are not.
    """
    path = Path(path)
    arrays = load_arrays(path)
    try:
        preprocessing = Preprocessing.from_arrays(arrays)
        model = Model(_network(arrays, preprocessing), preprocessing)
        _require_finite_answers(model)
    except (KeyError, ValueError, TypeError) as error:
        reason = one_line(f"no array {error}" if isinstance(error, KeyError) else error)
        raise ArrayError(f"{path}: not a model of this project: {reason}; run dvc repro") from error
    return model


def _require_finite_answers(model: Model) -> None:
    scale, offset = model.preprocessing.scale, model.preprocessing.offset
    if not answers_are_finite(model.network, scale, offset):
        raise ValueError("parameters so large that outputs overflow")


def answers_are_finite(network: Network, scale: Array | float, offset: Array | float) -> bool:
    """Whether no image of 0 to 255, as ``scale * image + offset``, can overflow float32.

    A bound from layer to layer: |z| <= |W| |a| + |b|, with |a| at most 255 |scale| + |offset| for
    the image, and 1 for sigmoid and tanh. Parameters that are not finite have none.
    """
    most = np.broadcast_to(
        255 * np.abs(scale, dtype=float) + np.abs(offset, dtype=float), network.sizes[0]
    )
    for w, b in zip(network.weights, network.biases, strict=True):
        sums = np.abs(w) @ most + np.abs(b)
        if not max(sums.max(), most.max()) <= LARGEST:
            return False
        most = np.minimum(sums, 1) if network.activation in ("sigmoid", "tanh") else sums
    return True


def _network(arrays: dict[str, NDArray[Any]], preprocessing: Preprocessing) -> Network:
    require(arrays, "sizes", np.int64, (arrays["sizes"].size,))
    sizes = tuple(int(n) for n in arrays["sizes"])
    names = {f"{kind}_{layer}" for kind in ("weights", "biases") for layer in range(len(sizes) - 1)}
    extra = set(arrays) - names - {"sizes", "activation", "cost", *preprocessing.arrays()}
    if extra:
        raise ValueError(f"unexpected array {min(extra)!r}")
    stored = sum(arrays[name].size for name in names)
    if sizes[:1] != (math.prod(preprocessing.seen_shape),):
        seen = "edges of images" if preprocessing.edges else "images"
        raise ValueError(
            f"sizes {sizes} do not fit {seen} of {preprocessing.height} x {preprocessing.width}"
        )
    if min(sizes, default=0) < 1 or parameter_count(sizes) != stored:
        raise ValueError(f"sizes {sizes} do not fit {stored:,} stored parameters")
    parameters = np.zeros(stored, np.float32)
    network = Network(sizes, str(arrays["activation"]), str(arrays["cost"]), parameters)
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        for name, view in ((f"weights_{layer}", w), (f"biases_{layer}", b)):
            require(arrays, name, np.float32, view.shape)
            view[:] = arrays[name]
    return network
