"""The mean of single images' wishes is the gradient; its steps change the cost of all images."""

from typing import Any

import numpy as np
import pytest

from nn import gradient, layers_of
from stages.claims.averaging.claim import CLAIM
from stages.claims.averaging.measure import averaging
from stages.claims.averaging.verdict import Averages
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.words import parameter_name
from stages.common.files.arrays import Floats, load_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import SIBLINGS, claim_arrays, claim_table
from tests.claims.shared import (
    SHAPES,
    Case,
    Row,
    Shape,
    finding_of,
    rows_of,
    snapshot,
    t_interval,
    write_random_run,
    write_rows,
)
from tests.sample import call

STEPS, TABLE = claim_table("averaging"), claim_arrays("averaging")


def chosen(epoch: str, rate: str, column: str) -> list[float]:
    """A column of the table for one epoch and one learning rate."""
    return [
        float(row[column])
        for row in rows_of(STEPS)
        if (row["epoch"], row["learning_rate"]) == (epoch, rate)
    ]


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the outputs by other means."""
    rows, batch = rows_of(STEPS), len(load_arrays(TABLE)["rows"])
    epochs = sorted({row["epoch"] for row in rows}, key=int)
    rates = sorted({row["learning_rate"] for row in rows}, key=float)
    images = int(rows[0]["images"])
    known = {*epochs, str(batch), f"{images:,}", f"{images / batch:.0f}", rows[0]["draws"], "95"}
    known |= {f"{float(rate):.3g}" for rate in rates} | {str(len({row["seed"] for row in rows}))}
    means, lows = {}, {}
    for epoch in epochs:
        for rate in rates:
            lowered = chosen(epoch, rate, "lowered")
            low, mean, high = t_interval(lowered)
            means[epoch, rate], lows[epoch, rate] = mean, low
            all_down = np.mean([c < 0 for c in chosen(epoch, rate, "change_of_all")])
            for share in (mean, max(0.0, low), min(1.0, high), all_down):
                known |= {f"{100 * share + bit:z.0f}" for bit in (-1e-9, 1e-9)}
        for column in ("change", "change_of_all"):
            known.add(f"{np.mean(chosen(epoch, rates[-1], column)):.2g}")
        known.add(f"{np.mean(chosen(epoch, rates[-1], 'cosine')):z.2f}")
    way = epochs[:-1]
    down = [images >= 10 * batch and lows[epoch, rates[-1]] > 0.5 for epoch in way]
    wanted = {len(way): Verdict.HELD, 0: Verdict.NOT_HELD}.get(sum(down), Verdict.PARTLY)
    assert finding.verdict == wanted
    worst = min(way, key=lambda epoch: means[epoch, rates[-1]])
    interval = (finding.estimate.low, finding.estimate.value, finding.estimate.high)
    ends = t_interval(chosen(worst, rates[-1], "lowered"))
    expected = [100 * min(1.0, max(0.0, end)) for end in ends]
    assert interval == pytest.approx(expected)
    return known


CASE = Case(
    averaging,
    {"batch_size": 20, "draws": 3, "lengths": [0.05, 1], "seed": 0},
    {"batch_size": 30, "draws": 2, "lengths": [0.1, 1], "seed": 1},
    (STEPS, TABLE),
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


def cost_of_all(parameters: Floats, inputs: Floats, targets: Floats) -> float:
    """Mean cost of a 784-6-10 network of sigmoids, written out."""
    (w, v), (b, c) = layers_of(parameters, (784, 6, 10))
    hidden = 1 / (1 + np.exp(-(w @ inputs + b[:, np.newaxis])))
    outputs = 1 / (1 + np.exp(-(v @ hidden + c[:, np.newaxis])))
    return float(np.square(outputs - targets).sum(axis=0).mean())


@pytest.mark.parametrize("epoch", [0, 3])
@pytest.mark.usefixtures("folder")
def test_changes_are_those_of_steps_taken_one_by_one(epoch: int) -> None:
    siblings = load_arrays(SIBLINGS)
    kind, inputs, targets = snapshot(0)
    place = [*siblings["epochs"]].index(epoch)
    parameters = siblings["parameters"][place, 2].astype(np.float64)
    kind.parameters[:] = parameters
    before = cost_of_all(parameters, inputs, targets)
    full = gradient(kind, inputs, targets).parameters
    rng, gradients = np.random.default_rng([0, siblings["seeds"][2], epoch]), []
    for _ in range(CASE.options["draws"]):
        rows = rng.choice(200, CASE.options["batch_size"], replace=False)
        gradients.append(gradient(kind, inputs[:, rows], targets[:, rows]).parameters)
    for length in CASE.options["lengths"]:
        rate = 2.0 * length  # that of the siblings' first step is 2
        row = next(
            row
            for row in rows_of(STEPS)
            if (row["epoch"], row["seed"]) == (str(epoch), str(siblings["seeds"][2]))
            and float(row["learning_rate"]) == rate
        )
        changes = [cost_of_all(parameters - rate * g, inputs, targets) - before for g in gradients]
        assert float(row["change"]) == pytest.approx(np.mean(changes), rel=1e-3, abs=1e-6)
        assert float(row["lowered"]) == pytest.approx(np.mean([c < 0 for c in changes]), abs=1e-5)
        by_all = cost_of_all(parameters - rate * full, inputs, targets) - before
        assert float(row["change_of_all"]) == pytest.approx(by_all, rel=1e-3, abs=1e-6)
        assert float(row["cost"]) == pytest.approx(before, rel=1e-5)
        lengths = [np.linalg.norm(g) * np.linalg.norm(full) for g in gradients]
        cosines = [g @ full / size for g, size in zip(gradients, lengths, strict=True)]
        assert float(row["cosine"]) == pytest.approx(np.mean(cosines), abs=1e-4)


@pytest.mark.usefixtures("empty")
def test_a_batch_too_large_is_refused() -> None:
    write_random_run(Shape())
    with pytest.raises(StageError, match=r"averaging\.batch_size: expected 2 to 60, .*got 61"):
        call(averaging, **{**CASE.options, "batch_size": 61})


@pytest.mark.parametrize(
    ("shares", "images", "verdict"),
    [
        ((0.51, 0.6), 100, Verdict.HELD),
        ((0.51, 0.5), 100, Verdict.PARTLY),
        ((0.5, 0.1), 100, Verdict.NOT_HELD),
        ((0.9, 0.9), 99, Verdict.NOT_HELD),
    ],
)
def test_most_of_trainings_steps_have_to_go_down_at_a_tenth_of_the_work(
    shares: tuple[float, float], images: int, verdict: Verdict
) -> None:
    lowered = [(e, r, 0.9) for e in (0, 1, 3) for r in (0.1, 1.0)]
    lowered[1], lowered[3], lowered[5] = (0, 1.0, shares[0]), (1, 1.0, shares[1]), (3, 1.0, 0.0)
    epochs, rates, share = (
        np.repeat(np.array(column, float), 2) for column in zip(*lowered, strict=True)
    )
    steps: dict[str, Any] = {
        "epoch": epochs, "learning_rate": rates, "lowered": share, "seed": np.tile([1.0, 2.0], 6),
        "images": np.full(12, images), "draws": np.full(12, 2), "change": np.full(12, 0.1),
        "change_of_all": np.full(12, -0.1), "cosine": np.full(12, 0.5),
    }  # fmt: skip
    table = {"rows": np.arange(10), "wishes": np.ones((10, 1)), "mean": np.ones(1)}
    assert CLAIM.judge(Averages(steps, table, "pixel")).verdict == verdict


@pytest.mark.usefixtures("folder")
def test_a_table_without_one_of_its_rows_is_refused() -> None:
    rows: list[Row] = rows_of(STEPS)
    write_rows(STEPS, [*rows[0]], [[*row.values()] for row in rows[1:]])
    with pytest.raises(StageError, match="averaging writes: 30 rows, one for each network"):
        finding_of(CLAIM)


@pytest.mark.usefixtures("empty")
def test_a_parameter_is_called_by_its_place() -> None:
    sizes = (3, 2, 2)
    names = [parameter_name(place, sizes, "pixel") for place in range(14)]
    assert names[4] == "layer 1: pixel 1 → neuron 1"
    assert names[6] == "layer 2: neuron 0 → output 0"
    assert names[11] == "layer 1: bias of neuron 1"
    assert names[13] == "layer 2: bias of output 1"
    assert len(set(names)) == 14
