"""How often `predict` warns of pictures: of digits, which it should not, and of anything else.

    python -m benchmarks.unfamiliar fashion-mnist/t10k-images-idx3-ubyte.gz digits.csv.gz
    python -m benchmarks.unfamiliar --quick ANY.gz ANY.csv.gz    # few of each kind: does it run?

Letters and printed digits are drawn from fonts that come with Matplotlib, in two sizes and four
slants; clothes are the test images of Fashion-MNIST, as Debian's package `dataset-fashion-mnist`
has them; other people's digits are optdigits, as scikit-learn has them. Scribbles and hearts are
drawn by strokes with the page's pen. All are prepared as `predict` prepares a picture.

Beside the criterion stands what else was tried, each with a bound of as many false alarms on
validation images: the largest output; the distance in the last hidden layer from the nearest class
(Mahalanobis's, after Lee et al. 2018); how much a second network, the first of models/siblings.npz,
says something else.
"""

import gzip
import string
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import matplotlib as mpl
import numpy as np
import pandas as pd
import typer
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from benchmarks.hands import optdigits
from nn import ACTIVATIONS, Network, feedforward
from stages.claims.shared.networks import load_siblings
from stages.common.files.arrays import load_labelled
from stages.common.files.paths import NETWORK, PREPROCESSING, TEST, TRAIN, VALIDATION
from stages.common.files.tables import read_table, write_csv
from stages.common.images.drawing import Strokes, image_of_strokes, prepare
from stages.common.images.idx import read_idx
from stages.common.images.ink import Levels
from stages.common.images.novelty import ALARMS, JUDGES, load_familiar
from stages.common.images.preprocess import Preprocessing
from stages.common.models.model import Model, load_model

TABLE = Path(__file__).with_name("unfamiliar.csv")
COLUMNS = ("pictures", "count", "warned", "dim", "hidden", "second")
COUNT, FEW = 2000, 20  # pictures of noise and of shuffled digits; in a quick run, of each kind
SIDE = 28  # pixels along an image; the fonts' pictures are made for it
FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSerif",
    "DejaVuSerif-Italic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "cmr10", "cmss10",
)  # fmt: skip
POINTS, SLANTS = (40, 90), (-0.2, 0.0, 0.2, 0.4)
ALIKE = "oOlIsSzZgqbBDQiJjtTy"  # letters that are drawn as a digit is, or nearly


def pictures(clothes: Path, digits: Path, *, quick: bool = False) -> dict[str, NDArray[np.uint8]]:
    """Images, (n, pixels), of every kind, prepared for the network."""
    test, _ = load_labelled(TEST)
    rng = np.random.default_rng(0)
    shape = (-1, SIDE, SIDE)
    count, most, fonts = (FEW, FEW, FONTS[:1]) if quick else (COUNT, None, FONTS)
    images = {
        "other people's digits": np.stack([prepare(one) for one in optdigits(digits)[0][:most]]),
        "uniform noise": rng.integers(0, 256, (count, SIDE, SIDE), dtype=np.uint8),
        "shuffled digits": rng.permuted(test[:count], axis=1).reshape(shape),
        "printed letters": drawn(string.ascii_letters, fonts),
        "printed letters unlike any digit": drawn(set(string.ascii_letters) - set(ALIKE), fonts),
        "printed digits": drawn(string.digits, fonts),
        "scribbles": stroked(scribble, count // 10, rng),
        "hearts": stroked(heart, count // 10, rng),
        "clothes": np.stack([prepare(image, SIDE, SIDE) for image in unpacked(clothes)[:most]]),
    }
    preprocessing = Preprocessing.load(PREPROCESSING)
    return {"test digits": test, **{k: preprocessing.prepare(v) for k, v in images.items()}}


def stroked(draw: Callable[..., Strokes], count: int, rng: np.random.Generator) -> Levels:
    """So many drawings, (n, SIDE, SIDE)."""
    return np.stack([image_of_strokes(draw(rng), SIDE, SIDE) for _ in range(count)])


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


def scribble(rng: np.random.Generator) -> Strokes:
    """A line without a plan: a dozen turns through the unit square."""
    places = rng.uniform(0.1, 0.9, (12, 2))
    return [smooth(places)]


def heart(rng: np.random.Generator) -> Strokes:
    """A heart, somewhat askew."""
    t = np.linspace(-np.pi, np.pi, 60)
    x = 16 * np.sin(t) ** 3
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    lean, high = rng.uniform(-0.2, 0.2), rng.uniform(0.8, 1.2)
    return [np.stack([0.5 + (x + lean * y) / 45, 0.5 - high * y / 45], axis=1).tolist()]


def smooth(places: NDArray[np.float64], steps: int = 12) -> list[list[float]]:
    """Points on a curve through places, (n, 2): Catmull and Rom's spline."""
    padded = np.concatenate([places[:1], places, places[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, np.newaxis]
    curve = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        bend = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2
        curve += [*((bend + (3 * b - 3 * c + d - a) * t**3) / 2).tolist()]
    return curve


def activations(network: Network, inputs: NDArray[np.floating]) -> list[NDArray[np.floating]]:
    """What the last hidden layer and the outputs say of inputs, (n, inputs): (n, neurons) each."""
    hidden = inputs.T
    for weights, biases in zip(network.weights[:-1], network.biases[:-1], strict=True):
        hidden = weights @ hidden + biases[:, np.newaxis]
        ACTIVATIONS[network.activation].function(hidden, hidden)
    return [hidden.T, feedforward(network, inputs.T).T]


class Doubts:
    """What else than the criterion could be asked of images, each larger for stranger ones."""

    def __init__(self, model: Model) -> None:
        """Look at training images for what is usual in the last hidden layer."""
        self.model = model
        siblings = load_siblings()  # from other first weights than the model's
        self.other = siblings.after(siblings.last)[0]
        train, labels = load_labelled(TRAIN)
        hidden = self.asked(train[:JUDGES])[0]
        classes = np.unique(labels[:JUDGES])
        self.means = np.stack([hidden[labels[:JUDGES] == one].mean(axis=0) for one in classes])
        apart = hidden - self.means[np.searchsorted(classes, labels[:JUDGES])]
        self.precision = np.linalg.pinv(apart.T @ apart / len(apart), hermitian=True)

    def asked(self, grey: NDArray[np.uint8]) -> list[NDArray[np.floating]]:
        """The last hidden layer, (n, neurons), and the outputs, (n, classes)."""
        return activations(self.model.network, self.model.preprocessing.feed(grey))

    def of(self, grey: NDArray[np.uint8]) -> NDArray[np.floating]:
        """Three doubts of each image, (3, n): dim outputs, a far hidden layer, a second network."""
        hidden, outputs = self.asked(grey)
        apart = hidden[:, np.newaxis] - self.means
        far = np.einsum("nki,ij,nkj->nk", apart, self.precision, apart).min(axis=1)
        second = feedforward(self.other, self.model.preprocessing.feed(grey).T).T
        return np.stack([-outputs.max(axis=1), far, np.abs(outputs - second).sum(axis=1)])


def markdown() -> str:
    """The measurement as docs/export.md has it."""
    table = read_table(TABLE, COLUMNS, texts=("pictures",))
    head = ["Pictures", "How many", "Warned of", "By output", "By hidden layer", "By 2nd network"]
    lines = [f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head))]
    for kind, count, *shares in zip(*table.values(), strict=True):
        lines.append(f"| {kind} | {count:,.0f} | " + " | ".join(f"{s:.1%}" for s in shares) + " |")
    return "\n".join(lines)


def main(
    clothes: Annotated[Path, typer.Argument(help="Fashion-MNIST's t10k-images-idx3-ubyte.gz.")],
    digits: Annotated[Path, typer.Argument(help="scikit-learn's datasets/data/digits.csv.gz.")],
    quick: Annotated[bool, typer.Option("--quick", help="Few pictures of each kind.")] = False,  # noqa: FBT002
) -> None:
    """Print, and write unless it is a quick run, how many pictures of each kind are warned of.

    And how many would be by what else was tried, with bounds of as many false alarms.
    """
    familiar = load_familiar((SIDE, SIDE))
    if familiar is None:
        raise SystemExit("error: data/batches: no images of 28 x 28 there; run dvc repro")
    doubts = Doubts(load_model(NETWORK))
    bounds = np.quantile(doubts.of(load_labelled(VALIDATION)[0][:JUDGES]), 1 - ALARMS, axis=1)
    rows = []
    for kind, grey in pictures(clothes, digits, quick=quick).items():
        beyond = doubts.of(grey) > bounds[:, np.newaxis]
        warned = familiar.strangeness(grey) > familiar.bound
        rows.append((kind, len(grey), warned.mean(), *beyond.mean(axis=1)))
    table = pd.DataFrame(rows, columns=COLUMNS).round(4)
    if not quick:
        write_csv(TABLE, table)
    print(table.to_string(index=False))


if __name__ == "__main__":
    typer.run(main)
