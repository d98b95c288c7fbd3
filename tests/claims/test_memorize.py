"""Labels learnt by heart: the same images, labels and starts, and words that say what was."""

from itertools import pairwise
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nn import Settings, feedforward
from stages.claims.memorize.claim import CLAIM
from stages.claims.memorize.measure import Attempt, choose, memorize
from stages.claims.memorize.verdict import COLUMNS
from stages.claims.shared.claim import Finding, Verdict
from stages.common.files.arrays import save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import TRAIN, claim_arrays, claim_table
from stages.common.models.recipe import Recipe, examples_of
from stages.page.figures.text import SPACE
from tests.claims.shared import Case, Row, finding_of, rows_of, t_interval, write_rows
from tests.sample import call

TABLE, CURVES = claim_table("memorize"), claim_arrays("memorize")


def curves() -> list[tuple[NDArray[Any], NDArray[Any]]]:
    with np.load(CURVES) as arrays:
        run, step, accuracy = (arrays[name] for name in ("run", "step", "accuracy"))
    return [(step[run == i], accuracy[run == i]) for i in np.unique(run)]


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the two files alone."""
    table, ways = rows_of(TABLE), curves()
    racers = [way for row, way in zip(table, ways, strict=True) if row["part"] == "race"]
    half, classes = len(racers) // 2, int(table[0]["network"].split("-")[-1])
    numbers = [*"1235", "50", "90", "99", f"{100 / classes:.1f}", str(half)]
    for part in ("race", "ladder"):
        rows = [r for r in table if r["part"] == part]
        sizes = [int(n) for n in rows[0]["network"].split("-")]
        numbers += [str(n) for n in sizes]
        numbers.append(f"{sum((n + 1) * m for n, m in pairwise(sizes)):,}")
    for labels in ("true", "shuffled"):
        group = [r for r in table if (r["part"], r["labels"]) == ("race", labels)]
        tests = [100 * float(r["test_accuracy"]) for r in group]
        numbers += [f"{mean(tests):.1f}", f"{stdev(tests):.1f}", group[0]["images"]]
        numbers.append(f"{100 * mean(float(r['train_accuracy']) for r in group):.1f}")
    numbers += of_ladder(table, ways)
    numbers.append(str(min((int(s[1]) for s, _ in racers[:half] if len(s) > 1), default=0)))
    for runs in (racers[:half], racers[half:]):
        for share in (0.5, 0.9, 0.99):
            when = [[s for s, a in zip(*way, strict=True) if a >= share][:1] for way in runs]
            numbers.append(f"{np.mean(when) if all(when) else 0:,.0f}")
    low, ratio, high = t_interval([steps_to_99(racers[half + i]) / max(1, steps_to_99(racers[i]))
                                   for i in range(half)])  # fmt: skip
    came = came_true(table, classes, low)
    assert f"Of the 3 things asked for, {came} came true." in finding.measured
    some = Verdict.PARTLY if came else Verdict.NOT_HELD
    assert finding.verdict == (Verdict.HELD if came == 3 else some)
    interval = (finding.estimate.low, finding.estimate.value, finding.estimate.high)
    assert interval == pytest.approx((low, ratio, high))
    return {*numbers, f"{ratio:.1f}", str(came)}


def of_ladder(table: list[Row], ways: list[tuple[NDArray[Any], NDArray[Any]]]) -> list[str]:
    """Numbers of the ladder: labels learnt at best, and after how many steps it was stopped."""
    numbers = []
    for images in {r["images"] for r in table if r["part"] == "ladder"}:
        here = [(r["part"], r["images"]) == ("ladder", images) for r in table]
        some = [way for way, chosen in zip(ways, here, strict=True) if chosen]
        most = [int(images) * max(share) for _, share in some]
        numbers += [f"{int(images):,}", f"{max(s[-1] for s, _ in some):,}", str(len(some))]
        numbers += [f"{f(most):,.0f}" for f in (mean, min, max)]
    return numbers


def steps_to_99(way: tuple[NDArray[Any], NDArray[Any]]) -> int:
    """Steps until 99 % of the labels are right, or the last step."""
    return next((int(s) for s, a in zip(*way, strict=True) if a >= 0.99), int(way[0][-1]))


def came_true(table: list[Row], classes: int, lowest_ratio: float) -> int:
    """How many of the three things that the claim says are so."""
    true, shuffled = (
        [r for r in table if (r["part"], r["labels"]) == ("race", labels)]
        for labels in ("true", "shuffled")
    )
    low, _, high = t_interval([float(r["test_accuracy"]) - 1 / classes for r in shuffled])
    fits = [all(float(r["train_accuracy"]) >= 0.99 for r in rows) for rows in (true, shuffled)]
    slower = fits[0] and lowest_ratio >= 2
    return int(fits[1]) + int(max(abs(low), abs(high)) <= 0.05) + int(slower)


CASE = Case(
    memorize,
    {
        "images": 60, "neurons": 12, "train_sizes": [20, 90], "hidden": [5], "steps": 60,
        "learning_rate": 0.3, "momentum": 0.9, "batch_size": 20, "seeds": 3, "seed": 3,
        "climbers": 2,
    },
    {
        "images": 50, "neurons": 11, "train_sizes": [30], "hidden": [6, 6], "steps": 12,
        "learning_rate": 0.1, "momentum": 0.5, "batch_size": 30, "seeds": 2, "seed": 4,
        "climbers": 3,
    },
    (TABLE, CURVES),
    known_numbers,
    of_shape=lambda shape: {
        "hidden": [*shape.hidden], "neurons": max(shape.hidden, default=3), "steps": 30,
        "train_sizes": [1, 50],
    },
    variations={
        "longer": {"steps": 150},
        "a single image": {"images": 1, "train_sizes": [1], "hidden": [4, 4, 4]},
        "all images, a step": {
            "images": 10**6, "steps": 1, "train_sizes": [10, 90, 100, 110, 120, 10**6],
        },
    },
    quick={"train_sizes": [20], "steps": 15},
)  # fmt: skip


@pytest.mark.usefixtures("folder")
def test_shuffled_labels_are_the_same_labels_of_the_same_images() -> None:
    everything = examples_of(TRAIN)
    true, shuffled, fewer = (
        choose(everything, Attempt("race", (4,), images, labels, seed=5))
        for images, labels in ((80, "true"), (80, "shuffled"), (30, "true"))
    )
    np.testing.assert_array_equal(true.stored, shuffled.stored)
    np.testing.assert_array_equal(np.sort(true.labels), np.sort(shuffled.labels))
    assert (true.labels == shuffled.labels).mean() < 0.3
    np.testing.assert_array_equal(true.stored[:30], fewer.stored)
    np.testing.assert_array_equal(true.labels[:30], fewer.labels)
    order = {row.tobytes(): label for row, label in zip(*everything_of(everything), strict=True)}
    assert [order[row.tobytes()] for row in true.stored] == true.labels.tolist()


def everything_of(examples: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    return examples.stored, examples.labels


@pytest.mark.usefixtures("folder")
def test_a_training_ends_when_every_label_is_right_or_its_steps_are_used_up() -> None:
    call(memorize, **{**CASE.options, "steps": 150})
    table, ways = rows_of(TABLE), curves()
    assert [(r["part"], r["images"], r["labels"], r["seed"]) for r in table] == [
        *(("race", "60", labels, seed) for labels in ("true", "shuffled") for seed in "345"),
        *(("ladder", images, "shuffled", seed) for images in ("20", "90") for seed in "34"),
    ]
    for row, (steps, accuracy) in zip(table, ways, strict=True):
        if row["part"] == "race":
            assert steps.tolist() == list(range(0, steps[-1] + 1, 3))  # 60 images are 3 batches
        assert steps[0] == 0
        assert (np.diff(steps) > 0).all()
        assert float(row["train_accuracy"]) == pytest.approx(accuracy[-1], abs=1e-6)
        assert int(row["steps"]) == steps[-1]
        assert (accuracy[:-1] < 1).all()
    ends = [(int(r["steps"]), float(r["train_accuracy"])) for r in table]
    assert all(share == 1 or steps in {150, 155} for steps, share in ends)
    assert any(share == 1 and steps < 150 for steps, share in ends)


@pytest.mark.parametrize("number", [3, 8])
@pytest.mark.usefixtures("folder")
def test_the_accuracy_is_that_of_a_network_trained_apart(number: int) -> None:
    row, (looks, shares) = rows_of(TABLE)[number], curves()[number]
    images, seed = int(row["images"]), int(row["seed"])
    hidden = (12,) if row["part"] == "race" else (5,)
    examples = choose(examples_of(TRAIN), Attempt(row["part"], hidden, images, "shuffled", seed))
    batches = -(-images // 20)
    for steps, share in zip(looks[1:4], shares[1:4], strict=False):
        settings = Settings(0.3, int(steps) // batches, 20, momentum=0.9, reshuffle=True)
        network = Recipe(hidden, settings, cost="cross_entropy").train(examples, 10, seed)
        outputs = feedforward(network, (examples.stored / np.float32(255)).T)
        accuracy = (outputs.argmax(axis=0) == examples.labels).mean()
        assert share == pytest.approx(accuracy, abs=1e-6)


def write(ends: dict[str, tuple[int, float, float]]) -> None:
    """Write a run in which each kind of labels ended with (steps, training, test accuracy)."""
    table: list[list[Any]] = []
    looks: list[tuple[int, int, float]] = []
    for labels, (steps, train, test) in ends.items():
        for seed in (0, 1):
            looks += [(len(table), 0, 0.1), (len(table), 5, 0.3), (len(table), steps, train)]
            table.append(["race", "9-5-10", 50, labels, seed, steps, train, test])
    for images in (5, 9):
        for seed in (0, 1):
            looks += [(len(table), 0, 0.1), (len(table), 7, 0.8)]
            table.append(["ladder", "9-3-10", images, "shuffled", seed, 7, 0.8, 0.1])
    write_rows(TABLE, COLUMNS, table)
    columns = [np.array(column) for column in zip(*looks, strict=True)]
    save_arrays(CURVES, dict(zip(("run", "step", "accuracy"), columns, strict=True)))


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("true", "shuffled", "verdict", "words"),
    [
        ((10, 1.0, 0.9), (20, 1.0, 0.149), Verdict.HELD, "in 2.0 times the steps"),
        ((10, 1.0, 0.9), (19, 1.0, 0.1), Verdict.PARTLY, "in 1.9 times the steps"),
        ((10, 1.0, 0.9), (20, 1.0, 0.151), Verdict.PARTLY, "by heart"),
        ((10, 1.0, 0.9), (20, 1.0, 0.049), Verdict.PARTLY, "by heart"),
        ((10, 1.0, 0.9), (20, 0.98, 0.1), Verdict.PARTLY, f"98.0{SPACE}% of shuffled labels"),
        ((40, 0.7, 0.9), (90, 0.7, 0.3), Verdict.NOT_HELD, f"70.0{SPACE}% of true ones"),
    ],
)
def test_the_verdict_follows_the_numbers(
    true: Any, shuffled: Any, verdict: Verdict, words: str
) -> None:
    write({"true": true, "shuffled": shuffled})
    finding = finding_of(CLAIM)
    assert finding.verdict == verdict
    assert words in finding.title


@pytest.mark.usefixtures("empty")
def test_networks_that_differ_too_much_prove_nothing() -> None:
    write({"true": (10, 1.0, 0.9), "shuffled": (40, 1.0, 0.1)})
    with np.load(CURVES) as arrays:
        steps = {**arrays}
    steps["step"][steps["step"] == 40] = [30, 50]  # three and five times as slow, two networks
    save_arrays(CURVES, steps)
    assert finding_of(CLAIM).verdict == Verdict.PARTLY


@pytest.mark.usefixtures("empty")
def test_curves_of_different_lengths_are_refused() -> None:
    write({"true": (10, 1.0, 0.9), "shuffled": (40, 1.0, 0.1)})
    save_arrays(CURVES, {"run": np.arange(3), "step": np.arange(2), "accuracy": np.zeros(3)})
    with pytest.raises(StageError, match=r"memorize\.npz: expected .* memorize writes: step: "):
        CLAIM.read()
