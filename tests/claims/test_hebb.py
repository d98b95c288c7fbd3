"""What a step does to a weight is the activation before times the push after, and so compared."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nn import SGD, Examples, Settings, Workspace, forward, layers_of
from stages.claims.hebb.claim import CLAIM
from stages.claims.hebb.measure import hebb
from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import inputs_of, untrained_and_trained
from stages.common.files.arrays import Floats, load_arrays, load_labelled
from stages.common.files.atomic import StageError
from stages.common.files.paths import TRAIN, claim_arrays, claim_table
from tests.claims.shared import Case, Row, finding_of, rows_of, write_rows
from tests.sample import call

HEBB, POINTS = claim_table("hebb"), claim_arrays("hebb")
NETWORKS = ("untrained", "trained")
IMAGES, RATE = 30, 3.0


@pytest.fixture
def points(folder: Path) -> dict[str, NDArray[Any]]:
    """The single weights that the stage wrote."""
    return load_arrays(folder / POINTS)


def table() -> dict[tuple[str, ...], Row]:
    """Rows of the table by network, examples, layer and group."""
    keys = ("network", "examples", "layer", "group")
    return {tuple(row[key] for key in keys): row for row in rows_of(HEBB)}


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the points and the table by other means."""
    points, rows = load_arrays(POINTS), table()
    last = len(points["sizes"]) - 2
    numbers = {"1", "0.5", "75", str(points["digit"]), str(points["images"])}
    numbers |= {f"{points['learning_rate']:.3g}", str(last), str(last - 1)}
    for (network, examples, layer, group), row in rows.items():
        if network == "untrained" and int(layer) >= last - 1:
            key = f"untrained_{examples}_{layer}_{group}"
            for rule in ("fire", "wish"):
                change, product = points[f"{key}_change"], points[f"{key}_{rule}"]
                scores = score(change, product, row, rule)
                numbers |= {f"{scores[0]:z.2f}", f"{100 * scores[1]:.0f}"}
    cases = [row for (*_, layer, _), row in rows.items() if int(layer) in {last, last - 1, 0}]
    numbers.add(str(len(cases)))
    for rule in ("fire", "wish"):
        right = sum(
            float(row[f"correlation_{rule}"]) >= 0.5 and float(row[f"agree_{rule}"]) >= 0.75
            for row in cases
        )
        numbers.add(str(right))
        if rule == "fire":
            all_or_none = {len(cases): Verdict.HELD, 0: Verdict.NOT_HELD}
            assert finding.verdict == all_or_none.get(right, Verdict.PARTLY)
    assert "loose analogy" in finding.measured
    return numbers


def score(change: Floats, product: Floats, row: Row, rule: str) -> tuple[float, float]:
    """Correlation and agreement; of weights that are not all kept, those of the table."""
    changing = change != 0
    if len(change) < int(row["weights"]) or not changing.any():
        return float(row[f"correlation_{rule}"]), float(row[f"agree_{rule}"])
    if not change.std() or not product.std():
        return 0.0, float((change * product > 0)[changing].mean())
    slope = float(np.corrcoef(change.astype(float), product.astype(float))[0, 1])
    return slope, float((change * product > 0)[changing].mean())


CASE = Case(
    hebb,
    {"digit": 2, "index": 0, "images": IMAGES, "learning_rate": RATE},
    {"digit": 3, "index": 1, "images": 40, "learning_rate": 1.0},
    (HEBB, POINTS),
    known_numbers,
    inputs="trained_run",
    of_shape=lambda shape: {"digit": shape.classes - 1, "images": 20, "learning_rate": 1.0},
)


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
def test_more_images_than_there_are_is_named() -> None:
    with pytest.raises(StageError, match=r"hebb.images: expected 2 to 250 in .*, got 251"):
        call(hebb, digit=2, index=0, images=251, learning_rate=1.0)


@pytest.mark.usefixtures("folder")
def test_each_option_changes_the_table_and_the_points() -> None:
    written = [(HEBB.read_bytes(), POINTS.read_bytes())]
    for name, value in CASE.changes.items():
        call(hebb, **{**CASE.options, name: value})
        written.append((HEBB.read_bytes(), POINTS.read_bytes()))
    for of_one_file in zip(*written, strict=True):
        assert len({*of_one_file}) == len(written)


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        (lambda _: (0.5, 0.75), Verdict.HELD),
        (lambda row: (0.9, 0.9) if row == 3 else (0.4, 0.9), Verdict.PARTLY),
        (lambda _: (0.9, 0.7), Verdict.NOT_HELD),
        (lambda _: (0.4, 1), Verdict.NOT_HELD),
    ],
)
@pytest.mark.usefixtures("folder")
def test_the_verdict_follows_the_numbers(scores: Any, verdict: Verdict) -> None:
    rows = rows_of(HEBB)
    for place, row in enumerate(rows):
        row["correlation_fire"], row["agree_fire"] = map(str, scores(place))
    write_rows(HEBB, [*rows[0]], [[*row.values()] for row in rows])
    assert finding_of(CLAIM).verdict == verdict
