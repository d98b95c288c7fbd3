"""A figure as a page shows it: without its heading, which the page says in words, light or dark.

A PNG of few colours names them in a palette. A dark one is the same picture with another palette,
so that a page holds both for the size of one; ``stages/page/web/plates.js`` puts it in. Every
colour goes to its counterpart on dark ground, by one affine map, but where a figure is dark
already: what is bright there means a large activation, or ink.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

MOST_COLOURS = 256  # of a PNG's palette
TRIED = (224, 176, 128)  # colours of a picture, so that there are at most 256 with their dark twins

# Colours of figures, and what they are on the page's dark ground (stages/page/web/page.css).
TWINS = {
    "#ffffff": "#18212c",
    "#18202a": "#e6eaf0",
    "#5a6675": "#a3afbf",
    "#9aa5b3": "#6d7b8c",
    "#dde2e9": "#2f3b49",
    "#1d5fa8": "#7db8f2",
    "#c9561a": "#f2a257",
    "#93bfe4": "#3d678f",
    "#f3b58c": "#8a5a35",
    "#0a2a55": "#cfe6ff",
    "#6b2405": "#ffd9b8",
}
RIM, CORNER, DARK = 2, 10, 128  # pixels beside an edge, at a corner; a grey level
FIRM = 30.0  # weight of the ground's twin: it must be the page's own
FOLDS = range(44, 64, 2)  # percent of the width where a narrow screen may cut a figure at first
USUAL = 56  # ... if nothing speaks for another place
INKED, BESIDE = 60, 4  # grey levels from the ground; pixels to either side that should be free, too


@dataclass(frozen=True)
class Plate:
    """A PNG without heading, its palette on dark ground, its size in pixels; its subtitle.

    ``fold`` is the percentage of its width that a narrow screen shows at first.
    """

    png: bytes
    dark: bytes
    width: int
    height: int
    subtitle: str
    fold: int


def plate_of(png: bytes) -> Plate:
    """A figure, saved by ``stages/page/figures/layout.py``, for a page."""
    with Pillow.open(BytesIO(png)) as picture:
        notes: dict[str, Any] = json.loads(str(picture.info.get("layout", "{}")))
        whole = picture.convert("RGB")
    top = notes.get("heading", 0)
    body = whole.crop((0, top, whole.width, whole.height))
    levels = np.asarray(body.convert("L"))
    night = night_of(levels, top, notes.get("night", []))
    places, light, dark = paired(body, night)
    paletted = Pillow.fromarray(places, mode="P")
    paletted.putpalette(light.tobytes())
    file = BytesIO()
    paletted.save(file, format="png", optimize=True)
    subtitle = notes.get("subtitle", "")
    fold = fold_of(levels)
    return Plate(file.getvalue(), dark.tobytes(), body.width, body.height, subtitle, fold)


def fold_of(levels: NDArray[np.uint8]) -> int:
    """Where a body, (height, width) grey levels, is cut with the least ink: between its panels.

    A title or a number in the middle of such a cut would be read wrongly, or not at all.
    """
    ground = np.bincount(levels.ravel()).argmax()
    ink = (np.abs(levels.astype(int) - ground) > INKED).sum(axis=0)

    def cut(percent: int) -> tuple[int, int]:
        column = levels.shape[1] * percent // 100
        return ink[max(0, column - BESIDE) : column + BESIDE + 1].sum(), abs(percent - USUAL)

    return min(FOLDS, key=cut)


def night_of(
    levels: NDArray[np.uint8], top: int, boxes: Sequence[Sequence[int]]
) -> NDArray[np.bool_]:
    """Which pixels of a body, (height, width) grey levels, are on dark ground already.

    ``boxes`` are in pixels of the whole figure, whose body begins ``top`` pixels further down.
    Along their rims and at their corners, which may be rounded, a pixel is if it is dark itself.
    """
    night = np.zeros(levels.shape, bool)
    for left, upper, right, lower in boxes:
        rows = slice(max(0, upper - top - RIM), max(0, lower - top + RIM))
        columns = slice(max(0, left - RIM), max(0, right + RIM))
        part = levels[rows, columns]
        y, x = (np.minimum(np.arange(n), n - 1 - np.arange(n)) for n in part.shape)
        rim = np.minimum(y[:, np.newaxis], x) < 2 * RIM
        corner = np.maximum(y[:, np.newaxis], x) < CORNER
        night[rows, columns] |= ~(rim | corner) | (part < DARK)
    return night


def paired(
    picture: Pillow.Image, night: NDArray[np.bool_]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Places in a palette, (height, width), and the palettes on light and dark ground, (n, 3)."""
    for colours in TRIED:
        few = picture.quantize(colours, dither=Pillow.Dither.NONE)
        named = np.asarray(few).astype(np.int64) * 2 + night
        kept, places = np.unique(named, return_inverse=True)
        if len(kept) <= MOST_COLOURS:
            break
    palette = np.array(few.getpalette(), np.uint8).reshape(-1, 3)
    light = palette[kept // 2]
    dark = np.where((kept % 2 == 1)[:, np.newaxis], light, on_dark(light)).astype(np.uint8)
    return places.reshape(night.shape).astype(np.uint8), light, dark


def on_dark(colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Colours, (n, 3), as they are on dark ground."""
    mapped = np.column_stack([colours, np.full(len(colours), 255)]) @ affine_map()
    return np.rint(mapped).clip(0, 255).astype(np.uint8)


@cache
def affine_map() -> NDArray[np.float64]:
    """The map (4, 3) of red, green, blue and 255 that brings ``TWINS`` closest to one another."""
    light, dark = (
        np.array([[int(text[k : k + 2], 16) for k in (1, 3, 5)] for text in texts], float)
        for texts in (TWINS.keys(), TWINS.values())
    )
    weights = np.where(light.min(axis=1) == 255, FIRM, 1.0)[:, np.newaxis]
    given = np.column_stack([light, np.full(len(light), 255.0)])
    return np.asarray(np.linalg.lstsq(given * weights, dark * weights, rcond=None)[0])
