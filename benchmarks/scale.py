"""How cost grows: time and memory with the number of images, time of a step with the network.

    python -m benchmarks.scale            # up to 6,000,000 images: 4.7 GB in a temporary folder
    python -m benchmarks.scale --quick    # up to 1,000, and networks up to 32 wide: does it run?

The images are MNIST's, 1,000 at a time distorted anew in every copy, in one memory-mapped file
that is removed at the end. Memory of its own is what belongs to no file: the page cache is apart.
"""

import stages  # noqa: F401, I001 - one BLAS thread, which must be said before NumPy is loaded

import multiprocessing
import tempfile
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated, Self

import numpy as np
import typer
from numpy.lib import format as npy
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.tables import write
from benchmarks.contenders import Contender, Ours, Task
from benchmarks.draw import draw_scale
from benchmarks.floors import Floor
from nn import SGD, Dataset, Network, Settings
from stages.common.files.arrays import load_labelled
from stages.common.images.idx import read_idx
from stages.common.images.preprocess import unit_scaling

ROOT = Path(__file__).parent.parent
RAW = Path("data/raw")
RESULTS, FIGURE = ROOT / "benchmarks/scale.csv", ROOT / "benchmarks/scale.png"
IMAGES, WIDTHS, DEPTHS = (
    (6_000, 60_000, 600_000, 6_000_000),
    [2**k for k in range(4, 12)],
    range(1, 9),
)
QUICK_IMAGES, QUICK_WIDTHS, QUICK_DEPTHS = (500, 1_000), [16, 32], (1, 2)
DEEP_WIDTH = 64  # neurons in each layer where depth is varied
SIDE, CHUNK = 28, 1_000  # pixels; images that share one distortion
NARROW = (784, 16, 16, 10)


@dataclass(frozen=True)
class Point:
    """One line of scale.csv; what does not apply is 0."""

    part: str  # images, width or depth
    value: int  # how many
    threads: int
    order: str = "fixed"
    ours_ms: float = 0.0  # an epoch for images, else a step
    floor_ms: float = 0.0
    own_mib: float = 0.0  # peak of anonymous memory
    resident_mib: float = 0.0  # peak with the pages of the file


def main(quick: Annotated[bool, typer.Option("--quick")] = False) -> None:  # noqa: FBT002
    """Measure with images of data/raw; write benchmarks/scale.csv and benchmarks/scale.png.

    Nothing is written by a quick run.
    """
    counts = QUICK_IMAGES if quick else IMAGES
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder), max(counts))
        points = [
            train_apart(Path(folder), count, reshuffle)
            for count in counts
            for reshuffle in (False, True)
        ]
        for width in QUICK_WIDTHS if quick else WIDTHS:
            points += steps("width", width, (784, width, 10), Path(folder))
        for depth in QUICK_DEPTHS if quick else DEPTHS:
            points += steps("depth", depth, (784, *[DEEP_WIDTH] * depth, 10), Path(folder))
    if not quick:
        write(RESULTS, points)
        draw_scale([asdict(point) for point in points], DEEP_WIDTH, FIGURE)


def write_images(folder: Path, count: int) -> None:
    """Write ``count`` distorted images and their labels, a chunk at a time."""
    images = read_idx(RAW / "train-images-idx3-ubyte", 3).reshape(-1, SIDE * SIDE)
    labels = read_idx(RAW / "train-labels-idx1-ubyte", 1)
    rng, start = np.random.default_rng(0), perf_counter()
    stored = npy.open_memmap(folder / "images.npy", "w+", np.uint8, (count, SIDE * SIDE))
    for first in range(0, count, CHUNK):
        rows = np.arange(first, min(first + CHUNK, count)) % len(images)
        stored[first : first + len(rows)] = images[rows].take(distortion(rng), axis=1)
    stored.flush()
    np.save(folder / "labels.npy", np.resize(labels, count))
    print(f"{count:,} images written in {perf_counter() - start:.0f} s")


def distortion(rng: np.random.Generator) -> NDArray[np.intp]:
    """From which pixel each pixel is taken, (784,): turned, slanted, stretched, moved and waved."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    turn = np.eye(2) + rng.normal(0, 0.1, (2, 2))
    phase = rng.uniform(0, 2 * np.pi, 2)
    shift = rng.uniform(-2, 2, 2)
    row = turn[0, 0] * y + turn[0, 1] * x + np.sin(x / 4 + phase[0]) + shift[0]
    column = turn[1, 0] * y + turn[1, 1] * x + np.sin(y / 4 + phase[1]) + shift[1]
    row, column = (
        np.rint(c + (SIDE - 1) / 2).clip(0, SIDE - 1).astype(np.intp) for c in (row, column)
    )
    return np.asarray(row * SIDE + column).ravel()


def train_apart(folder: Path, count: int, reshuffle: bool) -> Point:  # noqa: FBT001
    """Train one epoch in a fresh process, so that its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        point = pool.apply(train, (folder, count, reshuffle))
    print(
        f"{count:>9,} images, {point.order:10}: {point.ours_ms:9.0f} ms an epoch, "
        f"{1000 * point.ours_ms / count:5.2f} us an image, {point.own_mib:4.0f} MiB of its own, "
        f"{point.resident_mib:5.0f} MiB resident"
    )
    return point


def train(folder: Path, count: int, reshuffle: bool) -> Point:  # noqa: FBT001
    """One epoch of 784-16-16-10 on the first images, after one on a few to warm up."""
    images, labels = load_labelled(folder)
    examples = Dataset(images[:count], labels[:count], *unit_scaling())
    settings = Settings(1, epochs=2, batch_size=100, reshuffle=reshuffle)
    rng = np.random.default_rng(0)
    network = Network.random(NARROW, "sigmoid", "quadratic", rng=rng, gain=2)
    SGD(network, examples.first(2_000), settings, rng).epoch()
    sgd = SGD(network, examples, settings, rng)
    with PeakMemory() as memory:
        start = perf_counter()
        sgd.epoch()
        seconds = perf_counter() - start
    return Point(
        "images",
        count,
        1,
        "reshuffled" if reshuffle else "fixed",
        ours_ms=round(1000 * seconds, 1),
        own_mib=round(memory.private, 1),
        resident_mib=round(status_mib("VmHWM"), 1),
    )


class PeakMemory:
    """Look at this process's anonymous memory every few milliseconds, and keep the most, in MiB."""

    def __enter__(self) -> Self:
        """Begin to look."""
        self.private, self.over = status_mib("RssAnon"), threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self) -> None:
        """Look until it is over."""
        while not self.over.wait(0.02):
            self.private = max(self.private, status_mib("RssAnon"))

    def __exit__(self, *_: object) -> None:
        """Look a last time."""
        self.over.set()
        self.thread.join()
        self.private = max(self.private, status_mib("RssAnon"))


def status_mib(name: str) -> float:
    """A line of Linux's account of this process: RssAnon, what belongs to no file, or VmHWM, peak.

    Not ``getrusage``: its peak is inherited from the process that started this one.
    """
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def steps(part: str, value: int, sizes: tuple[int, ...], folder: Path) -> list[Point]:
    """Time a step of this network, ours and the floor, with one and with two BLAS threads."""
    images, labels = load_labelled(folder)
    examples = Dataset(images[:2_000], labels[:2_000], *unit_scaling())
    task = Task(sizes, examples, examples)
    runners: list[tuple[int, Contender]] = []
    for threads in (1, 2):
        with threadpool_limits(threads, "blas"):  # the floor chooses its forms for them
            runners += [(threads, Ours(task)), (threads, Floor(task))]
    times = np.array([[step_ms(*runner) for runner in runners] for _ in range(7)])[1:]
    one, floor_one, two, floor_two = np.median(times, axis=0).round(4).tolist()
    print(
        f"{part} {value:5}: {one:8.3f} ms a step, floor {floor_one:8.3f}, ratio "
        f"{np.median(times[:, 0] / times[:, 1]):.2f}; 2 threads {two:8.3f}, floor {floor_two:8.3f}"
        f", of one thread {np.median(times[:, 2] / times[:, 0]):.2f}"
    )
    return [
        Point(part, value, threads, ours_ms=ours, floor_ms=floor)
        for threads, ours, floor in ((1, one, floor_one), (2, two, floor_two))
    ]


def step_ms(threads: int, contender: Contender) -> float:
    """Milliseconds of a step, the mean over an epoch."""
    with threadpool_limits(threads, "blas"):
        start = perf_counter()
        contender.epoch()
        return 1000 * (perf_counter() - start) / contender.task.steps


if __name__ == "__main__":
    typer.run(main)
