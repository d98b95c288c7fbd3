"""Tables on disk: CSV with a header, written whole and read strictly."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stages.common.files.atomic import StageError, one_line, whole_file

if TYPE_CHECKING:
    import pandas as pd

MOST_LETTERS = 100  # of a cell: NumPy gives every text of a column as much room as the longest
Table: TypeAlias = dict[str, NDArray[Any]]  # columns of equal length, by name
Rows: TypeAlias = list[dict[str, Any]]  # cells by the names of their columns


def write_csv(path: Path, table: "pd.DataFrame") -> None:
    """Write a table whole or not at all, with the same line ends everywhere."""
    with whole_file(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def read_table(path: Path, columns: tuple[str, ...], texts: tuple[str, ...] = ()) -> Table:
    """Columns of a CSV file: float64, or texts for those named in ``texts``.

    Raises ``StageError`` if the header is another, a row is not complete, or there is none; from
    ``FileNotFoundError`` if there is no such file.
    """
    header, rows = read_rows(path)
    if tuple(header) != columns:
        _refuse(path, f"columns {', '.join(columns)}", ", ".join(header))
    cells = dict(zip(columns, zip(*rows, strict=True), strict=True))
    try:
        return {
            name: np.array(column, str if name in texts else np.float64)
            for name, column in cells.items()
        }
    except ValueError as error:
        raise _no_table(path, "numbers", error) from error


def read_rows(path: Path) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV file: one row or more, each as long as the header.

    No cell has more than ``MOST_LETTERS`` letters or a control character. Raises like
    ``read_table``.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            lines = list(csv.reader(file, strict=True))
    except FileNotFoundError as error:
        raise StageError(f"{path}: no such file; run dvc repro") from error
    except (ValueError, csv.Error) as error:
        raise _no_table(path, "texts", error) from error
    if len(lines) < 2 or any(len(line) != len(lines[0]) for line in lines):
        _refuse(path, "one or more complete rows", f"{len(lines)} of any length, with the header")
    odd = next((cell for line in lines for cell in line if not _is_plain(cell)), None)
    if odd is not None:
        _refuse(path, f"cells of at most {MOST_LETTERS} printable letters", repr(odd))
    return lines[0], lines[1:]


def _is_plain(cell: str) -> bool:
    return len(cell) <= MOST_LETTERS and cell.isprintable()


def _refuse(path: Path, expected: str, got: str) -> None:
    raise StageError(f"{path}: expected {expected}, got {one_line(got)}; run dvc repro")


def _no_table(path: Path, of_what: str, error: Exception) -> StageError:
    return StageError(f"{path}: expected a table of {of_what}: {one_line(error)}; run dvc repro")
