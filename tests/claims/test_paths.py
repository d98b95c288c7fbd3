"""Six paths from one start ask as many images as is said, and the plane shows what it says."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path
from statistics import mean, stdev
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from scipy.stats import sem, t

from nn import Dataset, Network, Settings, cost_of, evaluate, gradient
from stages.claims.paths.claim import CLAIM
from stages.claims.paths.figure import COLORS
from stages.claims.paths.measure import paths
from stages.claims.paths.plane import costs_of_row, plane_of, seen, window
from stages.claims.paths.ways import Trail
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.stepwise import StepwiseSGD
from stages.common.files.arrays import load_arrays
from stages.common.files.paths import TRAIN, claim_arrays, claim_table
from stages.common.models.recipe import Recipe, examples_of
from tests.claims.shared import Case, rows_of

PATHS, PLANE = claim_table("paths"), claim_arrays("paths")
IMAGES, PASSES, LONGER, BATCH = 60, 2, 3, 20
QUICK = {"single images": 1, "mini-batches": BATCH, "momentum": BATCH}
CAREFUL = ("full batch", "L-BFGS", "conjugate gradient")
Rows = dict[str, list[dict[str, str]]]


def by_method() -> Rows:
    table = rows_of(PATHS)
    return {name: [r for r in table if r["method"] == name] for name in (*QUICK, *CAREFUL)}


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the outputs by other means."""
    plane = load_arrays(PLANE)
    images, budget = int(plane["images"]), int(plane["images"] * plane["passes"])
    known = {f"{images:,}", f"{budget:,}"}
    for rows in by_method().values():
        at_budget = [row for row in rows if int(row["images"]) <= budget][-1]
        cost = float(at_budget["cost"])
        assert f"{cost:.3g}" in finding.measured
        known |= {f"{cost:.3g}", f"{float(rows[-1]['cost']):.3g}"}
        known |= {f"{int(row['steps']):,}" for row in (at_budget, rows[-1])}
        known |= {f"{int(row['images']):,}" for row in rows}
        known |= {f"{int(row['images']) / budget:.2g}" for row in rows}
    known |= {f"{100 * share:.0f}" for share in plane["explained"]}
    known |= {str(n) for key in ("last", "uphill") for n in plane[key]}
    known |= {str(LONGER), "1", "95", str(len(plane["raced"]))}
    for place, (above, below) in enumerate(((1, 0), (0, 1))):
        pairs = plane["raced"][:, :, place]
        ratios = [pair[above] / pair[below] for pair in pairs if np.isfinite(pair).all()]
        known |= {f"{mean(ratios):.3g}"} if ratios else set()
        if len(ratios) > 1 and stdev(ratios) > 0:
            ends = t.interval(0.95, len(ratios) - 1, mean(ratios), sem(ratios))
            known |= {f"{number:.3g}" for number in ends}
    return known | {f"{way:.1f}" for way in plane["way"]} | {"0"}


CASE = Case(
    paths,
    {
        "images": IMAGES, "passes": PASSES, "passes_factor": LONGER, "batch_size": BATCH,
        "full_rate": 2.0, "batch_rate": 3.0, "single_rate": 0.1, "momentum_rate": 0.1,
        "momentum": 0.9, "grid": 4, "starts": 2, "seed": 0, "hidden": [4, 3],
    },
    {
        "images": 50, "passes": 1, "passes_factor": 2, "batch_size": 30, "full_rate": 1.0,
        "batch_rate": 1.0, "single_rate": 0.3, "momentum_rate": 0.3, "momentum": 0.5, "grid": 5,
        "starts": 3, "seed": 1, "hidden": [4],
    },
    (PATHS, PLANE),
    known_numbers,
    of_shape=lambda shape: {
        "hidden": [*shape.hidden], "passes": 1, "passes_factor": 1, "batch_size": 500, "grid": 2,
        "images": 10 if len(shape.hidden) > 2 else IMAGES,
    },
    variations={
        "lost": {"full_rate": 1e6, "batch_rate": 1e6, "single_rate": 0.0, "momentum": 0.9999},
    },
)  # fmt: skip


@pytest.fixture
def rows(finished: Path, monkeypatch: pytest.MonkeyPatch) -> Rows:
    """Rows of the table by method; the current folder is the stage's own."""
    monkeypatch.chdir(finished)
    return by_method()


def examples() -> Dataset:
    """The whole data set of the paths."""
    return examples_of(TRAIN).first(IMAGES)


def test_all_six_start_at_one_place(rows: Rows) -> None:
    start = Recipe((4, 3), Settings(1.0, 1, BATCH)).start(examples(), 10, 0).network
    cost = evaluate(start, examples())[0]
    for own in rows.values():
        assert [own[0][key] for key in ("steps", "images", "x", "y")] == ["0", "0", "0.0", "0.0"]
        assert float(own[0]["cost"]) == pytest.approx(cost, rel=1e-5)


def test_every_method_asks_as_many_images_as_it_may(rows: Rows) -> None:
    for name, batch in QUICK.items():
        assert int(rows[name][-1]["images"]) == PASSES * IMAGES
        assert all(int(row["steps"]) * batch == int(row["images"]) for row in rows[name])
    for name in CAREFUL:
        asked = [int(row["images"]) for row in rows[name]]
        assert [int(row["steps"]) for row in rows[name]] == list(range(len(asked)))
        assert all(images % IMAGES == 0 for images in asked)
        assert asked[-1] <= PASSES * LONGER * IMAGES
    assert int(rows["full batch"][-1]["steps"]) == PASSES * LONGER


def test_the_full_batch_goes_along_the_gradient_of_all_images(rows: Rows) -> None:
    inputs = (examples().stored / 255.0).T
    targets = np.eye(10)[:, examples().labels]
    network = Recipe((4, 3), Settings(1.0, 1, BATCH)).start(examples(), 10, 0).network
    network = replace(network, parameters=network.parameters.astype(np.float64))
    for row in rows["full batch"]:
        assert float(row["cost"]) == pytest.approx(cost_of(network, inputs, targets), rel=1e-4)
        step = gradient(network, inputs, targets).parameters
        network.parameters[:] -= CASE.options["full_rate"] * step


def test_line_searches_never_step_uphill(rows: Rows) -> None:
    for name in ("L-BFGS", "conjugate gradient"):
        costs = [float(row["cost"]) for row in rows[name]]
        assert len(costs) > 2
        assert costs == sorted(costs, reverse=True)


def test_a_walk_visits_every_image_once_before_any_comes_again() -> None:
    seen_labels: list[int] = []
    sgd: Any = SimpleNamespace(examples=Dataset(np.zeros((7, 2)), np.arange(7)))
    sgd.rng = np.random.default_rng(0)
    sgd.epoch = lambda: seen_labels.extend(sgd.examples.labels.tolist())
    walk = StepwiseSGD(sgd)
    for images in (3, 1, 5, 12):
        walk.train_on(images)
    turns = [seen_labels[start : start + 7] for start in (0, 7, 14)]
    assert all(sorted(turn) == list(range(7)) for turn in turns)
    assert turns[0] != turns[1]


def trail(places: list[list[float]], costs: list[float]) -> Trail:
    count = len(places)
    return Trail([*range(count)], [*range(count)], costs, [np.array(p, "f4") for p in places])


def test_a_straight_way_is_as_long_as_its_distance_and_a_staircase_is_longer() -> None:
    straight = trail([[0, 0], [1, 1], [3, 3]], [3, 2, 1])
    assert straight.stagger() == pytest.approx((2, 0, 1))
    stairs = trail([[0, 0], [1, 0], [1, 1], [2, 1], [2, 2]], [3, 4, 2, 2, 5])
    assert stairs.stagger() == pytest.approx((4, 2, 2**0.5))
    still = trail([[1, 1], [1, 1]], [3, 3])
    assert still.stagger() == (1, 0, 1)


def test_only_the_last_fifty_steps_are_judged() -> None:
    there_and_back = [[float(i), 0] for i in range(60)] + [[59.0 - i, 0] for i in range(1, 51)]
    assert trail(there_and_back, [0.0] * 110).stagger() == pytest.approx((50, 0, 1))


def test_the_plane_holds_the_variance_that_it_says() -> None:
    rng = np.random.default_rng(0)
    places = [rng.normal(size=(6, 5)) * [5, 3, 1, 0.5, 0.1] for _ in range(3)]
    for path in places:
        path[0] = 1.0
    start, axes, shares = plane_of([trail(path.tolist(), [1.0] * 6) for path in places], 5)
    values, vectors = np.linalg.eigh(np.cov(np.concatenate(places).T))
    assert shares == pytest.approx(values[::-1][:2] / values.sum(), rel=1e-5)
    assert np.abs(axes @ vectors[:, ::-1][:, :2]) == pytest.approx(np.eye(2), abs=1e-5)
    assert start.tolist() == [1.0] * 5


def test_the_window_shows_every_path() -> None:
    points = np.array([[-1.0, 0], [3, 9]])
    x, y = window(points, 11)
    assert x[0] < -1 < 3 < x[-1]
    assert y[0] < 0 < 9 < y[-1]


@pytest.mark.parametrize("hidden", [(), (5, 4)])
def test_the_cost_in_the_plane_is_that_of_the_network_there(hidden: tuple[int, ...]) -> None:
    rng = np.random.default_rng(0)
    stored = rng.integers(0, 256, (30, 12), dtype=np.uint8)
    scale, offset = rng.normal(size=(2, 12)).astype(np.float32) / 50
    given = Dataset(stored, rng.integers(0, 3, 30), scale, offset)
    parts = [Network.random((12, *hidden, 3), "sigmoid", "quadratic", rng=rng) for _ in range(3)]
    x, y = np.array([-1.5, 0.0, 2.0]), 0.7
    costs = costs_of_row(parts, seen(parts, given), x, y)
    start, right, up = (part.parameters for part in parts)
    direct = [
        evaluate(replace(parts[0], parameters=(start + a * right + y * up).astype("f4")), given)
        for a in x
    ]
    assert costs == pytest.approx([cost for cost, _ in direct], rel=1e-5)


@pytest.mark.parametrize(
    ("costs", "ways", "verdict"),
    [
        ([1.1, 1.1], [1.1, 1.1], Verdict.HELD),
        ([1.1, 1.1], [0.9, 0.9], Verdict.PARTLY),
        ([0.9, 0.9], [1.1, 1.1], Verdict.PARTLY),
        ([1.0, 1.2], [1.0, 1.2], Verdict.NOT_HELD),  # above 1 on average, but perhaps by chance
        ([0.9, 0.9], [0.9, 0.9], Verdict.NOT_HELD),
    ],
)
def test_both_ratios_decide_over_all_starts(
    rows: Rows, costs: list[float], ways: list[float], verdict: Verdict
) -> None:
    assert rows
    measured = CLAIM.read()
    raced = [[[1.0, way], [cost, 1.0]] for cost, way in zip(costs, ways, strict=True)]
    changed = replace(measured, plane=measured.plane | {"raced": np.array(raced)})
    assert CLAIM.judge(changed).verdict == verdict


def test_the_race_from_the_figures_start_ends_where_its_paths_do(rows: Rows) -> None:
    raced, budget = load_arrays(PLANE)["raced"], PASSES * IMAGES
    for place, name in enumerate(("mini-batches", "full batch")):
        (cost,) = (row["cost"] for row in rows[name] if int(row["images"]) == budget)
        assert raced[0, place, 0] == pytest.approx(float(cost), rel=1e-4)
    assert len(np.unique(raced[:, 0, 0])) == 2


# Linear RGB as it is seen without the cones for red, and without those for green (Machado 2009).
PROTAN = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
          [-0.003882, -0.048116, 1.051998]]  # fmt: skip
DEUTAN = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
          [-0.011820, 0.042940, 0.968881]]  # fmt: skip
XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                [0.0193339, 0.1191920, 0.9503041]]) / [[0.95047], [1], [1.08883]]  # fmt: skip


@pytest.mark.parametrize("eye", [np.eye(3), np.array(PROTAN), np.array(DEUTAN)])
def test_the_colours_differ_to_every_eye(eye: np.ndarray[Any, Any]) -> None:
    def lab(color: str) -> np.ndarray[Any, Any]:
        rgb = np.array(to_rgb(color))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        f = np.cbrt(XYZ @ np.clip(eye @ linear, 0, 1))  # the line near black does not matter here
        return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])

    for one, other in combinations(COLORS.values(), 2):
        assert np.linalg.norm(lab(one) - lab(other)) > 20
