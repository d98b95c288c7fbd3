"""A dream goes down the gradient by its pixels; the map's directions are principal components."""

from typing import Any

import numpy as np
import pytest
from scipy.ndimage import convolve

from nn import cost_of
from tests.conftest import random_problem
from tests.page.conftest import Node
from tests.page.test_page_core import PROBLEMS, close, described


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("own", [False, True])
def test_a_dream_goes_against_the_gradient_by_its_ink(node: Node, name: str, own: bool) -> None:
    problem = random_problem(*PROBLEMS[name])
    network, rng = problem.network, np.random.default_rng(2)
    size, label, rate = network.sizes[0], network.sizes[-1] - 1, 0.3
    ink = rng.uniform(0.1, 0.9, size)
    scale = rng.uniform(0.5, 1.5, size) / 255 if own else np.full(size, 1 / 255)
    offset = rng.normal(size=size) if own else np.zeros(size)
    target = np.eye(network.sizes[-1])[:, [label]]

    def cost(shares: Any) -> float:
        return cost_of(network, (255 * shares * scale + offset)[:, np.newaxis], target)

    call = {
        "task": "ascend",
        "description": described(network),
        "ink": ink.tolist(),
        "preprocessing": {"scale": scale.tolist(), "offset": offset.tolist()},
        "label": label,
        "rate": rate,
    }
    far = {**call, "rate": 1e9}
    result, beyond = node(call, far)
    step = 1e-6
    for pixel in range(0, size, 1 + size // 20):
        nudge = step * (np.arange(size) == pixel)
        slope = (cost(ink + nudge) - cost(ink - nudge)) / (2 * step)
        close(result[pixel], np.clip(ink[pixel] - rate * slope, 0, 1), 1e-6)
    ends = np.array(beyond)
    assert (np.isin(ends, (0, 1)) | np.isclose(ends, ink)).all()  # white, black, or no slope at all


def test_a_changed_network_has_another_dream(node: Node) -> None:
    problem = random_problem((12, 6, 4), "sigmoid", "quadratic")
    network, ink = problem.network, np.random.default_rng(2).uniform(0.1, 0.9, 12)
    preprocessing = {"scale": 1 / 255, "offset": 0}
    call = {
        "task": "ascend", "description": described(network), "ink": ink.tolist(),
        "preprocessing": preprocessing, "label": 1, "rate": 0.3,
    }  # fmt: skip
    (changed,) = node({**call, "off": ["1:2"], "shift": {"2:1": 0.7}})
    network.weights[1][:, 2] = 0  # nothing comes from a neuron that is off
    network.biases[1][1] += 0.7
    (expected,) = node({**call, "description": described(network)})
    close(changed, expected, 1e-12)
    assert np.abs(np.array(changed) - node(call)[0]).max() > 1e-4


def test_smoothing_takes_every_pixel_towards_its_neighbours(node: Node) -> None:
    ink = np.random.default_rng(0).random((5, 4))
    call = {"task": "smoothed", "height": 5, "width": 4, "ink": ink.ravel().tolist()}
    some, none = node({**call, "share": 0.4}, {**call, "share": 0})
    cross = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]) / 4
    expected = 0.6 * ink + 0.4 * convolve(ink, cross, mode="constant")
    close(some, expected.ravel(), 1e-12)
    close(none, ink.ravel(), 1e-12)


@pytest.mark.parametrize(("n", "d"), [(60, 30), (20, 50), (40, 2)])
def test_the_map_shows_the_first_two_principal_components(node: Node, n: int, d: int) -> None:
    rng = np.random.default_rng(n)
    points = rng.normal(size=(n, d)) * np.geomspace(4, 0.2, d) + rng.normal(size=d)
    (result,) = node({"task": "components", "points": points.tolist()})
    moved = points - points.mean(axis=0)
    _, sizes, axes = np.linalg.svd(moved, full_matrices=False)
    signs = np.sign([axis[np.abs(axis).argmax()] for axis in axes[:2]])
    expected = axes[:2] * signs[:, np.newaxis]
    close(result["axes"], expected, 1e-3)
    close(result["places"], moved @ expected.T, 1e-2)
    close(result["share"], (sizes[:2] ** 2).sum() / (sizes**2).sum(), 1e-6)
    places = np.array(result["places"])
    distances = np.linalg.norm(places[:, np.newaxis] - places, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert result["nearest"] == distances.argmin(axis=1).tolist()


@pytest.mark.parametrize("points", [[[1.0, 2.0]] * 3, [[5.0], [7.0], [6.0]], [[0.0, 1.0, 0.0]] * 2])
def test_points_without_two_directions_have_a_map_too(node: Node, points: Any) -> None:
    (result,) = node({"task": "components", "points": points})
    assert np.isfinite(result["places"]).all()
    assert 0 <= result["share"] <= 1 + 1e-9
