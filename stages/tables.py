"""Tables on disk: CSV with a header, written whole and read strictly."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stages.files import StageError, whole_file

if TYPE_CHECKING:
    import pandas as pd

Table: TypeAlias = dict[str, NDArray[Any]]  # columns of equal length, by name


def write_csv(path: Path, table: "pd.DataFrame") -> None:
    """Write a table whole or not at all, with the same line ends everywhere."""
    with whole_file(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def read_table(path: Path, columns: tuple[str, ...], texts: tuple[str, ...] = ()) -> Table:
    """Columns of a CSV file: float64, or texts for those named in ``texts``.

    Raises ``StageError`` if the header is another, a row is not complete, or there is none;
    ``FileNotFoundError`` if there is no such file.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        if tuple(header) != columns:
            _refuse(path, f"columns {', '.join(columns)}", ", ".join(header))
        if not rows or any(len(row) != len(columns) for row in rows):
            _refuse(path, "one or more complete rows", f"{len(rows)} of another length")
        cells = dict(zip(columns, zip(*rows, strict=True), strict=True))
        return {
            name: np.array(column, str if name in texts else np.float64)
            for name, column in cells.items()
        }
    except ValueError as error:
        message = f"{path}: expected a table of numbers: {error}; run dvc repro"
        raise StageError(message) from error


def _refuse(path: Path, expected: str, got: str) -> None:
    raise StageError(f"{path}: expected {expected}, got {got}; run dvc repro")
