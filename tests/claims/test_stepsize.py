"""A small step down the slope keeps its promise; a step too long does not help."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nn import cost_of, feedforward, gradient
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.stepsize.claim import CLAIM
from stages.claims.stepsize.measure import stepsize
from stages.claims.stepsize.verdict import Line, Measured, Steps, judge
from stages.common.files.arrays import load_arrays
from stages.common.files.paths import SIBLINGS, claim_table
from tests.claims.shared import (
    SHAPES,
    Case,
    finding_and_figure_of,
    numbers_in,
    rows_of,
    snapshot,
    write_random_run,
    write_saturated_run,
)
from tests.sample import call

OUTPUT, OF_SIBLINGS = claim_table("stepsize"), claim_table("stepsize_siblings")


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the table by other means."""
    rows = rows_of(OUTPUT)
    rates = [float(row["rate"]) for row in rows if row["network"] == "untrained"]
    known = {str(len(rates)), brief(rates[0]), brief(rates[-1]), "10", "1", rows[0]["images"]}
    known |= {f"{int(rows[0]['images']):,}"}
    for name in dict.fromkeys(row["network"] for row in rows):
        known |= numbers_in(name)
        steps = [{k: float(v) for k, v in r.items() if k != "network"} for r in rows
                 if r["network"] == name]  # fmt: skip
        best = max(steps, key=lambda row: row["fall"])
        near = [abs(row["fall"] - row["promised"]) <= 0.1 * row["promised"] for row in steps]
        kept = rates[: [*near, False].index(False)]
        harm = [r["rate"] for r in steps if r["rate"] >= best["rate"] and r["fall"] <= 0]
        known |= {brief(rate) for rate in (*kept[-1:], *harm[:1], best["rate"])}
        lengths = steps[0]["gradient"], best["rate"] * steps[0]["gradient"]
        known |= {f"{length:.2g}" for length in lengths}
        known.add(f"{100 * best['fall'] / (steps[0]['start'] or 1):.2f}")
        alive = [r["gradient_after"] > 0.01 * r["gradient"] or r["accuracy"] > r["most_frequent"]
                 for r in steps]  # fmt: skip
        for row in steps[len(steps) - [*alive[::-1], True].index(True) :][:1]:
            known |= {brief(row["rate"]), f"{row['gradient_after']:.2g}", f"{row['cost']:.2f}"}
            known |= {f"{row['start']:.2f}", f"{100 * row['accuracy']:.1f}"}
        costs = steps[0]["start"], best["cost"], steps[-1]["cost"], min(r["cost"] for r in steps)
        known |= {f"{cost:.3g}" for cost in costs}
    return known | numbers_of_siblings()


def numbers_of_siblings() -> set[str]:
    best: dict[str, list[float]] = {"untrained": [], "trained": []}
    slopes: dict[str, list[float]] = {"untrained": [], "trained": []}
    rows = rows_of(OF_SIBLINGS)
    for seed, name in dict.fromkeys((row["seed"], row["network"]) for row in rows):
        own = [row for row in rows if (row["seed"], row["network"]) == (seed, name)]
        best[name].append(float(max(own, key=lambda row: float(row["fall"]))["rate"]))
        slopes[name].append(float(own[0]["gradient"]))
    spans = [max(pair) / min(pair) for pair in zip(*slopes.values(), strict=True)]
    ends = [end(rates) for rates in best.values() for end in (min, max)]
    longest = best["untrained"].count(max(float(row["rate"]) for row in rows))
    numbers = {str(len(spans)), str(longest)}
    return numbers | {*map(brief, ends), *(brief(end(spans)) for end in (min, max))}


def brief(rate: float) -> str:
    return f"{rate:.2g}" if rate < 10 else f"{rate:,.0f}"


CASE = Case(
    stepsize,
    {"smallest": 0.01, "per_decade": 2, "epochs": [1, 9]},
    {"smallest": 0.02, "per_decade": 3, "epochs": [2]},
    (OUTPUT, OF_SIBLINGS),
    known_numbers,
    inputs="drifted_run",
)


@pytest.mark.parametrize(("name", "epoch"), [("untrained", 0), ("epoch 1", 1), ("trained", 3)])
@pytest.mark.usefixtures("folder")
def test_costs_and_promises_are_those_of_a_slow_direct_calculation(name: str, epoch: int) -> None:
    network, inputs, targets = snapshot(epoch)
    start = cost_of(network, inputs, targets)
    nabla = gradient(network, inputs, targets).parameters
    rows = [row for row in rows_of(OUTPUT) if row["network"] == name]
    rates = [0.01 * 10 ** (k / 2) for k in range(9)]
    assert [float(row["rate"]) for row in rows] == pytest.approx(rates)
    for row, rate in zip(rows, rates, strict=True):
        moved = replace(network, parameters=network.parameters - rate * nabla)
        cost = cost_of(moved, inputs, targets)
        numbers = [float(row[key]) for key in ("start", "cost", "fall", "promised", "gradient")]
        slope = float(nabla @ nabla)
        wanted = [start, cost, start - cost, rate * slope, slope**0.5]
        np.testing.assert_allclose(np.array(numbers), np.array(wanted), rtol=2e-5, atol=1e-7)


@pytest.mark.usefixtures("empty")
def test_without_hidden_layers_a_step_is_that_of_the_closed_form() -> None:
    write_random_run(SHAPES["no hidden layer"])
    call(stepsize, **{**CASE.options, "smallest": 1e-5})
    network, x, y = snapshot(0)

    def outputs(w: Any, b: Any) -> Any:
        return 1 / (1 + np.exp(-(w @ x + b[:, np.newaxis])))

    w, b = network.weights[0], network.biases[0]
    a = outputs(w, b)
    delta = 2 * (a - y) * a * (1 - a) / 60
    dw, db = delta @ x.T, delta.sum(axis=1)
    start = ((a - y) ** 2).sum(axis=0).mean()
    rows = [row for row in rows_of(OUTPUT) if row["network"] == "untrained"]
    for row in rows:
        rate = float(row["rate"])
        cost = ((outputs(w - rate * dw, b - rate * db) - y) ** 2).sum(axis=0).mean()
        assert float(row["fall"]) == pytest.approx(start - cost, rel=1e-4, abs=1e-9)
        assert float(row["promised"]) == pytest.approx(rate * ((dw**2).sum() + (db**2).sum()))
    # To first order the promise is exact: the error is proportional to the rate.
    errors = [1 - float(row["fall"]) / float(row["promised"]) for row in rows[2:5:2]]
    assert errors[1] / errors[0] == pytest.approx(10, rel=0.05)


@pytest.mark.usefixtures("empty")
def test_a_slope_of_zero_is_drawn_and_holds_no_claim() -> None:
    write_saturated_run()
    call(stepsize, **CASE.options)
    finding, _ = finding_and_figure_of(CLAIM)
    assert finding.verdict != Verdict.HELD


def line(gradient: float, falls: list[float], promised: list[float]) -> Line:
    """Steps by rates of 1, 10 and 100."""
    fall = np.array(falls)
    return Line(
        name="trained",
        images=120,
        most_frequent=0.2,
        start=9.0,
        gradient=gradient,
        rates=np.array([1.0, 10, 100]),
        costs=9 - fall,
        accuracies=np.ones(3),
        gradients=np.ones(3),
        falls=fall,
        promised=np.array(promised),
    )


GOOD = line(5, [0.95, 5, -2], [1, 10, 100])
FLAT = replace(GOOD, gradient=1)


def verdict_of(lines: list[Line], *siblings: list[Steps]) -> Verdict:
    return judge(Measured(lines, [*siblings] or [[GOOD, FLAT]])).verdict


def test_the_verdict_follows_the_numbers() -> None:
    assert GOOD.kept == 1
    assert GOOD.harm == 100
    assert GOOD.stride == 50
    assert GOOD.dead is None
    assert verdict_of([GOOD, FLAT]) == Verdict.HELD
    assert verdict_of([GOOD, GOOD]) == Verdict.PARTLY
    broken = line(1, [0.5, 5, 8], [1, 10, 100])
    assert broken.kept == 0
    assert broken.harm is None
    assert verdict_of([GOOD, broken]) == Verdict.NOT_HELD
    assert verdict_of([GOOD, replace(broken, gradient=0.1)]) == Verdict.PARTLY
    # One network of many is enough.
    assert verdict_of([GOOD, FLAT], [GOOD, FLAT], [GOOD, GOOD]) == Verdict.PARTLY
    assert verdict_of([GOOD, FLAT], [GOOD, FLAT], [GOOD, broken]) == Verdict.NOT_HELD
    far = line(0.1, [0.01, 0.05, 0.5], [0.01, 0.1, 1])
    estimate = judge(Measured([GOOD, FLAT], [[GOOD, FLAT], [GOOD, FLAT], [GOOD, far]])).estimate
    assert (estimate.value, estimate.high, estimate.networks) == (1, 5.5, 3)


@pytest.mark.parametrize(
    ("fall", "slope", "verdict"),
    [
        (0.91, 5.0, Verdict.PARTLY),  # the best rates of both are 10: the factor is 1
        (0.91, 4.9, Verdict.HELD),
        (0.89, 4.9, Verdict.PARTLY),  # 11 % short of what is promised
        (1.09, 4.9, Verdict.HELD),
        (1.11, 4.9, Verdict.PARTLY),
        (0.89, 5.0, Verdict.NOT_HELD),
    ],
)
def test_the_verdict_turns_where_the_criterion_says(
    fall: float, slope: float, verdict: Verdict
) -> None:
    assert verdict_of([GOOD, line(slope, [fall, 5, -2], [1, 10, 100])]) == verdict


@pytest.mark.parametrize(
    ("gradients", "accuracies", "place"),
    [
        ([5, 0.05, 0.01], [0.5, 0.2, 0.1], 1),
        ([5, 0.051, 0.01], [0.5, 0.2, 0.1], 2),  # more than 1 % of the slope is left
        ([5, 0.05, 0.01], [0.5, 0.21, 0.1], 2),  # better than one answer to all
        ([5, 0.01, 4], [0.5, 0.1, 0.1], None),  # there is a slope again
    ],
)
def test_a_network_is_dead_where_neither_slope_nor_reading_is_left(
    gradients: list[float], accuracies: list[float], place: int | None
) -> None:
    after = replace(GOOD, gradients=np.array(gradients), accuracies=np.array(accuracies))
    assert after.dead == place
    notes = judge(Measured([after, GOOD], [[GOOD, FLAT]])).notes
    assert ("on a plateau" in notes) == (place is not None)


@pytest.mark.parametrize(("name", "kept"), [("untrained", 0), ("trained", -1)])
@pytest.mark.usefixtures("folder")
def test_a_sibling_steps_along_its_own_slope(name: str, kept: int) -> None:
    siblings = load_arrays(SIBLINGS)
    network, inputs, targets = snapshot(0)
    own = siblings["parameters"][kept, 2].astype(np.float64)
    network = replace(network, parameters=own)
    start, nabla = cost_of(network, inputs, targets), gradient(network, inputs, targets).parameters
    place = (str(siblings["seeds"][2]), name)
    rows = [row for row in rows_of(OF_SIBLINGS) if (row["seed"], row["network"]) == place]
    assert [float(row["rate"]) for row in rows] == pytest.approx([0.01, 0.1, 1, 10, 100])
    for row in rows:
        rate, slope = float(row["rate"]), float(nabla @ nabla)
        moved = replace(network, parameters=own - rate * nabla)
        numbers = [float(row[key]) for key in ("fall", "promised", "gradient")]
        wanted = [start - cost_of(moved, inputs, targets), rate * slope, slope**0.5]
        np.testing.assert_allclose(np.array(numbers), np.array(wanted), rtol=2e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["untrained", "trained"])
@pytest.mark.usefixtures("folder")
def test_reading_and_slope_after_a_step_are_those_of_the_moved_network(name: str) -> None:
    network, inputs, targets = snapshot({"untrained": 0, "trained": 3}[name])
    nabla = gradient(network, inputs, targets).parameters
    for row in [row for row in rows_of(OUTPUT) if row["network"] == name][::4]:
        moved = replace(network, parameters=network.parameters - float(row["rate"]) * nabla)
        right = feedforward(moved, inputs).argmax(axis=0) == targets.argmax(axis=0)
        assert float(row["accuracy"]) == pytest.approx(right.mean())
        slope = np.linalg.norm(gradient(moved, inputs, targets).parameters)
        assert float(row["gradient_after"]) == pytest.approx(slope, rel=1e-4, abs=1e-9)
        assert float(row["most_frequent"]) == pytest.approx(targets.sum(axis=1).max() / 200)
