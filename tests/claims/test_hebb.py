"""What a step does to a weight is the activation before times the push after, and so compared."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nn import SGD, Examples, Settings, Workspace, forward, layers_of
from stages.claims.hebb.figure import CLAIM
from stages.claims.hebb.measure import hebb
from stages.claims.shared.networks import inputs_of, untrained_and_trained
from stages.common.files.arrays import load_arrays, load_labelled
from stages.common.files.atomic import StageError
from stages.common.files.paths import TRAIN
from tests.claims.shared import (
    SHAPES,
    Options,
    Row,
    Shape,
    check_parameters,
    copied,
    drawn,
    finish,
    numbers_in,
    rows_of,
    write_random_run,
)

HEBB, POINTS = Path("data/claims/hebb.csv"), Path("data/claims/hebb.npz")
NETWORKS = ("untrained", "trained")
IMAGES, RATE = 30, 3.0
OPTIONS: Options = {"digit": 2, "index": 0, "images": IMAGES, "learning_rate": RATE}
CHANGES = {"digit": 3, "index": 1, "images": 40, "learning_rate": 1.0}


@pytest.fixture(scope="module")
def finished(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finish(copied(trained_run, tmp_path_factory.mktemp("hebb")), hebb, OPTIONS)


@pytest.fixture
def points(folder: Path) -> dict[str, NDArray[Any]]:
    """The single weights that the stage wrote."""
    return load_arrays(folder / POINTS)


def table() -> dict[tuple[str, ...], Row]:
    """Rows of the table by network, examples, layer and group."""
    keys = ("network", "examples", "layer", "group")
    return {tuple(row[key] for key in keys): row for row in rows_of(HEBB)}


def images(examples: str) -> slice:
    """The rows of the training images that the stage took."""
    if examples == "batch":
        return slice(0, IMAGES)
    place = int(np.flatnonzero(load_labelled(TRAIN)[1] == 2)[0])
    return slice(place, place + 1)


@pytest.mark.parametrize("examples", ["one", "batch"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_change_is_that_of_a_real_step_of_gradient_descent(
    name: str, examples: str, points: dict[str, NDArray[Any]]
) -> None:
    model, networks = untrained_and_trained()
    stored, labels = (part[images(examples)] for part in load_labelled(TRAIN))
    network, before = networks[name], networks[name].parameters.copy()
    given = Examples(stored, labels, model.preprocessing.scale, model.preprocessing.offset)
    settings = Settings(learning_rate=RATE, epochs=1, batch_size=len(labels))
    SGD(network, given, settings, np.random.default_rng(0)).epoch()
    weights, _ = layers_of(network.parameters - before, network.sizes)
    hidden = points[f"{name}_{examples}_1_all_change"]
    np.testing.assert_allclose(hidden, weights[1].ravel(), rtol=1e-4, atol=1e-7)
    true, others = (points[f"{name}_{examples}_2_{g}_change"] for g in ("true", "others"))
    if examples == "one":  # the weights into output 2, and those into the other nine
        parts = np.insert(others.reshape(9, -1), 2, true, axis=0)
    else:
        parts = (true + others).reshape(10, -1)
    np.testing.assert_allclose(parts, weights[2], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_for_one_image_every_product_is_that_of_the_closed_form(
    name: str, points: dict[str, NDArray[Any]]
) -> None:
    model, networks = untrained_and_trained()
    stored, _ = load_labelled(TRAIN)
    inputs = inputs_of(stored[images("one")], model.preprocessing)
    work = Workspace(networks[name], 1)
    work.activations[0][:] = inputs
    forward(work)
    before, outputs = (a[:, 0].tolist() for a in work.activations[-2:])
    for group, neurons in (("true", [2]), ("others", [j for j in range(10) if j != 2])):
        pairs = [(outputs[j], a, float(j == 2)) for j in neurons for a in before]
        fire = [b * a for b, a, _ in pairs]
        wish = [2 * (y - b) * a for b, a, y in pairs]
        change = [-RATE * 2 * (b - y) * b * (1 - b) * a for b, a, y in pairs]  # -rate delta a
        key = f"{name}_one_2_{group}"
        np.testing.assert_allclose(points[f"{key}_fire"], fire, rtol=1e-4)
        np.testing.assert_allclose(points[f"{key}_wish"], wish, rtol=1e-4)
        np.testing.assert_allclose(points[f"{key}_change"], change, rtol=1e-4, atol=1e-9)


def test_scores_are_those_of_the_points(points: dict[str, NDArray[Any]]) -> None:
    for (network, examples, layer, group), row in table().items():
        if layer == "0":  # of the pixels' weights there are only scores
            continue
        change, fire, wish = (
            points[f"{network}_{examples}_{layer}_{group}_{key}"].astype(float)
            for key in ("change", "fire", "wish")
        )
        assert int(row["weights"]) == len(change)
        for key, product in (("fire", fire), ("wish", wish)):
            slope = float(np.corrcoef(change, product)[0, 1])
            agree = sum(c * p > 0 for c, p in zip(change, product, strict=True)) / len(change)
            assert float(row[f"correlation_{key}"]) == pytest.approx(slope, abs=1e-4)
            assert float(row[f"agree_{key}"]) == pytest.approx(agree, abs=1e-4)


@pytest.mark.parametrize("name", NETWORKS)
def test_one_image_strengthens_only_what_leads_to_its_own_output(
    name: str, points: dict[str, NDArray[Any]]
) -> None:
    assert len(points[f"{name}_one_2_true_change"]) == 5
    true, others = (table()[name, "one", "2", group] for group in ("true", "others"))
    assert float(true["correlation_fire"]) == pytest.approx(1)
    assert [float(true["agree_fire"]), float(others["agree_fire"])] == [1, 0]
    assert [float(true["agree_wish"]), float(others["agree_wish"])] == [1, 1]


@pytest.mark.usefixtures("folder")
def test_the_same_step_gives_the_same_bytes_and_each_parameter_changes_them() -> None:
    outputs = check_parameters(hebb, OPTIONS, CHANGES, [HEBB, POINTS])
    for of_one_file in zip(*outputs, strict=True):
        assert len({*of_one_file}) == len(outputs)


@pytest.mark.usefixtures("folder")
def test_more_images_than_there_are_is_named() -> None:
    with pytest.raises(StageError, match=r"hebb.images: expected 2 to 250 in .*, got 251"):
        hebb(digit=2, index=0, images=251, learning_rate=1.0)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.usefixtures("empty")
def test_the_figure_is_drawn_for_networks_of_any_shape(shape: Shape) -> None:
    write_random_run(shape)
    hebb(digit=int(np.load(TRAIN / "labels.npy")[0]), index=0, images=20, learning_rate=1.0)
    drawn(CLAIM)


def test_every_number_in_the_caption_is_found_in_the_output(
    points: dict[str, NDArray[Any]],
) -> None:
    picture = drawn(CLAIM)
    words = f"{picture.title} {picture.caption}"
    assert numbers_in(words) <= expected(points), words
    assert "loose analogy" in words


def expected(points: dict[str, NDArray[Any]]) -> set[str]:
    """The numbers that the caption may hold, from the points and the table by other means."""
    numbers = {"2", "1", "3", str(IMAGES), "0.5", "75"}
    for examples, layer, group in (
        ("one", 2, "true"), ("one", 2, "others"), ("batch", 2, "true"), ("batch", 2, "others"),
        ("batch", 1, "all"),
    ):  # fmt: skip
        key = f"untrained_{examples}_{layer}_{group}"
        change = points[f"{key}_change"]
        for product in ("fire", "wish"):
            both = points[f"{key}_{product}"]
            slope = round(float(np.corrcoef(change, both)[0, 1]), 2) + 0
            numbers.add(f"{slope:.2f}")
            numbers.add(f"{100 * (change * both > 0).mean():.0f}")
    rows = table().values()
    numbers.add(str(len(rows)))
    for product in ("fire", "wish"):
        right = [
            float(row[f"correlation_{product}"]) >= 0.5 and float(row[f"agree_{product}"]) >= 0.75
            for row in rows
        ]
        numbers.add(str(sum(right)))
    return numbers
