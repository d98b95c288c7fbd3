"""A drunk man and a careful man: six ways down from one start, and the plane that shows them."""

from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nn import Settings
from stages.claims.paths.plane import costs_of_row, plane_of, seen, window
from stages.claims.paths.ways import (
    SCIPY,
    Task,
    Trail,
    follow,
    full_batch_path,
    race,
    scipy_path,
    sgd_path,
)
from stages.claims.shared.command import run_claim
from stages.claims.shared.outputs import write_rows
from stages.common.files.arrays import Floats, save_arrays
from stages.common.files.paths import TRAIN, claim_arrays
from stages.common.images.outlook import Outlook
from stages.common.models.recipe import class_count, examples_of, outlook_of, side_by_side
from stages.common.runtime.limits import require_memory
from stages.common.runtime.params import Hidden, real, whole

DIGITS = 6  # kept of every number


@dataclass(frozen=True, kw_only=True)
class PathsParams:
    """Six ways down from one start: who stumbles, who is careful, who is quick.

    The rates in params.yaml are those of the tried ones with the lowest mean cost of these images
    over seeds 1 to 3 after 12 passes, and after 16: full batch 1, 1.5, 2, 2.5, 3; mini-batches 1.5,
    2, 3, 4, 5; single images 0.05, 0.1, 0.15, 0.2; momentum 0.05, 0.1, 0.15, 0.2, 0.3.
    """

    images: Annotated[
        int,
        whole(1, 10**6, "training images that are all there are here{}; fewer if there are"),
    ]
    passes: Annotated[int, whole(1, 10**4, "times that every method may ask every image")]
    passes_factor: Annotated[
        int, whole(1, 1000, "times as many for the methods that ask all images before a step")
    ]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    full_rate: Annotated[float, real(0, 1e6, "learning rate of the full batch")]
    batch_rate: Annotated[float, real(0, 1e6, "learning rate of mini-batches")]
    single_rate: Annotated[float, real(0, 1e6, "learning rate of single images")]
    momentum_rate: Annotated[float, real(0, 1e6, "learning rate of mini-batches with momentum")]
    momentum: Annotated[float, real(0, 0.9999, "share of the last step made again")]
    grid: Annotated[int, whole(2, 1000, "points of the plane's cost from left to right")]
    starts: Annotated[
        int, whole(2, 1000, "first weights from which mini-batches race the full batch")
    ]
    seed: Annotated[
        int, whole(0, 2**63 - 1, "decides the first weights and the order of the images")
    ]
    hidden: Hidden = field(default_factory=list)


def paths(params: PathsParams) -> None:
    """Go down from one start in six ways, all with constant rates and on the same images.

    Writes data/claims/paths.csv, the cost and the place in the plane at every look, and
    data/claims/paths.npz, the plane through the start along the paths' first two principal
    components (Li et al. 2018, Visualizing the loss landscape of neural nets) with its cost.
    """
    examples = examples_of(TRAIN).first(params.images)
    classes = class_count(examples)
    check(params, outlook_of(examples, classes))
    task = Task(examples, tuple(params.hidden), params.passes, params.passes_factor, params.seed)
    batch_size = min(params.batch_size, len(examples))
    small = Settings(params.batch_rate, 1, batch_size)
    jobs = {
        "single images": (sgd_path, replace(small, learning_rate=params.single_rate, batch_size=1)),
        "full batch": (full_batch_path, params.full_rate),
        **{name: (scipy_path, name) for name in SCIPY},
        "mini-batches": (sgd_path, small),
        "momentum": (
            sgd_path,
            replace(small, learning_rate=params.momentum_rate, momentum=params.momentum),
        ),
    }
    results = side_by_side(follow, [(task, *job) for job in jobs.values()], "paths")
    seeds = range(params.seed, params.seed + params.starts)
    races = [(task._replace(seed=seed, passes_factor=1), small, params.full_rate) for seed in seeds]
    raced = np.array(side_by_side(race, races, "paths from other starts"))
    trails = dict(zip(jobs, results, strict=True))
    origin, axes, explained = plane_of([*trails.values()], params.passes)
    ways: dict[str, Floats] = {
        name: (np.stack(trail.places) - origin) @ axes.T for name, trail in trails.items()
    }
    x, y = window(np.concatenate([*ways.values()]), params.grid)
    start = task.start(small).network
    parts = [replace(start, parameters=vector.astype(np.float32)) for vector in (origin, *axes)]
    features = seen(parts, examples)
    cost = side_by_side(costs_of_row, [(parts, features, x, height) for height in y], "plane")
    write(trails, ways)
    plane = {"x": x, "y": y, "cost": np.array(cost), "explained": explained}
    save_arrays(
        claim_arrays("paths"),
        {
            **{name: rounded(values) for name, values in plane.items()},
            **{
                name: np.array(n)
                for name, n in (("images", len(examples)), ("passes", params.passes))
            },
            "batch_size": np.array(batch_size),
            "raced": rounded(raced),
            **staggers([*trails.values()]),
        },
    )
    report(trails)


def check(params: PathsParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if the places of the longest path do not fit into memory."""
    require_memory(
        "paths.hidden", outlook.sizes(params.hidden), params.passes * params.passes_factor
    )


def write(trails: dict[str, Trail], ways: dict[str, Floats]) -> None:
    """Write one row for every look at every path."""
    rows = [
        {"method": name, "steps": steps, "images": images, "cost": cost, "x": x, "y": y}
        for name, trail in trails.items()
        for steps, images, cost, (x, y) in zip(
            trail.steps, trail.images, trail.costs, ways[name].tolist(), strict=True
        )
    ]
    write_rows("paths", rows, DIGITS)


def staggers(trails: list[Trail]) -> dict[str, NDArray[Any]]:
    """For each method the number of its last steps, those uphill, and length by distance."""
    last, uphill, way = zip(*(trail.stagger() for trail in trails), strict=True)
    return {"last": np.array(last), "uphill": np.array(uphill), "way": rounded(np.array(way))}


def rounded(values: Floats) -> Floats:
    """The same numbers to a few significant digits."""
    return np.array([float(f"{v:.{DIGITS}g}") for v in values.ravel()]).reshape(values.shape)


def report(trails: dict[str, Trail]) -> None:
    """Tell where each path ends, and its seconds, which no file keeps."""
    costs = [
        f"{name} {trail.costs[-1]:.3g} ({trail.images[-1]:,} images in {trail.seconds:.1f} s)"
        for name, trail in trails.items()
    ]
    print(f"cost at the end: {', '.join(costs)}")


if __name__ == "__main__":
    run_claim(paths)
