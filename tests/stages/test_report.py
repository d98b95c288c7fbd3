"""The report says what was measured, in figures and on a page that asks nobody for anything."""

import csv
import itertools
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from nn import Network, feedforward
from stages.common.files.arrays import save_labelled
from stages.common.files.atomic import StageError
from stages.common.files.paths import DATASET
from stages.common.images.dataset import DatasetInfo
from stages.common.images.preprocess import Preprocessing, standard_scaling, unit_scaling
from stages.common.models.model import Model, save_model
from stages.common.models.snapshots import save_snapshots
from stages.page.contents import run_parameters, standard_error
from stages.page.embed import chosen_epochs, embed_run
from stages.page.figures.gallery import painters
from stages.page.figures.layout import styled
from stages.page.figures.results import load_results
from stages.page.html import Image, Table, render
from stages.report import report
from tests.sample import call

ROOT = Path(__file__).parents[2]
NAMES = ["hero", "learning", "weights", "activations", "confusion", "mistakes", "calibration"]
INPUTS = [
    "data/batches/train/images.npy",
    "data/batches/train/labels.npy",
    "data/normalized/test/images.npy",
    "data/normalized/test/labels.npy",
    "models/network.npz",
    "models/snapshots/epochs.npy",
    "models/snapshots/parameters.npy",
    "reports/history.csv",
    "reports/metrics.json",
    "reports/predictions.csv",
    "reports/confusion.csv",
    "reports/scores.csv",
    "reports/calibration.csv",
]
EPOCHS, IMAGES = 3, 60
TABLES = ("learning", "scores", "confusion", "mistakes", "calibration")
PARTS = ("train", "validation")


class Shape(NamedTuple):
    """A network to report on."""

    hidden: tuple[int, ...] = (4,)
    classes: int = 10
    height: int = 6
    width: int = 5
    activation: str = "sigmoid"
    cost: str = "quadratic"
    perfect: bool = False
    standard: bool = False  # pixels standardized, and images deskewed
    edges: bool = False


SHAPES = {
    "no hidden layer": Shape(hidden=()),
    "wide": Shape(hidden=(70, 600), activation="relu"),
    "deep": Shape(hidden=(5,) * 9, activation="tanh", cost="cross_entropy"),
    "3 classes of 8 x 8": Shape(hidden=(4,), classes=3, height=8, width=8, activation="leaky_relu"),
    "26 classes of 4 x 12": Shape(classes=26, height=4, width=12),
    "one neuron, one pixel, two classes": Shape(hidden=(1,), classes=2, height=1, width=1),
    "no mistakes": Shape(perfect=True),
    "standardized and deskewed": Shape(standard=True),
    "edges of 7 x 5": Shape(standard=True, edges=True, height=7, width=5),
}


def write_csv(path: Path, header: list[str], rows: Any) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_run(folder: Path, shape: Shape) -> None:
    """Write what the stages before the report write, for random images and an untrained network."""
    rng = np.random.default_rng(0)
    for name in ("data/batches/train", "data/normalized/test", "models", "reports"):
        (folder / name).mkdir(parents=True)
    preprocessing = Preprocessing(
        shape.height, shape.width, shape.standard, shape.edges, *unit_scaling()
    )
    images = rng.integers(0, 256, (IMAGES, shape.height * shape.width), dtype=np.uint8)
    seen = preprocessing.see(images)
    sizes = (seen.shape[1], *shape.hidden, shape.classes)
    network = Network.random(sizes, shape.activation, shape.cost, rng=rng)
    steps = rng.normal(0, 0.1, (EPOCHS, network.parameters.size)).cumsum(axis=0)
    snapshots = np.concatenate([[network.parameters], network.parameters + steps])
    network.parameters[:] = snapshots[-1]
    save_snapshots(folder / "models/snapshots", dict(enumerate(snapshots.astype(np.float32))))
    scale, offset = standard_scaling(seen) if shape.standard else unit_scaling()
    preprocessing = replace(preprocessing, scale=scale, offset=offset)
    save_model(folder / "models/network.npz", Model(network, preprocessing))
    outputs = feedforward(network, (seen * scale + offset).T.astype(np.float32)).T
    ranked = np.argsort(-outputs, axis=1, kind="stable")
    labels = ranked[:, 0] if shape.perfect else rng.integers(0, shape.classes, IMAGES)
    for name in ("data/batches/train", "data/normalized/test"):
        save_labelled(folder / name, images, labels.astype(np.uint8))
    names = tuple(map(str, range(shape.classes)))
    known = DatasetInfo(
        "drawn", names, credit="Somebody drew <them>.", sums={"train_images_md5": "0f"}
    )
    known.save(folder / DATASET)
    write_reports(folder / "reports", labels, ranked, outputs)


def write_reports(
    folder: Path, labels: Any, ranked: Any, outputs: Any, epochs: int = EPOCHS
) -> None:
    n, classes = outputs.shape
    right = labels == ranked[:, 0]
    write_csv(
        folder / "history.csv",
        ["epoch", "learning_rate", *(f"{p}_{m}" for p in PARTS for m in ("cost", "accuracy"))],
        [
            [e, 0.5, 1.5 / (e + 1), e / epochs, 2.5 / (e + 1), e / (epochs + 1)]
            for e in range(epochs + 1)
        ],
    )
    names = [f"output_{j}" for j in range(classes)]
    rows = [[labels[i], *ranked[i, :2], *outputs[i]] for i in range(n)]
    write_csv(folder / "predictions.csv", ["label", "guess", "second_guess", *names], rows)
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (labels, ranked[:, 0]), 1)
    rows = [[i, j, confusion[i, j]] for i in range(classes) for j in range(classes)]
    write_csv(folder / "confusion.csv", ["label", "guess", "images"], rows)
    header = ["lower", "images", "confidence", "accuracy"]
    write_csv(folder / "calibration.csv", header, [[0.3, n - 1, 0.37, 0.5], [0.9, 1, 0.93, 1]])
    recall = (np.diag(confusion) / np.maximum(confusion.sum(axis=1), 1)).round(6)
    shown = confusion.sum(axis=1)
    scores = [[j, shown[j], *[recall[j]] * 3] for j in range(classes)]
    header = ["class", "images", "precision", "recall", "f1"]
    write_csv(folder / "scores.csv", header, scores)
    metrics = {
        "accuracy": round(float(right.mean()), 6),
        "top_2_accuracy": round(float((labels[:, None] == ranked[:, :2]).sum() / n), 6),
        "cost": 0.875,
        "calibration_error": 0.0625,
    }
    (folder / "metrics.json").write_text(json.dumps(metrics))


class Page(HTMLParser):
    """What the tests ask about a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the usual kind with its report; for reading only."""
    folder = tmp_path_factory.mktemp("run")
    write_run(folder, Shape(hidden=(4, 3)))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        call(report, dpi=50, mistakes=6)
    return folder


@pytest.fixture(scope="module")
def page(finished: Path) -> Page:
    return Page((finished / "reports/index.html").read_text(encoding="utf-8"))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_every_shape_of_network_gets_all_figures_and_a_page(
    shape: Shape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path, shape)
    monkeypatch.chdir(tmp_path)
    call(report, dpi=50, mistakes=9)
    assert {path.stem for path in Path("reports/figures").iterdir()} == {*NAMES}
    page = Page(Path("reports/index.html").read_text(encoding="utf-8"))
    shown = [image for image in page.all("img") if "id" not in image]
    assert len(shown) == 5  # the page draws the other two itself, so that they can be played with
    assert "nan" not in " ".join(page.text).lower().split()
    assert ("not above chance" in " ".join(page.text)) != shape.perfect


def test_the_same_run_gives_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    shutil.copytree(finished, tmp_path / "again")
    shutil.rmtree(tmp_path / "again/reports/figures")
    command = [
        sys.executable,
        "-m",
        "stages.report",
        "--dpi",
        "50",
        "--mistakes",
        "6",
    ]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)}
    subprocess.run(command, cwd=tmp_path / "again", env=environment, check=True)
    for path in [*finished.glob("reports/figures/*.png"), finished / "reports/index.html"]:
        other = tmp_path / "again" / path.relative_to(finished)
        assert path.read_bytes() == other.read_bytes(), path.name


def test_the_page_says_whose_images_it_shows_and_their_sums(page: Page) -> None:
    text = "".join(page.text)
    assert "by 3Blue1Brown. Somebody drew <them>." in text


def test_the_page_makes_no_request(page: Page) -> None:
    loaded = [
        value
        for _, attributes in page.tags
        for name, value in attributes.items()
        if name in {"src", "srcset", "data", "action", "background", "poster"}
    ]
    loaded += [attributes["href"] for attributes in page.all("link")]
    assert loaded
    assert all(str(value).startswith("data:") for value in loaded)
    text = "".join(page.text)
    assert "@import" not in text
    assert "url(" not in text
    assert not re.search(r"^\s*(import|export)\b", text, re.MULTILINE)


def test_the_policy_comes_first_and_allows_only_what_is_inside(page: Page) -> None:
    order = [tag for tag, _ in page.tags]
    policy = page.all("meta")[1]
    assert policy["http-equiv"] == "Content-Security-Policy"
    allowed = str(policy["content"]).split("; ")
    assert allowed[:2] == ["default-src 'none'", "img-src data:"]
    assert re.fullmatch(r"script-src 'sha256-[\w+/]{43}='", allowed[2])
    assert re.fullmatch(r"style-src 'sha256-[\w+/]{43}='", allowed[3])
    assert allowed[6:] == ["worker-src blob:"]
    assert "unsafe" not in str(policy["content"])
    assert order.index("meta") < order.index("style")
    assert not any("style" in attributes for _, attributes in page.tags)


def test_every_image_has_its_size_and_tells_its_finding(page: Page) -> None:
    for image in [image for image in page.all("img") if "id" not in image]:
        assert int(str(image["width"])) > 0
        assert int(str(image["height"])) > 0
        assert len(str(image["alt"])) > 40


def test_headings_and_landmarks_are_in_order(page: Page) -> None:
    headings = [tag for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    levels = [int(heading[1]) for heading in headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later <= earlier + 1 for earlier, later in itertools.pairwise(levels))
    assert page.all("html") == [{"lang": "en"}]
    for landmark in ("header", "nav", "main", "footer"):
        assert len(page.all(landmark)) == 1
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(identifiers)) == len(identifiers)
    links = [str(a["href"]) for a in page.all("a")]
    assert {link[1:] for link in links if link.startswith("#")} <= set(map(str, identifiers))


def test_few_images_that_are_all_right_promise_nothing() -> None:
    assert standard_error(0.9618, 10_000) == "0.19"  # the binomial one
    assert float(standard_error(1, 4)) > 10
    assert float(standard_error(0, 20)) > 3


def test_markup_in_a_text_is_shown_as_text() -> None:
    bad = '<script>alert("1")</script>\'&'
    image = Image(bad, bad, bad, "data:image/png;base64,", 1, 1)
    table = Table(bad, [bad], [[bad, bad]])
    texts = ["shape", "noun", "parameters", "accuracy", "spread", "two_guesses", "epochs"]
    texts += [
        "sample_accuracy",
        "sample_easier",
        "validation_accuracy",
        "learning_rate",
        "test_images",
        "misread",
        "thing",
        "a_thing",
        "activation",
        "cost",
        "caveat",
        "sample",
        "credit",
        "dataset",
        "input",
        "large",
        "layout",
    ]
    context = {
        **dict.fromkeys(texts, bad),
        "sizes": (4, 2),
        "classes": 2,
        "names": [bad, bad],
        "long_names": True,
        "image_shape": (2, 2),
        "shades": [["right"] * 2] * 2,
        "settings": [(bad, bad)],
        "sums": [(bad, bad)],
        "versions": [(bad, bad)],
        "run_parameters": {bad: [(bad, bad)]},
        "images": dict.fromkeys(NAMES, image),
        "tables": dict.fromkeys(TABLES, table),
        "live": True,
        "has_snapshots": True,
        "training_count": 9,
        "training_shapes": [[], [3]],
        "activations": [bad],
        "costs": [bad],
        "hill": {"images": 9, "grid": 3, "share": bad},
    }
    blocks = {"training_data": "{}", "hill_data": "{}", "worker": ""}
    shown = Page(render("index.html.j2", context, script="", blocks=blocks))
    assert len(shown.all("script")) == 5  # the page's own
    assert shown.all("img")[0]["alt"] == bad
    assert "".join(shown.text).count(bad) > 40


def test_what_is_embedded_ends_no_script(monkeypatch: pytest.MonkeyPatch, finished: Path) -> None:
    monkeypatch.chdir(finished)
    results = replace(load_results(), epoch=1)
    monkeypatch.setattr(type(results), "noun", "</script><!--")
    text = embed_run(results, mistakes=3)
    assert "<" not in text
    assert json.loads(text)["noun"] == "</script><!--"


def test_epochs_that_are_kept_begin_close_together_and_include_both_ends() -> None:
    assert chosen_epochs(90, 16) == [0, 1, 2, 4, 6, 10, 14, 20, 26, 32, 40, 48, 58, 68, 78, 90]
    assert chosen_epochs(3, 16) == [0, 1, 2, 3]
    assert chosen_epochs(1, 16) == [0, 1]


def test_parameters_of_another_network_are_refused(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    results = load_results()
    assert run_parameters(results) == {}
    monkeypatch.chdir(tmp_path)
    train = {"hidden": [4, 3], "activation": "sigmoid", "cost": "quadratic", "shuffle": True}
    sections: dict[str, Any] = {name: {} for name in ("fetch", "normalize", "batch")}
    Path("params.yaml").write_text(json.dumps({**sections, "train": train}))
    assert run_parameters(results)["train"][0] == ("hidden", "4, 3")
    assert run_parameters(results)["train"][-1] == ("shuffle", "true")
    Path("params.yaml").write_text(json.dumps({**sections, "train": {**train, "hidden": [5]}}))
    with pytest.raises(StageError, match="another network; run dvc repro"):
        run_parameters(results)
    Path("params.yaml").write_text("train: [")
    with pytest.raises(StageError, match="expected the sections"):
        run_parameters(results)


def test_every_number_in_a_caption_is_found_in_its_source_file(finished: Path) -> None:
    texts = captions(finished)
    known = {name: {*numbers} for name, numbers in expected(finished).items()}
    for name, numbers in known.items():
        numbers_said = re.findall(r"\N{MINUS SIGN}?\d+(?:,\d{3})*(?:\.\d+)?", texts[name])
        assert numbers_said
        assert {*numbers_said} <= numbers, texts[name]


def captions(folder: Path) -> dict[str, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        results = load_results()
        with styled():
            pictures = [paint(results) for paint in painters(6)]
    assert [picture.name for picture in pictures] == NAMES
    return {
        picture.name: f"{picture.title}. {picture.caption}".replace("\N{NO-BREAK SPACE}", " ")
        for picture in pictures
    }


def expected(folder: Path) -> dict[str, list[str]]:
    """The numbers that captions may hold, computed from the files by other means."""
    rows = read_rows(folder / "reports/predictions.csv")
    history = read_rows(folder / "reports/history.csv")
    cells = np.array(read_rows(folder / "reports/confusion.csv"))
    confusion = cells[:, 2].reshape(10, 10)
    metrics = json.loads((folder / "reports/metrics.json").read_text())
    wrong = sorted((-max(r[3:]), i) for i, r in enumerate(rows) if r[0] != r[1])
    sure = [-brightness for brightness, _ in wrong]
    second = [rows[i][0] == rows[i][2] for _, i in wrong]
    right = [max(r[3:]) for r in rows if r[0] == r[1]]
    n, misread = len(rows), len(wrong)
    both = [(confusion[i][j] + confusion[j][i], i, j) for i in range(10) for j in range(i + 1, 10)]
    most = max(count for count, *_ in both)
    one, other = next((i, j) for count, i, j in both if count == most)
    off = {(i, j): confusion[i][j] for i in range(10) for j in range(10) if i != j}
    top = max(off.values())
    ways = [kind for kind, count in off.items() if count == top]
    kind = ways[0] if len(ways) == 1 else (len(ways),)
    shown = sorted((row for row in read_rows(folder / "reports/scores.csv") if row[1]),
                   key=lambda row: -row[1])  # fmt: skip
    recalls = [row[3] for row in shown]
    best, worst = (shown[recalls.index(end)] for end in (max(recalls), min(recalls)))
    ends = [row[5] for row in (history[0], history[1], history[-1])]
    return {
        "hero": hero_numbers(folder, rows, metrics["accuracy"], ends),
        "weights": weight_numbers(folder),
        "activations": activation_numbers(folder, rows),
        "learning": [
            "1", str(EPOCHS), *(f"{100 * a:.{d}f}" for a in ends for d in (1, 2)),
            *(f"{row[4]:.3g}" for row in (history[0], history[-1])), f"{100 * history[-1][3]:.2f}",
            f"{100 * (history[-1][3] - history[-1][5]):.2f}",
        ],
        "confusion": [
            *(str(x) for x in (n, misread, int(top), *kind, one, other, int(most))),
            *(f"{x:.0f}" for row in (best, worst) for x in row[:2]),
            *(f"{100 * row[3]:.1f}" for row in (best, worst)), f"{100 * most / misread:.1f}",
        ],
        "mistakes": [
            *(str(x) for x in (misread, sum(second), sum(second[:6]), 6)),
            *(f"{x:.2f}" for x in (sure[0], sure[5], np.mean(sure), np.mean(right))),
            f"{100 * np.mean(second):.1f}",
        ],
        "calibration": ["0.9", "0.3", "100.0", "50.0", "1", "2", "59", "60", "6.2"],
    }  # fmt: skip


def hero_numbers(
    folder: Path, rows: list[list[float]], accuracy: float, ends: list[float]
) -> list[str]:
    parameters = np.load(folder / "models/snapshots/parameters.npy").shape[1]
    guess = next(row[1] for row in rows if row[0] == row[1])
    shares = [f"{100 * end:.1f}" for end in ends]
    return [str(parameters), f"{100 * accuracy:.0f}", str(len(rows)), f"{guess:.0f}", *shares]


def activation_numbers(folder: Path, rows: list[list[float]]) -> list[str]:
    chosen = []
    for label in range(10):
        own = [i for i, row in enumerate(rows) if row[0] == label]
        chosen += sorted(own, key=lambda i: (rows[i][0] != rows[i][1], i))[:1]
    right = sum(rows[i][0] == rows[i][1] for i in chosen)
    ranked = [sorted(rows[i][3:]) for i in chosen]
    numbers = [str(right), str(len(chosen)), "1", "2"]
    numbers += [f"{min(r[-1] for r in ranked):.2f}", f"{max(r[-2] for r in ranked):.2f}"]
    a = np.load(folder / "data/normalized/test/images.npy")[chosen] / 255
    with np.load(folder / "models/network.npz") as model:
        for layer in (0, 1):
            a = 1 / (1 + np.exp(-(a @ model[f"weights_{layer}"].T + model[f"biases_{layer}"])))
            bright = [int((one > a.max() / 2).sum()) for one in a]
            numbers += [str(min(bright)), str(max(bright)), str(a.shape[1]), f"{a.max():.2f}"]
    return numbers


def weight_numbers(folder: Path) -> list[str]:
    with np.load(folder / "models/network.npz") as model:
        height, width = (int(side) for side in model["image_shape"])
        after, neurons = model["weights_0"], len(model["weights_0"])
    before = np.load(folder / "models/snapshots/parameters.npy")[0, : after.size].reshape(
        after.shape
    )
    numbers = [str(height * width), str(neurons), "0", "1"]
    for weights in (before, after):
        pairs = [
            (image[p], image[q])
            for image in weights
            for p in range(height * width)
            for q in [p + 1] * ((p + 1) % width > 0) + [p + width] * (p + width < height * width)
        ]
        correlation = np.corrcoef(np.array(pairs, float).T)[0, 1]
        numbers.append(f"{round(correlation, 2) + 0:.2f}".replace("-", "\N{MINUS SIGN}"))
        numbers.append(f"{np.sqrt((weights**2).mean()):.3g}")
    end = np.ceil(np.quantile(np.abs([before, after]), 0.999) * 100) / 100
    beyond = (np.abs(after) > end).mean()
    return [*numbers, f"{100 * beyond:.2f}", f"{end:.2g}"]


def read_rows(path: Path) -> list[list[float]]:
    with path.open() as file:
        return [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]


@pytest.mark.parametrize("name", INPUTS)
def test_a_missing_file_is_named_in_one_line(
    name: str, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished, tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")
    Path(name).unlink()
    with pytest.raises(StageError) as error:
        call(report, dpi=50, mistakes=6)
    assert name in str(error.value)
    assert "dvc repro" in str(error.value)
    assert "\n" not in str(error.value)


def other_labels(folder: Path) -> None:
    path = folder / "data/normalized/test/labels.npy"
    np.save(path, (np.load(path) + 1).astype(np.uint8) % 10)


def other_network(folder: Path) -> None:
    path = folder / "models/snapshots/parameters.npy"
    np.save(path, np.load(path) + 1)


def other_epochs(folder: Path) -> None:
    path = folder / "reports/history.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def other_images(folder: Path) -> None:
    path = folder / "data/normalized/test/images.npy"
    np.save(path, 255 - np.load(path))


@pytest.mark.parametrize("change", [other_labels, other_network, other_epochs, other_images])
def test_files_of_different_runs_are_refused(
    change: Any, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished, tmp_path / "run")
    change(tmp_path / "run")
    monkeypatch.chdir(tmp_path / "run")
    with pytest.raises(StageError, match="dvc repro"):
        call(report, dpi=50, mistakes=6)


@pytest.mark.parametrize(
    ("option", "value"), [("dpi", "49"), ("dpi", "601"), ("mistakes", "0"), ("mistakes", "1.5")]
)
def test_a_wrong_parameter_is_named(option: str, value: str, tmp_path: Path) -> None:
    options = {"dpi": "50", "mistakes": "6", option: value}
    command = [sys.executable, "-m", "stages.report"]
    command += [part for name, text in options.items() for part in (f"--{name}", text)]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, check=False, capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"report.{option}: expected a whole number" in done.stderr
    assert value in done.stderr
