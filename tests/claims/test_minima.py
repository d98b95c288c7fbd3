"""Many valleys: neurons renamed compute the same, and the caption says what the files say."""

from collections.abc import Sequence
from statistics import mean, median, quantiles, stdev
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nn import Dataset, Network, Settings, cost_of, feedforward, gradient
from stages.claims.minima.claim import CLAIM
from stages.claims.minima.figure import swarm
from stages.claims.minima.measure import (
    along,
    cosines,
    cost_of_one_answer,
    likeness,
    minima,
    renamed,
    steepness,
)
from stages.claims.minima.verdict import Valleys, judge
from stages.claims.shared.axes import move_apart
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.significance import deviation_interval
from stages.common.files.arrays import Arrays, load_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import TEST, TRAIN, claim_arrays, claim_table
from stages.common.models.recipe import Recipe, examples_of
from tests.claims.shared import Case, rows_of

LANDINGS, COMPARISON = claim_table("minima"), claim_arrays("minima")


def landings() -> list[dict[str, float]]:
    """The rows of the table, in numbers."""
    return [{name: float(v) for name, v in row.items()} for row in rows_of(LANDINGS)]


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the files by other means."""
    c, rows = load_arrays(COMPARISON), landings()
    seeds, words = int(c["seeds"]), finding.measured
    decayed, bare = rows[:seeds], rows[seeds:]
    assert len(bare) == seeds
    numbers = ["0", "1", "2022", str(seeds), str(c["epochs"])]
    numbers += ["-".join(str(n) for n in c["sizes"]), *(str(n) for n in c["sizes"])]
    numbers += [str(len(c[name])) for name in ("trained", "straight")] + [str(c["images"])]
    missed = sum(r["never_guessed"] > 0 for r in bare)
    assert f"{missed} never give some class" in words
    pairs = seeds * (seeds - 1) // 2
    assert f"In {pairs} pair" in words
    assert f"({seeds // 2} pair" in words
    for part in (decayed, bare):
        accuracies = [100 * row["test_accuracy"] for row in part]
        numbers += [f"{f(accuracies):.1f}" for f in (min, max)]
        numbers += [f"{f(r['train_cost'] for r in part):.3g}" for f in (min, max)]
    numbers += [f"{q:.1f}" for q in quantiles(accuracies, n=4, method="inclusive")]
    accuracies = [100 * row["test_accuracy"] for row in decayed]
    numbers += [f"{f(accuracies):.1f}" for f in (mean, stdev)]
    decay = decayed[0]["weight_decay"]
    numbers += [f"{decayed[0]['learning_rate']:.3g}", f"{decay:.8f}".rstrip("0")]
    before, after = (median(r[f"gradient_{k}"] for r in decayed) for k in ("before", "after"))
    last = median(r["gradient_after"] for r in bare)
    numbers += [f"{before:.3g}", f"{after:.3g}", f"{last:.3g}", f"{100 * after / before:.1f}"]
    numbers += [f"{mean(c[name].tolist()):z.2f}" for name in ("trained", "untrained")]
    tops = {name: mean(max(line) for line in c[name].tolist()) for name in ("straight", "renamed")}
    ends = mean([*c["straight"][:, 0].tolist(), *c["straight"][:, -1].tolist()])
    costs = (ends, *tops.values(), float(c["same_answer"]))
    numbers += [text for cost in costs for text in (f"{cost:.3g}", f"{cost:.2f}")]
    assert ("A ridge" in finding.notes) == (tops["straight"] >= 2 * ends)
    assert ("rises to" in words) == (len(c["sizes"]) > 2)
    np.testing.assert_allclose(c["renamed"][:, [0, -1]], c["straight"][:, [0, -1]], rtol=1e-4)
    return {*numbers, str(missed), str(pairs)}


CASE = Case(
    minima,
    {
        "seeds": 7, "epochs": 3, "learning_rate": 4.0, "weight_decay": 0.001, "batch_size": 25,
        "seed": 3, "hidden": [6, 5],
    },
    {
        "seeds": 6, "epochs": 2, "learning_rate": 2.0, "weight_decay": 0.002, "batch_size": 30,
        "seed": 4, "hidden": [6],
    },
    (LANDINGS, COMPARISON),
    known_numbers,
    of_shape=lambda shape: {"hidden": [*shape.hidden], "seeds": 2, "epochs": 1},
    quick={"seeds": 2},
)  # fmt: skip


def random_network(sizes: Sequence[int], seed: int) -> Network:
    rng = np.random.default_rng(seed)
    network = Network.random(sizes, "sigmoid", "quadratic", rng=rng, dtype=np.float64)
    for biases in network.biases:
        biases[:] = rng.normal(size=biases.shape)
    return network


@pytest.mark.parametrize("sizes", [(9, 3), (9, 1, 2), (9, 6, 4), (9, 5, 7, 4, 3)])
def test_renamed_neurons_compute_the_same_outputs(sizes: tuple[int, ...]) -> None:
    first, second = random_network(sizes, 0), random_network(sizes, 1)
    inputs = np.random.default_rng(2).normal(size=(9, 20))
    other = renamed(first, second)
    np.testing.assert_allclose(feedforward(other, inputs), feedforward(second, inputs), atol=1e-12)
    assert np.all(np.diag(cosines(first.weights[0], other.weights[0])) >= 0) or len(sizes) == 2


def test_a_network_is_found_again_behind_other_names_and_signs() -> None:
    network = random_network((9, 6, 4, 3), 0)
    hidden = random_network((9, 6, 4, 3), 0)
    order, sign = np.array([3, 0, 5, 1, 4, 2]), np.array([1, -1, -1, 1, 1, -1])
    w, after = hidden.weights[0], hidden.weights[1]
    w[:] = sign[:, np.newaxis] * w[order]
    hidden.biases[0][:] = sign * hidden.biases[0][order]
    hidden.biases[1][:] += after[:, order[sign < 0]].sum(axis=1)
    after[:] = after[:, order] * sign
    assert likeness(network, network) == pytest.approx(1)
    assert likeness(network, hidden) == pytest.approx(1)
    again = renamed(network, hidden)
    np.testing.assert_allclose(again.parameters, network.parameters, atol=1e-12)


def test_steepness_is_the_length_of_the_gradient() -> None:
    rng = np.random.default_rng(0)
    network = random_network((7, 5, 4), 1)
    images, labels = rng.integers(0, 256, (230, 7), dtype=np.uint8), rng.integers(0, 4, 230)
    examples = Dataset(images, labels, 1 / 255, 0.1)
    inputs, targets = images.T / 255 + 0.1, np.eye(4)[:, labels]
    expected = np.linalg.norm(gradient(network, inputs, targets).parameters)
    before = network.parameters.copy()
    assert steepness(network, examples) == pytest.approx(expected, rel=1e-6)
    single = Network(network.sizes, "sigmoid", "quadratic", before.astype(np.float32))
    assert steepness(single, examples) == pytest.approx(expected, rel=1e-4)
    np.testing.assert_array_equal(network.parameters, before)


def test_a_line_starts_at_one_network_and_ends_at_the_other() -> None:
    first, second = random_network((7, 5, 4), 1), random_network((7, 5, 4), 2)
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 2, (50, 7), dtype=np.uint8), rng.integers(0, 4, 50)
    costs = along(first, second, Dataset(images, labels))
    half = Network(first.sizes, "sigmoid", "quadratic", (first.parameters + second.parameters) / 2)
    targets = np.eye(4)[:, labels]
    for cost, network in zip((costs[0], costs[10], costs[20]), (first, half, second), strict=True):
        expected = cost_of(network, images.T.astype(np.float64), targets)
        assert cost == pytest.approx(expected, rel=1e-5)


def test_no_single_answer_to_all_images_costs_less() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])
    targets = np.eye(3)[labels]
    costs = [
        np.square(answer - targets).sum(axis=1).mean()
        for answer in np.mgrid[0:1:13j, 0:1:13j, 0:1:13j].reshape(3, -1).T
    ]  # twelfths
    examples = Dataset(np.zeros((6, 1), np.uint8), labels)
    assert cost_of_one_answer(examples) == pytest.approx(min(costs))


@pytest.mark.usefixtures("folder")
def test_the_networks_of_the_table_were_trained_as_one_alone_is() -> None:
    table, seeds = landings(), [3, 4, 5, 6, 7, 8, 9]
    assert [(r["weight_decay"], r["seed"]) for r in table] == [
        (decay, seed) for decay in (0.001, 0) for seed in seeds
    ]
    examples, test = examples_of(TRAIN), examples_of(TEST)
    settings = Settings(4.0, 3, 25, "linear", weight_decay=0.001, reshuffle=True)
    for row in table[:7]:
        alone = Recipe((6, 5), settings).start(examples, 10, int(row["seed"]))
        alone.rng = Recipe((6, 5), settings).start(examples, 10, 3).rng  # one order for all
        for _ in range(3):
            alone.epoch()
        outputs = [answers(alone.network, data.stored) for data in (examples, test)]
        cost = np.square(outputs[0] - np.eye(10)[examples.labels]).sum(axis=1).mean()
        assert row["train_cost"] == pytest.approx(cost, rel=1e-5)
        guesses = outputs[1].argmax(axis=1)
        assert row["test_accuracy"] == pytest.approx((guesses == test.labels).mean(), abs=1e-5)
        assert row["never_guessed"] == 10 - len({*guesses.tolist()})


def answers(network: Network, stored: NDArray[Any]) -> NDArray[np.float64]:
    """Outputs of sigmoids for rows of grey levels, (N, 10), in float64."""
    a = stored / 255
    for w, b in zip(network.weights, network.biases, strict=True):
        a = 1 / (1 + np.exp(-(a @ w.T.astype(float) + b)))
    return np.asarray(a)


@pytest.mark.usefixtures("folder")
def test_without_weight_decay_the_same_starts_end_elsewhere() -> None:
    table = landings()
    for decayed, bare in zip(table[:7], table[7:], strict=True):
        assert decayed["gradient_before"] == bare["gradient_before"]
        assert decayed["train_cost"] != bare["train_cost"]


def with_numbers(deviation: float, likeness: float, starts: int = 10) -> Finding:
    """The finding from networks whose accuracies have this deviation, and this mean cosine."""
    names = ("learning_rate", "weight_decay", "seed", "train_cost", "gradient_before",
             "gradient_after", "never_guessed")  # fmt: skip
    table = {name: np.ones(starts) for name in names}
    spread = np.resize([1.0, -1.0], starts)
    spread *= deviation / spread.std(ddof=1)
    table["test_accuracy"] = 0.9 + spread / 100
    line = np.full((starts // 2, 21), 0.1)
    comparison: Arrays = {
        "sizes": np.array([4, 3, 2]), "epochs": np.array(1), "images": np.array(9),
        "straight": line, "renamed": line, "same_answer": np.array(0.9),
        "trained": np.full(9, likeness), "untrained": np.zeros(9),
    }  # fmt: skip
    return judge(Valleys(table, table, comparison))


@pytest.mark.parametrize(
    ("deviation", "likeness", "verdict"),
    [
        # With 10 networks the interval is 0.688 to 1.826 times the deviation (chi-squared, 9).
        (0.54, 0.89, Verdict.HELD),
        (0.56, 0.89, Verdict.PARTLY),
        (1.44, 0.89, Verdict.PARTLY),
        (1.47, 0.89, Verdict.NOT_HELD),
        (0.54, 0.91, Verdict.PARTLY),
        (1.47, 0.91, Verdict.NOT_HELD),
    ],
)
def test_the_verdict_turns_where_the_criterion_says(
    deviation: float, likeness: float, verdict: Verdict
) -> None:
    finding = with_numbers(deviation, likeness)
    assert finding.verdict == verdict
    assert finding.estimate.value == pytest.approx(deviation)


def test_two_networks_cannot_tell_whether_all_are_equally_good() -> None:
    assert with_numbers(0.2, 0.5, starts=2).verdict == Verdict.PARTLY


def test_the_interval_of_a_deviation_holds_it_in_95_of_100_samples() -> None:
    samples = np.random.default_rng(0).normal(0, 3, (4000, 6))
    ends = np.array([deviation_interval(sample) for sample in samples])
    assert ((ends[:, 1] < 3) & (ends[:, 2] > 3)).mean() == pytest.approx(0.95, abs=0.01)
    assert (ends[:, 1] > 3).mean() == pytest.approx(0.025, abs=0.008)


def test_marks_do_not_cover_one_another() -> None:
    places = np.array([1.0, 1.01, 1.02, 3.0])
    across = swarm(places, 0.1)
    assert len({*across[:3].tolist()}) == 3
    assert across[3] == 0
    assert move_apart([10.0, 99.0, 98.0], 5, 100) == [10, 100, 95]
    assert move_apart([10.0, 99.0, 98.0], 5, 200) == [10, 101, 96]  # as much up as down
    assert move_apart([1.0, 0.0, 0.0], 2, 9, 0) == [4, 2, 0]
    assert move_apart([7.0, 1.0], 2, 9) == [7, 1]


@pytest.mark.usefixtures("folder")
def test_a_table_without_the_bare_networks_is_refused() -> None:
    LANDINGS.write_text("\n".join(LANDINGS.read_text().splitlines()[:8]))
    with pytest.raises(StageError, match="minima writes: 7 rows for 7 starts"):
        CLAIM.read()
