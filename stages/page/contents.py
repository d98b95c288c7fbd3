"""What the page says of a run beside its figures: facts and tables, all taken from the run."""

import math
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.common.files.atomic import StageError
from stages.common.files.paths import PARAMETERS
from stages.common.images.classes import BRIEF
from stages.common.images.dataset import load_known
from stages.common.models.sanity import chance_warning
from stages.page.html import Table

if TYPE_CHECKING:
    from stages.page.figures.results import Results

MOST_ROWS = 101  # of the table of epochs: about 100 steps, whatever the number of epochs
SECTIONS = ("fetch", "normalize", "batch", "train")  # of params.yaml: what made this network
MOST_SHADE = 6  # of the confusion matrix, as the style sheet knows them
DASH = "\N{EN DASH}"
PACKAGES = ("numpy", "scipy", "pandas", "matplotlib", "dvc")


def facts(results: "Results") -> dict[str, Any]:
    """What the page says about the run, beside its figures."""
    from stages.page.figures.text import percent_of, plural, significant

    network, metrics, history = results.network, results.metrics, results.history
    first, last = (significant(history["learning_rate"][i]) for i in (0, -1))
    known = load_known()
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
        "accuracy": percent_of(metrics["accuracy"], len(results.labels)),
        "spread": standard_error(metrics["accuracy"], len(results.labels)),
        **other_accuracies(results),
        "two_guesses": percent_of(metrics["top_2_accuracy"], len(results.labels)),
        "epochs": plural(int(history["epoch"][-1]), "epoch"),
        "learning_rate": first if first == last else f"{first} to {last}",
        "test_images": f"{len(results.labels):,}",
        "caveat": chance_warning(
            int((results.labels == results.guesses).sum()), results.labels, "test images"
        ),
        "misread": f"{int((results.labels != results.guesses).sum()):,}",
        "activation": network.activation.replace("_", " "),
        "cost": network.cost.replace("_", " "),
        "shades": shades(results),
        "settings": settings(results),
        "dataset": known.name,
        "credit": known.credit,
        "sums": [*known.sums.items()],
        "run_parameters": run_parameters(results),
        "versions": versions(),
    }


def other_accuracies(results: "Results") -> dict[str, Any]:
    """On the test images in the page and on validation images, beside the one that counts."""
    from stages.page.embed import sample_size
    from stages.page.figures.text import percent

    sample = sample_size(results)
    share = float((results.labels == results.guesses)[:sample].mean())
    error = math.sqrt(max(share * (1 - share), 1 / sample) / sample)
    return {
        "sample_accuracy": percent(share, 1),
        "sample_easier": share > results.metrics["accuracy"] + error,
        "validation_accuracy": percent(float(results.history["validation_accuracy"][-1])),
    }


def standard_error(share: float, n: int) -> str:
    """By how much a share measured on n images varies with the choice of images, in percent.

    As if two more images were right and two more wrong (Agresti and Coull 1998): even if all of a
    few images are right, others need not be.
    """
    count = n + 4
    middle = (share * n + 2) / count
    return f"{100 * math.sqrt(middle * (1 - middle) / count):.2f}"


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
    per_pixel = arrays["scale"].size > 1
    return [
        *(
            (name.capitalize(), words.get(str(array), str(array)))
            for name, array in arrays.items()
            if not array.shape and name not in {"scale", "offset"}
        ),
        (
            f"Scaling of {results.input}s",
            "each by its own mean and deviation" if per_pixel else "one for all",
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
    return {name: [*in_pairs(section)] for name, section in chosen.items()}


def in_pairs(section: dict[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """The keys of a section and their values, group.key for what stands in a group."""
    for key, value in section.items():
        if isinstance(value, dict):
            yield from in_pairs(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", in_words(value)


def in_words(value: Any) -> str:
    """A parameter as one writes it into params.yaml."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(in_words(one) for one in value) or "[]"
    return str(value)


def versions() -> list[tuple[str, str]]:
    """What the report was made with: packages, not Python, for each Python gives the same bytes."""
    names = {"numpy": "NumPy", "scipy": "SciPy", "dvc": "DVC"}
    return [(names.get(name, name.capitalize()), version(name)) for name in PACKAGES]


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
    """Precision, recall and F1 of every class; a dash where there is nothing to take them of."""
    from stages.page.figures.text import percent

    scores, shown, guessed = results.scores, *(results.confusion.sum(axis=k) for k in (1, 0))
    counts = {"precision": guessed, "recall": shown, "f1": shown}
    rows = [
        [
            name,
            f"{scores['images'][j]:,.0f}",
            *(percent(scores[score][j], 1) if n[j] else DASH for score, n in counts.items()),
        ]
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
