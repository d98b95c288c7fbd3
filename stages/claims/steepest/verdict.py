"""Whether any random step lowers the cost more than one along the negative gradient."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.networks import NETWORKS
from stages.claims.shared.outputs import read_arrays
from stages.claims.shared.significance import mean_interval
from stages.common.files.arrays import Floats
from stages.page.figures.text import SPACE, decimal, percent, plural, significant

ARRAYS = ("names", "parameters", "images", "length", "costs", "gradient", "random")
OTHER = "seed "  # with which the names of networks begin that are not on the page
CRITERION = (
    "Held if on no network a random step lowers the cost as much as the gradient's does, or more: "
    "one that did would disprove it. In part if that is so on some networks only."
)


@dataclass(frozen=True)
class Falls:
    """How far steps of one length lower the cost: of N networks, those of the page first."""

    names: list[str]
    parameters: int
    images: int
    length: float
    gradient: Floats  # (N,), by the step along the negative gradient
    random: Floats  # (N, directions)

    @property
    def steps(self) -> int:
        """Random steps in all."""
        return self.random.size

    @property
    def most(self) -> Floats:
        """The largest fall by a random step on each network, (N,)."""
        return np.asarray(self.random.max(axis=1))

    @property
    def steeper(self) -> list[bool]:
        """For each network, whether the gradient's step is better than all random ones."""
        return [bool(fall > most) for fall, most in zip(self.gradient, self.most, strict=True)]

    @cached_property
    def shares(self) -> Floats:
        """Falls by random steps as shares of that by the gradient's, (N, directions)."""
        known = np.where(self.gradient > 0, self.gradient, np.inf)
        return np.asarray(self.random / known[:, np.newaxis])

    @property
    def best(self) -> Floats:
        """The largest of these shares on each network, (N,)."""
        return np.asarray(self.shares.max(axis=1))

    def others(self, when: str = "") -> list[int]:
        """Places of the networks that are not on the page: all, or untrained or trained ones."""
        places = enumerate(self.names)
        return [place for place, name in places if name.startswith(OTHER) and name.endswith(when)]

    @cached_property
    def best_of_others(self) -> Floats:
        """The best share on each of these networks, before its training or after, (n,)."""
        return np.maximum(*(self.best[self.others(f" {when}")] for when in NETWORKS))


def read() -> Falls:
    """The falls on all networks."""
    arrays = read_arrays("steepest", ARRAYS)
    return Falls(
        [str(name) for name in arrays["names"]],
        int(arrays["parameters"]),
        int(arrays["images"]),
        float(arrays["length"]),
        arrays["gradient"],
        arrays["random"],
    )


def judge(falls: Falls) -> Finding:
    """Held if the gradient's step is the best on every network; in part if on some."""
    title = heading(falls)
    best = mean_interval(100 * falls.best_of_others)
    return Finding(
        verdict=Verdict.of(*falls.steeper),
        title=title,
        measured=measured(falls),
        alt=alt(falls, title),
        plain=plain(falls),
        notes=notes(falls),
        estimate=Estimate(
            *best, len(falls.best_of_others), "% of the gradient's fall, by the best random step"
        ),
    )


def heading(falls: Falls) -> str:
    """What the best of all random steps does."""
    return (
        f"The best of {falls.steps:,} random steps does {percent(float(falls.best.max()), 1)} of "
        "what the gradient's step does"
    )


def plain(falls: Falls) -> str:
    """The finding in one sentence."""
    if all(falls.steeper):
        return (
            "Of all steps of one length, the one along the negative gradient goes down most; a "
            "random one hardly goes down at all."
        )
    return "Here some random step goes down at least as far as the one along the negative gradient."


def notes(falls: Falls) -> str:
    """How many random steps go up."""
    up = float((falls.random < 0).mean())
    return (
        f"Of the random steps, {percent(up, 0)} even go up: among "
        f"{plural(falls.parameters, 'weight')} and biases, almost every direction is nearly level."
    )


def measured(falls: Falls) -> str:
    """What was tried, and the falls network by network."""
    listing = "; ".join(
        f"{name}, {significant(float(fall), 3)} against at most {significant(float(most), 3)}"
        for name, fall, most in zip(falls.names, falls.gradient, falls.most, strict=True)
        if not name.startswith(OTHER)
    )
    best = mean_interval(100 * falls.best_of_others)
    return (
        f"On each network one step of length {falls.length:g} along the negative gradient and "
        f"{falls.random.shape[1]:,} in random directions; the cost is that of "
        f"{plural(falls.images, 'training image')}, and so is the gradient. Its fall on the page's "
        f"network: {listing}. On {plural(len(falls.best_of_others), 'network')} from other first "
        "weights, before training or after, the best random step does "
        f"{decimal(best.value, 1)}{SPACE}% of the gradient's fall (95 % interval of the mean "
        f"{decimal(best.low, 1)} to {decimal(best.high, 1)}). All random steps spread by "
        f"{percent(float(falls.shares.std()))}; by chance alone it would be one part in the root "
        f"of {falls.parameters:,}, {percent(falls.parameters**-0.5)}."
    )


def alt(falls: Falls, title: str) -> str:
    """The rows of the figure."""
    low, high = (decimal(100 * end, 1) for end in (falls.shares.min(), falls.shares.max()))
    return (
        f"{title}. Rows of dots, a network each: random steps lie between {low} and "
        f"{high}{SPACE}% of the gradient's fall, which is marked at 100."
    )
