"""Old weights or new ones: three updates, their slopes, and what they come to in a training."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nn import Dataset, Network, Settings, Workspace, evaluate, forward, stacked, unstacked
from stages.claims.frozen_weights.ways import WAYS
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import in_float64
from stages.claims.shared.outputs import write_rows
from stages.claims.shared.stepwise import mini_batches
from stages.common.files.arrays import Floats
from stages.common.files.paths import TEST, TRAIN
from stages.common.files.tables import Rows
from stages.common.images.outlook import Outlook
from stages.common.models.recipe import Recipe, class_count, examples_of, outlook_of, side_by_side
from stages.common.runtime.limits import TRAINING, require_memory
from stages.common.runtime.params import real, whole

Parameters = NDArray[np.floating]


@dataclass(frozen=True, kw_only=True)
class FrozenWeightsParams:
    """Old weights or new ones, for the layers before one that has stepped."""

    hidden: Annotated[list[int], whole(1, 10**6, "neurons of each hidden layer")]
    images: Annotated[
        int, whole(1, 10**6, "training images that all learn from{}; all if there are fewer")
    ]
    epochs: Annotated[int, whole(1, 10**6, "times that every image is visited")]
    gentle: Annotated[float, real(1e-6, 1e6, "learning rate of the first gentle step, falls to 0")]
    long: Annotated[float, real(1e-6, 1e6, "learning rate of the first long step, falls to 0")]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    batches: Annotated[int, whole(1, 10**6, "mini-batches whose single steps are looked at")]
    directions: Annotated[int, whole(1, 10**6, "random directions for each, to measure slopes")]
    nudge: Annotated[float, real(1e-9, 1, "length of a change along such a direction")]
    seeds: Annotated[int, whole(2, 1000, "networks for each way and rate")]
    seed: Annotated[int, whole(0, 2**32, "of the first network; the others count on")]

    @property
    def rates(self) -> dict[str, float]:
        """Learning rates of the first steps, by what the table calls them."""
        return {"gentle": self.gentle, "long": self.long}


def frozen_weights(params: FrozenWeightsParams) -> None:
    """Step with old weights, with new ones, and layer by layer; once, and in whole trainings.

    Writes data/claims/frozen_weights.csv: for each rate, way and network how far a step is from
    the slopes of the cost, as a share of the slopes' length, and by which share of the cost it
    lowers that of its mini-batch, before a training all at once and after it; and the cost of the
    training images and the accuracy on the test images after a training in this way.
    """
    check(params, outlook_of(examples_of(TRAIN)))
    jobs = [(way, rate, params) for way in reversed(WAYS) for rate in params.rates.values()]
    ends = side_by_side(descend, jobs, "old weights or new")
    after = {job[:2]: end for job, end in zip(jobs, ends, strict=True)}
    rows: Rows = []
    for step, rate in params.rates.items():
        rows += rows_of(params, step, {way: after[way, rate] for way in WAYS})
    write_rows("frozen_weights", rows)
    for row in range(0, len(rows), params.seeds):
        some = rows[row : row + params.seeds]
        read = np.mean([each["accuracy"] for each in some])
        print(f"{some[0]['step']} steps, {some[0]['way']}: {read:.1%} of the test images read")


def check(params: FrozenWeightsParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if the networks do not fit into memory."""
    sizes = outlook.sizes(params.hidden)
    require_memory("frozen_weights.hidden", sizes, TRAINING * params.seeds)


def images_of(params: FrozenWeightsParams) -> Dataset:
    """The images that all learn from."""
    return examples_of(TRAIN).first(params.images)


def start(params: FrozenWeightsParams, examples: Dataset) -> Network:
    """A stack of networks before their first step."""
    classes = class_count(examples_of(TRAIN))
    recipe = Recipe(tuple(params.hidden), Settings(0, 1, 1))
    seeds = range(params.seed, params.seed + params.seeds)
    return stacked([recipe.start(examples, classes, seed).network for seed in seeds])


def descend(way: str, rate: float, params: FrozenWeightsParams) -> Parameters:
    """Parameters, (S, P), after mini-batch SGD whose steps are made in one of the ways.

    All ways see the same images in the same order.
    """
    examples = images_of(params)
    stack, rng = start(params, examples), np.random.default_rng(params.seed)
    work, make_step = Workspace(stack, min(params.batch_size, len(examples))), WAYS[way]
    with np.errstate(all="ignore"):  # a network that diverges is seen in what it reads
        for rows, left in mini_batches(len(examples), params.batch_size, params.epochs, rng):
            examples.load(rows, work)
            make_step(work, -rate * left / work.batch)
    return stack.parameters


def rows_of(params: FrozenWeightsParams, step: str, ends: dict[str, Parameters]) -> Rows:
    """Rows of one rate: for each way and network the single steps, and the training's end."""
    examples, test = images_of(params), examples_of(TEST)
    begin = start(params, examples)
    looks = {
        "start": look(params, begin, examples, params.rates[step]),
        "end": look(
            params, replace(begin, parameters=ends["all at once"]), examples, params.rates[step]
        ),
    }
    rows: Rows = []
    for way, parameters in ends.items():
        for seed, network in enumerate(unstacked(replace(begin, parameters=parameters))):
            row = {
                "network": "-".join(map(str, network.sizes)),
                "images": len(examples),
                "epochs": params.epochs,
                "batch_size": min(params.batch_size, len(examples)),
                "step": step,
                "rate": params.rates[step],
                "way": way,
                "seed": params.seed + seed,
            }
            for when, (apart, fall) in looks.items():
                row |= {f"apart_{when}": apart[way][seed], f"fall_{when}": fall[way][seed]}
            cost, accuracy = evaluate(network, examples)[0], evaluate(network, test)[1]
            rows.append(row | {"cost": cost, "accuracy": accuracy})
    return rows


def look(
    params: FrozenWeightsParams, stack: Network, examples: Dataset, rate: float
) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """How far each way's single steps are from the slopes, and how far they lower the cost.

    Both by way, (S,) each. Slopes are finite differences of the cost along random directions, the
    same for all ways; the root of the mean square of what a step is off along them, divided by
    that of the slopes, tells how far it is from the gradient as a share of its length.
    """
    stack, rng = in_float64(stack), np.random.default_rng(params.seed)
    batch = min(params.batch_size, len(examples))
    batches = range(0, min(params.batches * batch, len(examples) - batch + 1), batch)
    off: dict[str, Floats] = {way: np.zeros(params.seeds) for way in WAYS}
    falls: dict[str, Floats] = {way: np.zeros(params.seeds) for way in WAYS}
    squares = np.zeros(params.seeds)
    for first in batches:
        work = Workspace(replace(stack, parameters=stack.parameters.copy()), batch)
        examples.load(slice(first, first + batch), work)
        directions = rng.normal(size=(stack.parameters.shape[-1], params.directions))
        directions /= np.linalg.norm(directions, axis=0)
        slopes = slopes_along(work, directions, params.nudge)
        squares += np.square(slopes).sum(axis=-1)
        for way in WAYS:
            change, fall = single_step(work, way, rate)
            off[way] += np.square(change @ directions / -rate - slopes).sum(axis=-1)
            falls[way] += fall / len(batches)
    lengths = np.sqrt(np.where(squares > 0, squares, 1))
    return {way: np.sqrt(off[way]) / lengths for way in WAYS}, falls


def slopes_along(work: Workspace, directions: Floats, nudge: float) -> Floats:
    """Central differences, (S, K), of the batch's mean cost along directions (P, K) of length 1."""
    parameters, slopes = work.network.parameters, []
    kept = parameters.copy()
    for direction in directions.T:
        costs = []
        for sign in (1, -1):
            parameters[:] = kept + sign * nudge * direction
            costs.append(mean_cost(work))
        slopes.append((costs[0] - costs[1]) / (2 * nudge))
    parameters[:] = kept
    return np.stack(slopes, axis=-1)


def mean_cost(work: Workspace) -> Floats:
    """Mean cost of the batch in the workspace, (S,)."""
    outputs = forward(work)
    return np.asarray(work.cost.value(work.zs[-1], outputs, work.targets).mean(axis=-1))


def single_step(work: Workspace, way: str, rate: float) -> tuple[Floats, Floats]:
    """What one step changes, (S, P), and the share of the cost that it takes away, (S,).

    The network is as before afterwards.
    """
    parameters, before = work.network.parameters, mean_cost(work)
    kept = parameters.copy()
    WAYS[way](work, -rate / work.batch)
    change, after = parameters - kept, mean_cost(work)
    parameters[:] = kept
    return change, (before - after) / np.where(before > 0, before, 1)


if __name__ == "__main__":
    run_claim(frozen_weights)
