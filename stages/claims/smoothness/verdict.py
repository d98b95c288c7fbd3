"""Weights as images, noise or picture: measured by how far neighbours agree."""

from dataclasses import dataclass

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import Interval, mean_interval
from stages.claims.shared.words import mean_and_deviation
from stages.common.files.arrays import Arrays, Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.results import LARGE, load_input
from stages.page.figures.text import SPACE, decimal, plural, significant

COLUMNS = (
    "start",
    "weight_decay",
    "seed",
    "morans_i",
    "lowest",
    "highest",
    "first_weights",
    "validation_accuracy",
    "test_accuracy",
)
ARRAYS = (
    "after",
    "before",
    "digits",
    "epochs",
    "first_weights",
    "hidden",
    "images",
    "inked",
    "shuffled_counts",
    "shuffled_highest",
    "shuffled_mean",
    "shuffles",
    "siblings",
    "sizes",
    "sweep_images",
)
STARTS = ("small", "large")  # how the first weights are drawn
RANDOM = 0.5  # half-way from noise, about 0, to a perfectly smooth image, 1
CRITERION = (
    f"It holds if weights are nearer to noise than to a smooth image, Moran's I below {RANDOM:g} "
    "with the whole 95 % interval of its mean, for networks of this run's recipe, for small first "
    "weights and for large ones: the lecture does not say how its weights began. It holds in part "
    "if that is so for some of the three."
)


@dataclass(frozen=True)
class Smooth:
    """Smoothness of the weights of the pipeline's network, and of those trained here."""

    table: Table
    arrays: Arrays
    input: str  # what the network is given for each of its inputs

    @property
    def pictures(self) -> str:
        """What the weights are compared with."""
        return "images" if self.input == "pixel" else "maps"

    @property
    def decays(self) -> Floats:
        """The strengths of weight decay, ascending."""
        return np.unique(self.table["weight_decay"])

    @property
    def seeds(self) -> int:
        """Networks for each start and strength."""
        return len(np.unique(self.table["seed"]))

    def column(self, name: str, start: str) -> Floats:
        """A column for one start, (strengths, seeds)."""
        rows = self.table["start"] == start
        return np.asarray(self.table[name][rows].reshape(len(self.decays), self.seeds))

    def in_words(self, name: str, start: str, at: int, digits: int, factor: float = 1) -> str:
        """Mean and deviation of a column over the seeds, in words: 0.61 ± 0.07."""
        return mean_and_deviation(factor * self.column(name, start)[at], digits)

    @property
    def siblings(self) -> Interval:
        """Moran's I of networks of this run's recipe: the mean of their neurons."""
        return mean_interval(self.arrays["siblings"])

    @property
    def intervals(self) -> list[Interval]:
        """Moran's I of these, and from both starts with the least weight decay."""
        return [self.siblings, *(mean_interval(self.column("morans_i", s)[0]) for s in STARTS)]

    @property
    def beyond(self) -> int:
        """Neurons of the pipeline's network that are smoother than all shuffles of theirs."""
        return int((self.arrays["after"] > self.arrays["shuffled_highest"]).sum())


def read() -> Smooth:
    """Moran's I of every network, and what is drawn of it."""
    path = claim_table("smoothness")
    table, arrays = read_table(path, COLUMNS, texts=("start",)), read_arrays("smoothness", ARRAYS)
    smooth = Smooth(table, arrays, load_input())
    with written_by("smoothness", path):
        cells = sum(len(smooth.column("morans_i", start)) for start in STARTS)
        if len(arrays["sweep_images"]) != cells:
            raise ValueError(f"{cells} networks, with images of {len(arrays['sweep_images'])}")
    return smooth


def judge(smooth: Smooth) -> Finding:
    """Compare each kind of network with ``RANDOM``, as ``CRITERION`` says."""
    title = heading(smooth)
    return Finding(
        Verdict.of(*(interval.high < RANDOM for interval in smooth.intervals)),
        title,
        f"{measured(smooth)} {swept(smooth)}",
        alt(smooth, title),
        plain(smooth),
        notes(smooth),
        Estimate(
            *smooth.siblings,
            len(smooth.arrays["siblings"]),
            "as Moran's I of the first layer's weights, where 0 is noise and 1 a smooth image",
        ),
    )


def plain(smooth: Smooth) -> str:
    """The finding in one sentence."""
    random = [interval.high < RANDOM for interval in smooth.intervals]
    if all(random):
        return "The weights look like noise, wherever they start: no strokes, no edges."
    if not any(random):
        return "The weights are smooth blobs of light and dark, neither noise nor strokes."
    if random[0]:
        return "This recipe's weights look like noise, though not those from every start."
    if random[-1]:
        return (
            "Weights that start small become smooth blobs, no strokes; those that start large "
            "look like noise, because most of it was there before."
        )
    return "Whether the weights look like noise depends on how they start."


def notes(smooth: Smooth) -> str:
    """How much of the start is left."""
    small, large = (decimal(float(smooth.column("first_weights", s)[0].mean())) for s in STARTS)
    return (
        f"After training, weights from a large start still correlate with it by {large}, those "
        f"from a small one by {small}."
    )


def heading(smooth: Smooth) -> str:
    """Moran's I after training, without or with the least weight decay."""
    _, small, large = (decimal(interval.value) for interval in smooth.intervals)
    return f"Trained weights: smoothness {small} from small random starts, {large} from large ones"


def measured(smooth: Smooth) -> str:
    """Moran's I of the pipeline's own network, and of what it is compared with."""
    a = smooth.arrays
    inked, neurons = int(a["inked"].sum()), len(a["after"])
    shape = "-".join(str(n) for n in a["sizes"])
    return (
        f"Moran's I tells how far neighbouring {smooth.input}s agree: 1 for a smooth image, "
        f"{significant(-1 / (inked - 1))} expected of random ones, over the {inked:,} of "
        f"{plural(a['inked'].size, smooth.input)} where any training image has "
        f"{LARGE[smooth.input]} (the weights of the others only ever keep their random start, or "
        f"shrink). The pipeline's network, "
        f"{shape}, has {decimal(a['before'].mean())} before training and "
        f"{decimal(a['after'].mean())} after it (from {decimal(a['after'].min())} to "
        f"{decimal(a['after'].max())}; the mean of each of {plural(len(a['siblings']), 'other')} "
        f"of its recipe is {decimal(a['siblings'].min())} to {decimal(a['siblings'].max())}; "
        f"{smooth.pictures} have {decimal(a['digits'].mean())}); "
        f"{smooth.beyond} of its {plural(neurons, 'neuron')} are smoother than each of "
        f"{int(a['shuffles']):,} shuffles of their own {smooth.input}s."
    )


def swept(smooth: Smooth) -> str:
    """What the size of the first weights and weight decay do."""
    first, last = (significant(float(d)) for d in smooth.decays[[0, -1]])
    small, large = (smooth.in_words("morans_i", start, 0, 3) for start in STARTS)
    kept = {s: decimal(float(smooth.column("first_weights", s)[0].mean())) for s in STARTS}
    text = (
        f"Trained for {plural(int(smooth.arrays['epochs']), 'epoch')} with weight decay {first} "
        f"({plural(smooth.seeds, 'network')} each, mean ± standard deviation), weights have "
        f"{small} from a small start (a deviation of 2 / \N{SQUARE ROOT}n for n inputs) and "
        f"{large} from a large one (a deviation of 1, as in Nielsen's first program), and their "
        f"correlation with that start is {kept['small']} and {kept['large']}: the nearer to 1, the "
        "more of what one sees was there before the first image."
    )
    if first == last:
        return text
    after = " and ".join(
        f"{smooth.in_words('morans_i', start, -1, 3)} ({start} start; "
        f"{smooth.in_words('validation_accuracy', start, -1, 1, 100)}{SPACE}% of validation images "
        f"right, against {smooth.in_words('validation_accuracy', start, 0, 1, 100)}{SPACE}%)"
        for start in STARTS
    )
    return f"{text} With weight decay {last} they have {after}."


def alt(smooth: Smooth, title: str) -> str:
    """Give the rows and the two panels in words."""
    return (
        f"{title}. Rows of weight images: the pipeline's network before and after training, and "
        f"networks with weight decay up to {significant(float(smooth.decays[-1]))}, from small "
        "and from large first weights. Below, Moran's I by neuron, and by weight decay with the "
        "validation accuracy."
    )
