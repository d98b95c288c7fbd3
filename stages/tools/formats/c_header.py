"""The network as one C header: weights as float arrays, and a function that reads an image."""

import numpy as np
from numpy.typing import NDArray

from nn.functions import LEAK
from stages.common.images.edges import COLUMNS, GAINS
from stages.common.images.preprocess import MOST_SLANT
from stages.common.models.model import Model
from stages.tools.formats import OUTPUTS, rendered

EXPRESSIONS = {  # of a[j], in float
    "sigmoid": "0.5f * tanhf(0.5f * a[j]) + 0.5f",
    "tanh": "tanhf(a[j])",
    "relu": "a[j] > 0.0f ? a[j] : 0.0f",
    "leaky_relu": f"a[j] > 0.0f ? a[j] : {LEAK}f * a[j]",
}


def to_c_header(model: Model) -> bytes:
    """The header, for C99 and C++: see ``network.h.j2``."""
    network, preprocessing = model.network, model.preprocessing
    sizes, layers = network.sizes, len(network.weights)
    output = OUTPUTS[network.cost]
    arrays = {"scale": preprocessing.scale, "offset": preprocessing.offset}
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays |= {f"weights_{layer}": w, f"biases_{layer}": b}
    text = rendered(
        "network.h.j2",
        shape="-".join(str(n) for n in sizes),
        height=preprocessing.height,
        width=preprocessing.width,
        sizes=sizes,
        layers=layers,
        even=max(sizes[:-1:2]),
        odd=max(sizes[1:-1:2], default=0),
        activation=network.activation,
        output=output,
        functions=sorted({output, *([network.activation] if layers > 1 else [])}),
        expressions=EXPRESSIONS,
        deskew=preprocessing.deskew,
        edges=preprocessing.edges,
        gains=GAINS.tolist(),
        columns=COLUMNS,
        most_slant=MOST_SLANT,
        scale_index="k" if preprocessing.scale.shape else "0",
        offset_index="k" if preprocessing.offset.shape else "0",
        arrays=[(name, literals(array)) for name, array in arrays.items()],
    )
    return text.encode()


def literals(array: NDArray[np.floating]) -> list[str]:
    """Numbers as C writes them; nine significant digits give every float32 back."""
    return [f"{value:.8e}f" for value in array.ravel().tolist()]
