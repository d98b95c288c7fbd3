"""Draw what the run has shown, and tell its story on one page that needs nothing else."""

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from stages.files import whole_file, whole_folder
from stages.options import run, whole

if TYPE_CHECKING:
    from stages.figures import Picture, Results

FIGURES = Path("reports/figures")
PAGE = Path("reports/index.html")
TEMPLATES = Path(__file__).parent / "templates"
MOST_ROWS = 101  # of the table of epochs: about 100 steps, whatever the number of epochs


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


def report(
    dpi: Annotated[int, whole("dpi", 50, 600, "Dots per inch of the figures.")],
    mistakes: Annotated[
        int, whole("mistakes", 1, 100, "How many of the most confident mistakes are drawn.")
    ],
) -> None:
    """Write reports/figures and reports/index.html from what the earlier stages measured."""
    from stages.figures import load_results, painters, save, styled

    results = load_results()
    images = {}
    with whole_folder(FIGURES) as folder, styled():
        for paint in painters(mistakes):
            picture = paint(results)
            path = folder / f"{picture.name}.png"
            save(picture.figure, path, dpi)
            images[picture.name] = embed(picture, path.read_bytes())
    page = render({**facts(results), "images": images, "tables": tables(results)})
    with whole_file(PAGE) as path:
        path.write_text(page, encoding="utf-8")
    print(
        f"{len(images)} figures in {FIGURES}, one page for all: {PAGE} ({len(page) / 1e6:.1f} MB)"
    )


def embed(picture: "Picture", png: bytes) -> Image:
    """Turn a figure into text for the page; a PNG begins with its width and height."""
    width, height = (int.from_bytes(png[start : start + 4]) for start in (16, 20))
    source = "data:image/png;base64," + b64encode(png).decode()
    return Image(picture.title, picture.caption, picture.alt, source, width, height)


def render(context: dict[str, Any]) -> str:
    """The page. Every text is escaped; the policy allows its own style and embedded images only."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    template = environment.get_template("report.html.j2")
    return template.render(**context, style=Markup(style), policy=policy)  # noqa: S704 - our file


def facts(results: "Results") -> dict[str, Any]:
    """What the page says about the run, beside its figures."""
    from stages.figures.words import percent, plural

    network, metrics = results.network, results.metrics
    return {
        "shape": "-".join(str(n) for n in network.sizes),
        "sizes": network.sizes,
        "image_shape": results.image_shape,
        "noun": results.noun,
        "parameters": f"{network.parameters.size:,}",
        "accuracy": percent(metrics["accuracy"]),
        "two_guesses": percent(metrics["accuracy_of_two_guesses"]),
        "epochs": plural(int(results.history["epoch"][-1]), "epoch"),
        "test_images": f"{len(results.labels):,}",
        "activation": network.activation,
        "cost": network.cost,
        "settings": settings(results),
    }


def settings(results: "Results") -> list[tuple[str, str]]:
    """How the run came about, as far as the model and the history know."""
    from stages.figures.words import significant

    network, history = results.network, results.history
    height, width = results.image_shape
    first, last = (significant(history["learning_rate"][i]) for i in (0, -1))
    return [
        ("Images", f"{height} by {width} pixels"),
        *preparation(results),
        ("Layers", ", ".join(f"{n:,}" for n in network.sizes)),
        ("Weights and biases", f"{network.parameters.size:,}"),
        ("Hidden neurons", network.activation if len(network.weights) > 1 else "none"),
        ("Cost", network.cost),
        ("Epochs", f"{int(history['epoch'][-1])}; the network is that of epoch {results.epoch}"),
        ("Learning rate", first if first == last else f"from {first} to {last}"),
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
        ("Scaling of pixels", "each by its own mean and deviation" if own else "one for all"),
    ]


def tables(results: "Results") -> dict[str, Table]:
    """The numbers behind the figures."""
    return {
        "history": history_table(results),
        "scores": scores_table(results),
        "confusion": confusion_table(results),
        "mistakes": mistakes_table(results),
        "calibration": calibration_table(results),
    }


def history_table(results: "Results") -> Table:
    """Cost and accuracy by epoch; of very many epochs, every so many and the last."""
    from stages.figures.words import percent, significant

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
    from stages.figures.results import SCORES
    from stages.figures.words import percent

    shown = results.confusion.sum(axis=1)
    rows = [
        [str(j), f"{shown[j]:,}", *(percent(results.metrics[score][j], 1) for score in SCORES)]
        for j in range(results.classes)
    ]
    header = [results.noun.capitalize(), "Test images", "Precision", "Recall", "F1"]
    return Table(f"Precision, recall and F1 of every {results.noun}", header, rows)


def confusion_table(results: "Results") -> Table:
    """How often each class is taken for each."""
    header = [f"True {results.noun}", *(f"read as {j}" for j in range(results.classes))]
    return Table("Test images by true class and guess", header, numbered(results.confusion))


def numbered(rows: Iterable[Iterable[int]]) -> list[list[str]]:
    """Rows of counts, each after its number."""
    return [[str(j), *(f"{count:,}" for count in row)] for j, row in enumerate(rows)]


def mistakes_table(results: "Results") -> Table:
    """The most confident mistakes, by their place in the test set."""
    from stages.figures.words import decimal

    def guess(index: int, j: int) -> list[str]:
        return [str(j), decimal(float(results.outputs[index, j]), 3)]

    rows = [
        [
            str(i),
            str(results.labels[i]),
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
    from stages.figures.words import decimal, percent

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


if __name__ == "__main__":
    run(report)
