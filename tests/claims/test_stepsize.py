"""A small step down the slope keeps its promise; a step too long does not help."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nn import cost_of, gradient
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.stepsize.claim import CLAIM
from stages.claims.stepsize.measure import stepsize
from stages.claims.stepsize.verdict import Line, judge
from stages.common.files.paths import claim_table
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

OUTPUT = claim_table("stepsize")


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the table by other means."""
    rows = rows_of(OUTPUT)
    rates = [float(row["rate"]) for row in rows if row["network"] == "untrained"]
    known = {str(len(rates)), brief(rates[0]), brief(rates[-1]), "10"}
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
        costs = steps[0]["start"], best["cost"], steps[-1]["cost"], min(r["cost"] for r in steps)
        known |= {f"{cost:.3g}" for cost in costs}
    return known


def brief(rate: float) -> str:
    return f"{rate:.2g}" if rate < 10 else f"{rate:,.0f}"


CASE = Case(
    stepsize,
    {"images": 120, "smallest": 0.01, "per_decade": 2, "epochs": [1, 9]},
    {"images": 90, "smallest": 0.02, "per_decade": 3, "epochs": [2]},
    (OUTPUT,),
    known_numbers,
    inputs="drifted_run",
)


@pytest.mark.parametrize(("name", "epoch"), [("untrained", 0), ("epoch 1", 1), ("trained", 3)])
@pytest.mark.usefixtures("folder")
def test_costs_and_promises_are_those_of_a_slow_direct_calculation(name: str, epoch: int) -> None:
    network, inputs, targets = snapshot(epoch)
    inputs, targets = inputs[:, :120], targets[:, :120]
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


def test_the_verdict_follows_the_numbers() -> None:
    def line(gradient: float, falls: list[float], promised: list[float]) -> Line:
        rates = np.array([1.0, 10, 100])
        return Line("trained", 120, 9.0, gradient, rates, 9 - np.array(falls), np.array(falls),
                    np.array(promised))  # fmt: skip

    good = line(5, [0.95, 5, -2], [1, 10, 100])
    assert good.kept == 1
    assert good.harm == 100
    assert good.stride == 50
    assert judge([good, good._replace(gradient=1)]).verdict == Verdict.HELD
    assert judge([good, good]).verdict == Verdict.PARTLY
    broken = line(1, [0.5, 5, 8], [1, 10, 100])
    assert broken.kept == 0
    assert broken.harm is None
    assert judge([good, broken]).verdict == Verdict.NOT_HELD
    assert judge([good, broken._replace(gradient=0.1)]).verdict == Verdict.PARTLY
