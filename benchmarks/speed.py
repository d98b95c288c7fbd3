"""Time this project against the frameworks: the same work, in turns, in one run.

    python -m benchmarks.speed            # everything: about 10 minutes on two cores
    python -m benchmarks.speed --quick    # three rounds of the first task: does it run?

Every contender first learns one epoch from the same weights in the same order, and its weights are
compared with ours. Then each round times one epoch of every contender, in a new order of turns, so
that whatever else the machine does hits all of them alike. A ratio is taken within its round.
"""

import stages  # noqa: F401, I001 - one BLAS thread, which must be said before NumPy is loaded

import gc
import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Annotated

import numpy as np
import typer
from threadpoolctl import threadpool_info

from benchmarks.tables import SPEED, write
from benchmarks.contenders import (
    Contender,
    Ours,
    OursAsRun,
    OursStacked,
    OursTwoThreads,
    PerExample,
    Task,
    Tutorial,
)
from benchmarks.draw import draw_speed
from benchmarks.evaluation import EVALUATIONS
from benchmarks.floors import Floor, FloorAsRun, FloorFetching
from benchmarks.peers import PEERS, Jax, JaxAsRun, JaxUnrolled, TorchByHand, TorchCompiledTen
from nn import Examples
from nn.functions import Array
from stages.common.files.arrays import load_labelled, save_labelled
from stages.common.images.idx import read_idx
from stages.common.images.preprocess import unit_scaling

ROOT = Path(__file__).parent.parent
FIGURE = ROOT / "benchmarks/results.png"
VALIDATION = 5_000  # images set aside, as in params.yaml
TOLERANCE = 1e-4  # on weights of about 1 that an epoch has moved by up to 2


@dataclass(frozen=True)
class Heat:
    """A task and who does it; the first is ours, the second the floor."""

    task: Task
    contenders: list[type[Contender]]
    title: str = ""


@dataclass(frozen=True)
class Result:
    """One line of results.csv: times of an epoch in milliseconds, ratios within rounds."""

    task: str
    contender: str
    rounds: int
    median_ms: float
    lower_quartile_ms: float
    upper_quartile_ms: float
    ratio_to_floor: float
    ratio_of_ours: float  # ours to this contender: below 1, ours is quicker
    difference: float  # largest difference from our weights after one epoch; nan: not comparable


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Times that every contender is timed.")] = 15,
    quick: Annotated[bool, typer.Option("--quick", help="First task, 3 rounds.")] = False,  # noqa: FBT002
) -> None:
    """Measure everything; write benchmarks/results.csv and benchmarks/results.png."""
    print(surroundings())
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        store(Path(folder))
        for heat in list(heats(Path(folder)))[: 1 if quick else None]:
            results += run(heat, 3 if quick else rounds)
            gc.collect()
    if not quick:
        write(SPEED, results)
        draw_speed([asdict(result) for result in results], surroundings(), FIGURE)
    print(f"load at the end: {os.getloadavg()[0]:.1f}")


def surroundings() -> str:
    """Processor, threads and versions."""
    names = ("numpy", "jax", "torch", "scikit-learn")
    blas = "; ".join(
        f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')} "
        f"{pool['num_threads']} thread(s)"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    )
    return (
        f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {version(name)}" for name in names)
        + f"; {blas}; PyTorch 1 thread unless 2 are named; JAX as many as it likes"
    )


def processor() -> str:
    """The processor's name and family."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    found = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    said = {key.strip(): value.strip() for key, value in found.items()}
    return f"{said.get('model name', '?')} (model {said.get('model', '?')})"


def store(folder: Path) -> None:
    """Write the images as the stages do: shuffled, in three files of uint8."""
    for part in ("train", "t10k"):
        images = read_idx(ROOT / f"data/raw/{part}-images-idx3-ubyte", 3)
        labels = read_idx(ROOT / f"data/raw/{part}-labels-idx1-ubyte", 1)
        order = np.random.default_rng(0).permutation(len(images))
        split = VALIDATION if part == "train" else 0
        for name, rows in ((part, order[split:]), (f"{part}-validation", order[:split])):
            if len(rows):
                (folder / name).mkdir()
                flat_images = images[rows].reshape(len(rows), -1)
                save_labelled(folder / name, flat_images, labels[rows])


def heats(folder: Path) -> Iterator[Heat]:
    """Every task with its contenders, one after the other."""
    train, validation, test = (
        Examples(*load_labelled(folder / name), *unit_scaling())
        for name in ("train", "train-validation", "t10k")
    )
    numpy_only: list[type[Contender]] = [OursAsRun, Floor, FloorAsRun, FloorFetching, Ours]
    all_peers: list[type[Contender]] = [*numpy_only, *PEERS, Tutorial, PerExample]
    quick_peers: list[type[Contender]] = [
        *numpy_only,
        Jax,
        JaxUnrolled,
        JaxAsRun,
        TorchByHand,
        TorchCompiledTen,
    ]
    narrow = (784, 16, 16, 10)
    for reshuffle in (False, True):
        yield Heat(Task(narrow, train, validation, reshuffle=reshuffle), all_peers)
    # At higher rates these amplify rounding: even float32 and float64 end in different places.
    ten = Task(narrow, train, validation, batch_size=10, learning_rate=0.3)
    yield Heat(ten, quick_peers)
    for sizes in ((784, 128, 64, 10), (784, 800, 10)):
        task = Task(sizes, train, validation, learning_rate=0.1)
        yield Heat(task, [*numpy_only, OursTwoThreads, Jax, JaxUnrolled, JaxAsRun, TorchByHand])
    for size in (100, 10):
        task = Task(narrow, train, validation, batch_size=size, learning_rate=0.3)
        title = f"{task.name}: 16 networks at once, time for each"
        yield Heat(task, [OursStacked, Floor, Ours], title)
    yield Heat(Task(narrow, test, test), EVALUATIONS, title="evaluation of 10,000 images")


def run(heat: Heat, rounds: int) -> list[Result]:
    """Check that all do the same work, then time them; print a table."""
    title = heat.title or heat.task.name
    print(f"\n{title}")
    contenders = [contender(heat.task) for contender in heat.contenders]
    differences = check(title, contenders)
    times = race(contenders, rounds)
    results = [
        Result(
            task=title,
            contender=contender.name,
            rounds=rounds,
            median_ms=percentile(own, 50),
            lower_quartile_ms=percentile(own, 25),
            upper_quartile_ms=percentile(own, 75),
            ratio_to_floor=percentile(own / times[1], 50),
            ratio_of_ours=percentile(times[0] / own, 50),
            difference=difference,
        )
        for contender, own, difference in zip(contenders, times, differences, strict=True)
    ]
    print("  ms an epoch (quartiles)      to floor   ours to it   difference")
    for result in results:
        print(as_line(result))
    return results


def percentile(values: Array, q: int) -> float:
    """Rounded to a thousandth."""
    return round(float(np.percentile(values, q)), 3)


def as_line(result: Result) -> str:
    """One line of the printed table."""
    spread = f"({result.lower_quartile_ms:.1f}-{result.upper_quartile_ms:.1f})"
    return (
        f"  {result.median_ms:8.1f} {spread:18} {result.ratio_to_floor:8.2f} "
        f"{result.ratio_of_ours:12.3f} {result.difference:12.0e}   {result.contender}"
    )


def check(title: str, contenders: list[Contender]) -> list[float]:
    """Largest difference of each contender's result from the first's after one epoch.

    Raises ``SystemExit`` if one is beyond ``TOLERANCE``: it is not the same work.
    """
    results = []
    for contender in contenders:
        contender.epoch()
        result = contender.result()
        results.append(np.array([np.nan]) if result is None else result.copy())
    differences = [float(np.abs(result - results[0]).max()) for result in results]
    for contender, difference in zip(contenders, differences, strict=True):
        if difference > TOLERANCE:
            raise SystemExit(
                f"error: {title}: {contender.name}: after one epoch its weights differ from ours "
                f"by up to {difference:.1e}, expected at most {TOLERANCE}: not the same work"
            )
    return differences


def race(contenders: list[Contender], rounds: int) -> Array:
    """Milliseconds of an epoch, (contenders, rounds); all take turns, in a new order each round."""
    times, rng = np.zeros((len(contenders), rounds)), np.random.default_rng(0)
    with no_collection():
        for turn in range(-1, rounds):  # turn -1 warms up, and its times are overwritten
            for place in rng.permutation(len(contenders)):
                contender = contenders[place]
                steps, every = contender.timed_steps, contender.task.steps
                start = perf_counter()
                contender.epoch(steps)
                seconds = perf_counter() - start
                part = (steps / every if steps else 1) * contender.networks
                times[place, turn] = 1000 * seconds / part
    return times


@contextmanager
def no_collection() -> Iterator[None]:
    """Collect no garbage while the clock runs."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


if __name__ == "__main__":
    typer.run(main)
