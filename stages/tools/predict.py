"""Read pictures of single digits, drawn or photographed, with the trained network.

python -m stages.tools.predict seven.png photo.jpg --figure reports/seen.png
"""

import logging
import mmap
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, cast

import numpy as np
import typer
from numpy.typing import NDArray

from stages.common.files.atomic import StageError, one_line, whole_file
from stages.common.files.paths import NETWORK
from stages.common.images.classes import Classes
from stages.common.images.dataset import load_classes
from stages.common.images.novelty import Familiar, load_familiar
from stages.common.models.model import Model, load_model
from stages.common.runtime.cli import run
from stages.tools.drawing import MOST_PIXELS, Levels, prepare

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL import Image

TOO_LARGE = f"expected at most {MOST_PIXELS:,} pixels"
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # read by Pillow alone
MOST_DRAWN, DPI = 40, 140  # pictures in the figure, dots per inch
MOST_NAMED = 30  # classes: the bars of more are too thin to be named
ROW = 1.6  # inches
STDERR = 2  # its file descriptor, as libraries in C know it

Files = Annotated[
    list[Path] | None,
    typer.Argument(help=f"Pictures of one digit each, of at most {MOST_PIXELS:,} pixels."),
]
Figure = Annotated[
    Path | None, typer.Option(help="A PNG to draw: what was read, and the network's outputs.")
]


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network saw, (height, width) uint8, and its outputs, (classes,)."""

    name: str
    seen: Levels
    outputs: NDArray[np.floating]
    names: Classes
    warning: str = ""  # if the picture looks like nothing the network has seen

    @property
    def ranked(self) -> list[int]:
        """Classes, the brightest output first."""
        return [int(j) for j in np.argsort(-self.outputs, kind="stable")]

    @property
    def line(self) -> str:
        """The first two guesses, each with the brightness of its output."""
        guesses = [f"{self.names[j]} ({self.outputs[j]:.2f})" for j in self.ranked[:2]]
        return f"{self.name}: " + ", then ".join(guesses)


def predict(files: Files = None, figure: Figure = None) -> None:
    """Print the first and second guess for each picture, and how bright their outputs are.

    A picture may be bright on dark or dark on bright, of any size; it is made into an image of
    MNIST's kind first. With data/batches at hand, a picture that looks like no training image is
    warned of. Files that cannot be read are named, one line each, and the others answered;
    the exit code is then 1.
    """
    if not files:
        raise StageError("predict: expected one or more pictures, got none; name their files")
    if figure is not None and figure.suffix.lower() != ".png":
        raise StageError(f"{figure}: expected a name that ends in .png for the figure")
    model = load_model(NETWORK)
    familiar = load_familiar((model.preprocessing.height, model.preprocessing.width))
    every = (answered(model, familiar, path) for path in files)
    answers = [answer for answer in every if answer is not None]
    if figure is not None and answers:
        draw(answers, figure)
    if len(answers) < len(files):
        raise SystemExit(1)


def answered(model: Model, familiar: Familiar | None, path: Path) -> Answer | None:
    """The answer for one file, printed; None if it has none, the reason printed as an error."""
    try:
        answer = read(model, familiar, path)
    except StageError as error:
        print(f"error: {error}", file=sys.stderr)
        return None
    print(answer.line)
    if answer.warning:
        print(f"warning: {answer.name}: {answer.warning}", file=sys.stderr)
    return answer


def read(model: Model, familiar: Familiar | None, path: Path) -> Answer:
    """The network's answer to a picture; raises ``StageError`` if there is none to give."""
    described = model.preprocessing
    image = prepare(grey_levels(path), described.height, described.width)
    if not image.any():
        raise StageError(f"{printable(path)}: expected a digit, found no ink; draw it stronger")
    images = image[np.newaxis]
    seen = described.prepare(images).reshape(image.shape)
    outputs = model.outputs(images)[0]
    warning = familiar.warning(seen) if familiar else ""
    return Answer(printable(path), seen, outputs, load_classes(len(outputs)), warning)


def printable(path: Path) -> str:
    """A file's name as one line, whatever characters it has."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(path))


def grey_levels(path: Path) -> Levels:
    """Grey levels, (height, width), of a picture file: upright, transparent parts white.

    Raises ``StageError`` for what is no picture or one of more than ``MOST_PIXELS``, before its
    pixels are read.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    name = printable(path)
    try:
        _refuse_device(name, path)
        with _silence(), _mapped(path) as file, Image.open(file, formats=FORMATS) as picture:
            _refuse_large(name, picture.width, picture.height)
            return _grey(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError as error:
        raise StageError(f"{name}: {TOO_LARGE}, got far more; make it smaller") from error
    except FileNotFoundError as error:
        raise StageError(f"{name}: no such file") from error
    except UnidentifiedImageError as error:
        raise StageError(f"{name}: expected a picture ({', '.join(FORMATS)})") from error
    except StageError:
        raise
    except Exception as error:  # decoders of broken files fail in every way there is
        reason = one_line(str(error).replace(str(path), name)) or type(error).__name__
        raise StageError(f"{name}: expected a picture ({', '.join(FORMATS)}): {reason}") from error


@contextmanager
def _silence() -> Iterator[None]:
    """Keep what decoders say to themselves: Pillow warns and logs, libtiff writes to stderr."""
    shown, level = os.dup(STDERR), logging.getLogger("PIL").level
    with warnings.catch_warnings(), open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        warnings.simplefilter("ignore")
        logging.getLogger("PIL").setLevel(logging.CRITICAL + 1)
        os.dup2(nowhere.fileno(), STDERR)
        try:
            yield
        finally:
            os.dup2(shown, STDERR)
            os.close(shown)
            logging.getLogger("PIL").setLevel(level)


@contextmanager
def _mapped(path: Path) -> Iterator[IO[bytes]]:
    """A file in memory: it gives no more than it has, and an open one takes room for all asked."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        yield cast("IO[bytes]", content)


def _refuse_device(name: str, path: Path) -> None:
    if path.exists() and not path.is_file():
        raise StageError(f"{name}: expected a file")  # a pipe would be waited for


def _refuse_large(name: str, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise StageError(f"{name}: {TOO_LARGE}, got {width:,} x {height:,}; make it smaller")


def _grey(picture: "Image.Image") -> Levels:
    from PIL import Image

    if picture.mode.startswith("I"):  # 16 bits
        deep = np.asarray(picture).clip(0, 65535)
        np.right_shift(deep, 8, out=deep)
        return np.asarray(deep, np.uint8)
    if picture.has_transparency_data:
        colours = picture.convert("RGBA")
        picture = Image.new("RGB", colours.size, "white")
        picture.paste(colours, mask=colours)
    return np.asarray(picture.convert("RGB").convert("L"))


def draw(answers: list[Answer], path: Path) -> None:
    """Draw each picture as it was prepared, and how bright the outputs are."""
    from stages.page.figures.layout import MARGIN, WIDTH, Sheet, save, styled
    from stages.page.figures.text import plural

    drawn = answers[:MOST_DRAWN]
    title = "The network reads " + ", ".join(answer.names[answer.ranked[0]] for answer in drawn)
    beyond = len(answers) - len(drawn)
    rest = f" {plural(beyond, 'more picture')} are not drawn." if beyond else ""
    with styled():
        sheet = Sheet(
            title,
            "Left: what it reads. Right: how bright its outputs are, the brightest in blue." + rest,
            ROW * len(drawn) + 0.15,
        )
        for row, answer in enumerate(drawn):
            height = ROW - 0.45
            _draw_seen(sheet.panel(MARGIN, row * ROW + 0.25, height, height), answer)
            left = MARGIN + height + 0.4
            _draw_outputs(
                sheet.panel(left, row * ROW + 0.25, WIDTH - MARGIN - left, height), answer
            )
        with whole_file(path) as partial:
            save(sheet.figure, partial, DPI)


def _draw_seen(axes: "Axes", answer: Answer) -> None:
    from stages.page.figures.layout import GLOW

    axes.imshow(answer.seen, cmap=GLOW, vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()


def _draw_outputs(axes: "Axes", answer: Answer) -> None:
    from stages.page.figures.layout import BLUE, INK, MUTED

    classes = range(len(answer.outputs))
    colors = [BLUE if j == answer.ranked[0] else MUTED for j in classes]
    axes.bar(classes, answer.outputs, color=colors)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 1])
    named = classes if len(classes) <= MOST_NAMED else [answer.ranked[0]]
    axes.set_xticks(named, [answer.names.brief(j) for j in named])
    unfamiliar = " (looks like nothing it has seen)" if answer.warning else ""
    axes.set_title(answer.line + unfamiliar, loc="left", size=9, color=INK)


if __name__ == "__main__":
    run(predict, writes=False)
