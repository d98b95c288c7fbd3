"""Not just on or off: the same network with neurons that know nothing between 0 and 1."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nn import SGD, Dataset, Network, Settings, evaluate, gradient_over
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import targets_of, untrained_and_trained
from stages.claims.shared.stepwise import mini_batches
from stages.common.files.arrays import Arrays, Floats, save_arrays
from stages.common.files.paths import TEST, TRAIN, claim_arrays
from stages.common.models.recipe import Recipe, examples_of, side_by_side
from stages.common.runtime.params import real, whole

KINDS = ("sigmoid", "own slope", "borrowed slope", "switched")  # of networks that have learnt
Slope = Callable[[Floats], Floats]  # ds/dz at weighted sums z, as learning sees it


@dataclass(frozen=True, kw_only=True)
class ContinuousParams:
    """The same network with neurons that are on or off."""

    images: Annotated[int, whole(1, 10**6, "training images behind the cost that is nudged")]
    reach: Annotated[float, real(1e-6, 100, "length of the line on either side of the network")]
    points: Annotated[int, whole(3, 10**5, "of the line")]
    nudges: Annotated[int, whole(1, 10**6, "random parameters that are changed one at a time")]
    nudge: Annotated[float, real(1e-9, 1, "what is added to each")]
    learning: Annotated[
        int, whole(1, 10**6, "training images to learn from{}; all if there are fewer")
    ]
    epochs: Annotated[int, whole(1, 10**6, "times that every image is visited")]
    learning_rate: Annotated[float, real(0, 1e6, "of the first step; falls linearly to 0")]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    seeds: Annotated[int, whole(2, 1000, "networks that learn in each way")]
    seed: Annotated[int, whole(0, 2**32, "of the first network; the others count on")]


class Batch(NamedTuple):
    """Images as columns, (n_0, B), with their targets, (n_L, B)."""

    inputs: Floats
    targets: Floats


def continuous(params: ContinuousParams) -> None:
    """Walk along a line, nudge parameters, and learn, with sigmoids and with neurons on or off.

    Writes data/claims/continuous.npz: the costs along the line through the untrained network, by
    how much each nudge changes them, (2, nudges), before and after training, with both kinds of
    neurons; and the test accuracies, (kinds, seeds), before learning and after.
    """
    examples = examples_of(TRAIN).first(params.images)
    _, networks = untrained_and_trained()
    arrays = {
        **line(networks["untrained"], examples, params.reach, params.points),
        **nudges([*networks.values()], examples, params),
        **lessons(networks["untrained"].sizes, params),
    }
    save_arrays(claim_arrays("continuous"), arrays)
    still = np.mean(arrays["step_changes"] == 0)
    print(f"{still:.2%} of all nudges change nothing with neurons on or off")
    for kind, accuracies in zip(KINDS, arrays["after"], strict=True):
        print(f"{kind}: {accuracies.mean():.1%} of the test images read")


def nudges(networks: list[Network], examples: Dataset, params: ContinuousParams) -> Arrays:
    """By how much nudges change the cost of each network with both kinds of neurons."""
    rng, count = np.random.default_rng(params.seed), networks[0].parameters.size
    places = rng.choice(count, min(params.nudges, count), replace=False)
    changes = [nudged(network, examples, places, params.nudge) for network in networks]
    return {
        "images": np.array(len(examples)),
        "nudge": np.array(params.nudge),
        "smooth_changes": np.array([smooth for smooth, _ in changes]),
        "step_changes": np.array([steps for _, steps in changes]),
    }


def lessons(sizes: tuple[int, ...], params: ContinuousParams) -> Arrays:
    """What networks read before learning and after, in each way, and how they learnt."""
    jobs = [(sizes, params, params.seed + n) for n in range(params.seeds)]
    learnt = np.array(side_by_side(learn, jobs, "continuous"))  # (seeds, 2, kinds)
    images = len(examples_of(TRAIN).first(params.learning))
    return {
        "learning": np.array(images),
        "epochs": np.array(params.epochs),
        "learning_rate": np.array(params.learning_rate),
        "before": learnt[:, 0].T,
        "after": learnt[:, 1].T,
    }


def on_or_off(z: Floats) -> Floats:
    """1 above zero, else 0."""
    return np.asarray(z > 0, z.dtype)


def outputs_of(network: Network, inputs: Floats) -> Floats:
    """Outputs, (n_L, B), of a network all of whose neurons are on or off."""
    a = inputs
    for w, b in zip(network.weights, network.biases, strict=True):
        a = on_or_off(w @ a + b[:, np.newaxis])
    return a


def batch_of(examples: Dataset, classes: int, dtype: type[np.floating]) -> Batch:
    """All examples as columns."""
    inputs = np.asarray(
        examples.stored * np.asarray(examples.scale, dtype) + examples.offset, dtype
    )
    return Batch(inputs.T, targets_of(examples.labels, classes).astype(dtype))


def cost_of_steps(network: Network, batch: Batch) -> float:
    """Mean squared error of the on-or-off network: a whole number of outputs for each image."""
    return float(np.square(outputs_of(network, batch.inputs) - batch.targets).sum(axis=0).mean())


def nudged(
    network: Network, examples: Dataset, places: NDArray[np.int64], nudge: float
) -> tuple[Floats, Floats]:
    """Changes of both costs, (nudges,), when one parameter after the other gets the nudge."""
    network = replace(network, parameters=network.parameters.copy())
    batch = batch_of(examples, network.sizes[-1], np.float64)

    def costs() -> Floats:
        return np.array([evaluate(network, examples)[0], cost_of_steps(network, batch)])

    start, changes = costs(), np.empty((2, len(places)))
    for column, place in enumerate(places):
        kept = network.parameters[place]
        network.parameters[place] += nudge
        changes[:, column] = costs() - start
        network.parameters[place] = kept
    return changes[0], changes[1]


def line(network: Network, examples: Dataset, reach: float, points: int) -> Arrays:
    """Both costs along the negative gradient of the smooth one, uphill first."""
    gradient = gradient_over(network, examples)
    way = -gradient / (np.linalg.norm(gradient) or 1)
    batch = batch_of(examples, network.sizes[-1], np.float64)
    places = np.linspace(-reach, reach, points)
    along = [replace(network, parameters=network.parameters + place * way) for place in places]
    return {
        "places": places,
        "smooth_costs": np.array([evaluate(one, examples)[0] for one in along]),
        "step_costs": np.array([cost_of_steps(one, batch) for one in along]),
    }


def learn(sizes: tuple[int, ...], params: ContinuousParams, seed: int) -> list[list[float]]:
    """Test accuracies of four equal networks before learning and after, in the order of ``KINDS``.

    One has sigmoids. The next has neurons on or off, whose slope is zero wherever there is one;
    the third has them, too, but learns as if their slope were the sigmoid's (a straight-through
    estimator: Bengio et al. 2013). The last is the first one, switched to neurons on or off.
    """
    test, examples = examples_of(TEST), examples_of(TRAIN).first(params.learning)
    batch = min(params.batch_size, len(examples))
    settings = Settings(params.learning_rate, params.epochs, batch, "linear")
    seen = batch_of(test, sizes[-1], np.float32)

    def start() -> SGD:
        return Recipe(sizes[1:-1], settings).start(examples, sizes[-1], seed)

    def read(network: Network) -> float:
        return float((outputs_of(network, seen.inputs).argmax(axis=0) == test.labels).mean())

    smooth = start()
    before = [evaluate(smooth.network, test)[1], *[read(smooth.network)] * 3]
    for _ in range(params.epochs):
        smooth.epoch()
    after = [evaluate(smooth.network, test)[1]]
    for slope in (np.zeros_like, sigmoid_slope):
        sgd = start()
        descend(sgd.network, batch_of(examples, sizes[-1], np.float32), slope, settings, sgd.rng)
        after.append(read(sgd.network))
    return [before, [*after, read(smooth.network)]]


def sigmoid_slope(z: Floats) -> Floats:
    """s'(z) of the sigmoid."""
    a = 0.5 + 0.5 * np.tanh(z / 2)
    return np.asarray(a - a * a, z.dtype)


def descend(
    network: Network, examples: Batch, slope: Slope, settings: Settings, rng: np.random.Generator
) -> None:
    """Mini-batch SGD in place: backpropagation through neurons on or off with some slope."""
    count = examples.inputs.shape[1]
    for rows, left in mini_batches(count, settings.batch_size, settings.epochs, rng):
        batch = Batch(examples.inputs[:, rows], examples.targets[:, rows])
        step(network, batch, slope, settings.learning_rate * left)


def step(network: Network, batch: Batch, slope: Slope, rate: float) -> None:
    """One step down the mean squared error of a batch."""
    a, zs = [batch.inputs], []
    for w, b in zip(network.weights, network.biases, strict=True):
        zs.append(w @ a[-1] + b[:, np.newaxis])
        a.append(on_or_off(zs[-1]))
    delta = 2 * (a[-1] - batch.targets) * slope(zs[-1])
    share = rate / batch.inputs.shape[1]
    for layer in reversed(range(len(zs))):
        w, b = network.weights[layer], network.biases[layer]
        back = w.T @ delta
        w -= share * delta @ a[layer].T
        b -= share * delta.sum(axis=1)
        if layer:
            delta = back * slope(zs[layer - 1])


if __name__ == "__main__":
    run_claim(continuous)
