"""Runs that the tests of the claims start from."""

from contextlib import chdir
from pathlib import Path

import pytest

from stages.common.files.arrays import load_labelled
from stages.common.files.paths import ALL_TRAIN
from stages.common.images.preprocess import standard_scaling
from tests.claims.shared import SHAPES, Case, Shape, copied, run_in, write_random_run, write_run


@pytest.fixture(scope="session")
def drifted_run(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 of the digits, standardized, and a network of 784-6-10 that drifted for three epochs."""
    images, labels = (part[:200] for part in load_labelled(digits / ALL_TRAIN))
    folder = tmp_path_factory.mktemp("drifted")
    with chdir(folder):
        write_run(images, labels, Shape((6,), 10, 28, 28), *standard_scaling(images))
    return folder


@pytest.fixture(scope="session")
def random_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Runs on random images, by the name of their network's shape; read only."""
    folders = {name: tmp_path_factory.mktemp("random") for name in SHAPES}
    for name, folder in folders.items():
        with chdir(folder):
            write_random_run(SHAPES[name])
    return folders


@pytest.fixture(scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    """The claim that a module is about."""
    case: Case = request.module.CASE
    return case


@pytest.fixture(scope="session")
def finished_runs() -> dict[str, Path]:
    """Folders in which commands have run, by name: several modules look at them."""
    return {}


@pytest.fixture(scope="module")
def finished(
    case: Case,
    finished_runs: dict[str, Path],
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A folder in which the command of a claim has run; read only."""
    name = case.measure.__name__
    if name not in finished_runs:
        folder = copied(request.getfixturevalue(case.inputs), tmp_path_factory.mktemp(name))
        finished_runs[name] = run_in(folder, case.measure, case.options, case.prepare)
    return finished_runs[name]
