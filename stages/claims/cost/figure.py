"""How the costs of right and wrong images are distributed, and pictures from each end."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from stages.claims.cost.verdict import ENDS, Costs, money
from stages.claims.shared.axes import panel_title
from stages.common.images.dataset import load_classes
from stages.page.figures.layout import BLUE, GLOW, MARGIN, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.text import plural

LEFT, RIGHT, HIGH = 0.85, 0.35, 2.0  # inches around and along the hills
BINS, LOWEST = 60, 1e-5  # of the axis of costs; what costs less stands at its left end
PLACES = 8  # room for pictures from left to right, two ends in a row
GAP, ABOVE, BELOW = 0.14, 0.3, 0.42  # inches between, above and below pictures
COLORS = (BLUE, BLUE, ORANGE, ORANGE)


def draw(costs: Costs, title: str) -> Figure:
    """Draw both hills above the pictures of the four ends."""
    height, width = (int(n) for n in costs.arrays["image_shape"])
    side = (WIDTH - 2 * MARGIN - (PLACES - 1) * GAP) / PLACES
    most = int(max(np.bincount(costs.arrays["end"], minlength=1)))
    across = min(most, PLACES // 2)
    rows = -(-most // across)
    block = ABOVE + rows * (side * height / width + BELOW) + 0.15
    below = HIGH + 0.95
    sheet = Sheet(
        title,
        f"{plural(len(costs.arrays['costs']), 'test image')} by their cost on the network of the "
        "page, as shares of each kind; the axis is logarithmic. Below, images from each end: what "
        "they are, what they are read as, and the cost.",
        below + 2 * block,
    )
    draw_hills(sheet.panel(LEFT, 0.3, WIDTH - LEFT - RIGHT, HIGH - 0.15), costs)
    canvas = sheet.canvas(MARGIN, below, WIDTH - 2 * MARGIN, 2 * block)
    for end, name in enumerate(ENDS):
        x, y = end % 2 * PLACES // 2 * (side + GAP), end // 2 * block
        canvas.text(x, y + 0.02, name, color=COLORS[end], weight="bold", size=9.5, va="top")
        for place, row in enumerate(np.flatnonzero(costs.arrays["end"] == end)):
            corner = (
                x + place % across * (side + GAP),
                y + ABOVE + place // across * (side * height / width + BELOW),
            )
            draw_image(canvas, costs, int(row), (*corner, side, side * height / width))
    return sheet.figure


def draw_hills(axes: Axes, costs: Costs) -> None:
    """Draw both distributions on a logarithmic axis."""
    values, right = costs.arrays["costs"], costs.arrays["right"]
    high = max(2.0, float(values.max()))
    edges = np.geomspace(LOWEST, high, BINS + 1)
    for group, color, name in ((values[right], BLUE, "right"), (values[~right], ORANGE, "wrong")):
        counts, _ = np.histogram(group.clip(LOWEST, high), edges)
        shares = 100 * counts / max(1, len(group))
        axes.stairs(shares, edges, color=color, fill=True, alpha=0.55)
        peak = int(shares.argmax())
        axes.annotate(
            f"{name} ({len(group):,})", (edges[peak], shares[peak]), (-4, 6), color=color,
            ha="right", textcoords="offset points", weight="bold", annotation_clip=False,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(LOWEST, high * 1.1)
    axes.margins(y=0.2)
    decades = [10.0**e for e in range(-5, 3) if 10.0**e <= high]
    axes.xaxis.set_major_locator(FixedLocator(decades))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda cost, _: f"{cost:.5f}".rstrip("0").rstrip("."))
    axes.set_xlabel("cost of an image")
    axes.set_ylabel("share of its kind (%)")
    panel_title(axes, "cheap images are read rightly, dear ones wrongly")


def draw_image(
    axes: Axes, costs: Costs, row: int, place: tuple[float, float, float, float]
) -> None:
    """One image; below it what it is, what it is read as, and its cost."""
    x, y, width, height = place
    arrays = costs.arrays
    axes.imshow(
        arrays["images"][row].reshape(arrays["image_shape"]), cmap=GLOW, vmin=0, vmax=255,
        extent=(x, x + width, y + height, y), aspect="auto", interpolation="nearest",
    )  # fmt: skip
    label, guess = int(arrays["labels"][row]), int(arrays["guesses"][row])
    names = load_classes(int(arrays["classes"]))
    said = names.brief(label) if label == guess else f"{names.brief(label)} as {names.brief(guess)}"
    axes.text(x, y + height + 0.13, said, size=8.5, weight="bold", va="center",
              color=BLUE if label == guess else ORANGE)  # fmt: skip
    cost = money(float(arrays["costs"][arrays["chosen"][row]]))
    axes.text(x, y + height + 0.29, cost, size=8, color=MUTED, va="center")
