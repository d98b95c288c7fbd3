"""How good and how flat the valleys are, how unlike their networks, and what lies between."""

from dataclasses import dataclass

import numpy as np

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.words import percent_and_deviation
from stages.common.files.arrays import Arrays
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import decimal, percent, plural, significant

COLUMNS = (
    "learning_rate",
    "seed",
    "test_accuracy",
    "train_cost",
    "gradient_before",
    "gradient_after",
    "never_guessed",
)
ARRAYS = (
    "alike",
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
# Networks count as equally good if their accuracies spread by no more points than this, and as
# different if the best partners among their neurons have a smaller mean cosine than this.
EQUAL, ALIKE = 1.0, 0.9


@dataclass(frozen=True)
class Valleys:
    """The landings at both learning rates, and how the networks of the usual one compare."""

    usual: Table
    long: Table
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
    def equal(self) -> list[bool]:
        """For both rates, whether the networks are equally good."""
        return [deviation(table) <= EQUAL for table in (self.usual, self.long)]

    @property
    def different(self) -> bool:
        """Whether the networks are not simply one network with its neurons in another order."""
        return bool(self.comparison["trained"].mean() < ALIKE)


def deviation(table: Table) -> float:
    """Standard deviation of the test accuracy, in points; of a single network 0."""
    accuracy = 100 * table["test_accuracy"]
    return float(accuracy.std(ddof=1)) if len(accuracy) > 1 else 0.0


def accuracy(table: Table) -> str:
    """Mean and deviation of the test accuracy: 94.1 ± 0.5 %."""
    return percent_and_deviation(table["test_accuracy"])


def rate(table: Table) -> str:
    """The learning rate of these networks."""
    return significant(table["learning_rate"][0])


def read() -> Valleys:
    """The landings at the usual rate and at the long one, and the comparison of the former."""
    path = claim_table("minima")
    table, comparison = read_table(path, COLUMNS), read_arrays("minima", ARRAYS)
    with written_by("minima", path):
        seeds = int(comparison["seeds"])  # rows of the usual rate; those of the long one follow
        usual, long = (
            {name: column[rows] for name, column in table.items()}
            for rows in (slice(seeds), slice(seeds, None))
        )
        if not len(long["seed"]):
            raise ValueError(f"no more than {seeds} rows")
    return Valleys(usual, long, comparison)


def judge(valleys: Valleys) -> Finding:
    """Held if the networks are equally good with both rates, and different; in part with one."""
    met = sum(valleys.equal) if valleys.different else 0
    title = heading(valleys)
    return Finding(
        (Verdict.NOT_HELD, Verdict.PARTLY, Verdict.HELD)[met],
        title,
        f"{measured(valleys)} {compared(valleys)}",
        f"The accuracies' standard deviation is at most {EQUAL:g} point with both learning rates, "
        f"while the networks differ (mean cosine below {ALIKE:g}); it holds in part if that is so "
        "with one.",
        alt(valleys, title),
    )


def heading(valleys: Valleys) -> str:
    """How good the networks are, with both learning rates."""
    usual, long = valleys.usual, valleys.long
    return (
        f"{len(usual['seed'])} starts, {'different' if valleys.different else 'like'} networks: "
        f"{accuracy(usual)} right at rate {rate(usual)}, {accuracy(long)} at rate {rate(long)}"
    )


def measured(valleys: Valleys) -> str:
    """Accuracies, costs and gradients."""
    usual, long = valleys.usual, valleys.long
    n, shares = len(usual["seed"]), usual["test_accuracy"]
    before, after = (float(np.median(usual[f"gradient_{k}"])) for k in ("before", "after"))
    last = float(np.median(long["gradient_after"]))
    unhappy = int((long["never_guessed"] > 0).sum())
    return (
        f"{n} networks with a learning rate of {rate(usual)} falling to 0 end with "
        f"{accuracy(usual)} of the test images read correctly (mean ± standard deviation; from "
        f"{percent(shares.min(), 1)} to {percent(shares.max(), 1)}) and training costs from "
        f"{significant(usual['train_cost'].min())} to {significant(usual['train_cost'].max())}. "
        f"The ground there is {percent(after / before, 1)} as steep as at the start: the "
        f"gradient's length goes from {significant(before)} to {significant(after)} (medians). "
        f"With a learning rate of {rate(long)}, {len(long['seed'])} of the same starts end with "
        f"{accuracy(long)}, from {percent(long['test_accuracy'].min(), 1)} to "
        f"{percent(long['test_accuracy'].max(), 1)}; {unhappy} never give some class as "
        f"their answer. The gradient's length at these ends is {significant(last)} (median)."
    )


def compared(valleys: Valleys) -> str:
    """How alike the weights are, and how high the ridges between them."""
    c = valleys.comparison
    pairs = len(c["trained"])
    kind = "first-layer neurons, each with its best partner," if valleys.hidden else "outputs"
    straight, ends = c["straight"].max(axis=1), c["straight"][:, [0, -1]]
    text = (
        f"In {plural(pairs, 'pair')} of networks, {kind} have a mean cosine of "
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
    c = valleys.comparison
    return (
        f"{title}. Dots of test accuracy for learning rates {rate(valleys.usual)} and "
        f"{rate(valleys.long)}; curves of the cost between two networks, with a top of "
        f"{significant(float(c['straight'].max(axis=1).mean()))} on average; gradients before and "
        "after; neurons of two networks beside one another, and histograms of their likeness."
    )
