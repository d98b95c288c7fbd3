"""32 times more sensitive: which weights matter, how unequally, and whether a wiggle agrees."""

from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from nn import Dataset, Network, evaluate, gradient_over, layers_of
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import (
    NETWORKS,
    in_float64,
    load_siblings,
    untrained_and_trained,
)
from stages.common.files.arrays import Arrays, Floats, save_arrays
from stages.common.files.paths import TRAIN, claim_arrays
from stages.common.models.recipe import examples_of, side_by_side
from stages.common.runtime.params import real

DECADES, PER_DECADE = 4, 2  # of wiggles, from the smallest up
FIRST = 100  # most sensitive parameters, compared between one half of the images and the other
KEPT = 400  # ranks that are kept, evenly spaced on a logarithmic axis


@dataclass(frozen=True, kw_only=True)
class SensitivityParams:
    """Which weights the cost listens to, and whether a wiggle agrees."""

    ratio: Annotated[
        float,
        real(1, 1e6, "how many times more the cost listens to one weight than another"),
    ]
    wiggle: Annotated[float, real(1e-6, 1, "the smallest change that is made to a weight")]


def sensitivity(params: SensitivityParams) -> None:
    """Rank the gradient's components, and wiggle two of them whose ratio is as asked for.

    The cost is that of all training images: once a network is trained, some of them would name
    other components. Writes data/claims/sensitivity.npz, for the untrained and the trained
    network, in float64; and of n siblings, untrained and trained, both ratios, (n, 2): of the two
    components, and of what the smallest wiggle of either changes.
    """
    (model, networks), siblings = untrained_and_trained(), load_siblings()
    wiggles = params.wiggle * 10.0 ** (np.arange(DECADES * PER_DECADE + 1) / PER_DECADE)
    arrays: Arrays = {
        "images": np.array(len(examples_of(TRAIN))),
        "ratio": np.array(params.ratio),
        "wiggles": wiggles,
        "sizes": np.array(model.network.sizes),
        "first": np.array(FIRST),
    }
    shape = model.preprocessing.seen_shape
    jobs = [(network, shape, wiggles, params.ratio) for network in networks.values()]
    both = side_by_side(look_at, jobs, "sensitivity: networks")
    for name, measured in zip(networks, both, strict=True):
        arrays |= {f"{name}_{key}": value for key, value in measured.items()}
    others = [*siblings.after(0), *siblings.after(siblings.last)]
    pairs = [(network, params.wiggle, params.ratio) for network in others]
    ratios = np.array(side_by_side(both_ratios, pairs, "sensitivity: siblings"))
    for name, measured in zip(NETWORKS, np.split(ratios, 2), strict=True):
        arrays[f"{name}_siblings"] = measured
    save_arrays(claim_arrays("sensitivity"), arrays)
    listing = [
        f"{ratio_of(arrays[f'{name}_changes'][:, 0]):.4g} measured for "
        f"{ratio_of(arrays[f'{name}_components']):.4g} predicted ({name})"
        for name in networks
    ]
    print(
        f"wiggling two weights by {params.wiggle:g} changes the cost in a ratio of "
        f"{', '.join(listing)}"
    )


def look_at(network: Network, shape: tuple[int, int], wiggles: Floats, ratio: float) -> Arrays:
    """All that is measured on one network."""
    examples = examples_of(TRAIN)
    middle = len(examples) // 2
    halves = [part_of(examples, part) for part in (slice(middle), slice(middle, None))]
    nablas = [np.asarray(gradient_over(network, half), np.float64) for half in halves]
    shares = [len(half) / len(examples) for half in halves]
    gradient = np.asarray(sum(s * nabla for s, nabla in zip(shares, nablas, strict=True)))
    return {
        **rank(gradient, ratio),
        **pixels_of(gradient, network.sizes, shape),
        **probe(network, examples, gradient, wiggles, ratio),
        "agreed": np.array(agreed(*nablas)),
    }


def both_ratios(network: Network, wiggle: float, ratio: float) -> tuple[float, float]:
    """How many times one component is the other, and one change of cost, at one wiggle."""
    network, examples = in_float64(network), examples_of(TRAIN)
    gradient = gradient_over(network, examples)
    measured = probe(network, examples, gradient, np.array([wiggle]), ratio)
    return ratio_of(measured["components"]), ratio_of(measured["changes"][:, 0])


def part_of(examples: Dataset, rows: slice) -> Dataset:
    """Some of the examples."""
    return replace(examples, stored=examples.stored[rows], labels=examples.labels[rows])


def agreed(first: Floats, second: Floats) -> int:
    """How many of the ``FIRST`` largest components of two gradients, (P,), are in one place."""
    largest = [{*np.argsort(-np.abs(g), kind="stable")[:FIRST].tolist()} for g in (first, second)]
    return len(largest[0] & largest[1])


def ratio_of(pair: Floats) -> float:
    """How many times larger the first of two is; 0 if there is nothing to compare with."""
    large, small = np.abs(pair)
    return float(large / small) if small else 0.0


def rank(gradient: Floats, ratio: float) -> Arrays:
    """How unequal the components are, (P,), by size from the largest down.

    ``ranked`` holds the sizes at some ``ranks``, from 1. ``zeros`` are exactly zero, ``within``
    are at least the largest one's ``ratio``-th part. ``pairs`` is the share of all pairs of
    components in which the cost listens to one at least ``ratio`` times as much as to the other.
    """
    sizes = np.sort(np.abs(gradient))[::-1]
    count = len(sizes)
    ranks = np.unique(np.rint(np.geomspace(1, count, KEPT)).astype(np.int64))
    rising = sizes[::-1]
    weaker = np.searchsorted(rising, rising / ratio, side="right")
    # A component that is zero is no ratio away from another zero.
    unequal = np.where(rising > 0, np.minimum(weaker, np.arange(count)), 0).sum()
    return {
        "ranks": ranks,
        "ranked": sizes[ranks - 1],
        "zeros": np.array((sizes == 0).sum()),
        "within": np.array((sizes >= sizes[0] / ratio).sum()),
        "pairs": np.array(unequal / max(1, count * (count - 1) / 2)),
    }


def pixels_of(gradient: Floats, sizes: tuple[int, ...], shape: tuple[int, int]) -> Arrays:
    """|gradient| added up over all the first layer's weights from each input, laid out as seen."""
    weights, _ = layers_of(gradient, sizes)
    return {"pixels": np.abs(weights[0]).sum(axis=0).reshape(shape).astype(np.float32)}


def probe(
    network: Network, examples: Dataset, gradient: Floats, wiggles: Floats, ratio: float
) -> Arrays:
    """Wiggle the most sensitive parameter, and one that is ``ratio`` times less so.

    ``places`` and ``components``, (2,), are the two's places among the parameters and their
    derivatives; ``changes``, (2, k), is how the cost changes when one of them grows by each of
    the ``wiggles``, (k,), and nothing else does.
    """
    places = pair(gradient, ratio)
    before = evaluate(network, examples)[0]
    changes = np.zeros((2, len(wiggles)))
    for row, parameter in enumerate(places):
        for column, wiggle in enumerate(wiggles):
            moved = replace(network, parameters=network.parameters.copy())
            moved.parameters[parameter] += wiggle
            changes[row, column] = evaluate(moved, examples)[0] - before
    return {
        "cost": np.array(before),
        "places": places,
        "components": gradient[places],
        "changes": changes,
    }


def pair(gradient: Floats, ratio: float) -> NDArray[np.int64]:
    """The largest component, and the other one whose size is nearest to its ``ratio``-th part."""
    sizes = np.abs(gradient)
    largest = int(sizes.argmax())
    away = np.abs(sizes - sizes[largest] / ratio)
    away[largest] = np.inf
    return np.array([largest, away.argmin()], np.int64)


if __name__ == "__main__":
    run_claim(sensitivity)
