"""Both pipelines as the tests look at them, and copies of the project in which DVC runs them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from stages.common.files.paths import (
    CLAIM_LOCK,
    CLAIM_PARAMETERS,
    CLAIM_PIPELINE,
    LOCK,
    PARAMETERS,
    PIPELINE,
)
from stages.common.runtime.imports import ROOT
from stages.common.runtime.params import flat
from stages.tools.check import module_of as module_in
from tests.sample import SAMPLE, asking_for

# What must not matter: the fixture ``finished`` has this process's own.
ODD_NAME = "zwei Größen, ñandú"
SURROUNDINGS = {
    "OPENBLAS_NUM_THREADS": "4",
    "PYTHONHASHSEED": "12345",
    "TZ": "Asia/Kathmandu",
    "LC_ALL": "POSIX",
    "LOKY_MAX_CPU_COUNT": "1",
}

Stages = dict[str, dict[str, Any]]

load = YAML(typ="safe").load
LOCKS = (LOCK, CLAIM_LOCK)
MAIN: Stages = load(ROOT / PIPELINE)["stages"]
CLAIMS: Stages = load(ROOT / CLAIM_PIPELINE)["stages"]
STAGES = MAIN | CLAIMS  # in the order in which data flows
# Parameters by section and name; those of a section's parts have names with a dot.
MAIN_PARAMS: Stages = {name: flat(values) for name, values in load(ROOT / PARAMETERS).items()}
CLAIM_PARAMS: Stages = {
    name: flat(values) for name, values in load(ROOT / CLAIM_PARAMETERS).items()
}
PARAMS = MAIN_PARAMS | CLAIM_PARAMS
WRITTEN = ("outs", "metrics", "plots")


def parameters_file(section: str) -> Path:
    """The file that a section stands in."""
    return PARAMETERS if section in MAIN_PARAMS else CLAIM_PARAMETERS


def module_of(stage: str) -> str:
    """The module that a stage's command runs."""
    return module_in(STAGES[stage]["cmd"])


def declared(stage: str, kind: str) -> list[str]:
    """The paths that a stage lists under ``kind``."""
    entries = STAGES[stage].get(kind, [])
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def downstream(stage: str) -> set[str]:
    """A stage and every stage that reads what it writes, directly or not."""
    reached = {stage}
    for later in STAGES:
        written = [path for each in reached for kind in WRITTEN for path in declared(each, kind)]
        read = declared(later, "deps")
        if any(out == dep or out.startswith(f"{dep}/") for out in written for dep in read):
            reached.add(later)
    return reached


class Clone:
    """A copy of the project, under git, whose parameters ask for the sample.

    A folder that is not empty is taken as it is.
    ``environment`` has variables that its commands get besides those of this process.
    """

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.folder, self.more = folder, environment or {}
        if any(folder.iterdir()):
            return  # it has been cloned by git
        listed = self._command("git", "ls-files", "-co", "--exclude-standard", cwd=ROOT)
        for name in filter(lambda name: (ROOT / name).is_file(), listed.splitlines()):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
        for lock in LOCKS:
            (folder / lock).unlink(missing_ok=True)
        self.set("fetch", **asking_for(SAMPLE))
        self.set("batch", validation=200)
        self.set("train", epochs=3, learning_rate=2)
        for section, values in load(ROOT / "tests/small.yaml").items():
            self.set(section, **values)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit()

    def _command(self, *words: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            words,
            cwd=cwd or self.folder,
            env=self.environment(),
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def environment(self) -> dict[str, str]:
        here = Path(sys.executable).parent  # DVC and the Python that its stages start
        return os.environ | {
            "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
            "DVC_NO_ANALYTICS": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            **self.more,
        }

    def dvc(self, *words: str, cwd: Path | None = None) -> str:
        return self._command("dvc", *words, cwd=cwd)

    def git(self, *words: str) -> str:
        who = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
        return self._command("git", *who, *words)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "state")

    def set(self, section: str, **values: object) -> None:
        yaml, path = YAML(), self.folder / parameters_file(section)
        params = yaml.load(path)
        params[section].update(values)
        yaml.dump(params, path)

    def ran(self, output: str) -> list[str]:
        """The stages that were really run, in the order in which they were."""
        ran = re.findall(r"Running stage '(?:[./\w]+dvc\.yaml:)?(\w+)'", output)
        return [stage for stage in STAGES if stage in ran]

    def outs(self) -> dict[str, str]:
        """The hash of every output, as the locks name them."""
        files = [self.folder / path for path in LOCKS if (self.folder / path).exists()]
        stages = [stage for file in files for stage in load(file)["stages"].values()]
        return {out["path"]: out["md5"] for stage in stages for out in stage["outs"]}


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Take some rights from every file that is made meanwhile."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)
