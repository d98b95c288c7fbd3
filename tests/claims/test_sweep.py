"""A sweep: every point trained as its tables say, kept for a wider one, without test images."""

import json
import os
import shlex
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
from dvc.utils.hydra import apply_overrides
from matplotlib.text import Text
from ruamel.yaml import YAML
from scipy.stats import sem, t, ttest_ind

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.sweep.claim import CLAIM
from stages.claims.sweep.measure import ranked, sweep
from stages.common.files.atomic import StageError
from stages.common.files.paths import HISTORY, TEST, claim_table
from stages.common.models import training as descent
from stages.common.runtime.checkpoints import DAYS, folder_of
from stages.common.runtime.imports import ROOT
from stages.train import train
from tests.claims.shared import (
    Case,
    Shape,
    finding_and_figure_of,
    finding_of,
    numbers_in,
    rows_of,
    write_params,
    write_rows,
)
from tests.sample import call

TRAIN_SECTION = YAML(typ="safe").load(ROOT / "params.yaml")["train"]
AUGMENT = TRAIN_SECTION["augment"] | {"shift": 1, "elastic_alpha": 10, "rotation": 5}
OWN = {"hidden": [5], "learning_rate": 2, "augment": AUGMENT}
RANKS, RUNS = FILES = claim_table("sweep"), claim_table("sweep_runs")


def prepare() -> None:
    """What a sweep reads besides images: params.yaml. Test images, which nobody looks at, go."""
    write_params(**OWN)
    shutil.rmtree(TEST)


def accuracies(part: str) -> dict[tuple[str, ...], list[float]]:
    """Accuracies of the trainings of one part, by the values of the swept parameters."""
    shares: dict[tuple[str, ...], list[float]] = {}
    names = swept_names()
    for row in rows_of(RUNS):
        if row["part"] == part:
            point = tuple(row[name] for name in names)
            shares.setdefault(point, []).append(float(row["validation_accuracy"]))
    return shares


def swept_names() -> list[str]:
    return [*rows_of(RANKS)[0]][1:-4]


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the tables by other means."""
    table, runs, names = rows_of(RANKS), rows_of(RUNS), swept_names()
    ranks, again = accuracies("rank"), accuracies("again")
    numbers = {f"{100 * mean(shares):.1f}" for each in (ranks, again) for shares in each.values()}
    numbers |= {f"{100 * stdev(shares):.1f}" for shares in again.values()}
    best, usual = (
        next(tuple(row[name] for name in names) for row in table if row[key] == "1")
        for key in ("rank", "own")
    )
    low, gain, high = welch([100 * s for s in again[best]], [100 * s for s in again[usual]])
    numbers |= {f"{number:z.1f}" for number in (low, gain, high)}
    held = Verdict.HELD if low > 0 else Verdict.PARTLY
    assert finding.verdict == (held if best != usual and gain > 0 else Verdict.NOT_HELD)
    lost = sum(row["diverged"] != "0" for row in table)
    numbers |= {str(len(ranks)), str(len(ranks[best])), "1", "2", "3", runs[0]["epochs"]}
    numbers |= {str(lost), "95"}
    points = [best, *[*ranks][:3]]
    values = " ".join(value for point in points for value in point)
    return numbers | numbers_in(values) | numbers_in(values.replace(",", " "))


def welch(more: list[float], fewer: list[float]) -> tuple[float, float, float]:
    """A difference of means within its 95 % interval, as SciPy has it; alone if nothing varies."""
    gain = mean(more) - mean(fewer)
    varying = [sample for sample in (more, fewer) if stdev(sample) > 1e-9]
    if not varying:
        return gain, gain, gain
    if len(varying) == 1:  # the other is a number: a sample of one
        low, high = t.interval(0.95, len(varying[0]) - 1, gain, sem(varying[0]))
        return float(low), gain, float(high)
    interval = ttest_ind(more, fewer, equal_var=False).confidence_interval(0.95)
    return float(interval.low), gain, float(interval.high)


CASE = Case(
    sweep,
    {
        "grid": ["train.learning_rate=3,0.5", "train.hidden=[6],[]"], "samples": 0, "epochs": 2,
        "seeds": 2, "seed": 5, "backend": "loky", "scheduler": "tcp://127.0.0.1:8786",
    },
    {
        "grid": ["train.learning_rate=3,1", "train.hidden=[6],[]"], "samples": 2, "epochs": 1,
        "seeds": 3, "seed": 6,
    },
    FILES,
    known_numbers,
    prepare=prepare,
    of_shape=lambda shape: {"grid": grid_of(shape), "epochs": 1},
    variations={
        name: {"grid": grid, "samples": 12, "epochs": 1}
        for name, grid in {
            "one parameter": ["train.learning_rate=1,2,3"],
            "one point, the own": ["train.learning_rate=2"],
            "to scale": [
                "train.learning_rate=tag(log,interval(0.01,100))", "train.gain=range(1,12)",
            ],
            "words": [
                "train.initializer=lecun,xavier,he,unit", "train.schedule=constant,cosine,step",
            ],
            "many parameters": [
                "train.hidden=[6,6,6,6,6,6,6,6,6,6],[]", "train.epochs=1,2",
                "train.reshuffle=true,false", "train.weight_decay=1e-5,0",
                "train.activation=leaky_relu,tanh", "train.augment.elastic_alpha=0,20",
                "train.cost=quadratic,cross_entropy",
            ],
        }.items()
    },
    unshaping={"backend": "loky", "scheduler": "tcp://elsewhere:1"},
)  # fmt: skip


def grid_of(shape: Shape) -> list[str]:
    """A grid of networks of this shape, of images that are too small to be distorted."""
    functions = {"activation": shape.activation, "cost": shape.cost}
    train = {**TRAIN_SECTION, "hidden": [3], "learning_rate": 2, **functions}
    Path("params.yaml").write_text(json.dumps({"train": train}))
    return [f"train.hidden=[{','.join(map(str, shape.hidden))}]", "train.gain=1,2"]


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, int]]:
    """Learning rates and seeds of the networks that are really trained from here on."""
    trained: list[tuple[float, int]] = []
    start = descent.TrainingParams.start

    def noted(self: descent.TrainingParams, *arguments: Any) -> Any:
        trained.append((self.learning_rate, arguments[-1]))
        return start(self, *arguments)

    monkeypatch.setattr(descent.TrainingParams, "start", noted)
    return trained


@pytest.mark.usefixtures("folder")
def test_every_point_and_params_yamls_own_are_trained_with_every_seed() -> None:
    points = {(rate, hidden) for rate in ("3", "0.5") for hidden in ("[6]", "[]")} | {("2", "[5]")}
    trained = [
        ((row["learning_rate"], row["hidden"]), row["seed"])
        for row in rows_of(RUNS)
        if row["part"] == "rank"
    ]
    assert sorted(trained) == sorted((point, seed) for point in points for seed in "56")


@pytest.mark.usefixtures("folder")
def test_ranks_follow_the_means_and_tell_the_spread() -> None:
    table, shares_of_point = rows_of(RANKS), accuracies("rank")
    means = [float(row["validation_accuracy"]) for row in table]
    assert means == sorted(means, reverse=True)
    assert [row["rank"] for row in table] == ["1", "2", "3", "4", "5"]
    for row in table:
        shares = shares_of_point[row["learning_rate"], row["hidden"]]
        assert float(row["validation_accuracy"]) == pytest.approx(mean(shares), abs=1e-6)
        assert float(row["deviation"]) == pytest.approx(stdev(shares), abs=1e-6)
        assert row["own"] == str(int((row["learning_rate"], row["hidden"]) == ("2", "[5]")))


@pytest.mark.usefixtures("folder")
def test_the_best_and_the_own_are_trained_again_with_other_seeds() -> None:
    best = rows_of(RANKS)[0]
    points = {(best["learning_rate"], best["hidden"]), ("2", "[5]")}
    again = [row for row in rows_of(RUNS) if row["part"] == "again"]
    assert {(row["learning_rate"], row["hidden"]) for row in again} == points
    assert {row["seed"] for row in again} == {"7", "8"}


@pytest.mark.usefixtures("folder")
def test_the_printed_line_leads_to_the_same_network_in_train(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call(sweep, **CASE.options)
    best = rows_of(RANKS)[0]
    words = shlex.split(capsys.readouterr().out.splitlines()[-1])
    assert words[:3] == ["dvc", "exp", "run"]
    apply_overrides("params.yaml", words[4::2])
    section = YAML(typ="safe").load(Path("params.yaml"))["train"]
    changed = {"learning_rate": float(best["learning_rate"]), "epochs": 2}
    changed["hidden"] = YAML(typ="safe").load(best["hidden"])
    own = YAML(typ="safe").load(ROOT / "params.yaml")["train"] | OWN
    assert section == own | changed
    for row in rows_of(RUNS):
        if (row["learning_rate"], row["hidden"]) == (best["learning_rate"], best["hidden"]):
            call(train, **section | {"seed": int(row["seed"])})
            last = rows_of(HISTORY)[-1]
            for name in ("validation_accuracy", "validation_cost"):
                assert float(last[name]) == pytest.approx(float(row[name]), abs=1e-6)


@pytest.mark.usefixtures("folder")
def test_params_yamls_other_values_shape_the_results() -> None:
    before = RUNS.read_bytes()
    write_params(**OWN | {"momentum": 0.5})
    call(sweep, **CASE.options)
    assert RUNS.read_bytes() != before


@pytest.mark.usefixtures("folder")
def test_a_second_sweep_trains_nothing_and_a_wider_one_only_what_is_new(
    trained: list[tuple[float, int]], capsys: pytest.CaptureFixture[str]
) -> None:
    before = [path.read_bytes() for path in FILES]
    call(sweep, **CASE.options)
    assert trained == []
    assert [path.read_bytes() for path in FILES] == before
    assert "sweep: 10 of 10 kept from a run before" in capsys.readouterr().out
    call(sweep, **CASE.options | {"grid": ["train.learning_rate=1,3,0.5", "train.hidden=[],[6]"]})
    new = [pair for pair in trained if pair[1] in {5, 6}]
    assert sorted(new) == [(1, 5), (1, 5), (1, 6), (1, 6)]
    trained.clear()
    call(sweep, **CASE.options | {"seeds": 3})
    assert {seed for _, seed in trained} <= {7, 8, 9, 10}
    assert not {(3.0, 5), (0.5, 6)} & {*trained}


@pytest.mark.usefixtures("folder")
def test_what_a_killed_sweep_has_finished_is_not_done_again(
    trained: list[tuple[float, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [path.read_bytes() for path in FILES]
    shutil.rmtree(folder_of("sweep"))
    go_on, limit = descent.TrainingParams.start, 4

    def stopped(self: descent.TrainingParams, *arguments: Any) -> Any:
        if len(trained) == limit:
            raise KeyboardInterrupt
        return go_on(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(descent.TrainingParams, "start", stopped)
        with pytest.raises(KeyboardInterrupt):
            call(sweep, **CASE.options)
    first = [*trained]
    trained.clear()
    call(sweep, **CASE.options)
    assert len(first) == limit
    assert len(trained) == 10 + 4 - limit
    assert [path.read_bytes() for path in FILES] == before


@pytest.mark.usefixtures("folder")
def test_trainings_that_nobody_asks_for_any_more_are_removed() -> None:
    files = {*folder_of("sweep").iterdir()}
    assert len(files) == 14
    for file in files:
        os.utime(file, (time.time() - (DAYS + 1) * 86400,) * 2)
    call(sweep, **CASE.options | {"epochs": 1})
    assert not files & {*folder_of("sweep").iterdir()}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"grid": ["train.gain=1", "train.gain=2"]}, "sweep.grid: expected each parameter once"),
        ({"grid": ["train.gain=interval(1,2)"]}, "sweep.grid: expected a value of sweep.samples"),
        ({"grid": ["train.gain=range(1,100,0.01)"], "seeds": 1000},
         "sweep.grid: expected at most 100,000 trainings, got 9,900,000; ask for fewer"),
        ({"grid": ["train.hidden=[1000000,1000000]"]}, "sweep.grid: expected a network that fits"),
        ({"grid": ["train.augment.shift=interval(0,30)"], "samples": 3},
         "train.augment.shift: expected less than the images' 28 x 28 pixels, got 30"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("folder")
def test_values_that_do_not_go_together_are_told_in_a_line(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(StageError) as caught:
        call(sweep, **CASE.options | options)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("content", ["", "a: [", "train: {}", "train: {gain: much}"])
@pytest.mark.usefixtures("folder")
def test_params_yaml_without_a_training_is_told_in_a_line(content: str) -> None:
    Path("params.yaml").write_text(content)
    with pytest.raises(StageError, match=r"\Aparams.yaml: expected a section train .*make check\Z"):
        call(sweep, **CASE.options)


@pytest.mark.usefixtures("folder")
def test_a_training_that_leaves_the_finite_numbers_comes_last() -> None:
    write_params(**OWN | {"activation": "relu"})
    call(sweep, **CASE.options | {"grid": ["train.learning_rate=1e6,0.5", "train.gain=2,100"]})
    costs = {row["learning_rate"]: row["validation_cost"] for row in rows_of(RUNS)}
    assert costs["1e+06"] == "inf"
    last = rows_of(RANKS)[-1]
    assert (last["learning_rate"], last["diverged"]) == ("1e+06", "2")
    finding, figure = finding_and_figure_of(CLAIM)
    assert "diverged: they come last" in finding.measured
    texts = [text.get_text() for text in figure.findobj(Text)]
    assert texts.count("diverged") == sum(row["diverged"] != "0" for row in rows_of(RANKS))


def rewrite(accuracy: Callable[[bool, int], float]) -> None:
    """Give the networks with other seeds another accuracy, by whether they are the own ones."""
    table = rows_of(RUNS)
    for row in table:
        if row["part"] == "again":
            own = (row["learning_rate"], row["hidden"]) == ("2", "[5]")
            row["validation_accuracy"] = str(accuracy(own, int(row["seed"]) - 7))
    write_rows(RUNS, [*table[0]], [[*row.values()] for row in table])


@pytest.mark.parametrize(
    ("gain", "noise", "verdict"),
    [
        (0.1, 0.01, Verdict.HELD),
        (0.1, 0.2, Verdict.PARTLY),
        (0.0305, 0.01, Verdict.HELD),  # 4.303 standard errors of 0.00707, from 2 and 2 networks
        (0.0303, 0.01, Verdict.PARTLY),
        (-0.1, 0.01, Verdict.NOT_HELD),
        (0.1, 0.0, Verdict.HELD),
    ],
    ids=["clear", "maybe chance", "just clear", "just not", "worse", "no spread at all"],
)
@pytest.mark.usefixtures("folder")
def test_the_verdict_follows_the_numbers(gain: float, noise: float, verdict: Verdict) -> None:
    rewrite(lambda own, n: 0.5 + gain * (not own) + noise * n)
    assert rows_of(RANKS)[0]["own"] == "0"
    assert finding_of(CLAIM).verdict == verdict


@pytest.mark.usefixtures("folder")
def test_the_best_may_be_params_yamls_own() -> None:
    call(sweep, **CASE.options | {"grid": ["train.learning_rate=2,1e-6,1e-7"], "epochs": 20})
    finding, _ = finding_and_figure_of(CLAIM)
    assert finding.title.startswith("None of 3 combinations beats params.yaml's own: ")
    assert finding.verdict == Verdict.NOT_HELD


@pytest.mark.parametrize("path", FILES)
@pytest.mark.usefixtures("folder")
def test_tables_of_two_sweeps_are_refused(path: Path) -> None:
    other = path.read_bytes()
    call(sweep, **CASE.options | {"grid": ["train.gain=1,2"]})
    path.write_bytes(other)
    with pytest.raises(StageError, match="run dvc repro"):
        CLAIM.read()


def test_a_point_that_diverged_comes_last_however_many_it_reads() -> None:
    results = [np.array([[0.3, 0.9], [np.inf, 0.9]]), np.array([[0.5, 0.1], [0.5, 0.1]])]
    ranks = ranked([{"gain": n} for n in (1, 2)], {"gain": 2}, results)
    assert [(each.point["gain"], each.diverged) for each in ranks] == [(2, 0), (1, 1)]


def test_costs_are_compared_where_accuracies_are_equal() -> None:
    results = [np.array([[cost, 0.5], [cost, 0.5]]) for cost in (0.3, 0.1, 0.2)]
    ranks = ranked([{"gain": n} for n in (1, 2, 3)], {"gain": 3}, results)
    assert [each.point["gain"] for each in ranks] == [2, 3, 1]
    assert [each.current for each in ranks] == [False, True, False]
