"""Siblings: what train makes of params.yaml with another seed, kept on the way."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.claims.shared.networks import load_siblings
from stages.claims.siblings.measure import STACK, SiblingsParams, check, siblings
from stages.common.files.arrays import ArrayError, load_arrays, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import SIBLINGS, SNAPSHOTS
from stages.common.images.outlook import Outlook
from stages.common.models.training import TrainingParams, own_section
from stages.common.runtime import limits
from stages.common.runtime.params import made
from stages.train import train
from tests.claims.shared import copied, run_in, write_params
from tests.sample import call

RECIPE = {"hidden": [6, 5], "learning_rate": 5, "epochs": 3, "momentum": 0.5, "gain": 1}
SEED, COUNT = 3, STACK + 1  # more than one stack


@pytest.fixture(scope="module")
def trained(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which siblings have been trained; read only."""
    folder = copied(digits, tmp_path_factory.mktemp("siblings"))
    options = {"networks": COUNT, "epochs": [1, 7], "seed": SEED}
    return run_in(folder, siblings, options, lambda: write_params(**RECIPE))


@pytest.fixture
def here(trained: Path, empty: Path) -> None:
    """The same as the current folder."""
    copied(trained, empty)


@pytest.mark.usefixtures("here")
def test_siblings_are_what_train_makes_of_params_yaml_with_another_seed() -> None:
    siblings = load_siblings()
    assert (siblings.epochs, siblings.last) == ([0, 1, 3], 3)  # there is no epoch 7
    assert siblings.learning_rate == RECIPE["learning_rate"]
    assert siblings.seeds.tolist() == [*range(SEED, SEED + COUNT)]
    assert len({row.tobytes() for row in siblings.parameters[0]}) == COUNT
    for place in (0, STACK):  # the first of each stack: its order of images is its own
        call(train, **own_section(), patience=0, seed=SEED + place, snapshots=9, threads=1)
        alone = np.load(SNAPSHOTS / "parameters.npy")
        for row, epoch in enumerate(siblings.epochs):
            np.testing.assert_array_equal(siblings.parameters[row, place], alone[epoch])
            np.testing.assert_array_equal(siblings.after(epoch)[place].parameters, alone[epoch])


@pytest.mark.usefixtures("here")
def test_every_option_changes_what_is_written() -> None:
    options: dict[str, Any] = {"networks": 2, "epochs": [1], "seed": 0}
    changes: list[dict[str, Any]] = [{"networks": 3}, {"epochs": [2]}, {"seed": 1}]
    written = set()
    for change in ({}, *changes):
        call(siblings, **{**options, **change})
        written.add(SIBLINGS.read_bytes())
    assert len(written) == 4


@pytest.mark.usefixtures("here")
def test_a_recipe_that_diverges_is_told_in_a_line() -> None:
    write_params(**RECIPE | {"activation": "relu", "learning_rate": 1e6})
    message = r"one that diverged; lower train.learning_rate \(1e\+06\)"
    with pytest.raises(StageError, match=message):
        call(siblings, networks=2, epochs=[], seed=0)


@pytest.mark.usefixtures("here")
def test_networks_that_no_memory_holds_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "memory", lambda: 10**6)
    training = made(TrainingParams, own_section())
    params = SiblingsParams(networks=1000, epochs=[], seed=0)
    message = r"siblings\.networks: expected a network that fits into the"
    with pytest.raises(StageError, match=message):
        check(params, training, Outlook(images=9, inputs=784, classes=10))


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("seeds", np.arange(2), r"parameters: expected float32 \(3, 2, "),
        ("epochs", np.arange(2), r"parameters: expected float32 \(2, "),
        ("activation", np.array("none"), "activation: expected one of"),
    ],
)
def test_a_file_of_another_form_is_told_in_a_line(
    name: str, value: NDArray[Any], reason: str
) -> None:
    arrays = load_arrays(SIBLINGS)
    save_arrays(SIBLINGS, arrays | {name: value})
    with pytest.raises(ArrayError, match=rf"expected networks: {reason}.*; run dvc repro"):
        load_siblings()
