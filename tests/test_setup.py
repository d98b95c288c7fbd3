"""The Makefile's environments: what is installed when, with a stand-in for uv and no network."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stages.common.runtime.imports import ROOT
from tests.matrix import PYTHONS

# Writes down what it is asked for; an environment is a link to this process's Python.
UV = f"""#!/bin/sh
echo "$@" >> asked
while test -e hold; do sleep 0.01; done
case "$*" in
"python find"*) exit ${{FIND:-0}};;
venv*) test -z "$NO_PYTHON" || {{ printf 'error: failed\\n  cause: it is away\\n' >&2; exit 2; }}
    for folder; do :; done
    rm -rf "$folder" && mkdir -p "$folder/bin" && ln -s {sys.executable} "$folder/bin/python"
    echo "version_info = 3.12.7" > "$folder/pyvenv.cfg";;
*) exit ${{SYNC:-0}};;
esac
"""
LOCKS = "stages/common/runtime/locks.py"
RANGE = ">=3.11,<3.15"
OWN = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON", "VENV")  # of the make that runs the tests


class Project:
    """A folder with the Makefile, what it reads, and the stand-in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / LOCKS).parent.mkdir(parents=True)
        names = ("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock", LOCKS)
        for name in names:
            shutil.copyfile(ROOT / name, folder / name)
        (folder / ".uv/bin").mkdir(parents=True)
        (folder / ".uv/bin/uv").write_text(UV)
        (folder / ".uv/bin/uv").chmod(0o755)
        (folder / ".uv/installed").touch()

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start make, without the variables of a make that runs the tests."""
        return subprocess.Popen(
            ["make", "--no-print-directory", *words],
            cwd=self.folder,
            env={k: v for k, v in os.environ.items() if k not in OWN} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def make(self, *words: str, fails: bool = False, **environment: str) -> str:
        """Run make; return what it prints, without its own last lines if it fails."""
        with self.start(*words, **environment) as process:
            printed, _ = process.communicate()
        assert (process.returncode != 0) == fails, printed
        return re.sub(r"^make(\[1\])?: \*\*\* .*\n", "", printed, flags=re.MULTILINE)

    def asked(self) -> list[str]:
        """What uv was asked for since the last look: its command, and what that is about."""
        path = self.folder / "asked"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        kept = (line for line in lines if not line.startswith("python find"))
        return [f"{line.split()[0]} {line.split()[-1]}" for line in kept]


WHOLE = ["venv .venv", "pip requirements.lock"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_make_installs_what_running_needs_and_says_with_which_python(project: Project) -> None:
    assert project.make(".venv/installed") == "setting up .venv with Python 3.12.7\n"
    assert project.asked() == WHOLE
    assert project.make(".venv/installed").endswith("up to date.\n")
    assert project.asked() == []


def test_make_test_adds_to_it_and_a_later_make_leaves_that(project: Project) -> None:
    project.make(".venv/tested")
    assert project.asked() == [*WHOLE, "pip requirements-dev.lock"]
    for target in (".venv/installed", ".venv/tested"):
        assert "up to date" in project.make(target)
    assert project.asked() == []


def test_a_new_lock_is_installed_anew_tests_packages_only_where_they_were(
    project: Project,
) -> None:
    project.make(".venv/tested")
    project.asked()
    os.utime(project.folder / "requirements.lock", times=(2**31, 2**31))
    project.make(".venv/installed")
    assert project.asked() == WHOLE
    (project.folder / ".venv/bin/pytest").touch()
    project.make(".venv/installed")
    assert project.asked() == ["venv .venv", "pip requirements-dev.lock"]


def test_of_two_makes_at_once_one_sets_up_and_the_other_waits(project: Project) -> None:
    hold = project.folder / "hold"
    hold.touch()
    first = project.start(".venv/installed")
    while not (project.folder / "asked").exists():
        time.sleep(0.01)
    second = project.start(".venv/tested")
    assert second.stdout is not None
    waiting = second.stdout.readline()
    assert re.fullmatch(
        r"set-up: waiting for process \d+, which runs set-up in this folder\n", waiting
    )
    hold.unlink()
    assert first.communicate()[0] == "setting up .venv with Python 3.12.7\n"
    assert second.communicate()[0] == "adding to .venv what the tests need\n"
    assert (first.returncode, second.returncode) == (0, 0)
    assert project.asked() == [*WHOLE, "pip requirements-dev.lock"]


@pytest.mark.parametrize("target", [".venv/installed", ".venv/tested"])
def test_an_environment_that_is_not_whole_is_begun_anew(project: Project, target: str) -> None:
    if target == ".venv/tested":
        project.make(".venv/installed")
    project.make(target, fails=True, SYNC="1")
    project.asked()
    project.make(".venv/installed")
    assert project.asked() == WHOLE


def test_packages_are_taken_by_their_hashes_into_a_folder_that_can_be_moved(
    project: Project,
) -> None:
    project.make(".venv/tested", VIRTUAL_ENV="/somebody/else's")
    _, venv, *syncs = (project.folder / "asked").read_text().splitlines()
    assert "--relocatable" in venv
    assert f"--python cpython{RANGE} .venv" in venv
    for sync in syncs:
        assert "--require-hashes --build-constraints requirements.lock" in sync
        assert "--python .venv/bin/python" in sync


def test_a_python_that_uv_must_fetch_is_told(project: Project) -> None:
    lines = project.make(".venv/installed", FIND="2").splitlines()
    assert lines[0] == f"no Python {RANGE} here: uv fetches one"


def test_where_no_python_can_be_had_one_line_names_the_range(project: Project) -> None:
    expected = f"error: Python {RANGE} is needed: it is away; try make PYTHON=/path/to/python\n"
    assert project.make(".venv/installed", fails=True, NO_PYTHON="1") == expected
    assert not (project.folder / ".venv/installed").exists()


def test_a_python_outside_the_range_is_refused_in_one_line(project: Project) -> None:
    path = project.folder / "pyproject.toml"
    path.write_text(path.read_text().replace(RANGE, ">=3.90,<3.92"))
    message = project.make(".venv/installed", "PYTHON=my-python", fails=True)
    here = sys.version.split()[0]
    assert message.startswith(f"error: Python >=3.90,<3.92 is needed, my-python is {here};")
    assert message.count("\n") == 1
    assert project.asked() == ["venv .venv"]


def test_each_python_of_the_range_is_tried_and_looked_up_in_the_locks() -> None:
    low, high = map(int, re.findall(r"3\.(\d+)", RANGE))
    every = [f"3.{minor}" for minor in range(low, high)]
    assert f'requires-python = "{RANGE}"' in (ROOT / "pyproject.toml").read_text()
    assert f"for python in {' '.join(every)}; do" in (ROOT / "Makefile").read_text()
    assert [*PYTHONS] == every


def test_what_python_has_compiled_is_kept_whatever_the_machine_says(project: Project) -> None:
    command = project.folder / "stages/tools/check.py"
    command.parent.mkdir()
    command.write_text("import sys; print('kept:', not sys.dont_write_bytecode)")
    printed = project.make("check", PYTHONDONTWRITEBYTECODE="1")
    assert printed.endswith("kept: True\n")


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def test_experiments_are_on_where_git_has_the_folder_and_off_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself, then untracked inside a larger repository, then committed there."""
    larger = tmp_path / "larger"
    (larger / "digits/.dvc").mkdir(parents=True)
    project = Project(larger / "digits")
    (project.folder / "dvc.yaml").touch()
    (project.folder / ".dvc/config").touch()
    project.make(".venv/installed")
    (project.folder / ".venv/bin/dvc").symlink_to(Path(sys.executable).parent / "dvc")
    settings = project.folder / ".dvc/config.local"
    line = "no git repository has this folder: the pipeline runs, experiments (dvc exp) need one\n"
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert project.make("git") == line
    assert "no_scm = true" in settings.read_text()
    assert project.make("git") == ""
    git(larger, "init")
    assert project.make("git") == ""
    assert "no_scm = true" in settings.read_text()
    git(larger, "add", "digits/dvc.yaml")
    assert project.make("git") == ""
    assert "no_scm" not in settings.read_text()
