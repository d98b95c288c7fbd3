"""The second guess: counted image by image, taught, and described as the table says."""

from dataclasses import replace
from statistics import mean, stdev

import numpy as np
import pytest
from scipy.stats import sem, t

from nn import SGD, Dataset, Settings, evaluate, predict
from stages.claims.second_guess.claim import CLAIM
from stages.claims.second_guess.measure import retrain, second_guess, targets_of
from stages.claims.second_guess.verdict import COLUMNS
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import load_siblings
from stages.common.files.arrays import load_arrays
from stages.common.files.paths import NETWORK, TEST, TRAIN, claim_arrays, claim_table
from stages.common.models.model import load_model
from stages.common.models.recipe import examples_of
from tests.claims.shared import (
    Case,
    finding_and_figure_of,
    finding_of,
    rows_of,
    write_rows,
    write_siblings,
)
from tests.sample import call

TABLE, ARRAYS = claim_table("second_guess"), claim_arrays("second_guess")
KINDS = ("one label", "even labels", "second label")
IMAGES = 60


def counts() -> dict[str, list[list[int]]]:
    """Right answers of every network, by run and number of guesses."""
    guesses: dict[str, list[list[int]]] = {}
    for row in rows_of(TABLE):
        runs = guesses.setdefault(row["network"], [])
        if row["guesses"] == "1":
            assert row["run"] == str(len(runs))
            runs.append([])
        runs[-1].append(int(row["right"]))
    return guesses


def rewrite(right: dict[str, list[list[int]]]) -> None:
    rows = [
        [name, run, k, n]
        for name, runs in right.items()
        for run, numbers in enumerate(runs)
        for k, n in enumerate(numbers, start=1)
    ]
    write_rows(TABLE, COLUMNS, rows)


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, computed from the outputs by other means."""
    table, arrays = counts(), load_arrays(ARRAYS)
    (trained,) = table["trained"]
    images, taught = trained[-1], mean(run[1] for run in table["second label"])
    reached = [n / images >= 0.9999 for n in trained]
    two = [100 * run[1] / images for run in table["second label"]]
    assert finding.estimate.value == pytest.approx(mean(two))
    if stdev(two):
        ends = t.interval(0.95, len(two) - 1, mean(two), sem(two))
        within = [max(0, ends[0]), min(100, ends[1])]
        assert [finding.estimate.low, finding.estimate.high] == pytest.approx(within)
    assert (finding.verdict == Verdict.HELD) == (finding.estimate.low >= 99.99)
    missed, neither, needed = images - trained[0], images - trained[1], 1 + reached.index(True)
    numbers = {f"{100 * n / images:.2f}" for n in (*trained[:2], taught)}
    numbers.add(f"{100 * taught / images:.1f}")
    for kind in KINDS:
        for k in (0, 1):
            pairs = zip(table[kind], table["one label"], strict=True)
            points = [100 * (mine[k] - ordinary[k]) / images for mine, ordinary in pairs]
            numbers |= {f"{mean(points):+z.2f}", f"{mean(points):z.2f}"}
            numbers |= {f"{stdev(points):.2f}"} if len(points) > 1 else set()
    shown, runs = len(arrays["labels"]), len(table["one label"])
    numbers |= {str(n) for n in (images, missed, missed - neither, needed, len(trained), shown)}
    numbers |= {f"{100 * (missed - neither) / missed:.1f}"} if missed else set()
    share = float(arrays["share"])
    numbers |= {f"{100 * share:.0f}", f"{100 - 100 * share:.0f}", str(arrays["epochs"]), str(runs)}
    return numbers | {"99.99", "2", "95"}


CASE = Case(
    second_guess,
    {
        "share": 0.25, "learning_rate": 4, "epochs": 2, "batch_size": 20, "networks": 2, "seed": 3,
        "pictures": 5,
    },
    {
        "share": 0.4, "learning_rate": 1, "epochs": 1, "batch_size": 50, "networks": 3, "seed": 4,
        "pictures": 6,
    },
    (TABLE, ARRAYS),
    known_numbers,
    inputs="trained_run",
    prepare=write_siblings,
    of_shape=lambda _: {"epochs": 1, "networks": 2},
)  # fmt: skip


@pytest.mark.usefixtures("folder")
def test_guesses_are_counted_image_by_image() -> None:
    outputs, test = predict(load_model(NETWORK).network, examples_of(TEST))[0], examples_of(TEST)
    brighter = [(row > row[label]).sum() for row, label in zip(outputs, test.labels, strict=True)]
    assert counts()["trained"] == [[sum(b < k for b in brighter) for k in range(1, 11)]]


@pytest.mark.usefixtures("folder")
def test_targets_add_up_to_one_and_give_the_share_to_the_likest_wrong_class() -> None:
    network, examples = load_model(NETWORK).network, examples_of(TRAIN)
    kinds = {kind: targets_of(network, examples, kind, 0.25) for kind in KINDS}
    outputs, _ = predict(network, examples)
    for row, label in enumerate(examples.labels):
        wrong = [j for j in range(10) if j != label]
        likest = max(wrong, key=lambda j: outputs[row, j])
        assert [kinds[kind][row, label] for kind in KINDS] == [1, 0.75, 0.75]
        assert kinds["second label"][row, likest] == 0.25
        np.testing.assert_allclose(kinds["even labels"][row, wrong], 0.25 / 9, rtol=1e-6)
    for targets in kinds.values():
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.usefixtures("folder")
def test_targets_of_one_label_train_as_labels_do() -> None:
    siblings, examples, test = load_siblings(), examples_of(TRAIN), examples_of(TEST)
    network = siblings.after(siblings.last)[1]
    settings = Settings(4, 2, 20, "linear", reshuffle=True)
    right = retrain(network, "one label", 0.25, settings, 4)
    network = replace(network, parameters=network.parameters.copy())
    ordinary = Dataset(examples.stored, examples.labels, np.array(1 / 255, np.float32))
    sgd = SGD(network, ordinary, settings, np.random.default_rng(4))
    for _ in range(settings.epochs):
        sgd.epoch()
    assert right[0] == round(evaluate(network, test)[1] * IMAGES)
    assert [*right] == counts()["one label"][1]


@pytest.mark.usefixtures("folder")
def test_pictures_are_those_that_two_guesses_miss_the_latest_right_guess_first() -> None:
    call(second_guess, **{**CASE.options, "pictures": 100, "epochs": 1})
    arrays, test = load_arrays(ARRAYS), examples_of(TEST)
    own = np.take_along_axis(arrays["outputs"], arrays["labels"][:, None].astype(int), axis=1)
    brighter = (arrays["outputs"] > own).sum(axis=1)
    assert len(brighter) == IMAGES - counts()["trained"][0][1]
    assert brighter.min() == 2
    assert (np.diff(brighter) <= 0).all()
    kept = {(image.tobytes(), label) for image, label in zip(test.stored, test.labels, strict=True)}
    shown = zip(arrays["images"], arrays["labels"], strict=True)
    assert all((image.tobytes(), label) in kept for image, label in shown)


@pytest.mark.parametrize(
    ("trained", "taught", "verdict"),
    [
        ([9000, 9900], [[9000, 9999]] * 2, Verdict.HELD),
        ([9000, 9999], [[9000, 9998]] * 2, Verdict.PARTLY),
        ([9000, 9900], [[9000, 9950], [9000, 9951]], Verdict.PARTLY),
        ([9000, 9900], [[9000, 9910], [9000, 9950]], Verdict.NOT_HELD),
        ([9000, 9900], [[9000, 9950], [9000, 9870]], Verdict.NOT_HELD),
        ([9000, 9900], [[9100, 9850], [9100, 9851]], Verdict.NOT_HELD),
    ],
    ids=["held", "nearly", "a gain", "it may be chance", "two that differ", "a loss"],
)
@pytest.mark.usefixtures("folder")
def test_the_verdict_follows_the_numbers(
    trained: list[int], taught: list[list[int]], verdict: Verdict
) -> None:
    runs = [[*run, 10_000] for run in taught]
    ordinary = [[9000, 9900, 10_000]] * len(runs)
    rewrite({"trained": [[*trained, 10_000]], **dict.fromkeys(KINDS, ordinary)} | {KINDS[2]: runs})
    assert finding_of(CLAIM).verdict == verdict


@pytest.mark.usefixtures("folder")
def test_a_network_without_mistakes_is_drawn() -> None:
    rewrite({"trained": [[50] * 10], **dict.fromkeys(KINDS, [[50] * 10] * 2)})
    finding, _ = finding_and_figure_of(CLAIM)
    assert "mistake" not in finding.measured
    assert finding.verdict == Verdict.HELD
