"""The second guess: counted image by image, taught, and described as the table says."""

from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest

from nn import SGD, Examples, Settings, evaluate, predict
from stages.claims.second_guess.figure import CLAIM, COLUMNS
from stages.claims.second_guess.measure import retrain, second_guess, targets_of
from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY
from stages.common.files.arrays import load_arrays
from stages.common.files.paths import TEST, TRAIN
from stages.common.models.model import load_model
from stages.common.models.recipe import examples_of
from tests.claims.shared import (
    SHAPES,
    Options,
    Shape,
    check_parameters,
    copied,
    drawn,
    finish,
    numbers_in,
    picture_of,
    rows_of,
    words_of,
    write_random_run,
    write_rows,
)

OPTIONS: Options = {
    "share": 0.25, "learning_rate": 4, "epochs": 2, "batch_size": 20, "seeds": 2, "seed": 3,
    "pictures": 5,
}  # fmt: skip
CHANGES = {
    "share": 0.4, "learning_rate": 1, "epochs": 1, "batch_size": 50, "seeds": 3, "seed": 4,
    "pictures": 6,
}  # fmt: skip
TABLE, ARRAYS = Path("data/claims/second_guess.csv"), Path("data/claims/second_guess.npz")
NETWORK = Path("models/network.npz")
KINDS = ("one label", "even labels", "second label")
IMAGES = 60


@pytest.fixture(scope="module")
def finished(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copied(trained_run, tmp_path_factory.mktemp("second_guess"))
    return finish(folder, second_guess, OPTIONS)


def counts() -> dict[str, list[list[int]]]:
    """Right answers of every network, by run and number of guesses."""
    found: dict[str, list[list[int]]] = {}
    for row in rows_of(TABLE):
        runs = found.setdefault(row["network"], [])
        if row["guesses"] == "1":
            assert row["run"] == str(len(runs))
            runs.append([])
        runs[-1].append(int(row["right"]))
    return found


def rewrite(right: dict[str, list[list[int]]]) -> None:
    rows = [
        [name, run, k, n]
        for name, runs in right.items()
        for run, numbers in enumerate(runs)
        for k, n in enumerate(numbers, start=1)
    ]
    write_rows(TABLE, COLUMNS, rows)


@pytest.mark.usefixtures("folder")
def test_guesses_are_counted_image_by_image() -> None:
    outputs, test = predict(load_model(NETWORK).network, examples_of(TEST))[0], examples_of(TEST)
    brighter = [(row > row[label]).sum() for row, label in zip(outputs, test.labels, strict=True)]
    assert counts()["trained"] == [[sum(b < k for b in brighter) for k in range(1, 11)]]


@pytest.mark.usefixtures("folder")
def test_targets_add_up_to_one_and_give_the_share_to_the_likest_wrong_class() -> None:
    network, examples = load_model(NETWORK).network, examples_of(TRAIN)
    kinds = targets_of(network, examples, 0.25)
    outputs, _ = predict(network, examples)
    assert tuple(kinds) == KINDS
    for row, label in enumerate(examples.labels):
        wrong = [j for j in range(10) if j != label]
        likest = max(wrong, key=lambda j: outputs[row, j])
        assert [kinds[kind][row, label] for kind in KINDS] == [1, 0.75, 0.75]
        assert kinds["second label"][row, likest] == 0.25
        np.testing.assert_allclose(kinds["even labels"][row, wrong], 0.25 / 9, rtol=1e-6)
    for targets in kinds.values():
        np.testing.assert_allclose(targets.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("further", [0, 1], ids=["its own label", "another label"])
def test_targets_of_one_class_train_as_labels_do(further: int) -> None:
    network, examples, test = load_model(NETWORK).network, examples_of(TRAIN), examples_of(TEST)
    labels = (examples.labels + further) % 10
    settings = Settings(4, 2, 20, "linear", reshuffle=True)
    ordinary = Examples(examples.stored, labels, np.array(1 / 255, np.float32))
    sgd = SGD(network, ordinary, settings, np.random.default_rng(4))
    for _ in range(settings.epochs):
        sgd.epoch()
    right = retrain(np.eye(10, dtype=np.float32)[labels], settings, 4)
    assert right[0] == round(evaluate(network, test)[1] * IMAGES)
    assert ([*right] == counts()["one label"][1]) == (further == 0)


@pytest.mark.usefixtures("folder")
def test_pictures_are_those_that_two_guesses_miss_the_latest_right_guess_first() -> None:
    second_guess(**{**OPTIONS, "pictures": 100, "epochs": 1, "seeds": 1})
    arrays, test = load_arrays(ARRAYS), examples_of(TEST)
    own = np.take_along_axis(arrays["outputs"], arrays["labels"][:, None].astype(int), axis=1)
    brighter = (arrays["outputs"] > own).sum(axis=1)
    assert len(brighter) == IMAGES - counts()["trained"][0][1]
    assert brighter.min() == 2
    assert (np.diff(brighter) <= 0).all()
    kept = {(image.tobytes(), label) for image, label in zip(test.stored, test.labels, strict=True)}
    shown = zip(arrays["images"], arrays["labels"], strict=True)
    assert all((image.tobytes(), label) in kept for image, label in shown)


@pytest.mark.usefixtures("folder")
def test_every_parameter_changes_the_outputs_and_nothing_else_does() -> None:
    check_parameters(second_guess, OPTIONS, CHANGES, [TABLE, ARRAYS])


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.usefixtures("empty")
def test_every_shape_of_network_gets_its_figure(shape: Shape) -> None:
    write_random_run(shape)
    second_guess(**{**OPTIONS, "epochs": 1, "seeds": 1})
    assert (HELD in drawn(CLAIM).caption) == (shape.classes == 2)


@pytest.mark.usefixtures("folder")
def test_every_number_in_the_words_is_found_in_the_output() -> None:
    words = words_of(drawn(CLAIM))
    assert numbers_in(words) <= expected(), words


def expected() -> set[str]:
    """The numbers that the words may hold, computed from the table by other means."""
    table = counts()
    (trained,) = table["trained"]
    missed, neither = IMAGES - trained[0], IMAGES - trained[1]
    points = {
        (kind, k): [
            100 * (mine[k] - ordinary[k]) / IMAGES
            for mine, ordinary in zip(table[kind], table["one label"], strict=True)
        ]
        for kind in KINDS
        for k in (0, 1)
    }
    numbers = {f"{100 * n / IMAGES:.2f}" for n in trained[:2]}
    numbers |= {f"{mean(p):+.2f}" for p in points.values()}
    numbers |= {f"{mean(p):.2f}" for p in points.values()}
    numbers |= {f"{stdev(p):.2f}" for p in points.values()}
    numbers |= {f"{100 * mean(run[1] for run in table['second label']) / IMAGES:.2f}"}
    needed = 1 + [n / IMAGES >= 0.9999 for n in trained].index(True)
    numbers |= {str(n) for n in (IMAGES, missed, missed - neither, needed, len(trained))}
    numbers |= {f"{100 * (missed - neither) / missed:.1f}", "99.99"}
    return numbers | {"75", "25", "2", "5"}  # shares, epochs or runs, pictures


@pytest.mark.parametrize(
    ("trained", "taught", "verdict"),
    [
        ([9000, 9999], [[9000, 9990]] * 2, HELD),
        ([9000, 9900], [[9000, 9999]] * 2, HELD),
        ([9000, 9900], [[9000, 9950], [9000, 9951]], PARTLY),
        ([9000, 9900], [[9000, 9950], [9000, 9870]], NOT_HELD),
        ([9000, 9900], [[9100, 9850], [9100, 9851]], NOT_HELD),
        ([9000, 9900], [[9000, 9950]], NOT_HELD),
    ],
    ids=["held", "held if taught", "a gain", "it may be chance", "a loss", "one run"],
)
@pytest.mark.usefixtures("folder")
def test_the_verdict_follows_the_numbers(
    trained: list[int], taught: list[list[int]], verdict: str
) -> None:
    runs = [[*run, 10_000] for run in taught]
    ordinary = [[9000, 9900, 10_000]] * len(runs)
    rewrite({"trained": [[*trained, 10_000]], **dict.fromkeys(KINDS, ordinary)} | {KINDS[2]: runs})
    assert picture_of(CLAIM).caption.endswith(verdict)


@pytest.mark.usefixtures("folder")
def test_a_network_without_mistakes_is_drawn() -> None:
    rewrite({name: [[50] * 10] for name in ("trained", *KINDS)})
    caption = drawn(CLAIM).caption
    assert "mistake" not in caption
    assert caption.endswith(HELD)
