"""Networks of which some layers learn: those change as in a slow loop, and the others stay."""

from statistics import median

import numpy as np
import pytest

from nn import Network
from stages.claims.layers_alone.claim import CLAIM
from stages.claims.layers_alone.measure import layers_alone, parts_of
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import targets_of
from stages.common.files.arrays import load_labelled
from stages.common.files.paths import TEST, TRAIN, claim_table
from tests.claims import plain
from tests.claims.shared import Case, figure_of, finding_of, rows_of, write_rows

TABLE = claim_table("layers_alone")
HEADER = ("network", "layers", "images", "epochs", "learning_rate", "batch_size", "seed",
          "accuracy")  # fmt: skip


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the table by other means."""
    rows = rows_of(TABLE)
    known = {rows[0]["network"], "95", "10", f"{int(rows[0]['images']):,}"}
    known |= {f"{float(rows[0]['learning_rate']):g}", "0", *(row["epochs"] for row in rows)}
    known |= {*rows[0]["network"].split("-")}
    shares = {row["layers"]: accuracies(row["layers"]) for row in rows}
    every = next(iter(shares.values()))
    known.add(str(len(every)))
    for own in shares.values():
        cuts = np.quantile(own, [0.25, 0.75])
        known |= {f"{100 * share:.1f}" for share in (median(own), *cuts)}
    last = shares[rows[0]["layers"].split()[-1]] if len(shares) > 1 else every
    known |= interval(every, last)
    return known


def accuracies(layers: str) -> list[float]:
    return [float(row["accuracy"]) for row in rows_of(TABLE) if row["layers"] == layers]


def interval(every: list[float], some: list[float]) -> set[str]:
    """How far all layers are ahead, in words."""
    gains = [100 * (a - b) for a, b in zip(every, some, strict=True)]
    return {f"{value:z.1f}" for value in plain.interval(gains)}


CASE = Case(
    layers_alone,
    {
        "hidden": [6, 5], "images": 200, "epochs": 3, "epochs_factor": 2, "learning_rate": 3.0,
        "batch_size": 20, "seeds": 2, "seed": 4,
    },
    {
        "hidden": [7], "images": 150, "epochs": 2, "epochs_factor": 3, "learning_rate": 1.0,
        "batch_size": 30, "seeds": 3, "seed": 5,
    },
    (TABLE,),
    known_numbers,
    of_shape=lambda shape: {"hidden": [*shape.hidden], "images": 40},
    shapes=("wide", "deep, 3 classes", "26 classes of 4 x 12",
            "one neuron, one pixel, two classes"),
)  # fmt: skip


def slow_training(part: tuple[int, ...], epochs: int, seed: int) -> float:
    """Accuracy of a network that is trained image by image; ``part`` are layers from 0."""
    weights_rng, order_rng = np.random.default_rng(seed).spawn(2)
    start = Network.random((784, 6, 5, 10), "sigmoid", "quadratic", rng=weights_rng, gain=2.0)
    layers = plain.layers_of(start)
    images, labels = load_labelled(TRAIN)
    inputs, targets = images.T / 255, targets_of(labels, 10)
    steps = [s for _ in range(epochs) for s in order_rng.permutation(range(0, 200, 20))]
    for done, first in enumerate(steps):
        rate = 3.0 * (1 - done / len(steps))
        batch = np.s_[:, first : first + 20]
        moves = plain.mean_gradient(layers, inputs[batch], targets[batch])
        for layer in part:
            (w, b), (dw, db) = layers[layer], moves[layer]
            layers[layer] = w - rate * dw, b - rate * db
    images, labels = load_labelled(TEST)
    guesses = [plain.activations(layers, image / 255)[-1].argmax() for image in images]
    return float(np.mean(guesses == labels))


@pytest.mark.usefixtures("folder")
def test_some_layers_learn_as_in_a_slow_training_and_the_others_stay() -> None:
    assert {tuple(int(n) - 1 for n in row["layers"].split()) for row in rows_of(TABLE)} == {
        (0, 1, 2), (1, 2), (2,), (0, 1), (0,)
    }  # fmt: skip
    for row in rows_of(TABLE):
        part = tuple(int(n) - 1 for n in row["layers"].split())
        epochs = 6 if part[0] else 3
        assert int(row["epochs"]) == epochs
        accuracy = slow_training(part, epochs, int(row["seed"]))
        assert float(row["accuracy"]) == pytest.approx(accuracy, abs=1 / 59)  # float32: one image


def test_every_choice_of_layers_comes_once_and_all_of_them_first() -> None:
    assert parts_of(4) == [(0, 1, 2, 3), (2, 3), (3,), (0, 1, 2), (0,)]
    assert parts_of(2) == [(0, 1), (1,), (0,)]


def write(shares: dict[str, list[float]]) -> None:
    """Write a table of networks that read so much, by the layers that learn."""
    rows = [
        ("4-3-3-2", layers, 100, 3, 2.0, 10, seed, share)
        for layers, own in shares.items()
        for seed, share in enumerate(own)
    ]
    write_rows(TABLE, HEADER, rows)


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("two", "one", "verdict"),
    [
        (0.849, 0.849, Verdict.HELD),
        (0.851, 0.849, Verdict.PARTLY),
        (0.851, 0.851, Verdict.NOT_HELD),
        (0.849, 0.851, Verdict.NOT_HELD),
    ],
)
def test_the_verdict_asks_for_five_points(two: float, one: float, verdict: Verdict) -> None:
    every = [0.89, 0.90, 0.91]
    same = {"2 3": two - 0.9, "3": one - 0.9}
    shares = {"1 2 3": every, **{k: [a + gap for a in every] for k, gap in same.items()}}
    write(shares)
    assert finding_of(CLAIM).verdict == verdict
    figure_of(CLAIM)


@pytest.mark.usefixtures("empty")
def test_a_lead_that_may_be_chance_does_not_count() -> None:
    write({"1 2 3": [0.9, 0.9, 0.9], "2 3": [0.5, 0.9, 0.7], "3": [0.5, 0.9, 0.7]})
    finding = finding_of(CLAIM)
    assert finding.verdict == Verdict.NOT_HELD
    assert finding.estimate.value == pytest.approx(20)
    assert finding.estimate.low < 0
