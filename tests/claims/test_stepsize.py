"""A small step down the slope keeps its promise; a step too long does not help."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nn import cost_of, gradient
from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY
from stages.claims.stepsize.figure import CLAIM, Line, verdict
from stages.claims.stepsize.measure import stepsize
from tests.claims.shared import (
    SHAPES,
    Options,
    Shape,
    check_parameters,
    drawn,
    drifted,
    finish,
    loaded,
    numbers_in,
    rows_of,
    words_of,
    write_random_run,
    write_saturated_run,
)

OPTIONS: Options = {"images": 120, "smallest": 0.01, "per_decade": 2, "epochs": [1, 9]}
CHANGES = {"images": 90, "smallest": 0.02, "per_decade": 3, "epochs": [2]}
OUTPUT = Path("data/claims/stepsize.csv")


@pytest.fixture(scope="module")
def finished(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish(drifted(digits, tmp_path_factory.mktemp("stepsize")), stepsize, OPTIONS)


@pytest.mark.parametrize(("name", "epoch"), [("untrained", 0), ("epoch 1", 1), ("trained", 3)])
@pytest.mark.usefixtures("folder")
def test_costs_and_promises_are_those_of_a_slow_direct_calculation(name: str, epoch: int) -> None:
    network, inputs, targets = loaded(epoch)
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
    stepsize(**{**OPTIONS, "smallest": 1e-5})
    network, x, y = loaded(0)

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


@pytest.mark.usefixtures("folder")
def test_every_parameter_counts_and_nothing_else_does() -> None:
    check_parameters(stepsize, OPTIONS, CHANGES, [OUTPUT])


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.usefixtures("empty")
def test_any_network_is_drawn(shape: Shape) -> None:
    write_random_run(shape)
    stepsize(**OPTIONS)
    drawn(CLAIM)


@pytest.mark.usefixtures("empty")
def test_a_slope_of_zero_is_drawn_and_holds_no_claim() -> None:
    write_saturated_run()
    stepsize(**OPTIONS)
    assert not drawn(CLAIM).caption.endswith(HELD)


@pytest.mark.usefixtures("folder")
def test_every_number_of_the_words_is_found_in_the_output() -> None:
    rows = rows_of(OUTPUT)
    known = {"9", "0.01", "100", "10", "1"}
    for name in dict.fromkeys(row["network"] for row in rows):
        own = [{k: float(v) for k, v in r.items() if k != "network"} for r in rows
               if r["network"] == name]  # fmt: skip
        best = max(own, key=lambda row: row["fall"])
        kept = [row["rate"] for row in own]
        for row in own:
            if abs(row["fall"] / row["promised"] - 1) > 0.1:
                kept = [rate for rate in kept if rate < row["rate"]]
        harm = [r["rate"] for r in own if r["rate"] > best["rate"] and r["fall"] <= 0]
        rates = [*kept[-1:], *harm[:1], best["rate"]]
        known |= {f"{rate:.2g}" if rate < 10 else f"{rate:.0f}" for rate in rates}
        known |= {f"{own[0]['gradient']:.2g}", f"{best['rate'] * own[0]['gradient']:.2g}"}
        known |= {f"{cost:.3g}" for cost in (own[0]["start"], best["cost"], own[-1]["cost"])}
    found = numbers_in(words_of(drawn(CLAIM)))
    assert len(found) > 8
    assert found <= known


def test_the_verdict_follows_the_numbers() -> None:
    def line(gradient: float, falls: list[float], promised: list[float]) -> Line:
        rates = np.array([1.0, 10, 100])
        return Line("one", 9.0, gradient, rates, 9 - np.array(falls), np.array(falls),
                    np.array(promised))  # fmt: skip

    good = line(5, [0.95, 5, -2], [1, 10, 100])
    assert good.kept == 1
    assert good.harm == 100
    assert good.stride == 50
    assert verdict([good, good._replace(gradient=1)]).endswith(HELD)
    assert verdict([good, good]).endswith(PARTLY)
    broken = line(1, [0.5, 5, 8], [1, 10, 100])
    assert broken.kept == 0
    assert broken.harm is None
    assert verdict([good, broken]).endswith(NOT_HELD)
    assert verdict([good, broken._replace(gradient=0.1)]).endswith(PARTLY)
