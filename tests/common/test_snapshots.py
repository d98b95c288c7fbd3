"""Of a long training, as many networks are kept as are asked for, and those that matter."""

from pathlib import Path

import numpy as np
import pytest

from nn import Network
from stages.common.files.paths import HISTORY, NETWORK, SNAPSHOTS
from stages.common.models.history import spacing
from stages.common.models.model import load_model
from stages.common.models.snapshots import Snapshots, load_snapshots
from tests.claims.shared import copied
from tests.sample import train_small


@pytest.fixture
def here(digits: Path, empty: Path) -> Path:
    """The current folder, with mini-batches to train on."""
    return copied(digits, empty)


def kept_by(epochs: int, *, rate: float = 5, **options: int) -> tuple[Network, Snapshots]:
    """What a training leaves."""
    train_small(learning_rate=rate, epochs=epochs, **options)
    network = load_model(NETWORK).network
    return network, load_snapshots(SNAPSHOTS, network.parameters.size)


@pytest.mark.parametrize(
    ("epochs", "most", "expected"),
    [(4, 100, 1), (4, 4, 1), (100, 100, 1), (101, 100, 2), (1000, 100, 10), (7, 1, 7)],
)
def test_snapshots_lie_as_close_together_as_their_number_allows(
    epochs: int, most: int, expected: int
) -> None:
    assert spacing(epochs, most) == expected


@pytest.mark.usefixtures("here")
def test_fewer_snapshots_are_the_same_networks_of_the_same_training() -> None:
    _, every = kept_by(7)
    network, some = kept_by(7, snapshots=3)
    assert every.epochs.tolist() == [*range(8)]
    assert some.epochs.tolist() == [0, 3, 6, 7]
    assert np.array_equal(some.parameters, every.parameters[some.epochs])
    assert np.array_equal(some.parameters[-1], network.parameters)
    assert some.after(5) is None
    sixth = some.after(6)
    assert sixth is not None
    assert np.array_equal(sixth, every.parameters[6])


@pytest.mark.usefixtures("here")
def test_the_best_epochs_network_is_kept_though_it_lies_between() -> None:
    network, kept = kept_by(40, rate=20, snapshots=1, patience=3)
    history = np.genfromtxt(HISTORY, delimiter=",", names=True)
    best, last = int(history["validation_cost"].argmin()), int(history["epoch"][-1])
    assert 0 < best < last < 40
    assert kept.epochs.tolist() == [0, best, last]
    assert np.array_equal(kept.parameters[1], network.parameters)
