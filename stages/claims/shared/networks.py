"""What every neuron of a network holds and wishes for: backpropagation in the lectures' words.

A wish is -dC/da, how gladly the cost would see a neuron brighter; a push is -dC/dz, the same for
its weighted sum, so that a neuron that can hardly move pushes little. All in float64, by layer
and with one column for an example, as in ``nn``.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nn import Network, Workspace, backpropagate, parameter_count
from stages.common.files.arrays import ArrayError, Floats, load_arrays, require
from stages.common.files.atomic import one_line
from stages.common.files.paths import NETWORK, SIBLINGS, SNAPSHOTS
from stages.common.images.labels import in_runs
from stages.common.images.outlook import NotInDataError
from stages.common.images.preprocess import Preprocessing
from stages.common.models.model import Model, load_model
from stages.common.models.snapshots import Snapshots, load_snapshots

NETWORKS = ("untrained", "trained")


class Layers(NamedTuple):
    """All layers of a network that saw B examples.

    ``activations[l]`` and ``wishes[l]`` are (n_l, B), the image first; ``pushes[l]``,
    (n_{l+1}, B), belongs to the neurons that ``weights[l]`` lead to.
    """

    activations: list[Floats]
    wishes: list[Floats]
    pushes: list[Floats]


def look(network: Network, inputs: Floats, targets: Floats) -> Layers:
    """Forward, then backward, for inputs (n_0, B) and targets (n_L, B); the cost of each column.

    Every neuron's wish is the sum of what the neurons after it ask of it: their pushes times the
    weights (equation BP2 of Nielsen 2015). With softmax outputs, which cannot move one by one, an
    output's wish is that for its weighted sum, and so its push.
    """
    work = Workspace(network, inputs.shape[1])
    work.activations[0][:], work.targets[:] = inputs, targets
    backpropagate(work, scale=1.0)
    pushes: list[Floats] = [np.asarray(-delta, np.float64) for delta in work.deltas]
    wishes = [w.T @ push for w, push in zip(network.weights, pushes, strict=True)]
    activations: list[Floats] = [np.asarray(a, np.float64) for a in work.activations]
    gaps = targets - activations[-1]
    return Layers(
        activations, [*wishes, 2 * gaps if network.cost == "quadratic" else pushes[-1]], pushes
    )


def untrained_and_trained() -> tuple[Model, dict[str, Network]]:
    """The model, and its network before the first step and after the last, in float64.

    Raises ``StageError`` if the snapshots are not this network's, or not finite.
    """
    model, snapshots = _load()
    parameters = snapshots.parameters[0], model.network.parameters
    return model, dict(zip(NETWORKS, (_with(model, each) for each in parameters), strict=True))


def with_epochs(epochs: list[int]) -> dict[str, Network]:
    """The untrained network, those after some epochs and the trained one, by name, in float64.

    Epochs that training did not reach, or did not keep, are left out.
    """
    model, snapshots = _load()
    after = {epoch: snapshots.after(epoch) for epoch in sorted({*epochs})}
    return {
        "untrained": _with(model, snapshots.parameters[0]),
        **{f"epoch {e}": _with(model, values) for e, values in after.items() if values is not None},
        "trained": _with(model, model.network.parameters),
    }


def _load() -> tuple[Model, Snapshots]:
    model = load_model(NETWORK)
    return model, load_snapshots(SNAPSHOTS, model.network.parameters.size)


def _with(model: Model, parameters: NDArray[np.float32]) -> Network:
    return replace(model.network, parameters=parameters.astype(np.float64))


@dataclass(frozen=True)
class Siblings:
    """n networks of the run's own recipe, from other first weights, after K epochs.

    ``parameters`` are (K, n, P); the first of the ``epochs`` is 0, the last one ``last``.
    """

    kind: Network
    learning_rate: float  # of their first step
    seeds: NDArray[np.int64]
    epochs: list[int]
    parameters: NDArray[np.float32]

    @property
    def last(self) -> int:
        """How many epochs they were trained."""
        return self.epochs[-1]

    def after(self, epoch: int) -> list[Network]:
        """The networks after an epoch that was kept, in float32."""
        rows = self.parameters[self.epochs.index(epoch)]
        return [replace(self.kind, parameters=row) for row in rows]


def load_siblings() -> Siblings:
    """What the stage ``siblings`` has trained.

    Raises ``ArrayError`` if the file does not hold that.
    """
    arrays = load_arrays(SIBLINGS)
    try:
        sizes = tuple(int(n) for n in arrays["sizes"])
        kinds = len(arrays["epochs"]), len(arrays["seeds"]), parameter_count(sizes)
        require(arrays, "parameters", np.float32, kinds)
        kind = Network(sizes, str(arrays["activation"]), str(arrays["cost"]), arrays["parameters"])
        epochs = [int(epoch) for epoch in arrays["epochs"]]
        rate = float(arrays["learning_rate"])
        return Siblings(kind, rate, arrays["seeds"], epochs, arrays["parameters"])
    except (KeyError, ValueError, TypeError) as error:
        message = f"{SIBLINGS}: expected networks: {one_line(error)}"
        raise ArrayError(f"{message}; run dvc repro") from error


def in_float64(network: Network) -> Network:
    """The same network in float64."""
    return replace(network, parameters=network.parameters.astype(np.float64))


def place_of(labels: NDArray[np.integer], label: int, index: int, stage: str, folder: Path) -> int:
    """Place of the ``index``-th image of a class; raises ``NotInDataError`` if there is none."""
    places = np.flatnonzero(labels == label)
    if not len(places):
        raise NotInDataError(
            f"{stage}.digit: expected a class that {folder} has, {in_runs(np.unique(labels))}, "
            f"got {label}"
        )
    if index >= len(places):
        raise NotInDataError(
            f"{stage}.index: expected 0 to {len(places) - 1}, since {folder} has {len(places)} "
            f"images of class {label}, got {index}"
        )
    return int(places[index])


def inputs_of(grey: NDArray[np.uint8], preprocessing: Preprocessing) -> Floats:
    """What a network sees, (inputs, B), of grey levels as they are stored, (B, pixels)."""
    return np.asarray(preprocessing.feed(grey, np.float64).T, np.float64)


def targets_of(labels: NDArray[np.integer], classes: int) -> Floats:
    """1 for the true class and 0 for the others, (classes, B)."""
    return np.asarray(labels == np.arange(classes)[:, np.newaxis], np.float64)
