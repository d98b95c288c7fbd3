"""More training images: only the data differ, and the words say what the table says."""

from itertools import pairwise
from statistics import mean, stdev

import numpy as np
import pytest
from scipy.stats import ttest_ind

from nn import Settings, evaluate
from stages.claims.amount.claim import CLAIM
from stages.claims.amount.measure import amount
from stages.claims.shared.claim import Finding, Verdict
from stages.common.files.paths import TEST, TRAIN, claim_table
from stages.common.models.recipe import Recipe, examples_of
from tests.claims.shared import Case, figure_of, finding_of, rows_of, write_rows
from tests.sample import call

TOTAL = 250  # images that are left to train on
TABLE = claim_table("amount")


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the table alone."""
    table = rows_of(TABLE)
    amounts = sorted({int(r["images"]) for r in table})
    test, train = (
        [[float(r[f"{name}_accuracy"]) for r in table if int(r["images"]) == n] for n in amounts]
        for name in ("test", "train")
    )
    means = [100 * mean(shares) for shares in test]
    numbers = [str(len(test[0])), f"{int(table[0]['steps']):,}", "95", "100", "1"]
    numbers += [f"{n:,}" for n in amounts]
    numbers += [f"{100 * mean(shares):.1f}" for shares in (*test, *train)]
    for end in (0, -1):
        gap = 100 * (mean(train[end]) - mean(test[end]))
        numbers += [f"{100 * stdev(test[end]):.1f}", f"{gap:z.1f}"]
    if len(amounts) > 1:
        tenth = max((i for i, n in enumerate(amounts) if 10 * n <= amounts[-1]), default=0)
        ratios = [times_the_errors(1 - mean(test[i]), 1 - mean(test[-1])) for i in (0, tenth)]
        decades = np.log10(amounts[-1] / amounts[0])
        numbers += [f"{100 * ratios[0] ** (-1 / decades):.0f}", f"{ratios[1]:.2f}"]
        numbers.append(f"{means[-1] - means[-2]:z.1f}")
        few, every = ([100 * share for share in test[i]] for i in (tenth, -1))
        if min(stdev(few), stdev(every)) > 0:
            interval = ttest_ind(every, few, equal_var=False).confidence_interval(0.95)
            ends = [finding.estimate.low, finding.estimate.high]
            assert ends == pytest.approx([interval.low, interval.high])
    return {*numbers}


def times_the_errors(errors: float, least: float) -> float:
    return errors / least if least else np.inf if errors else 1


CASE = Case(
    amount,
    {
        "train_sizes": [20, 100, 1000], "hidden": [6], "learning_rate": 0.5, "momentum": 0.9,
        "epochs": 5, "batch_size": 30, "seeds": 2, "seed": 3,
    },
    {
        "train_sizes": [30], "hidden": [5, 5], "learning_rate": 0.1, "momentum": 0.5, "epochs": 4,
        "batch_size": 40, "seeds": 3, "seed": 4,
    },
    (TABLE,),
    known_numbers,
    of_shape=lambda shape: {"hidden": [*shape.hidden], "train_sizes": [1, 9]},
    variations={"all images alone": {"train_sizes": [250]}},
)  # fmt: skip


@pytest.mark.usefixtures("folder")
def test_every_network_takes_the_same_steps_and_all_images_are_always_tried() -> None:
    table = rows_of(TABLE)
    assert [(int(r["images"]), int(r["seed"])) for r in table] == [
        (n, seed) for n in (20, 100, TOTAL) for seed in (3, 4)
    ]
    assert {int(r["steps"]) for r in table} == {5 * 9}  # 250 images are 9 batches of at most 30


@pytest.mark.usefixtures("folder")
def test_all_images_make_an_ordinary_training() -> None:
    settings = Settings(0.5, 5, 30, "linear", momentum=0.9, reshuffle=True)
    network = Recipe((6,), settings, cost="cross_entropy").train(examples_of(TRAIN), 10, seed=4)
    last = rows_of(TABLE)[-1]
    for name, part in (("train", TRAIN), ("test", TEST)):
        accuracy = evaluate(network, examples_of(part))[1]
        assert float(last[f"{name}_accuracy"]) == pytest.approx(accuracy, abs=1e-6)


@pytest.mark.usefixtures("folder")
def test_images_that_were_not_chosen_have_no_influence() -> None:
    before = [r for r in rows_of(TABLE) if (r["images"], r["seed"]) == ("100", "3")]
    others = np.random.default_rng(3).spawn(3)[2].permutation(TOTAL)[100:]
    for name, change in (("images", 255), ("labels", 9)):
        path = TRAIN / f"{name}.npy"
        values = np.load(path)
        values[others] = change - values[others]
        np.save(path, values)
    call(amount, **CASE.options)
    assert [r for r in rows_of(TABLE) if (r["images"], r["seed"]) == ("100", "3")] == before


def write(images: list[int], accuracies: list[list[float]], network: str = "4-3-2") -> None:
    """Write a table whose networks read so many test images."""
    header = ["network", "images", "seed", "steps", "train_accuracy", "test_accuracy"]
    rows = [
        [network, n, i, 70, 1.0, a]
        for n, shares in zip(images, accuracies, strict=True)
        for i, a in enumerate(shares)
    ]
    write_rows(TABLE, header, rows)


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("few", "every", "verdict"),
    [
        ([0.80, 0.81], [0.90, 0.91], Verdict.HELD),
        ([0.890, 0.890], [0.9001, 0.9001], Verdict.HELD),  # by more than a point
        ([0.890, 0.890], [0.8999, 0.8999], Verdict.PARTLY),  # by less
        ([0.890, 0.892], [0.902, 0.904], Verdict.PARTLY),  # perhaps by less
        ([0.70, 0.95], [0.90, 0.91], Verdict.NOT_HELD),  # within chance
        ([0.95, 0.96], [0.90, 0.91], Verdict.NOT_HELD),
        ([1.0, 1.0], [1.0, 1.0], Verdict.NOT_HELD),
        ([0.0, 0.0], [0.0, 0.0], Verdict.NOT_HELD),
    ],
)
def test_the_verdict_follows_the_numbers(
    few: list[float], every: list[float], verdict: Verdict
) -> None:
    write([100, 3000], [few, every])
    assert finding_of(CLAIM).verdict == verdict


@pytest.mark.usefixtures("empty")
def test_tables_without_errors_or_without_anything_right_are_drawn() -> None:
    for few, every in ((0.8, 1.0), (1.0, 1.0), (0.0, 0.0)):
        write([100, 3000], [[few, few], [every, every]])
        figure_of(CLAIM)


@pytest.mark.usefixtures("empty")
def test_many_amounts_close_together_can_be_read() -> None:
    amounts = [*range(1000, 50_000, 1500), 60_000]
    write(amounts, [[n / 1e5, n / 1.1e5] for n in amounts], "784-2000-1000-500-10")
    labels = [t for t in figure_of(CLAIM).axes[0].get_xticklabels() if t.get_text()]
    boxes = sorted((t.get_window_extent().x0, t.get_window_extent().x1) for t in labels)
    assert labels[-1].get_text() == "60,000"
    assert all(left[1] < right[0] for left, right in pairwise(boxes))
