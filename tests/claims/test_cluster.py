"""A sweep on a real Dask cluster of this machine: the same bytes, whoever is killed meanwhile."""

import io
import signal
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import KilledWorker
from distributed.comm import CommClosedError

from benchmarks.local_cluster import LocalCluster, Process
from stages.claims.sweep import cluster
from stages.claims.sweep.cluster import archive, check_versions, connected, kind
from stages.claims.sweep.measure import CODE, sweep
from stages.common.files.atomic import StageError
from stages.common.runtime.checkpoints import folder_of, machine
from tests.claims.shared import Options, copied, run_in, write_params
from tests.claims.test_sweep import CASE, OWN

WIDE = CASE.options | {"grid": ["train.learning_rate=range(1,7)"], "seeds": 3}
NOBODY = "tcp://127.0.0.1:9"


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A scheduler without workers."""
    started = LocalCluster(tmp_path_factory.mktemp("cluster"))
    yield started
    started.stop()


@pytest.fixture
def two(alone: LocalCluster) -> LocalCluster:
    """The same with two workers that live."""
    alone.have(2)
    return alone


@pytest.fixture(scope="module")
def expected(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """What a wide sweep writes on this machine."""
    folder = copied(digits, tmp_path_factory.mktemp("loky"))
    return swept(folder, WIDE)


def swept(folder: Path, options: Options) -> list[bytes]:
    run_in(folder, sweep, options, lambda: write_params(**OWN))
    return [(folder / path).read_bytes() for path in CASE.outputs]


def killed_midway(*processes: Process) -> threading.Thread:
    """Kill them as soon as a training is finished."""

    def kill() -> None:
        while not [*folder_of("sweep").glob("[!.]*")]:
            time.sleep(0.001)
        for process in processes:
            process.kill()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    return killer


def there(machines: LocalCluster, **options: Any) -> Options:
    return WIDE | {"backend": "dask", "scheduler": machines.address} | options


def test_a_scheduler_without_workers_is_told_in_a_line(
    alone: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "ANSWER", 0.5)
    with (
        pytest.raises(StageError, match=r"expected workers, .* none for 0.5 s; start them with"),
        connected(alone.address, CODE),
    ):
        pass


def test_a_cluster_gives_the_same_bytes_though_a_worker_is_killed(
    two: LocalCluster, digits: Path, empty: Path, expected: list[bytes]
) -> None:
    copied(digits, empty)
    victim = two.workers[0]

    killer = killed_midway(victim)
    assert swept(empty, there(two)) == expected
    killer.join()
    assert victim.wait() == -signal.SIGKILL
    assert "Removing worker" in two.log() or "Remove worker" in two.log()


def test_what_this_machine_has_done_is_not_done_by_a_cluster(
    two: LocalCluster, digits: Path, empty: Path, expected: list[bytes], capsys: Any
) -> None:
    copied(digits, empty)
    swept(empty, WIDE | {"grid": ["train.learning_rate=range(1,5)"]})
    capsys.readouterr()
    assert swept(empty, there(two)) == expected
    assert "sweep: 12 of 18 kept from a run before" in capsys.readouterr().out


def test_other_code_takes_the_place_of_what_a_worker_has_loaded(
    two: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(modules: tuple[str, ...]) -> bytes:
        content = io.BytesIO(whole(modules))
        with zipfile.ZipFile(content, "a") as file:
            file.writestr("stages/other.py", "LOADED = True")
        return content.getvalue()

    def look() -> list[str]:
        import sys  # noqa: PLC0415 - this runs elsewhere

        return [name for name in sys.modules if name.startswith("stages.other")]

    whole = archive
    monkeypatch.setattr(cluster, "archive", changed)
    monkeypatch.setattr(cluster, "fingerprint", lambda *_: "another")
    with connected(two.address, (*CODE, "stages.other")) as client:
        assert {*map(tuple, client.run(look).values())} == {("stages.other",)}
    monkeypatch.undo()
    with connected(two.address, CODE) as client:
        assert {*map(tuple, client.run(look).values())} == {()}


def test_code_that_a_worker_cannot_import_is_told_in_a_line(
    two: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_modules: tuple[str, ...]) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as file:
            file.writestr("stages/__init__.py", "raise OSError('line one\\nline two')")
        return content.getvalue()

    monkeypatch.setattr(cluster, "archive", broken)
    monkeypatch.setattr(cluster, "fingerprint", lambda *_: "broken")
    with (
        pytest.raises(StageError, match=r"got OSError: line one line two on tcp://[^\n]*there\Z"),
        connected(two.address, CODE),
    ):
        pass


@pytest.mark.parametrize("name", ["python", "numpy", "joblib"])
def test_a_worker_with_another_version_is_told_in_a_line(
    two: LocalCluster, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = cluster.versions_of

    def other(client: Any) -> dict[str, dict[str, str]]:
        versions = real(client)
        versions[min(versions)] |= {name: "1.2.3"}
        return versions

    monkeypatch.setattr(cluster, "versions_of", other)
    message = rf"sweep.scheduler: expected {name} [\d.]+, as here, .* got 1.2.3 on tcp:"
    with pytest.raises(StageError, match=message), connected(two.address, CODE):
        pass


def test_versions_are_asked_of_everybody(two: LocalCluster) -> None:
    with connected(two.address, CODE) as client:
        client.wait_for_workers(2)
        versions = cluster.versions_of(client)
    assert len(versions) == 3
    check_versions("here", versions)
    assert {"numpy", "python"} <= versions[min(versions)].keys()


def test_nobody_at_the_address_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "ANSWER", 0.3)
    message = f"sweep.scheduler: expected a Dask scheduler at {NOBODY}, none answered within 0.3 s"
    with pytest.raises(StageError, match=message), connected(NOBODY, CODE):
        pass


def test_a_missing_package_is_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(StageError, match="pip install --group cluster, or choose loky"),
        connected(NOBODY, CODE),
    ):
        pass


class Found:
    """A client whose workers compute with these."""

    def __init__(self, *machines: str) -> None:
        self.machines = {f"tcp://{n}": machine for n, machine in enumerate(machines)}

    def run(self, _look: Any) -> dict[str, str]:
        return self.machines


def test_workers_that_compute_otherwise_are_told_apart() -> None:
    client: Any = Found("a", "a")
    assert kind(client) == "a"
    client = Found("a", "a", "b")
    with pytest.raises(StageError, match="of tcp://0 and tcp://2 differ"):
        kind(client)


def test_workers_of_this_machine_compute_as_it_does(two: LocalCluster) -> None:
    with connected(two.address, CODE) as client:
        assert kind(client) == machine()


@pytest.mark.parametrize(
    "error", [CommClosedError("gone"), KilledWorker("t", None, 3), TimeoutError("no worker")]
)
def test_a_cluster_that_breaks_down_is_told_in_a_line(error: Exception) -> None:
    with (
        pytest.raises(StageError, match=r"what was finished is kept: [^\n]*\Z"),
        cluster.breakdowns_in_a_line(NOBODY),
    ):
        raise error


def test_the_archive_has_what_runs_elsewhere_and_no_more() -> None:
    with zipfile.ZipFile(io.BytesIO(archive(CODE))) as file:
        names = {*file.namelist()}
    assert {"nn/__init__.py", "stages/__init__.py", "stages/common/models/training.py"} <= names
    assert (
        not {"stages/claims/sweep/measure.py", "stages/train.py", "stages/claims/sweep/cluster.py"}
        & names
    )


@pytest.mark.parametrize("who", ["all workers", "scheduler"])  # in this order: the last ends it
def test_a_cluster_that_dies_midway_loses_nothing(
    who: str, two: LocalCluster, digits: Path, empty: Path, expected: list[bytes]
) -> None:
    copied(digits, empty)
    processes = two.workers if who == "all workers" else [two.scheduler]
    killer = killed_midway(*processes)
    with pytest.raises(StageError, match="or all of its workers, have gone; what was finished is"):
        swept(empty, there(two))
    killer.join()
    finished = len([*folder_of("sweep").glob("[!.]*")])
    assert finished
    assert swept(empty, WIDE) == expected
