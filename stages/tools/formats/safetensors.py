"""The network as .safetensors: arrays by name, and what they mean as texts.

Written here, in a few lines, rather than with the package of that name: the package gives the texts
in another order, hence the file other bytes, each time. The tests read the file with it.
"""

import json

import numpy as np

from stages.common.models.model import Model
from stages.tools.formats import metadata

ALIGNMENT = 8  # bytes


def to_safetensors(model: Model) -> bytes:
    """The file: length of the header, header, then the arrays, float32, lowest byte first.

    Arrays are named as in models/network.npz.
    """
    network, preprocessing = model.network, model.preprocessing
    arrays = {
        **{f"weights_{layer}": w for layer, w in enumerate(network.weights)},
        **{f"biases_{layer}": b for layer, b in enumerate(network.biases)},
        "scale": preprocessing.scale,
        "offset": preprocessing.offset,
    }
    header: dict[str, object] = {"__metadata__": metadata(model)}
    chunks: list[bytes] = []
    start = 0
    for name, array in arrays.items():
        chunks.append(np.asarray(array, "<f4").tobytes())
        end = start + len(chunks[-1])
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": (start, end)}
        start = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text + b"".join(chunks)
