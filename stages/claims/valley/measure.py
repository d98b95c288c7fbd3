"""The floor of the valley: slope and curvature where descents have ended."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, NamedTuple

import numpy as np

from nn import Dataset, Network, evaluate, gradient_over
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import load_siblings, untrained_and_trained
from stages.common.files.arrays import Floats, save_arrays
from stages.common.files.paths import TRAIN, claim_arrays
from stages.common.models.recipe import examples_of, side_by_side
from stages.common.runtime.limits import require_memory
from stages.common.runtime.params import real, whole

NUDGE = 1e-6  # along a direction, for the change of the gradient there
NOTHING = 1e-9  # a length that is left by rounding alone
SHOWN = 8  # curvatures that are kept of either end
DOUBLE = 2  # a float64 has the room of two float32


@dataclass(frozen=True, kw_only=True)
class ValleyParams:
    """Slope and curvature where descents have ended."""

    images: Annotated[
        int, whole(1, 10**6, "training images that make up the cost{}; all if there are fewer")
    ]
    others: Annotated[int, whole(1, 100, "siblings that are looked at beside the page's network")]
    steps: Annotated[int, whole(2, 1000, "of the search for the extreme curvatures")]
    walk: Annotated[int, whole(1, 1000, "further steps downhill, with all images each")]
    reach: Annotated[float, real(1e-6, 100, "how far costs are looked at along two directions")]
    points: Annotated[int, whole(3, 1001, "of each of these lines")]
    seed: Annotated[int, whole(0, 2**32, "of the search's first direction")]


class Place(NamedTuple):
    """What the cost is like around a network."""

    cost: float
    slope: float  # length of the gradient
    curvatures: Floats  # (2 SHOWN,), the largest dips first, the largest rises last
    error: float  # within which of the largest dip there is a curvature of the cost
    walked: float  # the cost after further steps downhill
    dip: Floats  # (points,), the cost along the direction of the largest dip,
    rise: Floats  # and along that of the largest rise


class Extremes(NamedTuple):
    """The ends of the spectrum of a symmetric matrix, as far as a search has come."""

    values: Floats  # approximate eigenvalues, ascending; the extreme ones are the best
    low: Floats  # a direction of length 1 whose product with the matrix is about values[0] times it
    high: Floats  # the same for values[-1]
    error: float  # how far an eigenvalue is at most from values[0]


def valley(params: ValleyParams) -> None:
    """Find out, for networks at their ends, whether the ground rises in every direction.

    Writes data/claims/valley.npz: for the page's network before and after its training, and for
    some of its siblings, all that ``Place`` has. All in float64.
    """
    examples = examples_of(TRAIN).first(params.images)
    _, networks = untrained_and_trained()
    require_memory("valley.steps", networks["trained"].sizes, DOUBLE * (params.steps + 1))
    networks |= others(params.others)
    jobs = [(network, params) for network in networks.values()]
    results = side_by_side(around, jobs, "valley", common=(examples,))
    columns = zip(Place._fields, zip(*results, strict=True), strict=True)
    settings = {"images": len(examples), "walk": params.walk, "reach": params.reach}
    arrays = {name: np.array(value) for name, value in (*settings.items(), *columns)}
    save_arrays(claim_arrays("valley"), {"names": np.array([*networks]), **arrays})
    for name, place in zip(networks, (Place(*one) for one in results), strict=True):
        low, high = place.curvatures[[0, -1]]
        print(f"{name}: slope {place.slope:.2g}, curvatures from {low:.2g} to {high:.2g}")


def others(count: int) -> dict[str, Network]:
    """The first siblings of the page's network at their end, by name, in float64."""
    siblings = load_siblings()
    pairs = zip(siblings.seeds[:count], siblings.after(siblings.last), strict=False)
    return {
        f"seed {seed}": replace(network, parameters=network.parameters.astype(np.float64))
        for seed, network in pairs
    }


def around(network: Network, params: ValleyParams, examples: Dataset) -> Place:
    """Look at slope and curvature of the cost of the examples, and walk on."""
    gradient = gradient_over(network, examples)

    def bend(direction: Floats) -> Floats:
        """The Hessian times a direction of length 1: how the gradient changes along it."""
        change = gradient_over(moved(network, NUDGE * direction), examples) - gradient
        return np.asarray(change / NUDGE)

    rng = np.random.default_rng(params.seed)
    ends = extremes(bend, network.parameters.size, params.steps, rng)
    count = len(ends.values)
    shown = np.r_[:SHOWN, count - SHOWN : count].clip(0, count - 1)
    places = np.linspace(-params.reach, params.reach, params.points)
    dip, rise = (
        np.array([evaluate(moved(network, place * way), examples)[0] for place in places])
        for way in (ends.low, ends.high)
    )
    highest = float(ends.values[-1])
    rate = 1 / highest if highest > 0 else 0.0  # steps that even the largest rise cannot turn back
    return Place(
        cost=evaluate(network, examples)[0],
        slope=float(np.linalg.norm(gradient)),
        curvatures=ends.values[shown],
        error=ends.error,
        walked=evaluate(descend(network, examples, rate, params.walk), examples)[0],
        dip=dip,
        rise=rise,
    )


def moved(network: Network, step: Floats) -> Network:
    """The network a step further."""
    return replace(network, parameters=network.parameters + step)


def descend(network: Network, examples: Dataset, rate: float, steps: int) -> Network:
    """The network after so many steps down the gradient of all examples."""
    for _ in range(steps):
        network = moved(network, -rate * gradient_over(network, examples))
    return network


def extremes(
    bend: Callable[[Floats], Floats], size: int, steps: int, rng: np.random.Generator
) -> Extremes:
    """Lanczos' method for the extreme eigenvalues of a symmetric matrix of ``size`` rows.

    ``bend`` multiplies by the matrix, once for each of so many steps, or fewer if the search can
    get no further. The error is that of Parlett 1998, The Symmetric Eigenvalue Problem, chapter 13.
    """
    first = rng.normal(size=size)
    basis, along, across = [first / np.linalg.norm(first)], [], []
    for _ in range(min(steps, size)):
        image = bend(basis[-1])
        along.append(float(basis[-1] @ image))
        for known in basis * 2:  # twice, so that rounding brings nothing back
            image = image - (known @ image) * known
        across.append(float(np.linalg.norm(image)))
        if across[-1] < NOTHING:
            break
        basis.append(image / across[-1])
    inner = across[:-1]
    values, mixes = np.linalg.eigh(np.diag(along) + np.diag(inner, 1) + np.diag(inner, -1))
    low, high = (mixes[:, end] @ np.array(basis[: len(along)]) for end in (0, -1))
    return Extremes(values, low, high, across[-1] * abs(float(mixes[-1, 0])))


if __name__ == "__main__":
    run_claim(valley)
