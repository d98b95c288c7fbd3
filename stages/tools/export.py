"""Take the trained network along: ONNX, safetensors, JavaScript, C, and a model card.

python -m stages.tools.export
python -m stages.tools.export c javascript --folder firmware
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from stages.common.files.atomic import StageError, whole_file
from stages.common.files.paths import NETWORK
from stages.common.models.model import Model, load_model
from stages.common.runtime.cli import run
from stages.tools.formats.c_header import to_c_header
from stages.tools.formats.card import to_card
from stages.tools.formats.javascript import to_javascript
from stages.tools.formats.onnx import to_onnx
from stages.tools.formats.safetensors import to_safetensors

CARD = "MODEL_CARD.md"
FORMATS: dict[str, tuple[str, Callable[[Model], bytes]]] = {
    "onnx": ("network.onnx", to_onnx),
    "safetensors": ("network.safetensors", to_safetensors),
    "javascript": ("network.mjs", to_javascript),
    "c": ("network.h", to_c_header),
}


def export(
    formats: Annotated[
        list[str] | None,
        typer.Argument(help=f"What to write, of {', '.join(FORMATS)}; all that it can if none."),
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where to write it.")] = Path("exports"),
) -> None:
    """Write models/network.npz in other formats, and a model card made from the run's reports.

    ONNX needs the package onnx (pip install --group onnx): without it, it is left out unless it is
    named. Nothing else needs anything.
    """
    chosen = list(dict.fromkeys(formats or FORMATS))
    if not formats and find_spec("onnx") is None:
        chosen.remove("onnx")
        print("ONNX is left out: the package onnx is not installed; pip install --group onnx")
    for name in chosen:
        if name not in FORMATS:
            raise StageError(f"export: expected one of {', '.join(FORMATS)}, got {name!r}")
    model = load_model(NETWORK)
    files = {FORMATS[name][0]: FORMATS[name][1](model) for name in chosen}
    files[CARD] = to_card(NETWORK, files)  # last: it names the others' sums
    for name, content in files.items():
        with whole_file(folder / name) as partial:
            partial.write_bytes(content)
        print(f"{folder / name}: {len(content):,} bytes")


if __name__ == "__main__":
    run(export)
