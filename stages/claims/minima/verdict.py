"""How equally good the valleys are, how unlike their networks, and what lies between."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import deviation_interval, quartiles
from stages.claims.shared.words import percent_and_deviation
from stages.common.files.arrays import Arrays
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import decimal, percent, plural, significant

COLUMNS = (
    "learning_rate",
    "weight_decay",
    "seed",
    "gradient_before",
    "test_accuracy",
    "train_cost",
    "gradient_after",
    "never_guessed",
)
ARRAYS = (
    "alike",
    "epochs",
    "images",
    "inked",
    "neurons",
    "renamed",
    "same_answer",
    "seeds",
    "sizes",
    "straight",
    "trained",
    "untrained",
)
EQUAL = 1.0  # points: networks whose accuracies spread by less are equally good
ALIKE = 0.9  # networks with a smaller mean cosine of best partners are different ones
RIDGE = 2.0  # times the cost of the two networks: what is lower between them is no ridge
CRITERION = (
    f"It holds if networks from different starts are different ones (the best partners among "
    f"their neurons have a mean cosine below {ALIKE:g}; 1 would be one network, its neurons in "
    f"another order) and equally good: the standard deviation of their test accuracies, with its "
    f"whole 95 % interval, is below {EQUAL:g} point, one digit in a hundred, which nobody who uses "
    "them would notice. It does not hold if that interval is wholly above, and holds in part "
    "otherwise."
)


@dataclass(frozen=True)
class Valleys:
    """Where the same starts led with weight decay and without, and what is between the former."""

    decayed: Table
    bare: Table
    comparison: Arrays

    @property
    def hidden(self) -> bool:
        """Whether the networks have neurons that can be renamed."""
        return len(self.comparison["sizes"]) > 2

    @property
    def shape(self) -> str:
        """Neurons of each layer."""
        return "-".join(str(n) for n in self.comparison["sizes"])

    @property
    def starts(self) -> int:
        """How many networks there are of each kind."""
        return len(self.decayed["seed"])

    @cached_property
    def deviation(self) -> Estimate:
        """The standard deviation of the test accuracy, in points."""
        unit = "points of standard deviation between the networks' test accuracies"
        interval = deviation_interval(100 * self.decayed["test_accuracy"])
        return Estimate(*interval, self.starts, unit)

    @property
    def different(self) -> bool:
        """Whether the networks are not simply one network with its neurons in another order."""
        return bool(self.comparison["trained"].mean() < ALIKE)

    @property
    def verdict(self) -> Verdict:
        """What ``CRITERION`` says of these numbers."""
        if self.deviation.low > EQUAL:
            return Verdict.NOT_HELD
        return Verdict.HELD if self.different and self.deviation.high < EQUAL else Verdict.PARTLY


def read() -> Valleys:
    """The landings with weight decay and without it, and the comparison of the former."""
    path = claim_table("minima")
    table, comparison = read_table(path, COLUMNS), read_arrays("minima", ARRAYS)
    with written_by("minima", path):
        seeds = int(comparison["seeds"])  # rows with weight decay; as many without it follow
        if len(table["seed"]) != 2 * seeds or seeds < 2:
            raise ValueError(f"{len(table['seed'])} rows for {seeds} starts")
        decayed, bare = (
            {name: column[rows] for name, column in table.items()}
            for rows in (slice(seeds), slice(seeds, None))
        )
    return Valleys(decayed, bare, comparison)


def judge(valleys: Valleys) -> Finding:
    """Compare the valleys with each other, as ``CRITERION`` says."""
    title = heading(valleys)
    return Finding(
        valleys.verdict,
        title,
        f"{recipe(valleys)} {measured(valleys)} {without_decay(valleys)} {compared(valleys)}",
        alt(valleys, title),
        plain(valleys),
        notes(valleys),
        valleys.deviation,
    )


def between(table: Table) -> str:
    """From the worst test accuracy to the best one, in percent: 95.9 to 96.4 %."""
    low, high = (float(f(table["test_accuracy"])) for f in (np.min, np.max))
    return f"{decimal(100 * low, 1)} to {percent(high, 1)}"


def heading(valleys: Valleys) -> str:
    """How good the networks are that all these starts led to."""
    kind = "different" if valleys.different else "like"
    n = valleys.starts
    return (
        f"{n} starts, {n} {kind} networks: they read {between(valleys.decayed)} of the test images"
    )


def plain(valleys: Valleys) -> str:
    """The finding in one sentence."""
    if valleys.deviation.low > EQUAL:
        return "Where the walk downhill begins decides how well the network reads in the end."
    if not valleys.different:
        return "Wherever the walk downhill begins, it ends in much the same network."
    if valleys.deviation.high < EQUAL:
        return (
            "Wherever the walk downhill begins, it ends in another valley; and all these valleys "
            "are about equally good."
        )
    return "Each start ends in another valley; these few do not tell whether all are equally good."


def notes(valleys: Valleys) -> str:
    """What happens without weight decay, and what is between two valleys."""
    straight = valleys.comparison["straight"]
    top, ends = straight.max(axis=1).mean(), straight[:, [0, -1]].mean()
    text = f"Without weight decay the same starts end at {between(valleys.bare)}."
    if top < RIDGE * ends:
        return text
    return (
        f"{text} A ridge is between any two of these valleys: on the straight way over it the cost "
        f"rises from {decimal(ends)} to {decimal(top)}, where one answer to all images costs "
        f"{decimal(float(valleys.comparison['same_answer']))}."
    )


def recipe(valleys: Valleys) -> str:
    """How all networks were trained."""
    rate, decay = (valleys.decayed[k][0] for k in ("learning_rate", "weight_decay"))
    epochs = plural(int(valleys.comparison["epochs"]), "epoch")
    return (
        f"Networks of {valleys.shape} sigmoid neurons, trained on squared errors for {epochs} with "
        f"a learning rate of {significant(rate)} falling to 0 and a weight decay of "
        f"{np.format_float_positional(decay, trim='-')}, all on the same mini-batches, differ in "
        "their random first weights alone."
    )


def measured(valleys: Valleys) -> str:
    """Accuracies, costs and gradients."""
    table = valleys.decayed
    before, after = (float(np.median(table[f"gradient_{k}"])) for k in ("before", "after"))
    return (
        f"{valleys.starts} of them read {percent_and_deviation(table['test_accuracy'])} of the "
        f"test images (mean ± standard deviation), with training costs from "
        f"{significant(table['train_cost'].min())} to {significant(table['train_cost'].max())}. "
        f"The gradient of that cost over all training images has a length of {significant(after)}, "
        f"{percent(after / before, 1)} of the {significant(before)} at the start (medians)."
    )


def without_decay(valleys: Valleys) -> str:
    """How the same starts end where weights do not shrink."""
    table = valleys.bare
    middle, low, high = quartiles(table["test_accuracy"])
    missing = int((table["never_guessed"] > 0).sum())
    return (
        f"Without weight decay the same starts end with {percent(middle, 1)} (median; quartiles "
        f"{decimal(100 * low, 1)} and {percent(high, 1)}), at training costs from "
        f"{significant(table['train_cost'].min())} to {significant(table['train_cost'].max())} and "
        f"on flatter ground ({significant(float(np.median(table['gradient_after'])))}); {missing} "
        "never give some class as their answer."
    )


def compared(valleys: Valleys) -> str:
    """How alike the weights are, and how high the ridges between them."""
    c = valleys.comparison
    kind = "first-layer neurons, each with its best partner," if valleys.hidden else "outputs"
    straight, ends = c["straight"].max(axis=1), c["straight"][:, [0, -1]]
    text = (
        f"In {plural(len(c['trained']), 'pair')} of networks with it, {kind} have a mean cosine of "
        f"{decimal(c['trained'].mean())} (1 would be the same; untrained networks have "
        f"{decimal(c['untrained'].mean())}). On the straight line from one network to another "
        f"({plural(len(straight), 'pair')}, {int(c['images']):,} training images) the cost rises "
        f"from {significant(float(ends.mean()))} to {significant(float(straight.mean()))} on "
        f"average; one and the same answer to all images costs "
        f"{significant(float(c['same_answer']))}."
    )
    if not valleys.hidden:
        return text
    renamed = significant(float(c["renamed"].max(axis=1).mean()))
    return (
        f"{text} With the second network's neurons in the order of their partners, which changes "
        f"no output, it rises to {renamed} (after Entezari et al. 2022)."
    )


def alt(valleys: Valleys, title: str) -> str:
    """Give the panels in words."""
    top = significant(float(valleys.comparison["straight"].max(axis=1).mean()))
    return (
        f"{title}. Dots of test accuracy, with weight decay and, from {between(valleys.bare)}, "
        f"without it; curves of the cost between two networks, with a top of {top} on average; "
        "neurons of two networks beside one another."
    )
