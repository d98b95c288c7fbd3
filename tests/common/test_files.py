"""What is written takes its place whole, or leaves no trace."""

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from benchmarks.accuracy import as_options
from stages.common.files.arrays import save_arrays
from stages.common.files.atomic import whole_file, whole_folder
from stages.common.files.tables import write_csv
from stages.common.models.model import load_model
from stages.common.runtime.imports import ROOT


class BoomError(Exception):
    """What goes wrong in the middle of writing."""


def tree(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def write_file(path: Path, content: str, *failure: BaseException) -> None:
    with whole_file(path) as partial:
        partial.write_text(content)
        for error in failure:
            raise error


def write_folder(path: Path, content: dict[str, str], *failure: BaseException) -> None:
    with whole_folder(path) as partial:
        for name, text in content.items():
            (partial / name).parent.mkdir(exist_ok=True)
            (partial / name).write_text(text)
        for error in failure:
            raise error


def test_a_file_appears_with_its_folders_and_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "file.txt"
    write_file(path, "old")
    assert tree(tmp_path) == {"new/deep/file.txt": "old"}
    write_file(path, "new")
    assert tree(tmp_path) == {"new/deep/file.txt": "new"}


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with whole_file(path) as partial:
        partial.write_text("ne")
        assert path.read_text() == "old"
        assert partial.parent == path.parent  # on the same disk, so that the move is one step
    assert not partial.exists()


@pytest.mark.parametrize("failure", [BoomError(), KeyboardInterrupt(), SystemExit(1)])
@pytest.mark.parametrize("before", [{}, {"file.txt": "old"}])
def test_a_failure_leaves_the_file_as_it_was(
    tmp_path: Path, before: dict[str, str], failure: BaseException
) -> None:
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(type(failure)):
        write_file(tmp_path / "file.txt", "half", failure)
    assert tree(tmp_path) == before


def test_writing_nothing_is_a_failure_that_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), whole_file(path):
        pass
    assert tree(tmp_path) == {"file.txt": "old"}


def test_a_folder_takes_the_place_of_the_old_one_and_of_all_its_files(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder"
    write_folder(path, {"a": "1", "sub/b": "2"})
    assert tree(path) == {"a": "1", "sub/b": "2"}
    write_folder(path, {"a": "3"})
    assert tree(tmp_path) == {"new/folder/a": "3"}
    assert [each.name for each in path.parent.iterdir()] == ["folder"]


@pytest.mark.parametrize("failure", [BoomError(), KeyboardInterrupt()])
def test_a_failure_leaves_the_folder_as_it_was(tmp_path: Path, failure: BaseException) -> None:
    path = tmp_path / "folder"
    write_folder(path, {"a": "1", "sub/b": "2"})
    with pytest.raises(type(failure)):
        write_folder(path, {"a": "3", "c": "4"}, failure)
    assert tree(tmp_path) == {"folder/a": "1", "folder/sub/b": "2"}
    with pytest.raises(type(failure)):
        write_folder(tmp_path / "other", {"a": "3"}, failure)
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_what_a_killed_run_left_behind_does_not_get_into_the_next(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    with whole_folder(path) as partial:
        pass
    partial.mkdir()
    (partial / "stale").write_text("from the killed run")
    write_folder(path, {"a": "1"})
    assert tree(tmp_path) == {"folder/a": "1"}


def test_a_folder_whose_replacing_is_stopped_half_way_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, replace = tmp_path / "folder", os.replace
    write_folder(path, {"a": "1"})

    def stopped(source: Path, target: Path) -> None:
        if target == path and path.with_name(".folder.partial") == source:
            raise BoomError
        replace(source, target)

    monkeypatch.setattr(os, "replace", stopped)
    with pytest.raises(BoomError):
        write_folder(path, {"a": "2"})
    assert tree(tmp_path) == {"folder/a": "1"}


def numbers_into(path: Path) -> None:
    with whole_file(path) as partial, partial.open("wb") as file:
        np.save(file, np.zeros(10**6))


def table_into(path: Path) -> None:
    write_csv(path, pd.DataFrame({"number": np.arange(10**5)}))


def arrays_into(path: Path) -> None:
    save_arrays(path, {"zeros": np.zeros(10**6)})


WRITERS = (numbers_into, table_into, arrays_into)


@pytest.mark.parametrize("write", WRITERS)
def test_a_full_disk_is_told_with_the_name_of_the_file_that_stays_as_it_was(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    # /dev/full refuses every byte as a full disk does; to make a real one takes rights to mount.
    path = tmp_path / "output"
    path.write_text("old")
    (tmp_path / ".output.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"No space left on device|could not be written") as caught:
        write(path)
    assert str(path) in str(caught.value)
    assert tree(tmp_path) == {"output": "old"}
    write(path)  # the cause is gone
    assert path.stat().st_size > 10**5
    assert [each.name for each in tmp_path.iterdir()] == ["output"]


@contextmanager
def limited(kind: int, soft: int) -> Iterator[None]:
    """Lower a limit of this process for a while."""
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


@pytest.mark.parametrize("write", WRITERS)
def test_a_file_that_would_grow_too_large_leaves_the_old_one(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    path = tmp_path / "output"
    path.write_text("old")
    with limited(resource.RLIMIT_FSIZE, 1000), pytest.raises(OSError, match=r"large|could not be"):
        write(path)
    assert tree(tmp_path) == {"output": "old"}


def test_a_folder_that_cannot_be_filled_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    write_folder(path, {"a": "1"})
    with (
        limited(resource.RLIMIT_FSIZE, 1000),
        pytest.raises(OSError, match=r"folder.*: File too large|File too large.*folder"),
    ):
        write_folder(path, {"a": "2" * 5000})
    assert tree(tmp_path) == {"folder/a": "1"}


@pytest.mark.parametrize("write", WRITERS)
def test_too_many_open_files_leave_the_old_one(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    path = tmp_path / "output"
    path.write_text("old")
    free = os.dup(0)  # the lowest number that is free: no file can be opened from there on
    os.close(free)
    with limited(resource.RLIMIT_NOFILE, free), pytest.raises(OSError, match="Too many open files"):
        write(path)
    assert tree(tmp_path) == {"output": "old"}


# How a stage is started: few open files would keep Python itself from starting.
STAGE = "from stages.common.runtime.cli import run; from stages.train import train; {}; run(train)"
FEW = "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))"


@pytest.mark.parametrize(
    ("before", "inside", "message"),
    [
        ("ulimit -f 20", "", "File too large|could not be written whole"),  # blocks of 512 bytes
        ("ln -s /dev/full models/.network.npz.partial", "", "No space left on device"),
        ("rm -r models; touch models", "", "File exists|Not a directory"),
        ("", FEW, "Too many open files"),
    ],
)
def test_a_stage_that_cannot_write_says_so_in_one_line_and_works_when_the_cause_is_gone(
    digits: Path, tmp_path: Path, before: str, inside: str, message: str
) -> None:
    shutil.copytree(digits, tmp_path, dirs_exist_ok=True)
    options = YAML(typ="safe").load(ROOT / "params.yaml")["train"] | {"epochs": 2}
    shells = {
        f"mkdir -p models; {before or ':'}": STAGE.format(inside or "pass"),
        "rm -rf models": STAGE.format("pass"),
    }
    failed, good = (
        subprocess.run(
            [
                "sh",
                "-c",
                f'{shell}; exec "$@"',
                "sh",
                sys.executable,
                "-c",
                code,
                *as_options(options),
            ],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            text=True,
            capture_output=True,
            check=False,
        )
        for shell, code in shells.items()
    )
    assert failed.returncode == 1
    assert re.fullmatch(rf"(no checkpoints: .*\n)?error: .*({message}).*\n", failed.stderr), (
        failed.stderr
    )
    assert not {*tmp_path.rglob("*.partial")}
    assert (good.returncode, good.stderr) == (0, "")
    assert load_model(tmp_path / "models/network.npz")
