"""The trained network in forms that other programs read; ``stages.tools.export`` writes them."""

from pathlib import Path
from typing import Any

from nn import COSTS
from stages.common.models.model import Model

OUTPUTS = {name: cost.output.__name__ for name, cost in COSTS.items()}  # the last layer's, by cost


def metadata(model: Model) -> dict[str, str]:
    """What a program must know beside the weights, in words, by name."""
    network, preprocessing = model.network, model.preprocessing
    return {
        "sizes": "-".join(str(n) for n in network.sizes),
        "activation": network.activation,
        "output": OUTPUTS[network.cost],
        "cost": network.cost,
        "input": f"{preprocessing.height} x {preprocessing.width} grey levels, uint8, row by row: "
        "0 is background, 255 is ink",
        "deskew": "true" if preprocessing.deskew else "false",
        "edges": "true" if preprocessing.edges else "false",
        "edges_are": "eight maps, two rows of four, as edges_of in stages/common/images/edges.py "
        "makes them and rounded; (H, W) by its mosaic_shape",
        "scaling": "scale * level + offset, after deskewing and looking for edges",
    }


def rendered(template: str, **values: Any) -> str:
    """A template of this folder, filled in."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(),  # of HTML, which none of them is
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(**values)
