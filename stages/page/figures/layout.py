"""One style for all figures: a white sheet, measured in inches, that is headed by its finding."""

import json
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, same_color
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

INK, MUTED, FAINT = "#18202a", "#5a6675", "#dde2e9"
BLUE, ORANGE, NIGHT = "#1d5fa8", "#c9561a", "#0d1520"  # blue and orange differ to every eye

# Brightness, as the lectures draw it: 0 is dark, 1 is white.
GLOW = LinearSegmentedColormap.from_list("glow", [NIGHT, "#4a5a70", "#ffffff"])
# Negative weights are orange, positive ones blue, zero is white.
PULL = LinearSegmentedColormap.from_list(
    "pull", ["#6b2405", "#c9561a", "#f3b58c", "#ffffff", "#93bfe4", "#1d5fa8", "#0a2a55"]
)
ERRORS = LinearSegmentedColormap.from_list("errors", ["#ffffff", "#fbd3b3", "#e98a4a", "#a83c0a"])

LIGHT, SOFT, SKY, RING = "#ffffff", "#9fb0c3", "#6fb4f5", "#f2a257"  # the same on dark ground

WIDTH, MARGIN = 8.4, 0.32  # inches
TITLE_CHARACTERS, SUBTITLE_CHARACTERS = 9.4, 13.8  # to an inch
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": "#9aa5b3",
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "xtick.color": "#9aa5b3",
    "ytick.color": "#9aa5b3",
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "ytick.minor.size": 0,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
}


@dataclass(frozen=True)
class Picture:
    """A drawn figure with its words: the finding, what to see, and what stands in for it."""

    name: str
    title: str
    caption: str
    alt: str
    figure: Figure


def wrap(text: str, most: float) -> list[str]:
    """Lines of at most so many characters, as few as possible and about equally long."""
    lines = textwrap.wrap(text, int(most))
    even = [
        textwrap.wrap(text, width) for width in range(len(text) // max(1, len(lines)), int(most))
    ]
    return next((other for other in even if len(other) == len(lines)), lines)


class SheetFigure(Figure):
    """A figure that knows its heading: how high it is, in inches, and what it says below it."""

    heading = 0.0
    subtitle = ""


class Sheet:
    """A figure with a heading; panels are placed in inches from the corner below the heading."""

    def __init__(
        self,
        title: str,
        subtitle: str,
        height: float,
        width: float = WIDTH,
        *,
        dark: bool = False,
    ) -> None:
        """Head a sheet whose body is ``height`` inches high."""
        lines = wrap(title, (width - 2 * MARGIN) * TITLE_CHARACTERS)
        below = wrap(subtitle, (width - 2 * MARGIN) * SUBTITLE_CHARACTERS)
        self.heading = 0.3 + 0.24 * len(lines) + 0.185 * len(below) + 0.1 * bool(below)
        self.width, self.height = width, self.heading + height
        self.figure = SheetFigure((self.width, self.height), facecolor=NIGHT if dark else "white")
        self.figure.heading, self.figure.subtitle = self.heading, subtitle
        ink, muted = (LIGHT, SOFT) if dark else (INK, MUTED)
        y = 0.22
        for text, size, weight, color, step in (
            *((line, 13, "bold", ink, 0.24) for line in lines),
            *((line, 9.5, "normal", muted, 0.185) for line in below),
        ):
            self.figure.text(
                MARGIN / self.width,
                1 - y / self.height,
                text,
                size=size,
                weight=weight,
                color=color,
                va="top",
            )
            y += step + (0.06 if text == lines[-1] else 0)

    def panel(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes at this place of the body, all in inches."""
        bottom = self.height - self.heading - top - height
        return self.figure.add_axes(
            (left / self.width, bottom / self.height, width / self.width, height / self.height)
        )

    def canvas(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes without frame or ticks whose coordinates are inches from their top left corner."""
        axes = self.panel(left, top, width, height)
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.set_axis_off()
        return axes


@contextmanager
def styled() -> Iterator[None]:
    """Draw in this style, whatever a user has set for Matplotlib."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def save(figure: Figure, path: Path, dpi: int) -> None:
    """Write a PNG of at most 256 colours: the same to the eye, a third of the bytes.

    The same figure gives the same bytes.
    """
    drawn = BytesIO()
    figure.savefig(drawn, dpi=dpi, format="png")
    with Image.open(drawn) as image:
        colours = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    notes = PngInfo()
    notes.add_text("layout", json.dumps(layout_of(figure, dpi)))
    colours.save(path, format="png", optimize=True, pnginfo=notes)


def layout_of(figure: Figure, dpi: int) -> dict[str, Any]:
    """What a page must know of a figure: its heading's height, subtitle, and where it is dark.

    All in pixels; a dark part is its left, top, right and bottom.
    """
    if not isinstance(figure, SheetFigure):
        return {}
    scale, height = dpi / figure.dpi, figure.bbox.height

    def corners(artist: Artist) -> list[int]:
        box = artist.get_window_extent()
        sides = (box.x0, height - box.y1, box.x1, height - box.y0)
        return [round(side * scale) for side in sides]

    dark = [artist for artist in figure.findobj(is_dark) if artist.get_visible()]
    heading = 0 if is_dark(figure.patch) else round(figure.heading * dpi)
    return {"heading": heading, "subtitle": figure.subtitle, "night": [*map(corners, dark)]}


def is_dark(artist: Artist) -> bool:
    """Whether an artist is ground on which bright means much: of activations, or of an image."""
    if isinstance(artist, AxesImage):
        return artist.get_cmap().name == GLOW.name
    return isinstance(artist, Patch) and same_color(artist.get_facecolor(), NIGHT)
