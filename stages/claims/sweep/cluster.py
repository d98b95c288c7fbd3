"""Trainings on other machines: a Dask cluster whose workers compute as this machine does.

Nothing needs to be on the workers but Python and the packages of this environment. The project's
code travels as one archive, and the images are sent to each worker once.
"""

import io
import pickle
import platform
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from stages.common.files.atomic import StageError, one_line
from stages.common.models.recipe import Executor, Task
from stages.common.runtime.checkpoints import fingerprint, machine
from stages.common.runtime.imports import ROOT, closure

if TYPE_CHECKING:
    from distributed import Client, Worker

ANSWER = 10  # seconds that a scheduler, and its first worker, have to answer
PACKAGES = ("numpy", "scipy", "joblib", "distributed")  # that must be the same everywhere
SCHEDULER = "sweep.scheduler"


@contextmanager
def connected(address: str, modules: tuple[str, ...]) -> Iterator["Client"]:
    """A client of the scheduler there, when all its workers are fit to run these modules.

    Raises ``StageError`` if nobody answers, or a worker has other versions or cannot take the code;
    and for a cluster that breaks down meanwhile.
    """
    client = _client(address)
    try:
        with breakdowns_in_a_line(address):
            check_versions(address, versions_of(client))
            ship(client, modules)
            yield client
    finally:
        client.close()


def _client(address: str) -> "Client":
    """Connect, or raise ``StageError``."""
    try:
        from distributed import Client
    except ImportError as error:
        raise StageError(
            "sweep.backend: dask needs the packages of the group cluster; "
            "run pip install --group cluster, or choose loky"
        ) from error
    try:
        client = Client(address, timeout=ANSWER, set_as_default=False)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise StageError(
            f"{SCHEDULER}: expected a Dask scheduler at {address}, none answered within "
            f"{ANSWER} s; start one with dask scheduler, or choose sweep.backend loky"
        ) from error
    try:
        client.wait_for_workers(1, timeout=ANSWER)
    except TimeoutError as error:
        client.close()
        raise StageError(
            f"{SCHEDULER}: expected workers, the scheduler at {address} has had none for "
            f"{ANSWER} s; start them with dask worker {address}"
        ) from error
    return client


@contextmanager
def breakdowns_in_a_line(address: str) -> Iterator[None]:
    """Turn what Dask raises when a cluster breaks down into one line."""
    from concurrent.futures import CancelledError

    from distributed import KilledWorker
    from distributed.comm import CommClosedError

    again = "what was finished is kept: mend the cluster and run the sweep again"
    try:
        yield
    except KilledWorker as error:
        raise StageError(
            f"sweep: a training has ended {error.allowed_failures + 1} workers, one after the "
            f"other; is there enough memory? {again}"
        ) from error
    except (CancelledError, CommClosedError, TimeoutError) as error:  # joblib waits for workers
        raise StageError(
            f"sweep: the scheduler at {address}, or all of its workers, have gone; {again}"
        ) from error


def versions_of(client: "Client") -> dict[str, dict[str, str]]:
    """The versions of Python and of ``PACKAGES``, where they matter, by address."""
    reported = client.get_versions(packages=[*PACKAGES])
    places: dict[str, tuple[Any, tuple[str, ...]]] = {
        worker: (info, PACKAGES) for worker, info in reported["workers"].items()
    }
    places["the scheduler"] = reported["scheduler"], ("joblib", "distributed")
    return {
        place: {name: str(info["packages"].get(name)) for name in names}
        | {"python": info["packages"]["python"].removesuffix(".final.0")}
        for place, (info, names) in places.items()
    }


def check_versions(address: str, versions_by_place: dict[str, dict[str, str]]) -> None:
    """Raise ``StageError`` for the first place with another version of anything."""
    local = {name: version(name) for name in PACKAGES} | {"python": platform.python_version()}
    for place, versions in sorted(versions_by_place.items()):
        for name, got in versions.items():
            if got != local[name]:
                raise StageError(
                    f"{SCHEDULER}: expected {name} {local[name]}, as here, in all of the cluster "
                    f"at {address}, got {got} on {place}; install requirements-dev.lock there"
                )


def archive(modules: tuple[str, ...]) -> bytes:
    """The source of modules and of all that they import from the project, as a .zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for path in sorted({path for module in modules for path in closure(module)}):
            file.write(path, str(path.relative_to(ROOT)))
    return content.getvalue()


def ship(client: "Client", modules: tuple[str, ...]) -> None:
    """Bring the code to every worker, also to those that join later; ``StageError`` if one fails.

    ``Client.upload_file`` would leave modules of an earlier run of other code in place.
    """
    content = archive(modules)
    name = f"project-{'-'.join(fingerprint(module, ())[:8] for module in modules)}.zip"
    client.register_plugin(_carrier(name, content), name=name)
    problems = client.run(_looker(name, modules), on_error="return")
    for worker, problem in sorted(problems.items()):
        if problem:
            raise StageError(
                f"{SCHEDULER}: expected the project's code to be importable on every worker, got "
                f"{one_line(problem)} on {worker}; install requirements-dev.lock there"
            )


# What a worker unpickles before it has the project's code must not refer to it. A function or a
# class inside of a function travels as it is, others by the name of their module.


def _carrier(name: str, content: bytes) -> Any:
    """A plugin that puts the archive first on a worker's path, in place of other such code."""
    from distributed import WorkerPlugin

    class Carrier(WorkerPlugin):  # type: ignore[misc]
        def setup(self, worker: "Worker") -> None:
            import sys
            from pathlib import Path

            import numpy as np  # before the threads of its BLAS are counted
            from threadpoolctl import threadpool_limits

            path = str(Path(worker.local_directory) / name)
            if path not in sys.path[:1]:
                Path(path).write_bytes(content)
                for loaded in [*sys.modules]:
                    if loaded.partition(".")[0] in {"nn", "stages"}:
                        del sys.modules[loaded]
                sys.path.insert(0, path)
            self.limits = threadpool_limits(1, "blas"), np.__version__

    return Carrier()


def _looker(name: str, modules: tuple[str, ...]) -> Callable[[], str]:
    """A function that says what is wrong with a worker, or nothing."""

    def look() -> str:
        from importlib import import_module

        try:
            files = [str(import_module(module).__file__) for module in modules]
        except Exception as error:  # noqa: BLE001 - of whatever kind, it is told
            return f"{type(error).__name__}: {error}"
        return next((f"the code in {file}" for file in files if name not in file), "")

    return look


def kind(client: "Client") -> str:
    """What computes on the workers, in words; ``StageError`` if that is not the same on all."""
    workers_by_machine: dict[str, list[str]] = {}
    for worker, description in sorted(client.run(machine).items()):
        workers_by_machine.setdefault(description, []).append(worker)
    if len(workers_by_machine) > 1:
        one, other = (workers[0] for workers in [*workers_by_machine.values()][:2])
        raise StageError(
            f"{SCHEDULER}: expected workers that compute alike, but processor or BLAS of {one} and "
            f"{other} differ, and so would the last bits; docs/sweeps.md says how to make them one"
        )
    return next(iter(workers_by_machine))


def workers(client: "Client") -> Executor:
    """Joblib's way to the workers; what is common to all jobs is sent once, with the first ones."""
    from joblib import Parallel, delayed
    from joblib._dask import DaskDistributedBackend

    class Workers(DaskDistributedBackend):  # type: ignore[misc]
        def effective_n_jobs(self, n_jobs: int) -> int:
            """Joblib would send nothing to a cluster of one core."""
            return max(2, int(super().effective_n_jobs(n_jobs)))

    def unpack(task: bytes, *common: Any) -> Any:
        """The scheduler, which reads the tasks, has no code of ours: to it they are bytes."""
        import pickle

        from stages.common.models.recipe import finish

        return finish(pickle.loads(task), *common)  # noqa: S301 - packed below

    sent: list[Workers] = []  # with what is common: the next jobs find it there

    def execute(tasks: Sequence[Task], common: tuple[Any, ...]) -> Iterable[tuple[int, Any]]:
        if not sent:
            sent.append(Workers(client=client, scatter=[*common]))
        parallel = Parallel(
            backend=sent[0],
            return_as="generator_unordered",
            batch_size=1,
            pre_dispatch="all",  # so that workers that join later find work
        )
        packed = map(pickle.dumps, tasks)
        done: Iterable[tuple[int, Any]] = parallel(delayed(unpack)(p, *common) for p in packed)
        return done

    return execute
