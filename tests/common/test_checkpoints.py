"""What was done before a kill is not done again, and the outputs are the same bytes."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.accuracy import as_options
from nn import SGD
from stages.claims.minima.measure import minima
from stages.common.runtime import checkpoints
from stages.common.runtime.checkpoints import (
    Checkpoint,
    fingerprint,
    folder_of,
    load_result,
    save_result,
)
from stages.common.runtime.imports import ROOT
from stages.common.runtime.signals import StoppedError
from stages.train import train
from tests.claims.shared import copied, run_in
from tests.pipelines import module_of
from tests.sample import call

# Everything that a training remembers from epoch to epoch is in use.
TRAIN: dict[str, Any] = {
    "activation": "tanh", "cost": "cross_entropy", "initializer": "he", "gain": 1,
    "learning_rate": 0.1, "schedule": "cosine", "momentum": 0.9, "weight_decay": 0.001,
    "epochs": 6, "reshuffle": True, "full_batch": False, "augment.shift": 2,
    "augment.probability": 0.5, "augment.rotation": 5, "augment.scale": 0.1, "augment.shear": 0.1,
    "augment.thickness": 1, "augment.elastic_alpha": 10, "augment.elastic_sigma": 4,
    "augment.decay": 0.5, "patience": 0, "snapshots": 2, "seed": 3, "threads": 1, "hidden": [5],
}  # fmt: skip
OUTPUTS = (
    Path("models/network.npz"),
    Path("models/snapshots/epochs.npy"),
    Path("models/snapshots/parameters.npy"),
    Path("reports/history.csv"),
)
MINIMA: dict[str, Any] = {
    "seeds": 15, "epochs": 1, "learning_rate": 2.0, "weight_decay": 1e-3, "batch_size": 10,
    "seed": 0, "hidden": [6],
}  # fmt: skip
VALLEYS = tuple(map(Path, ("data/claims/minima.csv", "data/claims/minima.npz")))


def written(paths: tuple[Path, ...]) -> list[bytes]:
    return [path.read_bytes() for path in paths]


@pytest.fixture
def here(digits: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with digits to train on; there is a checkpoint after every epoch."""
    monkeypatch.setattr(checkpoints, "SHARE", 1e9)
    return copied(digits, empty)


def killed(epoch: int, monkeypatch: pytest.MonkeyPatch, **options: Any) -> Path:
    """Train, and be killed in this epoch; return the checkpoint."""
    go_on = SGD.epoch

    def stopped(sgd: SGD) -> None:
        if sgd.epochs_done == epoch - 1:
            raise StoppedError(signal.SIGTERM)
        go_on(sgd)

    with monkeypatch.context() as patch:
        patch.setattr(SGD, "epoch", stopped)
        with pytest.raises(StoppedError):
            call(train, **TRAIN | options)
    (path,) = folder_of("train").iterdir()
    return path


@pytest.mark.parametrize(
    ("epoch", "options"),
    [(2, {}), (4, {}), (6, {}), (2, {"patience": 1, "learning_rate": 0.2})],
)
def test_a_killed_training_goes_on_and_writes_the_same_bytes(
    here: Path,
    epoch: int,
    options: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call(train, **TRAIN | options)
    expected = written(OUTPUTS)
    killed(epoch, monkeypatch, **options)
    capsys.readouterr()
    call(train, **TRAIN | options)
    assert f"continuing after epoch {epoch - 1} of 6\n" in capsys.readouterr().out
    assert written(OUTPUTS) == expected
    assert not (here / ".checkpoints").exists()


def test_other_parameters_start_from_the_start_and_leave_the_checkpoint(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = killed(4, monkeypatch)
    call(train, **TRAIN | {"seed": 4})
    assert "continuing" not in capsys.readouterr().out
    assert [*folder_of("train").iterdir()] == [path]
    call(train, **TRAIN)
    assert "continuing" in capsys.readouterr().out
    assert not (here / ".checkpoints").exists()


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped", "other"])
def test_a_damaged_checkpoint_is_named_in_one_line_and_ignored(
    here: Path,
    damage: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    call(train, **TRAIN)
    expected = written(OUTPUTS)
    path = killed(4, monkeypatch)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle] ^= 1
    damaged: dict[str, bytes | bytearray] = {
        "cut": content[:middle],
        "empty": b"",
        "flipped": content,
        "other": b"no archive",
    }
    path.write_bytes(damaged[damage])
    capsys.readouterr()
    call(train, **TRAIN)
    out, err = capsys.readouterr()
    assert err.startswith(f"{path}: damaged, so it is ignored: ")
    assert err.count("\n") == 1
    assert "continuing" not in out
    assert written(OUTPUTS) == expected
    assert not (here / ".checkpoints").exists()


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"arrays": {"a": np.zeros(3)}, "generators": {"g": {"state": 1}}, "notes": {}},
        {"arrays": {"a": np.zeros(4)}, "generators": {}, "notes": {}},
        {"arrays": {"a": np.zeros(3, np.float32)}, "generators": {}, "notes": {}},
        [1, 2],
    ],
)
@pytest.mark.usefixtures("empty")
def test_a_state_of_another_training_changes_nothing(state: Any) -> None:
    rng, array = np.random.default_rng(0), np.ones(3)
    checkpoint = Checkpoint("train", "key", {"a": array}, {"g": rng})
    save_result(checkpoint.path, state)
    assert checkpoint.restore() == {}
    assert array.tolist() == [1, 1, 1]
    assert rng.random() == np.random.default_rng(0).random()
    assert not checkpoint.path.exists()


def test_a_folder_that_takes_no_checkpoints_is_told_once_and_training_goes_on(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / ".checkpoints").touch()
    call(train, **TRAIN)
    err = capsys.readouterr().err
    assert err.startswith("no checkpoints: ")
    assert err.count("\n") == 1
    assert all(path.exists() for path in OUTPUTS)


@pytest.mark.usefixtures("empty")
def test_checkpoints_take_their_share_of_the_time_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = [0.0]
    monkeypatch.setattr(checkpoints, "perf_counter", lambda: clock[0])

    def slow(_path: Path, _value: Any) -> None:
        clock[0] += 2

    monkeypatch.setattr(checkpoints, "save_result", slow)
    checkpoint = Checkpoint("train", "key", {}, {})
    saved = 0
    for _ in range(1000):  # epochs of one second
        clock[0] += 1
        if checkpoint.due():
            checkpoint.save()
            saved += 1
    assert saved == 1 + 1000 // 200


def test_a_key_changes_with_code_data_parameters_and_what_computes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, code = tmp_path / "data", tmp_path / "code.py"
    data.mkdir()
    (data / "a").write_text("1")
    code.write_text("x = 1")
    monkeypatch.setattr(checkpoints, "closure", lambda _module: [code])

    def key(*options: str) -> str:
        return fingerprint("code", (data,), *options)

    keys = [key("p"), key("q"), key()]
    os.utime(data / "a", (0, 0))
    assert key("p") == keys[0]
    for change in (
        lambda: (data / "a").write_text("2"),
        lambda: (data / "a").rename(data / "b"),
        lambda: (data / "c").write_text(""),
        lambda: code.write_text("x = 2"),
        lambda: monkeypatch.setattr(checkpoints, "machine", lambda: "another"),
    ):
        change()
        keys.append(key("p"))
    assert len({*keys}) == len(keys)


VALUES = [
    1, -0.0, 0.1, inf, "text", True, [], {}, [1, [2.5, "x"], {"a": [None]}],
    {"row": {"n": 1}, "array": np.arange(6, dtype=np.float32).reshape(2, 3)},
    [np.zeros(0), np.array(3), np.array([nan, inf]), np.array([True])],
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_what_was_stored_comes_back_bit_for_bit(tmp_path: Path, value: Any) -> None:
    save_result(tmp_path / "new/file.npz", value)
    loaded = load_result(tmp_path / "new/file.npz")
    np.testing.assert_equal(loaded, value)
    if isinstance(value, dict) and value:
        assert loaded["array"].dtype == np.float32
        loaded["array"][0] = 1  # and can be gone on with


@pytest.mark.parametrize("value", [{1}, {1: 2}, np.float32(1), object(), b"bytes"], ids=type)
def test_what_cannot_be_stored_without_a_pickle_is_refused(tmp_path: Path, value: Any) -> None:
    with pytest.raises(TypeError):
        save_result(tmp_path / "file.npz", value)
    assert not [*tmp_path.iterdir()]


def test_a_tuple_comes_back_as_a_list_and_nothing_as_nothing(tmp_path: Path) -> None:
    save_result(tmp_path / "file.npz", (1, (2,)))
    assert load_result(tmp_path / "file.npz") == [1, [2]]
    assert load_result(tmp_path / "none.npz") is None


def test_checkpoints_stand_under_the_real_root(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert folder_of("train") == empty / ".checkpoints/train"
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "root"))
    assert folder_of("train") == tmp_path / "root/.checkpoints/train"


def start(stage: str, options: dict[str, Any], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module_of(stage), *as_options(options)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "LOKY_MAX_CPU_COUNT": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def members(group: int) -> Iterator[int]:
    """The processes of a group."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of, *_ = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(of) == group and state != "Z":
            yield int(stat.parent.name)


@pytest.mark.parametrize(
    ("stage", "options", "outputs", "message"),
    [
        ("train", TRAIN | {"epochs": 40}, OUTPUTS, r"continuing after epoch \d+ of 40"),
        ("minima", MINIMA, VALLEYS, r"minima: descents: \d of 6 kept from a run before"),
    ],
)
def test_a_stage_that_is_killed_for_real_goes_on_and_its_workers_end_with_it(
    digits: Path,
    empty: Path,
    stage: str,
    options: dict[str, Any],
    outputs: tuple[Path, ...],
    message: str,
) -> None:
    copied(digits, empty)
    run_in(empty, train if stage == "train" else minima, options)
    expected = written(outputs)
    first = start(stage, options, empty)
    while first.poll() is None and not [*folder_of(stage).glob("[!.]*")]:
        time.sleep(0.001)
    first.kill()
    first.communicate()
    assert first.returncode == -signal.SIGKILL
    while [*members(first.pid)]:  # a hanging one is seen by its never ending
        time.sleep(0.01)
    half = [*(empty / ".checkpoints").rglob("*.partial")]  # swept when it is old
    again = start(stage, options, empty)
    out, err = again.communicate()
    assert again.returncode == 0, err
    assert re.search(message, out)
    assert written(outputs) == expected
    assert [path for path in (empty / ".checkpoints").rglob("*") if path.is_file()] == half
    assert (empty / ".checkpoints").exists() == bool(half)
