"""One digit's wishes are minus the slopes of the cost, in every layer, with the right signs."""

import math
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nn import Network, cost_of, feedforward, gradient
from nn.functions import Array
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import look, untrained_and_trained
from stages.claims.wishes.claim import CLAIM
from stages.claims.wishes.measure import MOST, ask, distances, wishes
from stages.common.files.arrays import load_arrays, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import SIBLINGS, SNAPSHOTS, claim_arrays
from stages.common.models.snapshots import save_snapshots
from tests.claims.shared import (
    SHAPES,
    Case,
    finding_of,
    numbers_in,
    write_random_run,
    write_siblings,
)
from tests.conftest import random_problem
from tests.sample import call

WISHES = claim_arrays("wishes")
NETWORKS = ("untrained", "trained")
SIZES = (784, 6, 5, 10)


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, by other means."""
    arrays = load_arrays(WISHES)
    sizes, digit = arrays["sizes"].tolist(), int(arrays["digit"])
    last, place = len(sizes) - 1, str(int(arrays["place"]))
    assert place in numbers_in(finding.measured)
    numbers = {"0", "1", place, str(digit), *(f"{n:,}" for n in sizes), "12", "0.001"}
    numbers |= {str(layer) for layer in range(last)} | {str(int(arrays["epochs"]))}
    wishes = arrays[f"untrained_wishes_{last - 1}"]
    pairs = zip(arrays["untrained_unsigned"], wishes, strict=True)
    numbers |= {str(sum(int(a * b < 0) for a, b in pairs)), str(len(wishes))}
    for name in NETWORKS:
        outputs = arrays[f"{name}_activations_{last}"]
        numbers |= {str(outputs.argmax()), f"{outputs.max():z.2f}"}
        for layer in range(max(0, last - 2), last):
            numbers.add(str(len(arrays[f"{name}_neurons_{layer}"])))
    gaps, loudest = arrays["gaps"], arrays["loudest"]
    numbers |= {f"{100 * sentence.max():.2g}" for sentence in gaps} | {str(gaps.shape[2])}
    numbers |= {str(int(loudest.sum())), str(loudest.size)}
    for shares in arrays["turned"]:
        numbers |= {f"{100 * median(shares.tolist()) + bit:z.0f}" for bit in (-1e-9, 1e-9)}
    right = sum(sentence.max() <= 0.01 for sentence in gaps)
    assert finding.verdict == {3: Verdict.HELD, 0: Verdict.NOT_HELD}.get(right, Verdict.PARTLY)
    worst = np.sort(100 * gaps.max(axis=0).max(axis=0))
    assert worst[0] <= finding.estimate.low <= finding.estimate.high <= worst[-1]
    assert finding.estimate.value == pytest.approx(median(worst.tolist()))
    return numbers


CASE = Case(
    wishes,
    {"digit": 2, "index": 0},
    {"digit": 3, "index": 1},
    (WISHES,),
    known_numbers,
    inputs="trained_run",
    prepare=write_siblings,
    of_shape=lambda shape: {"digit": shape.classes - 1},
)


@pytest.fixture
def arrays(folder: Path) -> dict[str, NDArray[Any]]:
    """What the stage wrote."""
    return load_arrays(folder / WISHES)


def slow_wishes(name: str, arrays: dict[str, NDArray[Any]]) -> list[list[float]]:
    """Every neuron's -dC/da, by the chain rule in plain loops, from the weights on disk."""
    _, networks = untrained_and_trained()
    weights = [w.tolist() for w in networks[name].weights]
    biases = [b.tolist() for b in networks[name].biases]
    layers = [[grey / 255 for grey in arrays["image"].ravel().tolist()]]
    for w, b in zip(weights, biases, strict=True):
        sums = [b[j] + sum(w[j][k] * a for k, a in enumerate(layers[-1])) for j in range(len(b))]
        layers.append([1 / (1 + math.exp(-z)) for z in sums])
    wanted = [[2 * ((j == 2) - a) for j, a in enumerate(layers[-1])]]
    for w, after in zip(weights[::-1], layers[:0:-1], strict=True):
        pushes = [wish * a * (1 - a) for wish, a in zip(wanted[0], after, strict=True)]
        wanted.insert(
            0, [sum(p * row[k] for p, row in zip(pushes, w, strict=True)) for k in range(len(w[0]))]
        )
    return wanted


@pytest.mark.parametrize("name", NETWORKS)
def test_wishes_of_every_layer_are_those_of_a_slow_loop(
    name: str, arrays: dict[str, NDArray[Any]]
) -> None:
    for layer, wanted in enumerate(slow_wishes(name, arrays)):
        np.testing.assert_allclose(arrays[f"{name}_wishes_{layer}"], wanted, rtol=2e-4, atol=1e-7)


@pytest.mark.parametrize("name", NETWORKS)
def test_sums_of_wishes_are_what_moving_a_neuron_does_to_the_cost(
    name: str, arrays: dict[str, NDArray[Any]]
) -> None:
    for layer in (1, 2):
        sums = arrays[f"{name}_matrix_{layer}"].sum(axis=0)
        assert arrays[f"{name}_neurons_{layer}"].tolist() == list(range(SIZES[layer]))
        np.testing.assert_allclose(sums, arrays[f"{name}_wishes_{layer}"], rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(sums, arrays[f"{name}_measured_{layer}"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_pushes_and_the_nudges_of_weights_are_entries_of_the_gradient(
    name: str, arrays: dict[str, NDArray[Any]]
) -> None:
    _, networks = untrained_and_trained()
    inputs = arrays["image"].reshape(-1, 1) / np.float64(255)
    nabla = gradient(networks[name], inputs, np.eye(10)[:, [2]])
    for layer in (1, 2, 3):
        np.testing.assert_allclose(
            arrays[f"{name}_pushes_{layer}"], -nabla.biases[layer - 1], rtol=1e-4, atol=1e-8
        )
    for key in ("avenue_weights", "measured_weights"):
        np.testing.assert_allclose(
            arrays[f"{name}_{key}"], -nabla.weights[2][2], rtol=1e-4, atol=1e-8
        )


def test_of_siblings_everything_is_counted_as_said(arrays: dict[str, NDArray[Any]]) -> None:
    siblings = load_arrays(SIBLINGS)
    image = arrays["image"].reshape(-1, 1) / np.float64(255)
    for when, parameters in enumerate(siblings["parameters"][[0, -1]].astype(np.float64)):
        for place, row in enumerate(parameters):
            network = Network(SIZES, "sigmoid", "quadratic", row)
            nabla = gradient(network, image, np.eye(10)[:, [2]])
            outputs = feedforward(network, image)[:, 0]
            pushes = -nabla.biases[2]
            away = np.abs(np.eye(10)[2] - outputs)
            assert arrays["loudest"][when, place] == (away.argmax() == np.abs(pushes).argmax())
            signed, unsigned = (kind @ network.weights[2] for kind in (pushes, np.abs(pushes)))
            assert arrays["turned"][when, place] == pytest.approx(np.mean(signed * unsigned < 0))
    assert (arrays["gaps"] < 1e-4).all()
    assert (arrays["gaps"][1:] > 0).all()  # measured, not computed twice


def test_a_wrong_sum_and_a_wrong_nudge_would_be_found() -> None:
    network, inputs, targets = random_problem((5, 4, 3), "sigmoid", examples=1)
    right = ask(network, inputs, targets)
    assert max(distances(right, targets[:, 0])) < 1e-6
    for name, sentence in (("wishes_2", 0), ("avenue_weights", 1), ("matrix_1", 2)):
        wrong = {**right, name: right[name].copy()}
        wrong[name].flat[0] += 0.1 * np.abs(right[name]).max()
        assert distances(wrong, targets[:, 0])[sentence] > 0.01


@pytest.mark.parametrize("name", NETWORKS)
def test_only_the_true_output_pulls_with_the_sign_of_its_weights(
    name: str, arrays: dict[str, NDArray[Any]]
) -> None:
    _, networks = untrained_and_trained()
    weights, matrix = networks[name].weights[2], arrays[f"{name}_matrix_2"]
    for j in range(10):
        assert (np.sign(matrix[j]) == np.sign(weights[j]) * (1 if j == 2 else -1)).all()
    wrong = np.abs(arrays[f"{name}_pushes_3"]) @ weights  # as if every output wished to rise
    np.testing.assert_allclose(arrays[f"{name}_unsigned"], wrong, rtol=1e-4, atol=1e-7)
    assert not np.allclose(wrong, arrays[f"{name}_measured_2"], rtol=0.1)


@pytest.mark.parametrize("cost", ["quadratic", "cross_entropy"])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu", "leaky_relu"])
def test_wishes_for_inputs_match_central_differences(activation: str, cost: str) -> None:
    network, inputs, targets = random_problem((5, 4, 4, 3), activation, cost, examples=1)
    step = 1e-6 * np.eye(5)

    def slope(direction: Array) -> float:
        ends = [cost_of(network, inputs + s * direction[:, None], targets) for s in (1, -1)]
        return (ends[0] - ends[1]) / 2e-6

    expected = [-slope(direction) for direction in step]
    layers = look(network, inputs.astype(np.float64), targets.astype(np.float64))
    np.testing.assert_allclose(layers.wishes[0][:, 0], expected, rtol=1e-5, atol=1e-8)
    nabla = gradient(network, inputs, targets)
    for push, biases in zip(layers.pushes, nabla.biases, strict=True):
        np.testing.assert_allclose(push[:, 0], -biases, rtol=1e-10, atol=1e-14)


@pytest.mark.usefixtures("folder")
def test_a_digit_or_image_that_is_not_there_is_named() -> None:
    with pytest.raises(StageError, match=r"wishes.digit: expected a class .* got 10"):
        call(wishes, digit=10, index=0)
    with pytest.raises(StageError, match=r"wishes.index: expected 0 to .* got 99"):
        call(wishes, digit=2, index=99)


@pytest.mark.usefixtures("folder")
def test_snapshots_of_another_network_are_refused() -> None:
    save_snapshots(SNAPSHOTS, dict(enumerate(np.zeros((2, 7), np.float32))))
    with pytest.raises(StageError, match="expected 2 rows of 4,805 parameters"):
        call(wishes, digit=2, index=0)


@pytest.mark.usefixtures("empty")
def test_of_wide_layers_those_most_wished_for_are_kept() -> None:
    write_random_run(SHAPES["wide"])
    call(wishes, digit=0, index=0)
    kept = {name: len(a) for name, a in load_arrays(WISHES).items() if "_neurons_" in name}
    assert {*kept.values()} == {MOST}


@pytest.mark.parametrize(
    ("gaps", "verdict"),
    [
        ((0.0099, 0.0099, 0.0099), Verdict.HELD),
        ((0.0099, 0.0101, 0.0099), Verdict.PARTLY),
        ((0.0101, 0.0101, 0.0101), Verdict.NOT_HELD),
    ],
)
@pytest.mark.usefixtures("folder")
def test_one_network_off_by_more_than_one_percent_decides(
    gaps: tuple[float, ...], verdict: Verdict
) -> None:
    arrays = load_arrays(WISHES)
    changed = np.zeros_like(arrays["gaps"])
    changed[:, 1, 2] = gaps
    save_arrays(WISHES, arrays | {"gaps": changed})
    finding = finding_of(CLAIM)
    assert finding.verdict == verdict
    known_numbers(finding)
