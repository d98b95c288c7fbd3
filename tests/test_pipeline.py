"""The pipeline as DVC runs it: on a sample of real digits, in a temporary clone."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from ruamel.yaml import YAML

from stages.common.runtime.imports import closure, imports
from tests.page.chromium import Watched, started_browser
from tests.sample import FILES, ROOT, SAMPLE, module_of, sums_and_lengths
from tests.session import EXPERIMENTS, SWEEPS, execute, forms, refreshed

# What must not matter: the fixture ``finished`` has this process's own.
ODD_NAME = "zwei Größen, ñandú"
SURROUNDINGS = {
    "OPENBLAS_NUM_THREADS": "4",
    "PYTHONHASHSEED": "12345",
    "TZ": "Asia/Kathmandu",
    "LC_ALL": "POSIX",
    "LOKY_MAX_CPU_COUNT": "1",
}

STAGES: dict[str, dict[str, Any]] = YAML(typ="safe").load(ROOT / "dvc.yaml")["stages"]
WRITTEN = ("outs", "metrics", "plots")


def downstream(stage: str) -> set[str]:
    """A stage and every stage that reads what it writes, directly or not."""
    found = {stage}
    for later in STAGES:  # they stand in the order in which data flows
        written = [path for one in found for kind in WRITTEN for path in declared(one, kind)]
        read = declared(later, "deps")
        if any(out == dep or out.startswith(f"{dep}/") for out in written for dep in read):
            found.add(later)
    return found


def declared(stage: str, kind: str) -> list[str]:
    """The paths that dvc.yaml lists for a stage under ``kind``."""
    entries = STAGES[stage].get(kind, [])
    return [entry if isinstance(entry, str) else next(iter(entry)) for entry in entries]


def path_of(module: str) -> Path:
    return (ROOT / module.replace(".", "/")).with_suffix(".py")


def room(path: Path, command: Path) -> str:
    """What a stage declares for a file that runs: itself, beside the command, or its room."""
    if path.parent == command.parent:
        return str(path.relative_to(ROOT))
    top, *inner = path.relative_to(ROOT).parts
    rooms = [top, *inner[:-1]]
    return "/".join(rooms[: 3 if rooms[1:2] == ["claims"] else 2])


@pytest.mark.parametrize("stage", STAGES)
def test_declared_code_is_the_command_and_the_rooms_of_what_it_imports(stage: str) -> None:
    command = path_of(module_of(stage))
    runs = {path for path in closure(module_of(stage)) if path.name != "__init__.py"}
    code = {dep for dep in declared(stage, "deps") if dep.startswith(("nn", "stages"))}
    assert code == {room(path, command) for path in runs}


def test_only_evaluate_and_later_stages_read_test_images() -> None:
    readers = {stage for stage in STAGES if "data/normalized/test" in declared(stage, "deps")}
    order = list(STAGES)
    assert readers
    assert all(order.index(stage) >= order.index("evaluate") for stage in readers)


def test_sections_of_params_yaml_are_stages_in_the_same_order() -> None:
    determinism, *sections = YAML(typ="safe").load(ROOT / "params.yaml")
    assert determinism == "determinism"  # of all that calculate: part of their commands
    assert sections == [stage for stage in STAGES if "params" in STAGES[stage]]
    others = {"report": ["fetch", "normalize", "batch", "train"], "sweep": ["train"]}
    for stage in sections:
        assert STAGES[stage]["params"] == [*others.get(stage, []), stage]


def test_no_stage_imports_another() -> None:
    commands = {path_of(module_of(stage)) for stage in STAGES}
    for stage in STAGES:
        assert closure(module_of(stage)) & commands == {path_of(module_of(stage))}


def test_nn_imports_numpy_and_nothing_else() -> None:
    allowed = {"numpy", "nn", "collections", "dataclasses", "functools", "itertools", "math"}
    for path in (ROOT / "nn").rglob("*.py"):
        assert {name.split(".")[0] for name in imports(path)} <= allowed | {"typing"}


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
        (folder / "dvc.lock").unlink(missing_ok=True)
        self.set("fetch", sources=[f"file:{SAMPLE}"], **sums_and_lengths())
        self.set("batch", validation=200)
        self.set("train", epochs=3, learning_rate=2)
        for section, values in YAML(typ="safe").load(ROOT / "tests/small.yaml").items():
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
        yaml, path = YAML(), self.folder / "params.yaml"
        params = yaml.load(path)
        params[section].update(values)
        yaml.dump(params, path)

    def ran(self, output: str) -> list[str]:
        """The stages that were really run, in the order in which they were."""
        found = re.findall(r"Running stage '(?:[./]+dvc\.yaml:)?(\w+)'", output)
        return [stage for stage in STAGES if stage in found]

    def outs(self) -> dict[str, str]:
        """The hash of every output, as dvc.lock names them."""
        lock = YAML(typ="safe").load(self.folder / "dvc.lock")["stages"]
        return {out["path"]: out["md5"] for stage in lock.values() for out in stage["outs"]}


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Take some rights from every file that is made meanwhile."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def finished(clone: Clone) -> Clone:
    """A clone in which every stage has run once."""
    assert clone.ran(clone.dvc("repro")) == list(STAGES)
    return clone


def test_a_second_run_does_nothing(finished: Clone) -> None:
    output = finished.dvc("repro")
    assert finished.ran(output) == []
    assert "up to date" in output


def test_a_new_learning_rate_runs_what_depends_on_it_and_the_old_one_is_remembered(
    finished: Clone,
) -> None:
    before = finished.outs()
    finished.set("train", learning_rate=1)
    ran = finished.ran(finished.dvc("repro"))
    told = [stage for stage in STAGES if "train" in STAGES[stage].get("params", [])]
    assert ran == [stage for stage in STAGES if stage in {*downstream("train"), *told}]
    assert {"evaluate", "wishes", "report"} <= {*ran}
    assert not {*ran} & {"fetch", "normalize", "batch", "minima", "memorize"}
    changed = {path for path, md5 in finished.outs().items() if before[path] != md5}
    assert {"models/network.npz", "reports/metrics.json", "reports/index.html"} <= changed
    data = ("data/raw", "data/normalized", "data/batches")
    assert not any(path.startswith(data) for path in changed)
    finished.set("train", learning_rate=2)
    output = finished.dvc("repro")
    assert finished.ran(output) == []
    assert "Stage 'train' is cached - skipping run" in output
    assert finished.outs() == before


def test_another_clone_gives_the_same_bytes_whatever_surrounds_it(
    finished: Clone, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All disturbances at once; ``python -m tests.identity`` tries each alone."""
    folder = tmp_path_factory.mktemp("other") / ODD_NAME
    folder.mkdir()
    with umask(0o077):
        other = Clone(folder, SURROUNDINGS)
        words = ["repro", "--all-pipelines", "--no-run-cache"]
        assert len(other.ran(other.dvc(*words, cwd=folder / "stages"))) == len(STAGES)
    assert other.outs() == finished.outs()


def test_every_output_named_in_dvc_yaml_exists(finished: Clone) -> None:
    for stage in STAGES:
        for kind in WRITTEN:
            assert all((finished.folder / path).exists() for path in declared(stage, kind))


def repeated(document: Path, clone: Clone) -> str:
    """The document as it would be, had its session been that of the clone."""
    return refreshed(document.read_text(), lambda command: execute(command, clone.folder))


@pytest.fixture(scope="module")
def session(finished: Clone) -> str:
    """docs/experiments.md, of the small pipeline."""
    finished.commit()
    return repeated(EXPERIMENTS, finished)


def test_the_session_of_experiments_prints_what_it_shows(session: str) -> None:
    assert forms(session) == forms(EXPERIMENTS.read_text())


@pytest.mark.usefixtures("session")
def test_queued_experiments_fetch_nothing_and_leave_nothing_behind(finished: Clone) -> None:
    assert "Stage 'fetch' didn't change, skipping" in finished.dvc("queue", "logs", "rate-1")
    assert "Running stage 'fetch'" not in finished.dvc("queue", "logs", "rate-2")
    left = [path.name for path in (finished.folder / ".checkpoints").iterdir()]
    assert left == ["sweep"]  # its trainings serve wider sweeps, too


@pytest.mark.usefixtures("session")
def test_what_the_extension_of_visual_studio_code_asks_dvc_is_answered(finished: Clone) -> None:
    """Its three questions to DVC's command line, as its source puts them (cli/dvc/reader.ts)."""
    states = json.loads(finished.dvc("exp", "show", "--num", "2", "--json"))
    ranges = [each for state in states for each in state["experiments"] or []]
    assert {"narrow", "rate-1", "rate-2"} <= {each["name"] for each in ranges}
    for state in [*states, *(rev for each in ranges for rev in each["revs"])]:
        assert state["error"] is None
        assert "learning_rate" in state["data"]["params"]["params.yaml"]["data"]["train"]
        assert "accuracy" in state["data"]["metrics"]["reports/metrics.json"]["data"]
    status = json.loads(finished.dvc("data", "status", "--granular", "--unchanged", "--json"))
    assert "not_in_cache" not in status
    words = ("workspace", "narrow", "-o", ".dvc/tmp/plots", "--split", "--json")
    plots = json.loads(finished.dvc("plots", "diff", *words))
    assert "errors" not in plots
    kinds = {path: plot["type"] for path, drawn in plots["data"].items() for plot in drawn}
    curves = {"Cost by epoch", "Confusion", "reports/history.csv", "reports/calibration.csv"}
    assert {path for path, kind in kinds.items() if kind == "vega"} == curves
    assert "reports/figures/learning.png" in kinds
    for plot in (plot for drawn in plots["data"].values() for plot in drawn):
        if plot["type"] == "image":
            assert Path(plot["url"]).stat().st_size > 0
        else:
            asked = re.findall("<DVC_METRIC_[A-Z_]+>", json.dumps(plot["content"]))
            assert {*asked} <= {*plot["anchor_definitions"]}
            assert plot["anchor_definitions"]["<DVC_METRIC_DATA>"]
            assert plot["revisions"] == ["workspace", "narrow"]


@pytest.mark.usefixtures("session")
def test_a_colleague_has_the_bytes_of_the_experiment(finished: Clone) -> None:
    finished.dvc("exp", "apply", "narrow")
    for path in ("models/network.npz", "reports/index.html", "reports/predictions.csv"):
        mine, theirs = finished.folder / path, finished.folder.parent / "theirs" / path
        assert mine.read_bytes() == theirs.read_bytes()


@pytest.mark.usefixtures("session")
def test_the_page_of_plots_draws_everything_and_asks_nobody(finished: Clone) -> None:
    with started_browser() as browser:
        watched = Watched(browser.new_page())
        watched.page.goto((finished.folder / "dvc_plots/index.html").as_uri())
        drawn = watched.page.locator("main > div[data-drawn] canvas")
        expect(drawn).to_have_count(4)  # costs, accuracy, confusion, calibration
        loaded = "[...document.images].every((image) => image.complete && image.naturalWidth)"
        watched.page.wait_for_function(loaded)
        assert watched.page.locator("img").count() > 3
    assert [trouble for trouble in watched.troubles if "Infinite extent" not in trouble] == []


@pytest.mark.usefixtures("session")
def test_the_session_of_sweeps_prints_what_it_shows(finished: Clone) -> None:
    finished.git("checkout", "--quiet", "--force", "main")
    finished.dvc("checkout")
    shutil.rmtree(finished.folder / ".checkpoints")  # the session begins with no trainings kept
    again = repeated(SWEEPS, finished)
    assert sorted(forms(again)) == sorted(forms(SWEEPS.read_text()))  # who is best may differ


def test_the_sample_is_small_and_names_its_licence() -> None:
    assert sum((SAMPLE / f"{name}.gz").stat().st_size for name in FILES) < 400_000
    assert "CC BY-SA 3.0" in (SAMPLE / "README.md").read_text()


def test_the_committed_lock_names_the_current_code_and_parameters() -> None:
    """What ``dvc status`` would check, for code and parameters: no data are needed."""
    lock = YAML(typ="safe").load(ROOT / "dvc.lock")["stages"]
    params = YAML(typ="safe").load(ROOT / "params.yaml")
    assert set(lock) == set(STAGES)
    for stage, entry in lock.items():
        for section in STAGES[stage].get("params", []):
            assert entry["params"]["params.yaml"][section] == params[section]
