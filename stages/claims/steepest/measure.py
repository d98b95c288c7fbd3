"""The steepest way down: a step along the negative gradient, against many random ones."""

from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

import numpy as np

from nn import Dataset, Network, evaluate, gradient_over
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import NETWORKS, load_siblings, with_epochs
from stages.common.files.arrays import Floats, save_arrays
from stages.common.files.paths import TRAIN, claim_arrays
from stages.common.models.recipe import examples_of, side_by_side
from stages.common.runtime.params import real, whole


@dataclass(frozen=True, kw_only=True)
class SteepestParams:
    """A step along the negative gradient, against random ones of the same length."""

    images: Annotated[
        int, whole(1, 10**6, "training images that make up the cost{}; all if there are fewer")
    ]
    directions: Annotated[int, whole(2, 10**5, "random directions that each network tries")]
    length: Annotated[float, real(1e-6, 10, "of every step, in the space of all weights")]
    epochs: Annotated[
        list[int],
        whole(1, 10**6, "also look at the page's network after these, if it was trained so long"),
    ]
    seed: Annotated[int, whole(0, 2**32, "decides the random directions")]


class Falls(NamedTuple):
    """How far steps of one length lower a network's cost."""

    cost: float  # before
    gradient: float  # by the step along the negative gradient
    random: Floats  # (directions,), by steps in random directions


def steepest(params: SteepestParams) -> None:
    """Make one step along the negative gradient and many in random directions, all equally long.

    Writes data/claims/steepest.npz: the names of N networks, those of the page first, their costs
    before, and the falls by the gradient's step, (N,), and by the random ones, (N, directions).
    All in float64.
    """
    examples = examples_of(TRAIN).first(params.images)
    networks = with_epochs(params.epochs) | others()
    jobs = [(network, [params.seed, place]) for place, network in enumerate(networks.values())]
    common = (examples, params.directions, params.length)
    falls = [Falls(*one) for one in side_by_side(falls_of, jobs, "steepest", common=common)]
    save_arrays(
        claim_arrays("steepest"),
        {
            "names": np.array([*networks]),
            "parameters": np.array(networks["untrained"].parameters.size),
            "images": np.array(len(examples)),
            "length": np.array(params.length),
            "costs": np.array([one.cost for one in falls]),
            "gradient": np.array([one.gradient for one in falls]),
            "random": np.array([one.random for one in falls]),
        },
    )
    for name, one in zip(networks, falls, strict=True):
        print(f"{name}: the gradient's step {one.gradient:.3g}, random {one.random.max():.3g} most")


def others() -> dict[str, Network]:
    """The siblings of the page's network before their training and after, by name."""
    siblings = load_siblings()
    return {
        f"seed {seed}, {name}": network
        for name, epoch in zip(NETWORKS, (0, siblings.last), strict=True)
        for seed, network in zip(siblings.seeds, siblings.after(epoch), strict=True)
    }


def falls_of(
    network: Network, seed: list[int], examples: Dataset, directions: int, length: float
) -> Falls:
    """The falls of the cost of the examples by steps of this length from where a network is."""
    network = replace(network, parameters=network.parameters.astype(np.float64))
    before, rng = evaluate(network, examples)[0], np.random.default_rng(seed)

    def fall(direction: Floats) -> float:
        step = length / (np.linalg.norm(direction) or 1) * direction  # no direction is no step
        moved = replace(network, parameters=network.parameters + step)
        return before - evaluate(moved, examples)[0]

    random = [fall(rng.normal(size=network.parameters.size)) for _ in range(directions)]
    return Falls(before, fall(-gradient_over(network, examples)), np.array(random))


if __name__ == "__main__":
    run_claim(steepest)
