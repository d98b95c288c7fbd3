"""Time this project against the frameworks: the same work, in turns, in one run.

    python -m benchmarks.speed            # everything: about 10 minutes on two cores
    python -m benchmarks.speed --avx2     # as on a processor without AVX-512, for everybody
    python -m benchmarks.speed --quick    # one round of every task on few images: does it run?

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
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter
from typing import Annotated

import numpy as np
import typer
from threadpoolctl import threadpool_info

from benchmarks.tables import SPEED, speed_table, write
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
from benchmarks.floors import Floor, FloorAsRun, FloorFetching, FloorInPlace
from nn import Dataset
from nn.functions import Array
from stages.common.files.arrays import load_labelled, save_labelled
from stages.common.images.idx import read_idx
from stages.common.images.preprocess import unit_scaling

ROOT = Path(__file__).parent.parent
FIGURE = ROOT / "benchmarks/results.png"
RAW = Path("data/raw")
VALIDATION = 5_000  # images set aside, as in params.yaml
FEW = 200  # images of a quick run
TOLERANCE = 1e-4  # on weights of about 1 that an epoch has moved by up to 2
# Said before the frameworks are loaded; OpenBLAS and NumPy are told by ``stages``.
AVX2 = {
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_ENABLE_INSTRUCTIONS": "AVX2",
}
# What is printed after a task: our time by that of the quickest whose name begins so.
QUOTIENTS = {
    "epoch alone / products alone": (Ours.name, Floor.name),
    "epoch alone / products, images from memory": (Ours.name, FloorInPlace.name),
    "epoch alone / JAX's quickest scan": (Ours.name, "JAX, one scan"),
    "as trained / JAX with our history": (OursAsRun.name, "JAX, 4 steps a turn, with"),
    "epoch alone / PyTorch eager": (Ours.name, "PyTorch eager"),
    "epoch alone / torch.compile": (Ours.name, "torch.compile"),
    "epoch alone / scikit-learn": (Ours.name, "scikit-learn"),
    "epoch alone / one example at a time": (Ours.name, PerExample.name),
    "in a stack / alone": (OursStacked.name, Ours.name),
}


@dataclass(frozen=True)
class Peers:
    """The frameworks, as far as they take part."""

    all: list[type[Contender]] = field(default_factory=list)
    few: list[type[Contender]] = field(default_factory=list)
    evaluations: list[type[Contender]] = field(default_factory=list)

    @classmethod
    def load(cls) -> "Peers":
        """Load the frameworks."""
        from benchmarks import peers  # noqa: PLC0415 - only where they are installed

        return cls(peers.PEERS, peers.FEW, peers.EVALUATIONS)


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
    quick: Annotated[bool, typer.Option("--quick", help="One round on few images.")] = False,  # noqa: FBT002
    frameworks: Annotated[bool, typer.Option(help="Time them, too.")] = True,  # noqa: FBT002
    avx2: Annotated[bool, typer.Option("--avx2", help="Frameworks without AVX-512.")] = False,  # noqa: FBT002
) -> None:
    """Measure everything; write benchmarks/results.csv and benchmarks/results.png.

    The images are those of data/raw. Nothing is written by a quick run, or one without frameworks.
    """
    if avx2:
        os.environ.update(AVX2)
    peers = Peers.load() if frameworks else Peers()
    where = surroundings() + "; no AVX-512" * avx2
    print(where)
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        store(Path(folder), FEW if quick else None)
        for heat in heats(Path(folder), peers):
            results += run(heat, 1 if quick else rounds)
            gc.collect()
    if frameworks and not quick:
        write(SPEED, results)
        draw_speed([asdict(result) for result in results], where, FIGURE)
        print(f"\n{speed_table()}")
    print(f"load at the end: {os.getloadavg()[0]:.1f}")


def surroundings() -> str:
    """Processor, threads and versions."""
    names = ("numpy", "jax", "torch", "scikit-learn")
    versions = {name: v for name in names if (v := version_of(name))}
    blas = "; ".join(
        f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')} "
        f"{pool['num_threads']} thread(s)"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    )
    return (
        f"{processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}, "
        + ", ".join(f"{name} {v}" for name, v in versions.items())
        + f"; {blas}; PyTorch 1 thread unless 2 are named; JAX as many as it likes"
    )


def version_of(package: str) -> str:
    """The package's version, or nothing if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def processor() -> str:
    """The processor's name and family."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    said = {key.strip(): value.strip() for key, value in fields.items()}
    return f"{said.get('model name', '?')} (model {said.get('model', '?')})"


def store(folder: Path, most: int | None) -> None:
    """Write the images as the stages do, or the first of them: shuffled, in three files of uint8.

    Training images are a multiple of 100, so that all mini-batches are full.
    """
    for part in ("train", "t10k"):
        images = read_idx(RAW / f"{part}-images-idx3-ubyte", 3)
        labels = read_idx(RAW / f"{part}-labels-idx1-ubyte", 1)
        order = np.random.default_rng(0).permutation(len(images))
        split = min(VALIDATION, len(images) // 4) if part == "train" else 0
        rest = order[split:][:most]
        rest = rest[: len(rest) // 100 * 100] if part == "train" else rest
        for name, rows in ((part, rest), (f"{part}-validation", order[:split][:most])):
            if len(rows):
                (folder / name).mkdir()
                flat_images = images[rows].reshape(len(rows), -1)
                save_labelled(folder / name, flat_images, labels[rows])


def heats(folder: Path, peers: Peers) -> Iterator[Heat]:
    """Every task with its contenders, one after the other."""
    train, validation, test = (
        Dataset(*load_labelled(folder / name), *unit_scaling())
        for name in ("train", "train-validation", "t10k")
    )
    ours: list[type[Contender]] = [OursAsRun, Floor, FloorInPlace, FloorFetching, FloorAsRun, Ours]
    narrow = (784, 16, 16, 10)
    for reshuffle in (False, True):
        task = Task(narrow, train, validation, reshuffle=reshuffle)
        yield Heat(task, [*ours, *peers.all, Tutorial, PerExample])
    # At higher rates these amplify rounding: even float32 and float64 end in different places.
    ten = Task(narrow, train, validation, batch_size=10, learning_rate=0.3)
    yield Heat(ten, [*ours, *peers.few])
    for sizes in ((784, 128, 64, 10), (784, 800, 10), (784, 512, 256, 10)):
        task = Task(sizes, train, validation, learning_rate=0.1)
        yield Heat(task, [*ours, OursTwoThreads, *peers.few])
    for size in (100, 10):
        task = Task(narrow, train, validation, batch_size=size, learning_rate=0.3)
        title = f"{task.name}: 16 networks at once, time for each"
        yield Heat(task, [OursStacked, Floor, Ours], title)
    evaluations = [*EVALUATIONS, *peers.evaluations]
    yield Heat(Task(narrow, test, test), evaluations, title="evaluation of 10,000 images")


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
            median_ms=percentile(durations, 50),
            lower_quartile_ms=percentile(durations, 25),
            upper_quartile_ms=percentile(durations, 75),
            ratio_to_floor=percentile(durations / times[1], 50),
            ratio_of_ours=percentile(times[0] / durations, 50),
            difference=difference,
        )
        for contender, durations, difference in zip(contenders, times, differences, strict=True)
    ]
    print("  ms an epoch (quartiles)      to floor   ours to it   difference")
    for result in results:
        print(as_line(result))
    for label, quotient in quotients([c.name for c in contenders], times).items():
        print(f"  {quotient:8.3f} {label}")
    return results


def quotients(names: list[str], times: Array) -> dict[str, float]:
    """``QUOTIENTS`` of times, (contenders, rounds), as far as these contenders take part."""
    speedups = {}
    medians = dict(zip(names, np.median(times, axis=1).tolist(), strict=True))
    for label, (ours, start) in QUOTIENTS.items():
        others = [name for name in names if name.startswith(start) and name != ours]
        if others and ours in names:
            best = min(others, key=medians.__getitem__)
            speedups[label] = percentile(times[names.index(ours)] / times[names.index(best)], 50)
    return speedups


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
    """Largest difference of each contender's result from the first's after one epoch, or nan.

    Raises ``SystemExit`` if one is beyond ``TOLERANCE``: it is not the same work.
    """
    results = []
    for contender in contenders:
        contender.epoch()
        result = contender.result()
        results.append(np.array([np.nan]) if result is None else result.copy())
    differences = [float(np.abs(result - results[0]).max()) for result in results]
    for contender, difference in zip(contenders, differences, strict=True):
        if difference > TOLERANCE or (np.isnan(difference) and contender.result() is not None):
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
