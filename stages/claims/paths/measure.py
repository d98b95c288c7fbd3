"""A drunk man and a careful man: six ways down from one start, and the plane that shows them."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nn import SGD, Dataset, Network, Settings, evaluate, gradient_over, parameter_count, predict
from stages.claims.shared.command import run_claim
from stages.claims.shared.stepwise import StepwiseSGD
from stages.common.files.arrays import Floats, save_arrays
from stages.common.files.paths import TRAIN, claim_arrays, claim_table
from stages.common.files.tables import write_csv
from stages.common.images.outlook import Outlook
from stages.common.models.recipe import Recipe, examples_of, outlook_of, side_by_side
from stages.common.runtime.limits import require_memory
from stages.common.runtime.params import Hidden, real, whole

SCIPY = {"L-BFGS": "L-BFGS-B", "conjugate gradient": "CG"}  # what SciPy calls them
AT_ONCE = 100  # images that go through the network together when all of them are asked
TOGETHER = 500  # the same for a network without its first layer's 784 inputs
LAST = 50  # steps at the end of every path that are looked at one by one
ASPECT, EDGE = 0.72, 0.08  # height of the plane's window by its width; room around the paths
DIGITS = 6  # kept of every number


class Task(NamedTuple):
    """What is the same for all six: the images, the start, and how far to go."""

    examples: Dataset
    hidden: tuple[int, ...]
    passes: int
    longer: int
    seed: int

    def start(self, settings: Settings) -> SGD:
        """The network before its first step."""
        classes = 1 + int(self.examples.labels.max())
        return Recipe(self.hidden, settings).start(self.examples, classes, self.seed)


@dataclass
class Trail:
    """What is written down at every look: steps so far, images asked, cost of all, and place."""

    steps: list[int] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    places: list[Floats] = field(default_factory=list)
    seconds: float = 0.0  # spent on the way, without the looks

    def note(self, network: Network, examples: Dataset, steps: int, images: int) -> None:
        """Look at the network as it is now; one that is lost, without a finite cost, is not."""
        cost = evaluate(network, examples)[0]
        if np.isfinite(cost):
            self.steps.append(steps)
            self.images.append(images)
            self.costs.append(cost)
            self.places.append(network.parameters.copy())

    def stagger(self) -> tuple[int, int, float]:
        """Number of the last steps, how many of them led uphill, and length of way by distance.

        The length is 1 for a straight line, and about the root of n for n steps at random.
        """
        costs = self.costs[-LAST - 1 :]
        moves = np.diff(np.stack(self.places[-LAST - 1 :]).astype(np.float64), axis=0)
        distance = float(np.linalg.norm(moves.sum(axis=0)))
        way = float(np.linalg.norm(moves, axis=1).sum()) / distance if distance else 1.0
        return len(moves), int((np.diff(costs) > 0).sum()), way


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
    longer: Annotated[
        int, whole(1, 1000, "times as much for the methods that ask all images before a step")
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
    classes = 1 + int(examples.labels.max())
    check(params, outlook_of(examples, classes))
    task = Task(examples, tuple(params.hidden), params.passes, params.longer, params.seed)
    batch_size = min(params.batch_size, len(examples))
    small = Settings(params.batch_rate, 1, batch_size)
    jobs = {
        "single images": (walk, replace(small, learning_rate=params.single_rate, batch_size=1)),
        "full batch": (stride, params.full_rate),
        **{name: (search, name) for name in SCIPY},
        "mini-batches": (walk, small),
        "momentum": (
            walk,
            replace(small, learning_rate=params.momentum_rate, momentum=params.momentum),
        ),
    }
    results = side_by_side(go, [(task, *job) for job in jobs.values()], "paths")
    seeds = range(params.seed, params.seed + params.starts)
    races = [(task._replace(seed=seed, longer=1), small, params.full_rate) for seed in seeds]
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
    require_memory("paths.hidden", outlook.sizes(params.hidden), params.passes * params.longer)


def go(task: Task, way: Any, how: Any) -> Trail:
    """Go one way."""
    trail: Trail = way(task, how)
    return trail


def walk(task: Task, settings: Settings) -> Trail:
    """Step after every mini-batch, and look now and then; at the end after every step."""
    sgd, trail = task.start(settings), Trail()
    steps = task.passes * len(task.examples) // settings.batch_size
    even = np.linspace(0, steps, task.passes * task.longer + 1).astype(int)
    early = np.geomspace(1, steps, task.passes * task.longer // 2 + 1).astype(int)
    last = np.arange(max(0, steps - LAST), steps)
    feet, done = StepwiseSGD(sgd), 0
    for look in np.unique(np.concatenate([even, early, last])).tolist():
        feet.train_on((look - done) * settings.batch_size)
        done = look
        trail.note(sgd.network, task.examples, done, done * settings.batch_size)
    trail.seconds = feet.seconds
    return trail


def stride(task: Task, rate: float) -> Trail:
    """Step along the true gradient, after all images."""
    network, trail = task.start(Settings(rate, 1, AT_ONCE)).network, Trail()
    trail.note(network, task.examples, 0, 0)
    for step in range(1, task.passes * task.longer + 1):
        begun = perf_counter()
        with np.errstate(all="ignore"):  # a walk that is lost is seen in what it leads to
            network.parameters[:] -= rate * gradient_over(network, task.examples, AT_ONCE)
        trail.seconds += perf_counter() - begun
        trail.note(network, task.examples, step, step * len(task.examples))
    return trail


def race(task: Task, small: Settings, full_rate: float) -> list[list[float]]:
    """Cost at the end, and length of the last way by distance: of mini-batches, of the full batch.

    The cost is infinite if a path is lost.
    """
    trails, lost = (walk(task, small), stride(task, full_rate)), [float("inf"), 1.0]
    budget = len(task.examples) * task.passes // small.batch_size * small.batch_size
    return [
        [trail.costs[-1], trail.stagger()[2]] if trail.images[-1] >= budget else lost
        for trail in trails
    ]


class SpentError(Exception):
    """All the images that a method may ask have been asked."""


class Slope:
    """Cost and gradient of all images, as SciPy wants them: float64 in, float64 out."""

    def __init__(self, task: Task) -> None:
        """Count how often they are asked for: in a search along a line too, it is all images."""
        self.task, self.asked = task, 0
        self.network = task.start(Settings(1.0, 1, AT_ONCE)).network

    def __call__(self, vector: Floats) -> tuple[float, Floats]:
        """Cost, and gradient (P,), at a place (P,); raises ``SpentError`` at the last image."""
        if self.asked == self.task.passes * self.task.longer:
            raise SpentError
        self.asked += 1
        self.network.parameters[:] = vector
        cost = evaluate(self.network, self.task.examples)[0]
        return cost, gradient_over(self.network, self.task.examples, AT_ONCE).astype(np.float64)


def search(task: Task, name: str) -> Trail:
    """Let SciPy choose directions and step lengths from our cost and gradient."""
    from scipy.optimize import minimize

    slope, trail = Slope(task), Trail()
    trail.note(slope.network, task.examples, 0, 0)
    first = slope.network.parameters.astype(np.float64)

    def look(vector: Floats) -> None:
        begun = perf_counter()
        slope.network.parameters[:] = vector
        trail.note(slope.network, task.examples, len(trail.steps), slope.asked * len(task.examples))
        trail.seconds -= perf_counter() - begun

    options = {"maxiter": task.passes * task.longer, "gtol": 0.0}  # no end before the last image
    begun = perf_counter()
    with suppress(SpentError):
        minimize(slope, first, jac=True, method=SCIPY[name], callback=look, options=options)
    trail.seconds += perf_counter() - begun
    return trail


def plane_of(trails: list[Trail], marks: int) -> tuple[Floats, Floats, Floats]:
    """Start, (P,), two orthonormal directions, (2, P), and their shares of all variance, (2,).

    The variance is that of ``marks`` + 1 places of each path, evenly spaced by images asked.
    """
    start = trails[0].places[0].astype(np.float64)
    places = np.concatenate([evenly(trail, marks) for trail in trails]).astype(np.float64)
    _, spreads, axes = np.linalg.svd(places - places.mean(axis=0), full_matrices=False)
    ahead = np.sign(((places - start) @ axes[:2].T).sum(axis=0))  # a direction has two signs
    return start, axes[:2] * ahead[:, np.newaxis], (spreads**2 / (spreads**2).sum())[:2]


def evenly(trail: Trail, marks: int) -> Floats:
    """Places of a path, (marks + 1, P), evenly spaced by images asked."""
    at = np.searchsorted(trail.images, np.linspace(0, trail.images[-1], marks + 1))
    return np.stack([trail.places[i] for i in at])


def window(points: Floats, grid: int) -> tuple[Floats, Floats]:
    """Coordinates of ``grid`` columns, and of rows as far apart, around all points (n, 2)."""
    low, high = points.min(axis=0), points.max(axis=0)
    spans = (high - low) * (1 + 2 * EDGE)
    width = max(float(spans[0]), float(spans[1]) / ASPECT)
    half = np.array([width, width * ASPECT]) / 2
    (left, bottom), (right, top) = (low + high) / 2 - half, (low + high) / 2 + half
    rows = max(2, round(grid * ASPECT))
    return np.linspace(left, right, grid), np.linspace(bottom, top, rows)


def seen(parts: list[Network], examples: Dataset) -> Dataset:
    """What the first layer makes of the images, with the weights of each of three parts.

    Between them and its weighted sums at any place of the plane stands a sum of three: the images
    themselves, 784 numbers each, are needed once and not at every place.
    """
    first = np.concatenate([part.weights[0] for part in parts])
    inputs = examples.stored * examples.scale + examples.offset
    return Dataset((inputs @ first.T).astype(np.float32), examples.labels)


def costs_of_row(parts: list[Network], features: Dataset, x: Floats, y: float) -> list[float]:
    """Cost of all images at every place start + x right + y up, for these three parts."""
    start, right, up = parts
    sizes = (features.stored.shape[1], *start.sizes[1:])
    short = Network(sizes, start.activation, start.cost, np.zeros(parameter_count(sizes), "f4"))
    unshortened = start.parameters.size - start.weights[0].size  # what is not in the first weights
    costs = []
    for place in x:
        moved = start.parameters + place * right.parameters + y * up.parameters
        short.weights[0][:] = np.kron([1.0, place, y], np.eye(sizes[1]))
        short.parameters[-unshortened:] = moved[-unshortened:]
        costs.append(float(predict(short, features, TOGETHER)[1].mean(dtype=np.float64)))
    return costs


def write(trails: dict[str, Trail], ways: dict[str, Floats]) -> None:
    """Write one row for every look at every path."""
    import pandas as pd

    tables = [
        pd.DataFrame(
            {
                "method": name,
                "steps": trail.steps,
                "images": trail.images,
                "cost": rounded(np.array(trail.costs)),
                "x": rounded(ways[name][:, 0]),
                "y": rounded(ways[name][:, 1]),
            }
        )
        for name, trail in trails.items()
    ]
    write_csv(claim_table("paths"), pd.concat(tables))


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
