"""What the page says: chapters, tables and facts of a run, all taken from what was measured."""

import math
import platform
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.common.files.atomic import StageError
from stages.common.files.paths import CLAIM_DATA, PARAMETERS
from stages.common.files.tables import read_rows
from stages.common.images.classes import BRIEF
from stages.common.models.sanity import doubt

if TYPE_CHECKING:
    from stages.claims.registry import Chapter
    from stages.claims.shared.claim import Claim
    from stages.page.figures import Picture, Results

MOST_ROWS = 101  # of the table of epochs: about 100 steps, whatever the number of epochs
MOST_CLAIM_ROWS, MOST_CLAIM_COLUMNS = 24, 8  # of a table that is shown; a larger one is a download
MOST_BYTES = 40_000  # of a download that travels inside the page
SECTIONS = ("fetch", "normalize", "batch", "train")  # of params.yaml: what made this network
MOST_SHADE = 6  # of the confusion matrix, as the style sheet knows them
PACKAGES = ("numpy", "scipy", "pandas", "matplotlib", "dvc")


@dataclass(frozen=True)
class Table:
    """The numbers behind a figure, as texts; the first column names the row."""

    caption: str
    header: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Image:
    """A figure as the page shows it: the PNG itself, its size in pixels, and its words."""

    title: str
    caption: str
    alt: str
    source: str
    width: int
    height: int
    verdict: str = ""  # of a claim


@dataclass(frozen=True)
class Part:
    """One place in a chapter: a figure of the run or, with a title, a claim and its figure."""

    name: str
    image: Image | None = None  # None: the claim has not been computed
    table: Table | None = None
    title: str = ""
    claim: str = ""
    source: str = ""
    verdict: str = ""  # what the measurement says of the claim
    downloads: Sequence[tuple[str, str]] = ()  # names and data: URLs of what the stage wrote


# Figures of the run that a chapter begins with, before its claims.
FIGURES = {"downhill": ("learning",), "learned": ("weights", "activations")}


def image_of(picture: "Picture", png: bytes, verdict: str = "") -> Image:
    """Turn a figure into text for the page; a PNG begins with its width and height."""
    width, height = (int.from_bytes(png[start : start + 4]) for start in (16, 20))
    source = "data:image/png;base64," + b64encode(png).decode()
    return Image(picture.title, picture.caption, picture.alt, source, width, height, verdict)


def chapters(
    book: Sequence["Chapter"], images: dict[str, Image], tables: dict[str, Table]
) -> list[tuple["Chapter", list[Part]]]:
    """The chapters with their parts: figures of the run, then claims."""

    def figures(chapter: "Chapter") -> list[Part]:
        names = [name for name in FIGURES.get(chapter.name, ()) if name in images]
        return [Part(name, images[name], tables.get(name)) for name in names]

    def claims(chapter: "Chapter") -> list[Part]:
        return [claim_part(claim, images.get(claim.name)) for claim in chapter.claims]

    return [(chapter, figures(chapter) + claims(chapter)) for chapter in book]


def claim_part(claim: "Claim", image: Image | None) -> Part:
    """A claim with its figure, its verdict and its table."""
    return Part(
        claim.name,
        image,
        claim_table(claim.name),
        claim.title,
        claim.claim,
        claim.source,
        image.verdict if image else "",
        claim_downloads(claim.name),
    )


def claim_table(name: str) -> Table | None:
    """A claim's own table, if it is small."""
    path = CLAIM_DATA / f"{name}.csv"
    if not path.is_file():
        return None
    header, rows = read_rows(path)
    if len(rows) > MOST_CLAIM_ROWS or len(header) > MOST_CLAIM_COLUMNS:
        return None
    return Table(str(path), [column.replace("_", " ") for column in header], rows)


def claim_downloads(name: str) -> list[tuple[str, str]]:
    """Names and data: URLs of what a claim's stage wrote, as far as it is not too large."""
    kinds = {".csv": "text/csv;charset=utf-8", ".npz": "application/octet-stream"}
    files = [(CLAIM_DATA / f"{name}{ending}", kind) for ending, kind in kinds.items()]
    return [
        (path.name, f"data:{kind};base64,{b64encode(path.read_bytes()).decode()}")
        for path, kind in files
        if path.is_file() and path.stat().st_size <= MOST_BYTES
    ]


def facts(results: "Results") -> dict[str, Any]:
    """What the page says about the run, beside its figures."""
    from stages.page.figures.text import percent, plural, significant

    network, metrics, history = results.network, results.metrics, results.history
    first, last = (significant(history["learning_rate"][i]) for i in (0, -1))
    return {
        "shape": "-".join(str(n) for n in network.sizes),
        "sizes": network.sizes,
        "classes": results.classes,
        "names": results.names.names,
        "long_names": results.names.longest > BRIEF,
        "image_shape": results.image_shape,
        "input": results.input,
        "large": results.large,
        "layout": results.layout,
        "noun": results.noun,
        "thing": "digit" if results.noun == "digit" else "image",
        "a_thing": "a digit" if results.noun == "digit" else "an image",
        "parameters": f"{network.parameters.size:,}",
        "accuracy": percent(metrics["accuracy"]),
        "spread": standard_error(metrics["accuracy"], len(results.labels)),
        "two_guesses": percent(metrics["accuracy_of_two_guesses"]),
        "epochs": plural(int(history["epoch"][-1]), "epoch"),
        "learning_rate": first if first == last else f"{first} to {last}",
        "test_images": f"{len(results.labels):,}",
        "doubt": doubt(
            int((results.labels == results.guesses).sum()), results.labels, "test images"
        ),
        "misread": f"{int((results.labels != results.guesses).sum()):,}",
        "activation": network.activation.replace("_", " "),
        "cost": network.cost.replace("_", " "),
        "shades": shades(results),
        "settings": settings(results),
        "run_parameters": run_parameters(results),
        "versions": versions(),
    }


def standard_error(share: float, n: int) -> str:
    """By how much a share measured on n images varies with the choice of images, in percent."""
    return f"{100 * math.sqrt(share * (1 - share) / n):.2f}"


def shades(results: "Results") -> list[list[str]]:
    """How strongly each cell of the confusion matrix is tinted, as the style sheet names it."""
    counts = results.confusion
    wrong = int((counts - np.diag(np.diag(counts))).max(initial=0))

    def shade(label: int, guess: int) -> str:
        if label == guess:
            return "right"
        return f"wrong-{math.ceil(MOST_SHADE * counts[label, guess] / max(1, wrong))}"

    classes = range(len(counts))
    return [[shade(label, guess) for guess in classes] for label in classes]


def settings(results: "Results") -> list[tuple[str, str]]:
    """How the run came about, as far as the model and the history know."""
    from stages.page.figures.text import significant

    network, history = results.network, results.history
    height, width = results.image_shape
    return [
        ("Images", f"{height} by {width} pixels"),
        *preparation(results),
        ("Layers", ", ".join(f"{n:,}" for n in network.sizes)),
        ("Weights and biases", f"{network.parameters.size:,}"),
        ("Hidden neurons", network.activation if len(network.weights) > 1 else "none"),
        ("Cost", network.cost),
        ("Epochs", f"{int(history['epoch'][-1])}; the network is that of epoch {results.epoch}"),
        ("Cost on test images", significant(results.metrics["cost"])),
        ("Test images", f"{len(results.labels):,}"),
    ]


def preparation(results: "Results") -> list[tuple[str, str]]:
    """What was done to every image, whatever preprocessing knows about."""
    arrays = results.model.preprocessing.arrays()
    words = {"True": "yes", "False": "no"}
    own = arrays["scale"].size > 1
    return [
        *(
            (name.capitalize(), words.get(str(array), str(array)))
            for name, array in arrays.items()
            if not array.shape and name not in {"scale", "offset"}
        ),
        (
            f"Scaling of {results.input}s",
            "each by its own mean and deviation" if own else "one for all",
        ),
    ]


def run_parameters(results: "Results") -> dict[str, list[tuple[str, str]]]:
    """The sections of params.yaml that made this network; none if there is no such file.

    Raises ``StageError`` if it is not of YAML, or describes another network.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if not PARAMETERS.is_file():
        return {}
    try:
        sections = YAML(typ="safe").load(PARAMETERS)
        chosen = {name: dict(sections[name]) for name in SECTIONS}
        asked = [chosen["train"][name] for name in ("hidden", "activation", "cost")]
    except (YAMLError, KeyError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise StageError(f"{PARAMETERS}: expected the sections {SECTIONS}: {reason}") from error
    network = results.network
    if asked != [[*network.sizes[1:-1]], network.activation, network.cost]:
        raise StageError(f"{PARAMETERS}: train describes another network; run dvc repro")
    return {
        name: [(key, in_words(value)) for key, value in section.items()]
        for name, section in chosen.items()
    }


def in_words(value: Any) -> str:
    """A parameter as one writes it into params.yaml."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(in_words(one) for one in value) or "[]"
    return str(value)


def versions() -> list[tuple[str, str]]:
    """What the report was made with."""
    names = {"numpy": "NumPy", "scipy": "SciPy", "dvc": "DVC"}
    packages = [(names.get(name, name.capitalize()), version(name)) for name in PACKAGES]
    return [("Python", platform.python_version()), *packages]


def tables(results: "Results") -> dict[str, Table]:
    """The numbers behind the figures of the run."""
    return {
        "learning": history_table(results),
        "scores": scores_table(results),
        "confusion": confusion_table(results),
        "mistakes": mistakes_table(results),
        "calibration": calibration_table(results),
    }


def history_table(results: "Results") -> Table:
    """Cost and accuracy by epoch; of very many epochs, every so many and the last."""
    from stages.page.figures.text import percent, significant

    history = results.history
    last = len(history["epoch"]) - 1
    step = 1 + last // MOST_ROWS
    rows = [
        [
            f"{history['epoch'][i]:.0f}",
            significant(history["learning_rate"][i]),
            *(significant(history[f"{part}_cost"][i]) for part in ("train", "validation")),
            *(percent(history[f"{part}_accuracy"][i]) for part in ("train", "validation")),
        ]
        for i in sorted({*range(0, last, step), last})
    ]
    header = ["Epoch", "Learning rate", "Training cost", "Validation cost"]
    header += ["Training accuracy", "Validation accuracy"]
    return Table("Cost and accuracy by epoch", header, rows)


def scores_table(results: "Results") -> Table:
    """Precision, recall and F1 of every class."""
    from stages.page.figures.results import SCORES
    from stages.page.figures.text import percent

    shown = results.confusion.sum(axis=1)
    rows = [
        [name, f"{shown[j]:,}", *(percent(results.metrics[score][j], 1) for score in SCORES)]
        for j, name in enumerate(results.names.names)
    ]
    header = [results.noun.capitalize(), "Test images", "Precision", "Recall", "F1"]
    return Table(f"Precision, recall and F1 of every {results.noun}", header, rows)


def confusion_table(results: "Results") -> Table:
    """How often each class is taken for each."""
    header = [f"True {results.noun}", *(f"read as {name}" for name in results.names.names)]
    rows = [
        [name, *(f"{count:,}" for count in row)]
        for name, row in zip(results.names.names, results.confusion, strict=True)
    ]
    return Table("Test images by true class and guess", header, rows)


def mistakes_table(results: "Results") -> Table:
    """The most confident mistakes, by their place in the test set."""
    from stages.page.figures.text import decimal

    def guess(index: int, j: int) -> list[str]:
        return [results.names[j], decimal(float(results.outputs[index, j]), 3)]

    rows = [
        [
            str(i),
            results.names[results.labels[i]],
            *guess(i, results.guesses[i]),
            *guess(i, results.second_guesses[i]),
        ]
        for i in results.surest_mistakes[:MOST_ROWS]
    ]
    header = ["Test image", f"True {results.noun}"]
    header += ["First guess", "Output", "Second guess", "Output"]
    return Table("The most confident mistakes, the surest first", header, rows)


def calibration_table(results: "Results") -> Table:
    """The bins of the calibration."""
    from stages.page.figures.text import decimal, percent

    table = results.calibration
    rows = [
        [
            decimal(table["lower"][i], 1),
            f"{table['images'][i]:,.0f}",
            decimal(table["confidence"][i], 3),
            percent(table["accuracy"][i], 1),
        ]
        for i in range(len(table["lower"]))
    ]
    header = ["Winning output from", "Images", "Its mean", "Read correctly"]
    return Table("Winning output and accuracy", header, rows)
