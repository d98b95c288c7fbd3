"""The sample of real digits under tests/data, and made-up data sets, as the tests use them."""

import gzip
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stages.common.images.catalog import FILES as FILE_OF
from stages.common.images.catalog import chosen
from stages.common.images.idx import read_idx, write_idx
from stages.common.runtime.cli import section_of
from stages.common.runtime.imports import ROOT
from stages.common.runtime.params import flat, made
from stages.train import train

Counts = Mapping[str, int]
SAMPLE = ROOT / "tests/data"
BLOTS, WRONG = 0.4, 0.08  # shares of a made-up pattern's sixteen fields: inked, and mistaken
FILES = {
    "train-images-idx3-ubyte": 3,
    "train-labels-idx1-ubyte": 1,
    "t10k-images-idx3-ubyte": 3,
    "t10k-labels-idx1-ubyte": 1,
}


def call(command: Callable[[Any], Any], **values: Any) -> None:
    """Call a command with a section of parameters; those of its parts have names with a dot."""
    command(made(section_of(command), flat(values)))


def sample_as_raw(folder: Path, train: int, test: int) -> None:
    """Write the first images of the sample, uncompressed, as ``fetch`` would."""
    folder.mkdir(parents=True)
    for name, dimensions in FILES.items():
        path = folder / name
        path.write_bytes(plain(SAMPLE, name))
        count = train if name.startswith("train") else test
        write_idx(path, read_idx(path, dimensions)[:count].copy())
    write_dataset(folder)


def plain(folder: Path, name: str) -> bytes:
    """An unpacked file of a folder, which may hold it as .gz."""
    path = folder / name
    return path.read_bytes() if path.exists() else gzip.decompress(Path(f"{path}.gz").read_bytes())


def described(folder: Path) -> dict[str, str | int]:
    """The keys of ``fetch.custom`` that describe the four files in a folder."""
    keys: dict[str, str | int] = {}
    for part, name in FILE_OF.items():
        unpacked = plain(folder, name)
        keys[f"{part}_bytes"] = len(unpacked)
        keys[f"{part}_sha256"] = hashlib.sha256(unpacked).hexdigest()
    return keys


def asking_for(folder: Path, **more: Any) -> dict[str, Any]:
    """The parameters of ``fetch`` for the four files in a folder; more of what they are."""
    custom = {**described(folder), **more}
    return {"dataset": "custom", "sources": [f"file:{folder}"], "custom": custom}


def write_dataset(folder: Path, **more: Any) -> None:
    """Write beside the four files in a folder what ``fetch`` would; more of what they are."""
    entry = chosen("custom", {**described(folder), **more})
    entry.about.save(folder / "dataset.json")


def write_patterns(folder: Path, classes: int, height: int, width: int, counts: Counts) -> None:
    """Write IDX files of a made-up data set: a pattern of blots for each class, some blots wrong.

    ``counts``: images by file name's beginning; the classes take turns. Names are MNIST's.
    """
    rng = np.random.default_rng(0)
    patterns = rng.random((classes, 4, 4)) < BLOTS
    rows, columns = np.arange(height) * 4 // height, np.arange(width) * 4 // width
    folder.mkdir(parents=True)
    for part, count in counts.items():
        labels = (np.arange(count) % classes).astype(np.uint8)
        blots = patterns[labels] ^ (rng.random((count, 4, 4)) < WRONG)
        ink = rng.uniform(120, 230, (count, 1, 1)) * blots[:, rows][:, :, columns]
        images = ink + rng.uniform(0, 25, (count, height, width))
        write_idx(folder / f"{part}-images-idx3-ubyte", images.astype(np.uint8))
        write_idx(folder / f"{part}-labels-idx1-ubyte", labels)


def train_small(
    learning_rate: float, epochs: int, *, snapshots: int = 100, patience: int = 0
) -> None:
    """Train 784-6-5-10 on data/batches of the current folder, one mini-batch after another."""
    augment = {"probability": 0, "shift": 0, "rotation": 0, "scale": 0, "shear": 0,
               "thickness": 0, "elastic_alpha": 0, "elastic_sigma": 4, "decay": 0}  # fmt: skip
    call(
        train,
        activation="sigmoid", cost="quadratic", initializer="lecun", gain=1,
        learning_rate=learning_rate, schedule="constant", momentum=0, weight_decay=0,
        epochs=epochs, reshuffle=False, full_batch=False, augment=augment, patience=patience,
        snapshots=snapshots, seed=0, threads=1, hidden=[6, 5],
    )  # fmt: skip
