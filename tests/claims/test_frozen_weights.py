"""Steps with old weights and with new ones, as a slow calculation makes them layer by layer."""

from collections.abc import Iterator
from statistics import fmean

import numpy as np
import pytest

from nn import Network
from stages.claims.frozen_weights.measure import frozen_weights
from stages.claims.frozen_weights.verdict import Descents, Updates, judge
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import targets_of
from stages.common.files.arrays import Floats, load_labelled
from stages.common.files.paths import TEST, TRAIN, claim_table
from tests.claims import plain
from tests.claims.shared import Case, Row, rows_of, t_interval

TABLE = claim_table("frozen_weights")
WAYS = "all at once", "old errors", "layer by layer"
RATES = {"gentle": 0.5, "long": 5.0}


def known_numbers(_: Finding) -> set[str]:
    """The numbers that the words may hold, from the table by other means."""
    rows = rows_of(TABLE)
    shape = rows[0]["network"]
    known = {shape, *shape.split("-"), str(shape.count("-")), "95", "64", "0"}
    known |= {f"{int(rows[0][name]):,}" for name in ("images", "epochs", "batch_size")}
    known |= {f"{float(row['rate']):g}" for row in rows}
    known.add(str(len({row["seed"] for row in rows})))
    for step in RATES:
        old = accuracies(step, WAYS[0])
        for way in WAYS:
            own = [row for row in rows if (row["step"], row["way"]) == (step, way)]
            means = {name: fmean(float(row[name]) for row in own) for name in NUMBERS}
            known |= {f"{means[name]:.2g}" for name in NUMBERS if name.startswith("apart")}
            known |= {f"{100 * means[name]:z.1f}" for name in NUMBERS if name.startswith("fall")}
            known |= {f"{means['cost']:.3f}", f"{100 * means['accuracy']:.1f}"}
            low, gain, high = t_interval(
                [100 * (a - b) for a, b in zip(accuracies(step, way), old, strict=True)]
            )
            known |= {f"{value:+z.2f}" for value in (low, gain, high)}
            known |= {f"{gain:+z.1f}", f"{abs(gain):.1f}"}
    return known


NUMBERS = ("apart_start", "apart_end", "fall_start", "fall_end", "cost", "accuracy")


def accuracies(step: str, way: str) -> list[float]:
    return [float(r["accuracy"]) for r in rows_of(TABLE) if (r["step"], r["way"]) == (step, way)]


CASE = Case(
    frozen_weights,
    {
        "hidden": [6, 5], "images": 200, "epochs": 2, "gentle": 0.5, "long": 5.0, "batch_size": 20,
        "batches": 2, "directions": 30, "nudge": 1e-3, "seeds": 2, "seed": 4,
    },
    {
        "hidden": [7], "images": 150, "epochs": 1, "gentle": 0.4, "long": 4.0, "batch_size": 25,
        "batches": 3, "directions": 20, "nudge": 0.5, "seeds": 3, "seed": 5,
    },
    (TABLE,),
    known_numbers,
    of_shape=lambda shape: {"hidden": [*shape.hidden], "images": 40},
    shapes=("wide", "deep, 3 classes", "26 classes of 4 x 12",
            "one neuron, one pixel, two classes"),
)  # fmt: skip


def slow_step(
    layers: plain.Layers, way: str, inputs: Floats, targets: Floats, rate: float
) -> plain.Layers:
    """Weights and biases after one step, image by image and layer by layer."""
    if way == WAYS[0]:
        moves = plain.mean_gradient(layers, inputs, targets)
        return stepped(layers, moves, rate, range(len(layers)))
    if way == WAYS[2]:
        for place in reversed(range(len(layers))):
            moves = plain.mean_gradient(layers, inputs, targets)
            layers = stepped(layers, moves, rate, [place])
        return layers
    seen = [plain.activations(layers, x) for x in inputs.T]
    errors = [2 * (a[-1] - y) * a[-1] * (1 - a[-1]) for a, y in zip(seen, targets.T, strict=True)]
    for place in reversed(range(len(layers))):
        dw = plain.mean([np.outer(e, a[place]) for e, a in zip(errors, seen, strict=True)])
        layers = stepped(layers, [(dw, plain.mean(errors))] * len(layers), rate, [place])
        w = layers[place][0]
        errors = [w.T @ e * a[place] * (1 - a[place]) for e, a in zip(errors, seen, strict=True)]
    return layers


def stepped(
    layers: plain.Layers, moves: plain.Layers, rate: float, places: range | list[int]
) -> plain.Layers:
    """All layers, of which some went against their derivatives."""
    after = [*layers]
    for place in places:
        (w, b), (dw, db) = layers[place], moves[place]
        after[place] = w - rate * dw, b - rate * db
    return after


def first_layers(seed: int) -> plain.Layers:
    """A network's first weights."""
    rng = np.random.default_rng(seed).spawn(2)[0]
    return plain.layers_of(Network.random((784, 6, 5, 10), "sigmoid", "quadratic", rng=rng, gain=2))


def batches(epochs: int) -> Iterator[slice]:
    """The mini-batches of the case, in the order in which all networks see them."""
    rng = np.random.default_rng(4)
    for _ in range(epochs):
        for start in rng.permutation(range(0, 200, 20)):
            yield slice(start, start + 20)


def slow_training(step: str, way: str, seed: int) -> plain.Layers:
    """Weights and biases after the training of the case."""
    images, labels = load_labelled(TRAIN)
    inputs, targets, layers = images.T / 255, targets_of(labels, 10), first_layers(seed)
    for done, rows in enumerate(batches(2)):
        rate = RATES[step] * (1 - done / 20)
        layers = slow_step(layers, way, inputs[:, rows], targets[:, rows], rate)
    return layers


def row_of(step: str, way: str, seed: int) -> Row:
    return next(
        row for row in rows_of(TABLE)
        if (row["step"], row["way"], row["seed"]) == (step, way, str(seed))
    )  # fmt: skip


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("step", RATES)
def test_networks_learn_as_in_a_slow_training(step: str, way: str) -> None:
    images, labels = load_labelled(TRAIN)
    tests, truths = load_labelled(TEST)
    for seed in (4, 5):
        layers, row = slow_training(step, way, seed), row_of(step, way, seed)
        costs = [
            plain.cost(layers, x / 255, y)
            for x, y in zip(images[:200], targets_of(labels[:200], 10).T, strict=True)
        ]
        assert float(row["cost"]) == pytest.approx(fmean(costs), rel=1e-3)  # float32
        guesses = [plain.activations(layers, image / 255)[-1].argmax() for image in tests]
        assert float(row["accuracy"]) == pytest.approx(np.mean(guesses == truths), abs=1 / 59)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("when", ["start", "end"])
@pytest.mark.parametrize("step", RATES)
def test_steps_are_as_far_from_the_gradient_as_a_slow_calculation_says(
    step: str, when: str
) -> None:
    images, labels = load_labelled(TRAIN)
    inputs, targets = images.T / 255, targets_of(labels, 10)
    layers = first_layers(4) if when == "start" else slow_training(step, WAYS[0], 4)
    rate = RATES[step]
    for way in WAYS:
        square, whole, falls = 0.0, 0.0, []
        for rows in (slice(0, 20), slice(20, 40)):
            x, y = inputs[:, rows], targets[:, rows]
            gradient = plain.flat(plain.mean_gradient(layers, x, y))
            after = slow_step(layers, way, x, y, rate)
            move = (plain.flat(layers) - plain.flat(after)) / rate
            square, whole = square + ((move - gradient) ** 2).sum(), whole + (gradient**2).sum()
            costs = [
                fmean(plain.cost(each, *pair) for pair in zip(x.T, y.T, strict=True))
                for each in (layers, after)
            ]
            falls.append(1 - costs[1] / costs[0])
        row = row_of(step, way, 4)
        # 60 random directions estimate a length to a tenth or so; the gradient's is exact.
        share = (square / whole) ** 0.5
        assert float(row[f"apart_{when}"]) == pytest.approx(share, rel=0.4, abs=1e-6)
        # What is trained in float32 is not quite where the slow training ends.
        assert float(row[f"fall_{when}"]) == pytest.approx(fmean(falls), rel=2e-3, abs=1e-6)


@pytest.mark.usefixtures("folder")
def test_only_the_step_with_old_weights_is_the_gradients() -> None:
    for row in rows_of(TABLE):
        for when in ("start", "end"):
            assert (float(row[f"apart_{when}"]) < 1e-5) == (row["way"] == WAYS[0])


def updates(old: float, nearest: float) -> Updates:
    """Made-up networks whose steps are so far from the gradient."""
    same = np.array([0.9, 0.8])

    def descents(start: float, end: float) -> Descents:
        apart = {"start": np.full(2, start), "end": np.full(2, end)}
        return Descents(1, apart, {"start": same, "end": same}, same, same)

    outcomes = {
        (step, way): descents(old, old / 2) if way == WAYS[0] else descents(0.5, 0.4)
        for step in RATES
        for way in WAYS
    }
    outcomes["long", WAYS[1]] = descents(0.5, nearest)
    return Updates("4-3-2", 100, 2, 10, outcomes)


@pytest.mark.parametrize(
    ("old", "nearest", "verdict"),
    [
        (0.00099, 0.00101, Verdict.HELD),
        (0.00099, 0.00099, Verdict.PARTLY),
        (0.00101, 0.00101, Verdict.NOT_HELD),
        (0.00101, 0.00099, Verdict.NOT_HELD),
    ],
)
def test_the_verdict_asks_for_a_thousandth_of_the_gradient(
    old: float, nearest: float, verdict: Verdict
) -> None:
    finding = judge(updates(old, nearest))
    assert finding.verdict == verdict
    assert finding.estimate.value == pytest.approx(100 * nearest)
    assert finding.plain.startswith("Yes") == (nearest > 0.001)


@pytest.mark.parametrize("way", WAYS[1:])
@pytest.mark.parametrize("when", ["start", "end"])
def test_one_other_way_that_gives_the_gradient_is_enough_for_in_part(way: str, when: str) -> None:
    made = updates(0, 0.4)
    made.descents["long", way].apart[when][:] = 0
    assert judge(made).verdict == Verdict.PARTLY
