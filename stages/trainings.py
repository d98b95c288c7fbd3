"""Trainings that a stage makes for itself, many of them side by side."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nn import SGD, Examples, Network, Settings
from stages.checkpoints import Kept, recall, store
from stages.files import StageError
from stages.model import as_examples
from stages.preprocess import Preprocessing
from stages.signals import end_with, withheld

TRAIN, VALIDATION = Path("data/batches/train"), Path("data/batches/validation")
TEST = Path("data/normalized/test")
PREPROCESSING = Path("data/normalized/preprocessing.npz")


def examples_of(folder: Path) -> Examples:
    """Labelled images, as prepared for the network: ``TRAIN``, ``VALIDATION`` or ``TEST``."""
    return as_examples(folder, Preprocessing.load(PREPROCESSING))


@dataclass(frozen=True)
class Recipe:
    """What a training is decided by, apart from its examples and its seed."""

    hidden: tuple[int, ...]
    settings: Settings
    activation: str = "sigmoid"
    cost: str = "quadratic"
    initializer: str = "lecun"
    gain: float = 2.0

    def start(self, examples: Examples, classes: int, seed: int) -> SGD:
        """A random network before its first step; the same seed as ``train`` starts alike."""
        weights_rng, order_rng = np.random.default_rng(seed).spawn(2)
        network = Network.random(
            (examples.stored.shape[1], *self.hidden, classes),
            self.activation,
            self.cost,
            rng=weights_rng,
            initializer=self.initializer,
            gain=self.gain,
        )
        return SGD(network, examples, self.settings, order_rng)

    def train(self, examples: Examples, classes: int, seed: int) -> Network:
        """A network after all its epochs."""
        sgd = self.start(examples, classes, seed)
        with np.errstate(all="ignore"):  # a cost that is not finite is seen in the results
            for _ in range(self.settings.epochs):
                sgd.epoch()
        return sgd.network


def side_by_side(
    function: Callable[..., Any],
    jobs: Sequence[tuple[Any, ...]],
    about: str,
    kept: Kept | None = None,
) -> list[Any]:
    """``function(*job)`` for every job, on all cores, with a progress bar; in the jobs' order.

    Each job runs in a process of its own, where one BLAS thread works, and must be decided by its
    arguments, its code and the data that ``kept`` knows. LOKY_MAX_CPU_COUNT=1 keeps them all in
    this process. With ``kept``, a finished job's result outlives a kill, and is not made again;
    then it may only be made of what ``checkpoints.store`` can write, and tuples come as lists.

    Raises ``StageError`` if a process is killed, by a system that is out of memory for one.
    """
    from concurrent.futures.process import BrokenProcessPool

    from joblib import Parallel, cpu_count, delayed
    from tqdm import tqdm

    places = [kept.place(function, job) if kept else None for job in jobs]
    results = [recall(place) if place else None for place in places]
    missing = [number for number, result in enumerate(results) if result is None]
    if len(missing) < len(jobs):
        print(f"{about}: {len(jobs) - len(missing)} of {len(jobs)} kept from a run before")
    work = Parallel(
        n_jobs=max(1, min(cpu_count(), len(missing))),
        return_as="generator",
        batch_size=1 if kept else "auto",  # what is finished does not wait for others
        initializer=end_with,
        initargs=(os.getpid(),),
    )
    with withheld():
        done = work(delayed(_finish)(function, jobs[number], places[number]) for number in missing)
    try:
        for number, result in zip(
            missing,
            tqdm(done, total=len(missing), desc=about, unit="job", disable=None),
            strict=True,
        ):
            results[number] = result
    except BrokenProcessPool as error:
        told = f"{about}: a process that trained was killed; is there enough memory?"
        raise StageError(f"{told} run dvc repro again") from error
    return results


def _finish(function: Callable[..., Any], job: tuple[Any, ...], place: Path | None) -> Any:
    """One job's result, which is kept before it is handed on."""
    result = function(*job)
    if place is None:
        return result
    store(place, result)
    return recall(place)
