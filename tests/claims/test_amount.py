"""More training images: only the data differ, and the caption says what the table says."""

from itertools import pairwise
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest

from nn import Settings, evaluate
from stages.claims.amount.figure import CLAIM
from stages.claims.amount.measure import amount
from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY
from stages.common.files.paths import TEST, TRAIN
from stages.common.models.recipe import Recipe, examples_of
from tests.claims.shared import (
    Options,
    check_parameters,
    copied,
    drawn,
    finish,
    numbers_in,
    rows_of,
    write_rows,
)

OPTIONS: Options = {
    "amounts": [20, 100, 1000], "hidden": [6], "learning_rate": 0.5, "momentum": 0.9, "epochs": 5,
    "batch_size": 30, "seeds": 2, "seed": 3,
}  # fmt: skip
CHANGES = {
    "amounts": [30], "hidden": [5, 5], "learning_rate": 0.1, "momentum": 0.5, "epochs": 4,
    "batch_size": 40, "seeds": 3, "seed": 4,
}  # fmt: skip
TOTAL = 250  # images that are left to train on
TABLE = Path("data/claims/amount.csv")


@pytest.fixture(scope="module")
def finished(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish(copied(digits, tmp_path_factory.mktemp("amount")), amount, OPTIONS)


def write(images: list[int], accuracies: list[list[float]], network: str = "4-3-2") -> None:
    """Write a table whose networks read so many test images."""
    header = ["network", "images", "seed", "steps", "train_accuracy", "test_accuracy"]
    rows = [
        [network, n, i, 70, 1.0, a]
        for n, shares in zip(images, accuracies, strict=True)
        for i, a in enumerate(shares)
    ]
    write_rows(TABLE, header, rows)


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
    amount(**OPTIONS)
    assert [r for r in rows_of(TABLE) if (r["images"], r["seed"]) == ("100", "3")] == before


@pytest.mark.usefixtures("folder")
def test_each_parameter_changes_the_output_and_nothing_else_does() -> None:
    check_parameters(amount, OPTIONS, CHANGES, [TABLE])


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "change", [{}, {"amounts": [1, 3]}, {"amounts": [250]}, {"hidden": [3] * 5, "amounts": [9]}]
)
def test_every_number_of_the_caption_is_in_the_table(change: dict[str, Any]) -> None:
    amount(**{**OPTIONS, **change})
    picture = drawn(CLAIM)
    assert numbers_in(picture.caption) <= {*expected()}
    assert picture.title in picture.alt


def expected() -> list[str]:
    """The numbers that the caption may hold, from the table alone."""
    table = rows_of(TABLE)
    amounts = sorted({int(r["images"]) for r in table})
    test, train = (
        [[float(r[f"{name}_accuracy"]) for r in table if int(r["images"]) == n] for n in amounts]
        for name in ("test", "train")
    )
    means = [100 * mean(shares) for shares in test]
    errors = [100 - share for share in means]
    networks, steps = len(test[0]), int(table[0]["steps"])
    numbers = [str(networks), f"{steps:,}", "1.25", "2", *(f"{n:,}" for n in amounts)]
    for i in (0, -1):
        gap = 100 * mean(train[i]) - means[i]
        numbers += [f"{means[i]:.1f}", f"{100 * stdev(test[i]):.1f}", f"{gap:.1f}"]
    if len(amounts) > 1:
        decades = np.log10(amounts[-1] / amounts[0])
        numbers.append(f"{100 * (errors[-1] / errors[0]) ** (1 / decades):.0f}")
        numbers.append(f"{means[-1] - means[-2]:.1f}")
        tenth = max((i for i, n in enumerate(amounts) if 10 * n <= amounts[-1]), default=0)
        numbers.append(f"{errors[tenth] / errors[-1]:.2f}")
    return numbers


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("few", "all_", "verdict"),
    [
        ([0.80, 0.81], [0.90, 0.91], HELD),
        ([0.88, 0.89], [0.90, 0.91], PARTLY),  # beyond chance, but not many more errors
        ([0.70, 0.95], [0.90, 0.91], NOT_HELD),  # within chance
        ([0.95, 0.96], [0.90, 0.91], NOT_HELD),
        ([1.0, 1.0], [1.0, 1.0], NOT_HELD),
        ([0.8, 0.9], [1.0, 1.0], HELD),
        ([0.0, 0.0], [0.0, 0.0], NOT_HELD),
    ],
)
def test_the_verdict_follows_the_numbers(few: list[float], all_: list[float], verdict: str) -> None:
    write([100, 3000], [few, all_])
    assert drawn(CLAIM).caption.endswith(verdict)


@pytest.mark.usefixtures("empty")
def test_many_amounts_close_together_can_be_read() -> None:
    amounts = [*range(1000, 50_000, 1500), 60_000]
    write(amounts, [[n / 1e5, n / 1.1e5] for n in amounts], "784-2000-1000-500-10")
    picture = drawn(CLAIM)
    labels = [t for t in picture.figure.axes[0].get_xticklabels() if t.get_text()]
    boxes = sorted((t.get_window_extent().x0, t.get_window_extent().x1) for t in labels)
    assert labels[-1].get_text() == "60,000"
    assert all(left[1] < right[0] for left, right in pairwise(boxes))
