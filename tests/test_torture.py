"""A few kills of a part of the pipeline, and two runs at once; tests.torture does many, of all."""

import re
import signal
import subprocess

import pytest

from tests.torture import Kill, Victim, torture


@pytest.fixture(scope="module")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Victim:
    """A clone with an undisturbed run of the stages up to evaluate."""
    return Victim(tmp_path_factory.mktemp("victim"), "evaluate")


def test_after_every_kill_one_more_run_ends_in_the_same_bytes(
    victim: Victim, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = ("normalize", "batch", "train", "evaluate")
    kills = [
        Kill(stages, signal.SIGKILL, "dvc", 0.4),
        Kill(stages, signal.SIGTERM, "the stage", 0.6),
        Kill(stages, signal.SIGINT, "the group", 0.8),
    ]
    assert torture(victim, kills) == 0
    table = capsys.readouterr().out
    assert table.count(" same") == len(kills)


def test_torture_sees_a_file_that_is_not_as_it_was(victim: Victim) -> None:
    path = victim.folder / "reports/predictions.csv"
    content = path.read_bytes()
    path.write_bytes(content + b"\n")
    (victim.folder / "reports/.x.partial").touch()
    assert victim.differences() == [
        "reports/predictions.csv differs",
        "reports/.x.partial is left over",
    ]
    path.write_bytes(content)
    (victim.folder / "reports/.x.partial").unlink()
    assert victim.differences() == []


def test_of_two_runs_at_once_one_does_the_work_and_the_other_waits_or_names_it(
    victim: Victim,
) -> None:
    victim.forget(("train", "evaluate"))
    runs = [victim.start(subprocess.PIPE) for _ in range(2)]
    outputs = [run.communicate()[0] for run in runs]
    codes = [run.returncode for run in runs]
    for run, code, text in zip(runs, codes, outputs, strict=True):
        other = next(r.pid for r in runs if r is not run)
        # DVC's own locks: of its whole bookkeeping, and of the files that a run reads and writes.
        refused = re.search(rf"Unable to acquire lock|blocked by:\s+\(PID {other}\)", text)
        assert code == 0 or refused, text
    assert 0 in codes or victim.start(subprocess.DEVNULL).wait() == 0
    assert victim.differences() == []


def test_a_full_disk_fails_the_run_and_the_outputs_before_it_are_still_in_the_cache(
    victim: Victim,
) -> None:
    victim.forget(("train",))
    (victim.folder / "models/.network.npz.partial").symlink_to("/dev/full")
    run = victim.start(subprocess.PIPE)
    output = run.communicate()[0]
    assert run.returncode != 0
    assert "error: models/network.npz: No space left on device\n" in output
    assert "Traceback" not in output
    names = {name for name in victim.files if name.startswith("models/")}
    cached = {path.read_bytes() for path in victim.folder.glob(".dvc/cache/files/*/*/*")}
    assert names
    assert {victim.files[name] for name in names} <= cached
    assert victim.start(subprocess.DEVNULL).wait() == 0
    assert victim.differences() == []
