"""One backward pass against wiggles: derivatives, and multiplications counted one by one."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from stages.claims.efficient.claim import CLAIM
from stages.claims.efficient.measure import counts_of, efficient
from stages.claims.efficient.verdict import Ways, judge
from stages.claims.shared.claim import Finding, Verdict
from stages.common.files.arrays import load_arrays
from stages.common.files.paths import claim_arrays
from tests.claims import plain
from tests.claims.shared import (
    Case,
    figure_of,
    snapshot,
    write_saturated_run,
)
from tests.sample import call

OUTPUT = claim_arrays("efficient")


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the arrays by other means."""
    arrays = load_arrays(OUTPUT)
    sizes = arrays["sizes"].tolist()
    counts = counted(sizes)
    parameters = sum((a + 1) * b for a, b in pairwise(sizes))
    known = {"1", "64", f"{parameters:,}", f"{arrays['images']:,}", f"{arrays['wiggle']:g}"}
    known |= {f"{arrays['wiggles'].shape[1]:,}", *(f"{count:,}" for count in counts)}
    look, back, clever, wiggles = counts
    known |= {f"{wiggles / back:,.0f}", f"{clever / back:,.0f}", f"{back / look:.2g}"}
    for exact, wiggled in zip(arrays["backpropagation"], arrays["wiggles"], strict=True):
        length = np.sqrt((exact**2).sum()) or 1
        known.add(f"{np.sqrt(((wiggled - exact) ** 2).sum()) / length:.2g}")
    return known


def counted(sizes: list[int]) -> list[int]:
    """The multiplications of each way, counted weight by weight."""
    layers = list(pairwise(sizes))
    look = sum(1 for n_in, n_out in layers for _ in range(n_in * n_out))
    back = look + sum(a * b * (2 if place else 1) for place, (a, b) in enumerate(layers))
    clever, parameters = look, 0
    for place, (n_in, n_out) in enumerate(layers):
        for _neuron in range(n_out):
            for source in range(n_in + 1):  # the last one is the bias
                parameters += 1
                clever += source < n_in  # the weight's change times what it weighs
                ahead = layers[place + 1 :]
                clever += ahead[0][1] if ahead else 0  # one column of the next layer's weights
                clever += sum(a * b for a, b in ahead[1:])
    return [look, back, clever, look * (1 + parameters)]


CASE = Case(
    efficient,
    {"images": 5, "wiggle": 1e-5, "most": 40, "seed": 1},
    {"images": 4, "wiggle": 1e-4, "most": 30, "seed": 2},
    (OUTPUT,),
    known_numbers,
    inputs="drifted_run",
    of_shape=lambda _: {"most": 12},
)


@pytest.mark.parametrize(("row", "epoch"), [(0, 0), (1, 3)])
@pytest.mark.usefixtures("folder")
def test_both_ways_find_the_derivatives_of_a_slow_calculation(row: int, epoch: int) -> None:
    arrays = load_arrays(OUTPUT)
    network, inputs, targets = snapshot(epoch)
    layers = plain.layers_of(network)
    known = plain.flat(plain.mean_gradient(layers, inputs[:, :5], targets[:, :5]))
    places = arrays["places"]
    assert len(places) == len({*places.tolist()}) == 40
    np.testing.assert_allclose(arrays["backpropagation"][row], known[places], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(arrays["wiggles"][row], known[places], rtol=1e-2, atol=1e-5)


@pytest.mark.usefixtures("folder")
def test_all_parameters_are_wiggled_if_there_are_not_too_many() -> None:
    call(efficient, **{**CASE.options, "most": 4780})
    arrays = load_arrays(OUTPUT)
    assert arrays["places"].tolist() == list(range(784 * 6 + 6 + 6 * 10 + 10))
    figure_of(CLAIM)


def test_multiplications_are_those_counted_one_by_one() -> None:
    for sizes in ((784, 16, 16, 10), (5, 3), (4, 3, 2, 3, 2)):
        assert counts_of(sizes) == counted([*sizes])
    assert counts_of((784, 16, 16, 10))[:2] == [12_960, 26_336]


@pytest.mark.usefixtures("empty")
def test_a_gradient_of_zero_is_drawn() -> None:
    write_saturated_run()
    call(efficient, **CASE.options)
    figure_of(CLAIM)


def test_the_figure_has_room_for_slight_slopes_and_for_wide_networks() -> None:
    slopes = np.array([[0.5, -0.5], [0.000184, -0.000184]])
    counts = counts_of((4096, 512, 256, 62))
    ways = Ways((2, 1), 9, 0.1, ["untrained", "trained"], slopes, slopes, *counts)
    figure_of(replace(CLAIM, read=lambda: ways))


@pytest.mark.parametrize(
    ("apart", "back", "verdict"),
    [
        (0.00099, 100, Verdict.HELD),
        (0.00101, 100, Verdict.PARTLY),
        (0.00099, 101, Verdict.PARTLY),
        (0.00101, 101, Verdict.NOT_HELD),
    ],
)
def test_the_verdict_asks_for_one_gradient_and_a_tenth_of_the_work(
    apart: float, back: int, verdict: Verdict
) -> None:
    exact = np.array([[3.0, 4.0], [0.3, 0.4]])
    wiggled = exact * [[1.0], [1 + apart]]
    ways = Ways((2, 1), 9, 0.1, ["untrained", "trained"], exact, wiggled, 10, back, 500, 1000)
    assert judge(ways).verdict == verdict
