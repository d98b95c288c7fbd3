"""The negative gradient against random directions: falls are those of a calculation by hand."""

from typing import Any

import numpy as np
import pytest

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import inputs_of, targets_of
from stages.claims.steepest.claim import CLAIM
from stages.claims.steepest.measure import steepest
from stages.claims.steepest.verdict import Falls, judge
from stages.common.files.arrays import load_arrays, load_labelled
from stages.common.files.paths import NETWORK, SIBLINGS, TRAIN, claim_arrays
from stages.common.models.model import load_model
from tests.claims import plain
from tests.claims.shared import (
    Case,
    finding_and_figure_of,
    numbers_in,
    snapshot,
    write_saturated_run,
)
from tests.sample import call

OUTPUT = claim_arrays("steepest")


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the arrays by other means."""
    arrays = load_arrays(OUTPUT)
    random, gradient, count = arrays["random"], arrays["gradient"], int(arrays["parameters"])
    known = {"95", "100", f"{count:,}", f"{arrays['images']:,}", f"{arrays['length']:g}"}
    known |= {f"{random.size:,}", f"{random.shape[1]:,}", f"{100 / count**0.5:.2f}"}
    shares = np.array(
        [[f / own if own > 0 else 0.0 for f in falls]
         for falls, own in zip(random, gradient, strict=True)]
    )  # fmt: skip
    known |= {f"{100 * share:z.1f}" for share in (shares.min(), shares.max())}
    known |= {f"{100 * shares.std():.2f}", f"{100 * np.mean(random < 0):.0f}"}
    for name, falls, own in zip(arrays["names"], random, gradient, strict=True):
        known |= numbers_in(str(name)) | {f"{fall:.3g}" for fall in (own, max(falls))}
    best: dict[str, float] = {}
    for name, own in zip(arrays["names"].tolist(), shares, strict=True):
        if name.startswith("seed"):
            seed = name.split()[1]
            best[seed] = max(best.get(seed, -np.inf), 100 * own.max())
    known.add(str(len(best)))
    return known | {f"{end:z.1f}" for end in plain.interval([*best.values()])}


CASE = Case(
    steepest,
    {"images": 40, "directions": 3, "length": 0.01, "epochs": [1], "seed": 3},
    {"images": 30, "directions": 4, "length": 0.02, "epochs": [2], "seed": 4},
    (OUTPUT,),
    known_numbers,
    inputs="drifted_run",
)


@pytest.mark.parametrize(("name", "epoch"), [("untrained", 0), ("epoch 1", 1), ("trained", 3)])
@pytest.mark.usefixtures("folder")
def test_falls_are_those_of_costs_worked_out_image_by_image(name: str, epoch: int) -> None:
    arrays = load_arrays(OUTPUT)
    place = arrays["names"].tolist().index(name)
    network, inputs, targets = snapshot(epoch)
    pairs = list(zip(inputs.T[:40], targets.T[:40], strict=True))
    start = plain.flat(plain.layers_of(network))

    def cost(parameters: Any) -> float:
        network.parameters[:] = parameters
        return float(np.mean([plain.cost(plain.layers_of(network), x, y) for x, y in pairs]))

    gradient = plain.flat(plain.mean_gradient(plain.layers_of(network), inputs[:, :40],
                                              targets[:, :40]))  # fmt: skip
    before = cost(start)
    rng = np.random.default_rng([3, place])
    steps = [rng.normal(size=start.size) for _ in range(3)]
    falls = [before - cost(start + 0.01 * s / np.linalg.norm(s)) for s in (*steps, -gradient)]
    np.testing.assert_allclose(arrays["costs"][place], before, rtol=1e-9)
    np.testing.assert_allclose(arrays["random"][place], falls[:3], rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(arrays["gradient"][place], falls[3], rtol=1e-6)


@pytest.mark.usefixtures("folder")
def test_the_networks_are_the_pages_and_its_siblings_before_and_after_training() -> None:
    names = load_arrays(OUTPUT)["names"].tolist()
    assert names[:3] == ["untrained", "epoch 1", "trained"]
    seeds = load_arrays(SIBLINGS)["seeds"]
    whens = ("untrained", "trained")
    assert names[3:] == [f"seed {seed}, {when}" for when in whens for seed in seeds]
    model, (grey, labels) = load_model(NETWORK), load_labelled(TRAIN)
    inputs, targets = inputs_of(grey[:40], model.preprocessing), targets_of(labels[:40], 10)
    for place, parameters in ((3, [0, 0]), (-1, [-1, -1])):
        model.network.parameters[:] = load_arrays(SIBLINGS)["parameters"][*parameters]
        layers = plain.layers_of(model.network)
        costs = [plain.cost(layers, x, y) for x, y in zip(inputs.T, targets.T, strict=True)]
        assert load_arrays(OUTPUT)["costs"][place] == pytest.approx(np.mean(costs), rel=1e-6)


@pytest.mark.usefixtures("empty")
def test_where_there_is_no_slope_nothing_is_steepest() -> None:
    write_saturated_run()
    call(steepest, **CASE.options)
    finding, _ = finding_and_figure_of(CLAIM)
    assert finding.verdict == Verdict.PARTLY  # its siblings have a slope


@pytest.mark.parametrize(
    ("best", "verdict"),
    [((0.99, 0.5), Verdict.HELD), ((1.0, 0.5), Verdict.PARTLY), ((1.0, 1.01), Verdict.NOT_HELD)],
)
def test_one_random_step_that_does_as_much_disproves_it(
    best: tuple[float, float], verdict: Verdict
) -> None:
    random = np.array([[-0.1, best[0]], [-0.1, best[1]]])
    falls = Falls(["seed 0, untrained", "seed 0, trained"], 9, 10, 0.1, np.ones(2), random)
    finding = judge(falls)
    assert finding.verdict == verdict
    assert (verdict == Verdict.HELD) == finding.plain.startswith("Of all steps")
