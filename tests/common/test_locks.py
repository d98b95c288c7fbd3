"""One run of a stage at a time, and an end at a signal: with real processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stages.common.runtime.imports import ROOT

# A stage that writes its second option to "out" when it is let go by a line on its input.
STAGE = """
import sys
from pathlib import Path
from typing import Annotated
import typer
from stages.common.files.atomic import whole_file
from stages.common.runtime.cli import run

def slow(word: Annotated[str, typer.Option()]) -> None:
    with whole_file(Path("out")) as partial, partial.open("w") as file:
        file.write(word)
        print("begun", flush=True)
        sys.stdin.readline()
        file.write(word)
    print("done", flush=True)

run(slow)
"""
Stage = subprocess.Popen[str]
Start = Callable[[str], Stage]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start the stage in a folder of its own; whatever still runs at the end is killed."""
    begun: list[Stage] = []

    def start(word: str) -> Stage:
        begun.append(process([sys.executable, "-c", STAGE, "--word", word], tmp_path))
        return begun[-1]

    yield start
    for stage in begun:
        stage.kill()
        stage.communicate()


def process(words: list[str], folder: Path, **environment: str) -> Stage:
    return subprocess.Popen(
        words,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def line(stage: Stage) -> str:
    """The next line of its output."""
    assert stage.stdout is not None
    return stage.stdout.readline()


def complaint(stage: Stage) -> str:
    """The next line that it says on its error output."""
    assert stage.stderr is not None
    return stage.stderr.readline()


def finish(stage: Stage) -> str:
    """Let it go, and return the rest of its error output."""
    _, err = stage.communicate("go\n")
    assert stage.returncode == 0
    return err


def test_a_second_run_names_the_first_and_waits_for_its_end(start: Start, tmp_path: Path) -> None:
    first = start("a")
    assert line(first) == "begun\n"
    second = start("b")
    waits = f"slow: waiting for process {first.pid}, which runs slow in this folder\n"
    assert complaint(second) == waits
    assert not (tmp_path / "out").exists()
    finish(first)
    assert line(second) == "begun\n"
    assert (tmp_path / "out").read_text() == "aa"
    finish(second)
    assert (tmp_path / "out").read_text() == "bb"
    assert (tmp_path / ".locks/slow").read_text() == ""


def test_a_killed_run_blocks_nobody(start: Start, tmp_path: Path) -> None:
    first = start("a")
    assert line(first) == "begun\n"
    first.kill()
    first.wait()
    assert (tmp_path / ".locks/slow").read_text() == f"{first.pid}\n"  # it could not clean up
    second = start("b")
    assert line(second) == "begun\n"
    assert finish(second) == ""
    assert (tmp_path / "out").read_text() == "bb"


def test_runs_in_two_folders_do_not_wait_for_one_another(start: Start, tmp_path: Path) -> None:
    first = start("a")
    assert line(first) == "begun\n"
    (tmp_path / "elsewhere").mkdir()
    other = process([sys.executable, "-c", STAGE, "--word", "b"], tmp_path / "elsewhere")
    assert finish(other) == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_stage_in_one_line_and_leaves_the_old_output(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "out").write_text("old")
    stage = start("a")
    assert line(stage) == "begun\n"
    stage.send_signal(number)
    _, err = stage.communicate()
    assert stage.returncode == 128 + number
    assert err == f"error: slow: stopped by {number.name}\n"
    assert {path.name for path in tmp_path.iterdir()} == {"out", ".locks"}
    assert (tmp_path / "out").read_text() == "old"


def test_a_signal_ends_a_stage_that_waits(start: Start) -> None:
    first, second = start("a"), None
    assert line(first) == "begun\n"
    second = start("b")
    assert "waiting" in complaint(second)
    second.terminate()
    assert complaint(second) == "error: slow: stopped by SIGTERM\n"
    assert second.wait() == 128 + signal.SIGTERM
    finish(first)


def test_a_signal_that_was_ignored_stays_ignored(tmp_path: Path) -> None:
    ignoring = ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh"]
    stage = process([*ignoring, sys.executable, "-c", STAGE, "--word", "a"], tmp_path)
    assert line(stage) == "begun\n"
    stage.send_signal(signal.SIGHUP)
    finish(stage)
    assert (tmp_path / "out").read_text() == "aa"


def test_a_stage_ends_with_the_dvc_that_started_it(tmp_path: Path) -> None:
    # The parent starts the stage, tells when it has begun, and waits, as DVC does.
    parent = (
        "import subprocess, sys; "
        f"subprocess.run([sys.executable, '-c', {STAGE!r}, '--word', 'a'], check=False)"
    )
    dvc = process([sys.executable, "-c", parent], tmp_path, DVC_STAGE="slow")
    assert line(dvc) == "begun\n"
    dvc.kill()
    assert complaint(dvc) == "error: slow: stopped by SIGTERM\n"
    assert complaint(dvc) == ""  # the stage, which held the other end too, has ended
    dvc.communicate()
    assert {path.name for path in tmp_path.iterdir()} == {".locks"}


def test_an_interrupt_while_a_stage_starts_shows_no_traceback(tmp_path: Path) -> None:
    # The import of the package itself is what is interrupted: it is asked to do so to itself.
    code = (
        "import sys, os, signal; sys.argv = ['-m']; import stages; "
        "os.kill(os.getpid(), signal.SIGINT); print('not reached')"
    )
    stage = process([sys.executable, "-c", code], tmp_path)
    assert stage.communicate() == ("", "")
    assert stage.returncode == -signal.SIGINT
