"""The weights that grow most in a real step, and what the neurons at their two ends do."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from nn import SGD, Dataset, Network, Settings, feedforward, layers_of
from stages.claims.hebb.claim import CLAIM
from stages.claims.hebb.measure import hebb
from stages.claims.shared.claim import Finding, Verdict
from stages.common.files.arrays import load_arrays, load_labelled
from stages.common.files.atomic import StageError
from stages.common.files.paths import SIBLINGS, TRAIN, claim_arrays, claim_table
from tests.claims.shared import (
    Case,
    Row,
    finding_of,
    rows_of,
    t_interval,
    write_rows,
    write_siblings,
)
from tests.sample import call

TABLE, STEP = claim_table("hebb"), claim_arrays("hebb")
IMAGES, SHARE = 9, 0.2
RULES = ("wanted", "together")


def values(epoch: str, layer: str, share: str) -> list[float]:
    """One column of the table, for one epoch and layer."""
    return [float(r[share]) for r in rows_of(TABLE) if (r["epoch"], r["layer"]) == (epoch, layer)]


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the table and the step by other means."""
    step, rows = load_arrays(STEP), rows_of(TABLE)
    epochs = sorted({row["epoch"] for row in rows}, key=int)
    layers = {row["layer"] for row in rows}
    outputs, label = step["outputs"], int(step["label"])
    numbers = {"1", "2", "95", str(step["images"]), f"{100 * float(step['share']):.0f}", epochs[-1]}
    numbers |= {str(label), f"{outputs[label]:z.2f}", str(len({row["seed"] for row in rows}))}
    numbers |= {str(int(layer) + more) for layer in layers for more in (0, 1)}
    lows, means = [], {}
    for epoch in (epochs[0], epochs[-1]):
        for layer in layers:
            for rule in RULES:
                low, mean, high = t_interval(values(epoch, layer, rule))
                base = np.mean(values(epoch, layer, f"{rule}_of_all"))
                for share in (mean, max(0.0, low), min(1.0, high), base):
                    numbers |= {f"{100 * share + bit:z.0f}" for bit in (-1e-9, 1e-9)}
                if rule == "wanted":
                    lows.append(low)
                    means[epoch, layer] = max(0.0, low), mean, min(1.0, high)
    right = sum(low >= 0.75 for low in lows)
    wanted = {len(lows): Verdict.HELD, 0: Verdict.NOT_HELD}.get(right, Verdict.PARTLY)
    assert finding.verdict == wanted
    worst = min(means.values(), key=lambda ends: ends[1])
    interval = (finding.estimate.low, finding.estimate.value, finding.estimate.high)
    assert interval == pytest.approx([100 * end for end in worst])
    return numbers


CASE = Case(
    hebb,
    {"images": IMAGES, "share": SHARE},
    {"images": 8, "share": 0.5},
    (TABLE, STEP),
    known_numbers,
    inputs="trained_run",
    prepare=write_siblings,
)


def sibling(epoch: int, place: int) -> tuple[Network, str]:
    """One of the networks, in float64, and its seed."""
    arrays = load_arrays(SIBLINGS)
    parameters = arrays["parameters"][[0, 1, 3].index(epoch), place].astype(np.float64)
    return Network((784, 6, 5, 10), "sigmoid", "quadratic", parameters), str(arrays["seeds"][place])


def activations_of(network: Network, image: Any) -> list[list[float]]:
    """All activations for one image, layer by layer, one neuron at a time."""
    layers = [[grey / 255 for grey in image]]
    for w, b in zip(network.weights, network.biases, strict=True):
        zs = [math.fsum(w[j] * layers[-1]) + b[j] for j in range(len(b))]
        layers.append([1 / (1 + math.exp(-z)) for z in zs])
    return layers


def cost_with(network: Network, layers: list[list[float]], at: int, moved: int, by: float,
                 label: int) -> float:  # fmt: skip
    """The cost if one neuron of a layer were brighter by so much."""
    a = np.array(layers[at])
    a[moved] += by
    for w, b in zip(network.weights[at:], network.biases[at:], strict=True):
        a = 1 / (1 + np.exp(-(w @ a + b)))
    return float(np.square(a - np.eye(10)[label]).sum())


def steps_of(network: Network, image: Any, label: int) -> list[Any]:
    """What one step of gradient descent for one image changes of each layer's weights."""
    stepped = replace(network, parameters=network.parameters.copy())
    examples = Dataset(image[np.newaxis], np.array([label]), 1 / 255)
    settings = Settings(learning_rate=1e6, epochs=1, batch_size=1)
    SGD(stepped, examples, settings, np.random.default_rng(0)).epoch()
    weights, _ = layers_of(stepped.parameters - network.parameters, network.sizes)
    return weights


def counted(network: Network, image: Any, label: int) -> dict[int, list[float]]:
    """By layer, of how many weights the ends are as both rules say: of the most growing, of all.

    Layers of which no weight grows are left out.
    """
    layers, shares = activations_of(network, image), {}
    for layer, growth in enumerate(steps_of(network, image, label)):
        before, after = layers[layer], layers[layer + 1]
        pairs = [(growth[j, k], j, k) for j in range(len(after)) for k in range(len(before))]
        growing = sorted((pair for pair in pairs if pair[0] > 1e-9), reverse=True)
        wished = [
            cost_with(network, layers, layer + 1, j, 1e-6, label)
            < cost_with(network, layers, layer + 1, j, -1e-6, label)
            for j in range(len(after))
        ]
        bright = [[a > sum(those) / len(those) for a in those] for those in (before, after)]
        if growing:
            shares[layer] = [
                sum(bright[0][k] and after_is[j] for _, j, k in some) / len(some)
                for some in (growing[: math.ceil(SHARE * len(growing))], pairs)
                for after_is in (wished, bright[1])
            ]
    return shares


@pytest.mark.parametrize(("epoch", "place"), [(0, 0), (3, 4)])
@pytest.mark.usefixtures("folder")
def test_the_ends_of_the_weights_that_a_real_step_makes_grow_most_are_counted(
    epoch: int, place: int
) -> None:
    network, seed = sibling(epoch, place)
    stored, labels = (part[:IMAGES] for part in load_labelled(TRAIN))
    shares = [counted(network, *pair) for pair in zip(stored, labels.tolist(), strict=True)]
    for layer in range(3):
        (row,) = (
            row
            for row in rows_of(TABLE)
            if (row["epoch"], row["seed"], row["layer"]) == (str(epoch), seed, str(layer))
        )
        written = [float(row[name]) for name in (*RULES, "wanted_of_all", "together_of_all")]
        mean = np.mean([image[layer] for image in shares if layer in image], axis=0)
        np.testing.assert_allclose(written, mean, atol=0.02 if layer == 0 else 2e-6)


@pytest.mark.usefixtures("folder")
def test_the_drawn_step_is_that_of_the_closed_form() -> None:
    network, _ = sibling(0, 0)
    step, (stored, labels) = load_arrays(STEP), load_labelled(TRAIN)
    assert int(step["label"]) == labels[0]
    np.testing.assert_array_equal(step["image"].ravel(), stored[0])
    outputs = feedforward(network, stored[:1].T / 255)[:, 0]
    np.testing.assert_allclose(step["outputs"], outputs, rtol=1e-6)
    gaps = np.eye(10)[labels[0]] - outputs
    np.testing.assert_allclose(step["wishes"], 2 * gaps, rtol=1e-6)
    growth = np.outer(2 * gaps * outputs * (1 - outputs), step["before"])
    np.testing.assert_allclose(step["growth"], growth, rtol=1e-6)


@pytest.mark.usefixtures("folder")
def test_more_images_than_there_are_is_named() -> None:
    with pytest.raises(StageError, match=r"hebb.images: expected 1 to 250 in .*, got 251"):
        call(hebb, images=251, share=0.1)


@pytest.mark.parametrize(
    ("wanted", "verdict"),
    [
        (lambda _: 0.75, Verdict.HELD),
        (lambda row: 0.75 if row["layer"] == "2" else 0.7499, Verdict.PARTLY),
        (lambda row: 0.9 if row["epoch"] == "1" else 0.7499, Verdict.NOT_HELD),
        (lambda row: 0.6 if row["seed"] == "1000" else 0.9, Verdict.NOT_HELD),
    ],
)
@pytest.mark.usefixtures("folder")
def test_three_in_four_decide_in_every_layer(wanted: Any, verdict: Verdict) -> None:
    rows: list[Row] = rows_of(TABLE)
    for row in rows:
        row["wanted"] = str(wanted(row))
    write_rows(TABLE, [*rows[0]], [[*row.values()] for row in rows])
    finding = finding_of(CLAIM)
    assert finding.verdict == verdict
    known_numbers(finding)


@pytest.mark.usefixtures("folder")
def test_a_table_without_one_of_its_rows_is_refused() -> None:
    rows = rows_of(TABLE)
    write_rows(TABLE, [*rows[0]], [[*row.values()] for row in rows[1:]])
    with pytest.raises(StageError, match="hebb writes: 5 networks for each epoch and layer"):
        CLAIM.read()
