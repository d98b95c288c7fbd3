"""Look for better parameters of training: many networks, ranked by what they read of validation.

A grid or random points of it, a few seeds each. Test images are not looked at.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.claims.shared.command import run_claim
from stages.claims.sweep.cluster import connected, kind, workers
from stages.claims.sweep.grid import Axis, Point, axes_of, axes_rule, points, size, words
from stages.common.files.atomic import StageError
from stages.common.files.paths import (
    PREPROCESSING,
    TRAIN,
    VALIDATION,
    claim_table,
)
from stages.common.files.tables import write_csv
from stages.common.images import augment
from stages.common.images.outlook import Outlook
from stages.common.images.preprocess import Preprocessing
from stages.common.models.recipe import batch_size_of_run, examples_of, outlook_of, side_by_side
from stages.common.models.training import (
    TrainingParams,
    TrainingSet,
    own_section,
    train_and_score,
)
from stages.common.runtime import checkpoints
from stages.common.runtime.limits import TRAINING, require_memory
from stages.common.runtime.params import Rule, choice, made, refuse, whole, written

if TYPE_CHECKING:
    import pandas as pd
    from distributed import Client

BACKENDS = ("loky", "dask")
ADDRESS = re.compile(r"[a-z]+://[^\s/]+:\d+")
MOST_TRAININGS = 100_000
SHOWN = 10  # of the ranks that are printed
CODE = tuple(f"stages.common.models.{name}" for name in ("training", "recipe"))  # run by workers

Results = NDArray[np.float64]  # (seeds, 2): cost and accuracy


class Ranked(NamedTuple):
    """A point of the grid with what its trainings gave."""

    point: Point
    current: bool  # params.yaml has these values now
    results: Results

    @property
    def mean(self) -> float:
        """Share of the validation images that its networks read, on average."""
        return float(self.results[:, 1].mean())

    @property
    def diverged(self) -> int:
        """How many of its trainings ended without a finite cost."""
        return int((~np.isfinite(self.results[:, 0])).sum())

    @property
    def deviation(self) -> float:
        """By how much that differs from seed to seed."""
        return float(self.results[:, 1].std(ddof=1))


def address(about: str) -> Rule:
    """Where a server listens."""

    def parse(text: str) -> str:
        if not ADDRESS.fullmatch(text):
            refuse("PROTOCOL://HOST:PORT", text)
        return text

    return Rule(about, "tcp://HOST:PORT", parse, ", PROTOCOL://HOST:PORT")


@dataclass(frozen=True, kw_only=True)
class SweepParams:
    """Is there room to experiment: better parameters of train."""

    grid: Annotated[list[str], axes_rule("a parameter of train and its values")]
    samples: Annotated[int, whole(0, MOST_TRAININGS, "random points of the grid, or 0 for all")]
    epochs: Annotated[int, whole(1, 10**6, "times that every image is visited, if not in the grid")]
    seeds: Annotated[int, whole(2, 1000, "trainings of each point")]
    seed: Annotated[int, whole(0, 2**32, "the first one's; also decides the random points")]
    backend: Annotated[str, choice(BACKENDS, "this machine, or a cluster of docs/sweeps.md")]
    scheduler: Annotated[str, address("where Dask's scheduler listens")]


def sweep(params: SweepParams) -> None:
    """Train a network at every point of a grid, and rank the points on the validation images.

    Writes data/claims/sweep.csv (a row for each point, best first) and sweep_runs.csv (a row
    for each training). The best point and params.yaml's own are trained again, with other seeds:
    the best of many is also the luckiest.
    """
    preprocessing = Preprocessing.load(PREPROCESSING)
    training = TrainingSet.load(TRAIN, preprocessing)
    outlook = replace(
        outlook_of(training.examples), shape=(preprocessing.height, preprocessing.width)
    )
    section = {**own_section(), "epochs": params.epochs}
    axes = check(params, made(TrainingParams, section), outlook)
    chosen = points(axes, params.samples, params.seed)
    batch_size = batch_size_of_run()
    common = (training, examples_of(VALIDATION))

    with nullcontext() if params.backend == "loky" else connected(params.scheduler, CODE) as client:
        cache, executor = cache_for(client), workers(client) if client else None

        def trained(wanted: Sequence[Point], first: int, about: str) -> list[Results]:
            jobs = [
                (made(TrainingParams, section | point), batch_size, first + n)
                for point in wanted
                for n in range(params.seeds)
            ]
            done = side_by_side(
                train_and_score, jobs, about, cache, common=common, executor=executor
            )
            return [*np.array(done, float).reshape(len(wanted), params.seeds, 2)]

        now = {each.name: section[each.name] for each in axes}
        wanted = [*chosen, *([] if now in chosen else [now])]
        ranks = ranked(wanted, now, trained(wanted, params.seed, "sweep"))
        finalists = [r for r in ranks if r is ranks[0] or r.current]
        final = trained(
            [r.point for r in finalists], params.seed + params.seeds, "sweep, other seeds"
        )
    again = [r._replace(results=results) for r, results in zip(finalists, final, strict=True)]
    write_csv(claim_table("sweep"), table_of_ranks(ranks))
    write_csv(claim_table("sweep_runs"), table_of_runs(ranks, again, params.epochs, params.seed))
    checkpoints.remove_old(cache.folder)  # the young ones stay, for a wider sweep
    tell(ranks, again, params.epochs)


def check(params: SweepParams, training: TrainingParams, outlook: Outlook) -> list[Axis]:
    """The axes of the grid; ``StageError`` if they do not fit together, or networks do not fit.

    ``training`` is what ``train`` has in params.yaml.
    """
    try:
        axes = axes_of(params.grid, params.samples)
    except ValueError as error:
        raise StageError(f"sweep.grid: {error}") from error
    count = size(axes, params.samples) * params.seeds
    if count > MOST_TRAININGS:
        raise StageError(
            f"sweep.grid: expected at most {MOST_TRAININGS:,} trainings, got {count:,}; "
            "ask for fewer with sweep.samples"
        )
    values = {each.name: each.choices or (each.high,) for each in axes}
    for hidden in values.get("hidden", [training.hidden]):
        require_memory("sweep.grid", outlook.sizes(hidden), TRAINING)
    if outlook.shape:
        shifts = values.get("augment.shift", [training.augment.shift])
        augment.check(*outlook.shape, max(shifts))
    return axes


def cache_for(client: "Client | None") -> checkpoints.ResultCache:
    """The trainings that were finished before, on this machine or on any that computes alike."""
    there = kind(client) if client else checkpoints.machine()
    elsewhere = "" if there == checkpoints.machine() else there
    return checkpoints.ResultCache("sweep", TRAIN, VALIDATION, PREPROCESSING, elsewhere=elsewhere)


def ranked(wanted: list[Point], current: Point, results: list[Results]) -> list[Ranked]:
    """The points by their mean accuracy; of equals the one with the lower cost comes first.

    Those of which a training diverged come last: what such a network answers is no accuracy.
    """
    ranks = [Ranked(p, p == current, r) for p, r in zip(wanted, results, strict=True)]
    return sorted(ranks, key=lambda r: (r.diverged, -r.mean, float(r.results[:, 0].mean())))


def table_of_ranks(ranks: list[Ranked]) -> "pd.DataFrame":
    """One row for each point, best first."""
    import pandas as pd

    rows = [
        {
            "rank": 1 + place,
            **texts(each.point),
            "own": int(each.current),
            "diverged": each.diverged,
            "validation_accuracy": each.mean,
            "deviation": each.deviation,
        }
        for place, each in enumerate(ranks)
    ]
    return pd.DataFrame(rows).round(6)


def table_of_runs(
    ranks: list[Ranked], again: list[Ranked], epochs: int, seed: int
) -> "pd.DataFrame":
    """One row for each training: those that were ranked, and those with other seeds."""
    import pandas as pd

    def rows(part: str, ranked: list[Ranked], first: int) -> Iterator[dict[str, Any]]:
        for each in ranked:
            for n, (cost, accuracy) in enumerate(each.results):
                yield {
                    **({} if "epochs" in each.point else {"epochs": epochs}),
                    **texts(each.point),
                    "part": part,
                    "seed": first + n,
                    "validation_cost": cost,
                    "validation_accuracy": accuracy,
                }

    later = seed + len(ranks[0].results)
    return pd.DataFrame([*rows("rank", ranks, seed), *rows("again", again, later)]).round(6)


def texts(point: Point) -> dict[str, str]:
    """The values of a point as one would write them."""
    return {name: written(value) for name, value in point.items()}


def command(point: Point, epochs: int) -> str:
    """The line that trains like this in the pipeline."""
    return "dvc exp run " + " ".join(
        f"-S {shlex.quote(word)}" for word in words({"epochs": epochs} | point)
    )


def tell(ranks: list[Ranked], again: list[Ranked], epochs: int) -> None:
    """Print the best ranks and params.yaml's own, and how to go on with the best."""
    print("rank  validation images read (%)")
    for place, each in enumerate(ranks):
        if place < SHOWN or each.current:
            mark = "  <- params.yaml" if each.current else ""
            print(f"{1 + place:4}  {mean_and_deviation(each)}  {' '.join(words(each.point))}{mark}")
    names = ["the best", "params.yaml"][: len(again)]
    finals = [f"{name} {mean_and_deviation(each)}" for name, each in zip(names, again, strict=True)]
    print(f"with other seeds: {', '.join(finals)}")
    print(command(ranks[0].point, epochs))


def mean_and_deviation(each: Ranked) -> str:
    """Mean and standard deviation over seeds, in percent; or how many diverged."""
    if each.diverged:
        return f"{each.diverged} of {len(each.results)} diverged"
    return f"{100 * each.mean:5.2f} ± {100 * each.deviation:5.2f}"


if __name__ == "__main__":
    run_claim(sweep)
