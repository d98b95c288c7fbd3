"""Picture files as grey levels, whatever they hold: modes, depths, transparency, several frames.

Pillow reads the file; what it does not decide is decided here.
"""

import logging
import mmap
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from stages.common.files.atomic import StageError, one_line
from stages.common.images.ink import FAINTEST, Levels

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 64_000_000  # of a picture: a larger one is refused
TOO_LARGE = f"expected at most {MOST_PIXELS:,} pixels"
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # read by Pillow alone
WHITEST = (1, 255, 4095, 65535)  # white of masks and shares, of 8, 12 and 16 bits
STDERR = 2  # its file descriptor, as libraries in C know it


@dataclass(frozen=True, eq=False)
class Picture:
    """Grey levels, (height, width), upright, and how many pages or frames the file has."""

    levels: Levels
    frames: int


def printable(path: Path) -> str:
    """A file's name as one line, whatever characters it has."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(path))


def read_picture(path: Path) -> Picture:
    """The first page or frame of a picture file.

    Raises ``StageError`` for what is no picture or one of more than ``MOST_PIXELS``, before its
    pixels are read.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    name = printable(path)
    try:
        _refuse_what_is_no_file(name, path)
        with _silence(), _mapped(path) as file, Image.open(file, formats=FORMATS) as picture:
            _refuse_large(name, picture.width, picture.height)
            frames = int(getattr(picture, "n_frames", 1))
            return Picture(grey_of(ImageOps.exif_transpose(picture)), frames)
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


def _refuse_what_is_no_file(name: str, path: Path) -> None:
    if path.exists() and not path.is_file():
        raise StageError(f"{name}: expected a file")  # a pipe would be waited for
    if path.exists() and not path.stat().st_size:
        raise StageError(f"{name}: expected a picture, got an empty file")


def _refuse_large(name: str, width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise StageError(f"{name}: {TOO_LARGE}, got {width:,} x {height:,}; make it smaller")


def grey_of(picture: "Image.Image") -> Levels:
    """Grey levels of a picture of any mode; what is transparent is paper.

    Raises ``ValueError`` if its levels have no known range.
    """
    if picture.mode.startswith(("I", "F")):
        return _of_eight_bits(np.asarray(picture))
    if not picture.has_transparency_data:
        return np.asarray(picture.convert("RGB").convert("L"))
    white = _on_paper(picture, "white")
    return white if int(white.min()) <= 255 - FAINTEST else _on_paper(picture, "black")


def _on_paper(picture: "Image.Image", paper: str) -> Levels:
    from PIL import Image

    colours = picture.convert("RGBA")
    whole = Image.new("RGB", colours.size, paper)
    whole.paste(colours, mask=colours)
    return np.asarray(whole.convert("L"))


def _of_eight_bits(deep: NDArray[Any]) -> Levels:
    """Levels of 16 or 32 bits or floats as 0 to 255: white is the least of the usual ones."""
    least, most = float(deep.min()), float(deep.max())
    white = next((one for one in WHITEST if most <= one), None)
    if white is None or not least >= 0:
        ranges = ", ".join(map(str, WHITEST))
        raise ValueError(
            f"levels from 0 to one of {ranges}, got {deep.dtype}, {least:g} to {most:g}"
        )
    return np.floor(deep * (255 / white) + 0.5).astype(np.uint8)
