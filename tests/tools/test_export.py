"""The network in other formats answers as NumPy does, whatever its shape and functions."""

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime
import pytest

from nn import ACTIVATIONS, COSTS, Network
from stages.common.files.atomic import StageError
from stages.common.files.paths import DATASET
from stages.common.images.catalog import catalog
from stages.common.images.drawing import prepare
from stages.common.images.preprocess import Images, Preprocessing, standard_scaling, unit_scaling
from stages.common.models.model import Model, load_model
from stages.common.runtime.cli import run
from stages.common.runtime.imports import ROOT
from stages.evaluate import evaluate
from stages.tools.export import FORMATS, export
from stages.tools.formats import OUTPUTS
from stages.tools.formats.c_header import EXPRESSIONS, to_c_header
from stages.tools.formats.javascript import to_javascript
from stages.tools.formats.onnx import OPERATORS, to_onnx
from tests.claims.shared import write_rows
from tests.common.test_drawing import photo, sample_digits
from tests.page.chromium import refuse_or_skip, started_browser
from tests.test_parameters import contents
from tests.tools.check_exports import ORACLES, TOLERANCE, answered, differences, write


class Case(NamedTuple):
    """A model to be made: layers after the images, functions, and preprocessing."""

    layers: tuple[int, ...]
    activation: str
    cost: str
    deskew: bool
    standard: bool
    height: int = 28
    width: int = 28
    edges: bool = False


CASES = {
    "as the pipeline makes it": Case((16, 16, 10), "sigmoid", "quadratic", False, False),
    "deskewed": Case((12, 10), "sigmoid", "quadratic", True, False),
    "tanh, softmax, every pixel scaled": Case((12, 8, 10), "tanh", "cross_entropy", False, True),
    "relu, softmax, deskewed and scaled": Case((30, 10), "relu", "cross_entropy", True, True),
    "leaky, three hidden layers": Case((9, 8, 7, 10), "leaky_relu", "quadratic", False, True),
    "no hidden layer": Case((10,), "relu", "cross_entropy", True, False),
    "26 classes of 4 x 12": Case((6, 26), "leaky_relu", "cross_entropy", True, True, 4, 12),
    "12 x 3, two classes": Case((5, 2), "tanh", "quadratic", True, False, 12, 3),
    "edges, deskewed": Case((12, 10), "relu", "cross_entropy", True, False, edges=True),
    "edges of 9 x 6, scaled": Case((5, 3), "sigmoid", "quadratic", False, True, 9, 6, edges=True),
    "edges of 1 x 5": Case((4, 2), "tanh", "quadratic", False, False, 1, 5, edges=True),
}


def images_of(case: Case) -> Images:
    """Real digits if they fit, noise, dense and sparse, a single point, and nothing at all."""
    shape, rng = (case.height, case.width), np.random.default_rng(1)
    noise = rng.integers(0, 256, (40, *shape), dtype=np.uint8)
    sparse = np.where(rng.random(noise.shape) < 0.05, noise, 0).astype(np.uint8)
    few = np.zeros((2, *shape), np.uint8)
    few[0, -1, -1] = 7
    digits = [sample_digits()[0][:150]] if shape == (28, 28) else []
    return np.concatenate([*digits, noise, sparse, few])


def model_of(case: Case) -> Model:
    """Random weights and biases, small ones: outputs that are all 1.0 would have equal guesses."""
    rng, grey = np.random.default_rng(0), images_of(case).reshape(-1, case.height * case.width)
    plain = Preprocessing(case.height, case.width, case.deskew, case.edges, *unit_scaling())
    seen = plain.see(grey)
    sizes = (seen.shape[1], *case.layers)
    network = Network.random(sizes, case.activation, case.cost, rng=rng)
    network.all_biases[:] = rng.normal(size=network.all_biases.size)
    scale, offset = standard_scaling(seen) if case.standard else unit_scaling()
    return Model(network, replace(plain, scale=scale, offset=offset))


@pytest.fixture(scope="session")
def programs() -> None:
    """What the oracles need that is not of Python."""
    for program in ("gcc", "g++", "node"):
        if shutil.which(program) is None:
            refuse_or_skip(f"no {program} found", "on Debian: apt-get install g++ nodejs")


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("name", CASES)
def test_every_format_answers_as_numpy_does(name: str, tmp_path: Path) -> None:
    model, images = model_of(CASES[name]), images_of(CASES[name])
    first, second = np.sort(model.outputs(images), axis=1)[:, :-3:-1].T
    images = images[first - second > TOLERANCE]  # or the last bit may decide a guess
    write(model, {*FORMATS}, tmp_path)
    assert np.ptp(model.outputs(images), axis=0).min() > 100 * TOLERANCE  # or any answer would do
    for oracle in ORACLES:
        different, largest = differences(oracle, tmp_path, model, images)
        assert different == 0, oracle
        assert largest <= TOLERANCE, oracle


def test_every_function_of_nn_can_be_exported() -> None:
    assert EXPRESSIONS.keys() == ACTIVATIONS.keys()
    assert OPERATORS.keys() == {*ACTIVATIONS, *OUTPUTS.values()}
    assert {case.activation for case in CASES.values() if len(case.layers) > 1} == {*ACTIVATIONS}
    assert {case.cost for case in CASES.values()} == {*COSTS}


@pytest.mark.usefixtures("programs")
def test_a_wrong_weight_or_preprocessing_is_noticed(tmp_path: Path) -> None:
    case = CASES["deskewed"]
    model, images = model_of(case), images_of(case)
    wrong = model_of(case)
    wrong.network.weights[-1][0] += 1e-3
    askew = model_of(case._replace(deskew=False))
    for other in (wrong, askew):
        write(other, {*FORMATS}, tmp_path)
        for oracle in ORACLES:
            assert differences(oracle, tmp_path, model, images)[1] > TOLERANCE, oracle


def test_onnx_takes_any_number_of_images_and_no_other_shape() -> None:
    model = model_of(CASES["relu, softmax, deskewed and scaled"])
    session = onnxruntime.InferenceSession(to_onnx(model), providers=["CPUExecutionProvider"])
    for count in (0, 1, 3):
        (outputs,) = session.run(None, {"images": np.zeros((count, 28, 28), np.uint8)})
        assert outputs.shape == (count, 10)
    onnxruntime.set_default_logger_severity(4)
    for wrong in (np.zeros((2, 28, 27), np.uint8), np.zeros((2, 28, 28), np.float32)):
        with pytest.raises(Exception, match=r"(?i)invalid.?argument|expected|dimensions"):
            session.run(None, {"images": wrong})


NODE_REFUSAL = """
import { guesses, prepare, read } from "./network.mjs";
import { readFileSync, writeSync } from "node:fs";
const picture = { height: 300, width: 300, levels: readFileSync(0) };
try { read(new Uint8Array(3)); } catch (error) { writeSync(2, error.message); }
writeSync(1, new Uint8Array(Float32Array.of(0, ...read(prepare(picture, 28, 28))).buffer));
"""


@pytest.mark.usefixtures("programs")
def test_javascript_prepares_photos_and_refuses_what_is_no_image(tmp_path: Path) -> None:
    model = model_of(CASES["deskewed"])
    write(model, {"javascript"}, tmp_path)
    (tmp_path / "program.mjs").write_text(NODE_REFUSAL)
    picture = photo(np.pad(np.kron(sample_digits()[0][0], np.ones((10, 10), np.uint8)), 10), 0)
    command = ["node", str(tmp_path / "program.mjs")]
    _, outputs = answered(command, picture[np.newaxis])
    expected = model.outputs(prepare(picture)[np.newaxis])
    assert np.abs(outputs - expected).max() <= TOLERANCE
    done = subprocess.run(command, input=picture.tobytes(), capture_output=True, check=True)
    assert done.stderr.decode() == "expected 784 pixels, got 3"


def test_a_browser_reads_as_numpy_does() -> None:
    model, image = model_of(CASES["deskewed"]), sample_digits()[0][:1]
    with started_browser() as browser:
        page = browser.new_page()
        outputs = page.evaluate(
            """async ({ text, pixels }) => {
              const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
              return Array.from((await import(url)).read(pixels));
            }""",
            {"text": to_javascript(model).decode(), "pixels": image.ravel().tolist()},
        )
    assert np.abs(np.array(outputs) - model.outputs(image)).max() <= TOLERANCE


@pytest.fixture(scope="module")
def finished(trained_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has been evaluated; read only."""
    folder = Path(shutil.copytree(trained_run, tmp_path_factory.mktemp("evaluated") / "run"))
    with chdir(folder):
        evaluate()
    return folder


Result = tuple[int, str, str]  # exit code, standard output, standard error


@pytest.fixture
def start(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """Run the command in an evaluated run's folder."""

    def result(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["export", *arguments])
        code = 0
        try:
            run(export)
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    assert folder == Path.cwd()
    return result


def test_the_command_writes_everything_and_the_same_bytes_again(
    start: Callable[..., Result],
) -> None:
    code, output, errors = start()
    assert (code, errors) == (0, "")
    written = contents(Path("exports"))
    assert written.keys() == {*(file for file, _ in FORMATS.values()), "MODEL_CARD.md"}
    for name, content in written.items():
        assert f"exports/{name}: {len(content):,} bytes\n" in output
    assert start("--folder", "again")[0] == 0
    assert contents(Path("again")) == written


def test_what_is_named_is_written_and_other_files_stay(start: Callable[..., Result]) -> None:
    Path("firmware").mkdir()
    Path("firmware/main.c").write_text("int main(void) { return 0; }")
    assert start("c", "--folder", "firmware")[0] == 0
    assert contents(Path("firmware")).keys() == {"MODEL_CARD.md", "main.c", "network.h"}


@pytest.mark.parametrize(
    ("arguments", "missing", "complaint"),
    [
        (["coreml"], "", "export: expected one of onnx, safetensors, javascript, c, got 'coreml'"),
        (
            ["c", "onnx"],
            "onnx",
            "onnx: the package onnx is not installed; pip install --group onnx",
        ),
        ([], "reports/confusion.csv", "reports/confusion.csv: no such file; run dvc repro"),
        ([], "models/network.npz", "models/network.npz: no such file; run dvc repro"),
        (["--folder", "models/network.npz"], "", "models/network.npz"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line_and_nothing_is_written(
    arguments: list[str],
    missing: str,
    complaint: str,
    start: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if missing == "onnx":
        monkeypatch.setitem(sys.modules, "onnx", None)
    elif missing:
        Path(missing).unlink()
    before = contents(Path())
    code, output, errors = start(*arguments)
    assert (code, output) == (1, "")
    assert errors.startswith(f"error: {complaint}")
    assert errors.count("\n") == 1
    assert {n: b for n, b in contents(Path()).items() if not n.startswith(".locks/")} == before


def test_without_the_package_the_other_formats_are_written(
    start: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    code, output, _ = start()
    assert code == 0
    assert output.startswith("ONNX is left out: ")
    names = {"network.safetensors", "network.mjs", "network.h", "MODEL_CARD.md"}
    assert contents(Path("exports")).keys() == names


def cards(folder: Path) -> str:
    export(["c"], folder)
    return (folder / "MODEL_CARD.md").read_text()


def test_the_cards_numbers_are_those_of_the_runs_files(folder: Path) -> None:
    card = cards(folder).replace("\N{NO-BREAK SPACE}", " ")
    model = load_model("models/network.npz")
    labels = np.load("data/normalized/test/labels.npy")
    images = np.load("data/normalized/test/images.npy").reshape(-1, 28, 28)
    guesses = model.outputs(images).argmax(axis=1)
    for sum_of in ("models/network.npz", folder / "network.h"):
        assert hashlib.sha256(Path(sum_of).read_bytes()).hexdigest() in card
    accuracy = 100 * (labels == guesses).mean()
    assert f"Accuracy on 60 test images: {accuracy:.0f} %" in card
    for digit in range(10):
        of_it = labels == digit
        right = int((guesses[of_it] == digit).sum())
        assert f"| {digit} | {of_it.sum()} | {right} | " in card
        recall = right / max(1, of_it.sum())
        assert re.search(rf"\| {digit} \|.* {100 * recall:.1f} % \|", card)
    assert "## Parameters of the run" not in card
    assert "A data set of its own" in card
    assert "has not run" in card
    assert "4,805 weights" in card


def test_the_card_tells_parameters_data_and_noise_if_they_are_known(folder: Path) -> None:
    parameters = (ROOT / "params.yaml").read_text().replace("  - 16\n  - 16", "  - 6\n  - 5", 1)
    Path("params.yaml").write_text(parameters)
    mnist = catalog()["mnist"].about
    mnist.save(DATASET)
    card = cards(folder)
    assert f"high-school students.\n{mnist.credit}\n" in card
    assert f"| train_images_sha256 | {mnist.sums['train_images_sha256']} |" in card
    assert "| weight_decay | 6e-05 |" in card
    assert "| dataset | mnist |" in card
    replace(mnist, name="fashion-mnist", credit="By *others*.").save(DATASET)
    assert "\nfashion-mnist.\nBy *others*.\n" in cards(folder)
    replace(mnist, name="custom", credit="").save(DATASET)
    other = cards(folder)
    assert "CC BY-SA" not in other
    assert "own: the files are those of the sums below.\nTheir source and licence are not" in other
    DATASET.unlink()
    other = cards(folder)
    assert "Not recorded: data/normalized/dataset.json was not there." in other
    assert "train_images_sha256" not in other


def test_the_card_tells_noise_as_it_was_measured(folder: Path) -> None:
    shares: dict[str, Any] = {"uniform": (0.1, 0.4), "shuffled": (0.2, 0.3), "digits": (0.8, 0.9)}
    columns = (
        "kind", "seed", "confident", "clear", "mean_largest", "favourite", "favourite_share",
    )  # fmt: skip
    rows = [
        (kind, seed, share, 0.6, 0.5, 3, 0.7)
        for kind, both in shares.items()
        for seed, share in enumerate((0.05, *both), start=-1)
    ]
    write_rows(Path("data/claims/noise.csv"), columns, rows)
    np.savez(
        "data/claims/noise.npz",
        kinds=np.array([*shares]),
        counts=np.array([50, 51, 52]),
        threshold=np.array(0.85),
        sizes=np.array([784, 7, 10]),
        epochs=np.array(3),
        pictures=np.zeros((3, 28, 28), np.uint8),
        first_outputs=np.zeros((3, 3, 10), np.float32),
    )
    card = cards(folder).replace("\N{NO-BREAK SPACE}", " ")
    assert "on this network and on 2\nothers of 784-7-10" in card
    assert "output exceeds 0.85" in card
    assert "| uniform noise | 50 | 5.0 % | 25.0 % | 10.0 % to 40.0 % |" in card
    assert "| real images | 52 | 5.0 % | 85.0 % | 80.0 % to 90.0 % |" in card


def test_a_card_of_another_networks_reports_is_refused(folder: Path) -> None:
    text = Path("reports/predictions.csv").read_text()
    Path("reports/predictions.csv").write_text(text.replace("0.", "0.9"))
    with pytest.raises(StageError, match="those of another network"):
        cards(folder)
    assert not (folder / "network.h").exists()


def test_floats_of_the_header_are_exact() -> None:
    model = model_of(CASES["no hidden layer"])
    text = to_c_header(model).decode()
    block = re.search(r"weights_0\[\d+\] = \{(.*?)\};", text, re.DOTALL)
    assert block
    numbers = [np.float32(number) for number in re.findall(r"[-\d.e+]+(?=f)", block[1])]
    np.testing.assert_array_equal(np.array(numbers), model.network.weights[0].ravel())
