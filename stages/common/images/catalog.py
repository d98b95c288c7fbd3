"""The data sets that have a name, and the one that ``fetch.custom`` describes: their four files."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.common.files.atomic import StageError
from stages.common.images.dataset import DatasetInfo
from stages.common.images.wanted import Wanted

CUSTOM = "custom"
FOLDER = "folder"  # of pictures: stages.common.images.folder
FILES = {  # as data/raw calls them, whatever their names where they come from
    "train_images": "train-images-idx3-ubyte",
    "train_labels": "train-labels-idx1-ubyte",
    "test_images": "t10k-images-idx3-ubyte",
    "test_labels": "t10k-labels-idx1-ubyte",
}
SUMS = ("sha256", "gz_sha256", "gz_md5")  # of the unpacked file, and of the .gz


@dataclass(frozen=True)
class Entry:
    """A data set, where it is, and what must be true of its files."""

    about: DatasetInfo
    sources: tuple[str, ...]
    files: dict[str, Wanted]  # by their keys in FILES
    archive: Wanted | None  # a zip that the files are in, if it is that which the sources have


@cache
def catalog() -> dict[str, Entry]:
    """The data sets of ``catalog.yaml``, by name."""
    entries = YAML(typ="safe").load(Path(__file__).with_suffix(".yaml"))
    return {name: entry_of(name, values) for name, values in entries.items()}


def names() -> list[str]:
    """What ``fetch.dataset`` may be."""
    return [*catalog(), CUSTOM, FOLDER]


def chosen(name: str, custom: Mapping[str, Any]) -> Entry:
    """The data set of that name; the keys of ``fetch.custom`` describe the custom one.

    Raises ``StageError`` for a description without one of the keys that it must have, or with
    labels that contradict one another.
    """
    if name != CUSTOM:
        return catalog()[name]
    for key in (f"{part}_{what}" for part in FILES for what in ("bytes", "sha256")):
        if key not in custom:
            raise StageError(
                f"fetch.custom.{key}: missing, and fetch.dataset is {CUSTOM}; "
                "docs/datasets.md shows what it needs"
            )
    labels = custom.get("labels", [])
    if len(set(labels)) < len(labels):
        raise StageError(f"fetch.custom.labels: expected different labels, got {labels}")
    if labels and "first_label" in custom:
        raise StageError(
            "fetch.custom.first_label: expected it or fetch.custom.labels, got both; remove one"
        )
    return entry_of(CUSTOM, {**FILES, **custom})


def entry_of(name: str, values: Mapping[str, Any]) -> Entry:
    """What the keys of the catalog say; those that have a default may be left out."""
    files = {part: _wanted(part, values) for part in FILES}
    about = DatasetInfo(
        name,
        tuple(values.get("classes", ())),
        values.get("first_label", 0),
        tuple(values.get("labels", ())),
        values.get("levels", 0),
        values.get("transpose", False),
        values.get("credit", ""),
        {key: value for key, value in values.items() if key.endswith(SUMS)},
    )
    archive = _wanted("archive", values) if "archive" in values else None
    return Entry(about, tuple(values.get("sources", ())), files, archive)


def _wanted(part: str, values: Mapping[str, Any]) -> Wanted:
    name, length = values[part].removesuffix(".gz"), values[f"{part}_bytes"]
    kind = next(kind for kind in SUMS if f"{part}_{kind}" in values)
    digest = values[f"{part}_{kind}"].lower()
    return Wanted(name, length, kind.removeprefix("gz_"), digest, as_gzip=kind.startswith("gz_"))
