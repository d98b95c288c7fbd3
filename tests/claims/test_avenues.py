"""How a step is shared out: shares and moves are those of gradients worked out image by image."""

from typing import Any

import numpy as np
import pytest

from stages.claims.avenues.claim import CLAIM
from stages.claims.avenues.measure import avenues
from stages.claims.shared.claim import Finding, Verdict
from stages.common.files.arrays import load_arrays
from stages.common.files.paths import SIBLINGS, claim_table
from tests.claims import plain
from tests.claims.shared import (
    Case,
    Row,
    figure_of,
    finding_of,
    numbers_in,
    rows_of,
    snapshot,
    write_rows,
    write_saturated_run,
)
from tests.sample import call

TABLE = claim_table("avenues")
HEADER = ("network", "look", "part", "share", "moved")


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the table by other means."""
    rows = rows_of(TABLE)
    own = [row for row in rows if row["network"] != "page"]
    known = {"95", str(len({row["network"] for row in own}))}
    for row in rows:
        known |= numbers_in(row["look"]) | numbers_in(row["part"])
        for some in (own, [r for r in rows if r["network"] == "page"]):
            shares = column(some, row, "share")
            known |= {f"{100 * np.mean(shares or [0]):.{digits}f}" for digits in (0, 1)}
            moved = column(some, row, "moved")
            known.add(f"{np.mean(moved or [0]):.2f}")
    moved = column(own, {**own[-1], "part": "weights 1"}, "moved")
    return known | {f"{end:z.2f}" for end in plain.interval(moved)}


def column(rows: list[Row], like: Row, name: str) -> list[float]:
    """The numbers of all networks at one look and part."""
    keys = ("look", "part")
    return [float(r[name]) for r in rows if all(r[key] == like[key] for key in keys)]


CASE = Case(
    avenues,
    {"batch_size": 20, "batches": 4},
    {"batch_size": 10, "batches": 5},
    (TABLE,),
    known_numbers,
    inputs="drifted_run",
)


def shares_of(layers: plain.Layers, inputs: Any, targets: Any) -> list[float]:
    """Shares of the first layer's, the last layer's weights and the biases, over four batches."""
    squares = np.zeros(3)
    for first in range(0, 80, 20):
        batch = np.s_[:, first : first + 20]
        (w0, b0), (w1, b1) = plain.mean_gradient(layers, inputs[batch], targets[batch])
        squares += [(w0**2).sum(), (w1**2).sum(), (b0**2).sum() + (b1**2).sum()]
    return list(squares / squares.sum())


@pytest.mark.parametrize(("look", "epoch"), [("untrained", 0), ("trained", 3)])
@pytest.mark.usefixtures("folder")
def test_the_pages_shares_are_those_of_a_slow_calculation(look: str, epoch: int) -> None:
    network, inputs, targets = snapshot(epoch)
    start, now = (plain.layers_of(snapshot(e)[0]) for e in (0, epoch))
    rows = [r for r in rows_of(TABLE) if (r["network"], r["look"]) == ("page", look)]
    assert [row["part"] for row in rows] == ["weights 1", "weights 2", "biases"]
    shares = [float(row["share"]) for row in rows]
    np.testing.assert_allclose(shares, shares_of(now, inputs, targets), atol=2e-6)
    for row, (old, _), (new, _) in zip(rows, start, now, strict=False):
        moved = np.linalg.norm(new - old) / np.linalg.norm(old)
        assert float(row["moved"]) == pytest.approx(moved, abs=2e-6)
    assert network.sizes == (784, 6, 10)


@pytest.mark.usefixtures("folder")
def test_the_siblings_shares_are_those_of_each_of_them_alone() -> None:
    network, inputs, targets = snapshot(0)
    siblings = load_arrays(SIBLINGS)
    for place, epoch in ((0, 0), (2, 3)):
        network.parameters[:] = siblings["parameters"][place, 4]
        seed = str(siblings["seeds"][4])
        rows = [r for r in rows_of(TABLE) if (r["network"], r["look"]) == (seed, f"epoch {epoch}")]
        shares = [float(row["share"]) for row in rows]
        known = shares_of(plain.layers_of(network), inputs, targets)
        np.testing.assert_allclose(shares, known, atol=1e-5)
        start, now = siblings["parameters"][[0, place], 4, : 784 * 6]
        moved = np.linalg.norm(now - start) / np.linalg.norm(start)
        assert float(rows[0]["moved"]) == pytest.approx(moved, abs=1e-5)


@pytest.mark.usefixtures("empty")
def test_a_network_without_any_slope_is_drawn() -> None:
    write_saturated_run()
    call(avenues, **CASE.options)
    figure_of(CLAIM)


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("moved", "verdict"),
    [
        ((0.08, 0.09), Verdict.PARTLY),  # two networks prove too little
        ((0.0989, 0.0990, 0.0991), Verdict.HELD),
        ((0.0999, 0.1000, 0.1001), Verdict.PARTLY),
        ((0.989, 0.990, 0.991), Verdict.PARTLY),
        ((0.999, 1.000, 1.001), Verdict.NOT_HELD),
    ],
)
def test_the_verdict_asks_how_far_the_first_layer_moves(
    moved: tuple[float, ...], verdict: Verdict
) -> None:
    parts = ("weights 1", "weights 2", "biases")
    looks = [("page", "untrained", 0.0), ("page", "trained", 9.0)]
    looks += [(str(n), "epoch 0", 0.0) for n, _ in enumerate(moved)]
    looks += [(str(n), "epoch 1", way) for n, way in enumerate(moved)]
    rows = [(*at, part, 0.3, way) for *at, way in looks for part in parts]
    write_rows(TABLE, HEADER, rows)
    assert finding_of(CLAIM).verdict == verdict
