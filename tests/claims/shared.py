"""What the tests of the claims share: cases of the contract, small runs, and looks at findings."""

import csv
import json
import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray
from ruamel.yaml import YAML
from scipy import stats

from nn import Network
from stages.claims.shared.claim import Claim, Finding
from stages.claims.shared.networks import inputs_of, targets_of
from stages.common.files.arrays import Floats, load_labelled, save_arrays, save_labelled
from stages.common.files.paths import (
    BATCH_SIZE,
    NETWORK,
    PREPROCESSING,
    SIBLINGS,
    SNAPSHOTS,
    TEST,
    TRAIN,
    VALIDATION,
)
from stages.common.images.preprocess import Preprocessing, unit_scaling
from stages.common.models.model import Model, load_model, save_model
from stages.common.models.snapshots import save_snapshots
from stages.common.runtime.imports import ROOT
from stages.page.figures.layout import styled
from tests.sample import call

Stage = Callable[..., None]
Options = dict[str, Any]
Row = dict[str, str]
Bytes = NDArray[np.uint8]

MINUS = "\N{MINUS SIGN}"
# A hyphen is a sign unless it joins what stands before it, as in 784-16-16-10.
NUMBER = re.compile(rf"(?:[+{MINUS}]|(?<!\w)-)?\d+(?:,\d{{3}})*(?:\.\d+)?(?:e[-+{MINUS}]?\d+)?")


class Shape(NamedTuple):
    """A network, and the images that it reads."""

    hidden: tuple[int, ...] = (4,)
    classes: int = 10
    height: int = 6
    width: int = 5
    activation: str = "sigmoid"
    cost: str = "quadratic"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Neurons of every layer."""
        return self.height * self.width, *self.hidden, self.classes


SHAPES = {
    "no hidden layer": Shape(hidden=()),
    "wide": Shape(hidden=(40, 300)),
    "deep, 3 classes": Shape((5,) * 9, 3, activation="tanh", cost="cross_entropy"),
    "26 classes of 4 x 12": Shape((6,), 26, 4, 12, activation="leaky_relu"),
    "one neuron, one pixel, two classes": Shape((1,), 2, 1, 1, activation="relu"),
}
RANDOM_IMAGES = 60  # of a random run, in each of its parts


@dataclass(frozen=True)
class Case:
    """How the contract is tried on one claim."""

    measure: Stage
    options: Options  # of a small run
    changes: Options  # another value for every option that shapes what is written
    outputs: tuple[Path, ...]
    known_numbers: Callable[[Finding], set[str]]  # that words may hold, from the outputs alone
    inputs: str = "digits"  # the fixture in a copy of whose folder the command runs
    prepare: Callable[[], object] = lambda: None  # writes what else it reads, in that folder
    of_shape: Callable[[Shape], Options] = lambda _: {}  # the same for random images; options
    shapes: Sequence[str] = (*SHAPES,)  # that the claim can be measured on
    variations: Mapping[str, Options] = field(default_factory=dict)  # runs with other figures
    quick: Options = field(default_factory=dict)  # for trying one option after the other
    unshaping: Options = field(default_factory=dict)  # other values that change nothing


def copied(start: Path, folder: Path) -> Path:
    """Copy all that is in one folder into another."""
    return Path(shutil.copytree(start, folder, dirs_exist_ok=True))


def run_in(
    folder: Path, stage: Stage, options: Options, prepare: Callable[[], object] = lambda: None
) -> Path:
    """Run a stage in a folder, once what it reads is prepared there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        prepare()
        call(stage, **options)
    return folder


def write_run(images: Bytes, labels: Bytes, shape: Shape, scale: Any, offset: Any) -> None:
    """Write what comes before a claim: images (n, pixels) for all parts, and random snapshots."""
    for folder in (TRAIN, VALIDATION, TEST):
        folder.mkdir(parents=True, exist_ok=True)
        save_labelled(folder, images, labels)
    BATCH_SIZE.write_text(json.dumps({"batch_size": 10}))
    preprocessing = Preprocessing(
        shape.height, shape.width, deskew=False, edges=False, scale=scale, offset=offset
    )
    save_arrays(PREPROCESSING, preprocessing.arrays())
    rng = np.random.default_rng(5)
    network = Network.random(shape.sizes, shape.activation, shape.cost, rng=rng, gain=2)
    steps = rng.normal(0, 0.1, (4, network.parameters.size)).astype(np.float32)
    steps[0] = 0
    snapshots = network.parameters + steps.cumsum(axis=0)
    network.parameters[:] = snapshots[-1]
    save_model(NETWORK, Model(network, preprocessing))
    save_snapshots(SNAPSHOTS, dict(enumerate(snapshots)))
    write_siblings()


def write_siblings(count: int = 5) -> None:
    """Write so many random networks like that of the current folder, which drift for 3 epochs."""
    network, rng = load_model(NETWORK).network, np.random.default_rng(7)
    kind = network.sizes, network.activation, network.cost
    starts = [Network.random(*kind, rng=rng, gain=2).parameters for _ in range(count)]
    steps = rng.normal(0, 0.1, (3, count, network.parameters.size)).astype(np.float32)
    steps[0] = starts
    arrays = {"sizes": np.array(network.sizes), "activation": np.array(network.activation)}
    arrays |= {"cost": np.array(network.cost), "seeds": 1000 + np.arange(count)}
    arrays |= {"epochs": np.array([0, 1, 3]), "parameters": steps.cumsum(axis=0)}
    arrays |= {"learning_rate": np.array(2.0)}
    save_arrays(SIBLINGS, arrays)


def write_random_run(shape: Shape) -> None:
    """Write a run on random images; every class has some of them."""
    rng = np.random.default_rng(0)
    pixels = shape.height * shape.width
    images = rng.integers(0, 256, (RANDOM_IMAGES, pixels), dtype=np.uint8)
    labels = rng.permutation(np.arange(RANDOM_IMAGES, dtype=np.uint8) % shape.classes)
    write_run(images, labels, shape, *unit_scaling())


def write_params(**train: Any) -> None:
    """Write the project's params.yaml with other parameters of train into the current folder."""
    yaml = YAML()
    values = yaml.load(ROOT / "params.yaml")
    augment = train.pop("augment", {})
    values["train"] |= train
    values["train"]["augment"] |= augment
    yaml.dump(values, Path("params.yaml"))


def write_saturated_run() -> None:
    """Write a run on random images whose network cannot learn: every derivative is exactly zero."""
    write_random_run(Shape(hidden=(), classes=2))
    path = SNAPSHOTS / "parameters.npy"
    np.save(path, np.full_like(np.load(path), 1e6))


def snapshot(epoch: int) -> tuple[Network, Floats, Floats]:
    """The network after an epoch, in float64, with all training images and targets as columns."""
    model, (stored, labels) = load_model(NETWORK), load_labelled(TRAIN)
    parameters = np.load(SNAPSHOTS / "parameters.npy")[epoch].astype(np.float64)
    network = replace(model.network, parameters=parameters)
    return network, inputs_of(stored, model.preprocessing), targets_of(labels, network.sizes[-1])


def rows_of(path: Path) -> list[Row]:
    """The rows of a table, by the names of its columns."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as a stage would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def finding_of(claim: Claim) -> Finding:
    """What the outputs in the current folder say of a claim."""
    return claim.judge(claim.read())


def figure_of(claim: Claim) -> Figure:
    """A claim's figure, drawn in the report's style; none of its texts leaves the sheet."""
    return finding_and_figure_of(claim)[1]


def finding_and_figure_of(claim: Claim) -> tuple[Finding, Figure]:
    """What is said of a claim, and its figure, none of whose texts leaves the sheet."""
    measured = claim.read()
    finding = claim.judge(measured)
    with styled():
        figure = claim.draw(measured, finding.title)
        figure.draw_without_rendering()
    for text in figure.findobj(Text):
        # Whatever was drawn is no longer stale; the labels of ticks beyond an axis' ends still are.
        if isinstance(text, Text) and text.get_text() and not text.stale:
            box = text.get_window_extent()
            assert box.x0 >= 0, text
            assert box.y0 >= 0, text
            assert box.x1 <= figure.bbox.x1, text
            assert box.y1 <= figure.bbox.y1, text
    return finding, figure


def words_of(finding: Finding) -> str:
    """All that a finding says in words."""
    said = (finding.title, finding.plain, finding.notes, finding.measured)
    return " ".join((*said, finding.alt))


def numbers_in(text: str) -> set[str]:
    """All numbers of a text as they stand, but with a hyphen as their minus sign."""
    return {number.replace(MINUS, "-") for number in NUMBER.findall(text)}


def t_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean between the ends of its 95 % interval, by SciPy's own distribution."""
    mean, error = float(np.mean(values)), float(stats.sem(values))
    if not error > 0:  # all alike, or one alone
        return mean, mean, mean
    low, high = stats.t.interval(0.95, len(values) - 1, mean, error)
    return float(low), mean, float(high)
