"""Measurements on disk: one row for each, a column for each field."""

import csv
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def write(path: Path, rows: "Sequence[DataclassInstance]") -> None:
    """Keep what was measured: dataclasses of one kind, at least one."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, asdict(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
