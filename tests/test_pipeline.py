"""The pipeline as DVC runs it: on a sample of real digits, in a temporary clone."""

import json
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from stages.common.files.paths import CLAIM_PIPELINE, RAW
from stages.common.images.idx import read_idx
from stages.common.runtime.imports import ROOT, closure, imports
from stages.common.runtime.params import flat
from tests.common import test_folder as pictures
from tests.page.chromium import Watched, started_browser
from tests.pipelines import (
    CLAIM_PARAMS,
    CLAIMS,
    LOCKS,
    MAIN,
    MAIN_PARAMS,
    ODD_NAME,
    PARAMS,
    STAGES,
    SURROUNDINGS,
    WRITTEN,
    Clone,
    declared,
    downstream,
    load,
    module_of,
    umask,
)
from tests.sample import FILES, SAMPLE
from tests.session import EXPERIMENTS, SWEEPS, execute, forms, refreshed


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
    deps = (dep for dep in declared(stage, "deps") if not dep.endswith(".csv"))
    code = {dep for dep in deps if dep.startswith(("nn", "stages"))}
    assert code == {room(path, command) for path in runs}


def test_only_evaluate_and_later_stages_read_test_images() -> None:
    readers = {stage for stage in STAGES if "data/normalized/test" in declared(stage, "deps")}
    order = list(STAGES)
    assert readers
    assert all(order.index(stage) >= order.index("evaluate") for stage in readers)


def test_sections_of_parameters_are_stages_in_the_same_order() -> None:
    for params, stages in ((MAIN_PARAMS, MAIN), (CLAIM_PARAMS, CLAIMS)):
        assert [*params] == [name for name, stage in stages.items() if "${" in stage["cmd"]]
        for name in params:
            assert stages[name]["cmd"].endswith(f" ${{{name}}}")
    others = {"report": ["fetch", "normalize", "batch", "train", "report"]}
    for name, stage in MAIN.items():
        assert stage.get("params", []) == others.get(name, [name] if name in MAIN_PARAMS else [])
    # Claims have their numbers in their commands: they would widen everybody's tables. These train
    # as the run itself does.
    assert {name for name, stage in CLAIMS.items() if "params" in stage} == {
        "siblings", "sweep", "tweaks"
    }  # fmt: skip


def test_no_stage_imports_another() -> None:
    commands = {path_of(module_of(stage)) for stage in STAGES}
    for stage in STAGES:
        assert closure(module_of(stage)) & commands == {path_of(module_of(stage))}


def test_nn_imports_numpy_and_nothing_else() -> None:
    allowed = {"numpy", "nn", "collections", "dataclasses", "functools", "itertools", "math"}
    for path in (ROOT / "nn").rglob("*.py"):
        assert {name.split(".")[0] for name in imports(path)} <= allowed | {"typing"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return Clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def finished(clone: Clone) -> Clone:
    """A clone in which every stage has run once."""
    assert clone.ran(clone.dvc("repro")) == list(MAIN)
    assert clone.ran(clone.dvc("repro", "-P")) == list(CLAIMS)
    return clone


def test_a_second_run_does_nothing(finished: Clone) -> None:
    for words in (["repro"], ["repro", "--all-pipelines"], ["status"]):
        output = finished.dvc(*words)
        assert finished.ran(output) == []
        assert "up to date" in output


def test_a_new_learning_rate_runs_what_depends_on_it_and_the_old_one_is_remembered(
    finished: Clone,
) -> None:
    before = finished.outs()
    finished.set("train", learning_rate=1)
    assert finished.ran(finished.dvc("repro")) == ["train", "evaluate", "report"]
    listed = [line for line in finished.dvc("status").splitlines() if line[0] != "\t"]
    stale = {line.strip("':\n").rpartition(":")[2] for line in listed}
    trained = {path for kind in WRITTEN for path in declared("train", kind)}
    direct = {stage for stage in CLAIMS if trained & {*declared(stage, "deps")}}
    assert {"stepsize", "wishes"} <= direct
    # What reads the siblings alone is known to be stale once these have changed.
    assert stale >= {"siblings", "sweep", *direct}
    assert stale <= {*downstream("train"), *downstream("siblings"), "sweep", "chapters"}
    assert not stale & {"minima", "memorize"}
    ran = finished.ran(finished.dvc("repro", f"{CLAIM_PIPELINE}:stepsize"))
    assert ran == ["siblings", "stepsize"]
    changed = {path for path, md5 in finished.outs().items() if before[path] != md5}
    assert {"models/network.npz", "reports/metrics.json", "reports/index.html"} <= changed
    data = ("data/raw", "data/normalized", "data/batches")
    assert not any(path.startswith(data) for path in changed)
    finished.set("train", learning_rate=2)
    output = finished.dvc("repro", "--all-pipelines")
    assert finished.ran(output) == []
    assert "Stage 'train' is cached - skipping run" in output
    assert finished.outs() == before


def test_a_picture_that_is_added_or_drawn_anew_makes_the_data_set_of_a_folder_anew(
    tmp_path: Path,
) -> None:
    outside, inside = tmp_path / "pictures", tmp_path / "clone"
    pictures.write(outside, {"lying": 3, "standing": 3})
    inside.mkdir()
    clone = Clone(inside)
    clone.set("fetch", dataset="folder", folder="../pictures")

    def images_when_run() -> int:
        """How many images DVC has the stage gather; 0 if it finds nothing to do."""
        output = clone.dvc("repro", "fetch")
        files = [inside / RAW / name for name in FILES if "labels" in name]
        return sum(len(read_idx(file, 1)) for file in files) if clone.ran(output) else 0

    assert [images_when_run() for _ in range(2)] == [6, 0]
    picture = outside / "lying/picture4.png"
    pictures.drawn("lying").save(picture)
    assert images_when_run() == 7
    pictures.drawn("lying").save(picture)
    assert images_when_run() == 7
    picture.rename(outside / "standing/picture4.png")
    assert images_when_run() == 7


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
    for path, stages in zip(LOCKS, (MAIN, CLAIMS), strict=True):
        lock = load(ROOT / path)["stages"]
        assert set(lock) == set(stages)
        for stage, entry in lock.items():
            for section in stages[stage].get("params", []):
                assert flat(entry["params"]["params.yaml"][section]) == PARAMS[section]
