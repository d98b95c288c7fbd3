"""Read the held-out test images with the trained network, and count what it gets wrong."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nn import evaluate as evaluate_network
from nn import predict
from stages.common.files.atomic import StageError, whole_file
from stages.common.files.paths import (
    CALIBRATION,
    CONFUSION,
    METRICS,
    NETWORK,
    PREDICTIONS,
    PREPROCESSING,
    SCORES,
    TEST,
    VALIDATION,
)
from stages.common.files.tables import write_csv
from stages.common.images.preprocess import Preprocessing
from stages.common.models.confusion import confusion_matrix, long_form
from stages.common.models.model import Model, as_examples, load_model
from stages.common.models.sanity import chance_warning, require_finite
from stages.common.runtime.cli import run

if TYPE_CHECKING:
    import pandas as pd

BINS = 10  # of the brightest output, from 0 to 1
DECIMALS = 6


def evaluate() -> None:
    """Write metrics, predictions, confusion matrix, scores and calibration on the test images.

    No stage before this one looks at them to learn or to choose. The accuracy on the validation
    images stands beside: it is what choices are made by.
    """
    import pandas as pd  # 0.4 s that --help need not wait for

    model = load_model(NETWORK)
    require_same_preprocessing(model)
    examples = as_examples(TEST, model.preprocessing)
    with np.errstate(all="ignore"):  # what overflows is refused
        outputs, costs = predict(model.network, examples)
    require_finite(outputs, f"{NETWORK}: the outputs for the images in {TEST}")
    require_finite(costs, f"{NETWORK}: the costs of the images in {TEST}")
    labels, classes = examples.labels.astype(np.int64), outputs.shape[1]
    if labels.max() >= classes:
        raise StageError(f"{TEST}: label {labels.max()} is beyond the network's {classes} outputs")
    ranked = np.argsort(-outputs, axis=1, kind="stable")
    table = pd.DataFrame({"label": labels, "guess": ranked[:, 0], "second_guess": ranked[:, 1]})
    right = table.label == table.guess
    warning = chance_warning(int(right.sum()), labels, "test images")
    either = right | (table.label == table.second_guess)
    calibration = calibrate(outputs.max(axis=1), right.to_numpy())
    gap = (calibration.confidence - calibration.accuracy).abs()
    metrics = {
        "accuracy": right.mean(),
        "top_2_accuracy": either.mean(),
        "validation_accuracy": accuracy_on(VALIDATION, model),
        "cost": costs.mean(dtype=np.float64),
        "calibration_error": (gap * calibration.images).sum() / len(labels),
    }
    rounded = {name: round(float(value), DECIMALS) for name, value in metrics.items()}
    confusion = confusion_matrix(labels, ranked[:, 0], classes)
    columns = [f"output_{j}" for j in range(classes)]
    write_csv(PREDICTIONS, table.join(pd.DataFrame(outputs, columns=columns)))
    write_csv(CONFUSION, pd.DataFrame(long_form(confusion)))
    write_csv(SCORES, pd.DataFrame(scores_by_class(confusion)))
    write_csv(CALIBRATION, calibration)
    with whole_file(METRICS) as path:
        path.write_text(json.dumps(rounded | {"above_chance": not warning}, indent=2) + "\n")
    print(
        f"{len(labels):,} test images: {right.mean():.2%} right, {either.mean():.2%} in two guesses"
    )
    if warning:
        print(f"warning: {warning}")


def require_same_preprocessing(model: Model) -> None:
    """Raise ``StageError`` if the network was trained on images prepared in another way."""
    trained, given = model.preprocessing.arrays(), Preprocessing.load(PREPROCESSING).arrays()
    other = [
        f"{name} ({in_words(array)}, the images {in_words(given[name])})"
        for name, array in trained.items()
        if not np.array_equal(array, given[name])
    ]
    if other:
        raise StageError(
            f"{NETWORK} was trained with another {' and another '.join(other)} than the images in "
            f"{TEST} have; run dvc repro"
        )


def in_words(array: NDArray[Any]) -> str:
    """A value of the preprocessing, or what there is of it if it is one for each input."""
    if array.size > 2:
        return f"{array.min():.4g} to {array.max():.4g}, by input"
    return " x ".join(
        f"{value:.6g}" if array.dtype.kind == "f" else f"{value}" for value in array.ravel()
    )


def accuracy_on(folder: Path, model: Model) -> float:
    """Share of labelled images whose largest output is their class."""
    return evaluate_network(model.network, as_examples(folder, model.preprocessing))[1]


def scores_by_class(confusion: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Images, precision, recall and F1 of every class; 0 for a class never guessed or shown."""
    right = np.diag(confusion)
    guessed, shown = confusion.sum(axis=0), confusion.sum(axis=1)
    return {
        "class": np.arange(len(confusion)),
        "images": shown,
        "precision": (right / np.maximum(guessed, 1)).round(DECIMALS),
        "recall": (right / np.maximum(shown, 1)).round(DECIMALS),
        "f1": (2 * right / np.maximum(guessed + shown, 1)).round(DECIMALS),
    }


def calibrate(confidences: NDArray[np.floating], right: NDArray[np.bool_]) -> "pd.DataFrame":
    """How bright the brightest output is, against how often it is right, in ``BINS`` bins.

    Bins without images are left out.
    """
    import pandas as pd

    lower = np.minimum((confidences * BINS).astype(np.int64), BINS - 1) / BINS
    frame = pd.DataFrame(
        {"lower": lower, "confidence": confidences.astype(np.float64), "accuracy": right}
    )
    table: Any = frame.groupby("lower").agg(
        images=("accuracy", "size"),
        confidence=("confidence", "mean"),
        accuracy=("accuracy", "mean"),
    )
    return pd.DataFrame(table.reset_index().round(DECIMALS))


if __name__ == "__main__":
    run(evaluate)
