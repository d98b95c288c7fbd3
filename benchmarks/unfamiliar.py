"""How often `predict` warns of pictures: of digits, which it should not, and of anything else.

    python -m benchmarks.unfamiliar fashion-mnist/t10k-images-idx3-ubyte.gz
    python -m benchmarks.unfamiliar --quick ANY.gz    # few pictures of each kind: does it run?

Letters and printed digits are drawn from fonts that come with Matplotlib, in two sizes and four
slants; clothes are the test images of Fashion-MNIST, as Debian's package `dataset-fashion-mnist`
has them. All are prepared as `predict` prepares a picture.
"""

import gzip
import string
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import matplotlib as mpl
import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from nn import Examples, predict
from stages.common.files.arrays import load_labelled
from stages.common.files.paths import PREPROCESSING, TEST, VALIDATION
from stages.common.files.tables import read_table, write_csv
from stages.common.images.drawing import prepare
from stages.common.images.idx import read_idx
from stages.common.images.ink import Levels
from stages.common.images.novelty import ALARMS, JUDGES, load_familiar
from stages.common.images.preprocess import Preprocessing
from stages.common.models.model import Model, load_model

TABLE = Path(__file__).with_name("unfamiliar.csv")
NETWORK = Path("models/network.npz")
COLUMNS = ("pictures", "count", "warned", "dim")
COUNT, FEW = 2000, 20  # pictures of noise and of shuffled digits; in a quick run, of each kind
SIDE = 28  # pixels along an image; the fonts' pictures are made for it
FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif",
    "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmss10",
)  # fmt: skip
POINTS, SLANTS = (40, 90), (-0.2, 0.0, 0.2, 0.4)
ALIKE = "oOlIsSzZgqbBDQiJjtTy"  # letters that are drawn as a digit is, or nearly


def pictures(clothes: Path, *, quick: bool = False) -> dict[str, NDArray[np.uint8]]:
    """Images, (n, pixels), of every kind, prepared for the network."""
    test, _ = load_labelled(TEST)
    rng = np.random.default_rng(0)
    shape = (-1, SIDE, SIDE)
    count, most, fonts = (FEW, FEW, FONTS[:1]) if quick else (COUNT, None, FONTS)
    images = {
        "uniform noise": rng.integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8),
        "shuffled digits": rng.permuted(test[:count], axis=1).reshape(shape),
        "printed letters": drawn(string.ascii_letters, fonts),
        "printed letters unlike any digit": drawn(set(string.ascii_letters) - set(ALIKE), fonts),
        "printed digits": drawn(string.digits, fonts),
        "clothes": np.stack([prepare(image, SIDE, SIDE) for image in unpacked(clothes)[:most]]),
    }
    preprocessing = Preprocessing.load(PREPROCESSING)
    return {"test digits": test, **{k: preprocessing.prepare(v) for k, v in images.items()}}


def unpacked(path: Path) -> NDArray[np.uint8]:
    """Images, (n, SIDE, SIDE), of an IDX file packed with gzip."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, "images")
        plain.write_bytes(gzip.decompress(path.read_bytes()))
        return np.array(read_idx(plain, dimensions=3))


def drawn(letters: Iterable[str], fonts: Iterable[str] = FONTS) -> NDArray[np.uint8]:
    """Letters in each of these fonts, in every size and slant, (n, SIDE, SIDE)."""
    every = [
        prepare(glyph(letter, font, points, slant), SIDE, SIDE)
        for letter in sorted(letters)
        for font in fonts
        for points in POINTS
        for slant in SLANTS
    ]
    return np.stack(every)


def glyph(letter: str, font: str, points: int, slant: float) -> Levels:
    """One letter, bright on dark, cut out with a margin."""
    path = Path(mpl.get_data_path()) / "fonts/ttf" / f"{font}.ttf"
    picture = Image.new("L", (3 * points, 3 * points), 0)
    drawing = ImageDraw.Draw(picture)
    drawing.text((points, points), letter, fill=255, font=ImageFont.truetype(str(path), points))
    shear = (1, slant, -slant * 1.5 * points, 0, 1, 0)
    picture = picture.transform(
        picture.size, Image.Transform.AFFINE, shear, Image.Resampling.BILINEAR
    )
    left, top, right, bottom = picture.getbbox() or (0, 0, 1, 1)
    margin = points // 4
    return np.asarray(picture.crop((left - margin, top - margin, right + margin, bottom + margin)))


def brightest(model: Model, grey: NDArray[np.uint8]) -> NDArray[np.floating]:
    """The largest output, (n,), for images (n, pixels), prepared."""
    scaling = model.preprocessing.scale, model.preprocessing.offset
    unlabelled = np.zeros(len(grey), np.int64)
    return np.asarray(predict(model.network, Examples(grey, unlabelled, *scaling))[0].max(axis=1))


def markdown() -> str:
    """The measurement as docs/export.md has it."""
    table = read_table(TABLE, COLUMNS, texts=("pictures",))
    rows = [
        f"| {kind} | {count:,.0f} | {warned:.1%} | {dim:.1%} |"
        for kind, count, warned, dim in zip(*table.values(), strict=True)
    ]
    head = "| Pictures | How many | Warned of | Brightest output below its bound |"
    return "\n".join([head, "| --- | --- | --- | --- |", *rows])


def main(
    clothes: Annotated[Path, typer.Argument(help="Fashion-MNIST's t10k-images-idx3-ubyte.gz.")],
    quick: Annotated[bool, typer.Option("--quick", help="Few pictures of each kind.")] = False,  # noqa: FBT002
) -> None:
    """Print, and write unless it is a quick run, how many pictures of each kind are warned of.

    And how many would be if the bound, with as many false alarms, were one on the largest output.
    """
    familiar, model = load_familiar((SIDE, SIDE)), load_model(NETWORK)
    if familiar is None:
        raise SystemExit("error: data/batches: no images of 28 x 28 there; run dvc repro")
    validation, _ = load_labelled(VALIDATION)
    bound = np.quantile(brightest(model, validation[:JUDGES]), ALARMS)
    rows = [
        (
            kind,
            len(grey),
            (familiar.strangeness(grey) > familiar.bound).mean(),
            (brightest(model, grey) < bound).mean(),
        )
        for kind, grey in pictures(clothes, quick=quick).items()
    ]
    table = pd.DataFrame(rows, columns=COLUMNS).round(4)
    if not quick:
        write_csv(TABLE, table)
    print(f"strangeness above {familiar.bound:.1f}, brightest output below {bound:.3f}")
    print(table.to_string(index=False))


if __name__ == "__main__":
    typer.run(main)
