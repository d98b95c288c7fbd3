"""Other data sets by parameters alone: any number of classes, any names, any size of image."""

import importlib
import re
import sys
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from playwright.sync_api import Browser
from ruamel.yaml import YAML

from benchmarks.accuracy import as_options
from stages.common.files.arrays import load_labelled
from stages.common.files.atomic import StageError
from stages.common.files.paths import CLAIM_FIGURES, CLASSES, PAGE, PAGE_OF_CLAIMS, SCORES
from stages.common.images.classes import Classes, load_classes, numbered
from stages.common.images.idx import write_idx
from stages.common.images.preprocess import Preprocessing
from stages.common.runtime.cli import run
from stages.common.runtime.imports import ROOT
from stages.normalize import normalize
from tests.claims.shared import rows_of
from tests.page.chromium import Watched, started_browser
from tests.pipelines import CLAIMS, PARAMS, STAGES, load, module_of
from tests.sample import call, sums_of, write_patterns

LETTERS = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
CLOTHES = (
    "T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
)  # fmt: skip
QUICK: dict[str, dict[str, Any]] = {  # beyond tests/small.yaml
    "batch": {"validation": 40, "batch_size": 20},
    "train": {
        "hidden": [12], "activation": "tanh", "cost": "cross_entropy", "learning_rate": 0.05,
        "momentum": 0.9, "epochs": 20,
    },
    "memorize": {"images": 60, "neurons": 8, "amounts": [30], "steps": 20},
    "amount": {"amounts": [60], "hidden": [8], "epochs": 3},
    "minima": {"hidden": [8]},
    "smoothness": {"hidden": [8]},
    "paths": {"images": 60, "passes": 1, "longer": 1, "hidden": [8]},
    "architecture": {"widths": [4], "depths": [0, 2], "rates": [1]},
    "wishes": {"digit": 1},
    "hebb": {"digit": 1},
    "twos": {"digit": 1},
    "report": {"dpi": 50, "mistakes": 8, "credit": "Made up <for> a test."},
}  # fmt: skip


class DataSet(NamedTuple):
    """A made-up data set."""

    names: tuple[str, ...]
    height: int
    width: int
    edges: bool = False  # are what the network sees, of bent images


SETS = {
    "2 classes of 8 x 8": DataSet(("night", "day"), 8, 8),
    "26 classes of 64 x 64": DataSet(LETTERS, 64, 64),
    "10 clothes of 12 x 20": DataSet(CLOTHES, 12, 20),
    "edges of 3 classes of 15 x 10": DataSet(("A", "B", "C"), 15, 10, edges=True),
}


def parameters_of(data: DataSet) -> dict[str, dict[str, Any]]:
    """What params.yaml holds but for the few lines that another data set needs."""
    sections = deepcopy(PARAMS)
    for changes in (load(ROOT / "tests/small.yaml"), QUICK):
        for section, values in changes.items():
            sections[section].update(values)
    sections["fetch"].update(sources=["file:source"], **sums_of(Path("source")))
    sections["normalize"].update(classes=list(data.names), edges=data.edges)
    if data.edges:
        sections["train"] |= {"augment.shift": 1, "augment.elastic_alpha": 3}
    return sections


def start(stage: str, values: dict[str, Any], patch: pytest.MonkeyPatch) -> None:
    """Run a stage in this process, as its command line would; it must not fail."""
    patch.setattr(sys, "argv", [stage, *as_options(values)])
    run(getattr(importlib.import_module(module_of(stage)), stage))


@pytest.fixture(scope="module", params=list(SETS))
def data(request: pytest.FixtureRequest) -> DataSet:
    return SETS[request.param]


@pytest.fixture(scope="module")
def finished(data: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every stage of both pipelines has run on a made-up data set."""
    folder = tmp_path_factory.mktemp("dataset")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        write_patterns(
            Path("source"), len(data.names), data.height, data.width, {"train": 220, "t10k": 60}
        )
        parameters = parameters_of(data)
        with Path("params.yaml").open("w") as file:
            YAML().dump(parameters, file)
        for stage in STAGES:
            start(stage, parameters.get(stage, {}), patch)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as browser:
        yield browser


def test_every_stage_runs_and_the_network_learns(finished: Path, data: DataSet) -> None:
    metrics = YAML(typ="safe").load(finished / "reports/metrics.json")
    assert metrics["accuracy"] > 2 / (1 + len(data.names))
    assert len(rows_of(finished / SCORES)) == len(data.names)
    drawn = {path.stem for path in (finished / CLAIM_FIGURES).glob("*.png")}
    assert {*CLAIMS} - {"chapters"} == drawn


def test_what_the_network_is_given_has_its_name(finished: Path, data: DataSet) -> None:
    page = "".join((finished / path).read_text() for path in (PAGE, PAGE_OF_CLAIMS))
    given, other = ("edges", "pixels") if data.edges else ("pixels", "edges")
    for words in ("neighbouring", "maps of the", "Scaling of", "shuffles of their own"):
        assert f"{words} {given}" in page
        assert f"{words} {other}" not in page
    assert ("ink on orange" in page) != data.edges
    assert ("an edge on orange" in page) == data.edges


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_names_the_classes_and_fits_the_screen(
    width: int, finished: Path, data: DataSet, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    watched = Watched(context.new_page())
    page = watched.open(finished / "reports/index.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    guess = int(page.evaluate("document.querySelector('#network').dataset.guess"))
    assert page.locator("#answer-digit").inner_text() == data.names[guess]
    tags = page.locator("#network .tag-name").all_inner_texts()
    assert tags == list(data.names)
    assert page.locator("#true-label option").all_inner_texts()[1:] == list(data.names)
    heads = page.locator("#confusion-table thead th").all_inner_texts()
    assert heads == list(data.names)
    size = page.evaluate(
        "[document.querySelector('#seen').height, document.querySelector('#seen').width]"
    )
    assert size == [data.height, data.width]
    crowded = page.evaluate(
        """() => {
          const boxes = [...document.querySelectorAll("#network .tag")].map((tag) => {
            const range = document.createRange();
            range.selectNodeContents(tag.querySelector(".tag-name"));
            return range.getBoundingClientRect();
          });
          return boxes.slice(1).some((box, k) => box.top < boxes[k].bottom - 4);
        }"""
    )
    assert not crowded
    text = page.locator("body").inner_text()
    assert "Made up <for> a test." in text
    assert "MNIST" not in page.locator("footer").inner_text()
    assert "digit" not in page.locator(".top").inner_text()
    assert not watched.troubles
    context.close()


def test_a_drawing_becomes_an_image_of_the_data_sets_size(
    finished: Path, data: DataSet, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    watched = Watched(context.new_page())
    page = watched.open(finished / "reports/index.html")
    before = page.evaluate("document.querySelector('#network').dataset.outputs")
    page.locator("#pad").focus()
    page.keyboard.press("Space")
    for key in ["ArrowDown"] * 6 + ["ArrowRight"] * 3:
        page.keyboard.press(key)
    page.wait_for_function(
        "(before) => document.querySelector('#network').dataset.outputs !== before", arg=before
    )
    outputs = np.array(
        page.evaluate("document.querySelector('#network').dataset.outputs.split(' ').map(Number)")
    )
    assert outputs.shape == (len(data.names),)
    assert np.isclose(outputs.sum(), 1)
    assert not watched.troubles
    context.close()


def normalized(labels: list[int], names: list[str], **options: Any) -> None:
    """Run ``normalize`` on one image of 2 x 3 for each label, in the current folder."""
    images = np.arange(len(labels) * 6, dtype=np.uint8).reshape(-1, 2, 3)
    for prefix in ("train", "t10k"):
        write_idx(Path(f"data/raw/{prefix}-images-idx3-ubyte"), images)
        write_idx(Path(f"data/raw/{prefix}-labels-idx1-ubyte"), np.array(labels, np.uint8))
    values = {
        "scaling": "unit",
        "deskew": False,
        "edges": False,
        "transpose": False,
        "first_label": 0,
    }
    call(normalize, **{**values, **options}, classes=names)


def test_letters_that_lie_on_their_side_and_count_from_1_come_right(empty: Path) -> None:
    normalized([1, 3, 2], ["A", "B", "C"], transpose=True, first_label=1)
    images, labels = load_labelled(empty / "data/normalized/test")
    assert labels.tolist() == [0, 2, 1]
    assert images[0].reshape(3, 2).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert Preprocessing.load(Path("data/normalized/preprocessing.npz")).height == 3
    assert load_classes(3).names == ("A", "B", "C")


@pytest.mark.parametrize(
    ("names", "options", "reason"),
    [
        (["A", "B"], {}, "classes: expected 3 names, one for each label from 0 to 2, or none, got"),
        (["A", "B", "A"], {}, "normalize.classes: expected different names, got A, B, A"),
        ([], {"first_label": 1}, "first_label: expected at most 0, the smallest label, got 1"),
    ],
)
def test_names_and_labels_that_do_not_fit_are_refused_in_one_line(
    names: list[str], options: dict[str, Any], reason: str, empty: Path
) -> None:
    with pytest.raises(StageError) as error:
        normalized([0, 1, 2], names, **options)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
    assert not (empty / "data/normalized").exists()


def test_classes_are_digits_only_if_their_names_are() -> None:
    assert numbered(10).noun == "digit"
    assert [numbered(10).one(k) for k in (2, 8)] == ["a 2", "an 8"]
    assert numbered(9).noun == numbered(26).noun == Classes(CLOTHES).noun == "class"
    assert Classes(CLOTHES).many(4) == "images of class Coat"
    assert [Classes(CLOTHES).brief(k) for k in (0, 9)] == ["T-s", "Ank"]
    assert [Classes(("left", "lefty", "right")).brief(k) for k in range(3)] == ["0", "1", "2"]


@pytest.mark.parametrize("text", ["", "[1, 2]", '["a"]', '["a", "a"]', '["a", "b\\n"]', '{"a": 1}'])
def test_a_file_of_classes_that_holds_anything_else_is_refused(text: str, empty: Path) -> None:
    (empty / "data/normalized").mkdir(parents=True)
    (empty / CLASSES).write_text(text)
    with pytest.raises(StageError, match="run dvc repro"):
        load_classes(2)


def test_every_parameter_that_the_recipes_name_exists() -> None:
    text = (ROOT / "docs/datasets.md").read_text()
    named = re.findall(r"(?:-S '?|`)(\w+)\.(\w+)(?==|`)", text)
    assert len(named) > 20
    named = [(section, key) for section, key in named if section not in {"stages", "params"}]
    assert [name for name in named if name[1] not in PARAMS.get(name[0], {})] == []
