"""Every benchmark runs, on next to no work: what it measures is measured elsewhere."""

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager

from benchmarks import accuracy, hands, pictures, pipeline, scale, speed, sweeps, unfamiliar
from benchmarks.contenders import Contender, Ours, OursStacked, PerExample, Task
from nn import Dataset, Network
from nn.functions import Array
from stages.common.files.tables import read_table
from stages.common.runtime.imports import ROOT
from tests.claims.shared import write_siblings
from tests.pipelines import Clone
from tests.sample import SAMPLE, sample_as_raw

WRITTEN = (
    "hands.csv", "pictures.csv", "results.csv", "results.png", "scale.csv",
    "unfamiliar.csv",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_is_written_down() -> object:
    """What was measured in earnest stays as it is."""
    before = {name: (ROOT / "benchmarks" / name).read_bytes() for name in WRITTEN}
    yield
    assert before == {name: (ROOT / "benchmarks" / name).read_bytes() for name in WRITTEN}


@pytest.fixture
def raw(empty: Path) -> Path:
    """The current folder, with some digits as ``fetch`` leaves them."""
    sample_as_raw(empty / "data/raw", train=600, test=60)
    return empty


@pytest.fixture
def run(trained_run: Path, empty: Path) -> Path:
    """The current folder, a copy of a finished training."""
    return Path(shutil.copytree(trained_run, empty, dirs_exist_ok=True))


@pytest.mark.usefixtures("raw")
def test_speed(capsys: pytest.CaptureFixture[str]) -> None:
    speed.main(rounds=9, quick=True, frameworks=False, avx2=False)
    printed = capsys.readouterr().out
    for sizes in ("784-16-16-10", "784-128-64-10", "784-800-10", "784-512-256-10"):
        assert f"\n{sizes}, batch 100, fixed\n" in printed
    assert "epoch alone / products alone" in printed
    assert "in a stack / alone" in printed


@pytest.mark.usefixtures("raw")
def test_scale(capsys: pytest.CaptureFixture[str]) -> None:
    scale.main(quick=True)
    printed = capsys.readouterr().out
    for line in (
        "images 784-16-16-10       1,000 images, batch   100: ",
        "batch  784-16-16-10       1,000 images, batch    10: ",
        "width  784-32-10          1,000 images, batch   100: ",
        "depth  784-64-64-10       1,000 images, batch   100: ",
    ):
        assert line in printed


@pytest.mark.usefixtures("raw")
def test_accuracy(capsys: pytest.CaptureFixture[str]) -> None:
    accuracy.main(names=["race-98-deskewed"], quick=True)
    printed = capsys.readouterr().out
    assert "seed 1:" in printed
    assert "`: 784-64-10, digits deskewed |" in printed


@pytest.mark.usefixtures("run")
def test_sweeps(capsys: pytest.CaptureFixture[str]) -> None:
    sweeps.main(quick=True)
    printed = capsys.readouterr().out
    for way in ("loky, 1", "dask, 1", "loky, 2", "dask, 2"):
        assert f"{way}: " in printed
    assert "dask: two are" in printed
    assert "all workers" in printed


@pytest.mark.usefixtures("run")
def test_unfamiliar(other_digits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_siblings()
    unfamiliar.main(SAMPLE / "t10k-images-idx3-ubyte.gz", other_digits, quick=True)
    printed = capsys.readouterr().out
    kinds_of_pictures = ("uniform noise", "printed digits", "clothes", "hearts", "other people's")
    assert all(kind in printed for kind in kinds_of_pictures)


def test_the_last_hidden_layer_is_that_of_the_network() -> None:
    network = Network.random((6, 5, 4, 3), "sigmoid", "quadratic", rng=np.random.default_rng(0))
    inputs = np.random.default_rng(1).random((7, 6), np.float32)
    hidden, outputs = unfamiliar.activations(network, inputs)
    top = 1 / (1 + np.exp(-(hidden @ network.weights[-1].T + network.biases[-1])))
    np.testing.assert_allclose(top, outputs, atol=1e-6)


@pytest.mark.usefixtures("run")
def test_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    pictures.main(quick=True)
    printed = capsys.readouterr().out
    assert all(kind in printed for kind in ("clean", "hard shadow", "white on transparent"))


@pytest.fixture
def other_digits(tmp_path: Path) -> Path:
    """Twenty pictures as scikit-learn has its digits."""
    levels = np.random.default_rng(0).integers(0, 17, (20, 64))
    rows = np.hstack([levels, np.arange(20)[:, np.newaxis] % 10])
    with gzip.open(tmp_path / "digits.csv.gz", "wt") as file:
        np.savetxt(file, rows, "%d", delimiter=",")
    return tmp_path / "digits.csv.gz"


@pytest.mark.usefixtures("raw")
def test_hands(other_digits: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images, labels = hands.optdigits(other_digits)
    assert labels.tolist() == [*range(10)] * 2
    assert images[3].shape == (8, 8)
    assert images[3].max() == 255
    hands.main(other_digits, names=["deskewed"], quick=True)
    printed = capsys.readouterr().out
    assert all(f"{source}\n" in printed for source in ("optdigits", "strokes", "thin pen"))
    assert "fonts\n" not in printed


def test_digits_to_choose_on_are_not_those_that_judge(other_digits: Path) -> None:
    with gzip.open(other_digits, "rt") as file:
        judged = file.read().splitlines()
    others = [judged[3], *(",".join([str(level)] * 64 + ["7"]) for level in (2, 16))]
    whole = other_digits.parent / "optdigits.dat"
    whole.write_text("\n".join(["@relation optdigits", "@data", others[1], *judged, *others[::2]]))
    images, labels = hands.more_optdigits(whole, other_digits)
    assert labels.tolist() == [7, 3, 7]
    assert [image.mean() for image in images[::2]] == [32, 255]


def test_fonts_draw_digits_and_the_first_half_is_left_out(tmp_path: Path) -> None:
    drawn = Path(font_manager.findfont("DejaVu Sans"))
    for name in ("b.ttf", "c.ttf", "d.txt"):
        (tmp_path / name).write_bytes(drawn.read_bytes())
    (tmp_path / "a.ttf").write_bytes(b"never opened")
    images, labels = hands.fonts(tmp_path)
    assert labels.tolist() == [*range(10)] * 2
    assert all(image.shape == (300, 300) and image.min() == 0 for image in images)
    (tmp_path / "c.ttf").unlink()
    (tmp_path / "b.ttf").unlink()
    with pytest.raises(SystemExit, match="expected two fonts or more"):
        hands.fonts(tmp_path)


def test_pipeline(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Clone(tmp_path)
    pipeline.main(until="batch", project=tmp_path)
    printed = capsys.readouterr().out
    assert "for 3 stages" in printed
    assert "nothing to do" in printed


def test_every_benchmark_that_can_be_started_is_started_above() -> None:
    started = {
        Path(str(module.__file__)).stem
        for module in (accuracy, hands, pictures, pipeline, scale, speed, sweeps, unfamiliar)
    }
    modules = {
        path.stem
        for path in (ROOT / "benchmarks").glob("*.py")
        if 'if __name__ == "__main__":' in path.read_text()
    }
    assert modules == started


class Lazy(Ours):
    """Learns nothing, or what is no number."""

    value = 0.0

    def result(self) -> Array:
        return np.full_like(super().result(), self.value)


class Lost(Lazy):
    value = np.nan


@pytest.mark.parametrize("contender", [Lazy, Lost])
def test_another_result_is_not_the_same_work(contender: Callable[[Task], Contender]) -> None:
    rng = np.random.default_rng(0)
    stored, labels = rng.integers(256, size=(100, 12), dtype=np.uint8), np.arange(100) % 3
    examples = Dataset(stored, labels, 1 / 255)
    task = Task((12, 4, 3), examples, examples, batch_size=10)
    assert np.nanmax(speed.check("", [Ours(task), OursStacked(task), PerExample(task)])) < 1e-5
    with pytest.raises(SystemExit, match="not the same work"):
        speed.check("", [Ours(task), contender(task)])


def test_readme_page_and_model_card_say_what_was_measured() -> None:
    rows = [row for row in hands.read() if row.source == "optdigits" and row.digit == hands.ALL]
    right = {row.recipe: row.right for row in rows}
    table = read_table(unfamiliar.TABLE, unfamiliar.COLUMNS, texts=("pictures",))
    warned = dict(zip(table["pictures"], table["warned"].tolist(), strict=True))
    exact = [*(right[name] for name in ("default", "hands")), warned["test digits"]]
    rough = [warned[kind] for kind in ("printed letters unlike any digit", "clothes")]
    card = [warned[kind] for kind in ("scribbles", "hearts")]
    others = warned["other people's digits"]
    said = [*(f"{share:.1%}" for share in exact), *(f"{share:.0%}" for share in rough)]
    for text, expected in (
        ("README.md", said),
        ("stages/page/web/index.html.j2", said),
        ("stages/tools/formats/card.md.j2", [*said, f"{others:.1%}", *(f"{s:.0%}" for s in card)]),
    ):
        words = (ROOT / text).read_text().replace("&nbsp;%", "%").replace(" %", "%")
        assert [share for share in expected if share not in words] == []
