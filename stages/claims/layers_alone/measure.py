"""Not just the last layer's fault: what is learned if only some of the layers may change."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np

from nn import Dataset, Network, Workspace, backpropagate, evaluate, feedforward
from stages.claims.shared.command import run_claim
from stages.claims.shared.stepwise import mini_batches
from stages.common.files.paths import TEST, TRAIN, claim_table
from stages.common.files.tables import write_csv
from stages.common.images.outlook import Outlook
from stages.common.models.recipe import examples_of, outlook_of, side_by_side
from stages.common.runtime.limits import TRAINING, require_memory
from stages.common.runtime.params import real, whole

GAIN = 2.0  # of the first weights, as the pipeline's own
AT_ONCE = 500  # images that go through frozen layers together
Part = tuple[int, ...]  # layers that learn, counted from 0


@dataclass(frozen=True, kw_only=True)
class LayersAloneParams:
    """What a network learns of which only some layers may change."""

    hidden: Annotated[list[int], whole(1, 10**6, "neurons of each hidden layer")]
    images: Annotated[
        int, whole(1, 10**6, "training images that all learn from{}; all if there are fewer")
    ]
    epochs: Annotated[int, whole(1, 10**6, "times that every image is visited")]
    epochs_factor: Annotated[int, whole(1, 1000, "times as long for last layers that learn alone")]
    learning_rate: Annotated[float, real(0, 1e6, "of the first step; falls linearly to 0")]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    seeds: Annotated[int, whole(2, 1000, "networks for each choice of layers")]
    seed: Annotated[int, whole(0, 2**32, "of the first network; the others count on")]


class Plan(NamedTuple):
    """How the layers learn that may change."""

    images: int
    epochs: int
    learning_rate: float
    batch_size: int


def layers_alone(params: LayersAloneParams) -> None:
    """Train networks of which only some layers change, from equal first weights and biases.

    Writes data/claims/layers_alone.csv: for each choice of layers and each seed the accuracy on
    the test images.
    """
    outlook = outlook_of(examples_of(TRAIN))
    check(params, outlook)
    sizes = outlook.sizes(params.hidden)
    jobs = [
        (sizes, part, plan_of(params, outlook, part), params.seed + n)
        for part in parts_of(len(sizes) - 1)
        for n in range(params.seeds)
    ]
    accuracies = side_by_side(train_one, jobs, "layers alone")
    write(jobs, accuracies)
    for part in parts_of(len(sizes) - 1):
        of_part = [a for job, a in zip(jobs, accuracies, strict=True) if job[1] == part]
        print(
            f"only layers {in_words(part)} of {len(sizes) - 1} learn: {np.mean(of_part):.1%} read"
        )


def check(params: LayersAloneParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if such a network does not fit into memory."""
    require_memory("layers_alone.hidden", outlook.sizes(params.hidden), TRAINING)


def parts_of(layers: int) -> list[Part]:
    """Which layers learn: all, the last two, the last, all but the last, the first; each once."""
    every = tuple(range(layers))
    return list(dict.fromkeys([every, every[-2:], every[-1:], every[:-1], every[:1]]))


def plan_of(params: LayersAloneParams, outlook: Outlook, part: Part) -> Plan:
    """Longer for last layers that learn alone, so that time is not what they lack."""
    epochs = params.epochs * (params.epochs_factor if part[0] > 0 else 1)
    images = min(params.images, outlook.images)
    return Plan(images, epochs, params.learning_rate, min(params.batch_size, images))


def train_one(sizes: tuple[int, ...], part: Part, plan: Plan, seed: int) -> float:
    """Accuracy on the test images of a network of which ``part`` has learnt."""
    weights_rng, order_rng = np.random.default_rng(seed).spawn(2)
    network = Network.random(sizes, "sigmoid", "quadratic", rng=weights_rng, gain=GAIN)
    frozen = part[0]  # layers before the first that learns: each image needs them only once
    examples = behind(network, frozen, examples_of(TRAIN).first(plan.images))
    rest = beyond(network, frozen)
    descend(rest, [layer - frozen for layer in part], examples, plan, order_rng)
    return evaluate(rest, behind(network, frozen, examples_of(TEST)))[1]


def behind(network: Network, layers: int, examples: Dataset) -> Dataset:
    """The examples as the neurons see them that come after so many layers."""
    if not layers:
        return examples
    inputs = (examples.stored * np.float32(examples.scale) + np.float32(examples.offset)).T
    first = part_of(network, 0, layers)
    ends = range(AT_ONCE, len(examples) + AT_ONCE, AT_ONCE)
    a = [feedforward(first, inputs[:, end - AT_ONCE : end]).T for end in ends]
    return Dataset(np.concatenate(a), examples.labels)


def beyond(network: Network, layers: int) -> Network:
    """The network without so many of its first layers."""
    return part_of(network, layers, len(network.weights))


def part_of(network: Network, start: int, end: int) -> Network:
    """Some of a network's layers as a network of their own, with a copy of their parameters.

    All neurons are sigmoids, so that a hidden layer can be the last one.
    """
    some = [*network.weights[start:end], *network.biases[start:end]]
    parameters = np.concatenate([one.ravel() for one in some])
    return Network(network.sizes[start : end + 1], network.activation, network.cost, parameters)


def descend(
    network: Network,
    learning: list[int],
    examples: Dataset,
    plan: Plan,
    rng: np.random.Generator,
) -> None:
    """Mini-batch SGD in place, whose steps change the weights and biases of some layers only."""
    work = Workspace(network, plan.batch_size)
    for rows, left in mini_batches(len(examples), plan.batch_size, plan.epochs, rng):
        examples.load(rows, work)
        backpropagate(work, -plan.learning_rate * left / work.batch)
        for layer in learning:
            network.weights[layer] += work.nabla.weights[layer]
            network.biases[layer] += work.nabla.biases[layer]


def write(jobs: list[tuple[tuple[int, ...], Part, Plan, int]], accuracies: list[float]) -> None:
    """Write one row for every training."""
    import pandas as pd

    rows = [
        {
            "network": "-".join(map(str, sizes)),
            "layers": in_words(part),
            **plan._asdict(),
            "seed": seed,
            "accuracy": accuracy,
        }
        for (sizes, part, plan, seed), accuracy in zip(jobs, accuracies, strict=True)
    ]
    write_csv(claim_table("layers_alone"), pd.DataFrame(rows).round(6))


def in_words(part: Part) -> str:
    """Layers counted from 1, as the table names them: 2 3."""
    return " ".join(str(layer + 1) for layer in part)


if __name__ == "__main__":
    run_claim(layers_alone)
