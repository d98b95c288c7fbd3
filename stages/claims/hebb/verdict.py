"""Whether the weights that grow most join bright neurons to neurons that are to shine more."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import Interval, share_interval
from stages.common.files.arrays import Arrays, Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.common.images.classes import Classes
from stages.common.images.dataset import load_classes
from stages.page.figures.results import load_input
from stages.page.figures.text import decimal, percent, plural

SHARES = ("wanted", "together", "wanted_of_all", "together_of_all")
COLUMNS = ("epoch", "seed", "layer", *SHARES)
ARRAYS = ("sizes", "images", "share", "image", "label", "before", "outputs", "wishes", "growth")
MOST = 0.75  # share of the weights that grow most
CRITERION = (
    "The lecture's sentence is about the biggest increases: they happen between neurons that are "
    "most active and neurons that we wish to become more active. It holds if that is so of three "
    "in four of them or more, even at the lower end of the interval over networks, in every layer, "
    "before training and after it; in part if it is so in some. Three in four, since a rule may "
    "have exceptions, and must be right much more often than not. The rule about brains is not "
    "judged: the lecture itself calls it a loose analogy."
)


class Place(NamedTuple):
    """A layer of weights, from 0, of the networks after an epoch."""

    epoch: int
    layer: int


@dataclass(frozen=True)
class Growth:
    """How often both rules describe the weights that grow most, by network, epoch and layer."""

    table: Table
    arrays: Arrays
    input: str  # what the network is given for each of its inputs
    names: Classes

    @cached_property
    def epochs(self) -> list[int]:
        """The first one, untrained, and the last one, trained."""
        epochs = {int(epoch) for epoch in self.table["epoch"]}
        return [min(epochs), max(epochs)]

    @property
    def last(self) -> int:
        """Number of the last layer of weights, from 0."""
        return len(self.arrays["sizes"]) - 2

    @property
    def networks(self) -> int:
        """How many there are."""
        return len({int(seed) for seed in self.table["seed"]})

    @property
    def images(self) -> int:
        """Looked at one by one."""
        return int(self.arrays["images"])

    @property
    def places(self) -> list[Place]:
        """The layers from the last to the first, untrained and then trained."""
        return [Place(e, layer) for e in self.epochs for layer in range(self.last, -1, -1)]

    def of(self, place: Place, share: str) -> Floats:
        """One of ``SHARES``, by network, (n,)."""
        here = (self.table["epoch"] == place.epoch) & (self.table["layer"] == place.layer)
        return np.asarray(self.table[share][here])

    def interval(self, place: Place, share: str) -> Interval:
        """Its mean with the 95 % interval over the networks, as far as shares go."""
        return share_interval(self.of(place, share))

    def worst(self) -> Place:
        """Where the lecture's sentence is right least often."""
        return min(self.places, key=lambda place: self.interval(place, "wanted").value)

    def when(self, epoch: int) -> str:
        """What the networks are after an epoch."""
        return "untrained" if epoch == self.epochs[0] else "trained"

    def layer(self, number: int) -> str:
        """Which layers some weights join."""
        before = f"hidden layer {number}" if number else f"{self.input}s"
        if number == self.last:
            return f"{before} to outputs"
        return f"{before} to {'hidden layer 1' if number == 0 else number + 1}"


def read() -> Growth:
    """The shares of all layers, and one image's step for the outputs."""
    path = claim_table("hebb")
    table, arrays = read_table(path, COLUMNS), read_arrays("hebb", ARRAYS)
    names = load_classes(int(arrays["sizes"][-1]))
    growth = Growth(table, arrays, load_input(), names)
    with written_by("hebb", path):
        if not all(len(growth.of(place, "wanted")) == growth.networks for place in growth.places):
            raise ValueError(f"{growth.networks} networks for each epoch and layer")
    return growth


def judge(growth: Growth) -> Finding:
    """Held if the lecture's sentence is right in all layers, in part if in some."""
    worst = growth.interval(growth.worst(), "wanted")
    verdict = Verdict.of(*(growth.interval(p, "wanted").low >= MOST for p in growth.places))
    title = heading(verdict)
    return Finding(
        verdict,
        title,
        measured(growth),
        alt(growth, title),
        plain=plain(verdict),
        notes=notes(growth),
        estimate=Estimate(
            100 * worst.value, 100 * worst.low, 100 * worst.high, growth.networks,
            "% of the weights that grow most, where the sentence is right least often",
        ),
    )  # fmt: skip


def heading(verdict: Verdict) -> str:
    """What the weights that grow most join."""
    start = {Verdict.HELD: "The weights", Verdict.PARTLY: "Not in all layers do the weights"}
    if verdict == Verdict.NOT_HELD:
        return "Weights that grow most do not join bright neurons to those that are to shine more"
    join = "that grow most join bright neurons to those that are to shine more"
    return f"{start[verdict]} {join}"


def plain(verdict: Verdict) -> str:
    """The finding for somebody who has seen the chapters."""
    often = {Verdict.HELD: "nearly always", Verdict.PARTLY: "often", Verdict.NOT_HELD: "seldom"}
    return (
        f"A connection that grows much {often[verdict]} leads from a neuron that shines to one "
        "that ought to shine more, whether or not it does."
    )


def notes(growth: Growth) -> str:
    """How the rule about brains compares, in the last layer."""
    shares = [
        percent(growth.interval(Place(epoch, growth.last), "together").value, 0)
        for epoch in growth.epochs
    ]
    return (
        f"That both shine already is true of {shares[0]} of these weights into the outputs before "
        f"training, and of {shares[1]} after it: by then the right output mostly shines."
    )


def measured(growth: Growth) -> str:
    """What was looked at, and the shares of both rules in every layer."""
    share = percent(float(growth.arrays["share"]), 0)
    label = growth.names.one(int(growth.arrays["label"]))
    return (
        f"For each of {plural(growth.images, 'training image')} alone, {growth.networks} networks "
        "of this run's recipe took a step, untrained and after "
        f"{plural(growth.epochs[1], 'epoch')}. Of the weights of a layer that grow, the {share} "
        "that grow most were looked at. Bright: above the mean of its layer. To shine more: "
        "the cost would fall; where activations are positive, no other weights can grow. "
        f"{' '.join(of_place(growth, place) for place in growth.places)} The matrix is the step "
        f"for one image of {label} by the first of the untrained networks."
    )


def of_place(growth: Growth, place: Place) -> str:
    """Both rules in one layer, with how often their pairs come up among all its weights."""
    wanted, together = (growth.interval(place, rule) for rule in ("wanted", "together"))
    base, also = (
        percent(growth.interval(place, f"{rule}_of_all").value, 0)
        for rule in ("wanted", "together")
    )
    return (
        f"{growth.when(place.epoch).capitalize()}, {growth.layer(place.layer)}: bright and to "
        f"shine more {percent(wanted.value, 0)} (95 % interval {percent(wanted.low, 0)} to "
        f"{percent(wanted.high, 0)}; of all weights {base}), both bright "
        f"{percent(together.value, 0)} (of all {also})."
    )


def alt(growth: Growth, title: str) -> str:
    """Describe the matrix, and give the dots' means."""
    outputs, label = growth.arrays["outputs"], int(growth.arrays["label"])
    parts = ", ".join(
        f"{growth.when(p.epoch)} {growth.layer(p.layer)} "
        f"{percent(growth.interval(p, 'wanted').value, 0)} against "
        f"{percent(growth.interval(p, 'together').value, 0)}"
        for p in growth.places
    )
    return (
        f"{title}. Above, a matrix of what one step does to the weights into the outputs: those "
        f"into output {growth.names[label]}, now {decimal(float(outputs[label]))}, grow, the "
        f"others shrink. Below, for each layer the share of the weights that grow most whose ends "
        f"are bright and to shine more, against both bright: {parts}."
    )
