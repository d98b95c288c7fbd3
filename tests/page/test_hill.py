"""The hill is the true cost, the ball's slope is backpropagation's, and both are NumPy's."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import Network, cost_of, gradient
from stages.common.files.arrays import load_labelled
from stages.common.models.model import load_model
from stages.common.models.snapshots import load_snapshots
from stages.page import hill as module
from stages.page.codec import decode_array, restore
from stages.page.figures.results import load_results
from stages.page.hill import GRID, Hill, directions_of, measure_hill, orthonormal
from tests.conftest import random_problem
from tests.page.conftest import Node
from tests.page.test_page_core import PROBLEMS, close, described
from tests.stages.test_report import SHAPES, Shape, write_run

SMALL = [name for name in SHAPES if name != "wide"]  # that one is too large for a hill


def hill_of(folder: Path, patch: pytest.MonkeyPatch, shape: Shape) -> Hill | None:
    write_run(folder, shape)
    patch.chdir(folder)
    return measure_hill(load_results(), 50)


@pytest.mark.parametrize("name", SMALL)
def test_the_cost_is_that_of_the_networks_of_the_plane(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hill = hill_of(tmp_path, monkeypatch, SHAPES[name])
    assert hill is not None
    data = json.loads(hill.as_json())
    model = load_model(Path("models/network.npz"))
    network = model.network
    axes = orthonormal(
        *(
            restore(
                decode_array(one["levels"], np.int8),
                decode_array(one["scales"], np.float32),
                network.sizes,
            )
            for one in data["directions"]
        )
    )
    close(axes @ axes.T, np.eye(2), 1e-12)
    images, labels = load_labelled(Path("data/batches/train"))
    coarse = (np.rint(images[:50] / 17) * 17).astype(np.uint8)
    inputs = model.preprocessing.feed(coarse).T
    targets = np.eye(network.sizes[-1], dtype=np.float32)[labels[:50]].T
    cost = decode_array(data["cost"], np.float32).reshape(GRID, GRID)
    places = np.linspace(-data["half"], data["half"], GRID)
    for row, column in ((0, 0), (3, 31), (20, 20), (39, 39), (39, 0)):
        x, y = data["centre"][0] + places[column], data["centre"][1] + places[row]
        moved = (network.parameters + x * axes[0] + y * axes[1]).astype(np.float32)
        expected = cost_of(replace(network, parameters=moved), inputs, targets)
        assert cost[row, column] == pytest.approx(expected, rel=1e-3, abs=1e-5)
    assert data["images"] == 50


def test_the_path_is_the_shadow_of_the_snapshots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hill = hill_of(tmp_path, monkeypatch, Shape(hidden=(4, 3)))
    assert hill is not None
    network = load_model(Path("models/network.npz")).network
    snapshots = load_snapshots(Path("models/snapshots"), network.parameters.size)
    start = np.array(snapshots.parameters[0], float) - network.parameters
    assert hill.path[-1] == pytest.approx([0, 0], abs=1e-6)
    # The first axis leads from the start to the end, but for the rounding of its 8 bits.
    length = float(np.linalg.norm(start))
    assert hill.path[0] == pytest.approx([-length, 0], abs=0.02 * length)
    assert hill.path[:, 1].sum() > 0
    inside = np.abs(hill.path - hill.centre) <= hill.half
    assert inside.all()
    assert 0 < hill.share <= 1


def test_the_widest_direction_is_that_of_the_largest_bend() -> None:
    rng = np.random.default_rng(0)
    along, aside, little = np.linalg.qr(rng.normal(size=(50, 3)))[0].T
    shares = np.linspace(-1, 0, 9)[:, np.newaxis]
    bend = np.sin(np.pi * shares)
    moves = 5 * shares * along + 2 * bend * aside + 0.1 * np.sin(2 * np.pi * shares) * little
    directions = directions_of(moves)
    assert directions is not None
    close(directions[0], along, 1e-9)
    close(directions[1] * np.sign(directions[1] @ aside), aside, 0.01)
    assert (moves @ directions[1]).sum() > 0
    assert directions_of(5 * shares * along) is None
    assert directions_of(0 * moves) is None


@pytest.mark.parametrize("limit", ["MOST_PARAMETERS", "MOST_PRODUCTS"])
def test_a_hill_that_would_be_too_much_is_left_out(
    limit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, limit, 10)
    assert hill_of(tmp_path, monkeypatch, Shape(hidden=(4, 3))) is None


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_slope_is_the_gradient_along_both_directions(node: Node, name: str) -> None:
    problem = random_problem(*PROBLEMS[name])
    network, rng = problem.network, np.random.default_rng(1)
    directions = rng.normal(size=(2, network.parameters.size))
    places = [[0.0, 0.0], [0.4, -0.3], [-1.5, 2.0]]
    (result,) = node(
        {
            "task": "plane",
            "description": described(network),
            "directions": directions.tolist(),
            "inputs": problem.inputs.T.tolist(),
            "labels": problem.targets.argmax(axis=0).tolist(),
            "places": places,
        }
    )
    axes = orthonormal(*directions)
    close(result["axes"], axes, 1e-12)
    assert result["costs"] == [seen["cost"] for seen in result["seen"]]
    for place, seen in zip(places, result["seen"], strict=True):
        moved = replace(network, parameters=network.parameters + place @ axes)
        close(seen["cost"], cost_of(moved, problem.inputs, problem.targets), 1e-9)
        nabla = gradient(moved, problem.inputs, problem.targets).parameters
        close(seen["slope"], axes @ nabla, 1e-9)
        close(seen["slope"], slopes(moved, axes, problem), 1e-5)


def slopes(network: Network, axes: Any, problem: Any) -> list[float]:
    """The same by central differences."""
    step = 1e-5

    def cost(direction: Any) -> float:
        moved = replace(network, parameters=network.parameters + direction)
        return cost_of(moved, problem.inputs, problem.targets)

    return [(cost(step * axis) - cost(-step * axis)) / (2 * step) for axis in axes]


def test_between_the_points_of_a_grid_values_are_linear(node: Node) -> None:
    grid = 5
    rows, columns = np.mgrid[:grid, :grid]
    values = (3 * columns - 2 * rows).ravel().tolist()
    places = [(0, 0), (1.25, 3.5), (4, 4), (2, 0.75), (9, -1)]
    (costs,) = node({"task": "between", "values": values, "grid": grid, "places": places})
    close(costs[:4], [3 * x - 2 * y for x, y in places[:4]], 1e-12)
    assert costs[4] == 12  # beyond the edge: that of the edge


def test_contours_are_where_the_level_is(node: Node) -> None:
    grid, level = 21, 49.0
    rows, columns = np.mgrid[:grid, :grid] - 10
    values = (columns**2 + rows**2).astype(float)
    (lines,) = node(
        {"task": "contour", "values": values.ravel().tolist(), "grid": grid, "level": level}
    )
    ends = np.array(lines).reshape(-1, 2) - 10
    assert np.hypot(*ends.T) == pytest.approx(7, abs=0.05)
    lengths = np.hypot(*np.diff(np.array(lines), axis=1)[:, 0].T)
    assert lengths.sum() == pytest.approx(2 * np.pi * 7, rel=0.01)  # all around, once
    above = {"task": "contour", "values": values.ravel().tolist(), "grid": grid, "level": 1e4}
    assert node(above) == [[]]
