"""Networks of many shapes: each counted, trained and described as its table says."""

from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest

from nn import Settings, evaluate
from stages.claims.architecture.figure import CLAIM, COLUMNS
from stages.claims.architecture.measure import architecture
from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY
from stages.common.files.arrays import load_arrays, save_arrays
from stages.common.files.paths import TEST, TRAIN, VALIDATION
from stages.common.models.recipe import Recipe, examples_of
from tests.claims.shared import (
    Options,
    Row,
    check_parameters,
    copied,
    drawn,
    finish,
    numbers_in,
    picture_of,
    rows_of,
    words_of,
    write_rows,
)

OPTIONS: Options = {
    "widths": [2, 6], "depths": [0, 4], "width": 4, "depth": 2, "rates": [3, 0.1], "trial": 60,
    "epochs": 2, "batch_size": 30, "seeds": 2, "seed": 3,
}  # fmt: skip
CHANGES = {
    "widths": [3], "depths": [1], "width": 5, "depth": 1, "rates": [0.5], "trial": 30,
    "epochs": 1, "batch_size": 20, "seeds": 1, "seed": 4,
}  # fmt: skip
SHAPES = {
    "no hidden layer": {"depths": [0], "widths": [4], "rates": [1]},
    "deep": {"depths": [12], "depth": 1, "rates": [1]},
    "wide": {"widths": [90], "depths": [2], "seeds": 1, "rates": [1]},
}
TABLE, ARRAYS = Path("data/claims/architecture.csv"), Path("data/claims/architecture.npz")
Key = tuple[str, str, int, int]
LECTURES, TODAY = ("sigmoid", "quadratic"), ("relu", "cross_entropy")


@pytest.fixture(scope="module")
def finished(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish(copied(digits, tmp_path_factory.mktemp("architecture")), architecture, OPTIONS)


def key_of(row: Row) -> Key:
    return row["activation"], row["cost"], int(row["depth"]), int(row["width"])


def accuracies() -> dict[Key, list[float]]:
    found: dict[Key, list[float]] = {}
    for row in rows_of(TABLE):
        found.setdefault(key_of(row), []).append(float(row["test_accuracy"]))
    return found


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
    architecture(**{**OPTIONS, "depths": [0], "widths": [4]})
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
    architecture(**{**OPTIONS, "depths": [8], "widths": [4], "width": 16, "rates": [1]})
    arrays = load_arrays(ARRAYS)
    steps = {name: arrays[f"{name}_slope"][:, [0, 4, 8]] for name in ("sigmoid", "relu")}
    assert (steps["sigmoid"][:, 1:] > 5 * steps["sigmoid"][:, :-1]).all()
    assert (steps["relu"][:, 0] > 30 * steps["sigmoid"][:, 0]).all()
    np.testing.assert_allclose(arrays["sigmoid_share"].sum(axis=1), 1)


@pytest.mark.usefixtures("folder")
def test_every_parameter_changes_the_outputs_and_nothing_else_does() -> None:
    small = {**OPTIONS, "widths": [2], "depths": [0], "rates": [0.1]}
    architecture(**small)
    check_parameters(architecture, small, CHANGES, [TABLE, ARRAYS])


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.usefixtures("folder")
def test_every_choice_of_shapes_gets_its_figure(shape: dict[str, Any]) -> None:
    architecture(**{**OPTIONS, **shape})
    drawn(CLAIM)


@pytest.mark.usefixtures("folder")
def test_every_number_in_the_words_is_found_in_the_output() -> None:
    picture = drawn(CLAIM)
    words = words_of(picture)
    assert numbers_in(words) <= expected(picture.caption), words


def expected(caption: str) -> set[str]:
    """The numbers that the words may hold, computed from the files by other means."""
    tests, arrays, table = accuracies(), load_arrays(ARRAYS), rows_of(TABLE)
    means = {key: 100 * mean(values) for key, values in tests.items()}
    best = max(means, key=lambda key: means[key])
    middle = (*LECTURES, 2, 4)
    steps = {key_of(r): int(r["multiplications"]) for r in table}
    numbers = {f"{m:.1f}" for m in means.values()} | {f"{100 * stdev(tests[middle]):.1f}"}
    pairs = list(changed())
    numbers |= {signed(means[after] - means[before]) for before, after in pairs}
    gains = sum(clear(tests[before], tests[after]) for before, after in pairs)
    assert f"{gains} of {len(pairs)} changes" in caption
    assert caption.endswith(HELD if gains == len(pairs) else PARTLY if gains else NOT_HELD)
    for name in ("sigmoid", "relu"):
        slope = arrays[f"{name}_slope"].mean(axis=0)
        ratio = slope[-1] / slope[0]
        numbers |= {f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.1f}"}
        numbers |= {f"{100 * arrays[f'{name}_share'][:, 0].mean():.2g}"}
    rates = {r["learning_rate"] for r in table if key_of(r) in {(*LECTURES, 2, w) for w in (2, 6)}}
    numbers |= {f"{float(r):g}" for r in rates} | {f"{r:g}" for r in arrays["rates"]}
    numbers |= {f"{steps[best]:,}", f"{steps[best] / steps[middle]:.1f}"}
    shapes = {str(n) for key in tests for n in key[2:]}
    return numbers | shapes | {str(n) for n in (gains, len(pairs), len(tests), 2)}


def changed() -> Any:
    """Networks before and after a change, as the caption tells them."""
    for pair in (LECTURES, TODAY):
        yield (*pair, 2, 4), (*pair, 2, 6)
        yield (*pair, 2, 4), (*pair, 4, 4)
    for cost in ("quadratic", "cross_entropy"):
        yield ("sigmoid", cost, 2, 4), ("relu", cost, 2, 4)
    for name in ("sigmoid", "relu"):
        yield (name, "quadratic", 2, 4), (name, "cross_entropy", 2, 4)


def clear(before: list[float], after: list[float]) -> bool:
    error = (stdev(before) ** 2 / len(before) + stdev(after) ** 2 / len(after)) ** 0.5
    return bool(mean(after) - mean(before) > 2 * error)


def signed(points: float) -> str:
    text = f"{points:+.1f}"
    return "+0.0" if text == "-0.0" else text


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
    [(0.02, 0.001, HELD), (-0.02, 0.001, NOT_HELD), (0.02, 0.2, NOT_HELD)],
    ids=["each change helps", "each change harms", "it may be chance"],
)
@pytest.mark.usefixtures("folder")
def test_the_verdict_follows_the_numbers(step: float, spread: float, verdict: str) -> None:
    rewrite(lambda key, seed: 0.4 + step * rank(key) + spread * (seed - 3.5))
    assert picture_of(CLAIM).caption.endswith(verdict)


@pytest.mark.usefixtures("folder")
def test_a_part_of_the_changes_makes_it_held_in_part() -> None:
    rewrite(lambda key, seed: 0.5 + 0.1 * (key[0] == "relu") + 0.001 * seed)
    assert picture_of(CLAIM).caption.endswith(PARTLY)


@pytest.mark.usefixtures("folder")
def test_the_best_network_may_be_the_one_in_the_middle() -> None:
    rewrite(lambda key, seed: 0.5 + 0.1 * (key == (*LECTURES, 2, 4)) + 0.001 * seed)
    assert "none of 12 networks beats" in picture_of(CLAIM).title


@pytest.mark.usefixtures("folder")
def test_a_first_layer_without_any_slope_is_drawn() -> None:
    arrays = load_arrays(ARRAYS)
    arrays["sigmoid_slope"] = np.where(np.arange(5) == 0, 0, arrays["sigmoid_slope"])
    save_arrays(ARRAYS, arrays)
    assert "nan" not in picture_of(CLAIM).caption
