"""How a step changes each weight, against what the neurons at its two ends do."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from stages.claims.shared.claim import BACKPROPAGATION, HELD, NOT_HELD, PARTLY, Claim
from stages.common.files.arrays import load_arrays
from stages.common.files.paths import claim_arrays, claim_table
from stages.common.files.tables import read_table
from stages.common.images.classes import load_classes
from stages.page.figures.layout import (
    BLUE,
    FAINT,
    INK,
    MARGIN,
    MUTED,
    ORANGE,
    WIDTH,
    Picture,
    Sheet,
)
from stages.page.figures.results import load_input
from stages.page.figures.text import MINUS, TIMES, decimal, percent, plural, significant

HEBB, POINTS = claim_table("hebb"), claim_arrays("hebb")
TEXTS = ("network", "examples", "group")
SCORES = ("correlation_fire", "agree_fire", "correlation_wish", "agree_wish")
COLUMNS = ("network", "examples", "layer", "group", "weights", "largest_change", *SCORES)
NETWORKS = ("untrained", "trained")
THRESHOLDS = {"correlation": 0.5, "agree": 0.75}  # from both on a rule is counted as right

# Inches.
LEFT, PANEL, GAP = 0.95, 3.2, 0.6  # before the first scatter, its width, and between two
FIRST, WORDS, TALL, BELOW = 0.42, 0.46, 1.35, 0.36  # above all; above, of, and below a scatter
ROW, HEAD = 0.205, 0.86  # of the table: a row, and what is above the first
EXAMPLES, BARS, BAR, BETWEEN = 2.05, 2.95, 0.96, 0.24  # of the table: where columns start

GUESSES = {
    "fire": "Fire together: product of both activations",
    "wish": f"Fire and be wanted: activation {TIMES} wish",
}
SCALES = {
    "correlation": (-1.0, 1.0, ["\N{MINUS SIGN}1", "0", "1"]),
    "agree": (0.0, 1.0, ["0", "50", "100"]),
}
HEADINGS = {"correlation": "correlation", "agree": "signs agree (%)"}
NAMES = {"true": "true: ", "others": "others: ", "all": "all: "}
COLORS = {"true": BLUE, "others": ORANGE, "all": INK}


class Key(NamedTuple):
    """Which weights: see the stage ``hebb``."""

    network: str
    examples: str
    layer: int
    group: str


@dataclass(frozen=True)
class Found:
    """The table's scores by group of weights, and the points."""

    scores: dict[Key, dict[str, float]]
    arrays: dict[str, NDArray[Any]]
    input: str  # what the network is given for each of its inputs

    @property
    def layers(self) -> int:
        """How many layers of weights there are."""
        return len(self.arrays["sizes"]) - 1

    @property
    def images(self) -> int:
        """Images in the mini-batch."""
        return int(self.arrays["images"])

    @property
    def batch(self) -> str:
        """The mini-batch, in words."""
        return f"a mini-batch of {self.images:,}"

    @property
    def digit(self) -> str:
        """What the single image shows, in words."""
        names = load_classes(int(self.arrays["sizes"][-1]))
        return names.one(int(self.arrays["digit"]))

    def points(self, key: Key, name: str) -> NDArray[np.float32]:
        """``change``, ``fire`` or ``wish`` of single weights of a group."""
        return self.arrays["_".join([*map(str, key), name])]

    def joint(self, layer: int) -> str:
        """Which layers some weights join."""
        return (
            f"hidden layer {layer} to {layer + 1}" if layer else f"{self.input}s to hidden layer 1"
        )

    def of(self, key: Key) -> str:
        """The weights of a group, in words."""
        names = {"true": "into the true output", "others": "into the other outputs"}
        return names.get(key.group) or self.joint(key.layer)


def load() -> Found:
    """Read what the stage wrote."""
    table, arrays = read_table(HEBB, COLUMNS, TEXTS), load_arrays(POINTS)
    scores = {}
    for row in range(len(table["layer"])):
        network, examples, group = (str(table[name][row]) for name in TEXTS)
        key = Key(network, examples, int(table["layer"][row]), group)
        scores[key] = {name: float(table[name][row]) for name in ("weights", *SCORES)}
    return Found(scores, arrays, load_input())


def draw() -> Picture:
    """Draw the weights one by one for the untrained network, and a table of all the scores."""
    found = load()
    title, rows, keys = finding(found), scatters(found), tabled(found)
    step = WORDS + TALL + BELOW
    table = FIRST + step * len(rows)
    body = table + HEAD + ROW * len(keys) + 0.35
    sheet = Sheet(
        title,
        "Each dot is a weight of the untrained network: how one step of gradient descent changes "
        "it, against what the neurons at its two ends do. Numbers: correlation, and share of signs "
        "that agree.",
        body,
    )
    words = sheet.canvas(MARGIN, 0, WIDTH - 2 * MARGIN, body)
    panels = []
    for column, (guess, heading) in enumerate(GUESSES.items()):
        left = LEFT + column * (PANEL + GAP)
        words.text(left - MARGIN, 0.2, heading, size=10, weight="bold")
        for row, (_, groups) in enumerate(rows):
            top = FIRST + row * step
            draw_scores(words, left - MARGIN, top + 0.36, found, groups, guess)
            axes = sheet.panel(left, top + WORDS, PANEL, TALL)
            axes.set_ylabel("" if column else "change of weight", size=8)
            draw_points(axes, found, groups, guess)
            panels.append(axes)
    for row, (name, _) in enumerate(rows):
        words.text(0, FIRST + row * step + 0.14, name, size=9.5)
    sheet.figure.align_ylabels(panels[: len(rows)])
    draw_table(sheet, words, found, keys, table)
    return Picture("hebb", title, caption(found, keys), alt(found, title), sheet.figure)


def scatters(found: Found) -> list[tuple[str, list[Key]]]:
    """The rows of scatters: their names, and the groups of weights in them."""
    last, one, batch = found.layers - 1, f"One image of {found.digit}", found.batch.capitalize()
    rows = [
        (f"{words}: weights into the true output and into the others", keys(last, examples))
        for examples, words in (("one", one), ("batch", batch))
    ]
    if last > 0:
        hidden = [Key("untrained", "batch", last - 1, "all")]
        rows.append((f"{batch}: weights from {found.joint(last - 1)}", hidden))
    return rows


def keys(last: int, examples: str) -> list[Key]:
    """The two kinds of weights into the outputs."""
    return [Key("untrained", examples, last, group) for group in ("true", "others")]


def tabled(found: Found) -> list[Key]:
    """The rows of the table, with the untrained network's keys: outputs first, then backwards."""
    last = found.layers - 1
    groups = [(last, "true"), (last, "others")]
    groups += [(layer, "all") for layer in sorted({*range(last)} & {last - 1, 0}, reverse=True)]
    return [
        Key("untrained", examples, layer, group)
        for layer, group in groups
        for examples in ("one", "batch")
    ]


def draw_scores(
    words: Axes, x: float, y: float, found: Found, groups: list[Key], guess: str
) -> None:
    """Write correlation and agreement of signs above a scatter, in the colours of the dots."""
    for place, key in enumerate(groups):
        score = found.scores[key]
        share = percent(score[f"agree_{guess}"], 0)
        text = f"{NAMES[key.group]}{decimal(score[f'correlation_{guess}'])}, signs {share}"
        color = COLORS[key.group]
        words.text(x + place * PANEL * 0.5, y, text, size=7.5, color=color, weight="bold")


def draw_points(axes: Axes, found: Found, groups: list[Key], guess: str) -> None:
    """Draw weights one by one; both scatters of a row have the same upright scale."""
    axes.axhline(0, color="#9aa5b3", lw=0.8, zorder=1)
    axes.axvline(0, color="#9aa5b3", lw=0.8, zorder=1)
    for key in groups:
        axes.scatter(
            found.points(key, guess), found.points(key, "change"), s=9, color=COLORS[key.group],
            alpha=0.55, linewidths=0, zorder=2,
        )  # fmt: skip
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.grid(visible=True)
    axes.locator_params(nbins=4)
    axes.tick_params(length=0, labelsize=7.5)
    axes.margins(0.06, 0.12)


def draw_table(sheet: Sheet, words: Axes, found: Found, keys: list[Key], top: float) -> None:
    """Draw both rules' scores: before training on the left, after it on the right."""
    first = top + HEAD
    words.text(0, top + 0.2, "Both rules, for more weights", size=10, weight="bold")
    words.text(0, top + 0.42, "\N{BLACK CIRCLE} fire together", size=8.5, color=INK)
    words.text(1.1, top + 0.42, "\N{WHITE CIRCLE} fire and be wanted", size=8.5, color=BLUE)
    for row, key in enumerate(keys):
        y = first + (row + 0.5) * ROW
        examples = "one image" if key.examples == "one" else f"{found.images:,} images"
        words.text(EXAMPLES, y, examples, size=8, color=MUTED, va="center_baseline")
        if key.examples == "one":
            words.text(0, y, found.of(key), size=8.5, va="center_baseline")
            words.plot([0, WIDTH - 2 * MARGIN], [first + row * ROW] * 2, color=FAINT, lw=0.7)
    for column, (network, score) in enumerate(
        (network, score) for network in ("untrained", "trained") for score in SCALES
    ):
        left = BARS + column * (BAR + BETWEEN) + 0.1 * (network == "trained")
        if score == "correlation":
            words.text(left, top + 0.42, f"{network} network", size=8.5, weight="bold")
        words.text(left, top + 0.62, HEADINGS[score], size=8, color=MUTED)
        axes = sheet.panel(MARGIN + left, first, BAR, ROW * len(keys))
        own = [key._replace(network=network) for key in keys]
        draw_pairs(axes, [found.scores[key] for key in own], score)


def draw_pairs(axes: Axes, rows: list[dict[str, float]], score: str) -> None:
    """Draw a row of the table: a dot for one rule, and a ring for the other."""
    low, high, ticks = SCALES[score]
    for row, scores in enumerate(rows):
        fire, wish = scores[f"{score}_fire"], scores[f"{score}_wish"]
        axes.plot([fire, wish], [row, row], color="#c3cad3", lw=1.6, zorder=2, clip_on=False)
        axes.plot(fire, row, "o", ms=4.6, color=INK, zorder=3, clip_on=False)
        axes.plot(wish, row, "o", ms=5.6, mfc="none", mec=BLUE, mew=1.4, zorder=4, clip_on=False)
    axes.axvline(THRESHOLDS[score], color=MUTED, lw=0.8, ls=(0, (1, 2)))
    axes.set_xlim(low, high)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks([])
    axes.patch.set_visible(False)
    axes.set_xticks(np.linspace(low, high, 3), ticks)
    axes.tick_params(length=0, labelsize=7.5)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.grid(visible=True, axis="x")


def finding(found: Found) -> str:
    """How far the signs agree, in the outputs' two kinds of weights."""
    shares = [
        percent(found.scores[key]["agree_fire"], 0) for key in keys(found.layers - 1, "batch")
    ]
    return (
        f"Fire together, wire together: right in sign for {shares[0]} of the weights into the "
        f"true output, for {shares[1]} into the others"
    )


def caption(found: Found, rows: list[Key]) -> str:
    """What the step goes by, and how often either rule is right."""
    last, rate = found.layers - 1, significant(float(found.arrays["learning_rate"]))
    one, batch = keys(last, "one"), keys(last, "batch")
    words = (
        "Correlation of the change of a weight with the product of the activations at its two "
        "ends, with the share of signs that agree in brackets, in the untrained network. One image "
        f"of {found.digit}, a step of learning rate {rate}: {result(found, one[0])} for the "
        f"weights into the true output, {result(found, one[1])} into the others. Over "
        f"{found.batch}, where each image has its own true output: {result(found, batch[0])} and "
        f"{result(found, batch[1])}."
    )
    if last > 0:
        inner = Key("untrained", "batch", last - 1, "all")
        words += f" From {found.joint(last - 1)}: {result(found, inner)}."
    return " ".join([words, rule(found), *thinned(found), verdict(found, rows)])


def rule(found: Found) -> str:
    """What the step goes by instead."""
    wanted = [
        decimal(found.scores[key]["correlation_wish"]) for key in keys(found.layers - 1, "batch")
    ]
    return (
        "So the rule about brains is a loose analogy, no more: the step multiplies the activation "
        f"before by how the neuron after ought to move (its wish, {MINUS}dC/da, times how far it "
        "still can), not by whether it fires. With the wish in place of the second activation the "
        f"correlations over the mini-batch are {wanted[0]} and {wanted[1]}."
    )


def result(found: Found, key: Key) -> str:
    """Correlation with the product of the activations, and share of signs that agree."""
    score = found.scores[key]
    return f"{decimal(score['correlation_fire'])} ({percent(score['agree_fire'], 0)})"


def thinned(found: Found) -> list[str]:
    """A sentence if not every weight has a dot."""
    drawn = [key for _, groups in scatters(found) for key in groups]
    if all(len(found.points(key, "fire")) == found.scores[key]["weights"] for key in drawn):
        return []
    return ["Of large layers, only every so many weights are drawn."]


def holds(found: Found, row: Key, network: str, rule: str) -> bool:
    """Whether a rule describes some weights."""
    score = found.scores[row._replace(network=network)]
    strong, agrees = (score[f"{name}_{rule}"] >= THRESHOLDS[name] for name in SCALES)
    return strong and agrees


def verdict(found: Found, rows: list[Key]) -> str:
    """How many rows of the table each rule describes, in both networks; all, some or none."""
    counts = {
        rule: sum(holds(found, row, network, rule) for row in rows for network in NETWORKS)
        for rule in GUESSES
    }
    total = len(rows) * len(NETWORKS)
    word = {0: NOT_HELD, total: HELD}.get(counts["fire"], PARTLY)
    return (
        f"A rule is counted as right where its correlation is at least "
        f"{decimal(THRESHOLDS['correlation'], 1)} and at least "
        f"{percent(THRESHOLDS['agree'], 0)} of the signs agree (dotted lines): firing together is "
        f"in {counts['fire']} of {plural(total, 'case')}, firing and being wanted in "
        f"{counts['wish']}. {word}"
    )


def alt(found: Found, title: str) -> str:
    """The finding, and what takes the place of the rule."""
    true, others = (found.scores[key] for key in keys(found.layers - 1, "batch"))
    return (
        f"{title}. Scatter plots of the change of each weight: against the product of both "
        f"activations, with correlations of {decimal(true['correlation_fire'])} and "
        f"{decimal(others['correlation_fire'])}; against activation times wish, with "
        f"{decimal(true['correlation_wish'])} and {decimal(others['correlation_wish'])}."
    )


CLAIM = Claim(
    "hebb",
    "Fire together, wire together",
    "The weights that grow most are those between neurons that shine and neurons that we wish to "
    "shine more. That recalls a rule about brains, that neurons which fire together wire "
    "together: an analogy which the lecture itself calls loose.",
    BACKPROPAGATION,
    draw,
)
