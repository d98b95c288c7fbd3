"""Few connections: weights sorted by hand, networks cut and taught slowly, half of them judged."""

from statistics import mean, stdev
from typing import Any

import numpy as np
import pytest
from scipy.stats import sem, t

from stages.claims.pipes.claim import CLAIM
from stages.claims.pipes.measure import GAIN, largest, pipes
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import targets_of
from stages.common.files.arrays import Floats, load_arrays, load_labelled
from stages.common.files.paths import (
    BATCH_SIZE,
    NETWORK,
    SIBLINGS,
    TEST,
    TRAIN,
    VALIDATION,
    claim_table,
)
from stages.common.models.model import load_model
from stages.common.models.training import own_section
from stages.train import train
from tests.claims import plain
from tests.claims.shared import Case, Row, figure_of, finding_of, rows_of, write_params, write_rows
from tests.sample import call

TABLE = claim_table("pipes")
HEADER = ("kind", "network", "weights", "share", "epochs", "seed", "validation_accuracy",
          "test_accuracy")  # fmt: skip


def percents(rows: list[Row], images: str = "test") -> list[float]:
    return [100 * float(row[f"{images}_accuracy"]) for row in rows]


def groups() -> dict[tuple[str, str, str, str], list[Row]]:
    """Networks that differ by chance alone: kind, shape, share and epochs."""
    by_kind: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows_of(TABLE):
        key = (row["kind"], row["network"], row["share"], row["epochs"])
        by_kind.setdefault(key, []).append(row)
    return by_kind


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the table by other means."""
    known = {"95", "0"}
    for (_, network, share, epochs), rows in groups().items():
        shares = percents(rows)
        ends = shares[:1] * 2
        if stdev(shares) > 0:
            ends = [*map(float, t.interval(0.95, len(shares) - 1, mean(shares), sem(shares)))]
        known |= {f"{each:z.1f}" for each in (mean(shares), *ends)}
        known |= {network, *network.split("-"), epochs, str(len(rows))}
        known |= {f"{int(rows[0]['weights']):,}", f"{100 * float(share):.0f}"}
    built = {}
    for (kind, network, _, epochs), rows in groups().items():
        if kind == "built":
            built[network, int(epochs)] = mean(percents(rows, "validation"))
    shapes = {network for network, _ in built}
    short, long = (pick(epochs for _, epochs in built) for pick in (min, max))
    gains = [built[network, long] - built[network, short] for network in shapes]
    known |= {f"{gain:z.1f}" for gain in (min(gains), max(gains))}
    value, low, high = losses(0.5)
    assert finding.estimate.value == pytest.approx(value)
    assert (finding.estimate.low, finding.estimate.high) == pytest.approx((low, high))
    return known


def losses(share: float, kind: str = "cut") -> tuple[float, float, float]:
    """Points that networks lose with the share next to this one, and their interval."""
    rows = [row for row in rows_of(TABLE) if row["kind"] == kind]
    shares = {float(row["share"]) for row in rows}
    near = min(shares - {1.0} or shares, key=lambda each: abs(each - share))
    every, some = (percents([r for r in rows if float(r["share"]) == s]) for s in (1.0, near))
    gaps = [a - b for a, b in zip(every, some, strict=True)]
    return plain.interval(gaps)


CASE = Case(
    pipes,
    {
        "widths": [3, 5], "learning_rate": 0.1, "momentum": 0.5, "weight_decay": 0.001,
        "batch_size": 20, "epochs": 3, "networks": 2, "shares": [0.5, 0.2], "epochs_after": 1,
        "seed": 4,
    },
    {
        "widths": [4], "learning_rate": 0.2, "momentum": 0.9, "weight_decay": 0.1,
        "batch_size": 30, "epochs": 4, "networks": 3, "shares": [0.5], "epochs_after": 2,
        "seed": 5,
    },
    (TABLE,),
    known_numbers,
    inputs="drifted_run",
    variations={"all connections alone": {"shares": [1.0]}, "one width": {"widths": [4]}},
)  # fmt: skip


def test_the_largest_weights_stay_whatever_their_sign() -> None:
    weights = np.array([[0.1, -3.0, 0.0, 2.0, -0.2], [5.0, 1.0, 1.0, -1.0, 0.0]], np.float32)
    assert largest(weights, 0.4).tolist() == [[0, 1, 0, 1, 0], [1, 1, 0, 0, 0]]
    assert largest(weights, 1.0).all()
    assert largest(weights, 0.0).sum(axis=1).tolist() == [1, 1]
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(3, 101)).astype(np.float32)
    for row, kept in zip(weights, largest(weights, 0.3) == 1, strict=True):
        assert kept.sum() == 30
        assert np.abs(row[kept]).min() > np.abs(row[~kept]).max()


def sibling(place: int) -> plain.Layers:
    """A trained sibling's layers in float64."""
    network = load_model(NETWORK).network
    network.parameters[:] = load_arrays(SIBLINGS)["parameters"][-1][place]
    return plain.layers_of(network)


def thinned(layers: plain.Layers, share: float) -> list[Floats]:
    """1 for the weights that stay, by layer, found by sorting all of them."""
    sizes = sorted((abs(value) for w, _ in layers for value in w.ravel()), reverse=True)
    limit = sizes[round(share * len(sizes)) - 1]
    return [np.asarray(np.abs(w) >= limit, np.float64) for w, _ in layers]


def accuracy(layers: plain.Layers) -> float:
    """Share of the test images that are read."""
    grey, labels = load_labelled(TEST)
    inputs = load_model(NETWORK).preprocessing.feed(grey, np.float64)
    guesses = [plain.activations(layers, x)[-1].argmax() for x in inputs]
    return float(np.mean(guesses == labels))


@pytest.mark.usefixtures("folder")
def test_networks_are_cut_and_taught_as_in_a_slow_training() -> None:
    grey, labels = load_labelled(TRAIN)
    inputs = load_model(NETWORK).preprocessing.feed(grey, np.float64).T
    targets, size = targets_of(labels, 10), 10
    starts = range(0, len(labels) - size + 1, size)
    for share in (1.0, 0.5, 0.2):
        rows = [row for row in rows_of(TABLE) if row["kind"] != "built"]
        rows = [row for row in rows if float(row["share"]) == share]
        layers = sibling(1)
        kept = thinned(layers, share)
        layers = [(w * k, b) for (w, b), k in zip(layers, kept, strict=True)]
        assert {int(row["weights"]) for row in rows} == {round(share * 784 * 6 + share * 60)}
        accuracies = {
            row["kind"]: float(row["test_accuracy"]) for row in rows if row["seed"] == "1001"
        }
        assert accuracies["cut"] == pytest.approx(accuracy(layers), rel=1e-5)
        order = np.random.default_rng(4).permutation(starts).tolist()
        for done, first in enumerate(order):
            batch = np.s_[:, first : first + size]
            moves = plain.mean_gradient(layers, inputs[batch], targets[batch])
            rate = 2.0 * (1 - done / len(order))  # the siblings' first one
            layers = [
                ((w - rate * dw) * k, b - rate * db)
                for (w, b), (dw, db), k in zip(layers, moves, kept, strict=True)
            ]
        if share < 1:
            assert accuracies["trained on"] == pytest.approx(accuracy(layers), abs=1.01 / 60)


@pytest.mark.usefixtures("folder")
def test_shapes_are_built_as_train_trains_them_half_as_long_too() -> None:
    rows = [row for row in rows_of(TABLE) if row["kind"] == "built"]
    shapes = {(3,), (5,), (3, 3), (5, 5), ()}
    keys = {(row["network"], int(row["epochs"]), int(row["seed"])) for row in rows}
    names = {"-".join(map(str, (784, *hidden, 10))) for hidden in shapes}
    assert keys == {(n, epochs, seed) for n in names for epochs in (1, 3) for seed in (4, 5)}
    write_params(
        activation="leaky_relu", cost="cross_entropy", initializer="lecun", gain=GAIN,
        learning_rate=0.1, schedule="linear", momentum=0.5, weight_decay=0.001, reshuffle=True,
    )  # fmt: skip
    BATCH_SIZE.write_text('{"batch_size": 20}')
    for row in rows:
        if int(row["seed"]) == 4:  # the others see the images in its order
            hidden = [int(n) for n in row["network"].split("-")[1:-1]]
            own = {**own_section(), "hidden": hidden, "epochs": int(row["epochs"])}
            call(train, **own, patience=0, seed=4, snapshots=9, threads=1)
            model = load_model(NETWORK)
            for images, folder in (("validation", VALIDATION), ("test", TEST)):
                grey, labels = load_labelled(folder)
                guesses = model.outputs(grey.reshape(-1, 28, 28)).argmax(axis=1)
                share = np.mean(guesses == labels)
                assert float(row[f"{images}_accuracy"]) == pytest.approx(share, rel=1e-5)
            weights = sum(w.size for w in model.network.weights)
            assert int(row["weights"]) == weights


def write_table(whole: list[float], **left: list[float]) -> None:
    """Write what networks read: with all connections, and half of them cut or trained on."""
    rows: list[tuple[Any, ...]] = []
    for network, weights in (("9-3", 27), ("9-2-3", 24), ("9-2-2-3", 28)):
        for epochs in (1, 2):
            rows += [("built", network, weights, 1.0, epochs, seed, 0.8, 0.8) for seed in (0, 1)]
    for kind, share, read in (("cut", 1.0, whole), *((kind, 0.5, left[kind]) for kind in left)):
        epochs, name = int(kind == "trained"), kind.replace("trained", "trained on")
        rows += [
            (name, "9-4-3", 48 * share, share, epochs, seed, each, each)
            for seed, each in enumerate(read)
        ]
    write_rows(TABLE, HEADER, rows)


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("cut", "trained", "verdict"),
    [
        (0.0049, 0.0049, Verdict.HELD),
        (0.0049, 0.0051, Verdict.HELD),
        (0.0051, 0.0049, Verdict.PARTLY),
        (0.0051, 0.0051, Verdict.NOT_HELD),
        (0.0000, 0.0000, Verdict.HELD),
    ],
)
def test_half_a_point_lost_with_half_of_the_connections_decides(
    cut: float, trained: float, verdict: Verdict
) -> None:
    whole = [0.95, 0.96, 0.97]
    lost = {"cut": [a - cut for a in whole], "trained": [a - trained for a in whole]}
    write_table(whole, **lost)
    assert finding_of(CLAIM).verdict == verdict
    figure_of(CLAIM)


@pytest.mark.usefixtures("empty")
def test_a_loss_that_may_be_larger_by_chance_counts_as_one() -> None:
    write_table([0.95, 0.95, 0.95], cut=[0.95, 0.94, 0.95], trained=[0.95, 0.94, 0.95])
    finding = finding_of(CLAIM)
    assert finding.verdict == Verdict.NOT_HELD
    assert finding.estimate.value == pytest.approx(1 / 3)
    assert finding.estimate.high > 0.5
