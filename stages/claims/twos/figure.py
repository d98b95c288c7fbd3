"""The share of images that networks call the digit, step by step, once they see nothing else."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from stages.claims.shared.axes import HALO
from stages.claims.twos.verdict import Shares
from stages.common.files.arrays import Floats
from stages.common.images.classes import BRIEF
from stages.page.figures.layout import BLUE, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.text import plural

LEFT, RIGHT, HEIGHT = 0.85, 1.85, 3.3  # inches beside the panel, and its height
HIGHEST = 103  # percent, the top of the axis
ZERO = 0.5  # where a logarithmic axis of steps has its step 0
PALE = "#aab4c0"


def draw(shares: Shares, title: str) -> Figure:
    """Draw what trained networks and random weights call the digit, and what is still read."""
    sheet = Sheet(
        title,
        f"Every mini-batch shows {shares.digits} only. Bold: means of "
        f"{plural(shares.networks, 'network')}, thin: each of them; grey, of the trained ones, how "
        "many images of each other class are called so.",
        HEIGHT + 0.75,
    )
    axes = sheet.panel(LEFT, 0.15, WIDTH - LEFT - RIGHT, HEIGHT)
    x = np.maximum(shares.steps, ZERO)
    for label in shares.others():
        axes.plot(x, 100 * shares.mean("trained", f"called_{label}"), color=PALE, lw=0.9)
    draw_curves(axes, shares, x)
    axes.set_xscale("log")
    axes.set_ylim(0, HIGHEST)
    axes.set_xlim(ZERO, max(x[-1], 1))
    powers = [10.0**e for e in range(7) if 10.0**e <= shares.steps[-1]]
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([ZERO, *powers], ["0", *(f"{p:,.0f}" for p in powers)])
    axes.set_yticks(range(0, 101, 20))
    axes.grid(visible=True, axis="y")
    axes.set_xlabel("step (each power of ten takes the same width)")
    axes.set_ylabel("test images (%)")
    name_classes(axes, shares)
    return sheet.figure


def draw_curves(axes: Axes, shares: Shares, x: Floats) -> None:
    """Draw the three bold curves, and say at the right what they are."""
    kinds = [
        ("untrained", "called", BLUE, "--", f"called {shares.a_digit},\nfrom random weights", 0.97),
        ("trained", "called", BLUE, "-", f"called {shares.a_digit},\ntrained before", 0.8),
        ("trained", "accuracy", ORANGE, "-", "read correctly,\ntrained before", 0.13),
    ]
    for start, name, color, style, words, height in kinds:
        if start == "trained":
            axes.plot(x, 100 * shares.shares[start, name].T, color=color, lw=0.6, alpha=0.35)
        mean = 100 * shares.mean(start, name)
        axes.plot(x, mean, color=color, lw=2.2, ls=style, clip_on=False, zorder=3)
        axes.annotate(
            words, (x[-1], mean[-1]), (1.03, height), textcoords="axes fraction", color=color,
            weight="bold", va="center", size=9, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": color, "lw": 0.6, "shrinkA": 1, "shrinkB": 2},
        )  # fmt: skip


def name_classes(axes: Axes, shares: Shares) -> None:
    """Name the classes that are given up first and last, where they are farthest apart."""
    others = shares.others()
    if len(others) < 2:
        return
    first, last = (100 * shares.mean("trained", f"called_{n}") for n in (others[0], others[-1]))
    place = int(np.argmax(first - last))
    x = max(float(shares.steps[place]), ZERO)
    for label, curve in ((others[0], first), (others[-1], last)):
        words = axes.annotate(
            ending(shares, label), (x, curve[place]), (4, -4), textcoords="offset points",
            color=MUTED, size=9, weight="bold", va="top",
        )  # fmt: skip
        words.set_path_effects([HALO])


def ending(shares: Shares, label: int) -> str:
    """What stands at a class's curve: 3s, class A, Coat."""
    if shares.names.noun == "digit":
        return shares.many(label)
    return shares.names[label] if shares.names.longest > BRIEF else f"class {shares.names[label]}"
