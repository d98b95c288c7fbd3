"""The readers of hostile bytes: one function each, as ``contract`` says what it must hold."""

import io
import logging
import tempfile
import warnings
from base64 import b64encode
from collections.abc import Callable
from contextlib import chdir, suppress
from functools import cache, partial
from itertools import chain
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from nn import Network
from stages.claims.chapters import small_table
from stages.common.files.arrays import load_arrays, load_labelled, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.tables import read_table
from stages.common.images.drawing import LONGEST_SIDE, prepare, rasterize
from stages.common.images.idx import read_idx, write_idx
from stages.common.images.pictures import MOST_PIXELS, read_picture
from stages.common.images.preprocess import Preprocessing, unit_scaling
from stages.common.images.wanted import CHUNK
from stages.common.models.model import Model, load_model, save_model
from stages.page.codec import decode_images, encode_images
from stages.page.figures.results import Results, load_results
from tests.fuzz import forms
from tests.fuzz.contract import MB, Target, a_file, require
from tests.fuzz.sources import archive, archive_seeds, download, download_seeds, http, http_seeds
from tests.stages.test_report import Shape, write_run

COLUMNS = ("network", "step", "accuracy")
EXTREMES = np.array([0, 255], np.uint8)


# --- IDX -----------------------------------------------------------------------------------------


def idx(content: bytes) -> None:
    """The images of an IDX file, or its labels; either is written back as the same bytes."""
    with a_file(content) as path:
        array = read_idx(path, 1 if content[3:4] == b"\1" else 3)
        file = io.BytesIO()
        write_idx(file, array)
    require(file.getvalue() == content, "an IDX file is not written as it was read")


def idx_seeds() -> list[bytes]:
    arrays = (np.arange(30, dtype=np.uint8).reshape(2, 3, 5), np.arange(7, dtype=np.uint8))
    files = [io.BytesIO() for _ in arrays]
    for file, array in zip(files, arrays, strict=True):
        write_idx(file, array)
    return [file.getvalue() for file in files]


# --- Arrays --------------------------------------------------------------------------------------


def arrays(content: bytes) -> None:
    """Any archive of plain arrays; they come back as they were read."""
    with a_file(content) as path:
        read = load_arrays(path)
        save_arrays(path, read)
        again = load_arrays(path)
    require([*read] == [*again], "an array is missing")
    same = (
        a.dtype == again[k].dtype and a.tobytes() == again[k].tobytes() for k, a in read.items()
    )
    require(all(same), "an array has changed")


def model(content: bytes) -> None:
    """A network's file: its outputs are finite, for any image, and it comes back as it was."""
    with a_file(content, "network.npz") as path:
        read = load_model(path)
        save_model(path, read)
        again = load_model(path)
    height, width = read.preprocessing.height, read.preprocessing.width
    images = np.zeros((4, height, width), np.uint8) + EXTREMES.repeat(2)[:, None, None]
    images[1:3, ::2, ::3] = EXTREMES[::-1, None, None]
    outputs = read.outputs(images)
    require(outputs.shape == (4, read.network.sizes[-1]), "outputs of another shape")
    require(np.isfinite(outputs).all(), "outputs that are not finite")
    require(0 <= read.read(images[0]) < outputs.shape[1], "a class that there is not")
    require(again.outputs(images).tobytes() == outputs.tobytes(), "the model has changed")


def model_seeds() -> list[bytes]:
    rng = np.random.default_rng(0)
    models = [
        Model(
            Network.random((20, *hidden, 2), activation, cost, rng=rng),
            Preprocessing(5, 4, bool(hidden), False, *unit_scaling()),
        )
        for hidden, activation, cost in (
            ((), "sigmoid", "quadratic"),
            ((3, 2), "relu", "cross_entropy"),
        )
    ]
    return [_written(partial(save_model, model=each)) for each in models]


def preprocessing(content: bytes) -> None:
    """A description of preprocessing; it comes back as it was."""
    with a_file(content) as path:
        read = Preprocessing.load(path).arrays()
        save_arrays(path, read)
        again = Preprocessing.load(path).arrays()
    require(all(np.array_equal(again[name], read[name]) for name in read), "it has changed")


def preprocessing_seeds() -> list[bytes]:
    ones = np.ones(6, np.float32)
    described = (
        Preprocessing(5, 4, True, False, *unit_scaling()),
        Preprocessing(2, 3, False, False, ones, -ones),
        Preprocessing(3, 3, False, True, *unit_scaling()),
    )
    return [_written(partial(save_arrays, arrays=each.arrays())) for each in described]


def labelled(content: bytes) -> None:
    """Images and labels as .npy, one file after the other; as many of both, and all readable."""
    images, _, labels = content.partition(b"<>")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "images.npy").write_bytes(images)
        (folder / "labels.npy").write_bytes(labels)
        read = load_labelled(folder)
        require(len(read[0]) == len(read[1]) > 0, "not as many images as labels")
        require(read[0].tobytes() == images[-read[0].size :], "images have changed")


def labelled_seeds() -> list[bytes]:
    files = [io.BytesIO(), io.BytesIO()]
    np.save(files[0], np.arange(12, dtype=np.uint8).reshape(3, 4))
    np.save(files[1], np.arange(3, dtype=np.uint8))
    return [b"<>".join(file.getvalue() for file in files)]


def codec(content: bytes) -> None:
    """A page's images, as their code; what is accepted is packed and unpacked again."""
    try:
        levels = decode_images(b64encode(content).decode(), 100)
    except ValueError as error:
        raise StageError(str(error)) from error  # its documented error
    again = decode_images(encode_images(levels), 100)
    require(again.tobytes() == levels.tobytes(), "grey levels have changed")


def codec_seeds() -> list[bytes]:
    return [b"\0\x14" + bytes(range(1, 61)) + b"\0\x14", b"\0\x64"]


# --- Tables and a run's files --------------------------------------------------------------------


def table(content: bytes) -> None:
    """A table of a claim, as its figure and as the page read it."""
    with a_file(content, "claim.csv") as path:
        with mock.patch("stages.common.files.paths.CLAIM_DATA", path.parent):
            shown = small_table("claim")
        read = read_table(path, COLUMNS, texts=("network",))
    require({len(column) for column in read.values()} == {len(read["step"])}, "ragged columns")
    require(read["step"].dtype == np.float64, "a column of another type")
    require(shown is None or len(shown.rows) == len(read["step"]), "rows are missing")


def table_seeds() -> list[bytes]:
    return [
        b"network,step,accuracy\n784-16-10,1,0.25\n784-16-10,2,0.5\n",
        b'network,step,accuracy\n"a, b",1e-3,-7\n',
    ]


@cache
def _run() -> tempfile.TemporaryDirectory[str]:
    """A small run of 60 images that the report can read."""
    folder = tempfile.TemporaryDirectory()
    write_run(Path(folder.name), Shape(classes=3, height=3, width=2))
    return folder


def _of_a_run(name: str) -> Target:
    """One file of a run, read with all the others that belong to it."""

    def read(content: bytes) -> None:
        path = Path(_run().name, name)
        valid = path.read_bytes()
        try:
            path.write_bytes(content)
            with chdir(_run().name):
                results = load_results()
            _require_sound(results)
        finally:
            path.write_bytes(valid)

    def seeds() -> list[bytes]:
        return [Path(_run().name, name).read_bytes()]

    form = forms.WHOLE if name.endswith(".npy") else forms.FIELDS
    return Target(read, seeds, form, factor=100)


def _require_sound(results: Results) -> None:
    k, n = results.classes, len(results.images)
    for classes in (results.labels, results.guesses, results.second_guesses):
        require(((classes >= 0) & (classes < k)).all(), "a class that there is not")
        require(len(classes) == n, "images are missing")
    require(np.isfinite(results.outputs).all(), "an output that is not finite")
    brightest = results.outputs[np.arange(n), results.guesses]
    require((brightest == results.brightness).all(), "a guess that is not the brightest output")
    require(
        all(np.isfinite(c).all() for c in results.history.values()), "a cost that is not finite"
    )
    require((results.confusion >= 0).all(), "fewer than no images")
    require(results.confusion.sum() == n, "images that were not counted")
    scores = results.scores.values()
    numbers = [results.metrics["accuracy"], results.metrics["cost"], *chain(*scores)]
    require(np.isfinite(numbers).all(), "a score that is not finite")


# --- Pictures ------------------------------------------------------------------------------------


def picture(content: bytes) -> None:
    """A picture given to ``predict``: an image of MNIST's kind, or of another field."""
    with a_file(content, "picture.png") as path:
        levels = read_picture(path).levels
    for height, width in ((28, 28), (3, 40)):
        image = prepare(levels, height, width)
        require(image.shape == (height, width), "an image of another shape")
        require(image.dtype == np.uint8, "an image of another type")


def picture_size(content: bytes) -> int:
    """How much a picture says it holds: its pixels, the first million seven times as dear."""
    pixels = 0
    logging.disable()
    with suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(io.BytesIO(content)) as opened:
            pixels = opened.width * opened.height
    logging.disable(logging.NOTSET)
    return len(content) + min(pixels, MOST_PIXELS) + 6 * min(pixels, LONGEST_SIDE**2)


@cache
def _pictures() -> dict[str, bytes]:
    strokes = [[[0.3, 0.2], [0.7, 0.2], [0.4, 0.8]]]
    drawn = Image.fromarray(rasterize(strokes, 24, 0.1))
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds: list[tuple[str, str, dict[str, Any]]] = [
        ("png", "L", {}), ("png", "RGBA", {}), ("png", "P", {}), ("png", "I;16", {}),
        ("png", "1", {}), ("png", "L", {"save_all": True, "append_images": [drawn.rotate(90)]}),
        ("gif", "P", {}), ("gif", "L", {"save_all": True, "append_images": [drawn.rotate(90)]}),
        ("bmp", "RGB", {}), ("bmp", "1", {}), ("jpeg", "L", {"exif": exif}), ("jpeg", "CMYK", {}),
        ("tiff", "L", {}), ("tiff", "F", {}), ("tiff", "RGB", {"compression": "tiff_lzw"}),
        ("tiff", "LAB", {}), ("tiff", "1", {"compression": "group4"}), ("tiff", "I;16", {}),
        ("webp", "RGB", {}), ("webp", "RGBA", {"lossless": True}),
        ("ppm", "RGB", {}), ("ppm", "1", {}),
    ]  # fmt: skip
    pictures = {}
    for number, (suffix, mode, options) in enumerate(kinds):
        file = io.BytesIO()
        converted = drawn.convert("RGB").convert(mode) if mode == "LAB" else drawn.convert(mode)
        converted.save(file, suffix, **options)
        pictures[f"{number}.{suffix}"] = file.getvalue()
    return pictures


def png_seeds() -> list[bytes]:
    return [content for name, content in _pictures().items() if name.endswith("png")]


def picture_seeds() -> list[bytes]:
    text = [b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>", b"<html>no</html>"]
    return [content for name, content in _pictures().items() if not name.endswith("png")] + text


def _written(write: Callable[[Path], None]) -> bytes:
    with a_file(b"") as path:
        write(path)
        return path.read_bytes()


RUN = ("history.csv", "predictions.csv", "confusion.csv", "calibration.csv", "metrics.json")
TARGETS = {
    "idx": Target(idx, idx_seeds, forms.WHOLE, 0.2 * MB, 3),
    "model": Target(model, model_seeds, forms.ZIP),
    "arrays": Target(arrays, model_seeds, forms.ZIP),
    "preprocessing": Target(preprocessing, preprocessing_seeds, forms.ZIP),
    "labelled": Target(labelled, labelled_seeds, forms.WHOLE),
    "codec": Target(codec, codec_seeds, forms.WHOLE, 0.1 * MB, 60),
    "table": Target(table, table_seeds, forms.FIELDS, factor=100),
    **{name.partition(".")[0]: _of_a_run(f"reports/{name}") for name in RUN},
    "epochs": _of_a_run("models/snapshots/epochs.npy"),
    "snapshots": _of_a_run("models/snapshots/parameters.npy"),
    "png": Target(picture, png_seeds, forms.PNG, 4 * MB, size=picture_size),
    "picture": Target(picture, picture_seeds, forms.WHOLE, 4 * MB, size=picture_size),
    "download": Target(download, download_seeds, forms.GZIP, 4 * CHUNK),
    "archive": Target(archive, archive_seeds, forms.ZIP, 4 * CHUNK),
    "http": Target(http, http_seeds, forms.FIELDS, 4 * CHUNK),
}
