"""The whole gradient at once: backpropagation, against one wiggle for each weight and bias."""

from dataclasses import dataclass
from time import perf_counter
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nn import Dataset, Network, Workspace, forward, gradient_over
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import untrained_and_trained
from stages.claims.shared.work import multiplications, weights_of
from stages.common.files.arrays import Floats, save_arrays
from stages.common.files.paths import TRAIN, claim_arrays
from stages.common.models.recipe import examples_of
from stages.common.runtime.params import real, whole

Sizes = tuple[int, ...]
TIMED = 20  # gradients, the quickest of which counts


@dataclass(frozen=True, kw_only=True)
class EfficientParams:
    """Backpropagation, against one wiggle for each weight and bias."""

    images: Annotated[
        int, whole(1, 10**6, "training images that make up the cost{}; all if there are fewer")
    ]
    wiggle: Annotated[float, real(1e-9, 0.1, "what is added to one parameter at a time")]
    most: Annotated[int, whole(1, 10**6, "parameters that are wiggled; of more, random ones")]
    seed: Annotated[int, whole(0, 2**32, "decides which")]


def efficient(params: EfficientParams) -> None:
    """Find the gradient twice, by one backward pass and by wiggling parameters one by one.

    Writes data/claims/efficient.npz: the ``places``, (w,), of the parameters that were wiggled,
    their derivatives by both ways, (2, w), for the network before and after its training, and
    the multiplications that each way takes for one image. All in float64.
    """
    examples = examples_of(TRAIN).first(params.images)
    _, networks = untrained_and_trained()
    trained = networks["trained"]
    places = chosen(trained.parameters.size, params.most, params.seed)
    by_backpropagation = [gradient_over(one, examples)[places] for one in networks.values()]
    start = perf_counter()
    by_wiggles = [wiggled(one, examples, places, params.wiggle) for one in networks.values()]
    seconds = (perf_counter() - start) / (len(networks) * len(places))
    save_arrays(
        claim_arrays("efficient"),
        {
            "names": np.array([*networks]),
            "sizes": np.array(trained.sizes),
            "images": np.array(len(examples)),
            "wiggle": np.array(params.wiggle),
            "places": places,
            "backpropagation": np.array(by_backpropagation),
            "wiggles": np.array(by_wiggles),
            "multiplications": np.array(counts_of(trained.sizes)),
        },
    )
    tell(trained, examples, seconds * trained.parameters.size)


def chosen(count: int, most: int, seed: int) -> NDArray[np.int64]:
    """Places of all parameters, or of so many random ones, in their order."""
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def wiggled(
    network: Network, examples: Dataset, places: NDArray[np.int64], wiggle: float
) -> Floats:
    """By how much the mean cost rises for each wiggle, as a multiple of the wiggle, (w,)."""
    work = Workspace(network, len(examples))
    examples.load(slice(None), work)

    def cost() -> float:
        outputs = forward(work)
        return float(work.cost.value(work.zs[-1], outputs, work.targets).mean())

    before, slopes = cost(), np.empty(len(places))
    for row, place in enumerate(places):
        kept = network.parameters[place]
        network.parameters[place] += wiggle
        slopes[row] = (cost() - before) / wiggle
        network.parameters[place] = kept
    return slopes


def counts_of(sizes: Sizes) -> list[int]:
    """Products with weights for one image: a look, backpropagation, clever wiggles, plain ones.

    A look uses every weight once. A plain wiggle is one more look. A clever one works out again
    only what it changes: one neuron, what its weights lead to, and all layers after.
    """
    weights = weights_of(sizes)
    look = sum(weights)
    parameters = look + sum(sizes[1:])
    clever = 0
    for layer, count in enumerate(weights):
        after = (sizes[layer + 2] if layer + 2 < len(sizes) else 0) + sum(weights[layer + 2 :])
        clever += count * (1 + after) + sizes[layer + 1] * after
    return [look, multiplications(sizes), look + clever, look * (1 + parameters)]


def tell(network: Network, examples: Dataset, seconds: float) -> None:
    """Print how often the work is saved, and the time, which has no place in a file that is kept.

    ``seconds`` are those of wiggling all parameters.
    """
    times = []
    for _ in range(TIMED):
        start = perf_counter()
        gradient_over(network, examples)
        times.append(perf_counter() - start)
    _, back, _, plain = counts_of(network.sizes)
    print(
        f"wiggling all {network.parameters.size:,} parameters takes {plain / back:,.0f} times the "
        f"multiplications of backpropagation, and {seconds / min(times):,.0f} times its time"
    )


if __name__ == "__main__":
    run_claim(efficient)
