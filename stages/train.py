"""Train the network: mini-batch SGD with backpropagation, epoch by epoch."""

import csv
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import perf_counter, process_time
from typing import Annotated, Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from nn import (
    SGD,
    Examples,
    evaluate,
    learning_rate_at,
)
from stages.common.files.atomic import StageError, whole_file
from stages.common.files.paths import (
    BATCH_SIZE,
    BATCHES,
    HISTORY,
    NETWORK,
    PREPROCESSING,
    SNAPSHOTS,
    TRAIN,
    VALIDATION,
)
from stages.common.images.preprocess import Preprocessing
from stages.common.models.model import Model, answers_are_finite, as_examples, save_model
from stages.common.models.sanity import doubt
from stages.common.models.snapshots import save_snapshots
from stages.common.models.training import (
    Activation,
    Cost,
    Descent,
    Distorted,
    Elastic,
    Epochs,
    Fading,
    FullBatch,
    Gain,
    Hidden,
    Initializer,
    LearningRate,
    Momentum,
    Reshuffle,
    Rotation,
    Scaling,
    Schedule,
    Shear,
    Shift,
    Smoothness,
    TrainingSet,
    WeightDecay,
)
from stages.common.runtime.checkpoints import Checkpoint, fingerprint
from stages.common.runtime.cli import run, whole
from stages.common.runtime.limits import TRAINING, require_disk, require_memory

LIVE = 0.005  # of a training's time that may go into its history before the end
PLAIN_LINES = 10  # about as many lines of progress where no bar can be drawn

Row = dict[str, float]


def train(
    activation: Activation,
    cost: Cost,
    initializer: Initializer,
    gain: Gain,
    learning_rate: LearningRate,
    schedule: Schedule,
    momentum: Momentum,
    weight_decay: WeightDecay,
    epochs: Epochs,
    reshuffle: Reshuffle,
    full_batch: FullBatch,
    distorted: Distorted,
    shift: Shift,
    rotation: Rotation,
    scaling: Scaling,
    shear: Shear,
    elastic: Elastic,
    smoothness: Smoothness,
    fading: Fading,
    patience: Annotated[
        int,
        whole(
            "patience",
            0,
            10**6,
            "Stop after so many epochs without a lower validation cost, and keep the best "
            "network; 0 never stops.",
        ),
    ],
    seed: Annotated[
        int, whole("seed", 0, 2**63 - 1, "Decides the first weights and the order of images.")
    ],
    threads: Annotated[
        int, whole("threads", 1, 1024, "Threads of BLAS: more than 1 pays for wide layers only.")
    ],
    snapshots: Annotated[
        int,
        whole("snapshots", 1, 10**6, "Networks kept on the way at most, evenly spread."),
    ],
    hidden: Hidden = None,
) -> None:
    """Train a network on data/batches by backpropagation.

    Writes models/network.npz, its parameters before the first step and on the way
    (models/snapshots) and reports/history.csv.
    """
    options = {**locals()}  # all that was asked for, before anything else has a name
    descent = Descent.of(options)
    preprocessing = Preprocessing.load(PREPROCESSING)
    training = TrainingSet.load(TRAIN, preprocessing)
    examples = training.examples
    validation = as_examples(VALIDATION, preprocessing)
    classes = 1 + max(int(examples.labels.max()), int(validation.labels.max()))
    sizes = (examples.stored.shape[1], *(hidden or []), classes)
    check(sizes, epochs, snapshots)
    batch_size = json.loads(BATCH_SIZE.read_text())["batch_size"]
    sgd, distort = descent.start(training, classes, batch_size, seed)
    network = sgd.network
    shape = "-".join(str(n) for n in sizes)
    print(f"{shape}: {network.parameters.size:,} parameters, {len(examples):,} images")
    with np.errstate(all="ignore"):
        diary = Diary(sgd, examples, validation, spacing(epochs, snapshots))
        if not diary.is_finite():
            told = "expected first weights whose cost and answers are finite numbers"
            raise StageError(f"train.gain: {told}, got {gain:g}; lower it, or take fewer layers")
    checkpoint = Checkpoint(
        "train",
        fingerprint("stages.train", (BATCHES, PREPROCESSING), repr(options)),
        # All that an epoch changes, but for what the diary takes down.
        arrays={"parameters": network.parameters, "velocity": sgd.velocity},
        generators={"order": sgd.rng, "distortion": distort.rng},
    )
    diary.go_on(**checkpoint.restore())
    start, work, before = perf_counter(), process_time(), sgd.epochs_done
    # A diverging cost is looked for, and told, after each epoch.
    with np.errstate(all="ignore"), threadpool_limits(threads, "blas"):
        problem = descend(partial(descent.epoch, sgd, distort), diary, patience, checkpoint)
    spent, work = perf_counter() - start, process_time() - work
    print(f"{sgd.epochs_done - before} epochs in {spent:.1f} s, {work:.1f} s of processor time")
    row = diary.write(Model(network, preprocessing), best=patience > 0)
    checkpoint.clear()
    if problem:
        raise StageError(problem)
    right = round(row["validation_accuracy"] * len(validation))
    if warning := doubt(right, validation.labels, "validation images"):
        print(f"warning: {warning}")


def check(sizes: tuple[int, ...], epochs: int, snapshots: int) -> None:
    """Raise ``StageError`` if the parameters that are kept do not fit into memory or on disk."""
    kept = epochs // spacing(epochs, snapshots) + 3  # and the first, the best, the last
    require_memory("train.hidden", sizes, TRAINING + kept)
    require_disk("train.hidden", sizes, kept + 1)


def spacing(epochs: int, snapshots: int) -> int:
    """How many epochs lie between two snapshots, if there may be so many: as few as can be."""
    return -(-epochs // snapshots)


class Diary:
    """What is written down about every epoch: costs and accuracies, now and then all parameters."""

    def __init__(self, sgd: SGD, examples: Examples, validation: Examples, every: int = 1) -> None:
        """Measure the network before its first step: epoch 0."""
        self.sgd, self.validation, self.every = sgd, validation, every
        # As many training images as validation images: a fair comparison, and quick.
        self.sample = examples.first(len(validation))
        self.rows: list[Row] = []
        self.snapshots: dict[int, NDArray[np.floating]] = {}  # by epoch
        self.begun, self.spent = perf_counter(), 0.0  # seconds
        self.note()

    def note(self) -> Row:
        """Measure the network as it is now, and add a row."""
        network, settings, epoch = self.sgd.network, self.sgd.settings, self.sgd.epochs_done
        train_cost, train_accuracy = evaluate(network, self.sample)
        validation_cost, validation_accuracy = evaluate(network, self.validation)
        row: Row = {
            "epoch": epoch,
            "learning_rate": learning_rate_at(settings, epoch / settings.epochs),
            "train_cost": train_cost,
            "train_accuracy": train_accuracy,
            "validation_cost": validation_cost,
            "validation_accuracy": validation_accuracy,
        }
        self.rows.append(row)
        self.snapshots[epoch] = network.parameters.copy()
        self.thin_out(self.best_epoch(), epoch - 1, epoch)  # what may become the result
        return row

    def thin_out(self, *epochs: int) -> None:
        """Forget the snapshots of all epochs but these and every so many."""
        for epoch in [*self.snapshots]:
            if epoch % self.every and epoch not in epochs:
                del self.snapshots[epoch]

    def notes(self) -> dict[str, Any]:
        """All that has been written down, for a checkpoint."""
        return {"rows": self.rows, "snapshots": {str(e): p for e, p in self.snapshots.items()}}

    def go_on(self, rows: list[Row] | None = None, snapshots: dict[str, Any] | None = None) -> None:
        """Take over what a killed training had written down; if that is nothing, change nothing."""
        if rows is None or snapshots is None:
            return
        self.rows = rows
        self.snapshots = {int(epoch): parameters for epoch, parameters in snapshots.items()}
        self.sgd.epochs_done = len(rows) - 1
        print(f"continuing after epoch {len(rows) - 1} of {self.sgd.settings.epochs}", flush=True)

    def is_finite(self) -> bool:
        """Whether the newest row is, and the answers of the network to any image would be."""
        seen = bool(np.isfinite([*self.rows[-1].values()]).all())
        examples = self.validation
        return seen and answers_are_finite(self.sgd.network, examples.scale, examples.offset)

    def best_epoch(self) -> int:
        """The epoch of the lowest validation cost."""
        return int(np.argmin([row["validation_cost"] for row in self.rows]))

    def drop_last(self) -> None:
        """Forget the newest epoch."""
        self.rows.pop()
        del self.snapshots[len(self.rows)]

    def write(self, model: Model, *, best: bool) -> Row:
        """Write the outputs; the network is the best epoch's, or else the last one's.

        Its row is returned.
        """
        last = len(self.rows) - 1
        epoch = self.best_epoch() if best else last
        model.network.parameters[:] = self.snapshots[epoch]
        save_model(NETWORK, model)
        self.thin_out(epoch, last)
        save_snapshots(SNAPSHOTS, self.snapshots)
        self.write_rows()
        return self.rows[epoch]

    def write_rows(self) -> None:
        """Write the history so far, whole or not at all."""
        with whole_file(HISTORY) as path, path.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)

    def show(self) -> None:
        """Write the history for those who watch a training, if that has not taken long so far.

        DVC takes it for an output only when the stage has ended well. What cannot be written now
        is said at the end, if it still cannot.
        """
        start = perf_counter()
        if self.spent <= LIVE * (start - self.begun):
            with suppress(OSError):
                self.write_rows()
            self.spent += perf_counter() - start


def descend(
    epoch: Callable[[], object], diary: Diary, patience: int, checkpoint: Checkpoint
) -> str:
    """Train until the last epoch, or until patience runs out; return what went wrong, if so."""
    sgd = diary.sgd
    epochs = sgd.settings.epochs
    with tqdm(
        total=epochs, initial=sgd.epochs_done, unit="epoch", disable=None, file=sys.stdout
    ) as bar:
        while sgd.epochs_done < epochs:
            if patience and sgd.epochs_done - diary.best_epoch() >= patience:
                print(f"stopped: no lower validation cost since epoch {diary.best_epoch()}")
                break
            epoch()
            row = diary.note()
            if not diary.is_finite():
                diary.drop_last()
                rate = sgd.settings.learning_rate
                return (
                    "train: the cost, or an answer, is no longer a finite number in epoch "
                    f"{sgd.epochs_done}; lower train.learning_rate ({rate:g}). "
                    f"{NETWORK} holds the network after epoch {sgd.epochs_done - 1}"
                )
            report(bar, row, epochs)
            diary.show()
            if checkpoint.due():
                checkpoint.save(**diary.notes())
    return ""


def report(bar: "tqdm[NoReturn]", row: Row, epochs: int) -> None:
    """Move the bar on; where none can be drawn, print a line now and then."""
    cost, accuracy = row["train_cost"], row["validation_accuracy"]
    if not bar.disable:
        bar.set_postfix_str(f"cost {cost:.4f}, validation {accuracy:.2%}")
        bar.update()
    elif row["epoch"] % max(1, epochs // PLAIN_LINES) == 0 or row["epoch"] == epochs:
        print(f"epoch {row['epoch']:3}: cost {cost:.4f}, validation {accuracy:.2%}", flush=True)


if __name__ == "__main__":
    run(train)
