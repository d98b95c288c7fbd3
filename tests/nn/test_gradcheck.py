"""The gradient checker finds what is wrong, names it, and touches nothing."""

from collections.abc import Callable

import numpy as np
import pytest

from nn import ACTIVATIONS, COSTS, Network, check_gradient, gradient
from nn.functions import Activation, Array
from tests.conftest import Problem, random_problem

WRONG = 1.001  # a planted error of 0.1 %
PLACES = ["weights[0][2, 1]", "weights[1][0, 3]", "weights[2][1, 0]", "biases[1][2]"]


def deep() -> Problem:
    return random_problem((4, 4, 4, 3), "sigmoid")


def planted(place: str) -> Callable[[Network, Array, Array], Network]:
    """Backpropagation with one derivative off by 0.1 %."""
    kind, layer, index = place.replace("]", "").split("[")
    where = tuple(int(number) for number in index.split(","))

    def differentiate(network: Network, inputs: Array, targets: Array) -> Network:
        nabla = gradient(network, inputs, targets)
        getattr(nabla, kind)[int(layer)][where] *= WRONG
        return nabla

    return differentiate


@pytest.mark.parametrize("place", PLACES)
def test_the_checker_rejects_an_error_of_a_thousandth_and_names_its_place(place: str) -> None:
    check = check_gradient(*deep(), differentiate=planted(place))
    assert check.error > 1e-5
    assert check.parameter == place
    assert check.analytic == pytest.approx(check.numeric * WRONG, rel=1e-6)
    assert place in str(check)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_checker_rejects_an_error_of_a_thousandth_in_an_activation_s_derivative(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    function, derivative = ACTIVATIONS[name]

    def wrong(a: Array, out: Array) -> None:
        derivative(a, out)
        out *= WRONG

    problem = random_problem((4, 4, 3), name)
    assert check_gradient(*problem).error <= 1e-7
    monkeypatch.setitem(ACTIVATIONS, name, Activation(function, wrong))
    check = check_gradient(*problem)
    assert check.error == pytest.approx(1e-3, rel=0.01)
    assert "[0]" in check.parameter  # only the layer below the activation is wrong


@pytest.mark.parametrize("name", COSTS)
def test_the_checker_rejects_an_error_of_a_thousandth_in_a_cost_s_derivative(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cost = COSTS[name]

    def wrong(a: Array, y: Array, scale: float, scratch: Array, out: Array) -> None:
        cost.error(a, y, scale, scratch, out)
        out *= WRONG

    monkeypatch.setitem(COSTS, name, cost._replace(error=wrong))
    assert check_gradient(*random_problem(cost=name)).error == pytest.approx(1e-3, rel=0.01)


def test_the_checker_rejects_a_gradient_that_is_not_a_number() -> None:
    def differentiate(network: Network, inputs: Array, targets: Array) -> Network:
        nabla = gradient(network, inputs, targets)
        nabla.parameters[3] = np.nan
        return nabla

    assert not check_gradient(*deep(), differentiate=differentiate).error <= 1e-7


def test_the_checker_leaves_the_parameters_as_they_were_bit_for_bit() -> None:
    problem = deep()
    before = problem.network.parameters.tobytes()
    check_gradient(*problem)
    assert problem.network.parameters.tobytes() == before


def test_the_checker_refuses_float32() -> None:
    network = Network((2, 1), "tanh", "quadratic", np.zeros(3, np.float32))
    with pytest.raises(ValueError, match="expected a float64 network, got float32"):
        check_gradient(network, np.zeros((2, 1)), np.zeros((1, 1)))
