"""Digits put into pictures as people take them: every kind is a function of one digit and chance.

Ink is a share of darkness, (side, side) float64 from 0 to 1; a picture is what a file would hold.
"""

import io
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.ndimage import binary_dilation, convolve, label, rotate

from stages.common.images.ink import Levels

Ink = NDArray[np.float64]
Kind = Callable[[Levels, np.random.Generator], Image.Image]

SIDE, ENLARGED = 320, 8  # pixels along a picture, and along each pixel of an image
WHITE, BLACK = 255.0, 10.0
SIDES = ("top", "right", "bottom", "left")


def enlarged(digit: Levels, times: int = ENLARGED) -> Ink:
    """A digit of 28 x 28 with so many pixels for each, smooth."""
    size = times * digit.shape[1], times * digit.shape[0]
    large = Image.fromarray(digit).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(large, np.float64) / 255


def placed(ink: Ink, rng: np.random.Generator, side: int = SIDE) -> Ink:
    """Ink somewhere on a larger sheet."""
    sheet = np.zeros((side, side))
    top, left = rng.integers(0, side - np.array(ink.shape) + 1)
    sheet[top : top + ink.shape[0], left : left + ink.shape[1]] = ink
    return sheet


def thinned(shape: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The middle line of a shape, one pixel broad (Zhang and Suen 1984)."""
    shape = np.pad(shape, 1)
    while True:
        before = int(shape.sum())
        for first in (True, False):
            ring = np.stack([np.roll(shape, step, (0, 1)) for step in RING])  # north, clockwise
            count = ring.sum(0)
            turns = (~ring & np.roll(ring, -1, 0)).sum(0)
            north, east, south, west = ring[::2]
            corner = (east & south & (north | west)) if first else (north & west & (east | south))
            shape = shape & ~((count >= 2) & (count <= 6) & (turns == 1) & ~corner)
        if int(shape.sum()) == before:
            return shape[1:-1, 1:-1]


RING = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))


def loops(digit: Levels) -> int:
    """How many holes the shape has whose middle line is drawn: a loop filled with ink is none."""
    _, parts = label(np.pad(enlarged(digit) <= 0.5, 1, constant_values=True))
    return int(parts) - 1


def on_paper(ink: Ink, light: Ink | float = 1.0) -> Image.Image:
    """Dark ink on white paper in some light."""
    return image_of((WHITE + (BLACK - WHITE) * ink) * light)


def image_of(levels: Ink) -> Image.Image:
    """Levels as a picture, rounded and clipped."""
    return Image.fromarray(np.rint(levels.clip(0, 255)).astype(np.uint8))


def clean(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """Black on white, somewhere on the paper."""
    return on_paper(placed(enlarged(digit), rng))


def interrupted(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """A pen that failed: two bands of a pixel and a half of MNIST's without ink."""
    ink = enlarged(digit)
    for place in rng.integers(60, 160, 2):
        band = slice(place, place + 12)
        ink[band if rng.random() < 0.5 else (slice(None), band)] = 0
    return on_paper(placed(ink, rng))


def dotted(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """Nothing but dots, as a needle printer makes them."""
    steps = np.arange(ENLARGED * len(digit)) % 14
    apart = (steps - 6.5) ** 2
    return on_paper(placed(enlarged(digit) * (apart + apart[:, np.newaxis] < 25), rng))


def speck(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """A dot of one to six pixels across near a corner."""
    ink = placed(enlarged(digit), rng)
    radius, place = rng.uniform(0.5, 3), rng.uniform(2, 22, 2)
    y, x = (np.where(rng.random(2) < 0.5, place, SIDE - 1 - place)).tolist()
    rows, columns = np.ogrid[:SIDE, :SIDE]
    ink[(rows - y) ** 2 + (columns - x) ** 2 <= radius**2 + 0.5] = 1
    return on_paper(ink)


def edge_line(*sides: str) -> Kind:
    """A dark line along edges of the picture, as a scanner or a crop leaves it."""

    def kind(digit: Levels, rng: np.random.Generator) -> Image.Image:
        ink, breadth = placed(enlarged(digit), rng), int(rng.integers(1, 5))
        for side in sides:
            np.rot90(ink, SIDES.index(side))[:breadth] = rng.uniform(0.7, 1)
        return on_paper(ink)

    return kind


def ruled(spacing: int, breadth: int, dark: float, *, squared: bool = False) -> Kind:
    """Ruled paper; the lines go on below the ink."""

    def kind(digit: Levels, rng: np.random.Generator) -> Image.Image:
        lines = dark * ((np.arange(SIDE) + rng.integers(spacing)) % spacing < breadth)
        columns = np.roll(lines, rng.integers(spacing)) if squared else np.zeros(SIDE)
        paper = np.maximum(lines[:, np.newaxis], columns)
        return on_paper(np.maximum(placed(enlarged(digit), rng), paper))

    return kind


def second_mark(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """A stroke of another sign on the left, 16 pixels or more away."""
    ink = np.zeros((SIDE, SIDE))
    ink[72:296, 76:300] = enlarged(digit)
    top, length, breadth = rng.integers(60, 200), rng.integers(40, 100), rng.uniform(3, 8)
    rows, columns = np.ogrid[:SIDE, :SIDE]
    middle = 40 + rng.uniform(-0.3, 0.3) * (rows - top - length / 2)
    ink[(abs(rows - top - length / 2) < length / 2) & (abs(columns - middle) < breadth)] = 1
    return on_paper(ink)


def table(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """The paper ends, and a darker table begins, at one side."""
    ink = placed(enlarged(digit), rng)
    breadth, tilt = rng.integers(10, 26), rng.uniform(-0.05, 0.05)
    rows, columns = np.ogrid[:SIDE, :SIDE]
    beyond = np.rot90(rows < breadth + tilt * (columns - SIDE / 2), int(rng.integers(4)))
    ink[beyond] = rng.uniform(0.5, 0.8)
    return on_paper(ink)


def shadow(factor: float, softness: float) -> Kind:
    """A shadow's edge across the digit: so much of the light beyond it, after so many pixels."""

    def kind(digit: Levels, rng: np.random.Generator) -> Image.Image:
        angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(130, 190, 2)
        rows, columns = np.ogrid[:SIDE, :SIDE]
        depth = (rows - place[0]) * np.sin(angle) + (columns - place[1]) * np.cos(angle)
        inside = (depth / softness + 0.5).clip(0, 1)
        return on_paper(placed(enlarged(digit), rng), 1 - (1 - factor) * inside)

    return kind


def vignette(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """Light that falls off to 40 % in the corners, as a lens leaves it."""
    rows, columns = np.ogrid[-1 : 1 : SIDE * 1j, -1 : 1 : SIDE * 1j]
    return on_paper(placed(enlarged(digit), rng), 1 - 0.3 * (rows**2 + columns**2))


def compressed(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """A JPEG file of quality 40."""
    file = io.BytesIO()
    clean(digit, rng).save(file, "jpeg", quality=40)
    return Image.open(file)


def blurred(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """Out of focus: a Gaussian of 6 pixels, a line's breadth being some 20."""
    return clean(digit, rng).filter(ImageFilter.GaussianBlur(6))


def turned(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """Turned by at most 15 degrees."""
    ink = rotate(enlarged(digit), rng.uniform(-15, 15), reshape=False, order=1)
    return on_paper(placed(ink, rng))


def thin_pen(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """A pen of one pixel, as a painting program has it."""
    line = thinned(enlarged(digit, 4) > 0.5)
    return on_paper(placed(line.astype(np.float64), rng, 160))


def ball_pen(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """Thin blue lines on noisy grey paper."""
    line = binary_dilation(thinned(enlarged(digit) > 0.5))
    ink = placed(convolve(line.astype(np.float64), np.full((3, 3), 1 / 9)), rng)[..., np.newaxis]
    paper, blue = np.array([185.0, 182, 175]), np.array([60.0, 70, 140])
    return image_of(paper + (blue - paper) * ink + rng.normal(0, 5, (SIDE, SIDE, 1)))


def inverted(digit: Levels, rng: np.random.Generator) -> Image.Image:
    """White on black, as chalk and many drawing programs have it."""
    return image_of(WHITE * placed(enlarged(digit), rng))


def transparent(colour: int, digit: Levels, rng: np.random.Generator) -> Image.Image:
    """Strokes on a canvas that was never filled."""
    picture = Image.new("L", (SIDE, SIDE), colour)
    picture.putalpha(image_of(WHITE * placed(enlarged(digit), rng)))
    return picture


KINDS: dict[str, Kind] = {
    "clean": clean,
    "interrupted strokes": interrupted,
    "dots": dotted,
    "speck": speck,
    **{f"dark line, {side}": edge_line(side) for side in SIDES},
    "frame": edge_line(*SIDES),
    "faint ruling": ruled(32, 1, 0.15),
    "dark ruling": ruled(32, 2, 0.6),
    "squared paper": ruled(20, 1, 0.3, squared=True),
    "second mark": second_mark,
    "table's edge": table,
    "soft shadow": shadow(0.5, 160),
    "hard shadow, x 0.7": shadow(0.7, 4),
    "hard shadow, x 0.5": shadow(0.5, 4),
    "vignette": vignette,
    "JPEG at 40": compressed,
    "blur": blurred,
    "turned by up to 15 degrees": turned,
    "pen of one pixel": thin_pen,
    "ball-pen on grey paper": ball_pen,
    "white on black": inverted,
    "white on transparent": partial(transparent, 255),
    "black on transparent": partial(transparent, 0),
}
THIN = ("pen of one pixel", "ball-pen on grey paper")
