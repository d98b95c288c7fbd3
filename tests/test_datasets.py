"""Other data sets by a name or by parameters: any classes, any names, any size of image."""

import gzip
import hashlib
import importlib
import re
import shutil
import string
import struct
import sys
import zipfile
from collections.abc import Generator, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from playwright.sync_api import Browser
from ruamel.yaml import YAML

from benchmarks.accuracy import as_options
from stages.common.files.arrays import load_labelled
from stages.common.files.atomic import StageError
from stages.common.files.paths import (
    CLAIM_FIGURES,
    DATASET,
    PAGE,
    PAGE_OF_CLAIMS,
    PARAMETERS,
    RAW,
    RAW_DATASET,
    SCALE,
    SCORES,
)
from stages.common.images import catalog
from stages.common.images.catalog import FILES, Entry
from stages.common.images.classes import Classes, are_names, numbered
from stages.common.images.dataset import (
    DatasetInfo,
    load_classes,
    load_dataset_info,
    load_known,
)
from stages.common.images.idx import write_idx
from stages.common.images.preprocess import Images, Preprocessing
from stages.common.images.wanted import save
from stages.common.runtime.cli import run
from stages.common.runtime.imports import ROOT
from stages.common.runtime.params import flat, made, parameters_of
from stages.fetch import FetchParams, fetch
from stages.normalize import NormalizeParams, normalize
from stages.report import MOST_OUTPUTS_DRAWN
from stages.tools.check import problems_of_section
from stages.tools.expected import outlook_before_batch
from tests.claims.shared import rows_of
from tests.page.chromium import Watched, started_browser
from tests.pipelines import CLAIMS, PARAMS, STAGES, load, module_of
from tests.sample import asking_for, call, described, write_dataset, write_patterns

DECLARED = parameters_of(FetchParams)
SIGNS = tuple(string.digits + string.ascii_letters)
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
    "memorize": {"images": 60, "neurons": 8, "train_sizes": [30], "steps": 20},
    "amount": {"train_sizes": [60], "hidden": [8], "epochs": 3},
    "minima": {"hidden": [8]},
    "smoothness": {"hidden": [8]},
    "paths": {"images": 60, "passes": 1, "passes_factor": 1, "hidden": [8]},
    "architecture": {"widths": [4], "depths": [0, 2], "rates": [1]},
    "wishes": {"digit": 1},
    "twos": {"digit": 1},
    "report": {"mistakes": 8},
}  # fmt: skip


class MadeUp(NamedTuple):
    """A made-up data set."""

    names: tuple[str, ...]
    height: int
    width: int
    edges: bool = False  # are what the network sees, of bent images
    tested: int = 60  # test images


SETS = {
    "2 classes of 8 x 8": MadeUp(("night", "day"), 8, 8),
    "62 classes of 64 x 64, two of them not tested": MadeUp(SIGNS, 64, 64),
    "10 clothes of 12 x 20, 20 test images": MadeUp(CLOTHES, 12, 20, tested=20),
    "edges of 3 classes of 15 x 10": MadeUp(("A", "B", "C"), 15, 10, edges=True),
}


def parameters_for(data: MadeUp) -> dict[str, dict[str, Any]]:
    """What params.yaml holds but for the few lines that another data set needs."""
    sections = deepcopy(PARAMS)
    for changes in (load(ROOT / "tests/small.yaml"), QUICK):
        for section, values in changes.items():
            sections[section].update(values)
    about = {"classes": list(data.names), "credit": "Made up <for> a test."}
    sections["fetch"].update(asking_for(Path("source"), **about))
    sections["normalize"].update(edges=data.edges)
    if data.edges:
        sections["train"] |= {"augment.shift": 1, "augment.elastic_alpha": 3}
    return sections


def start(stage: str, values: dict[str, Any], patch: pytest.MonkeyPatch) -> None:
    """Run a stage in this process, as its command line would; it must not fail."""
    patch.setattr(sys, "argv", [stage, *as_options(values)])
    run(getattr(importlib.import_module(module_of(stage)), stage))


@pytest.fixture(scope="module", params=list(SETS))
def data(request: pytest.FixtureRequest) -> MadeUp:
    return SETS[request.param]


@pytest.fixture(scope="module")
def finished(data: MadeUp, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every stage of both pipelines has run on a made-up data set."""
    folder = tmp_path_factory.mktemp("dataset")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("LOKY_MAX_CPU_COUNT", "1")
        counts = {"train": 220, "t10k": data.tested}
        write_patterns(Path("source"), len(data.names), data.height, data.width, counts)
        parameters = parameters_for(data)
        with Path("params.yaml").open("w") as file:
            YAML().dump(parameters, file)
        SCALE.parent.mkdir()
        shutil.copyfile(ROOT / SCALE, SCALE)  # a claim's table, of no data set
        for stage in STAGES:
            start(stage, parameters.get(stage, {}), patch)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with started_browser() as browser:
        yield browser


def test_every_stage_runs_and_the_network_learns(finished: Path, data: MadeUp) -> None:
    metrics = YAML(typ="safe").load(finished / "reports/metrics.json")
    assert metrics["accuracy"] > 2 / (1 + len(data.names))
    assert len(rows_of(finished / SCORES)) == len(data.names)
    text = (finished / PAGE_OF_CLAIMS).read_text()
    assert f"There are only {data.tested} test images" in text
    drawn = {path.stem for path in (finished / CLAIM_FIGURES).glob("*.png")}
    assert {*CLAIMS} - {"siblings", "chapters"} == drawn


def test_what_the_network_is_given_has_its_name(finished: Path, data: MadeUp) -> None:
    page = "".join((finished / path).read_text() for path in (PAGE, PAGE_OF_CLAIMS))
    given, other = ("edges", "pixels") if data.edges else ("pixels", "edges")
    for words in ("neighbouring", "maps of the", "Scaling of", "shuffles of their own"):
        assert f"{words} {given}" in page
        assert f"{words} {other}" not in page
    assert ("ink on orange" in page) != data.edges
    assert ("an edge on orange" in page) == data.edges


@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_names_the_classes_and_fits_the_screen(
    width: int, finished: Path, data: MadeUp, browser: Browser
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    watched = Watched(context.new_page())
    page = watched.open(finished / "reports/index.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    guess = int(page.evaluate("document.querySelector('#network').dataset.guess"))
    assert page.locator("#answer-digit").inner_text() == data.names[guess]
    tags = page.locator("#network .tag-name").all_inner_texts()
    assert tags == [name for name in data.names if name in tags]
    assert len(tags) == min(len(data.names), MOST_OUTPUTS_DRAWN)
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


def test_that_little_can_be_said_is_seen_on_a_phone(finished: Path, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 800}, reduced_motion="reduce")
    page.goto((finished / PAGE_OF_CLAIMS).as_uri())
    assert page.get_by_text("test images: with as many others").is_visible()
    page.close()


def test_a_drawing_becomes_an_image_of_the_data_sets_size(
    finished: Path, data: MadeUp, browser: Browser
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


# --- In the catalog -----------------------------------------------------------------------------


PUBLISHED = {  # images to train on and to test on, classes, and the label of the first
    "mnist": (60_000, 10_000, 10, 0),
    "fashion-mnist": (60_000, 10_000, 10, 0),
    "kmnist": (60_000, 10_000, 10, 0),
    "qmnist": (60_000, 60_000, 10, 0),
    "emnist-digits": (240_000, 40_000, 10, 0),
    "emnist-letters": (124_800, 20_800, 26, 1),
    "emnist-balanced": (112_800, 18_800, 47, 0),
}


def test_the_catalog_has_the_data_sets_that_the_parameters_name() -> None:
    assert [*catalog.catalog()] == [*PUBLISHED]
    (named,) = re.findall(r"dataset: mnist +# which images: (.*)", (ROOT / PARAMETERS).read_text())
    assert named.split(", ") == [*PUBLISHED, "custom", "folder"]
    document = (ROOT / "docs/datasets.md").read_text()
    assert all(f"`{name}`" in document for name in PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_an_entry_of_the_catalog_is_what_was_published(name: str) -> None:
    entry = catalog.catalog()[name]
    train, test, classes, first = PUBLISHED[name]
    labels = (12, 32) if name == "qmnist" else (8, 1)
    for part, count in (("train", train), ("test", test)):
        assert entry.files[f"{part}_images"].length == 16 + count * 28 * 28
        assert entry.files[f"{part}_labels"].length == labels[0] + count * labels[1]
    assert len(entry.about.classes) == classes
    assert are_names(entry.about.classes)
    assert entry.about.first_label == first
    assert entry.about.transpose == name.startswith("emnist")
    assert 20 < len(entry.about.credit) <= 300
    assert len({file.digest for file in entry.files.values()}) == 4
    for file in entry.files.values():
        assert re.fullmatch(r"[0-9a-f]+", file.digest)
        assert len(file.digest) == {"sha256": 64, "md5": 32}[file.algorithm]


def test_mnist_is_in_git_and_needs_no_network(empty: Path) -> None:
    entry = catalog.catalog()["mnist"]
    assert entry.sources[0] == "file:data/mnist"
    for file in entry.files.values():
        save(pieces_of(ROOT / "data/mnist" / f"{file.name}.gz"), file, empty / file.name)
    assert (ROOT / "data/mnist/README.md").read_text().count("CC BY-SA 3.0") == 1


def pieces_of(path: Path) -> Generator[bytes]:
    yield path.read_bytes()


def made_up(entry: Entry, folder: Path) -> Entry:
    """Write a few images in the form of an entry; the entry with their lengths and sums."""
    first, classes = entry.about.first_label, len(entry.about.classes)
    rng = np.random.default_rng(0)
    files, written = {}, {}
    for part, file in entry.files.items():
        path = folder / file.name
        labels = (np.arange(3 * classes) % classes + first).astype(np.uint8)
        if part.endswith("images"):
            write_idx(path, rng.integers(0, 256, (len(labels), 28, 28), np.uint8))
        elif file.name.endswith("idx2-int"):
            columns = np.column_stack([labels, np.full((len(labels), 7), 999)]).astype(">i4")
            path.write_bytes(struct.pack(">4B2I", 0, 0, 12, 2, *columns.shape) + columns.tobytes())
        else:
            write_idx(path, labels)
        plain = path.read_bytes()
        path.unlink()
        packed = gzip.compress(plain)
        written[f"{file.name}.gz"] = packed
        digest = hashlib.new(file.algorithm, packed if file.as_gzip else plain).hexdigest()
        files[part] = replace(file, length=len(plain), digest=digest)
    if entry.archive is None:
        for name, content in written.items():
            (folder / name).write_bytes(content)
        return replace(entry, files=files)
    path = folder / entry.archive.name
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in written.items():
            archive.writestr(f"gzip/{name}", content)
    digest = hashlib.new(entry.archive.algorithm, path.read_bytes()).hexdigest()
    whole = replace(entry.archive, length=path.stat().st_size, digest=digest)
    return replace(entry, files=files, archive=whole)


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_data_set_of_the_catalog_goes_by_its_name_alone(
    name: str, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = empty / "source"
    folder.mkdir()
    entry = made_up(catalog.catalog()[name], folder)
    entries = {**catalog.catalog(), name: replace(entry, sources=(f"file:{folder}",))}
    monkeypatch.setattr(catalog, "catalog", lambda: entries)
    start("fetch", {**PARAMS["fetch"], "dataset": name}, monkeypatch)
    assert {path.name for path in RAW.iterdir()} == {*FILES.values(), "dataset.json"}
    start("normalize", PARAMS["normalize"], monkeypatch)
    _, _, classes, first = PUBLISHED[name]
    raw = np.fromfile(RAW / FILES["test_images"], np.uint8, offset=16).reshape(-1, 28, 28)
    images, labels = load_labelled(Path("data/normalized/test"))
    upright = raw.transpose(0, 2, 1) if name.startswith("emnist") else raw
    assert (images == upright.reshape(-1, 784)).all()
    assert labels.tolist() == [*range(classes)] * 3
    assert load_dataset_info(RAW_DATASET) == entry.about
    assert entry.about.first_label == first
    known = load_known()
    assert (known.name, known.credit) == (name, entry.about.credit)
    assert load_classes(classes).names == entry.about.classes


# --- Labels, names and what is known ------------------------------------------------------------


def normalized(labels: list[int], /, **about: Any) -> None:
    """Run ``normalize`` on one image of 2 x 3 for each label, in the current folder."""
    about = {"levels": 255, **about}
    images = np.arange(len(labels) * 6, dtype=np.uint8).reshape(-1, 2, 3)
    for prefix in ("train", "t10k"):
        write_idx(Path(f"data/raw/{prefix}-images-idx3-ubyte"), images)
        write_idx(Path(f"data/raw/{prefix}-labels-idx1-ubyte"), np.array(labels, np.uint8))
    write_dataset(RAW, **about)
    call(normalize, scaling="unit", deskew=False, edges=False)


def test_letters_that_lie_on_their_side_and_count_from_1_come_right(empty: Path) -> None:
    normalized([1, 3, 2], classes=["A", "B", "C"], transpose=True, first_label=1)
    images, labels = load_labelled(empty / "data/normalized/test")
    assert labels.tolist() == [0, 2, 1]
    assert images[0].reshape(3, 2).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert Preprocessing.load(Path("data/normalized/preprocessing.npz")).height == 3
    assert load_classes(3).names == ("A", "B", "C")
    known = load_known()
    assert (known.first_label, known.transpose) == (0, False)


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        (
            {"classes": ["A", "B"]},
            "fetch.custom.classes: expected 3 names, one for each label from 0 to 2, or none, got",
        ),
        ({"classes": ["A", "B", "A"]}, "custom.classes: expected different names, got A, B, A"),
        ({"first_label": 1}, "custom.first_label: expected at most 0, the smallest label, got 1"),
    ],
)
def test_names_and_labels_that_do_not_fit_are_refused_in_one_line(
    about: dict[str, Any], reason: str, empty: Path
) -> None:
    with pytest.raises(StageError) as error:
        normalized([0, 1, 2], **about)
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
    assert not (empty / "data/normalized").exists()


def with_levels(highest: int, levels: int | None) -> Images:
    """What ``normalize`` makes of test images with such levels, and of what is said of them."""
    images = np.arange(48).reshape(8, 2, 3) * highest // 47
    for prefix in ("train", "t10k"):
        write_idx(Path(f"data/raw/{prefix}-images-idx3-ubyte"), images.astype(np.uint8))
        labels = np.arange(8, dtype=np.uint8) % 2
        write_idx(Path(f"data/raw/{prefix}-labels-idx1-ubyte"), labels)
    write_dataset(RAW, **({} if levels is None else {"levels": levels}))
    call(normalize, scaling="unit", deskew=False, edges=False)
    return load_labelled(Path("data/normalized/test"))[0]


@pytest.mark.parametrize("highest", [1, 2, 16, 127])
def test_levels_that_end_far_below_255_are_told_with_what_to_set(highest: int, empty: Path) -> None:
    with pytest.raises(StageError, match=f"got {highest} as the .*custom.levels to {highest} "):
        with_levels(highest, None)
    assert not (empty / "data/normalized").exists()
    images = with_levels(highest, highest)
    assert (images.min(), images.max()) == (0, 255)
    assert with_levels(highest, 255).max() == highest
    assert with_levels(128, None).max() == 128


@pytest.mark.usefixtures("empty")
def test_levels_beyond_those_that_are_said_and_no_levels_at_all_are_refused() -> None:
    with pytest.raises(StageError, match=r"fetch.custom.levels: expected 17 or more, .* got 16"):
        with_levels(17, 16)
    with pytest.raises(StageError, match="expected images with ink, got grey level 0 in every"):
        with_levels(0, None)


@pytest.mark.usefixtures("empty")
def test_levels_are_stretched_to_255_by_rounding() -> None:
    images = with_levels(16, 16)
    expected = [round(level * 255 / 16 + 1e-9) for level in np.arange(48) * 16 // 47]
    assert images.ravel().tolist() == expected


@pytest.mark.usefixtures("empty")
def test_images_of_other_labels_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    normalized([10, 255, 20, 10], labels=[20, 10])
    assert load_labelled(Path("data/normalized/train"))[1].tolist() == [1, 0, 1]
    assert load_classes(2).names == ("20", "10")
    assert "train: 1 images are left out, with the labels 255" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("custom", "reason"),
    [
        ({"labels": [1, 2, 1]}, "fetch.custom.labels: expected different labels, got [1, 2, 1]"),
        ({"labels": [1, 2], "first_label": 1}, "or fetch.custom.labels, got both; remove one"),
    ],
)
def test_labels_that_contradict_one_another_are_refused(
    custom: dict[str, Any], reason: str, empty: Path
) -> None:
    write_patterns(empty / "source", 2, 4, 4, {"train": 4, "t10k": 2})
    with pytest.raises(StageError, match=re.escape(reason)):
        catalog.chosen("custom", {**described(empty / "source"), **custom})


@pytest.mark.parametrize(
    ("kind", "shape", "reason"),
    [
        (0x0D, (4, 3, 3), "got 0x0d (32-bit float); write it anew with bytes: grey levels from"),
        (0x08, (4, 3, 3, 3), "got 4; a fourth is usually that of colours: make the images grey"),
    ],
)
def test_pixels_of_floats_and_colours_are_called_so(
    kind: int, shape: tuple[int, ...], reason: str, empty: Path
) -> None:
    normalized([0, 1, 0, 1])
    head = struct.pack(f">4B{len(shape)}I", 0, 0, kind, len(shape), *shape)
    (RAW / "train-images-idx3-ubyte").write_bytes(head + bytes(4 * int(np.prod(shape))))
    with pytest.raises(StageError, match=re.escape(reason)):
        call(normalize, scaling="unit", deskew=False, edges=False)
    assert empty.is_dir()


def test_the_lengths_alone_tell_of_colours(empty: Path) -> None:
    write_patterns(empty / "source", 2, 4, 4, {"train": 40, "t10k": 20})
    values = asking_for(empty / "source", train_images_bytes=20 + 40 * 4 * 4 * 3)
    params = made(FetchParams, flat(PARAMS["fetch"] | values))
    with pytest.raises(StageError, match="got a length that fits four; a fourth is usually"):
        outlook_before_batch(params, made(NormalizeParams, PARAMS["normalize"]))


def test_classes_are_digits_only_if_their_names_are() -> None:
    assert numbered(10).noun == "digit"
    assert [numbered(10).one(k) for k in (2, 8)] == ["a 2", "an 8"]
    assert numbered(9).noun == numbered(26).noun == Classes(CLOTHES).noun == "class"
    assert Classes(CLOTHES).many(4) == "images of class Coat"
    assert [Classes(CLOTHES).brief(k) for k in (0, 9)] == ["T-s", "Ank"]
    assert [Classes(("left", "lefty", "right")).brief(k) for k in range(3)] == ["0", "1", "2"]


NAMES = ["[1, 2]", '["a"]', '["a", "a"]', '["a", "b\\n"]', '{"a": 1}', "3"]  # not of two classes
AB = '["a", "b"]'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[1, 2]",
        "{}",
        f'{{"classes": {AB}}}',
        f'{{"name": "", "classes": {AB}, "sums": {{}}, "other": 3}}',
        *(f'{{"name": "", "classes": {names}}}' for names in NAMES),
    ],
)
def test_a_description_that_holds_anything_else_is_refused(text: str, empty: Path) -> None:
    (empty / "data/normalized").mkdir(parents=True)
    (empty / DATASET).write_text(text)
    with pytest.raises(StageError, match="run dvc repro"):
        load_classes(2)


def test_without_its_data_a_network_has_numbers_for_names(empty: Path) -> None:
    assert not (empty / DATASET).exists()
    assert load_classes(3).names == ("0", "1", "2")
    assert load_known() == DatasetInfo("")


def test_normalize_needs_what_fetch_has_written(empty: Path) -> None:
    write_patterns(RAW, 2, 4, 4, {"train": 4, "t10k": 2})
    with pytest.raises(StageError, match=f"{RAW_DATASET}: no such file; run dvc repro"):
        call(normalize, scaling="unit", deskew=False, edges=False)
    assert not (empty / "data/normalized").exists()


def test_the_example_of_the_document_is_one_that_check_and_fetch_take(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "docs/datasets.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    values = PARAMS["fetch"] | YAML(typ="safe").load(example)["fetch"]
    assert values.keys() == {*PARAMS["fetch"], "custom"}
    assert [*problems_of_section("fetch", values, DECLARED)] == []
    assert values["custom"].keys() == {
        key.partition(".")[2] for key in DECLARED if key.startswith("custom.")
    }
    monkeypatch.setattr(sys, "argv", ["fetch", *as_options(values)])
    with pytest.raises(SystemExit) as end:
        run(fetch)
    assert end.value.code == 1
    assert not (empty / RAW).exists()  # its files are nowhere, and it gets as far as that


def test_every_parameter_that_the_recipes_name_exists() -> None:
    text = (ROOT / "docs/datasets.md").read_text()
    named = re.findall(r"(?:-S '?|`)(\w+)\.([\w.]+)(?==|`)", text)
    named = [(section, key) for section, key in named if section not in {"stages", "params"}]
    assert len(named) > 10
    known = {(section, key) for section, keys in PARAMS.items() for key in keys}
    known |= {("fetch", key) for key in ("custom", "pictures", *DECLARED)}
    assert [name for name in named if name not in known] == []
