"""Networks of many shapes: each counted, trained and described as its table says."""

from collections.abc import Callable, Iterator
from statistics import mean, stdev

import numpy as np
import pytest
from scipy.stats import t

from nn import Network, Settings, evaluate
from stages.claims.architecture.claim import CLAIM
from stages.claims.architecture.measure import architecture, climb
from stages.claims.architecture.trainings import COLUMNS
from stages.claims.shared.claim import Finding, Verdict
from stages.common.files.arrays import load_arrays, save_arrays
from stages.common.files.paths import TEST, TRAIN, VALIDATION, claim_arrays, claim_table
from stages.common.models.recipe import Recipe, examples_of
from tests.claims.shared import Case, Row, finding_and_figure_of, finding_of, rows_of, write_rows
from tests.sample import call

TABLE, ARRAYS = claim_table("architecture"), claim_arrays("architecture")
Key = tuple[str, str, int, int]
LECTURES, TODAY = ("sigmoid", "quadratic"), ("relu", "cross_entropy")


def key_of(row: Row) -> Key:
    return row["activation"], row["cost"], int(row["depth"]), int(row["width"])


def accuracies(epochs: int) -> dict[Key, list[float]]:
    accuracies: dict[Key, list[float]] = {}
    for row in rows_of(TABLE):
        if int(row["epochs"]) == epochs:
            accuracies.setdefault(key_of(row), []).append(float(row["test_accuracy"]))
    return accuracies


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, computed from the files by other means."""
    arrays, every = load_arrays(ARRAYS), rows_of(TABLE)
    budgets = sorted({int(row["epochs"]) for row in every})
    tests, table = accuracies(budgets[-1]), [r for r in every if int(r["epochs"]) == budgets[-1]]
    means = {key: 100 * mean(values) for key, values in tests.items()}
    best = max(means, key=lambda key: means[key])
    middle = (*LECTURES, int(arrays["depth"]), int(arrays["width"]))
    steps = {key_of(r): int(r["multiplications"]) for r in table}
    numbers = {f"{m:.1f}" for m in means.values()}
    pairs = [*changed(middle, tests)]
    for before, after in pairs:
        numbers |= {f"{100 * z:+.1f}".replace("-0.0", "+0.0") for z in welch(tests, before, after)}
    clear = [welch(tests, *pair)[1] > 0 and len(tests[middle]) > 1 for pair in pairs]
    all_or_none = {len(pairs): Verdict.HELD, 0: Verdict.NOT_HELD}
    assert finding.verdict == all_or_none.get(sum(clear), Verdict.PARTLY)
    if len(budgets) > 1:
        early = accuracies(budgets[0])
        before, after = pairs[0]
        short = 100 * (mean(early[after]) - mean(early[before]))
        numbers |= {f"{short:+.1f}".replace("-0.0", "+0.0")}
        assert f"after {budgets[0]} epoch" in finding.notes
    if len(tests[middle]) > 1:
        numbers |= {f"{100 * stdev(tests[middle]):.1f}"}
    for name in ("sigmoid", "relu"):
        slope = arrays[f"{name}_slope"].mean(axis=0)
        ratio = slope[-1] / max(slope[0], 1e-12)
        numbers |= {f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"}
        numbers |= {f"{100 * arrays[f'{name}_share'][:, 0].mean():.2g}"}
    alike = [r for r in table if key_of(r)[:3] == middle[:3]]
    ends = [f(int(r["width"]) for r in alike) for f in (min, max)]
    numbers |= {f"{float(r['learning_rate']):g}" for r in alike if int(r["width"]) in ends}
    numbers |= {f"{r:g}" for r in arrays["rates"]}
    numbers |= {f"{steps[best]:,}", f"{steps[best] / steps[middle]:.1f}"}
    numbers |= {str(n) for key in tests for n in key[2:]}
    counts = (len(tests), len(tests[middle]), *budgets)
    return numbers | {"2", "95", *(str(n) for n in counts)}


def changed(middle: Key, tests: dict[Key, list[float]]) -> Iterator[tuple[Key, Key]]:
    """Networks before and after a change, as the words tell them."""
    *_, depth, width = middle
    widest = max(w for *p, d, w in tests if (*p, d) == (*LECTURES, depth))
    deepest = max(d for *p, d, w in tests if tuple(p) == LECTURES and w in {0, width})
    for pair in (LECTURES, TODAY):
        if widest > width:
            yield (*pair, depth, width), (*pair, depth, widest)
    for pair in (LECTURES, TODAY):
        if deepest > depth:
            yield (*pair, depth, width), (*pair, deepest, width)
    for cost in ("quadratic", "cross_entropy"):
        yield ("sigmoid", cost, depth, width), ("relu", cost, depth, width)
    for name in ("sigmoid", "relu"):
        yield (name, "quadratic", depth, width), (name, "cross_entropy", depth, width)


def welch(tests: dict[Key, list[float]], before: Key, after: Key) -> tuple[float, float, float]:
    """The gain of a mean and its 95 % interval (Welch 1947)."""
    one, other = tests[after], tests[before]
    rise = mean(one) - mean(other)
    squares = [
        stdev(sample) ** 2 / len(sample) if len(sample) > 1 else 0 for sample in (one, other)
    ]
    if sum(squares) < 1e-20:
        return rise, rise, rise
    free = sum(squares) ** 2 / sum(square**2 / (len(one) - 1) for square in squares)
    half = float(t.ppf(0.975, free)) * sum(squares) ** 0.5
    return rise, rise - half, rise + half


CASE = Case(
    architecture,
    {
        "widths": [2, 6], "depths": [0, 4], "width": 4, "depth": 2, "rates": [3, 0.1],
        "weight_decay": 0.001, "epochs": [1, 2], "batch_size": 30, "seeds": 2, "seed": 3,
    },
    {
        "widths": [3], "depths": [1], "width": 5, "depth": 1, "rates": [0.5],
        "weight_decay": 0.01, "epochs": [1], "batch_size": 20, "seeds": 1, "seed": 4,
    },
    (TABLE, ARRAYS),
    known_numbers,
    of_shape=lambda shape: {
        "widths": [2], "width": max(shape.hidden, default=4), "rates": [1], "epochs": [1],
        "depths": [len(shape.hidden) + 3 * (len(shape.hidden) > 2)],
        "depth": max(1, len(shape.hidden)),
    },
    variations={
        "single trainings": {
            "widths": [90], "depths": [2], "seeds": 1, "rates": [1], "epochs": [1],
        },
    },
    quick={"widths": [2], "depths": [0], "rates": [0.1]},
)  # fmt: skip


@pytest.mark.usefixtures("folder")
def test_each_network_is_trained_once_for_each_seed() -> None:
    keys = {
        *((*pair, 2, width) for pair in (LECTURES, TODAY) for width in (2, 4, 6)),
        *((*pair, depth, 4) for pair in (LECTURES, TODAY) for depth in (2, 4)),
        *((*pair, 0, 0) for pair in (LECTURES, TODAY)),
        ("sigmoid", "cross_entropy", 2, 4),
        ("relu", "quadratic", 2, 4),
    }
    trained = [(int(row["epochs"]), key_of(row), int(row["seed"])) for row in rows_of(TABLE)]
    wanted = [(epochs, key, seed) for epochs in (1, 2) for key in keys for seed in (3, 4)]
    assert sorted(trained) == sorted(wanted)


@pytest.mark.usefixtures("folder")
def test_parameters_and_multiplications_are_those_of_the_shape() -> None:
    row_of_shape = {key_of(row)[2:]: row for row in rows_of(TABLE)}
    counts = {k: (int(r["parameters"]), int(r["multiplications"])) for k, r in row_of_shape.items()}
    assert counts[0, 0] == (784 * 10 + 10, 2 * 7840)  # no error goes back to the pixels
    assert counts[2, 6] == (784 * 6 + 6 + 36 + 6 + 60 + 10, 2 * 784 * 6 + 3 * 36 + 3 * 60)


@pytest.mark.parametrize(("pair", "initializer"), [(LECTURES, "lecun"), (TODAY, "he")])
@pytest.mark.usefixtures("folder")
def test_a_network_gets_the_rate_that_all_seeds_do_best_with_and_reads_what_the_table_says(
    pair: tuple[str, str], initializer: str
) -> None:
    examples, validation = examples_of(TRAIN), examples_of(VALIDATION)
    depth = 4 if pair == LECTURES else 2  # deep sigmoid networks choose their first weights, too
    width = 4 if pair == LECTURES else 6
    rows = [
        row
        for row in rows_of(TABLE)
        if (key_of(row), row["epochs"]) == ((*pair, depth, width), "2")
    ]

    def trained(rate: float, gain: float, seed: int) -> Network:
        settings = Settings(rate, 2, 30, "linear", weight_decay=0.001, reshuffle=True)
        recipe = Recipe((width,) * depth, settings, *pair, initializer, gain)
        sgd = recipe.start(examples, 10, seed)
        sgd.rng = recipe.start(examples, 10, 3).rng  # one order of images for all
        for _ in range(2):
            sgd.epoch()
        return sgd.network

    gains = (2.0, 4.0) if pair == LECTURES else (1.0,)
    networks = {
        (rate, gain): [trained(rate, gain, seed) for seed in (3, 4)]
        for rate in (0.1, 3.0)
        for gain in gains
    }
    scores = {
        chosen: sum(evaluate(network, validation)[1] for network in both)
        for chosen, both in networks.items()
    }
    chosen = float(rows[0]["learning_rate"]), float(rows[0]["gain"])
    assert scores[chosen] == pytest.approx(max(scores.values()))
    for row, network in zip(rows, networks[chosen], strict=True):
        for folder, name in ((VALIDATION, "validation_accuracy"), (TEST, "test_accuracy")):
            accuracy = evaluate(network, examples_of(folder))[1]
            assert accuracy == pytest.approx(float(row[name]), abs=1e-6)


@pytest.mark.parametrize(
    ("scores", "start", "top"),
    [
        ([1, 2, 3, 2], 0, 2),
        ([1, 2, 3, 2], 3, 2),
        ([5, 2, 3, 4], 1, 0),  # the better neighbour, then on
        ([1, 1, 1], 1, 1),  # nothing is gained by a step
        ([1, 2, 3], 1, 2),  # the end of what may be tried
        ([7], 0, 0),
    ],
)
def test_a_climb_ends_where_both_neighbours_are_no_better(
    scores: list[int], start: int, top: int
) -> None:
    asked: list[int] = []

    def score(place: int) -> float:
        asked.append(place)
        return scores[place]

    assert climb(score, start, len(scores)) == top
    assert {*asked} >= {place for place in (top - 1, top, top + 1) if 0 <= place < len(scores)}


@pytest.mark.usefixtures("folder")
def test_the_slope_without_hidden_layers_is_the_closed_form() -> None:
    call(architecture, **{**CASE.options, "depths": [0], "widths": [4]})
    examples = examples_of(TRAIN)
    x, y = examples.stored / 255, np.eye(10)[examples.labels]
    sgd = Recipe((), Settings(1, 1, 25)).start(examples, 10, 3)
    a = 1 / (1 + np.exp(-x @ sgd.network.weights[0].T.astype(float)))
    nabla = (2 * (a - y) * a * (1 - a)).T @ x / len(x)
    arrays = load_arrays(ARRAYS)
    np.testing.assert_allclose(arrays["sigmoid_slope"][0], [np.abs(nabla).mean()], rtol=1e-4)
    np.testing.assert_allclose(arrays["sigmoid_share"], [[1], [1]])


@pytest.mark.usefixtures("folder")
def test_slopes_vanish_towards_the_first_layer_of_deep_sigmoid_networks() -> None:
    call(architecture, **{**CASE.options, "depths": [8], "widths": [4], "width": 16, "rates": [1]})
    arrays = load_arrays(ARRAYS)
    steps = {name: arrays[f"{name}_slope"][:, [0, 4, 8]] for name in ("sigmoid", "relu")}
    assert (steps["sigmoid"][:, 1:] > 5 * steps["sigmoid"][:, :-1]).all()
    assert (steps["relu"][:, 0] > 30 * steps["sigmoid"][:, 0]).all()
    np.testing.assert_allclose(arrays["sigmoid_share"].sum(axis=1), 1)


def rewrite(accuracy: Callable[[Key, int], float]) -> None:
    """Give every training another test accuracy."""
    table = rows_of(TABLE)
    for row in table:
        row["test_accuracy"] = str(accuracy(key_of(row), int(row["seed"])))
    write_rows(TABLE, COLUMNS, [[row[name] for name in COLUMNS] for row in table])


def rank(key: Key) -> float:
    """More of everything is better."""
    return key[2] + key[3] + 3 * (key[0] == "relu") + 3 * (key[1] == "cross_entropy")


@pytest.mark.parametrize(
    ("step", "spread", "verdict"),
    [
        # Two seeds of each, 2 spreads apart: Welch's interval is 4.303 * 2**0.5 spreads wide each
        # way, 6.085, and the smallest change, of 2 ranks, is a gain of two steps.
        (0.02, 0.0065, Verdict.HELD),
        (0.02, 0.0066, Verdict.PARTLY),  # the changes by 2 ranks are none any more
        (0.02, 0.01, Verdict.NOT_HELD),
        (-0.02, 0.0001, Verdict.NOT_HELD),
    ],
)
@pytest.mark.usefixtures("folder")
def test_the_verdict_turns_where_the_criterion_says(
    step: float, spread: float, verdict: Verdict
) -> None:
    rewrite(lambda key, seed: 0.4 + step * rank(key) + 2 * spread * (seed - 3.5))
    assert finding_of(CLAIM).verdict == verdict


@pytest.mark.usefixtures("folder")
def test_what_is_judged_is_the_longer_training() -> None:
    rewrite(lambda key, _: 0.4 - 0.01 * rank(key))
    table = rows_of(TABLE)
    for row in table:
        if row["epochs"] == "2":
            row["test_accuracy"] = str(0.4 + 0.01 * rank(key_of(row)) + 1e-4 * (row["seed"] == "3"))
    write_rows(TABLE, COLUMNS, [[row[name] for name in COLUMNS] for row in table])
    finding = finding_of(CLAIM)
    assert finding.verdict == Verdict.HELD
    assert "brought \N{MINUS SIGN}2.0 points with sigmoid after 1 epoch, and +2.0" in finding.notes


@pytest.mark.usefixtures("folder")
def test_a_part_of_the_changes_makes_it_held_in_part() -> None:
    rewrite(lambda key, seed: 0.5 + 0.1 * (key[0] == "relu") + 0.001 * seed)
    assert finding_of(CLAIM).verdict == Verdict.PARTLY


@pytest.mark.usefixtures("folder")
def test_the_best_network_may_be_the_one_in_the_middle() -> None:
    rewrite(lambda key, seed: 0.5 + 0.1 * (key == (*LECTURES, 2, 4)) + 0.001 * seed)
    finding, _ = finding_and_figure_of(CLAIM)
    assert "multiplications" not in finding.measured


@pytest.mark.usefixtures("folder")
def test_a_first_layer_without_any_slope_is_drawn() -> None:
    arrays = load_arrays(ARRAYS)
    arrays["sigmoid_slope"] = np.where(np.arange(5) == 0, 0, arrays["sigmoid_slope"])
    save_arrays(ARRAYS, arrays)
    finding, _ = finding_and_figure_of(CLAIM)
    assert "nan" not in finding.measured
