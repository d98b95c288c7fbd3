"""The mean of single images' wishes is the gradient; a few images may speak for all."""

import numpy as np
import pytest

from nn import gradient
from stages.claims.averaging.claim import CLAIM
from stages.claims.averaging.measure import averaging
from stages.claims.averaging.verdict import Averages
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.words import parameter_name
from stages.common.files.arrays import load_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import claim_arrays, claim_table
from tests.claims.shared import (
    SHAPES,
    Case,
    Shape,
    numbers_in,
    rows_of,
    snapshot,
    write_random_run,
)
from tests.sample import call

CURVES, TABLE = claim_table("averaging"), claim_arrays("averaging")


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the outputs by other means."""
    rows, batch = rows_of(CURVES), str(len(load_arrays(TABLE)["rows"]))
    count = max(int(row["batch_size"]) for row in rows)
    known = {batch, f"{count:,}", "0.71", "10", "1", rows[0]["draws"], f"{count / int(batch):.0f}"}
    for name in dict.fromkeys(row["network"] for row in rows):
        curve = [row for row in rows if row["network"] == name]
        at = next(row for row in curve if row["batch_size"] == batch)
        known |= numbers_in(name) | {f"{float(at[key]):z.3f}" for key in ("cosine", "deviation")}
        known |= {f"{float(row['cosine']):z.2f}" for row in (curve[0], at)}
        for row in reversed(curve):
            if float(row["cosine"]) <= 0.5**0.5:
                break
            enough = row["batch_size"]
        known.add(enough)
    return known


CASE = Case(
    averaging,
    {"batch_size": 20, "largest": 0.5, "draws": 3, "epochs": [1, 2], "seed": 0},
    {"batch_size": 30, "largest": 0.1, "draws": 2, "epochs": [2], "seed": 1},
    (CURVES, TABLE),
    known_numbers,
    inputs="drifted_run",
)


@pytest.mark.usefixtures("folder")
def test_the_mean_of_single_images_wishes_is_minus_the_mini_batch_gradient() -> None:
    table = load_arrays(TABLE)
    network, inputs, targets = snapshot(0)
    rows = table["rows"]
    assert len(rows) == CASE.options["batch_size"]
    batch = gradient(network, inputs[:, rows], targets[:, rows]).parameters[table["places"]]
    np.testing.assert_allclose(table["mean"], -batch, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(table["wishes"].mean(axis=0), table["mean"], rtol=1e-9, atol=1e-15)
    one = gradient(network, inputs[:, rows[3:4]], targets[:, rows[3:4]]).parameters
    np.testing.assert_allclose(table["wishes"][3], -one[table["places"]], rtol=1e-5, atol=1e-9)


@pytest.mark.usefixtures("empty")
def test_without_hidden_layers_the_wishes_are_those_of_the_closed_form() -> None:
    write_random_run(SHAPES["no hidden layer"])
    call(averaging, **CASE.options)
    table = load_arrays(TABLE)
    network, inputs, targets = snapshot(0)
    for wishes, row in zip(table["wishes"], table["rows"], strict=True):
        x, y = inputs[:, row], targets[:, row]
        a = 1 / (1 + np.exp(-(network.weights[0] @ x + network.biases[0])))
        delta = 2 * (a - y) * a * (1 - a)
        wanted = -np.append(np.outer(delta, x).ravel(), delta)
        np.testing.assert_allclose(wishes, wanted[table["places"]], rtol=1e-5)


@pytest.mark.usefixtures("folder")
def test_cosines_are_those_of_gradients_computed_one_by_one() -> None:
    network, inputs, targets = snapshot(2)
    full = gradient(network, inputs, targets).parameters
    found = []
    for draw in range(CASE.options["draws"]):
        rows = np.random.default_rng([0, draw]).permutation(200)[:50]
        some = gradient(network, inputs[:, rows], targets[:, rows]).parameters
        found.append(some @ full / np.linalg.norm(some) / np.linalg.norm(full))
    key = ("epoch 2", "50")
    row = next(r for r in rows_of(CURVES) if (r["network"], r["batch_size"]) == key)
    wanted = [np.mean(found), np.std(found, ddof=1), min(found), max(found)]
    names = ("cosine", "deviation", "lowest", "highest")
    np.testing.assert_allclose([float(row[name]) for name in names], wanted, atol=2e-5)


@pytest.mark.usefixtures("folder")
def test_all_images_agree_with_themselves_and_take_all_the_work() -> None:
    rows = rows_of(CURVES)
    assert [*dict.fromkeys(r["network"] for r in rows)] == [
        "untrained", "epoch 1", "epoch 2", "trained"
    ]  # fmt: skip
    sizes = [int(r["batch_size"]) for r in rows if r["network"] == "trained"]
    assert sizes == [1, 2, 5, 10, 20, 50, 100, 200]
    for row in rows:
        # 784-6-10: forward, the weights' own derivatives, and back through the last weights
        assert int(row["multiplications"]) == int(row["batch_size"]) * (2 * (784 * 6 + 60) + 60)
        if row["batch_size"] == "200":
            assert float(row["cosine"]) == 1


@pytest.mark.usefixtures("empty")
def test_epochs_that_were_not_reached_are_left_out_and_a_batch_too_large_is_refused() -> None:
    write_random_run(Shape())
    call(averaging, **{**CASE.options, "epochs": [1, 4, 900]})
    names = {row["network"] for row in rows_of(CURVES)}
    assert names == {"untrained", "epoch 1", "trained"}
    with pytest.raises(StageError, match=r"averaging\.batch_size: expected 2 to 60, .*got 61"):
        call(averaging, **{**CASE.options, "batch_size": 61})


@pytest.mark.parametrize(
    ("cosines", "batch", "verdict"),
    [
        ((0.72, 0.9), 10, Verdict.HELD),
        ((0.72, 0.7), 10, Verdict.PARTLY),
        ((0.1, 0.7), 10, Verdict.NOT_HELD),
        ((0.9, 0.9), 11, Verdict.NOT_HELD),
    ],
)
def test_the_verdict_follows_the_numbers(
    cosines: tuple[float, float], batch: int, verdict: Verdict
) -> None:
    curves = {
        "network": np.repeat(["untrained", "trained"], 2),
        "batch_size": np.array([batch, 100.0] * 2),
        "draws": np.full(4, 2),
        "cosine": np.array([cosines[0], 1, cosines[1], 1]),
        "deviation": np.zeros(4),
        "multiplications": np.array([batch, 100.0] * 2),
    }
    table = {"rows": np.arange(batch), "wishes": np.ones((batch, 1)), "mean": np.ones(1)}
    finding = CLAIM.judge(Averages(curves, table, "pixel"))
    assert finding.verdict == verdict
    assert finding.measured.endswith("hold for: untrained.") == (verdict == Verdict.PARTLY)


@pytest.mark.usefixtures("empty")
def test_a_parameter_is_called_by_its_place() -> None:
    sizes = (3, 2, 2)
    names = [parameter_name(place, sizes, "pixel") for place in range(14)]
    assert names[4] == "layer 1: pixel 1 → neuron 1"
    assert names[6] == "layer 2: neuron 0 → output 0"
    assert names[11] == "layer 1: bias of neuron 1"
    assert names[13] == "layer 2: bias of output 1"
    assert len(set(names)) == 14
