"""How a step is shared out: a bar for each time of training."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from stages.claims.avenues.verdict import BIASES, FIRST, Look, Looks, name
from stages.claims.shared.axes import GREY, ORDER
from stages.page.figures.layout import BLUE, INK, WIDTH, Sheet
from stages.page.figures.text import percent, plural

LEFT, RIGHT, ROW, BAR = 2.6, 0.5, 0.68, 0.62  # inches beside the bars and between them; a share
LEAST = 0.07  # share from which a number fits into its part of a bar


def draw(looks: Looks, title: str) -> Figure:
    """Draw a bar for each look at the siblings, and one for the page's network at its end."""
    bars = [*looks.siblings, looks.page[-1]]
    sheet = Sheet(
        title,
        "Each bar is one step down the slope: which share of its squared length changes which "
        f"weights. The mean of {plural(looks.networks, 'network')}; below, the network on the "
        "page.",
        len(bars) * ROW + 1.1,
    )
    axes = sheet.panel(LEFT, 0.4, WIDTH - LEFT - RIGHT, len(bars) * ROW)
    axes.set_xlim(0, 100)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    colour = colours([*bars[0].shares])
    for row, look in enumerate(bars):
        draw_bar(axes, row, look, colour)
    axes.set_yticks(range(len(bars)), [name(look) for look in bars], size=9.5, color=INK)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("share of the step's squared length (%)")
    name_parts(axes, bars[0], colour)
    return sheet.figure


def colours(parts: list[str]) -> dict[str, str]:
    """Blue for the first layer's weights, to orange for the last one's; grey for the biases."""
    layers = [part for part in parts if part != BIASES]
    steps = np.linspace(1, 0, len(layers)) if len(layers) > 1 else [1.0]
    return {**{p: to_hex(ORDER(s)) for p, s in zip(layers, steps, strict=True)}, BIASES: GREY}


def draw_bar(axes: Axes, row: int, look: Look, colour: dict[str, str]) -> None:
    """Draw one bar, the first layer at its left, with the shares that fit."""
    left = 0.0
    for part, shares in look.shares.items():
        share = float(shares.mean())
        axes.barh(row, 100 * share, left=100 * left, height=BAR, color=colour[part], ec="white")
        if share >= LEAST:
            axes.text(
                100 * (left + share / 2), row, percent(share, 0), ha="center", va="center",
                color="white", weight="bold" if part == FIRST else "normal", size=9.5,
            )  # fmt: skip
        left += share


def name_parts(axes: Axes, look: Look, colour: dict[str, str]) -> None:
    """Name the first layer, the last one and the biases above the first bar, from left to right."""
    layers = [part for part in look.shares if part != BIASES]
    named = [("first layer's weights", BLUE)]
    if len(layers) > 2:
        named.append(("middle layers'", colour[layers[1]]))
    if len(layers) > 1:
        named.append(("last layer's", colour[layers[-1]]))
    named.append(("biases", GREY))
    for place, (text, color) in zip((0, 34, 58, 82), named, strict=False):
        axes.text(place, -0.52, text, color=color, weight="bold", size=9.5, va="bottom")
