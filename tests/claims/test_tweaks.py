"""Wider networks are what train makes of params.yaml; both of the lecture's numbers decide."""

import csv
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML
from scipy.stats import sem, t

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.tweaks.claim import CLAIM
from stages.claims.tweaks.measure import STACK, tweaks
from stages.claims.tweaks.verdict import RECIPES
from stages.common.files.arrays import load_arrays, load_labelled
from stages.common.files.paths import (
    DATASET,
    NETWORK,
    RECIPE_RESULTS,
    SIBLINGS,
    TEST,
    VALIDATION,
    claim_table,
)
from stages.common.images.dataset import DatasetInfo
from stages.common.models.model import load_model
from stages.common.models.training import own_section
from stages.common.runtime.imports import ROOT
from stages.train import train
from tests.claims import plain
from tests.claims.shared import (
    Case,
    Shape,
    figure_of,
    finding_of,
    rows_of,
    write_params,
    write_rows,
)
from tests.sample import call

TABLE = claim_table("tweaks")
HEADER = ("tweak", "network", "epochs", "seed", "validation_accuracy", "test_accuracy")
OWN: dict[str, Any] = {"hidden": [6, 5], "learning_rate": 2, "epochs": 3}


def prepare() -> None:
    """The run's parameters, and images that are said to be MNIST's."""
    write_params(**OWN)
    DatasetInfo("mnist").save(DATASET)


def recipe_accuracies() -> dict[str, list[float]]:
    """Percent of MNIST's test images by recipe, from the benchmark's own table."""
    with (ROOT / RECIPE_RESULTS).open(newline="") as file:
        rows = [*csv.DictReader(file)]
    return {name: [float(row["test"]) for row in rows if row["recipe"] == name] for name in RECIPES}


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the tables by other means."""
    rows = rows_of(TABLE)
    known = {"95", "96", "98", "24", "16"}
    groups: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        groups.setdefault(row["network"], []).append(row)
    chosen = max(
        (group for group in groups.values() if group[0]["tweak"] == "wider"),
        key=lambda group: mean(float(row["validation_accuracy"]) for row in group),
    )
    known.add(f"{100 * mean(float(row['validation_accuracy']) for row in chosen):.1f}")
    known.add(chosen[0]["network"].split("-")[1])
    for name, group in groups.items():
        shares = [100 * float(row["test_accuracy"]) for row in group]
        ends = shares[:1] * 2
        if stdev(shares) > 0:
            ends = [*map(float, t.interval(0.95, len(shares) - 1, mean(shares), sem(shares)))]
        known |= {f"{share:z.1f}" for share in (mean(shares), *ends)}
        known |= {name, *name.split("-"), str(len(group)), group[0]["epochs"]}
    best = [100 * float(row["test_accuracy"]) for row in chosen]
    assert finding.estimate.value == pytest.approx(mean(best))
    if DATASET.exists():
        read = recipe_accuracies()
        known |= {f"{mean(shares):.1f}" for shares in read.values()} | {"10"}
        assert {len(shares) for shares in read.values()} == {10}
    return known


def of_shape(shape: Shape) -> dict[str, object]:
    write_params(hidden=[*shape.hidden], activation=shape.activation, cost=shape.cost, epochs=2)
    return {}


CASE = Case(
    tweaks,
    {"widths": [9, 12], "epochs": 2, "networks": 3, "seed": 4},
    {"widths": [10], "epochs": 1, "networks": 2, "seed": 5},
    (TABLE,),
    known_numbers,
    inputs="drifted_run",
    prepare=prepare,
    of_shape=of_shape,
    variations={"one width": {"widths": [7]}},
)


@pytest.mark.usefixtures("folder")
def test_wider_networks_are_those_of_train_with_nothing_else_changed() -> None:
    rows = [row for row in rows_of(TABLE) if row["tweak"] == "wider"]
    assert [(row["network"], int(row["seed"])) for row in rows] == [
        (f"784-{width}-5-10", seed) for width in (12, 9) for seed in (4, 5, 6)
    ]
    for row in rows:
        if (int(row["seed"]) - 4) % STACK:
            continue  # it learns from the images in another one's order
        width = int(row["network"].split("-")[1])
        changed = {"hidden": [width, 5], "epochs": 2}
        call(train, **{**own_section(), **changed}, patience=0, seed=int(row["seed"]), snapshots=9,
             threads=1)  # fmt: skip
        model = load_model(NETWORK)
        for images, folder in (("validation", VALIDATION), ("test", TEST)):
            grey, labels = load_labelled(folder)
            guesses = model.outputs(grey.reshape(-1, 28, 28)).argmax(axis=1)
            share = np.mean([a == b for a, b in zip(guesses, labels, strict=True)])
            assert float(row[f"{images}_accuracy"]) == pytest.approx(share, rel=1e-5)


@pytest.mark.usefixtures("folder")
def test_networks_as_they_are_are_the_siblings_at_their_end() -> None:
    siblings, model = load_arrays(SIBLINGS), load_model(NETWORK)
    rows = [row for row in rows_of(TABLE) if row["tweak"] == "none"]
    assert [int(row["seed"]) for row in rows] == siblings["seeds"].tolist()
    grey, labels = load_labelled(TEST)
    inputs = model.preprocessing.feed(grey, np.float64)
    for row, parameters in zip(rows, siblings["parameters"][-1], strict=True):
        assert (row["network"], int(row["epochs"])) == ("784-6-10", siblings["epochs"][-1])
        model.network.parameters[:] = parameters
        layers = plain.layers_of(model.network)
        guesses = [plain.activations(layers, x)[-1].argmax() for x in inputs]
        assert float(row["test_accuracy"]) == pytest.approx(np.mean(guesses == labels), rel=1e-5)


@pytest.mark.usefixtures("folder")
def test_networks_learn_no_longer_than_train_lets_them() -> None:
    call(tweaks, **{**CASE.options, "epochs": 50})
    assert {row["epochs"] for row in rows_of(TABLE)} == {"3"}


@pytest.mark.usefixtures("folder")
def test_recipes_are_told_of_the_images_that_they_were_measured_on() -> None:
    assert "deskewed" in finding_of(CLAIM).measured
    DatasetInfo("kmnist").save(DATASET)
    assert "deskewed" not in finding_of(CLAIM).measured
    assert not finding_of(CLAIM).notes


def test_the_words_for_recipes_are_what_these_change() -> None:
    listed = YAML(typ="safe").load((ROOT / RECIPE_RESULTS).with_suffix(".yaml"))
    both = RECIPES["sixteen"] + RECIPES["deskewed"]
    for name, description in RECIPES.items():
        changes, words = listed[name]["changes"], description.replace("both of these", both)
        hidden = changes.get("train.hidden", [16, 16])
        assert ("24-16" in words) == (hidden == [24, 16])
        assert hidden in ([16, 16], [24, 16])
        assert ("straightened" in words) == changes.get("normalize.deskew", False)
        assert ("edges" in words) == changes.get("normalize.edges", False)
        assert ("other functions" in words) == ("train.activation" in changes)
        assert ("images moved" in words) == ("train.augment.shift" in changes)
        if "other functions" in words:
            assert changes["train.activation"] == "leaky_relu"
            assert changes["train.cost"] == "cross_entropy"
            assert changes["train.momentum"]


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("as_is", "wide", "verdict"),
    [
        ([0.9551, 0.9551], [0.9751, 0.9751], Verdict.HELD),
        ([0.9649, 0.9649], [0.99, 0.99], Verdict.HELD),
        ([0.9549, 0.9549], [0.9751, 0.9751], Verdict.PARTLY),
        ([0.9651, 0.9651], [0.9751, 0.9751], Verdict.PARTLY),
        ([0.9600, 0.9600], [0.9749, 0.9749], Verdict.PARTLY),
        ([0.9600, 0.9600], [0.9650, 0.9950], Verdict.PARTLY),  # on average 98 %, perhaps by chance
        ([0.9400, 0.9800], [0.9600, 0.9600], Verdict.NOT_HELD),
    ],
)
def test_both_numbers_are_to_be_right_with_their_whole_intervals(
    as_is: list[float], wide: list[float], verdict: Verdict
) -> None:
    rows = [("none", "9-4-3", 5, seed, 0.9, share) for seed, share in enumerate(as_is)]
    # The best on test images is not what validation images choose.
    rows += [("wider", "9-99-3", 5, seed, 0.8, 0.999) for seed in (0, 1)]
    rows += [("wider", "9-50-3", 5, seed, 0.9, share) for seed, share in enumerate(wide)]
    write_rows(TABLE, HEADER, rows)
    assert finding_of(CLAIM).verdict == verdict
    figure_of(CLAIM)
