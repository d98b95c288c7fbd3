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
from tests.claims.shared import Case, Row, finding_of, rows_of, write_rows
from tests.sample import call

TABLE, CURVES = claim_table("memorize"), claim_arrays("memorize")


def curves() -> list[tuple[NDArray[Any], NDArray[Any]]]:
    with np.load(CURVES) as arrays:
        run, step, accuracy = (arrays[name] for name in ("run", "step", "accuracy"))
    return [(step[run == i], accuracy[run == i]) for i in np.unique(run)]


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the two files alone."""
    table, ways = rows_of(TABLE), curves()
    half, classes = len(ways) // 2, int(table[0]["network"].split("-")[-1])
    numbers = [*"1235", "50", "90", "99", f"{100 / classes:.1f}", str(half)]
    for part in ("race", "ladder"):
        rows = [r for r in table if r["part"] == part]
        sizes = [int(n) for n in rows[0]["network"].split("-")]
        numbers += [str(n) for n in sizes]
        count = sum((n + 1) * m for n, m in pairwise(sizes))
        numbers += [f"{count:,}", f"{max(int(r['steps']) for r in rows):,}"]
        numbers += [f"{int(r['images']):,}" for r in rows]
        for labels, images in {(r["labels"], r["images"]) for r in rows}:
            group = [r for r in rows if (r["labels"], r["images"]) == (labels, images)]
            numbers.append(f"{100 * mean(float(r['train_accuracy']) for r in group):.1f}")
            if part == "race":
                tests = [100 * float(r["test_accuracy"]) for r in group]
                numbers += [f"{mean(tests):.1f}", f"{stdev(tests):.1f}"]
    numbers.append(str(min((int(s[1]) for s, _ in ways[:half] if len(s) > 1), default=0)))
    means = []
    for runs in (ways[:half], ways[half:]):
        for share in (0.5, 0.9, 0.99):
            when = [[s for s, a in zip(*way, strict=True) if a >= share][:1] for way in runs]
            means.append(float(np.mean(when)) if all(when) else np.nan)
    numbers += [f"{steps:,.0f}" for steps in means]
    came = came_true(table, means, classes)
    assert f"Of the 3 things asked for, {came} came true." in finding.measured
    some = Verdict.PARTLY if came else Verdict.NOT_HELD
    assert finding.verdict == (Verdict.HELD if came == 3 else some)
    return {*numbers, f"{means[5] / means[2]:.1f}", str(came)}


def came_true(table: list[Row], means: list[float], classes: int) -> int:
    """How many of the three things that the claim says are so."""
    shuffled = [r for r in table if (r["part"], r["labels"]) == ("race", "shuffled")]
    tests = mean(float(r["test_accuracy"]) for r in shuffled)
    fitted = all(float(r["train_accuracy"]) >= 0.99 for r in shuffled)
    slower = means[5] >= 2 * means[2] or (np.isnan(means[5]) and not np.isnan(means[2]))
    return int(fitted) + int(abs(tests - 1 / classes) <= 0.05) + int(slower)


CASE = Case(
    memorize,
    {
        "images": 60, "neurons": 12, "amounts": [20, 90], "hidden": [5], "steps": 60,
        "learning_rate": 0.3, "momentum": 0.9, "batch_size": 20, "seeds": 2, "seed": 3,
    },
    {
        "images": 50, "neurons": 11, "amounts": [30], "hidden": [6, 6], "steps": 12,
        "learning_rate": 0.1, "momentum": 0.5, "batch_size": 30, "seeds": 3, "seed": 4,
    },
    (TABLE, CURVES),
    known_numbers,
    of_shape=lambda shape: {
        "hidden": [*shape.hidden], "neurons": max(shape.hidden, default=3), "steps": 30,
        "amounts": [1, 50],
    },
    variations={
        "longer": {"steps": 150},
        "a single image": {"images": 1, "amounts": [1], "hidden": [4, 4, 4]},
        "all images, a step": {
            "images": 10**6, "steps": 1, "amounts": [10, 90, 100, 110, 120, 10**6],
        },
    },
    quick={"amounts": [20], "steps": 15},
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
    assert [(r["part"], r["images"], r["labels"]) for r in table[::2]] == [
        (part, images, labels)
        for part, images in (("race", "60"), ("ladder", "20"), ("ladder", "90"))
        for labels in ("true", "shuffled")
    ]
    assert len(ways) == 4  # of the race alone
    for row, (steps, accuracy) in zip(table, ways, strict=False):
        assert steps.tolist() == list(range(0, steps[-1] + 1, 3))  # 60 images are 3 batches
        assert float(row["train_accuracy"]) == pytest.approx(accuracy[-1], abs=1e-6)
        assert int(row["steps"]) == steps[-1]
        assert (accuracy[:-1] < 1).all()
    ends = [(int(r["steps"]), float(r["train_accuracy"])) for r in table]
    assert all(share == 1 or steps in {150, 155} for steps, share in ends)
    assert any(share == 1 and steps < 150 for steps, share in ends)


@pytest.mark.usefixtures("folder")
def test_the_accuracy_is_that_of_a_network_trained_apart() -> None:
    row = rows_of(TABLE)[2]
    assert (row["labels"], row["seed"]) == ("shuffled", "3")
    examples = choose(examples_of(TRAIN), Attempt("race", (12,), 60, "shuffled", seed=3))
    settings = Settings(0.3, int(row["steps"]) // 3, 20, momentum=0.9, reshuffle=True)
    network = Recipe((12,), settings, cost="cross_entropy").train(examples, 10, seed=3)
    outputs = feedforward(network, (examples.stored / np.float32(255)).T)
    accuracy = (outputs.argmax(axis=0) == examples.labels).mean()
    assert float(row["train_accuracy"]) == pytest.approx(accuracy, abs=1e-6)


def write(ends: dict[str, tuple[int, float, float]]) -> None:
    """Write a run in which each kind of labels ended with (steps, training, test accuracy)."""
    table: list[list[Any]] = []
    looks: list[tuple[int, int, float]] = []
    for labels, (steps, train, test) in ends.items():
        for seed in (0, 1):
            looks += [(len(table), 0, 0.1), (len(table), 5, 0.3), (len(table), steps, train)]
            table.append(["race", "9-5-10", 50, labels, seed, steps, train, test])
    for labels, (steps, train, test) in ends.items():
        table += [
            ["ladder", "9-3-10", n, labels, s, steps, train, test] for n in (5, 9) for s in "01"
        ]
    write_rows(TABLE, COLUMNS, table)
    columns = [np.array(column) for column in zip(*looks, strict=True)]
    save_arrays(CURVES, dict(zip(("run", "step", "accuracy"), columns, strict=True)))


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("true", "shuffled", "verdict", "words"),
    [
        ((10, 1.0, 0.9), (40, 1.0, 0.1), Verdict.HELD, "in 4.0 times the steps"),
        ((10, 1.0, 0.9), (12, 1.0, 0.1), Verdict.PARTLY, "in 1.2 times the steps"),
        ((10, 1.0, 0.9), (40, 1.0, 0.3), Verdict.PARTLY, "by heart"),
        ((10, 1.0, 0.9), (40, 0.7, 0.3), Verdict.PARTLY, f"70.0{SPACE}% of shuffled labels"),
        ((40, 0.7, 0.9), (40, 0.7, 0.3), Verdict.NOT_HELD, f"70.0{SPACE}% of true ones"),
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
def test_curves_of_different_lengths_are_refused() -> None:
    write({"true": (10, 1.0, 0.9), "shuffled": (40, 1.0, 0.1)})
    save_arrays(CURVES, {"run": np.arange(3), "step": np.arange(2), "accuracy": np.zeros(3)})
    with pytest.raises(StageError, match=r"memorize\.npz: expected .* memorize writes: step: "):
        CLAIM.read()
