"""What a sweep loses on its way to the workers: time by number of workers, and work for each task.

    python -m benchmarks.sweeps            # three minutes, after dvc repro batch
    python -m benchmarks.sweeps --quick    # does it run?

The same trainings on one and two processes, of this machine and of a Dask cluster on it, in turns;
quotients are taken within a turn, since machines are shared. Work is processor time, which other
programs change little.
"""

import stages  # noqa: F401, I001 - one BLAS thread, which must be said before NumPy is loaded

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from operator import neg
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Annotated, Any

import typer
from ruamel.yaml import YAML

from benchmarks.local_cluster import LocalCluster
from stages.claims.sweep.cluster import connected, workers
from stages.claims.sweep.measure import CODE
from stages.common.files.paths import PARAMETERS, PREPROCESSING, TRAIN, VALIDATION
from stages.common.images.preprocess import Preprocessing
from stages.common.models.recipe import batch_size_of_run, examples_of, side_by_side
from stages.common.models.training import TrainingParams, TrainingSet, train_and_score
from stages.common.runtime.imports import ROOT
from stages.common.runtime.params import flat, made


TASKS, QUICK_TASKS = 400, 8  # that have next to nothing to do
TRAININGS, QUICK_TRAININGS, EPOCHS = 12, 2, 4
TICKS = os.sysconf("SC_CLK_TCK")


def main(
    rounds: Annotated[int, typer.Option(min=2, help="Turns, of which medians are taken.")] = 5,
    quick: Annotated[bool, typer.Option("--quick", help="Two turns of little work.")] = False,  # noqa: FBT002
) -> None:
    """Print seconds, quotients, and the work for each task, on the images of data/batches."""
    load = os.getloadavg()[0]
    rounds, trainings = (2, QUICK_TRAININGS) if quick else (rounds, TRAININGS)
    tasks = QUICK_TASKS if quick else TASKS
    training = TrainingSet.load(TRAIN, Preprocessing.load(PREPROCESSING))
    common = training, examples_of(VALIDATION)
    section = YAML(typ="safe").load(ROOT / PARAMETERS)["train"] | {"epochs": EPOCHS}
    batch_size = batch_size_of_run()
    jobs = [(made(TrainingParams, flat(section)), batch_size, seed) for seed in range(trainings)]
    with ExitStack() as stack:
        clusters = {n: local(stack, n) for n in (1, 2)}
        clients = {n: stack.enter_context(connected(c.address, CODE)) for n, c in clusters.items()}
        ways: dict[str, Callable[[Any, Any, Any], None]] = {
            f"{name}, {n}": way
            for n in (1, 2)
            for name, way in (("loky", on_loky(n)), ("dask", on_dask(clients[n])))
        }
        for way in ways.values():  # processes start, and images are sent
            way(train_and_score, jobs[:2], common)
        times: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, way in ways.items():
                start = perf_counter()
                way(train_and_score, jobs, common)
                times[name].append(perf_counter() - start)
        for name, seconds in times.items():
            print(f"{name}: {median(seconds):.2f} s for {trainings} trainings")
        for backend in ("loky", "dask"):
            pairs = zip(times[f"{backend}, 1"], times[f"{backend}, 2"], strict=True)
            quotients = sorted(one / two for one, two in pairs)
            listing = ", ".join(f"{q:.2f}" for q in quotients)
            print(f"{backend}: two are {median(quotients):.2f} times as fast as one ({listing})")
        for name, way in ways.items():
            processes = clusters[int(name[-1])] if name.startswith("dask") else None
            print(f"{name}: {cost(way, processes, tasks)}")
    print(f"load {load:.1f} before, {os.getloadavg()[0]:.1f} after")


def local(stack: ExitStack, count: int) -> LocalCluster:
    """A cluster that is stopped with the stack."""
    cluster = LocalCluster(Path(stack.enter_context(tempfile.TemporaryDirectory())), count)
    stack.callback(cluster.stop)
    return cluster


def on_loky(count: int) -> Callable[[Any, Any, Any], None]:
    """Processes of this machine; one means this process."""

    def way(function: Any, jobs: Any, common: Any) -> None:
        os.environ["LOKY_MAX_CPU_COUNT"] = str(count)
        side_by_side(function, jobs, "loky", common=common)

    return way


def on_dask(client: Any) -> Callable[[Any, Any, Any], None]:
    """Workers of a cluster."""
    executor = workers(client)

    def way(function: Any, jobs: Any, common: Any) -> None:
        side_by_side(function, jobs, "dask", common=common, executor=executor)

    return way


def cost(
    way: Callable[[Any, Any, Any], None], cluster: LocalCluster | None, tasks: int = TASKS
) -> str:
    """Milliseconds for each task with next to nothing to do: elapsed, and who worked them."""
    jobs = [(n,) for n in range(tasks)]
    way(neg, jobs[:4], ())
    processes = [cluster.scheduler, *cluster.workers] if cluster else []
    before, start, cpu = [work_of(p.pid) for p in processes], perf_counter(), process_time()
    way(neg, jobs, ())
    elapsed, cpu = perf_counter() - start, process_time() - cpu
    worked = [work_of(p.pid) - b for p, b in zip(processes, before, strict=True)]
    named = {"elapsed": elapsed, "here": cpu}
    named |= {"scheduler": worked[0], "all workers": sum(worked[1:])} if worked else {}
    listing = ", ".join(f"{name} {1000 * seconds / tasks:.2f}" for name, seconds in named.items())
    return f"{listing} ms a task"


def work_of(pid: int) -> float:
    """Seconds of processor time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    typer.run(main)
