"""Networks of many shapes: each counted, trained and described as its table says."""

from collections.abc import Callable, Iterator
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest

from nn import Settings, evaluate
from stages.claims.architecture.claim import CLAIM
from stages.claims.architecture.measure import architecture
from stages.claims.architecture.verdict import COLUMNS
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


def accuracies() -> dict[Key, list[float]]:
    found: dict[Key, list[float]] = {}
    for row in rows_of(TABLE):
        found.setdefault(key_of(row), []).append(float(row["test_accuracy"]))
    return found


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, computed from the files by other means."""
    tests, arrays, table = accuracies(), load_arrays(ARRAYS), rows_of(TABLE)
    means = {key: 100 * mean(values) for key, values in tests.items()}
    best = max(means, key=lambda key: means[key])
    middle = (*LECTURES, int(arrays["depth"]), int(arrays["width"]))
    steps = {key_of(r): int(r["multiplications"]) for r in table}
    numbers = {f"{m:.1f}" for m in means.values()}
    pairs = [*changed(middle, tests)]
    numbers |= {f"{means[after] - means[before]:+z.1f}" for before, after in pairs}
    gains = sum(clear(tests[before], tests[after]) for before, after in pairs)
    assert f"{gains} of {len(pairs)} changes" in finding.measured
    all_or_none = {len(pairs): Verdict.HELD, 0: Verdict.NOT_HELD}
    assert finding.verdict == all_or_none.get(gains, Verdict.PARTLY)
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
    counts = (gains, len(pairs), len(tests), len(tests[middle]), arrays["epochs"])
    return numbers | {"2", *(str(n) for n in counts)}


def changed(middle: Key, tests: dict[Key, list[float]]) -> Iterator[tuple[Key, Key]]:
    """Networks before and after a change, as the words tell them."""
    *_, depth, width = middle
    for pair in (LECTURES, TODAY):
        widest = max(w for *p, d, w in tests if (*p, d) == (*pair, depth))
        deepest = max(d for *p, d, w in tests if tuple(p) == pair and w in {0, width})
        if widest > width:
            yield (*pair, depth, width), (*pair, depth, widest)
        if deepest > depth:
            yield (*pair, depth, width), (*pair, deepest, width)
    for cost in ("quadratic", "cross_entropy"):
        yield ("sigmoid", cost, depth, width), ("relu", cost, depth, width)
    for name in ("sigmoid", "relu"):
        yield (name, "quadratic", depth, width), (name, "cross_entropy", depth, width)


def clear(before: list[float], after: list[float]) -> bool:
    if len(before) == 1:
        return False
    error = (stdev(before) ** 2 / len(before) + stdev(after) ** 2 / len(after)) ** 0.5
    return bool(mean(after) - mean(before) > 2 * error)


CASE = Case(
    architecture,
    {
        "widths": [2, 6], "depths": [0, 4], "width": 4, "depth": 2, "rates": [3, 0.1], "trial": 60,
        "epochs": 2, "batch_size": 30, "seeds": 2, "seed": 3,
    },
    {
        "widths": [3], "depths": [1], "width": 5, "depth": 1, "rates": [0.5], "trial": 30,
        "epochs": 1, "batch_size": 20, "seeds": 1, "seed": 4,
    },
    (TABLE, ARRAYS),
    known_numbers,
    of_shape=lambda shape: {
        "widths": [2], "width": max(shape.hidden, default=4), "rates": [1], "epochs": 1,
        "depths": [len(shape.hidden) + 3 * (len(shape.hidden) > 2)],
        "depth": max(1, len(shape.hidden)),
    },
    variations={"single trainings": {"widths": [90], "depths": [2], "seeds": 1, "rates": [1]}},
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
    found = [(key_of(row), int(row["seed"])) for row in rows_of(TABLE)]
    assert sorted(found) == sorted((key, seed) for key in keys for seed in (3, 4))


@pytest.mark.usefixtures("folder")
def test_parameters_and_multiplications_are_those_of_the_shape() -> None:
    found = {key_of(row)[2:]: row for row in rows_of(TABLE)}
    counts = {k: (int(r["parameters"]), int(r["multiplications"])) for k, r in found.items()}
    assert counts[0, 0] == (784 * 10 + 10, 2 * 7840)  # no error goes back to the pixels
    assert counts[2, 6] == (784 * 6 + 6 + 36 + 6 + 60 + 10, 2 * 784 * 6 + 3 * 36 + 3 * 60)


@pytest.mark.usefixtures("folder")
def test_a_network_gets_the_rate_that_its_trial_found_and_reads_what_the_table_says() -> None:
    examples, validation = examples_of(TRAIN), examples_of(VALIDATION)
    own = (*TODAY, 2, 6)
    row = next(r for r in rows_of(TABLE) if key_of(r) == own and r["seed"] == "4")

    def trained(rate: float, epochs: int, seed: int, images: int) -> Any:
        settings = Settings(rate, epochs, 30, "linear", reshuffle=True)
        recipe = Recipe((6, 6), settings, *TODAY, "he", 1.0)
        return recipe.train(examples.first(images), 10, seed)

    trials = {r: evaluate(trained(r, 1, 3, 60), validation)[1] for r in (0.1, 3.0)}
    assert float(row["trial_accuracy"]) == pytest.approx(max(trials.values()), abs=1e-6)
    rate = float(row["learning_rate"])
    assert rate == min(r for r in trials if trials[r] == max(trials.values()))
    network = trained(rate, 2, 4, len(examples))
    for folder, name in ((VALIDATION, "validation_accuracy"), (TEST, "test_accuracy")):
        assert evaluate(network, examples_of(folder))[1] == pytest.approx(
            float(row[name]), abs=1e-6
        )


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
        (0.02, 0.001, Verdict.HELD),
        (-0.02, 0.001, Verdict.NOT_HELD),
        (0.02, 0.2, Verdict.NOT_HELD),
    ],
    ids=["each change helps", "each change harms", "it may be chance"],
)
@pytest.mark.usefixtures("folder")
def test_the_verdict_follows_the_numbers(step: float, spread: float, verdict: Verdict) -> None:
    rewrite(lambda key, seed: 0.4 + step * rank(key) + spread * (seed - 3.5))
    assert finding_of(CLAIM).verdict == verdict


@pytest.mark.usefixtures("folder")
def test_a_part_of_the_changes_makes_it_held_in_part() -> None:
    rewrite(lambda key, seed: 0.5 + 0.1 * (key[0] == "relu") + 0.001 * seed)
    assert finding_of(CLAIM).verdict == Verdict.PARTLY


@pytest.mark.usefixtures("folder")
def test_the_best_network_may_be_the_one_in_the_middle() -> None:
    rewrite(lambda key, seed: 0.5 + 0.1 * (key == (*LECTURES, 2, 4)) + 0.001 * seed)
    assert "none of 12 networks beats" in finding_of(CLAIM).title


@pytest.mark.usefixtures("folder")
def test_a_first_layer_without_any_slope_is_drawn() -> None:
    arrays = load_arrays(ARRAYS)
    arrays["sigmoid_slope"] = np.where(np.arange(5) == 0, 0, arrays["sigmoid_slope"])
    save_arrays(ARRAYS, arrays)
    finding, _ = finding_and_figure_of(CLAIM)
    assert "nan" not in finding.measured
