"""Whether the mean wish of a few images speaks for all, and how much less work it is."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.outputs import read_arrays
from stages.claims.shared.words import plus_minus
from stages.common.files.arrays import Arrays
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.results import load_input
from stages.page.figures.text import decimal, plural

COLUMNS = (
    "network",
    "batch_size",
    "draws",
    "cosine",
    "deviation",
    "lowest",
    "highest",
    "multiplications",
)
ARRAYS = ("sizes", "places", "rows", "images", "wishes", "mean")
GOOD = 0.5**0.5  # a cosine from which more of the squared length goes along than across
FASTER = 10  # times less work that count as a significant speed-up


@dataclass(frozen=True)
class Averages:
    """The curves by network, the table of one mini-batch, and what follows from them."""

    curves: Table
    table: Arrays
    input: str  # what the network is given for each of its inputs

    @cached_property
    def networks(self) -> list[str]:
        """Names of the networks, in the order of training."""
        return list(dict.fromkeys(self.curves["network"].tolist()))

    @property
    def batch(self) -> int:
        """Images of the mini-batch that is looked at closely."""
        return len(self.table["rows"])

    @property
    def images(self) -> int:
        """How many training images there are."""
        return int(self.curves["batch_size"].max())

    @property
    def draws(self) -> int:
        """Mini-batches of each size."""
        return int(self.curves["draws"][0])

    @property
    def faster(self) -> float:
        """How many times fewer multiplications the mini-batch takes than all images."""
        counts, sizes = self.curves["multiplications"], self.curves["batch_size"]
        return float(counts.max() / counts[sizes == self.batch][0])

    def of(self, network: str) -> Table:
        """The rows of one network."""
        rows = self.curves["network"] == network
        return {name: column[rows] for name, column in self.curves.items()}

    def at(self, network: str) -> tuple[float, float]:
        """Mean and deviation of the cosine at the mini-batch that is looked at closely."""
        curve = self.of(network)
        row = int(np.flatnonzero(curve["batch_size"] == self.batch)[0])
        return float(curve["cosine"][row]), float(curve["deviation"][row])

    def enough(self, network: str) -> int:
        """The smallest batch size tried from which on the mean cosine is ``GOOD``."""
        curve = self.of(network)
        bad = np.flatnonzero(curve["cosine"] <= GOOD)
        return int(curve["batch_size"][bad[-1] + 1 if bad.size else 0])


def read() -> Averages:
    """The cosines by batch size, and the wishes of one mini-batch's images."""
    curves = read_table(claim_table("averaging"), COLUMNS, texts=("network",))
    return Averages(curves, read_arrays("averaging", ARRAYS), load_input())


def judge(averages: Averages) -> Finding:
    """Good if more goes along than across, on every network; fast if the work is a tenth."""
    good = [name for name in averages.networks if averages.at(name)[0] > GOOD]
    fast = averages.faster >= FASTER
    all_good = len(good) == len(averages.networks)
    partly = fast and bool(good) and not all_good
    which = (
        f" Both a mean cosine above {decimal(GOOD)} and {FASTER} times less work hold for: "
        f"{', '.join(good)}."
    )
    title = heading(averages)
    return Finding(
        Verdict.HELD if fast and all_good else Verdict.PARTLY if partly else Verdict.NOT_HELD,
        title,
        f"{table_words(averages)} {measured(averages)}{which * partly}",
        f"On every network the mean cosine is above {decimal(GOOD)}, with {FASTER} times less "
        "work; it holds in part if that is so on some.",
        alt(averages, title),
    )


def heading(averages: Averages) -> str:
    """The cosine before training and after, with the work."""
    first, last = (decimal(averages.at(averages.networks[i])[0]) for i in (0, -1))
    images = plural(averages.batch, "image")
    return (
        f"{images} against all {averages.images:,}: cosine of the gradients {first} before "
        f"training, {last} after it, with 1/{averages.faster:,.0f} of the work"
    )


def table_words(averages: Averages) -> str:
    """What the table shows, and whether its mean is the gradient."""
    table = averages.table
    gap = np.abs(table["wishes"].mean(axis=0) - table["mean"]).max()
    close = gap <= 1e-9 * np.abs(table["mean"]).max()
    return (
        "The table has each layer's weight and bias about which the images of one mini-batch "
        f"differ most; the mean over all {averages.batch:,} "
        f"{'is' if close else 'is not quite'} minus the mini-batch's gradient."
    )


def measured(averages: Averages) -> str:
    """The cosines with what they mean, and the work."""
    cosines = ", ".join(
        f"{plus_minus(*averages.at(name), 3)} ({name})" for name in averages.networks
    )
    enough = ", ".join(f"{averages.enough(name):,} ({name})" for name in averages.networks)
    return (
        f"The cosine of the angle between the gradients of {plural(averages.batch, 'image')} and "
        f"of all {averages.images:,} is {cosines}: mean ± standard deviation of "
        f"{averages.draws:,} random mini-batches. It tells what share of the full gradient's "
        f"descent a short step of the same length makes. Above {decimal(GOOD)} (dashed) more of "
        "the step, in squares, goes along the full gradient than across; of the batch sizes tried, "
        f"that takes {enough}. The work is {decimal(averages.faster, 0)} times less."
    )


def alt(averages: Averages, title: str) -> str:
    """Describe the table and give the curves' course."""
    parts = [
        f"{name}, from {decimal(averages.of(name)['cosine'][0])} with 1 image to "
        f"{decimal(averages.at(name)[0])} with {averages.batch}"
        for name in averages.networks
    ]
    return (
        f"{title}. A table of images by weights with the mean in the last column; below, curves of "
        f"the cosine by batch size: {'; '.join(parts)}; all end at 1 with all images."
    )
