"""What of a run goes into the page, as JSON: the network, some test images, some epochs."""

import json
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nn import COSTS
from nn.functions import LEAK
from stages.common.files.paths import SNAPSHOTS
from stages.common.images.novelty import (
    FACING_SIDE,
    LITTLE,
    MORE,
    PLACED_SHARE,
    PLACED_SIDE,
    POWER,
    Familiar,
    Gaussians,
    load_familiar,
)
from stages.common.models.model import Model
from stages.common.models.snapshots import load_snapshots
from stages.page.codec import encode_array, encode_images, quantize

if TYPE_CHECKING:
    from stages.page.figures.results import Results

MOST_PARAMETERS = 1_000_000  # a larger network would make the page too heavy: 5 MB
SAMPLE = 500  # test images on which the page measures accuracy
FEWEST, WORK = 100, 200_000_000  # of them, so that measuring takes this many multiplications
MOST_MISREAD = 500
MOST_SNAPSHOTS, SNAPSHOT_BYTES = 16, 280_000  # epochs kept, at one byte for a parameter
FEWEST_SNAPSHOTS = 3
DECIMALS = 4


def is_live(results: "Results") -> bool:
    """Whether the network is small enough to be put into the page."""
    return results.network.parameters.size <= MOST_PARAMETERS


def embed_run(results: "Results", mistakes: int) -> str:
    """The page's data as JSON that may stand inside a script element: no ``<`` in it.

    ``mistakes``: how many of the most confident mistakes the page shows.
    """
    network = results.network
    data = {
        **described(results.model),
        "classes": results.classes,
        "names": results.names.names,
        "noun": results.noun,
        "output": COSTS[network.cost].output.__name__,
        "parameterCount": network.parameters.size,
        "parameters": encode_array(network.parameters) if is_live(results) else None,
        "digits": digits(results, mistakes),
        "snapshots": snapshots(results) if is_live(results) else None,
        "familiar": familiar(results) if is_live(results) else None,
        "history": {name: column.tolist() for name, column in results.history.items()},
        "confusion": results.confusion.tolist(),
    }
    return json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def described(model: Model) -> dict[str, Any]:
    """A model without its weights, as ``stages/page/web/model.js`` unpacks it.

    The scale and the offset of inputs are one number for all, or base64.
    """
    network, preprocessing = model.network, model.preprocessing

    def packed(value: NDArray[np.float32]) -> float | str:
        return encode_array(value) if value.shape else float(value)

    return {
        "sizes": network.sizes,
        "activation": network.activation,
        "cost": network.cost,
        "leak": LEAK,
        "preprocessing": {
            "height": preprocessing.height,
            "width": preprocessing.width,
            "deskew": preprocessing.deskew,
            "edges": preprocessing.edges,
            "scale": packed(preprocessing.scale),
            "offset": packed(preprocessing.offset),
        },
    }


def familiar(results: "Results") -> dict[str, Any] | None:
    """What ``predict`` knows of unfamiliar pictures, as ``web/novelty.js`` takes it; or None."""
    criterion = load_familiar(results.image_shape)
    return None if criterion is None else packed_criterion(criterion)


def packed_criterion(criterion: Familiar) -> dict[str, Any]:
    """A criterion of what is familiar, its arrays in base64."""
    return {
        "facing": packed_gaussians(criterion.facing),
        "placed": packed_gaussians(criterion.placed),
        "placedShare": PLACED_SHARE,
        "power": POWER,
        "deviations": [LITTLE, MORE],
        "sides": [FACING_SIDE, PLACED_SIDE],
        "labels": criterion.labels,
        "judges": criterion.judges,
        "strangest": encode_array(criterion.strangest),
        "bound": criterion.bound,
    }


def packed_gaussians(gaussians: Gaussians) -> dict[str, Any]:
    """Groups of images as Gaussians: how many numbers there are, and these in base64."""
    groups, vectors, cells = gaussians.levels.shape
    packed = {name: encode_array(array) for name, array in vars(gaussians).items()}
    return {"groups": groups, "vectors": vectors, "cells": cells, **packed}


def digits(results: "Results", mistakes: int) -> dict[str, Any]:
    """The first test images, on which accuracy is measured, and misread ones beyond them.

    ``surest`` are the places, among those embedded, of the most confident mistakes.
    """
    sample = sample_size(results)
    misread = results.surest_mistakes[:MOST_MISREAD]
    chosen = np.concatenate([np.arange(sample), np.sort(misread[misread >= sample])])
    places = {int(index): place for place, index in enumerate(chosen)}
    ranked = np.take_along_axis(
        results.outputs[chosen], results.guesses[chosen, np.newaxis], axis=1
    )
    return {
        "sample": sample,
        "code": encode_images(np.asarray(results.images[chosen])),
        "indices": chosen.tolist(),
        "labels": results.labels[chosen].tolist(),
        "guesses": results.guesses[chosen].tolist(),
        "seconds": results.second_guesses[chosen].tolist(),
        "values": ranked[:, 0].round(DECIMALS).tolist(),
        "surest": [places[int(index)] for index in misread[:mistakes]],
    }


def sample_size(results: "Results") -> int:
    """How many test images the page measures accuracy on: fewer for a large network."""
    most = max(FEWEST, min(SAMPLE, WORK // results.network.parameters.size))
    return min(len(results.labels), most)


def snapshots(results: "Results") -> dict[str, Any] | None:
    """The network after some of its epochs, 8 bits a parameter; None if that is too much."""
    network = results.network
    most = min(MOST_SNAPSHOTS, SNAPSHOT_BYTES // network.parameters.size)
    if most < FEWEST_SNAPSHOTS:
        return None
    stored = load_snapshots(SNAPSHOTS, network.parameters.size)
    rows = chosen_epochs(len(stored.epochs) - 1, most)
    packed = [quantize(np.array(stored.parameters[row]), network.sizes) for row in rows]
    return {
        "epochs": stored.epochs[rows].tolist(),
        "levels": encode_array(np.concatenate([levels for levels, _ in packed])),
        "scales": encode_array(np.concatenate([scales for _, scales in packed])),
    }


def chosen_epochs(last: int, most: int) -> list[int]:
    """Rows from 0 to ``last``, at most so many, closer together where learning is fast."""
    shares = np.linspace(0, 1, most)
    return sorted({min(last, max(k, round(last * share**2))) for k, share in enumerate(shares)})
