"""Trainings that a stage makes for itself, many of them side by side."""

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nn import SGD, Dataset, Network, Settings, stacked, unstacked
from nn.dataset import Transform, identity_transform
from stages.common.files.atomic import StageError
from stages.common.files.paths import BATCH_SIZE, PREPROCESSING
from stages.common.images.outlook import Outlook
from stages.common.images.preprocess import Preprocessing
from stages.common.models.model import as_examples
from stages.common.runtime.checkpoints import ResultCache, load_result, save_result
from stages.common.runtime.signals import block_signals, exit_with_parent

Task = tuple[int, Callable[..., Any], tuple[Any, ...]]  # a job with its number and its function
# Who finishes jobs: tasks and what is common to them become pairs of number and result.
Executor = Callable[[Sequence[Task], tuple[Any, ...]], Iterable[tuple[int, Any]]]


def examples_of(folder: Path) -> Dataset:
    """Labelled images, as prepared for the network: ``TRAIN``, ``VALIDATION`` or ``TEST``."""
    return as_examples(folder, Preprocessing.load(PREPROCESSING))


def class_count(*parts: Dataset) -> int:
    """How many classes there are if labels count from 0 to the largest of some images."""
    return 1 + max(int(part.labels.max()) for part in parts)


def batch_size_of_run() -> int:
    """How many images there are in a mini-batch of the stage ``batch``."""
    return int(json.loads(BATCH_SIZE.read_text())["batch_size"])


def outlook_of(examples: Dataset, classes: int | None = None) -> Outlook:
    """The images that a command has; classes are those of the labels unless they are given."""
    return Outlook(
        images=len(examples),
        inputs=examples.stored.shape[1],
        classes=class_count(examples) if classes is None else classes,
        labels=examples.labels,
    )


@dataclass(frozen=True)
class Recipe:
    """What a training is decided by, apart from its examples and its seed."""

    hidden: tuple[int, ...]
    settings: Settings
    activation: str = "sigmoid"
    cost: str = "quadratic"
    initializer: str = "lecun"
    gain: float = 2.0

    def start(
        self, examples: Dataset, classes: int, seed: int, transform: Transform = identity_transform
    ) -> SGD:
        """A random network before its first step, whose images ``transform`` brings into place."""
        weights_rng, order_rng = np.random.default_rng(seed).spawn(2)
        network = Network.random(
            (examples.stored.shape[1], *self.hidden, classes),
            self.activation,
            self.cost,
            rng=weights_rng,
            initializer=self.initializer,
            gain=self.gain,
        )
        return SGD(network, examples, self.settings, order_rng, transform)

    def train(self, examples: Dataset, classes: int, seed: int) -> Network:
        """A network after all its epochs."""
        return train_stack([self.start(examples, classes, seed)])[0]

    def train_stack(
        self, examples: Dataset, classes: int, seeds: Sequence[int], order: int
    ) -> list[Network]:
        """A network for each of the seeds, which differ in their first weights alone.

        The seed ``order`` decides which images come when, for all of them.
        """
        starts = [self.start(examples, classes, seed) for seed in seeds]
        starts[0].rng = self.start(examples, classes, order).rng
        return train_stack(starts)


def train_stack(starts: Sequence[SGD]) -> list[Network]:
    """Networks of one shape after all epochs, trained side by side in 0.7 of the time.

    They have the examples and the settings of the first of ``starts``, and see the examples in its
    order; with these, each ends as it would alone.
    """
    first = starts[0]
    sgd = first
    if len(starts) > 1:
        together = stacked([start.network for start in starts])
        sgd = SGD(together, first.examples, first.settings, first.rng, first.transform)
    with np.errstate(all="ignore"):  # a cost that is not finite is seen in the results
        for _ in range(first.settings.epochs):
            sgd.epoch()
    return unstacked(sgd.network) if sgd.network.stack else [sgd.network]


def side_by_side(
    function: Callable[..., Any],
    jobs: Sequence[tuple[Any, ...]],
    about: str,
    cache: ResultCache | None = None,
    *,
    common: tuple[Any, ...] = (),
    executor: Executor | None = None,
) -> list[Any]:
    """``function(*job, *common)`` for every job, on all cores, with a progress bar; in their order.

    Each job runs in a process of its own, where one BLAS thread works, and must be decided by its
    arguments, its code and the data that ``cache`` knows; ``common`` is part of that data.
    LOKY_MAX_CPU_COUNT=1 keeps them all in this process; ``executor`` takes them elsewhere. With
    ``cache``, a finished job's result outlives a kill, and is not made again; then it may only be
    made of what ``checkpoints.save_result`` can write, and tuples come as lists.

    Raises ``StageError`` if a process is killed, by a system that is out of memory for one.
    """
    from concurrent.futures.process import BrokenProcessPool

    from tqdm import tqdm

    places = [cache.path_for(function, job) if cache else None for job in jobs]
    results = [load_result(place) if place else None for place in places]
    missing = [number for number, result in enumerate(results) if result is None]
    if len(missing) < len(jobs):
        print(f"{about}: {len(jobs) - len(missing)} of {len(jobs)} kept from a run before")
    executor = executor or _processes(len(missing), batch_size=1 if cache else "auto")
    with block_signals():
        done = executor([(number, function, jobs[number]) for number in missing], common)
    try:
        for number, result in tqdm(done, total=len(missing), desc=about, unit="job", disable=None):
            results[number] = _keep(result, places[number])
    except BrokenProcessPool as error:
        message = f"{about}: a process that trained was killed; is there enough memory?"
        raise StageError(f"{message} run dvc repro again") from error
    return results


def _processes(most: int, batch_size: int | str) -> Executor:
    """Processes of this machine, as many as it has cores; a batch is handed on when it is done."""
    from joblib import Parallel, cpu_count, delayed

    def execute(tasks: Sequence[Task], common: tuple[Any, ...]) -> Iterable[tuple[int, Any]]:
        parallel = Parallel(
            n_jobs=max(1, min(cpu_count(), most)),
            return_as="generator_unordered",
            batch_size=batch_size,
            initializer=exit_with_parent,
            initargs=(os.getpid(),),
        )
        done: Iterable[tuple[int, Any]] = parallel(delayed(finish)(t, *common) for t in tasks)
        return done

    return execute


def finish(task: Task, *common: Any) -> tuple[int, Any]:
    """One job's result, with its number: they are done in any order."""
    number, function, job = task
    return number, function(*job, *common)


def _keep(result: Any, place: Path | None) -> Any:
    """The result, kept before anything else is done with it."""
    if place is None:
        return result
    save_result(place, result)
    return load_result(place)
