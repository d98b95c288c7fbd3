"""What the tests of the claims share: small runs, every parameter tried, and looks at figures."""

import csv
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from matplotlib.text import Text
from numpy.typing import NDArray

from nn import Network
from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY, Claim
from stages.claims.shared.networks import inputs_of
from stages.claims.shared.networks import targets_of as one_hot
from stages.common.files.arrays import load_labelled, save_arrays, save_labelled
from stages.common.files.paths import NETWORK, PREPROCESSING, SNAPSHOTS, TEST, TRAIN
from stages.common.images.preprocess import Preprocessing, standard_scaling, unit_scaling
from stages.common.models.model import Model, load_model, save_model
from stages.common.models.snapshots import save_snapshots
from stages.page.figures.layout import Picture, styled

Stage = Callable[..., None]
Options = dict[str, Any]
Row = dict[str, str]
Floats = NDArray[np.floating]
Bytes = NDArray[np.uint8]

MINUS = "\N{MINUS SIGN}"
# A hyphen is a sign unless it joins what stands before it, as in 784-16-16-10.
NUMBER = re.compile(rf"(?:[+{MINUS}]|(?<!\w)-)?\d+(?:,\d{{3}})*(?:\.\d+)?(?:e[-+{MINUS}]?\d+)?")


class Shape(NamedTuple):
    """A network, and the images that it reads."""

    hidden: tuple[int, ...] = (4,)
    classes: int = 10
    height: int = 6
    width: int = 5
    activation: str = "sigmoid"
    cost: str = "quadratic"


SHAPES = {
    "no hidden layer": Shape(hidden=()),
    "wide": Shape(hidden=(40, 300)),
    "deep, 3 classes": Shape((5,) * 9, 3, activation="tanh", cost="cross_entropy"),
    "26 classes of 4 x 12": Shape((6,), 26, 4, 12, activation="leaky_relu"),
    "one neuron, one pixel, two classes": Shape((1,), 2, 1, 1, activation="relu"),
}


def copied(start: Path, folder: Path) -> Path:
    """Copy all that is in one folder into another."""
    return Path(shutil.copytree(start, folder, dirs_exist_ok=True))


def drifted(digits: Path, folder: Path) -> Path:
    """200 of the digits, standardized, and a network of 784-6-10 that drifted for three epochs."""
    images, labels = (part[:200] for part in load_labelled(digits / "data/normalized/train"))
    with chdir(folder):
        write_run(images, labels, Shape((6,), 10, 28, 28), *standard_scaling(images))
    return folder


def finish(folder: Path, stage: Stage, options: Options) -> Path:
    """Run a stage in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        stage(**options)
    return folder


def write_run(images: Bytes, labels: Bytes, shape: Shape, scale: Any, offset: Any) -> None:
    """Write what comes before a claim: images (n, pixels) for both parts, and random snapshots."""
    for folder in (TRAIN, TEST):
        folder.mkdir(parents=True)
        save_labelled(folder, images, labels)
    preprocessing = Preprocessing(
        shape.height, shape.width, deskew=False, edges=False, scale=scale, offset=offset
    )
    save_arrays(PREPROCESSING, preprocessing.arrays())
    rng = np.random.default_rng(5)
    sizes = (images.shape[1], *shape.hidden, shape.classes)
    network = Network.random(sizes, shape.activation, shape.cost, rng=rng, gain=2)
    steps = rng.normal(0, 0.1, (4, network.parameters.size)).astype(np.float32)
    steps[0] = 0
    snapshots = network.parameters + steps.cumsum(axis=0)
    network.parameters[:] = snapshots[-1]
    save_model(NETWORK, Model(network, preprocessing))
    save_snapshots(SNAPSHOTS, dict(enumerate(snapshots)))


def write_random_run(shape: Shape) -> None:
    """The same for 60 random images."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (60, shape.height * shape.width), dtype=np.uint8)
    write_run(images, rng.integers(0, shape.classes, 60, np.uint8), shape, *unit_scaling())


def write_saturated_run() -> None:
    """The same for a network that cannot learn: every derivative is exactly zero."""
    write_random_run(Shape(hidden=(), classes=2))
    path = SNAPSHOTS / "parameters.npy"
    np.save(path, np.full_like(np.load(path), 1e6))


def loaded(epoch: int) -> tuple[Network, Floats, Floats]:
    """A snapshot in float64 with all training images and targets, one a column."""
    model, (stored, labels) = load_model(NETWORK), load_labelled(TRAIN)
    parameters = np.load(SNAPSHOTS / "parameters.npy")[epoch].astype(np.float64)
    network = replace(model.network, parameters=parameters)
    return network, inputs_of(stored, model.preprocessing), one_hot(labels, network.sizes[-1])


def rows_of(path: Path) -> list[Row]:
    """The rows of a table, by the names of its columns."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as a stage would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def check_parameters(
    stage: Stage, options: Options, changes: Mapping[str, Any], files: Sequence[Path]
) -> list[tuple[bytes, ...]]:
    """The same options give the bytes that are there already, and each changed one gives others.

    Returns the files' bytes, as they were and for each change.
    """

    def written(**change: Any) -> tuple[bytes, ...]:
        stage(**{**options, **change})
        return tuple(path.read_bytes() for path in files)

    assert changes.keys() == options.keys()
    outputs = [tuple(path.read_bytes() for path in files)]
    assert written() == outputs[0]
    for name, value in changes.items():
        outputs.append(written(**{name: value}))
        assert outputs[-1] != outputs[0], name
    return outputs


def picture_of(claim: Claim) -> Picture:
    """The claim's figure and words, drawn in the report's style."""
    with styled():
        return claim.draw()


def drawn(claim: Claim) -> Picture:
    """The same, when it has kept what every claim's figure promises."""
    picture = picture_of(claim)
    with styled():
        check_texts(picture)
    assert picture.name == claim.name
    assert len(picture.alt) > 40
    assert not re.search(r"\b(nan|inf)\b", words_of(picture), re.IGNORECASE)
    assert picture.caption.endswith((HELD, PARTLY, NOT_HELD))
    return picture


def check_texts(picture: Picture) -> None:
    """No text that is drawn leaves the sheet."""
    picture.figure.draw_without_rendering()
    sheet = picture.figure.bbox
    for text in picture.figure.findobj(Text):
        # Whatever was drawn is no longer stale; the labels of ticks beyond an axis' ends still are.
        if isinstance(text, Text) and text.get_text() and not text.stale:
            box = text.get_window_extent()
            assert box.x0 >= 0, text
            assert box.y0 >= 0, text
            assert box.x1 <= sheet.x1, text
            assert box.y1 <= sheet.y1, text


def words_of(picture: Picture) -> str:
    """All that a picture says in words."""
    return f"{picture.title} {picture.caption} {picture.alt}"


def numbers_in(text: str) -> set[str]:
    """All numbers of a text as they stand, but with a hyphen as their minus sign."""
    return {number.replace(MINUS, "-") for number in NUMBER.findall(text)}
