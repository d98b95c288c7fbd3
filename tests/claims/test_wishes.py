"""One digit's wishes are minus the slopes of the cost, in every layer, with the right signs."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nn import cost_of, gradient
from nn.functions import Array
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import look, untrained_and_trained
from stages.claims.wishes.claim import CLAIM
from stages.claims.wishes.measure import MOST, wishes
from stages.common.files.arrays import load_arrays, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import SNAPSHOTS, claim_arrays
from stages.common.models.snapshots import save_snapshots
from tests.claims.shared import SHAPES, Case, finding_of, numbers_in, write_random_run
from tests.conftest import random_problem
from tests.sample import call

WISHES = claim_arrays("wishes")
NETWORKS = ("untrained", "trained")
SIZES = (784, 6, 5, 10)


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, by other means."""
    found = load_arrays(WISHES)
    sizes, digit = found["sizes"].tolist(), int(found["digit"])
    last, place = len(sizes) - 1, str(int(found["place"]))
    assert place in numbers_in(finding.measured)
    numbers = {"0", "1", place, str(digit), *(f"{n:,}" for n in sizes), "16"}
    numbers |= {str(layer) for layer in range(last)}
    gaps, farthest_is_loudest = [], True
    for name in NETWORKS:
        outputs, pushes = found[f"{name}_activations_{last}"], found[f"{name}_pushes_{last}"]
        distances = np.abs(np.eye(sizes[-1])[digit] - outputs)
        wishes = found[f"{name}_wishes_{last - 1}"]
        turned = sum(a * b < 0 for a, b in zip(found[f"{name}_unsigned"], wishes, strict=True))
        numbers |= {str(int(turned))}
        numbers |= {str(j) for j in (outputs.argmax(), distances.argmax(), abs(pushes).argmax())}
        numbers |= {f"{d:z.2f}" for d in (outputs.max(), *distances)}
        cost = float(found[f"{name}_cost"])
        numbers |= {f"{cost:#.3g}", f"{np.float64(f'{cost:.3g}'):,.0f}"}
        farthest_is_loudest &= distances.argmax() == abs(pushes).argmax()
        for layer in range(max(0, last - 2), last):
            sums = found[f"{name}_matrix_{layer}"].sum(axis=0, dtype=float)
            away = np.abs(sums - found[f"{name}_measured_{layer}"]).max()
            gaps.append(float(away / (np.abs(sums).max() or 1)))
            numbers.add(str(len(sums)))
        numbers |= written_out(float(np.abs(sums).max()))
    numbers.add("0.001" if max(gaps) < 1e-5 else f"{100 * max(gaps):.2g}")
    right = Verdict.HELD if farthest_is_loudest else Verdict.PARTLY
    assert finding.verdict == (right if max(gaps) <= 0.01 else Verdict.NOT_HELD)
    return numbers


def written_out(value: float) -> set[str]:
    """Two digits of a number, without an exponent."""
    return {np.format_float_positional(value, 2, fractional=False, trim="k"), f"{value:#.2g}"}


CASE = Case(
    wishes,
    {"digit": 2, "index": 0},
    {"digit": 3, "index": 1},
    (WISHES,),
    known_numbers,
    inputs="trained_run",
    of_shape=lambda shape: {"digit": shape.classes - 1},
)


@pytest.fixture
def found(folder: Path) -> dict[str, NDArray[Any]]:
    """What the stage wrote."""
    return load_arrays(folder / WISHES)


def slow_wishes(name: str, found: dict[str, NDArray[Any]]) -> list[list[float]]:
    """Every neuron's -dC/da, by the chain rule in plain loops, from the weights on disk."""
    _, networks = untrained_and_trained()
    weights = [w.tolist() for w in networks[name].weights]
    biases = [b.tolist() for b in networks[name].biases]
    layers = [[grey / 255 for grey in found["image"].ravel().tolist()]]
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
    name: str, found: dict[str, NDArray[Any]]
) -> None:
    for layer, wanted in enumerate(slow_wishes(name, found)):
        np.testing.assert_allclose(found[f"{name}_wishes_{layer}"], wanted, rtol=2e-4, atol=1e-7)


@pytest.mark.parametrize("name", NETWORKS)
def test_sums_of_wishes_are_what_moving_a_neuron_does_to_the_cost(
    name: str, found: dict[str, NDArray[Any]]
) -> None:
    for layer in (1, 2):
        sums = found[f"{name}_matrix_{layer}"].sum(axis=0)
        assert found[f"{name}_neurons_{layer}"].tolist() == list(range(SIZES[layer]))
        np.testing.assert_allclose(sums, found[f"{name}_wishes_{layer}"], rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(sums, found[f"{name}_measured_{layer}"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_three_avenues_are_entries_of_the_gradient(
    name: str, found: dict[str, NDArray[Any]]
) -> None:
    _, networks = untrained_and_trained()
    inputs = found["image"].reshape(-1, 1) / np.float64(255)
    nabla = gradient(networks[name], inputs, np.eye(10)[:, [2]])
    for layer in (1, 2, 3):
        np.testing.assert_allclose(
            found[f"{name}_pushes_{layer}"], -nabla.biases[layer - 1], rtol=1e-4, atol=1e-8
        )
    true = found[f"{name}_avenue_bias"]
    np.testing.assert_allclose(true, -nabla.biases[2][2], rtol=1e-4)
    np.testing.assert_allclose(found[f"{name}_avenue_weights"], -nabla.weights[2][2], rtol=1e-4)
    weights = networks[name].weights[2][2]
    np.testing.assert_allclose(found[f"{name}_avenue_activations"], true * weights, rtol=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_only_the_true_output_pulls_with_the_sign_of_its_weights(
    name: str, found: dict[str, NDArray[Any]]
) -> None:
    _, networks = untrained_and_trained()
    weights, matrix = networks[name].weights[2], found[f"{name}_matrix_2"]
    for j in range(10):
        assert (np.sign(matrix[j]) == np.sign(weights[j]) * (1 if j == 2 else -1)).all()
    wrong = np.abs(found[f"{name}_pushes_3"]) @ weights  # as if every output wished to rise
    np.testing.assert_allclose(found[f"{name}_unsigned"], wrong, rtol=1e-4, atol=1e-7)
    assert not np.allclose(wrong, found[f"{name}_measured_2"], rtol=0.1)


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


@pytest.mark.usefixtures("folder")
def test_the_verdict_follows_the_numbers() -> None:
    arrays = load_arrays(WISHES)
    loud = {f"{n}_pushes_3": np.where(np.arange(10) == 7, 9, 0).astype("f4") for n in NETWORKS}
    for wish, factor, verdict in (
        (7, 1, Verdict.HELD), (6, 1, Verdict.PARTLY), (7, 1.02, Verdict.NOT_HELD)
    ):  # fmt: skip
        far = {f"{n}_wishes_3": np.where(np.arange(10) == wish, 9, 0) for n in NETWORKS}
        measured = {"trained_measured_2": factor * arrays["trained_measured_2"]}
        save_arrays(WISHES, arrays | loud | far | measured)
        assert finding_of(CLAIM).verdict == verdict
