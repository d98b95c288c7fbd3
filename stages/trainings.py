"""Trainings that a stage makes for itself, many of them side by side."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nn import SGD, Examples, Network, Settings
from stages.model import as_examples
from stages.preprocess import Preprocessing

TRAIN, VALIDATION = Path("data/batches/train"), Path("data/batches/validation")
TEST = Path("data/normalized/test")
PREPROCESSING = Path("data/normalized/preprocessing.npz")

Result = TypeVar("Result")


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
    function: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], about: str
) -> list[Result]:
    """``function(*job)`` for every job, on all cores, with a progress bar; in the jobs' order.

    Each job runs in a process of its own, where one BLAS thread works, and must be decided by its
    arguments alone. LOKY_MAX_CPU_COUNT=1 keeps them all in this process.
    """
    from joblib import Parallel, cpu_count, delayed
    from tqdm import tqdm

    cores = min(cpu_count(), len(jobs))
    results = Parallel(n_jobs=cores, return_as="generator")(delayed(function)(*j) for j in jobs)
    return list(tqdm(results, total=len(jobs), desc=about, unit="job", disable=None))
