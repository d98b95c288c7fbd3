"""One digit's wishes are minus the slopes of the cost, in every layer, with the right signs."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nn import cost_of, gradient
from nn.functions import Array
from stages.claims.shared.networks import look, untrained_and_trained
from stages.claims.wishes.figure import CLAIM
from stages.claims.wishes.measure import MOST, wishes
from stages.common.files.arrays import load_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import TEST
from stages.common.models.snapshots import save_snapshots
from tests.claims.shared import (
    SHAPES,
    Options,
    Shape,
    check_parameters,
    copied,
    drawn,
    finish,
    numbers_in,
    write_random_run,
)
from tests.conftest import random_problem

WISHES = Path("data/claims/wishes.npz")
NETWORKS = ("untrained", "trained")
SIZES = (784, 6, 5, 10)
OPTIONS: Options = {"digit": 2, "index": 0}
CHANGES = {"digit": 3, "index": 1}


@pytest.fixture(scope="module")
def finished(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish(copied(trained_run, tmp_path_factory.mktemp("wishes")), wishes, OPTIONS)


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
def test_the_same_image_gives_the_same_bytes_and_another_one_others() -> None:
    outputs = check_parameters(wishes, OPTIONS, CHANGES, [WISHES])
    assert len({*outputs}) == 3


@pytest.mark.usefixtures("folder")
def test_a_digit_or_image_that_is_not_there_is_named() -> None:
    with pytest.raises(StageError, match=r"wishes.digit: expected a class .* got 10"):
        wishes(digit=10, index=0)
    with pytest.raises(StageError, match=r"wishes.index: expected 0 to .* got 99"):
        wishes(digit=2, index=99)


@pytest.mark.usefixtures("folder")
def test_snapshots_of_another_network_are_refused() -> None:
    save_snapshots(Path("models/snapshots"), dict(enumerate(np.zeros((2, 7), np.float32))))
    with pytest.raises(StageError, match="expected 2 rows of 4,805 parameters"):
        wishes(digit=2, index=0)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.usefixtures("empty")
def test_the_figure_is_drawn_for_networks_of_any_shape(shape: Shape) -> None:
    write_random_run(shape)
    wishes(digit=int(np.load(TEST / "labels.npy")[0]), index=0)
    kept = [len(a) for n, a in load_arrays(WISHES).items() if "_neurons_" in n]
    assert 0 < max(kept) <= MOST
    drawn(CLAIM)


def test_every_number_in_the_caption_is_found_in_the_output(
    found: dict[str, NDArray[Any]],
) -> None:
    picture = drawn(CLAIM)
    words = f"{picture.title} {picture.caption}"
    numbers = numbers_in(words)
    assert numbers <= expected(found), words
    assert str(int(found["place"])) in numbers


def expected(found: dict[str, NDArray[Any]]) -> set[str]:
    """The numbers that the caption may hold, by other means."""
    numbers = {"0", "1", "2", "5", "0.001", "0.01", str(int(found["place"]))}
    for name in NETWORKS:
        outputs, pushes = found[f"{name}_activations_3"], found[f"{name}_pushes_3"]
        distances = np.abs(np.eye(10)[2] - outputs)
        true_sums = found[f"{name}_measured_2"]
        turned = sum(a * b < 0 for a, b in zip(found[f"{name}_unsigned"], true_sums, strict=True))
        numbers |= {str(j) for j in (outputs.argmax(), distances.argmax(), abs(pushes).argmax())}
        numbers |= {f"{d:.2f}" for d in (outputs.max(), *distances)}
        numbers |= {str(turned), f"{np.square(distances).sum():#.3g}"}
        numbers.add(f"{np.abs(true_sums).max():#.2g}")
    return numbers
