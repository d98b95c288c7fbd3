"""Moran's I by its definition, of neighbours in one map, of weights on disk."""

from itertools import product
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
from scipy.stats import sem, t

from nn import Network
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.smoothness.claim import CLAIM
from stages.claims.smoothness.measure import Grid, smoothness
from stages.common.files.arrays import load_arrays, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import NETWORK, PREPROCESSING, SNAPSHOTS, claim_arrays, claim_table
from stages.common.images.preprocess import Preprocessing
from stages.common.models.model import Model, save_model
from stages.common.models.snapshots import save_snapshots
from tests.claims.shared import (
    SHAPES,
    Case,
    finding_of,
    rows_of,
    write_rows,
    write_siblings,
)
from tests.sample import call

SWEEP, IMAGES = claim_table("smoothness"), claim_arrays("smoothness")


def write_network(hidden: tuple[int, ...] = (6,)) -> None:
    """A network as ``train`` writes it: before its first step random, afterwards smooth."""
    preprocessing = Preprocessing.load(PREPROCESSING)
    rng = np.random.default_rng(0)
    network = Network.random((784, *hidden, 10), "sigmoid", "quadratic", rng=rng)
    before = network.parameters.copy()
    network.weights[0][:] += np.linspace(-1, 1, 784)
    save_model(NETWORK, Model(network, preprocessing))
    save_snapshots(SNAPSHOTS, {0: before, 1: network.parameters})
    write_siblings()


def slow_morans_i(image: np.ndarray[Any, Any], inked: np.ndarray[Any, Any]) -> float:
    """n / S0 times the sum of w_ij d_i d_j over the sum of d_i squared, with w_ij 0 or 1."""
    pixels = [(y, x) for y, x in product(*map(range, image.shape)) if inked[y, x]]
    d = {p: float(image[p]) - float(np.mean([image[q] for q in pixels])) for p in pixels}
    weights = {
        (p, q): 1 for p in pixels for q in pixels if abs(p[0] - q[0]) + abs(p[1] - q[1]) == 1
    }
    together = sum(d[p] * d[q] for p, q in weights)
    return len(pixels) / sum(weights.values()) * together / sum(v * v for v in d.values())


def cells(start: str, decay: float, name: str) -> list[float]:
    """A column of the table, for one start and strength."""
    return [
        float(row[name]) for row in rows_of(SWEEP)
        if row["start"] == start and float(row["weight_decay"]) == decay
    ]  # fmt: skip


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the files by other means."""
    a, table = load_arrays(IMAGES), rows_of(SWEEP)
    decays = sorted({float(row["weight_decay"]) for row in table})
    seeds = len({row["seed"] for row in table})
    assert len(table) == 2 * len(decays) * seeds
    beyond = int((a["after"] > a["shuffled_highest"]).sum())
    assert f"{beyond} of its {len(a['after'])} neuron" in finding.measured
    pixels = int(a["inked"].sum())
    numbers = [*"012", "0.5", str(pixels), str(a["inked"].size), f"{-1 / (pixels - 1):.3g}"]
    numbers += [str(n) for n in (beyond, len(a["after"]), *a["sizes"], seeds)]
    numbers += [str(a["epochs"]), str(a["shuffles"])]
    numbers += [f"{a[name].mean():z.2f}" for name in ("before", "after", "digits")]
    numbers += [f"{f(a['after']):z.2f}" for f in (np.min, np.max)]
    numbers += [f"{f(decays):.3g}" for f in (min, max)]
    for start, decay in product(("small", "large"), (min(decays), max(decays))):
        smooth = cells(start, decay, "morans_i")
        right = [100 * v for v in cells(start, decay, "validation_accuracy")]
        numbers += [f"{f(smooth):z.3f}" for f in (mean, stdev)]
        numbers += [f"{mean(smooth):z.2f}"]
        numbers += [f"{f(right):.1f}" for f in (mean, stdev)]
        numbers.append(f"{mean(cells(start, decay, 'first_weights')):z.2f}")
    samples = [cells(s, min(decays), "morans_i") for s in ("small", "large")]
    ends = [upper_end(values) for values in (a["siblings"].tolist(), *samples)]
    held_in_part = (Verdict.NOT_HELD, Verdict.PARTLY, Verdict.PARTLY, Verdict.HELD)
    assert finding.verdict == held_in_part[sum(end < 0.5 for end in ends)]
    assert finding.estimate.high == pytest.approx(ends[0])
    numbers += [f"{f(a['siblings']):z.2f}" for f in (np.min, np.max)]
    return {*numbers, str(len(a["siblings"]))}


def upper_end(values: list[float]) -> float:
    """Of the 95 % interval of the mean, by Student's t as SciPy's distributions have it."""
    return float(t.interval(0.95, len(values) - 1, mean(values), sem(values))[1])


CASE = Case(
    smoothness,
    {
        "weight_decays": [0.0, 0.01], "seeds": 2, "epochs": 2, "learning_rate": 4.0,
        "batch_size": 25, "shuffles": 20, "seed": 3, "hidden": [5],
    },
    {
        "weight_decays": [0.0], "seeds": 3, "epochs": 3, "learning_rate": 2.0, "batch_size": 30,
        "shuffles": 21, "seed": 4, "hidden": [5, 4],
    },
    (SWEEP, IMAGES),
    known_numbers,
    prepare=write_network,
    of_shape=lambda shape: {"hidden": [*shape.hidden], "epochs": 1},
    variations={"five strengths": {"hidden": [1, 2], "weight_decays": [0.1, 0, 0.01, 0.02, 0.03]}},
    shapes=[name for name, shape in SHAPES.items() if shape.height > 1],  # one has no neighbours
)  # fmt: skip


@pytest.mark.parametrize(
    ("siblings", "small", "large", "verdict"),
    [
        (0.49, 0.49, 0.49, Verdict.HELD),
        (0.51, 0.49, 0.49, Verdict.PARTLY),
        (0.51, 0.51, 0.49, Verdict.PARTLY),
        (0.51, 0.51, 0.51, Verdict.NOT_HELD),
    ],
)
@pytest.mark.usefixtures("folder")
def test_half_way_to_a_smooth_image_decides(
    siblings: float, small: float, large: float, verdict: Verdict
) -> None:
    arrays = load_arrays(IMAGES)
    even = np.full_like(arrays["siblings"], siblings)
    save_arrays(IMAGES, arrays | {"siblings": even})
    rows = rows_of(SWEEP)
    for row in rows:
        row["morans_i"] = str({"small": small, "large": large}[row["start"]])
    write_rows(SWEEP, [*rows[0]], [[*row.values()] for row in rows])
    assert finding_of(CLAIM).verdict == verdict
    save_arrays(IMAGES, arrays | {"siblings": even + 0.1 * (np.arange(len(even)) % 2)})
    unsure = finding_of(CLAIM).verdict  # the mean is below half, its interval is not
    assert unsure == (Verdict.PARTLY if verdict == Verdict.HELD else verdict)


def test_morans_i_is_what_its_definition_says() -> None:
    rng = np.random.default_rng(0)
    inked = rng.random((6, 5)) > 0.3
    images = rng.normal(size=(4, 6, 5))
    grid = Grid.of(inked)
    expected = [slow_morans_i(image, inked) for image in images]
    values = grid.morans_i(grid.values(images.reshape(4, -1)))
    np.testing.assert_allclose(values, expected)


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


@pytest.mark.usefixtures("folder")
def test_weights_that_overflow_are_told_in_one_line() -> None:
    with pytest.raises(StageError, match="weight decay 1 "):
        call(
            smoothness,
            **{**CASE.options, "weight_decays": [1.0], "learning_rate": 1e6, "epochs": 4},
        )


@pytest.mark.usefixtures("folder")
def test_the_smoothness_of_a_neuron_is_that_of_its_weights_on_disk() -> None:
    a = load_arrays(IMAGES)
    for place, name in enumerate(("before", "after")):
        weights = np.load(SNAPSHOTS / "parameters.npy")[place, :784].reshape(28, 28)
        assert a[name][0] == pytest.approx(slow_morans_i(weights, a["inked"]), abs=1e-5)


@pytest.mark.usefixtures("folder")
def test_images_of_other_networks_are_refused() -> None:
    arrays = load_arrays(IMAGES)
    save_arrays(IMAGES, arrays | {"sweep_images": arrays["sweep_images"][:3]})
    with pytest.raises(StageError, match="smoothness writes: 4 networks, with images of 3"):
        CLAIM.read()
