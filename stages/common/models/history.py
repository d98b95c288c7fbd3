"""The history of a training: a row for every epoch, and networks on the way."""

import csv
from contextlib import suppress
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nn import SGD, Dataset, evaluate, learning_rate_at
from stages.common.files.atomic import whole_file
from stages.common.files.paths import HISTORY, NETWORK, SNAPSHOTS
from stages.common.models.model import Model, answers_are_finite, save_model
from stages.common.models.snapshots import save_snapshots

LIVE = 0.005  # of a training's time that may go into its history before the end

Row = dict[str, float]


def spacing(epochs: int, snapshots: int) -> int:
    """How many epochs lie between two snapshots, if there may be so many: as few as can be."""
    return -(-epochs // snapshots)


class History:
    """What is recorded of every epoch: costs and accuracies, now and then all parameters."""

    def __init__(self, sgd: SGD, examples: Dataset, validation: Dataset, every: int = 1) -> None:
        """Measure the network before its first step: epoch 0."""
        self.sgd, self.validation, self.every = sgd, validation, every
        # As many training images as validation images: a fair comparison, and quick.
        self.sample = examples.first(len(validation))
        self.rows: list[Row] = []
        self.snapshots: dict[int, NDArray[np.floating]] = {}  # by epoch
        self.begun, self.spent = perf_counter(), 0.0  # seconds
        self.record()

    def record(self) -> Row:
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
        self.prune(self.best_epoch(), epoch - 1, epoch)  # what may become the result
        return row

    def prune(self, *epochs: int) -> None:
        """Forget the snapshots of all epochs but these and every so many."""
        for epoch in [*self.snapshots]:
            if epoch % self.every and epoch not in epochs:
                del self.snapshots[epoch]

    def state_dict(self) -> dict[str, Any]:
        """All that has been written down, for a checkpoint."""
        return {"rows": self.rows, "snapshots": {str(e): p for e, p in self.snapshots.items()}}

    def load_state_dict(
        self, rows: list[Row] | None = None, snapshots: dict[str, Any] | None = None
    ) -> None:
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
        self.prune(epoch, last)
        save_snapshots(SNAPSHOTS, self.snapshots)
        self.write_rows()
        return self.rows[epoch]

    def write_rows(self) -> None:
        """Write the history so far, whole or not at all."""
        with whole_file(HISTORY) as path, path.open("w", newline="") as file:
            writer = csv.DictWriter(file, self.rows[0], lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)

    def flush(self) -> None:
        """Write the history for those who watch a training, if that has not taken long so far.

        DVC takes it for an output only when the stage has ended well. What cannot be written now
        is said at the end, if it still cannot.
        """
        start = perf_counter()
        if self.spent <= LIVE * (start - self.begun):
            with suppress(OSError):
                self.write_rows()
            self.spent += perf_counter() - start
