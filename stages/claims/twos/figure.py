"""The shares of images called the digit step by step, from random weights and trained ones."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from stages.claims.shared.axes import HALO, move_apart, panel_title
from stages.claims.shared.networks import NETWORKS
from stages.claims.twos.verdict import NAMES, Shares
from stages.common.images.classes import BRIEF
from stages.page.figures.layout import BLUE, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.text import plural

LEFT, RIGHT, BETWEEN, HEIGHT = 0.85, 1.0, 0.5, 3.0  # inches beside, between and of the panels
HIGHEST = 103  # percent, the top of the axes
ZERO = 0.5  # where a logarithmic axis of steps has its step 0
MOST = 12  # classes up to which each curve is named
LINE = 0.047  # of the panel's height from one name to the next


def draw(shares: Shares, title: str) -> Figure:
    """Draw the shares step by step, from random weights and from the trained network."""
    sheet = Sheet(
        title,
        f"Every mini-batch shows {shares.digits} only. Thin lines are the "
        f"{plural(shares.seeds, 'seed')}, bold ones their mean; grey, for each other class, the "
        "share of its images that is called so.",
        HEIGHT + 0.95,
    )
    width = (WIDTH - LEFT - RIGHT - BETWEEN) / 2
    for column, start in enumerate(NETWORKS):
        axes = sheet.panel(LEFT + column * (width + BETWEEN), 0.35, width, HEIGHT)
        draw_start(axes, shares, start)
        if column == 0:
            axes.set_ylabel("test images (%)")
    name_classes(axes, shares)
    return sheet.figure


def draw_start(axes: Axes, shares: Shares, start: str) -> None:
    """Draw one start: every seed, the means, and the other classes behind them."""
    x = np.maximum(shares.steps, ZERO)
    axes.set_xscale("log")
    if start == "trained":
        for label in shares.others():
            axes.plot(x, 100 * shares.mean(start, f"called_{label}"), color="#b9c2cd", lw=0.8)
    for name, color in (("called", BLUE), ("accuracy", ORANGE)):
        axes.plot(x, 100 * shares.shares[start, name].T, color=color, lw=0.7, alpha=0.45)
        axes.plot(x, 100 * shares.mean(start, name), color=color, lw=2.2, clip_on=False, zorder=3)
    axes.set_ylim(0, HIGHEST)
    axes.set_xlim(ZERO, max(x[-1], 1))
    powers = [10.0**e for e in range(7) if 10.0**e <= shares.steps[-1]]
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([ZERO, *powers], ["0", *(f"{p:,.0f}" for p in powers)])
    axes.set_yticks(range(0, 101, 20))
    axes.grid(visible=True, axis="y")
    axes.set_xlabel("step")
    panel_title(axes, NAMES[start])
    name_means(axes, shares, start)


def name_means(axes: Axes, shares: Shares, start: str) -> None:
    """Write the bold curves' names where the two are farthest apart."""
    means = {name: 100 * shares.mean(start, name) for name in ("called", "accuracy")}
    middle = len(shares.steps) // 2 if start == "untrained" else min(3, len(shares.steps) - 1)
    for name, text, color in (
        ("called", f"called {shares.a_digit}", BLUE),
        ("accuracy", "read correctly", ORANGE),
    ):
        above = means[name][middle] < 90
        words = axes.annotate(
            text,
            (max(shares.steps[middle], ZERO), means[name][middle]),
            (0, 6 if above else -7),
            textcoords="offset points",
            color=color,
            weight="bold",
            ha="center",
            va="bottom" if above else "top",
        )
        words.set_path_effects([HALO])


def name_classes(axes: Axes, shares: Shares) -> None:
    """Name the grey curves at their right ends, far enough apart to be read."""
    others = shares.others()
    if len(others) > MOST:
        others = [others[0], others[-1]]
    ends = [shares.mean("trained", f"called_{label}")[-1] for label in others]
    places = move_apart([100 * end / HIGHEST for end in ends], LINE, low=0, high=1)
    for label, end, place in zip(others, ends, places, strict=True):
        axes.annotate(
            ending(shares, label),
            (axes.get_xlim()[1], 100 * end),
            (1.05, place),
            textcoords="axes fraction",
            size=8.5,
            color=MUTED,
            va="center",
            arrowprops={"arrowstyle": "-", "color": "#b9c2cd", "lw": 0.6, "shrinkB": 1},
            annotation_clip=False,
        )


def ending(shares: Shares, label: int) -> str:
    """What stands at the end of a class's curve: 3s, class A, Coat."""
    if shares.names.noun == "digit":
        return shares.many(label)
    return shares.names[label] if shares.names.longest > BRIEF else f"class {shares.names[label]}"
