"""Test accuracy by share of wrong labels, a dot a network, and what was learnt of them."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from stages.claims.shared.axes import panel_title
from stages.claims.wrong_labels.verdict import Ladder
from stages.common.files.arrays import Floats
from stages.page.figures.layout import BLUE, MUTED, ORANGE, Sheet
from stages.page.figures.text import percent

LEFT, WIDE, BETWEEN, HIGH = 0.85, 3.1, 0.95, 2.5  # inches


def draw(ladder: Ladder, title: str) -> Figure:
    """Draw what networks read, and beside it what they have learnt of the wrong labels."""
    sheet = Sheet(
        title,
        "A dot is one network, the line joins the means. Left: new images; dashed, what right "
        "labels give. Right: the wrongly labelled images on which the network gives the wrong "
        "label back.",
        HIGH + 0.85,
    )
    shares = np.array([100 * rung.share for rung in ladder.rungs])
    read, learnt = (sheet.panel(LEFT + k * (WIDE + BETWEEN), 0.3, WIDE, HIGH) for k in (0, 1))
    draw_curve(read, shares, [100 * rung.accuracies for rung in ladder.rungs], BLUE)
    first = 100 * float(ladder.rungs[0].accuracies.mean())
    read.axhline(first, color=MUTED, lw=1, ls=(0, (3, 3)))
    panel_title(read, "test images read (%)")
    draw_curve(learnt, shares[1:], [100 * rung.learnt for rung in ladder.rungs[1:]], ORANGE)
    learnt.set_ylim(0, 100)
    panel_title(learnt, "wrong labels learnt (%)")
    return sheet.figure


def draw_curve(axes: Axes, shares: Floats, values: list[Floats], color: str) -> None:
    """Draw every network and the means, with the number at both ends."""
    means = [float(each.mean()) for each in values]
    for x, each in zip(shares, values, strict=True):
        axes.plot(np.full(len(each), x), each, "o", color=color, ms=4.5, alpha=0.4, mew=0)
    axes.plot(shares, means, color=color, lw=1.8)
    ends = {0: ((0, 9), "center"), len(means) - 1: ((9, 0), "left")} if means else {}
    for at, (offset, side) in ends.items():
        axes.annotate(
            percent(means[at] / 100, 1), (shares[at], means[at]), offset, ha=side, va="center",
            textcoords="offset points", weight="bold", color=color, annotation_clip=False,
        )  # fmt: skip
    axes.margins(x=0.12, y=0.2)
    axes.set_xticks(shares, [f"{share:.3g}" for share in shares])
    axes.grid(visible=True, axis="y")
    axes.set_xlabel("wrong labels (%)")
