"""Train the network: mini-batch SGD with backpropagation, epoch by epoch."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import process_time
from typing import Annotated, NoReturn

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from stages.common.files.atomic import StageError
from stages.common.files.paths import BATCHES, NETWORK, PREPROCESSING, TRAIN, VALIDATION
from stages.common.images import augment
from stages.common.images.outlook import Outlook
from stages.common.images.preprocess import Preprocessing
from stages.common.models.history import History, Row, spacing
from stages.common.models.model import Model, as_examples
from stages.common.models.recipe import batch_size_of_run, class_count
from stages.common.models.sanity import chance_warning
from stages.common.models.training import TrainingParams, TrainingSet
from stages.common.runtime.checkpoints import Checkpoint, fingerprint
from stages.common.runtime.cli import run
from stages.common.runtime.limits import TRAINING, require_disk, require_memory
from stages.common.runtime.params import whole

PLAIN_LINES = 10  # about as many lines of progress where no bar can be drawn


@dataclass(frozen=True, kw_only=True)
class TrainParams(TrainingParams):
    """Stochastic gradient descent with backpropagation."""

    patience: Annotated[
        int, whole(0, 10**6, "epochs without a lower validation cost that end it{}; 0: never")
    ]
    seed: Annotated[
        int, whole(0, 2**63 - 1, "decides the first weights and the order of the images")
    ]
    snapshots: Annotated[int, whole(1, 10**6, "networks kept on the way at most, evenly spread")]
    threads: Annotated[
        int, whole(1, 1024, "of BLAS{}: more pay for wide layers, and may change last bits")
    ]


def train(params: TrainParams) -> None:
    """Train a network on data/batches by backpropagation.

    Writes models/network.npz, its parameters before the first step and on the way
    (models/snapshots) and reports/history.csv.
    """
    preprocessing = Preprocessing.load(PREPROCESSING)
    training = TrainingSet.load(TRAIN, preprocessing)
    examples = training.examples
    validation = as_examples(VALIDATION, preprocessing)
    classes = class_count(examples, validation)
    outlook = Outlook(
        images=len(examples),
        inputs=examples.stored.shape[1],
        classes=classes,
        shape=(preprocessing.height, preprocessing.width),
    )
    check(params, outlook)
    batch_size = batch_size_of_run()
    sgd, distort = params.start(training, classes, batch_size, params.seed)
    network = sgd.network
    shape = "-".join(str(n) for n in network.sizes)
    print(f"{shape}: {network.parameters.size:,} parameters, {len(examples):,} images")
    with np.errstate(all="ignore"):
        history = History(sgd, examples, validation, spacing(params.epochs, params.snapshots))
        if not history.is_finite():
            expected = "expected first weights whose cost and answers are finite numbers"
            raise StageError(
                f"train.gain: {expected}, got {params.gain:g}; lower it, or take fewer layers"
            )
    checkpoint = Checkpoint(
        "train",
        fingerprint("stages.train", (BATCHES, PREPROCESSING), repr(params)),
        # All that an epoch changes, but for what the history takes down.
        arrays={"parameters": network.parameters, "velocity": sgd.velocity},
        generators={"order": sgd.rng, "distortion": distort.rng},
    )
    history.load_state_dict(**checkpoint.restore())
    start, before = process_time(), sgd.epochs_done
    # A diverging cost is looked for, and told, after each epoch.
    with np.errstate(all="ignore"), threadpool_limits(params.threads, "blas"):
        epoch = partial(params.epoch, sgd, distort)
        problem = descend(epoch, history, params.patience, checkpoint)
    work = process_time() - start
    print(f"{sgd.epochs_done - before} epochs, {work:.1f} s of processor time")
    row = history.write(Model(network, preprocessing), best=params.patience > 0)
    checkpoint.clear()
    if problem:
        raise StageError(problem)
    right = round(row["validation_accuracy"] * len(validation))
    if warning := chance_warning(right, validation.labels, "validation images"):
        print(f"warning: {warning}")


def check(params: TrainParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if what is kept has no room, or an image would be moved out of sight."""
    sizes = outlook.sizes(params.hidden)
    kept = params.epochs // spacing(params.epochs, params.snapshots) + 3  # first, best and last
    require_memory("train.hidden", sizes, TRAINING + kept)
    require_disk("train.hidden", sizes, kept + 1)
    if outlook.shape:
        augment.check(*outlook.shape, params.augment.shift)


def descend(
    epoch: Callable[[], object], history: History, patience: int, checkpoint: Checkpoint
) -> str:
    """Train until the last epoch, or until patience runs out; return what went wrong, if so."""
    sgd = history.sgd
    epochs = sgd.settings.epochs
    with tqdm(
        total=epochs, initial=sgd.epochs_done, unit="epoch", disable=None, file=sys.stdout
    ) as bar:
        while sgd.epochs_done < epochs:
            if patience and sgd.epochs_done - history.best_epoch() >= patience:
                print(f"stopped: no lower validation cost since epoch {history.best_epoch()}")
                break
            epoch()
            row = history.record()
            if not history.is_finite():
                history.drop_last()
                rate = sgd.settings.learning_rate
                return (
                    "train: the cost, or an answer, is no longer a finite number in epoch "
                    f"{sgd.epochs_done}; lower train.learning_rate ({rate:g}). "
                    f"{NETWORK} holds the network after epoch {sgd.epochs_done - 1}"
                )
            report(bar, row, epochs)
            history.flush()
            if checkpoint.due():
                checkpoint.save(**history.state_dict())
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
