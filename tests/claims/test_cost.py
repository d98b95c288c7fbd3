"""What the cost says: costs worked out image by image, and pairs counted one by one."""

from itertools import product
from statistics import median
from typing import Any

import numpy as np
import pytest

from nn import evaluate
from stages.claims.cost.claim import CLAIM
from stages.claims.cost.measure import apart, cost
from stages.claims.cost.verdict import COLUMNS, Costs, judge
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import inputs_of, targets_of
from stages.common.files.arrays import load_arrays, load_labelled
from stages.common.files.paths import NETWORK, SIBLINGS, TEST, claim_arrays, claim_table
from stages.common.models.model import load_model
from stages.common.models.recipe import examples_of
from tests.claims import plain
from tests.claims.shared import SHAPES, Case, figure_of, rows_of, write_random_run
from tests.sample import call

TABLE, ARRAYS = claim_table("cost"), claim_arrays("cost")


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the outputs by other means."""
    rows, arrays = rows_of(TABLE), load_arrays(ARRAYS)
    page, *others = [{name: float(row[name]) for name in COLUMNS[1:]} for row in rows]
    known = {"95", "0.5", str(len(others)), f"{len(arrays['costs']):,}"}
    known |= {f"{100 * page[name]:.2f}" for name in ("accuracy", "apart")}
    value, low, high = plain.interval([row["apart"] for row in others])
    known |= {f"{100 * end:.2f}" for end in (value, low, min(1, high))}
    money = [page[name] for name in ("sure", "unsure", "wrong", "cheapest_wrong")]
    money += [min(row["cheapest_wrong"] for row in others)]
    for right in (True, False):
        own = [c for c, r in zip(arrays["costs"], arrays["right"], strict=True) if r == right]
        money += [min(own), max(own)] if own else []
    return known | {written_out(one) for one in money}


def written_out(value: float) -> str:
    """A cost to three digits, however small: 0.000123, 0.50, 12.3."""
    digits = 2 - int(np.floor(np.log10(float(f"{value:.3g}") or 1)))
    return f"{float(f'{value:.3g}'):,.{max(0, digits)}f}"


CASE = Case(
    cost,
    {"pictures": 2},
    {"pictures": 3},
    (TABLE, ARRAYS),
    known_numbers,
    inputs="drifted_run",
    variations={"many pictures": {"pictures": 8}},
)


def pages_costs() -> tuple[list[float], list[bool], list[float]]:
    """Costs, whether right, and largest outputs of all test images on the page's network."""
    model, (grey, labels) = load_model(NETWORK), load_labelled(TEST)
    layers = plain.layers_of(model.network)
    inputs, targets = inputs_of(grey, model.preprocessing), targets_of(labels, 10)
    outputs = [plain.activations(layers, x)[-1] for x in inputs.T]
    costs = [float(((a - y) ** 2).sum()) for a, y in zip(outputs, targets.T, strict=True)]
    right = [bool(a.argmax() == label) for a, label in zip(outputs, labels, strict=True)]
    return costs, right, [float(a.max()) for a in outputs]


@pytest.mark.usefixtures("folder")
def test_the_pages_row_is_that_of_a_slow_calculation() -> None:
    costs, right, largest = pages_costs()
    row, arrays = rows_of(TABLE)[0], load_arrays(ARRAYS)
    np.testing.assert_allclose(arrays["costs"], costs, rtol=1e-4, atol=1e-6)
    assert arrays["right"].tolist() == right
    good, bad = ([c for c, r in zip(costs, right, strict=True) if r == kind] for kind in (1, 0))
    pairs = [0.5 if b == g else float(b > g) for b, g in product(bad, good)]
    middle = median([one for one, r in zip(largest, right, strict=True) if r])
    surer = [c for c, r, one in zip(costs, right, largest, strict=True) if r and one >= middle]
    known = {
        "accuracy": np.mean(right), "apart": np.mean(pairs), "right": median(good),
        "sure": median(surer), "wrong": median(bad), "cheapest_wrong": min(bad),
    }  # fmt: skip
    for name, value in known.items():
        assert float(row[name]) == pytest.approx(value, rel=1e-4), name
    assert min(bad) >= 0.5  # no wrong image is cheaper, with squared errors


@pytest.mark.usefixtures("folder")
def test_pictures_are_those_of_the_four_ends() -> None:
    arrays, (grey, labels) = load_arrays(ARRAYS), load_labelled(TEST)
    costs, right = arrays["costs"], arrays["right"]
    assert arrays["end"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    chosen = arrays["chosen"]
    assert right[chosen].tolist() == [True] * 4 + [False] * 4
    for kind, four in ((True, chosen[:4]), (False, chosen[4:])):
        ordered = sorted(costs[right == kind])
        assert costs[four].tolist() == [*ordered[:2], *ordered[-2:]]
    assert np.array_equal(arrays["images"], grey[chosen])
    assert np.array_equal(arrays["labels"], labels[chosen])


@pytest.mark.usefixtures("folder")
def test_the_other_networks_are_the_siblings_at_their_end() -> None:
    siblings = load_arrays(SIBLINGS)
    network = load_model(NETWORK).network
    rows = rows_of(TABLE)[1:]
    assert [row["network"] for row in rows] == [str(seed) for seed in siblings["seeds"]]
    for row, parameters in zip(rows, siblings["parameters"][-1], strict=True):
        network.parameters[:] = parameters
        accuracy = evaluate(network, examples_of(TEST))[1]
        assert float(row["accuracy"]) == pytest.approx(accuracy)


def test_pairs_are_counted_with_equal_costs_as_halves() -> None:
    wrong, right = np.array([1.0, 2.0, 2.0]), np.array([0.5, 2.0, 3.0, 1.0])
    known = [0.5 if b == g else float(b > g) for b, g in product(wrong, right)]
    assert apart(wrong, right) == pytest.approx(np.mean(known))
    assert apart(wrong, right[:0]) == apart(wrong[:0], right) == 0.5


@pytest.mark.usefixtures("empty")
def test_a_network_that_reads_everything_or_nothing_is_drawn() -> None:
    write_random_run(SHAPES["no hidden layer"])
    grey, labels = load_labelled(TEST)
    guesses = load_model(NETWORK).outputs(grey.reshape(-1, 6, 5)).argmax(axis=1)
    for answers in (guesses, (guesses + 1) % 10):
        np.save(TEST / "labels.npy", answers.astype(np.uint8))
        call(cost, **CASE.options)
        figure_of(CLAIM)
    assert len(labels) == 60


@pytest.mark.parametrize(
    ("page", "others", "unsure", "verdict"),
    [
        (0.99, 0.9901, 0.2, Verdict.HELD),
        (0.989, 0.9901, 0.2, Verdict.PARTLY),
        (0.99, 0.9899, 0.2, Verdict.PARTLY),
        (0.99, 0.9901, 0.1, Verdict.PARTLY),
        (0.99, 0.9901, 0.9, Verdict.PARTLY),
        (0.989, 0.9901, 0.1, Verdict.NOT_HELD),
    ],
)
def test_the_verdict_asks_for_pairs_and_for_rising_medians(
    page: float, others: float, unsure: float, verdict: Verdict
) -> None:
    table: dict[str, Any] = {name: np.full(4, 0.5) for name in COLUMNS}
    table["apart"] = np.array([page, others, others + 1e-5, others - 1e-5])
    table["sure"], table["unsure"] = np.full(4, 0.1), np.array([0.2, 0.2, unsure, 0.2])
    table["wrong"] = np.full(4, 0.9)
    arrays = {"squares": np.array(1), "costs": np.ones(2), "right": np.array([True, False])}
    assert judge(Costs(table, arrays)).verdict == verdict
