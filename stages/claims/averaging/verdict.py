"""Whether the step that a few images ask for lowers the cost of all, with how much less work."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import Interval, share_interval
from stages.common.files.arrays import Arrays, Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.results import load_input
from stages.page.figures.text import decimal, percent, plural, significant

COLUMNS = (
    "epoch",
    "seed",
    "draws",
    "images",
    "learning_rate",
    "lowered",
    "change",
    "change_of_all",
    "cost",
    "cosine",
)
ARRAYS = ("sizes", "places", "rows", "images", "wishes", "mean")
HALF = 0.5  # share of the steps
FASTER = 10  # times less work that count as a significant speed-up
CRITERION = (
    "A mini-batch stands for all images if the step that it asks for helps them all. It holds if, "
    "at the length that training begins with, most steps lower the cost of all training images "
    "wherever the networks stand on their way: more than half, even at the lower end of the "
    "interval over networks, before training and after each of the epochs looked at but the last, "
    "where training takes no steps any more. It holds in part if that is so somewhere. And it has "
    f"to be {FASTER} times less work. Half, since a step that rather raises the cost is no "
    "approximation of one that lowers it."
)


@dataclass(frozen=True)
class Averages:
    """What steps did to the cost of all images, and the table of one mini-batch."""

    steps: Table
    table: Arrays
    input: str  # what the network is given for each of its inputs

    @cached_property
    def epochs(self) -> list[int]:
        """After which the networks were looked at, rising; the last one ends their training."""
        return sorted({int(epoch) for epoch in self.steps["epoch"]})

    @cached_property
    def rates(self) -> list[float]:
        """Learning rates of the steps, rising; the last one is the longest."""
        return sorted({float(rate) for rate in self.steps["learning_rate"]})

    @property
    def on_the_way(self) -> list[int]:
        """The epochs at which training still takes steps."""
        return self.epochs[:-1] or self.epochs

    @property
    def batch(self) -> int:
        """Images of a mini-batch."""
        return len(self.table["rows"])

    @property
    def images(self) -> int:
        """How many training images there are."""
        return int(self.steps["images"][0])

    @property
    def draws(self) -> int:
        """Mini-batches for each network and epoch."""
        return int(self.steps["draws"][0])

    @property
    def networks(self) -> int:
        """How many there are."""
        return len({int(seed) for seed in self.steps["seed"]})

    @property
    def faster(self) -> float:
        """How many times fewer images, and so multiplications, a mini-batch takes than all."""
        return self.images / self.batch

    def of(self, epoch: int, rate: float, column: str) -> Floats:
        """A column for all networks, (n,), at one epoch and one length of step."""
        here = (self.steps["epoch"] == epoch) & (self.steps["learning_rate"] == rate)
        return np.asarray(self.steps[column][here])

    def lowered(self, epoch: int, rate: float) -> float:
        """Share of the mini-batches' steps that lower the cost of all images."""
        return float(self.of(epoch, rate, "lowered").mean())

    def interval(self, epoch: int, rate: float) -> Interval:
        """The same with its 95 % interval over the networks, as far as shares go."""
        return share_interval(self.of(epoch, rate, "lowered"))

    def lowered_by_all(self, epoch: int, rate: float) -> float:
        """Share of the networks whose cost falls with a step along the gradient of all images."""
        return float((self.of(epoch, rate, "change_of_all") < 0).mean())

    def lowest(self, rate: float) -> tuple[int, Interval]:
        """Where on the way the fewest steps lower the cost: the epoch, and the share."""
        shares = [self.interval(epoch, rate) for epoch in self.on_the_way]
        place = int(np.argmin([share.value for share in shares]))
        return self.on_the_way[place], shares[place]

    def name(self, epoch: int) -> str:
        """Where the networks stand after an epoch."""
        if epoch == 0:
            return "untrained"
        return "trained" if epoch == self.epochs[-1] else f"after {plural(epoch, 'epoch')}"


def read() -> Averages:
    """The steps, and the wishes of one mini-batch's images."""
    path = claim_table("averaging")
    steps, arrays = read_table(path, COLUMNS), read_arrays("averaging", ARRAYS)
    averages = Averages(steps, arrays, load_input())
    whole = len(averages.epochs) * len(averages.rates) * averages.networks
    with written_by("averaging", path):
        if len(steps["epoch"]) != whole:
            raise ValueError(f"{whole} rows, one for each network, epoch and learning rate")
    return averages


def judge(averages: Averages) -> Finding:
    """Held if most of training's steps lower the cost of all everywhere, in part if somewhere."""
    longest = averages.rates[-1]
    fast = averages.faster >= FASTER
    down = [fast and averages.interval(e, longest).low > HALF for e in averages.on_the_way]
    _, share = averages.lowest(longest)
    title = heading(averages)
    return Finding(
        Verdict.of(*down),
        title,
        f"{table_words(averages)} {measured(averages)}",
        alt(averages, title),
        plain=plain(averages),
        notes=notes(averages),
        estimate=Estimate(
            100 * share.value,
            100 * share.low,
            100 * share.high,
            averages.networks,
            "% of the steps, where the fewest of training's length lower the cost of all",
        ),
    )


def heading(averages: Averages) -> str:
    """What short steps do, and what long ones do where the fewest are right."""
    batch = plural(averages.batch, "image")
    (_, short), (_, long) = (averages.lowest(averages.rates[end]) for end in (0, -1))
    if long.low > HALF:
        return f"Most steps that {batch} ask for lower the cost of all {averages.images:,}"
    if short.low > HALF:
        return f"{batch} point downhill for all {averages.images:,}, if the step is short"
    return f"Not even short steps that {batch} ask for lower the cost of all {averages.images:,}"


def plain(averages: Averages) -> str:
    """The finding for somebody who has seen the chapters."""
    (_, short), (_, long) = (averages.lowest(averages.rates[end]) for end in (0, -1))
    if long.low > HALF:
        return "A step that a few images ask for mostly helps all the others, too."
    if short.low > HALF:
        return (
            "A short step that a few images ask for helps all the others; a step as long as "
            "training's often ends higher."
        )
    return "A step that a few images ask for often raises the cost of all the others."


def notes(averages: Averages) -> str:
    """What long steps do where they do worst, against steps that all images ask for."""
    longest = averages.rates[-1]
    epoch, share = averages.lowest(longest)
    by_all = percent(averages.lowered_by_all(epoch, longest), 0)
    where = averages.name(epoch)
    return (
        f"Of the long steps {percent(share.value, 0)} lower the cost of all ({where}); along the "
        f"gradient of all images {by_all} do, so the length alone is not to blame. A mini-batch "
        f"takes {decimal(averages.faster, 0)} times less work."
    )


def table_words(averages: Averages) -> str:
    """What the table shows, and whether its mean is the gradient."""
    table = averages.table
    gap = np.abs(table["wishes"].mean(axis=0) - table["mean"]).max()
    close = gap <= 1e-9 * np.abs(table["mean"]).max()
    return (
        "The table has each layer's weight and bias about which the images of one mini-batch "
        f"differ most, before training; the mean over all {averages.batch:,} "
        f"{'is' if close else 'is not quite'} minus the mini-batch's gradient."
    )


def measured(averages: Averages) -> str:
    """How the steps were taken, and what each kind of them did."""
    rates = ", ".join(significant(rate) for rate in averages.rates)
    longest = averages.rates[-1]
    return (
        f"{plural(averages.networks, 'network')} of this run's recipe were looked at "
        f"{', '.join(averages.name(epoch) for epoch in averages.epochs)} "
        f"({plural(averages.epochs[-1], 'epoch')}): each took a step from where it stood along the "
        f"gradient of {averages.draws:,} random mini-batches of {averages.batch:,} images, with "
        f"learning rates {rates}, and along that of all {averages.images:,}. The cost was measured "
        f"over all training images. With {significant(longest)}: "
        f"{'; '.join(of_epoch(averages, epoch, longest) for epoch in averages.epochs)}."
    )


def of_epoch(averages: Averages, epoch: int, rate: float) -> str:
    """Share with its interval, mean changes and cosine, at one epoch."""
    share = averages.interval(epoch, rate)
    ends = f"{percent(share.low, 0)} to {percent(share.high, 0)}"
    change = significant(float(averages.of(epoch, rate, "change").mean()), 2)
    by_all = significant(float(averages.of(epoch, rate, "change_of_all").mean()), 2)
    cosine = decimal(float(averages.of(epoch, rate, "cosine").mean()))
    return (
        f"{averages.name(epoch)} {percent(share.value, 0)} of the steps lower it (95 % interval "
        f"{ends}), by a mean change of {change} against {by_all} for all images, the cosine of the "
        f"two gradients being {cosine}"
    )


def alt(averages: Averages, title: str) -> str:
    """Describe the table and give the tiles' numbers."""
    parts = []
    for epoch in averages.epochs:
        shares = [percent(averages.lowered(epoch, rate), 0) for rate in averages.rates]
        parts.append(f"{averages.name(epoch)} {', '.join(shares)}")
    return (
        f"{title}. A table of images by weights with the mean in the last column. Below, tiles "
        "with the share of steps that lower the cost of all images, from short to long: "
        f"{'; '.join(parts)}; beside them the same for steps that all images ask for."
    )
