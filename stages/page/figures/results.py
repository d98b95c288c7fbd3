"""Everything that the earlier stages wrote about one run, read once and checked to fit together."""

import json
import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import Network, Workspace, forward
from stages.common.files.arrays import Floats, load_labelled
from stages.common.files.atomic import StageError, one_line
from stages.common.files.paths import (
    CALIBRATION,
    CONFUSION,
    HISTORY,
    METRICS,
    NETWORK,
    PREDICTIONS,
    SCORES,
    SNAPSHOTS,
    TEST,
)
from stages.common.files.tables import Table, read_table
from stages.common.images.classes import Classes
from stages.common.images.dataset import load_classes
from stages.common.models.confusion import confusion_matrix, long_form
from stages.common.models.model import Model, load_model
from stages.common.models.sanity import require_finite
from stages.common.models.snapshots import load_snapshots

HISTORY_COLUMNS = (
    "epoch",
    "learning_rate",
    "train_cost",
    "train_accuracy",
    "validation_cost",
    "validation_accuracy",
)
SCORE_COLUMNS = ("class", "images", "precision", "recall", "f1")
EDGES = (
    "The eight maps hold edges by the direction in which ink begins: right, right and down, down, "
    "left and down, and below them their opposites."
)
LARGE = {"pixel": "ink", "edge": "an edge"}  # what makes an input large, by what it is

SAMPLE = 100  # images whose outputs are computed again, to see that the files belong together


@dataclass(frozen=True)
class Results:
    """One run: n test images of ``height`` x ``width``, k classes, and a row per epoch.

    ``untrained`` is the network before its first step. ``confusion``, (k, k), counts test images
    by true class (row) and guess (column). ``images``, (n, height * width), are grey levels as
    prepared for the network, and ``outputs``, (n, k), its answers to them.
    """

    model: Model
    untrained: Network
    epoch: int  # after which the network was kept
    images: NDArray[np.uint8]
    history: Table
    metrics: dict[str, Any]
    predictions: Table
    outputs: Floats
    confusion: NDArray[np.int64]
    scores: Table
    calibration: Table
    names: Classes

    @property
    def network(self) -> Network:
        """The trained network."""
        return self.model.network

    @property
    def image_shape(self) -> tuple[int, int]:
        """Height and width of an image, in pixels."""
        return self.model.preprocessing.height, self.model.preprocessing.width

    @property
    def seen_shape(self) -> tuple[int, int]:
        """Height and width of what the network sees of it: the same, or of maps of its edges."""
        return self.model.preprocessing.seen_shape

    @property
    def input(self) -> str:
        """What the network is given for each of its inputs, in one word."""
        return input_of(self.model)

    @property
    def large(self) -> str:
        """What makes an input large."""
        return LARGE[self.input]

    @property
    def layout(self) -> str:
        """How what the network sees is laid out, in a sentence; nothing if it is the image."""
        return EDGES if self.model.preprocessing.edges else ""

    @property
    def classes(self) -> int:
        """k, the number of output neurons."""
        return self.network.sizes[-1]

    @property
    def noun(self) -> str:
        """What the network tells apart, in one word."""
        return self.names.noun

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """True class of every test image, (n,)."""
        return self.predictions["label"].astype(np.int64)

    @cached_property
    def guesses(self) -> NDArray[np.int64]:
        """Class of the brightest output for every test image, (n,)."""
        return self.predictions["guess"].astype(np.int64)

    @cached_property
    def second_guesses(self) -> NDArray[np.int64]:
        """Class of the second brightest output, (n,)."""
        return self.predictions["second_guess"].astype(np.int64)

    @cached_property
    def brightness(self) -> Floats:
        """The winning output's activation, (n,): how sure the network is."""
        return np.asarray(self.outputs.max(axis=1))

    @cached_property
    def surest_mistakes(self) -> NDArray[np.intp]:
        """Indices of the misread test images, the brightest wrong output first."""
        wrong = np.flatnonzero(self.labels != self.guesses)
        return wrong[np.argsort(-self.brightness[wrong], kind="stable")]

    def image(self, index: int) -> NDArray[np.uint8]:
        """Test image, (height, width), as prepared for the network."""
        return np.asarray(self.images[index]).reshape(self.image_shape)

    def activations(self, indices: NDArray[np.intp]) -> list[Floats]:
        """Activations of every layer but the image, (n_l, B), for B test images."""
        work = Workspace(self.network, len(indices))
        work.inputs[:] = self.model.preprocessing.feed(self.images[indices])
        forward(work)
        return work.activations[1:]


def input_of(model: Model) -> str:
    """What a network is given for each of its inputs: an edge, or a pixel."""
    return "edge" if model.preprocessing.edges else "pixel"


def load_input() -> str:
    """The same of this run's network; raises ``ArrayError`` if there is none."""
    return input_of(load_model(NETWORK))


def load_results() -> Results:
    """Read a run's outputs below the current folder.

    Raises ``StageError`` if a file is missing, is not what its stage writes, or belongs to
    another run than the others.
    """
    try:
        return _load_results()
    except FileNotFoundError as error:
        message = f"{error.filename}: no such file; run dvc repro"
        raise StageError(message) from error


def _load_results() -> Results:
    model = load_model(NETWORK)
    images, labels = load_labelled(TEST)
    classes, n = model.network.sizes[-1], len(images)
    pixels = model.preprocessing.height * model.preprocessing.width
    _require(images.shape[1] == pixels, TEST, f"images of {pixels} pixels", f"{images.shape[1]}")
    history = _read_finite(HISTORY, HISTORY_COLUMNS)
    epochs = np.arange(len(history["epoch"]))
    _require(np.array_equal(history["epoch"], epochs), HISTORY, "epochs 0, 1, 2 ...", "others")
    snapshots = load_snapshots(SNAPSHOTS, model.network.parameters.size)
    last = int(snapshots.epochs[-1])
    _require(last == epochs[-1], SNAPSHOTS, f"epoch {epochs[-1]} as the last one", f"{last}")
    kept = snapshots.epochs[(snapshots.parameters == model.network.parameters).all(axis=1)]
    _require(kept.size > 0, SNAPSHOTS, f"a row that equals the parameters in {NETWORK}", "none")
    names = [f"output_{j}" for j in range(classes)]
    predictions = _read_finite(PREDICTIONS, ("label", "guess", "second_guess", *names))
    _require(labels.max() < classes, TEST, f"labels below {classes}", f"{labels.max()}")
    same = np.array_equal(predictions["label"], labels)
    _require(same, PREDICTIONS, f"the labels of the {n:,} images in {TEST}", "others")
    outputs = np.stack([predictions[name] for name in names], axis=1)
    _require(_are_ranked(predictions, outputs), PREDICTIONS, "the brightest two outputs", "others")
    guesses = predictions["guess"].astype(np.int64)
    confusion = confusion_matrix(labels.astype(np.int64), guesses, classes)
    expected = long_form(confusion)
    counts = _read_finite(CONFUSION, tuple(expected))
    _require(
        all(np.array_equal(counts[name], column) for name, column in expected.items()),
        CONFUSION,
        f"how often each class was guessed in {PREDICTIONS}",
        "others",
    )
    columns = ("lower", "images", "confidence", "accuracy")
    results = Results(
        model=model,
        untrained=replace(model.network, parameters=np.array(snapshots.parameters[0])),
        epoch=int(kept[-1]),
        images=images,
        history=history,
        metrics=_read_metrics(),
        predictions=predictions,
        outputs=outputs,
        confusion=confusion,
        scores=_read_scores(classes),
        calibration=_read_finite(CALIBRATION, columns),
        names=load_classes(classes),
    )
    sample = np.arange(min(SAMPLE, n))
    agree = np.allclose(results.activations(sample)[-1].T, results.outputs[sample], atol=1e-3)
    _require(agree, PREDICTIONS, f"the outputs of {NETWORK}", "those of another network")
    return results


def _require(holds: bool, path: Path, expected: str, got: str) -> None:  # noqa: FBT001
    if not holds:
        message = f"{path}: expected {expected}, got {got}; run dvc repro"
        raise StageError(message)


def _read_finite(path: Path, columns: tuple[str, ...]) -> Table:
    table = read_table(path, columns)
    for name, values in table.items():
        require_finite(values, f"{path}: the numbers of column {name}")
    return table


def _read_scores(classes: int) -> Table:
    scores = _read_finite(SCORES, SCORE_COLUMNS)
    same = np.array_equal(scores["class"], np.arange(classes))
    _require(same, SCORES, f"a row for each of {classes} classes", "others")
    return scores


def _are_ranked(predictions: Table, outputs: Floats) -> bool:
    """Whether each guess is a class with the brightest output, and the second one with the next."""
    guesses = np.stack([predictions["guess"], predictions["second_guess"]], axis=1)
    if not np.isin(guesses, np.arange(outputs.shape[1])).all():
        return False
    guessed = np.take_along_axis(outputs, guesses.astype(np.int64), axis=1)
    brightest = -np.sort(-outputs, axis=1)[:, :2]
    return bool((guesses[:, 0] != guesses[:, 1]).all()) and np.array_equal(guessed, brightest)


def _read_metrics() -> dict[str, Any]:
    try:
        metrics: dict[str, Any] = json.loads(METRICS.read_text())
        for name in ("accuracy", "top_2_accuracy", "cost", "calibration_error"):
            metrics[name] = _finite(metrics[name])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        reason = one_line(f"no {error}" if isinstance(error, KeyError) else error)
        message = f"{METRICS}: expected the metrics of a network: {reason}; run dvc repro"
        raise StageError(message) from error
    return metrics


def _finite(number: Any) -> float:
    if not math.isfinite(value := float(number)):
        raise ValueError(f"{value} is no finite number")
    return value
