"""Pages that need nothing but themselves: one file each, which makes no request."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WEB = Path(__file__).parent / "web"


@dataclass(frozen=True)
class Image:
    """A figure as a page shows it: its words, the PNG without heading, and its size in pixels.

    ``dark`` is the palette of the PNG on dark ground, base64; "" if it has none. A narrow screen
    shows ``fold`` percent of the width at first.
    """

    title: str
    caption: str
    alt: str
    source: str
    width: int
    height: int
    subtitle: str = ""
    dark: str = ""
    fold: int = 56


@dataclass(frozen=True)
class Table:
    """The numbers behind a figure, as texts; the first column names the row."""

    caption: str
    header: list[str]
    rows: list[list[str]]


def image_of(title: str, caption: str, alt: str, png: bytes) -> Image:
    """A figure for a page, of the PNG that ``figures/layout.py`` saved."""
    from stages.page.plates import plate_of

    plate = plate_of(png)
    source, dark = data_url("image/png", plate.png), b64encode(plate.dark).decode()
    size = plate.width, plate.height
    return Image(title, caption, alt, source, *size, plate.subtitle, dark, plate.fold)


def data_url(kind: str, content: bytes) -> str:
    """A file as an address that holds all of it."""
    return f"data:{kind};base64,{b64encode(content).decode()}"


def stylesheet(name: str) -> str:
    """The text of one of our own style sheets."""
    return (WEB / name).read_text(encoding="utf-8")


def render(
    template: str,
    context: Mapping[str, Any],
    *,
    script: str,
    style: str = "",
    data: str = "null",
    blocks: Mapping[str, str] | None = None,
) -> str:
    """A page of a template. Every text is escaped; only its own script and style may run.

    ``style`` comes after the style sheet of all pages; ``data`` is JSON without a ``<``, and
    ``blocks`` are texts of our own for script elements of the template, by name. With a ``worker``
    among them, the page may start it from a blob of its own making.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(WEB),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    blocks = blocks or {}
    style = stylesheet("page.css") + style
    policy = (
        f"default-src 'none'; img-src data:; script-src {_sum_of(script)}; "
        f"style-src {_sum_of(style)}; base-uri 'none'; form-action 'none'"
        + ("; worker-src blob:" if "worker" in blocks else "")
    )
    trusted = {
        "style": Markup(style),  # noqa: S704 - our own file
        "script": Markup(script),  # noqa: S704 - our own files
        "data": Markup(data),  # noqa: S704 - JSON without "<"
        **{name: Markup(text) for name, text in blocks.items()},  # noqa: S704 - our own texts
    }
    return environment.get_template(template).render({**context, **trusted, "policy": policy})


def _sum_of(text: str) -> str:
    """How a policy names a text that may run."""
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
