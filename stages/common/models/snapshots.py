"""The network on its way: its parameters before the first step, and after some of the epochs."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from nn.functions import Array
from stages.common.files.arrays import map_array
from stages.common.files.atomic import StageError, whole_folder
from stages.common.models.sanity import require_finite


class Snapshots(NamedTuple):
    """Parameters, (K, P) float32, memory-mapped, after ``epochs``, (K,) int64: 0, and rising."""

    epochs: NDArray[np.int64]
    parameters: NDArray[np.float32]

    def after(self, epoch: int) -> NDArray[np.float32] | None:
        """The parameters, (P,), after so many epochs; None if they were not kept."""
        places = np.flatnonzero(self.epochs == epoch)
        return np.array(self.parameters[places[0]]) if len(places) else None


def save_snapshots(folder: Path, kept: dict[int, Array]) -> None:
    """Write parameters by epoch, whole or not at all, and without a second copy in memory."""
    epochs = sorted(kept)
    with whole_folder(folder) as partial:
        np.save(partial / "epochs.npy", np.array(epochs, np.int64))
        shape = len(epochs), kept[0].size
        stored = open_memmap(partial / "parameters.npy", mode="w+", dtype=np.float32, shape=shape)
        for row, epoch in zip(stored, epochs, strict=True):
            row[:] = kept[epoch]
        stored.flush()


def load_snapshots(folder: Path, parameters: int) -> Snapshots:
    """Read what ``save_snapshots`` wrote of a network with so many parameters.

    Raises ``StageError`` if a file is missing, or of another network or type, or not finite.
    """
    epochs = np.array(map_array(folder / "epochs.npy", np.int64, dimensions=1))
    path = folder / "parameters.npy"
    rows: NDArray[np.float32] = map_array(path, np.float32, dimensions=2)
    if epochs[0] != 0 or (np.diff(epochs) < 1).any():
        raise StageError(f"{folder / 'epochs.npy'}: expected 0 and rising epochs; run dvc repro")
    if rows.shape != (len(epochs), parameters):
        raise StageError(
            f"{path}: expected {len(epochs)} rows of {parameters:,} parameters, got an array of "
            f"shape {rows.shape}; run dvc repro"
        )
    for epoch, row in zip(epochs, rows, strict=True):
        require_finite(row, f"{path}: the weights after epoch {epoch}")
    return Snapshots(epochs, rows)
