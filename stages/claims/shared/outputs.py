"""What a claim's command wrote, read back: all of it, or a line that says what is missing.

In place of what it measures, a command may write why it is left out of the book.
"""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from stages.common.files.arrays import Arrays, load_arrays, save_arrays
from stages.common.files.atomic import StageError, one_line
from stages.common.files.paths import claim_arrays, claim_table
from stages.common.files.tables import Rows, write_csv

LEFT_OUT = "left_out"  # the one array, as UTF-8, or column that is then written


@contextmanager
def written_by(claim: str, path: Path) -> Iterator[None]:
    """Raise ``StageError`` where what is read is not what the claim's command writes."""
    try:
        yield
    except (KeyError, ValueError, IndexError, TypeError) as error:
        reason = one_line(f"no {error.args[0]}" if isinstance(error, KeyError) else error)
        raise StageError(
            f"{path}: expected what the stage {claim} writes: {reason}; run dvc repro"
        ) from error


def read_arrays(claim: str, names: Iterable[str]) -> Arrays:
    """The arrays of a claim, by name; raises ``StageError`` if one of these is not among them."""
    path = claim_arrays(claim)
    arrays = load_arrays(path)
    with written_by(claim, path):
        for name in names:
            if name not in arrays:
                raise KeyError(name)
    return arrays


def write_rows(claim: str, rows: Rows, digits: int = 6) -> None:
    """Write a claim's table: fractions to so many significant digits, all else as it is."""
    import pandas as pd

    table = pd.DataFrame(rows)
    fractions = table.select_dtypes("float").columns
    table[fractions] = table[fractions].map(lambda value: float(f"{value:.{digits}g}"))
    write_csv(claim_table(claim), table)


def leave_out(outs: Iterable[Path], reason: str) -> None:
    """Write to each output of a claim, .npz or .csv, why it is left out."""
    import pandas as pd

    for path in outs:
        if path.suffix == ".npz":
            save_arrays(path, {LEFT_OUT: np.frombuffer(reason.encode(), np.uint8)})
        else:
            write_csv(path, pd.DataFrame({LEFT_OUT: [reason]}))


def why_left_out(claim: str) -> str:
    """Why a claim is left out; nothing if it was measured, or has not been run."""
    table, arrays = claim_table(claim), claim_arrays(claim)
    if table.is_file():
        with table.open(newline="", encoding="utf-8", errors="replace") as file:
            if next(file, "").strip() == LEFT_OUT:
                return one_line(next(csv.reader(file), [""])[0])
    elif arrays.is_file():
        loaded = load_arrays(arrays)
        if [*loaded] == [LEFT_OUT]:
            return one_line(loaded[LEFT_OUT].tobytes().decode(errors="replace"))
    return ""
