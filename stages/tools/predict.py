"""Read pictures of single digits, drawn or photographed, with the trained network.

python -m stages.tools.predict seven.png photo.jpg --figure reports/seen.png
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from stages.common.files.atomic import StageError, whole_file
from stages.common.files.paths import NETWORK
from stages.common.images.classes import Classes
from stages.common.images.dataset import load_classes
from stages.common.images.drawing import has_another_mark, prepare
from stages.common.images.ink import Levels
from stages.common.images.novelty import Familiar, load_familiar
from stages.common.images.pictures import MOST_PIXELS, printable, read_picture
from stages.common.models.model import Model, load_model
from stages.common.runtime.cli import run
from stages.tools.recipe import recipes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OTHER_HANDS = "hands"  # the recipe for digits that are not MNIST's
MOST_DRAWN, DPI = 40, 140  # pictures in the figure, dots per inch
MOST_NAMED = 30  # classes: the bars of more are too thin to be named
ROW = 1.6  # inches

Files = Annotated[
    list[Path] | None,
    typer.Argument(help=f"Pictures of one digit each, of at most {MOST_PIXELS:,} pixels."),
]
Figure = Annotated[
    Path | None, typer.Option(help="A PNG to draw: what was read, and the network's outputs.")
]


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network saw, (height, width) uint8, and its outputs, (classes,)."""

    name: str
    seen: Levels
    outputs: NDArray[np.floating]
    names: Classes
    strange: str = ""  # a warning if the picture looks like nothing the network has seen
    frames: int = 1  # of the file, of which the first was read
    another: bool = False  # whether the picture has another mark of like size

    @property
    def ranked(self) -> list[int]:
        """Classes, the brightest output first."""
        return [int(j) for j in np.argsort(-self.outputs, kind="stable")]

    @property
    def line(self) -> str:
        """The first two guesses, each with the brightness of its output."""
        guesses = [f"{self.names[j]} ({self.outputs[j]:.2f})" for j in self.ranked[:2]]
        return f"{self.name}: " + ", then ".join(guesses)

    @property
    def warnings(self) -> list[str]:
        """What to know before believing it."""
        first = f"has {self.frames} pages or frames; the first was read" if self.frames > 1 else ""
        another = "has another mark of like size; the one with more ink was read"
        return [text for text in (self.strange, first, another * self.another) if text]


def predict(files: Files = None, figure: Figure = None) -> None:
    """Print the first and second guess for each picture, and how bright their outputs are.

    A picture may be bright on dark or dark on bright, of any size; it is made into an image of
    MNIST's kind first. With data/batches at hand, a picture that looks like no training image is
    warned of. Files that cannot be read are named, one line each, and the others answered;
    the exit code is then 1.
    """
    if not files:
        raise StageError("predict: expected one or more pictures, got none; name their files")
    if figure is not None and figure.suffix.lower() != ".png":
        raise StageError(f"{figure}: expected a name that ends in .png for the figure")
    model = load_model(NETWORK)
    familiar = load_familiar((model.preprocessing.height, model.preprocessing.width))
    every = (answered(model, familiar, path) for path in files)
    answers = [answer for answer in every if answer is not None]
    print(network_line(model), file=sys.stderr)
    if figure is not None and answers:
        draw(answers, figure)
    if len(answers) < len(files):
        raise SystemExit(1)


def network_line(model: Model) -> str:
    """What network answered, and how to get one that reads more of other people's digits."""
    names = recipes_of(model)
    recipes = f"recipe {' or '.join(names)}" if names else "no recipe"
    line = f"network: {'-'.join(map(str, model.network.sizes))}, of {recipes}"
    if OTHER_HANDS in names or load_classes(model.network.sizes[-1]).noun != "digit":
        return line
    better = f"dvc exp run $(python -m stages recipe {OTHER_HANDS})"
    return f"{line}; one that reads more of other people's digits: {better}"


def answered(model: Model, familiar: Familiar | None, path: Path) -> Answer | None:
    """The answer for one file, printed; None if it has none, the reason printed as an error."""
    try:
        answer = read(model, familiar, path)
    except StageError as error:
        print(f"error: {error}", file=sys.stderr)
        return None
    print(answer.line)
    for warning in answer.warnings:
        print(f"warning: {answer.name}: {warning}", file=sys.stderr)
    return answer


def read(model: Model, familiar: Familiar | None, path: Path) -> Answer:
    """The network's answer to a picture; raises ``StageError`` if there is none to give."""
    described = model.preprocessing
    picture = read_picture(path)
    image = prepare(picture.levels, described.height, described.width)
    if not image.any():
        raise StageError(f"{printable(path)}: expected a digit, found no ink; draw it stronger")
    images = image[np.newaxis]
    seen = described.prepare(images).reshape(image.shape)
    outputs = model.outputs(images)[0]
    names, strange = load_classes(len(outputs)), familiar.warning(seen) if familiar else ""
    another = has_another_mark(picture.levels)
    return Answer(printable(path), seen, outputs, names, strange, picture.frames, another)


def draw(answers: list[Answer], path: Path) -> None:
    """Draw each picture as it was prepared, and how bright the outputs are."""
    from stages.page.figures.layout import MARGIN, WIDTH, Sheet, save, styled
    from stages.page.figures.text import plural

    drawn = answers[:MOST_DRAWN]
    title = "The network reads " + ", ".join(answer.names[answer.ranked[0]] for answer in drawn)
    beyond = len(answers) - len(drawn)
    rest = f" {plural(beyond, 'more picture')} are not drawn." if beyond else ""
    with styled():
        sheet = Sheet(
            title,
            "Left: what it reads. Right: how bright its outputs are, the brightest in blue." + rest,
            ROW * len(drawn) + 0.15,
        )
        for row, answer in enumerate(drawn):
            height = ROW - 0.45
            _draw_seen(sheet.panel(MARGIN, row * ROW + 0.25, height, height), answer)
            left = MARGIN + height + 0.4
            _draw_outputs(
                sheet.panel(left, row * ROW + 0.25, WIDTH - MARGIN - left, height), answer
            )
        with whole_file(path) as partial:
            save(sheet.figure, partial, DPI)


def _draw_seen(axes: "Axes", answer: Answer) -> None:
    from stages.page.figures.layout import GLOW

    axes.imshow(answer.seen, cmap=GLOW, vmin=0, vmax=255, interpolation="nearest")
    axes.set_axis_off()


def _draw_outputs(axes: "Axes", answer: Answer) -> None:
    from stages.page.figures.layout import BLUE, INK, MUTED

    classes = range(len(answer.outputs))
    colors = [BLUE if j == answer.ranked[0] else MUTED for j in classes]
    axes.bar(classes, answer.outputs, color=colors)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 1])
    named = classes if len(classes) <= MOST_NAMED else [answer.ranked[0]]
    axes.set_xticks(named, [answer.names.brief(j) for j in named])
    unfamiliar = " (looks like nothing it has seen)" if answer.strange else ""
    axes.set_title(answer.line + unfamiliar, loc="left", size=9, color=INK)


if __name__ == "__main__":
    run(predict, writes=False)
