"""The network as one ES module that imports nothing: the page's own mathematics, and weights."""

import json

from stages.common.models.model import Model
from stages.page.bundle import bundle
from stages.page.codec import encode_array
from stages.page.embed import described

HEAD = """\
// A trained network, {shape}, as one ES module, for browsers and for Node.
//
//   import {{ read, guesses, prepare }} from "./network.mjs";
//
// read(pixels): the outputs, a Float32Array of {outputs}, for {height} x {width} grey levels, row
// by row: 0 is background, 255 is ink. Throws an Error if there are more or fewer.
// guesses(outputs): the classes, the largest output first.
// prepare({{ height, width, levels }}, {height}, {width}): such grey levels from those of a drawing
// or a photo, of any size, dark on bright or bright on dark.

"""
TAIL = """
const {{ guesses }} = network_js;
const {{ prepare }} = prepare_js;
const read = export_js.makeReader({packed});

export {{ guesses, prepare, read }};
"""


def to_javascript(model: Model) -> bytes:
    """The module: ``page/web/export.js`` and all that it imports, and the model in base64."""
    network, preprocessing = model.network, model.preprocessing
    packed = {**described(model), "parameters": encode_array(network.parameters)}
    head = HEAD.format(
        shape="-".join(str(n) for n in network.sizes),
        outputs=network.sizes[-1],
        height=preprocessing.height,
        width=preprocessing.width,
    )
    tail = TAIL.format(packed=json.dumps(packed, separators=(",", ":"), allow_nan=False))
    return (head + bundle("export.js") + tail).encode()
