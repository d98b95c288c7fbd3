"""Neurons on or off: nudges, lines and learning, against loops over single images."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from nn import Network, Settings, evaluate
from stages.claims.continuous.claim import CLAIM
from stages.claims.continuous.measure import continuous
from stages.claims.continuous.verdict import Switches, judge
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import inputs_of, targets_of
from stages.common.files.arrays import load_arrays, load_labelled
from stages.common.files.paths import NETWORK, TEST, TRAIN, claim_arrays
from stages.common.models.model import load_model
from stages.common.models.recipe import Recipe, examples_of
from tests.claims import plain
from tests.claims.shared import Case, figure_of, numbers_in, snapshot, write_saturated_run
from tests.sample import call

OUTPUT = claim_arrays("continuous")


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the arrays by other means."""
    arrays = load_arrays(OUTPUT)
    known = {"95", "0", str(arrays["after"].shape[1])}
    known |= {f"{arrays[name]:,}" for name in ("images", "learning", "epochs")}
    known |= {f"{arrays[name]:g}" for name in ("nudge", "learning_rate")}
    known |= {f"{100 * np.mean(own):.1f}" for own in arrays["after"]}
    pairs = zip(arrays["smooth_changes"].ravel(), arrays["step_changes"].ravel(), strict=True)
    flat = [step == 0 for smooth, step in pairs if smooth]
    known.add(f"{100 * np.mean(flat or [1]):.2f}")
    after = arrays["after"]
    known |= ends(after[1] - arrays["before"][1]) | ends(after[0] - after[1])
    return known


def ends(shares: Any) -> set[str]:
    """Mean and 95 % interval in points, by other means."""
    return {f"{value:z.1f}" for value in plain.interval((100 * shares).tolist())}


CASE = Case(
    continuous,
    {
        "images": 20, "reach": 0.3, "points": 9, "nudges": 15, "nudge": 0.01, "learning": 100,
        "epochs": 2, "learning_rate": 2.0, "batch_size": 20, "seeds": 2, "seed": 3,
    },
    {
        "images": 15, "reach": 0.2, "points": 7, "nudges": 10, "nudge": 0.1, "learning": 80,
        "epochs": 1, "learning_rate": 1.0, "batch_size": 30, "seeds": 3, "seed": 4,
    },
    (OUTPUT,),
    known_numbers,
    inputs="drifted_run",
)  # fmt: skip


def all_or_none(layers: plain.Layers, x: Any) -> list[Any]:
    """What every layer holds for one image if neurons are on or off, the image first."""
    outputs = [x]
    for w, b in layers:
        outputs.append(np.array([1.0 if row @ outputs[-1] + one > 0 else 0.0
                               for row, one in zip(w, b, strict=True)]))  # fmt: skip
    return outputs


def costs_of(layers: plain.Layers, inputs: Any, targets: Any) -> list[float]:
    """Mean costs of images with sigmoids, and with neurons on or off."""
    pairs = list(zip(inputs.T, targets.T, strict=True))
    steps = [((all_or_none(layers, x)[-1] - y) ** 2).sum() for x, y in pairs]
    return [float(np.mean([plain.cost(layers, x, y) for x, y in pairs])), float(np.mean(steps))]


@pytest.mark.parametrize(("row", "epoch"), [(0, 0), (1, 3)])
@pytest.mark.usefixtures("folder")
def test_nudges_change_both_costs_as_in_a_slow_calculation(row: int, epoch: int) -> None:
    arrays = load_arrays(OUTPUT)
    network, inputs, targets = snapshot(epoch)
    inputs, targets = inputs[:, :20], targets[:, :20]
    count = network.parameters.size
    before = costs_of(plain.layers_of(network), inputs, targets)
    for column, place in enumerate(np.random.default_rng(3).choice(count, 15, replace=False)):
        network.parameters[place] += 0.01
        smooth, steps = costs_of(plain.layers_of(network), inputs, targets)
        network.parameters[place] -= 0.01
        assert arrays["smooth_changes"][row, column] == pytest.approx(smooth - before[0], abs=1e-12)
        assert arrays["step_changes"][row, column] == pytest.approx(steps - before[1], abs=1e-12)


@pytest.mark.usefixtures("folder")
def test_the_line_follows_the_negative_gradient() -> None:
    arrays = load_arrays(OUTPUT)
    network, inputs, targets = snapshot(0)
    inputs, targets = inputs[:, :20], targets[:, :20]
    nabla = plain.flat(plain.mean_gradient(plain.layers_of(network), inputs, targets))
    start = network.parameters.copy()
    for place, smooth, steps in zip(
        np.linspace(-0.3, 0.3, 9), arrays["smooth_costs"], arrays["step_costs"], strict=True
    ):
        network.parameters[:] = start - place * nabla / np.linalg.norm(nabla)
        known = costs_of(plain.layers_of(network), inputs, targets)
        np.testing.assert_allclose([smooth, steps], known, rtol=1e-9)
    assert arrays["smooth_costs"][5] < arrays["smooth_costs"][4]


def slow_learning(seed: int, slope: Callable[[Any], Any]) -> plain.Layers:
    """A network on or off that learns image by image, as if its slope were this one."""
    weights_rng, order_rng = np.random.default_rng(seed).spawn(2)
    network = Network.random((784, 6, 10), "sigmoid", "quadratic", rng=weights_rng, gain=2)
    (w0, b0), (w1, b1) = plain.layers_of(network)
    _, inputs, targets = snapshot(0)
    order = [s for _ in range(2) for s in order_rng.permutation(range(0, 100, 20))]
    for done, first in enumerate(order):
        moves = [0 * one for one in (w0, b0, w1, b1)]
        for column in range(first, first + 20):
            x, hidden, out = all_or_none([(w0, b0), (w1, b1)], inputs[:, column])
            last = 2 * (out - targets[:, column]) * slope(w1 @ hidden + b1)
            back = w1.T @ last * slope(w0 @ x + b0)
            rate = 2.0 * (1 - done / 10) / 20
            by = np.outer(back, x), back, np.outer(last, hidden), last
            moves = [move - rate * one for move, one in zip(moves, by, strict=True)]
        w0, b0, w1, b1 = (a + b for a, b in zip((w0, b0, w1, b1), moves, strict=True))
    return [(w0, b0), (w1, b1)]


def share_read(layers: plain.Layers) -> float:
    grey, labels = load_labelled(TEST)
    inputs = inputs_of(grey, load_model(NETWORK).preprocessing)
    guesses = [all_or_none(layers, x)[-1].argmax() for x in inputs.T]
    return float(np.mean(guesses == labels))


@pytest.mark.usefixtures("folder")
def test_each_way_learns_as_in_a_slow_training() -> None:
    arrays = load_arrays(OUTPUT)
    one_image = 1 / (len(load_labelled(TEST)[1]) - 1)  # float32 may decide one the other way
    settings = Settings(2.0, 2, 20, "linear")
    for column, seed in enumerate((3, 4)):
        smooth, own, borrowed, switched = arrays["after"][:, column]
        network = Recipe((6,), settings).train(examples_of(TRAIN).first(100), 10, seed)
        assert smooth == pytest.approx(evaluate(network, examples_of(TEST))[1])
        assert switched == pytest.approx(share_read(plain.layers_of(network)), abs=one_image)
        assert own == arrays["before"][1, column]
        assert own == pytest.approx(share_read(slow_learning(seed, np.zeros_like)), abs=one_image)
        learnt = slow_learning(seed, lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2)
        assert borrowed == pytest.approx(share_read(learnt), abs=one_image)
    labels = load_labelled(TRAIN)[1]
    assert targets_of(labels, 10).shape == (10, 200)


@pytest.mark.usefixtures("empty")
def test_where_even_sigmoids_have_no_slope_both_lines_are_level() -> None:
    write_saturated_run()
    call(continuous, **CASE.options)
    figure_of(CLAIM)
    assert np.ptp(load_arrays(OUTPUT)["smooth_costs"]) == 0


@pytest.mark.parametrize(
    ("flat", "gain", "verdict"),
    [
        (0.99, 0.01, Verdict.HELD),
        (0.989, 0.01, Verdict.PARTLY),
        (0.99, 0.011, Verdict.PARTLY),
        (0.989, 0.011, Verdict.NOT_HELD),
    ],
)
def test_the_verdict_asks_for_flat_nudges_and_nothing_learnt(
    flat: float, gain: float, verdict: Verdict
) -> None:
    before = np.full((4, 3), 0.125)
    after = before + np.array([[0.5], [gain - 1e-9], [0.2], [0.3]])
    about = dict.fromkeys(("images", "nudge", "learning", "epochs", "learning_rate"), 2.0)
    finding = judge(Switches(np.ones(3), np.ones(3), np.ones(3), flat, before, after, about))
    assert finding.verdict == verdict
    assert "12.5" not in numbers_in(finding.title)
