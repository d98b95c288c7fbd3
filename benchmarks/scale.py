"""How time and memory grow with the images, the mini-batch, the neurons and the layers.

    python -m benchmarks.scale            # up to 6,000,000 images: 4.7 GB in a temporary folder
    python -m benchmarks.scale --quick    # up to 1,000, and networks up to 32 wide: does it run?

The images are MNIST's, 1,000 at a time distorted anew in every copy, in one memory-mapped file
that is removed at the end. Time is processor time, of which a machine that others use takes little
away, and the quickest of several epochs counts. Memory of its own is what belongs to no file: the
page cache is apart. The claim ``time_and_memory`` reads what is written.
"""

import stages  # noqa: F401, I001 - one BLAS thread, which must be said before NumPy is loaded

import multiprocessing
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, thread_time
from typing import Annotated, Self

import numpy as np
import typer
from numpy.lib import format as npy
from numpy.typing import NDArray

from benchmarks.speed import processor
from benchmarks.tables import write
from nn import SGD, Dataset, Network, Settings
from stages.common.files.arrays import load_labelled
from stages.common.files.paths import SCALE
from stages.common.images.idx import read_idx
from stages.common.images.preprocess import unit_scaling

ROOT = Path(__file__).parent.parent
RAW = Path("data/raw")
SIDE, CHUNK = 28, 1_000  # pixels; images that share one distortion
NARROW, PLAIN_BATCH, PLAIN_IMAGES = (784, 16, 16, 10), 100, 10_000
DEEP_WIDTH = 64  # neurons in each layer where depth is varied
SECONDS, LEAST = 2.0, 2  # of epochs that are timed, unless it is quick, and how many at least


@dataclass(frozen=True)
class Grid:
    """What is varied, one thing at a time."""

    images: tuple[int, ...] = (6_000, 60_000, 600_000, 6_000_000)
    batches: tuple[int, ...] = (1, 10, 100, 1_000)
    widths: tuple[int, ...] = (16, 32, 64, 128, 256, 512, 1_024, 2_048)
    depths: tuple[int, ...] = (1, 2, 4, 8, 16)

    def jobs(self) -> Iterator[tuple[str, tuple[int, ...], int, int]]:
        """What varies, the network, images and images in a mini-batch."""
        for count in self.images:
            yield "images", NARROW, count, PLAIN_BATCH
        plain = min(PLAIN_IMAGES, max(self.images))
        for size in self.batches:
            yield "batch", NARROW, plain, size
        for width in self.widths:
            yield "width", (784, width, 10), plain, PLAIN_BATCH
        for depth in self.depths:
            yield "depth", (784, *[DEEP_WIDTH] * depth, 10), plain, PLAIN_BATCH


QUICK = Grid((500, 1_000), (10, 100), (16, 32), (1, 2))


@dataclass(frozen=True)
class Point:
    """One line of scale.csv."""

    part: str  # what varies: images, batch, width or depth
    network: str
    images: int
    batch_size: int
    epoch_ms: float  # of processor time, with one BLAS thread
    own_mib: float  # peak of anonymous memory
    processor: str


def main(quick: Annotated[bool, typer.Option("--quick")] = False) -> None:  # noqa: FBT002
    """Measure with images of data/raw; write benchmarks/scale.csv.

    Nothing is written by a quick run.
    """
    grid = QUICK if quick else Grid()
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder), max(grid.images))
        seconds = 0 if quick else SECONDS
        points = [train_apart(Path(folder), *job, seconds) for job in grid.jobs()]
    if not quick:
        write(ROOT / SCALE, points)


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


def train_apart(
    folder: Path, part: str, sizes: tuple[int, ...], images: int, batch_size: int, seconds: float
) -> Point:
    """Time a training in a fresh process, so that its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        milliseconds, mib = pool.apply(train, (folder, sizes, images, batch_size, seconds))
    name, image = "-".join(str(n) for n in sizes), 1000 * milliseconds / images
    print(
        f"{part:6} {name:14} {images:>9,} images, "
        f"batch {batch_size:>5,}: {image:6.2f} us an image, {image * batch_size:8.1f} us a step, "
        f"{mib:4.0f} MiB of its own"
    )
    return Point(part, name, images, batch_size, round(milliseconds, 2), mib, processor())


def train(
    folder: Path, sizes: tuple[int, ...], images: int, batch_size: int, seconds: float
) -> tuple[float, float]:
    """Milliseconds of the quickest epoch, and MiB; after one on a few images to warm up."""
    stored, labels = load_labelled(folder)
    examples = Dataset(stored[:images], labels[:images], *unit_scaling())
    settings = Settings(1, epochs=1, batch_size=batch_size, reshuffle=True)
    rng = np.random.default_rng(0)
    network = Network.random(sizes, "sigmoid", "quadratic", rng=rng, gain=2)
    SGD(network, examples.first(20 * batch_size), settings, rng).epoch()
    sgd, times = SGD(network, examples, settings, rng), list[float]()
    with PeakMemory() as memory:
        while len(times) < LEAST or sum(times) < seconds:
            start = thread_time()
            sgd.epoch()
            times.append(thread_time() - start)
    return 1000 * min(times), round(memory.private, 1)


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


if __name__ == "__main__":
    typer.run(main)
