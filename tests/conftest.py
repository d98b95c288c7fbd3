"""What several tests start from: small random problems in float64, and a run on real digits."""

import shutil
import signal
from contextlib import chdir
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from nn import Network
from nn.functions import Array
from stages.batch import batch
from stages.normalize import normalize
from tests.sample import call, sample_as_raw, train_small

# nohup and background jobs of a script ignore signals, and so would every stage that a test stops.
for number, usual in (
    (signal.SIGINT, signal.default_int_handler),
    (signal.SIGHUP, signal.SIG_DFL),
):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


SLOWEST = ("test_pipeline.py", "test_datasets.py", "test_benchmarks.py", "test_torture.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, or one processor waits for the other in the end."""
    turns = {name: turn for turn, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: turns.get(item.path.name, len(turns)))


class Problem(NamedTuple):
    """A network with B examples, one a column: inputs (n_0, B), targets (n_L, B)."""

    network: Network
    inputs: Array
    targets: Array


def random_problem(
    sizes: tuple[int, ...] = (5, 4, 3),
    activation: str = "tanh",
    cost: str = "quadratic",
    *,
    examples: int = 7,
    seed: int = 0,
) -> Problem:
    """Random weights, biases, inputs and classes; the biases keep ReLUs off their kink."""
    rng = np.random.default_rng(seed)
    network = Network.random(sizes, activation, cost, rng=rng, dtype=np.float64)
    for biases in network.biases:
        biases[:] = rng.normal(size=biases.shape)
    inputs = rng.normal(size=(sizes[0], examples))
    targets = np.eye(sizes[-1])[:, rng.integers(sizes[-1], size=examples)]
    return Problem(network, inputs, targets)


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 250 real digits to train on, 50 for validation and 60 to test; read only."""
    folder = tmp_path_factory.mktemp("digits")
    sample_as_raw(folder / "data/raw", train=300, test=60)
    with chdir(folder):
        call(normalize, scaling="unit", deskew=False, edges=False)
        call(batch, validation=50, batch_size=10, seed=0)
    return folder


@pytest.fixture(scope="session")
def trained_run(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a network of 784-6-5-10 that has trained on them; read only."""
    folder = tmp_path_factory.mktemp("trained")
    shutil.copytree(digits, folder, dirs_exist_ok=True)
    with chdir(folder):
        train_small(learning_rate=5, epochs=8)
    return folder


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one; trainings stay in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    return tmp_path


@pytest.fixture
def folder(finished: Path, empty: Path) -> Path:
    """The current folder, a copy of the one in which a module's stage has ``finished``."""
    return Path(shutil.copytree(finished, empty, dirs_exist_ok=True))
