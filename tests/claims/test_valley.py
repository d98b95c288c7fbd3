"""The floor of the valley: curvatures are eigenvalues of the whole Hessian, worked out by hand."""

from typing import Any

import numpy as np
import pytest

from nn import Network
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.valley.claim import CLAIM
from stages.claims.valley.measure import extremes, others, valley
from stages.claims.valley.verdict import Place, Valley, judge
from stages.common.files.arrays import load_arrays
from stages.common.files.paths import SIBLINGS, claim_arrays
from tests.claims import plain
from tests.claims.shared import (
    Case,
    Shape,
    figure_of,
    numbers_in,
    snapshot,
    write_random_run,
    write_saturated_run,
)
from tests.sample import call

OUTPUT = claim_arrays("valley")


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the arrays by other means."""
    arrays = load_arrays(OUTPUT)
    known = {"95", f"{arrays['images']:,}", f"{arrays['walk']}", "0"}
    dips = [dip_of(curvatures) for curvatures in arrays["curvatures"]]
    shares = [*dips, *((arrays["cost"] - arrays["walked"]) / arrays["cost"])]
    shares += list(arrays["slope"] / (arrays["slope"][0] or 1))
    known |= {f"{100 * share:.2g}" for share in (*shares, max(dips[1:]))}
    known |= {f"{end:z.3f}" for end in plain.interval([100 * dip for dip in dips[1:]])}
    for name in arrays["names"].tolist():
        known |= numbers_in(name)
    for values in (arrays["slope"], arrays["curvatures"][:, 0], arrays["curvatures"][:, -1]):
        known |= {f"{value:.2g}" for value in values}
    for ends in (arrays["cost"], arrays["dip"][:, [0, -1]], arrays["rise"][:, [0, -1]]):
        known |= {f"{value:.3g}" for value in ends.ravel()}
    return known


def dip_of(curvatures: Any) -> float:
    """How deep the largest dip is, as a share of the largest rise."""
    low, high = min(curvatures[0], 0), curvatures[-1]
    return float(-low / high) if high > 0 else float(low < 0)


CASE = Case(
    valley,
    {"images": 60, "others": 2, "steps": 6, "walk": 2, "reach": 0.5, "points": 5, "seed": 0},
    {"images": 50, "others": 1, "steps": 7, "walk": 3, "reach": 0.4, "points": 7, "seed": 1},
    (OUTPUT,),
    known_numbers,
    inputs="drifted_run",
)


def hessian(network: Network, inputs: Any, targets: Any) -> Any:
    """The whole Hessian, (P, P), by changes of gradients that are worked out image by image."""
    start, columns = network.parameters.copy(), []
    for place in range(start.size):
        ends = []
        for side in (1e-5, -1e-5):
            network.parameters[:] = start
            network.parameters[place] += side
            ends.append(plain.flat(plain.mean_gradient(plain.layers_of(network), inputs, targets)))
        columns.append((ends[0] - ends[1]) / 2e-5)
    network.parameters[:] = start
    return np.array(columns)


@pytest.mark.usefixtures("empty")
def test_curvatures_and_lines_are_those_of_the_whole_hessian() -> None:
    write_random_run(Shape(hidden=(2,), classes=2, height=3, width=3))
    call(valley, **{**CASE.options, "steps": 40, "images": 20})
    arrays = load_arrays(OUTPUT)
    for row, epoch in enumerate((0, 3)):
        network, inputs, targets = snapshot(epoch)
        inputs, targets = inputs[:, :20], targets[:, :20]
        values, ways = np.linalg.eigh(hessian(network, inputs, targets))
        curvatures = arrays["curvatures"][row]
        np.testing.assert_allclose(curvatures[[0, -1]], values[[0, -1]], rtol=1e-4, atol=1e-7)
        assert arrays["error"][row] < 1e-4
        start = plain.flat(plain.layers_of(network))
        for name, way in (("dip", ways[:, 0]), ("rise", ways[:, -1])):
            ends = []
            for side in (-0.5, 0.5):
                network.parameters[:] = start + side * way
                layers = plain.layers_of(network)
                pairs = zip(inputs.T, targets.T, strict=True)
                ends.append(np.mean([plain.cost(layers, x, y) for x, y in pairs]))
            line = arrays[name][row]
            np.testing.assert_allclose(sorted(line[[0, -1]]), sorted(ends), rtol=1e-3)
            assert line[2] == pytest.approx(arrays["cost"][row])


@pytest.mark.usefixtures("folder")
def test_slopes_and_further_steps_are_those_of_a_slow_calculation() -> None:
    arrays = load_arrays(OUTPUT)
    assert arrays["names"].tolist() == ["untrained", "trained", "seed 1000", "seed 1001"]
    network, inputs, targets = snapshot(3)
    inputs, targets = inputs[:, :60], targets[:, :60]
    for step in range(2):
        layers = plain.layers_of(network)
        nabla = plain.flat(plain.mean_gradient(layers, inputs, targets))
        if step == 0:
            assert arrays["slope"][1] == pytest.approx(np.linalg.norm(nabla))
        network.parameters[:] -= nabla / arrays["curvatures"][1, -1]
    layers = plain.layers_of(network)
    costs = [plain.cost(layers, x, y) for x, y in zip(inputs.T, targets.T, strict=True)]
    assert arrays["walked"][1] == pytest.approx(np.mean(costs))
    networks, siblings = others(9), load_arrays(SIBLINGS)
    assert [*networks] == [f"seed {seed}" for seed in siblings["seeds"]]
    for network, parameters in zip(networks.values(), siblings["parameters"][-1], strict=True):
        assert np.array_equal(network.parameters, parameters)


def test_the_search_finds_the_ends_of_a_known_spectrum_and_how_near_it_is() -> None:
    rng = np.random.default_rng(2)
    ways, _ = np.linalg.qr(rng.normal(size=(60, 60)))
    values = np.linspace(-0.3, 2, 60)
    matrix = ways * values @ ways.T
    ends = extremes(lambda way: matrix @ way, 60, 30, rng)
    assert abs(ends.values[-1] - 2) < 1e-3
    assert min(abs(values - ends.values[0])) <= ends.error + 1e-12
    assert ends.values[0] >= values[0] - 1e-12  # it can miss a dip, not make one up
    np.testing.assert_allclose(matrix @ ends.high, ends.values[-1] * ends.high, atol=0.05)
    all_of_them = extremes(lambda way: matrix @ way, 60, 99, rng)
    np.testing.assert_allclose(all_of_them.values, values, atol=1e-6)


@pytest.mark.usefixtures("empty")
def test_where_all_is_level_it_is_drawn() -> None:
    write_saturated_run()
    call(valley, **CASE.options)
    figure_of(CLAIM)


def place(slope: float, low: float, error: float = 0.001) -> Place:
    """A place with these numbers, whose largest rise is 2."""
    line = np.ones(3)
    return Place("trained", 1.0, slope, np.array([low, 0.5, 2.0]), error, 0.9, line, line)


@pytest.mark.parametrize(
    ("slope", "low", "verdict"),
    [
        (0.099, 0.0011, Verdict.HELD),
        (0.099, 0.0009, Verdict.PARTLY),
        (0.101, 0.0011, Verdict.NOT_HELD),
        (0.099, -0.0199, Verdict.PARTLY),
        (0.099, -0.0201, Verdict.NOT_HELD),
        (0.101, -0.0199, Verdict.NOT_HELD),
    ],
)
def test_the_verdict_asks_every_end_for_slope_and_dips(
    slope: float, low: float, verdict: Verdict
) -> None:
    start, good = place(10, -1), place(0.01, 0.1)
    assert judge(Valley(9, 2, 1.0, start, [good, place(slope, low)])).verdict == verdict
    assert judge(Valley(9, 2, 1.0, start, [place(slope, low), good])).verdict == verdict
