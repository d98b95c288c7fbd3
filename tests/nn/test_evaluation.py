"""Answers, their costs and the true gradient are those of all examples, and leave none out."""

import numpy as np
import pytest

from nn import Dataset, Network, evaluate, gradient, gradient_over, predict
from tests.conftest import random_problem


@pytest.mark.parametrize("batch_size", [1, 3, 500])
def test_predict_and_evaluate_give_every_example_s_outputs_and_cost(batch_size: int) -> None:
    # Outputs are the sigmoids of 0 and ln 3 times the input: (1/2, 1/2) and (1/2, 3/4).
    network = Network((1, 2), "sigmoid", "quadratic", np.array([0, np.log(3), 0, 0]))
    examples = Dataset(np.array([[0.0], [1.0], [1.0], [1.0]]), np.array([0, 1, 0, 1]))
    outputs, costs = predict(network, examples, batch_size)
    np.testing.assert_allclose(outputs, [[0.5, 0.5]] + [[0.5, 0.75]] * 3, rtol=1e-15)
    right, wrong = 1 / 4 + 1 / 16, 1 / 4 + 9 / 16
    np.testing.assert_allclose(costs, [0.5, right, wrong, right], rtol=1e-15)
    cost, accuracy = evaluate(network, examples)
    assert cost == pytest.approx((0.5 + 2 * right + wrong) / 4)
    assert accuracy == 3 / 4  # of two equally bright outputs the first counts


@pytest.mark.parametrize("batch_size", [1, 3, 10, 500])
def test_the_gradient_over_all_examples_is_that_of_one_batch_of_them_all(batch_size: int) -> None:
    network, inputs, targets = problem = random_problem(examples=10)
    examples = Dataset(inputs.T / 2 + 3, targets.argmax(axis=0), 2.0, -6.0)
    before = network.parameters.copy()
    mean_gradient = gradient_over(network, examples, batch_size)
    np.testing.assert_allclose(mean_gradient, gradient(*problem).parameters, rtol=1e-12, atol=1e-14)
    assert mean_gradient.dtype == network.parameters.dtype
    assert network.parameters.tolist() == before.tolist()


def test_many_examples_are_answered_as_each_alone() -> None:
    rng = np.random.default_rng(0)
    network = Network.random((784, 16, 16, 10), "sigmoid", "quadratic", rng=rng)
    stored, labels = rng.integers(256, size=(1_200, 784), dtype=np.uint8), np.zeros(1_200, np.intp)
    examples = Dataset(stored, labels, 1 / 255)
    for whole, one in zip(predict(network, examples), predict(network, examples, 1), strict=True):
        np.testing.assert_allclose(whole, one, rtol=0, atol=1e-5)
