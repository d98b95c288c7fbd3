"""Many valleys: neurons renamed compute the same, and the caption says what the files say."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, median, stdev

import numpy as np
import pytest

from nn import Examples, Network, cost_of, feedforward, gradient
from stages.claims.minima.figure import CLAIM, COMPARISON, LANDINGS, apart, swarm
from stages.claims.minima.measure import (
    along,
    cosines,
    cost_of_one_answer,
    likeness,
    minima,
    renamed,
    steepness,
)
from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY
from stages.common.files.arrays import load_arrays, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import MINIMA
from tests.claims.shared import (
    Options,
    check_parameters,
    copied,
    drawn,
    finish,
    numbers_in,
    rows_of,
)

OPTIONS: Options = {
    "seeds": 4, "epochs": 3, "learning_rate": 4.0, "long_rate": 10.0, "batch_size": 25, "seed": 3,
    "hidden": [6, 5],
}  # fmt: skip
CHANGES = {
    "seeds": 5, "epochs": 2, "learning_rate": 2.0, "long_rate": 20.0, "batch_size": 30, "seed": 4,
    "hidden": [6],
}  # fmt: skip
FILES = (LANDINGS, COMPARISON, MINIMA)


@pytest.fixture(scope="module")
def finished(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish(copied(digits, tmp_path_factory.mktemp("minima")), minima, OPTIONS)


def random_network(sizes: Sequence[int], seed: int) -> Network:
    rng = np.random.default_rng(seed)
    network = Network.random(sizes, "sigmoid", "quadratic", rng=rng, dtype=np.float64)
    for biases in network.biases:
        biases[:] = rng.normal(size=biases.shape)
    return network


def rows() -> list[dict[str, float]]:
    return [{name: float(v) for name, v in row.items()} for row in rows_of(LANDINGS)]


@pytest.mark.parametrize("sizes", [(9, 3), (9, 1, 2), (9, 6, 4), (9, 5, 7, 4, 3)])
def test_renamed_neurons_compute_the_same_outputs(sizes: tuple[int, ...]) -> None:
    first, second = random_network(sizes, 0), random_network(sizes, 1)
    inputs = np.random.default_rng(2).normal(size=(9, 20))
    other = renamed(first, second)
    np.testing.assert_allclose(feedforward(other, inputs), feedforward(second, inputs), atol=1e-12)
    assert np.all(np.diag(cosines(first.weights[0], other.weights[0])) >= 0) or len(sizes) == 2


def test_a_network_is_found_again_behind_other_names_and_signs() -> None:
    network = random_network((9, 6, 4, 3), 0)
    hidden = random_network((9, 6, 4, 3), 0)
    order, sign = np.array([3, 0, 5, 1, 4, 2]), np.array([1, -1, -1, 1, 1, -1])
    w, after = hidden.weights[0], hidden.weights[1]
    w[:] = sign[:, np.newaxis] * w[order]
    hidden.biases[0][:] = sign * hidden.biases[0][order]
    hidden.biases[1][:] += after[:, order[sign < 0]].sum(axis=1)
    after[:] = after[:, order] * sign
    assert likeness(network, network) == pytest.approx(1)
    assert likeness(network, hidden) == pytest.approx(1)
    found = renamed(network, hidden)
    np.testing.assert_allclose(found.parameters, network.parameters, atol=1e-12)


def test_steepness_is_the_length_of_the_gradient() -> None:
    rng = np.random.default_rng(0)
    network = random_network((7, 5, 4), 1)
    images, labels = rng.integers(0, 256, (230, 7), dtype=np.uint8), rng.integers(0, 4, 230)
    examples = Examples(images, labels, 1 / 255, 0.1)
    inputs, targets = images.T / 255 + 0.1, np.eye(4)[:, labels]
    expected = np.linalg.norm(gradient(network, inputs, targets).parameters)
    before = network.parameters.copy()
    assert steepness(network, examples) == pytest.approx(expected, rel=1e-6)
    single = Network(network.sizes, "sigmoid", "quadratic", before.astype(np.float32))
    assert steepness(single, examples) == pytest.approx(expected, rel=1e-4)
    np.testing.assert_array_equal(network.parameters, before)


def test_a_line_starts_at_one_network_and_ends_at_the_other() -> None:
    first, second = random_network((7, 5, 4), 1), random_network((7, 5, 4), 2)
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 2, (50, 7), dtype=np.uint8), rng.integers(0, 4, 50)
    costs = along(first, second, Examples(images, labels))
    half = Network(first.sizes, "sigmoid", "quadratic", (first.parameters + second.parameters) / 2)
    targets = np.eye(4)[:, labels]
    for cost, network in zip((costs[0], costs[10], costs[20]), (first, half, second), strict=True):
        expected = cost_of(network, images.T.astype(np.float64), targets)
        assert cost == pytest.approx(expected, rel=1e-5)


def test_no_single_answer_to_all_images_costs_less() -> None:
    labels = np.array([0, 0, 0, 1, 2, 2])
    targets = np.eye(3)[labels]
    costs = [
        np.square(answer - targets).sum(axis=1).mean()
        for answer in np.mgrid[0:1:13j, 0:1:13j, 0:1:13j].reshape(3, -1).T
    ]  # twelfths
    examples = Examples(np.zeros((6, 1), np.uint8), labels)
    assert cost_of_one_answer(examples) == pytest.approx(min(costs))


@pytest.mark.usefixtures("folder")
def test_every_parameter_changes_the_outputs_and_nothing_else_does() -> None:
    check_parameters(minima, OPTIONS, CHANGES, FILES)


@pytest.mark.usefixtures("folder")
def test_the_networks_are_those_of_the_table() -> None:
    networks, table = load_arrays(MINIMA), rows()
    assert networks["seeds"].tolist() == [3, 4, 5, 6]
    assert [(r["learning_rate"], r["seed"]) for r in table] == [
        *((4, s) for s in (3, 4, 5, 6)), (10, 3), (10, 4),
    ]  # fmt: skip
    images, labels = (np.load(f"data/normalized/test/{n}.npy") for n in ("images", "labels"))
    sizes = tuple(int(n) for n in networks["sizes"])
    for parameters, row in zip(networks["parameters"], table, strict=False):
        network = Network(sizes, "sigmoid", "quadratic", parameters)
        guesses = feedforward(network, (images.T / 255).astype(np.float32)).argmax(axis=0)
        assert row["test_accuracy"] == pytest.approx((guesses == labels).mean(), abs=1e-5)
        assert row["never_guessed"] == 10 - len({*guesses.tolist()})


@pytest.mark.parametrize("hidden", [None, [5], [7, 4, 6]])
@pytest.mark.usefixtures("folder")
def test_the_caption_says_what_the_files_say(hidden: list[int] | None) -> None:
    minima(**{**OPTIONS, "hidden": hidden})
    picture, c = drawn(CLAIM), load_arrays(COMPARISON)
    usual, long = rows()[:4], rows()[4:]
    spreads = [stdev(100 * r["test_accuracy"] for r in part) for part in (usual, long)]
    missed = sum(r["never_guessed"] > 0 for r in long)
    for told in (f"{missed} never give some class", "In 6 pairs", "(2 pairs, 250 training images)"):
        assert told in picture.caption
    numbers = ["4", "10", "2", str(missed), "6", "250", "0", "1", "0.9", "2022"]
    numbers += [f"{spread:.1f}" for spread in spreads]
    for part in (usual, long):
        accuracies = [100 * row["test_accuracy"] for row in part]
        numbers += [f"{f(accuracies):.1f}" for f in (mean, min, max)]
        assert f"{mean(accuracies):.1f} ± {stdev(accuracies):.1f}" in picture.title
    numbers += [f"{f(r['train_cost'] for r in usual):.3g}" for f in (min, max)]
    before, after = (median(r[f"gradient_{k}"] for r in usual) for k in ("before", "after"))
    last = median(r["gradient_after"] for r in long)
    numbers += [f"{before:.3g}", f"{after:.3g}", f"{last:.3g}", f"{100 * after / before:.1f}"]
    numbers += [f"{mean(c[name].tolist()):z.2f}" for name in ("trained", "untrained")]
    tops = {name: mean(max(line) for line in c[name].tolist()) for name in ("straight", "renamed")}
    ends = mean([*c["straight"][:, 0].tolist(), *c["straight"][:, -1].tolist()])
    numbers += [f"{number:.3g}" for number in (ends, *tops.values(), c["same_answer"])]
    assert numbers_in(picture.caption) <= {*numbers}
    assert ("rises to" in picture.caption) == (hidden is not None)
    np.testing.assert_allclose(c["renamed"][:, [0, -1]], c["straight"][:, [0, -1]], rtol=1e-4)
    met = sum(s <= 1 for s in spreads) if c["trained"].mean() < 0.9 else 0
    assert picture.caption.endswith((NOT_HELD, PARTLY, HELD)[met])


@pytest.mark.usefixtures("folder")
def test_files_that_are_missing_or_of_another_kind_are_told() -> None:
    arrays = load_arrays(COMPARISON)
    save_arrays(COMPARISON, {name: a for name, a in arrays.items() if name != "trained"})
    with pytest.raises(StageError, match="trained"):
        CLAIM.draw()
    for path in FILES:
        path.unlink()
    with pytest.raises(FileNotFoundError):
        CLAIM.draw()


def test_marks_do_not_cover_one_another() -> None:
    places = np.array([1.0, 1.01, 1.02, 3.0])
    across = swarm(places, 0.1)
    assert len({*across[:3].tolist()}) == 3
    assert across[3] == 0
    heights = apart([10.0, 99.0, 98.0], 5, 100)
    assert sorted(heights) == [heights[0], heights[2], heights[1]]
    assert heights[1] - heights[2] >= 5
    assert max(heights) <= 100
