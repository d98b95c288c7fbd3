"""Whether the last layers alone can mend what all layers together do."""

from typing import NamedTuple

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.significance import mean_interval, quartiles
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import read_table
from stages.page.figures.text import decimal, percent, plural

COLUMNS = (
    "network",
    "layers",
    "images",
    "epochs",
    "learning_rate",
    "batch_size",
    "seed",
    "accuracy",
)
MARGIN = 5  # points by which all layers must be ahead
CRITERION = (
    f"Held if networks of which every layer learns read at least {MARGIN} points more of the test "
    "images than those of which the last two layers learn, and than those of which the last one "
    "does: the lower end of the 95 % interval counts. In part if only the last one is so far "
    f"behind. {MARGIN} points are more than networks of equal recipe differ by."
)


class Part(NamedTuple):
    """Networks of which some layers, counted from 1, learn."""

    layers: tuple[int, ...]
    epochs: int
    accuracies: Floats  # (seeds,)

    @property
    def median(self) -> float:
        """Median accuracy: a layer that learns alone succeeds with some first weights only."""
        return float(np.median(self.accuracies))


class Trainings(NamedTuple):
    """What networks of one shape read, by the layers that learn; those of all layers first."""

    network: str
    images: int
    learning_rate: float
    parts: list[Part]

    @property
    def layers(self) -> int:
        """Layers with weights, all of which the first part's networks learn with."""
        return len(self.parts[0].layers)

    def last(self, count: int) -> Part:
        """The part of which so many last layers learn; of fewer layers, all of them."""
        wanted = self.parts[0].layers[-count:]
        return next(part for part in self.parts if part.layers == wanted)

    def ahead(self, part: Part) -> Floats:
        """Points by which all layers are ahead of some, (seeds,), from equal first weights."""
        return np.asarray(100 * (self.parts[0].accuracies - part.accuracies))


def read() -> Trainings:
    """The accuracies by the layers that learn."""
    table = read_table(claim_table("layers_alone"), COLUMNS, texts=("network", "layers"))
    parts = []
    for name in dict.fromkeys(table["layers"].tolist()):
        rows = table["layers"] == name
        layers = tuple(int(layer) for layer in name.split())
        parts.append(Part(layers, int(table["epochs"][rows][0]), table["accuracy"][rows]))
    return Trainings(
        str(table["network"][0]), int(table["images"][0]), float(table["learning_rate"][0]), parts
    )


def judge(trainings: Trainings) -> Finding:
    """Held if all layers are ahead of the last two and of the last; in part if of the last."""
    gains = [mean_interval(trainings.ahead(trainings.last(count))) for count in (1, 2)]
    one, two = (gain.low >= MARGIN for gain in gains)
    title = heading(trainings)
    return Finding(
        verdict=Verdict.of(one, one and two),
        title=title,
        measured=measured(trainings),
        alt=alt(trainings, title),
        plain=plain(trainings),
        notes=notes(trainings),
        estimate=Estimate(
            *gains[0],
            len(trainings.parts[0].accuracies),
            "points by which all layers together read more than the last one alone",
        ),
    )


def heading(trainings: Trainings) -> str:
    """What the last layer alone reads, and all of them."""
    last, every = (percent(part.median, 1) for part in (trainings.last(1), trainings.parts[0]))
    return f"The last layer alone learns to read {last}, all layers together {every}"


def plain(trainings: Trainings) -> str:
    """The answer in one sentence."""
    if trainings.last(1).median < trainings.parts[0].median:
        return (
            "Changing only the last layer cannot repair the mistakes: the layers before it have "
            "to learn what to look for."
        )
    return "Here the last layer alone mends the mistakes as well as all layers together."


def notes(trainings: Trainings) -> str:
    """What the first layer does alone."""
    first = trainings.parts[-1]
    return (
        f"Nor does the first layer manage without the others: alone it reads "
        f"{percent(first.median, 1)}."
        if first.layers == (1,) and trainings.layers > 1
        else ""
    )


def measured(trainings: Trainings) -> str:
    """All accuracies, with how long each learnt."""
    accuracies = "; ".join(
        f"{name(trainings, part)}, {percent(part.median, 1)} ({middle_half(part)}; "
        f"{plural(part.epochs, 'epoch')})"
        for part in trainings.parts
    )
    gain = mean_interval(trainings.ahead(trainings.last(1)))
    seeds = plural(len(trainings.parts[0].accuracies), "network")
    return (
        f"{seeds} of {trainings.network} for each choice of layers, from equal first weights, by "
        f"mini-batch SGD on {plural(trainings.images, 'training image')}, rate "
        f"{trainings.learning_rate:g} falling to 0, sigmoids and squared errors; the other layers "
        f"keep their random weights. Test images read, median and quartiles: {accuracies}. "
        f"All layers are ahead of the last one by {decimal(gain.value, 1)} "
        f"points (95 % interval {decimal(gain.low, 1)} to {decimal(gain.high, 1)})."
    )


def middle_half(part: Part) -> str:
    """Between which two percentages the middle half of the networks is."""
    _, low, high = (decimal(100 * share, 1) for share in quartiles(part.accuracies))
    return f"{low} to {high}"


def name(trainings: Trainings, part: Part) -> str:
    """Which layers learn, in words."""
    every, layers = trainings.parts[0].layers, part.layers
    if layers == every:
        return "all layers learn"
    if layers == every[:-1] and len(layers) > 1:
        return "all but the last learn"
    side = "last" if layers[-1] == every[-1] else "first"
    return f"only the {side} {'two learn' if len(layers) == 2 else 'learns'}"


def alt(trainings: Trainings, title: str) -> str:
    """The rows of the figure."""
    rows = "; ".join(f"{name(trainings, p)}, {percent(p.median, 1)}" for p in trainings.parts)
    return f"{title}. Rows of dots, one for each network, by the layers that learn: {rows}."
