"""Many valleys: how good and how flat their floors are, and what lies between them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import NullLocator
from numpy.typing import NDArray

from stages.claims.shared.claim import GRADIENT_DESCENT, HELD, NOT_HELD, PARTLY, Claim
from stages.common.files.arrays import load_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import claim_arrays, claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.layout import (
    BLUE,
    FAINT,
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    PULL,
    Picture,
    Sheet,
)
from stages.page.figures.learning import ERRORS
from stages.page.figures.text import SPACE, decimal, percent, plural, significant
from stages.page.figures.weights import frame

LANDINGS = claim_table("minima")
COMPARISON = claim_arrays("minima")
COLUMNS = (
    "learning_rate",
    "seed",
    "test_accuracy",
    "train_cost",
    "gradient_before",
    "gradient_after",
    "never_guessed",
)
NEEDED = {
    "alike",
    "images",
    "inked",
    "neurons",
    "renamed",
    "same_answer",
    "sizes",
    "straight",
    "trained",
    "untrained",
}
# Networks count as equally good if their accuracies spread by no more points than this, and as
# different if the best partners among their neurons have a smaller mean cosine than this.
EQUAL, ALIKE = 1.0, 0.9
LEFT, SECOND = 0.95, 5.75  # inches from the left: the panels of each row
WIDE, NARROW = 3.7, 2.15  # inches: their widths
UNTRAINED = "#8793a3"

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Valleys:
    """What the stage ``minima`` measured: its table for both rates, and its comparison."""

    usual: Table
    long: Table
    comparison: dict[str, Numbers]

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
        return [spread(table) <= EQUAL for table in (self.usual, self.long)]

    @property
    def different(self) -> bool:
        """Whether the networks are not simply one network with its neurons in another order."""
        return bool(self.comparison["trained"].mean() < ALIKE)


def spread(table: Table) -> float:
    """Standard deviation of the test accuracy, in points; of a single network 0."""
    accuracy = 100 * table["test_accuracy"]
    return float(accuracy.std(ddof=1)) if len(accuracy) > 1 else 0.0


def told(table: Table) -> str:
    """Mean and deviation of the test accuracy: 94.1 ± 0.5 %."""
    mean = decimal(100 * table["test_accuracy"].mean(), 1)
    return f"{mean} ± {decimal(spread(table), 1)}{SPACE}%"


def rate(table: Table) -> str:
    """The learning rate of these networks."""
    return significant(table["learning_rate"][0])


def load() -> Valleys:
    """Read what the stage has written, and see that it fits together."""
    table, comparison = read_table(LANDINGS, COLUMNS), load_arrays(COMPARISON)
    try:
        return _valleys(table, comparison)
    except (KeyError, ValueError, TypeError) as error:
        message = f"{COMPARISON}: expected what the stage minima writes: {error}; run dvc repro"
        raise StageError(message) from error


def _valleys(table: Table, comparison: dict[str, Numbers]) -> Valleys:
    seeds = int(comparison["seeds"])
    usual, long = ({k: c[rows] for k, c in table.items()} for rows in halves(seeds))
    missing = NEEDED - set(comparison)
    if missing:
        raise ValueError(f"no {', '.join(sorted(missing))}")
    if not len(long["seed"]):
        raise ValueError(f"more than {seeds} rows in {LANDINGS}")
    return Valleys(usual, long, comparison)


def halves(seeds: int) -> tuple[slice, slice]:
    """Rows of the table: the usual learning rate, and the long steps."""
    return slice(seeds), slice(seeds, None)


def draw() -> Picture:
    """Draw accuracies, gradients, costs along lines, likenesses, and a few neurons."""
    valleys = load()
    title = finding(valleys)
    sheet = Sheet(
        title,
        f"Networks of {valleys.shape} neurons that differ in their random first weights alone. "
        "Each dot or thin line is one network, or one pair of networks.",
        7.5,
    )
    draw_accuracies(sheet.panel(LEFT, 0.4, 5.3, 1.25), valleys)
    draw_lines(sheet.panel(LEFT, 2.6, WIDE, 2.1), valleys)
    draw_gradients(sheet.panel(SECOND, 2.6, NARROW, 2.1), valleys)
    draw_neurons(sheet, valleys, 5.55)
    draw_likenesses(sheet.panel(SECOND, 5.55, NARROW, 1.4), valleys)
    caption = f"{measured(valleys)} {compared(valleys)} {verdict(valleys)}"
    return Picture("minima", title, caption, alt(valleys, title), sheet.figure)


def finding(valleys: Valleys) -> str:
    """How good the networks are, with both learning rates."""
    usual, long = valleys.usual, valleys.long
    return (
        f"{len(usual['seed'])} starts, {'different' if valleys.different else 'like'} networks: "
        f"{told(usual)} right at rate {rate(usual)}, {told(long)} at rate {rate(long)}"
    )


def measured(valleys: Valleys) -> str:
    """Accuracies, costs and gradients."""
    usual, long = valleys.usual, valleys.long
    n, accuracy = len(usual["seed"]), usual["test_accuracy"]
    before, after = (float(np.median(usual[f"gradient_{k}"])) for k in ("before", "after"))
    last = float(np.median(long["gradient_after"]))
    unhappy = int((long["never_guessed"] > 0).sum())
    return (
        f"{n} networks with a learning rate of {rate(usual)} falling to 0 end with "
        f"{told(usual)} of the test images read correctly (mean ± standard deviation; from "
        f"{percent(accuracy.min(), 1)} to {percent(accuracy.max(), 1)}) and training costs from "
        f"{significant(usual['train_cost'].min())} to {significant(usual['train_cost'].max())}. "
        f"The ground there is {percent(after / before, 1)} as steep as at the start: the "
        f"gradient's length goes from {significant(before)} to {significant(after)} (medians). "
        f"With a learning rate of {rate(long)}, {len(long['seed'])} of the same starts end with "
        f"{told(long)}, from {percent(long['test_accuracy'].min(), 1)} to "
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


def verdict(valleys: Valleys) -> str:
    """Whether the networks are equally good with both rates, and different."""
    equal = [f"{decimal(spread(t), 1)} points" for t in (valleys.usual, valleys.long)]
    met = sum(valleys.equal) if valleys.different else 0
    return (
        f"Counted as held if the accuracies' standard deviation is at most {EQUAL:g} point with "
        f"both learning rates ({equal[0]} and {equal[1]}), and in part with one, while the "
        f"networks differ (mean cosine below {ALIKE:g}). {(NOT_HELD, PARTLY, HELD)[met]}"
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


def heading(axes: Axes, text: str) -> None:
    """Say above a panel what it shows."""
    axes.annotate(
        text, (0, 1), (0, 8), xycoords="axes fraction", textcoords="offset points", color=INK,
        weight="bold",
    )  # fmt: skip


def apart(heights: list[float], least: float, top: float) -> list[float]:
    """Heights moved as little as needed so that they are ``least`` apart and at most ``top``."""
    order = np.argsort(heights)
    moved = np.array(heights, float)[order]
    for i in range(1, len(moved)):
        moved[i] = max(moved[i], moved[i - 1] + least)
    moved[-1] = min(moved[-1], top)
    for i in range(len(moved) - 2, -1, -1):
        moved[i] = min(moved[i], moved[i + 1] - least)
    places = np.empty_like(moved)
    places[order] = moved
    return [float(y) for y in places]


def draw_accuracies(axes: Axes, valleys: Valleys) -> None:
    """A row of dots for each learning rate; halving the errors always takes the same width."""
    tables = (valleys.usual, valleys.long)
    errors = [np.maximum(1 - t["test_accuracy"], 1e-4) for t in tables]
    least, most = (float(f(np.concatenate(errors))) for f in (np.min, np.max))
    axes.set_xscale("log")
    axes.set_xlim(most * 1.15, least / 1.15)
    for y, (table, error, color) in enumerate(zip(tables, errors, (BLUE, ORANGE), strict=True)):
        across = swarm(np.log(error), float(np.log(most / least) + 0.3) / 55)
        axes.plot(error, y + 0.14 * across, color=color, ls="", marker="o", ms=5, alpha=0.75, mew=0)
        axes.annotate(
            f"{told(table)}\n{plural(len(error), 'network')}", (1, y), (12, 0),
            xycoords=("axes fraction", "data"), textcoords="offset points", color=color,
            va="center", weight="bold", annotation_clip=False,
        )  # fmt: skip
    axes.set_ylim(1.5, -0.75)
    axes.set_yticks([0, 1], [f"rate {rate(t)}" for t in tables])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    inside = [e for e in (0.9, 0.7, *ERRORS) if least / 1.15 <= e <= most * 1.15]
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(inside, [f"{100 - 100 * e:g}" for e in inside])
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("test images read correctly (%)")
    heading(axes, "How good: test accuracy of every network, by learning rate")


def swarm(places: Numbers, least: float) -> Numbers:
    """Shift dots across until none covers another: 0, 1, -1, 2 ... for each, (n,)."""
    across = np.zeros(len(places))
    order = np.argsort(places, kind="stable")
    for position, i in enumerate(order):
        near = [j for j in order[:position] if abs(places[j] - places[i]) < least]
        taken = {across[j] for j in near}
        free = (sign * shift for shift in range(len(places)) for sign in (1, -1))
        across[i] = next(shift for shift in free if shift not in taken)
    return across


def draw_lines(axes: Axes, valleys: Valleys) -> None:
    """Cost from one network to another, as they are and with neurons renamed."""
    c = valleys.comparison
    kinds = [("straight", ORANGE, "as they are")]
    kinds += [("renamed", BLUE, "neurons renamed")] if valleys.hidden else []
    for name, color, words in kinds:
        x = np.linspace(0, 1, c[name].shape[1])
        mean = c[name].mean(axis=0)
        axes.plot(x, c[name].T, color=color, lw=0.6, alpha=0.45)
        axes.plot(x, mean, color=color, lw=2.4)
        top = float(mean.max())
        axes.annotate(
            words, (x[mean.argmax()], top), (0, -14), textcoords="offset points", color=color,
            weight="bold", ha="center", va="top",
            bbox={"fc": "white", "ec": "none", "pad": 1.5, "alpha": 0.8},
        )  # fmt: skip
    same = float(c["same_answer"])
    axes.axhline(same, color=MUTED, lw=1, ls=(0, (3, 3)))
    axes.annotate(
        "one answer to all images", (0, same), (3, 4), textcoords="offset points", color=MUTED,
        size=8.5,
    )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_ylim(0, max(same, float(c["straight"].max())) * 1.15)
    axes.set_xticks([0, 0.5, 1], ["one network", "half of each", "the other"])
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("cost of an image")
    heading(axes, f"What lies between: cost along {plural(len(c['straight']), 'straight line')}")


def draw_gradients(axes: Axes, valleys: Valleys) -> None:
    """Length of the gradient before and after training, on a logarithmic axis."""
    axes.set_yscale("log")
    for table, color in ((valleys.usual, BLUE), (valleys.long, ORANGE)):
        ends = np.maximum(np.stack([table["gradient_before"], table["gradient_after"]]), 1e-12)
        axes.plot([0, 1], ends, color=color, lw=0.8, alpha=0.5, marker="o", ms=3.5, mew=0)
    axes.set_xlim(-0.15, 1.15)
    axes.set_xticks([0, 1], ["before", "after"])
    axes.grid(visible=True, axis="y")
    low, high = np.log10(axes.get_ylim())
    powers = range(int(np.ceil(low)), int(np.floor(high)) + 1)
    axes.set_yticks([10.0**e for e in powers], [f"{10.0**e:g}" for e in powers])
    axes.minorticks_off()
    axes.annotate(
        f"blue: rate {rate(valleys.usual)}\norange: rate {rate(valleys.long)}", (1, 1), (0, -2),
        xycoords="axes fraction", textcoords="offset points", color=MUTED, ha="right", va="top",
        size=8.5,
    )  # fmt: skip
    heading(axes, "How flat: the gradient's length")


def draw_neurons(sheet: Sheet, valleys: Valleys, top: float) -> None:
    """A few neurons of one network above their partners in another, each on its own scale."""
    c = valleys.comparison
    axes = sheet.canvas(MARGIN, 0, SECOND - MARGIN - 0.7, sheet.height - sheet.heading)
    axes.text(
        LEFT - MARGIN, top - 0.08,
        "Best partners in two networks" if valleys.hidden else "The outputs of two networks",
        weight="bold",
    )  # fmt: skip
    count, height, width = c["neurons"].shape[1:]
    side = min(0.56, 0.62 * width / height)
    tall = side * height / width
    for row, (name, images) in enumerate(zip(("one", "other"), c["neurons"], strict=True)):
        y = top + 0.05 + row * (tall + 0.09)
        axes.text(LEFT - MARGIN - 0.08, y + tall / 2, name, color=MUTED, ha="right", va="center")
        for i in range(count):
            x = LEFT - MARGIN + i * (side + 0.07)
            paint(axes, images[i], c["inked"], (x, x + side, y + tall, y))
            if row:
                like = decimal(float(c["alike"][i]))
                axes.text(x + side / 2, y + tall + 0.1, like, ha="center", va="center", size=8.5)
    under = top + 0.05 + 2 * tall + 0.19
    axes.text(LEFT - MARGIN - 0.08, under, "cosine", color=MUTED, ha="right", va="center", size=8.5)
    axes.set_xlim(0, SECOND - MARGIN - 0.7)
    axes.set_ylim(sheet.height - sheet.heading, 0)


def paint(
    axes: Axes, weights: Numbers, inked: Numbers, extent: tuple[float, float, float, float]
) -> None:
    """Weights as an image, on a scale of their own; pixels that are never inked stay grey."""
    limit = float(np.quantile(np.abs(weights[inked]), 0.99)) or 1.0
    axes.add_patch(
        Rectangle(
            (extent[0], extent[3]), extent[1] - extent[0], extent[2] - extent[3], color=FAINT, lw=0
        )
    )
    axes.imshow(
        np.ma.masked_where(~inked, weights), cmap=PULL, vmin=-limit, vmax=limit, extent=extent,
        aspect="auto", interpolation="nearest", zorder=2,
    )  # fmt: skip
    frame(axes, extent[0], extent[3], extent[1] - extent[0], extent[2] - extent[3])


def draw_likenesses(axes: Axes, valleys: Valleys) -> None:
    """Histograms of the mean cosine of partners, in trained and in untrained networks."""
    c = valleys.comparison
    edges = np.linspace(min(0.0, c["trained"].min(), c["untrained"].min()), 1, 41)
    tops = []
    for name, color in (("untrained", UNTRAINED), ("trained", BLUE)):
        shares, _ = np.histogram(c[name], edges, weights=np.full(len(c[name]), 100 / len(c[name])))
        axes.stairs(shares, edges, color=color, fill=True, alpha=0.85)
        tops.append(float(shares.max()))
        axes.annotate(
            f"{name}\n{decimal(float(c[name].mean()))}", (float(c[name].mean()), tops[-1]), (0, 3),
            textcoords="offset points", color=color, ha="center", weight="bold", size=8.5,
        )  # fmt: skip
    axes.set_xlim(min(edges[0], -0.08), 1)
    axes.set_ylim(0, max(tops) * 1.4)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1\nthe same"])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("mean cosine", labelpad=-8)
    heading(axes, f"How alike: {plural(len(c['trained']), 'pair')}")


CLAIM = Claim(
    "minima",
    "A happy local minimum",
    "From a random start, descent finds some valley of the cost; nothing promises that it is the "
    "deepest one. Yet the valleys that these networks find are said to be about equally good.",
    GRADIENT_DESCENT,
    draw,
)
