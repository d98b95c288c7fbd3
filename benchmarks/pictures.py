"""How well `predict` reads digits in pictures as people take them, and how often it warns.

    python -m benchmarks.pictures
    python -m benchmarks.pictures --part validation    # while something is being chosen
    python -m benchmarks.pictures --quick              # few digits of each kind: does it run?

The same digits in every kind of picture, from the file on as `predict` reads it, with the network
of models/network.npz. Where a loop is filled with ink, a digit's middle line is another digit's:
what is drawn with thin pens is measured once more without such digits.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from benchmarks.photographs import KINDS, THIN, Kind, loops
from stages.common.files.arrays import load_labelled
from stages.common.files.paths import NETWORK, TEST, VALIDATION
from stages.common.files.tables import read_table, write_csv
from stages.common.images.drawing import prepare
from stages.common.images.ink import Levels
from stages.common.images.novelty import Familiar, load_familiar
from stages.common.images.pictures import grey_of
from stages.common.models.model import Model, load_model

TABLE = Path(__file__).with_suffix(".csv")
COLUMNS = ("picture", "right", "warned", "silent", "alarms")
SIDE = 28  # pixels along a digit
COUNT, FEW = 600, 4  # digits of each kind; in a quick run
LOOPS = {0: 1, 6: 1, 8: 2, 9: 1}  # of digits of MNIST, which are written with them
OPEN = ", all loops open"


@dataclass(frozen=True)
class Reader:
    """What `predict` has at hand."""

    model: Model
    familiar: Familiar

    def read(self, levels: list[Levels]) -> tuple[np.ndarray, np.ndarray]:
        """Guesses, (n,), -1 where there is no ink, and whether a warning is given, (n,)."""
        images = np.stack([prepare(picture, SIDE, SIDE) for picture in levels])
        guesses = self.model.outputs(images).argmax(1)
        seen = self.model.preprocessing.prepare(images)
        ink = images.any((1, 2))
        warned = self.familiar.strangeness(seen) > self.familiar.bound
        return np.where(ink, guesses, -1), warned | ~ink


def measured(reader: Reader, kind: Kind, digits: Levels, labels: np.ndarray) -> tuple[float, ...]:
    """Shares of right, of wrong and warned of, of wrong without a word, and of false alarms."""
    rng = np.random.default_rng(0)
    guesses, warned = reader.read([grey_of(kind(digit, rng)) for digit in digits])
    right = guesses == labels
    shares = right, ~right & warned, ~right & ~warned, right & warned
    return tuple(float(share.mean()) for share in shares)


def markdown() -> str:
    """The measurement as docs/pictures.md has it."""
    table = read_table(TABLE, COLUMNS, texts=("picture",))
    head = ["picture", "right", "wrong, warned of", "wrong, without a word", "right, warned of"]
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head))]
    for name, *shares in zip(*table.values(), strict=True):
        lines.append(f"| {name} | " + " | ".join(f"{share:.1%}" for share in shares) + " |")
    return "\n".join(lines)


def main(
    part: Annotated[str, typer.Option(help="Whose digits: test or validation.")] = "test",
    quick: Annotated[bool, typer.Option("--quick", help="Few digits of each kind.")] = False,  # noqa: FBT002
) -> None:
    """Print, and write if they are all test digits, what is read in each kind of picture."""
    familiar = load_familiar((SIDE, SIDE))
    if familiar is None:
        raise SystemExit("error: data/batches: no images of 28 x 28 there; run dvc repro")
    reader = Reader(load_model(NETWORK), familiar)
    images, labels = load_labelled(VALIDATION if part == "validation" else TEST)
    count = FEW if quick else COUNT
    digits, labels = images[:count].reshape(-1, SIDE, SIDE), labels[:count]
    rows = [(name, *measured(reader, kind, digits, labels)) for name, kind in KINDS.items()]
    whole = np.array(
        [loops(d) >= LOOPS.get(int(n), 0) for d, n in zip(digits, labels, strict=True)]
    )
    rows += [(k + OPEN, *measured(reader, KINDS[k], digits[whole], labels[whole])) for k in THIN]
    print(f"{whole.sum()} of {len(whole)} digits have all their loops")
    table = pd.DataFrame(rows, columns=COLUMNS).round(4)
    if part == "test" and not quick:
        write_csv(TABLE, table)
    print(table.to_string(index=False))


if __name__ == "__main__":
    typer.run(main)
