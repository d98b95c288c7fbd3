"""Weights one by one for the untrained network, and a table of the scores of both rules."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.claims.hebb.verdict import RULES, THRESHOLDS, Key, Weights
from stages.claims.shared.networks import NETWORKS
from stages.page.figures.layout import BLUE, FAINT, INK, MARGIN, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.text import MINUS, TIMES, decimal, percent

# Inches.
LEFT, PANEL, GAP = 0.95, 3.2, 0.6  # before the first scatter, its width, and between two
FIRST, WORDS, TALL, BELOW = 0.42, 0.46, 1.35, 0.36  # above all; above, of, and below a scatter
ROW, HEAD = 0.205, 0.86  # of the table: a row, and what is above the first
EXAMPLES, BARS, BAR, BETWEEN = 2.05, 2.95, 0.96, 0.24  # of the table: where columns start

HEADINGS = dict(
    zip(
        RULES,
        (
            "Fire together: product of both activations",
            f"Fire and be wanted: activation {TIMES} wish",
        ),
        strict=True,
    )
)
SCALES = {
    "correlation": (-1.0, 1.0, [f"{MINUS}1", "0", "1"]),
    "agree": (0.0, 1.0, ["0", "50", "100"]),
}
COLUMNS = {"correlation": "correlation", "agree": "signs agree (%)"}
NAMES = {"true": "true: ", "others": "others: ", "all": "all: "}
COLORS = {"true": BLUE, "others": ORANGE, "all": INK}


def draw(weights: Weights, title: str) -> Figure:
    """Draw the weights one by one for the untrained network, and a table of all the scores."""
    rows, keys = weights.scatters(), weights.tabled()
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
    for column, (rule, heading) in enumerate(HEADINGS.items()):
        left = LEFT + column * (PANEL + GAP)
        words.text(left - MARGIN, 0.2, heading, size=10, weight="bold")
        for row, (_, groups) in enumerate(rows):
            top = FIRST + row * step
            draw_scores(words, left - MARGIN, top + 0.36, weights, groups, rule)
            axes = sheet.panel(left, top + WORDS, PANEL, TALL)
            axes.set_ylabel("" if column else "change of weight", size=8)
            draw_points(axes, weights, groups, rule)
            panels.append(axes)
    for row, (name, _) in enumerate(rows):
        words.text(0, FIRST + row * step + 0.14, name, size=9.5)
    sheet.figure.align_ylabels(panels[: len(rows)])
    draw_table(sheet, words, weights, keys, table)
    return sheet.figure


def draw_scores(
    words: Axes, x: float, y: float, weights: Weights, groups: list[Key], rule: str
) -> None:
    """Write correlation and agreement of signs above a scatter, in the colours of the dots."""
    for place, key in enumerate(groups):
        score = weights.scores[key]
        share = percent(score[f"agree_{rule}"], 0)
        text = f"{NAMES[key.group]}{decimal(score[f'correlation_{rule}'])}, signs {share}"
        color = COLORS[key.group]
        words.text(x + place * PANEL * 0.5, y, text, size=7.5, color=color, weight="bold")


def draw_points(axes: Axes, weights: Weights, groups: list[Key], rule: str) -> None:
    """Draw weights one by one; both scatters of a row have the same upright scale."""
    axes.axhline(0, color="#9aa5b3", lw=0.8, zorder=1)
    axes.axvline(0, color="#9aa5b3", lw=0.8, zorder=1)
    for key in groups:
        axes.scatter(
            weights.points(key, rule), weights.points(key, "change"), s=9, color=COLORS[key.group],
            alpha=0.55, linewidths=0, zorder=2,
        )  # fmt: skip
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.grid(visible=True)
    axes.locator_params(nbins=4)
    axes.tick_params(length=0, labelsize=7.5)
    axes.margins(0.06, 0.12)


def draw_table(sheet: Sheet, words: Axes, weights: Weights, keys: list[Key], top: float) -> None:
    """Draw both rules' scores: before training on the left, after it on the right."""
    first = top + HEAD
    words.text(0, top + 0.2, "Both rules, for more weights", size=10, weight="bold")
    words.text(0, top + 0.42, "\N{BLACK CIRCLE} fire together", size=8.5, color=INK)
    words.text(1.1, top + 0.42, "\N{WHITE CIRCLE} fire and be wanted", size=8.5, color=BLUE)
    for row, key in enumerate(keys):
        y = first + (row + 0.5) * ROW
        examples = "one image" if key.examples == "one" else f"{weights.images:,} images"
        words.text(EXAMPLES, y, examples, size=8, color=MUTED, va="center_baseline")
        if key.examples == "one":
            words.text(0, y, weights.of(key), size=8.5, va="center_baseline")
            words.plot([0, WIDTH - 2 * MARGIN], [first + row * ROW] * 2, color=FAINT, lw=0.7)
    for column, (network, score) in enumerate(
        (network, score) for network in NETWORKS for score in SCALES
    ):
        left = BARS + column * (BAR + BETWEEN) + 0.1 * (network == "trained")
        if score == "correlation":
            words.text(left, top + 0.42, f"{network} network", size=8.5, weight="bold")
        words.text(left, top + 0.62, COLUMNS[score], size=8, color=MUTED)
        axes = sheet.panel(MARGIN + left, first, BAR, ROW * len(keys))
        scores = [weights.scores[key._replace(network=network)] for key in keys]
        draw_pairs(axes, scores, score)


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
