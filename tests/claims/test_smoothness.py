"""Moran's I by its definition, and a caption that says what the files say."""

from contextlib import chdir
from itertools import product
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest

from nn import Network
from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY
from stages.claims.smoothness.figure import CLAIM, IMAGES, SWEEP
from stages.claims.smoothness.measure import Grid, correlation, smoothness
from stages.common.files.arrays import load_arrays, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import NETWORK, PREPROCESSING, SNAPSHOTS
from stages.common.images.preprocess import Preprocessing
from stages.common.models.model import Model, save_model
from stages.common.models.snapshots import save_snapshots
from tests.claims.shared import (
    Options,
    check_parameters,
    copied,
    drawn,
    finish,
    numbers_in,
    rows_of,
)

OPTIONS: Options = {
    "weight_decays": [0.0, 0.01], "seeds": 2, "epochs": 2, "learning_rate": 4.0, "batch_size": 25,
    "shuffles": 20, "seed": 3, "hidden": [5],
}  # fmt: skip
CHANGES = {
    "weight_decays": [0.0], "seeds": 3, "epochs": 3, "learning_rate": 2.0, "batch_size": 30,
    "shuffles": 21, "seed": 4, "hidden": [5, 4],
}  # fmt: skip
FILES = (SWEEP, IMAGES)


@pytest.fixture(scope="module")
def finished(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copied(digits, tmp_path_factory.mktemp("smoothness"))
    with chdir(folder):
        write_network(hidden=(6,))
    return finish(folder, smoothness, OPTIONS)


def write_network(hidden: tuple[int, ...]) -> None:
    """A network as ``train`` writes it: before its first step random, afterwards smooth."""
    preprocessing = Preprocessing.load(PREPROCESSING)
    rng = np.random.default_rng(0)
    network = Network.random((784, *hidden, 10), "sigmoid", "quadratic", rng=rng)
    before = network.parameters.copy()
    network.weights[0][:] += np.linspace(-1, 1, 784)
    save_model(NETWORK, Model(network, preprocessing))
    save_snapshots(SNAPSHOTS, {0: before, 1: network.parameters})


def slow_morans_i(image: np.ndarray[Any, Any], inked: np.ndarray[Any, Any]) -> float:
    """n / S0 times the sum of w_ij d_i d_j over the sum of d_i squared, with w_ij 0 or 1."""
    pixels = [(y, x) for y, x in product(*map(range, image.shape)) if inked[y, x]]
    d = {p: float(image[p]) - float(np.mean([image[q] for q in pixels])) for p in pixels}
    weights = {
        (p, q): 1 for p in pixels for q in pixels if abs(p[0] - q[0]) + abs(p[1] - q[1]) == 1
    }
    together = sum(d[p] * d[q] for p, q in weights)
    return len(pixels) / sum(weights.values()) * together / sum(v * v for v in d.values())


def test_morans_i_is_what_its_definition_says() -> None:
    rng = np.random.default_rng(0)
    inked = rng.random((6, 5)) > 0.3
    images = rng.normal(size=(4, 6, 5))
    grid = Grid.of(inked)
    expected = [slow_morans_i(image, inked) for image in images]
    found = grid.morans_i(grid.values(images.reshape(4, -1)))
    np.testing.assert_allclose(found, expected)


def test_a_chessboard_a_smooth_slope_noise_and_an_even_image() -> None:
    y, x = np.mgrid[:20, :20]
    grid = Grid.of(np.ones((20, 20), bool))
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2000, 400))
    board, slope, even = (
        grid.morans_i(a.reshape(1, -1).astype(np.float64))[0]
        for a in ((x + y) % 2, x + y, np.full((20, 20), 3))
    )
    assert board == pytest.approx(-1)
    assert slope > 0.9
    assert even == 0
    assert grid.morans_i(noise).mean() == pytest.approx(-1 / 399, abs=0.003)


def test_neighbours_are_in_the_same_map() -> None:
    rng = np.random.default_rng(0)
    inked = rng.random((6, 8)) > 0.2
    whole, apart = Grid.of(inked), Grid.of(inked, (2, 4))
    pairs = {*zip(whole.one.tolist(), whole.other.tolist(), strict=True)}
    places = np.argwhere(inked) // (3, 2)  # the map of each inked pixel
    kept = {(p, q) for p, q in pairs if (places[p] == places[q]).all()}
    assert {*zip(apart.one.tolist(), apart.other.tolist(), strict=True)} == kept < pairs


def test_pixels_without_neighbours_are_refused_in_one_line() -> None:
    with pytest.raises(StageError, match="side by side"):
        Grid.of(np.array([[True, False], [False, True]]))


def test_correlation_ignores_scale() -> None:
    values = np.random.default_rng(0).normal(size=(3, 7))
    assert correlation(values, 0.1 * values + 2) == pytest.approx(1)
    assert correlation(values, np.ones((3, 7))) == 0


@pytest.mark.usefixtures("folder")
def test_every_parameter_changes_the_outputs_and_nothing_else_does() -> None:
    check_parameters(smoothness, OPTIONS, CHANGES, FILES)


@pytest.mark.usefixtures("folder")
def test_weights_that_overflow_are_told_in_one_line() -> None:
    with pytest.raises(StageError, match="weight decay 1 "):
        smoothness(**{**OPTIONS, "weight_decays": [1.0], "learning_rate": 1e6, "epochs": 4})


@pytest.mark.parametrize(
    ("own", "hidden", "decays"),
    [
        ((6,), [5], [0.0, 0.01]),
        ((), None, [0.001]),
        ((40, 3), [1, 2], [0.1, 0.0, 0.01, 0.02, 0.03]),
    ],
)
@pytest.mark.usefixtures("folder")
def test_the_caption_says_what_the_files_say(
    own: tuple[int, ...], hidden: list[int] | None, decays: list[float]
) -> None:
    write_network(own)
    smoothness(**{**OPTIONS, "hidden": hidden, "weight_decays": decays})
    picture, a = drawn(CLAIM), load_arrays(IMAGES)
    assert len(rows_of(SWEEP)) == 2 * len(decays) * OPTIONS["seeds"]
    weights = np.load(SNAPSHOTS / "parameters.npy")[1][: 784 * len(a["after"])].reshape(-1, 28, 28)
    assert a["after"][0] == pytest.approx(slow_morans_i(weights[0], a["inked"]), abs=1e-5)
    beyond = int((a["after"] > a["shuffled_highest"]).sum())
    assert f"{beyond} of its {len(a['after'])} neuron" in picture.caption
    pixels = int(a["inked"].sum())
    numbers = ["0", "1", "2", "20", "784", "0.5", str(pixels), f"{-1 / (pixels - 1):.3g}"]
    numbers += [str(beyond), str(len(a["after"])), *(str(n) for n in (784, *own, 10))]
    numbers += [f"{a[name].mean():z.2f}" for name in ("before", "after", "digits")]
    numbers += [f"{f(a['after']):z.2f}" for f in (np.min, np.max)]
    numbers += [f"{f(decays):.3g}" for f in (min, max)]
    for start, decay in product(("small", "large"), (min(decays), max(decays))):
        smooth = cells(start, decay, "morans_i")
        right = [100 * v for v in cells(start, decay, "validation_accuracy")]
        numbers += [f"{f(smooth):z.3f}" for f in (mean, stdev)]
        numbers += [f"{f(right):.1f}" for f in (mean, stdev)]
        numbers.append(f"{mean(cells(start, decay, 'first_weights')):z.2f}")
    assert numbers_in(picture.caption) <= {*numbers}
    least = [mean(cells(s, min(decays), "morans_i")) for s in ("small", "large")]
    random = sum(value < 0.5 for value in (a["after"].mean(), *least))
    assert picture.caption.endswith((NOT_HELD, PARTLY, PARTLY, HELD)[random])


def cells(start: str, decay: float, name: str) -> list[float]:
    """A column of the table, for one start and strength."""
    return [
        float(row[name]) for row in rows_of(SWEEP)
        if row["start"] == start and float(row["weight_decay"]) == decay
    ]  # fmt: skip


@pytest.mark.usefixtures("folder")
def test_files_that_are_missing_or_of_another_kind_are_told() -> None:
    arrays = load_arrays(IMAGES)
    save_arrays(IMAGES, {name: array for name, array in arrays.items() if name != "digits"})
    with pytest.raises(StageError, match="stage smoothness"):
        CLAIM.draw()
    for path in FILES:
        path.unlink()
    with pytest.raises(FileNotFoundError):
        CLAIM.draw()
