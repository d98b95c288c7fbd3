"""Accuracy by guesses, the retrained networks, and images that two guesses miss."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from stages.claims.second_guess.verdict import GOAL, KINDS, Guesses
from stages.claims.shared.axes import panel_title
from stages.page.figures import learning
from stages.page.figures.layout import BLUE, GLOW, MARGIN, MUTED, ORANGE, WIDTH, Sheet
from stages.page.figures.mistakes import draw_bar, name_tile
from stages.page.figures.text import percent

NAMES = dict(zip(KINDS, ("one\nlabel", "spread\nevenly", "second\nlabel"), strict=True))
LEFT, TOP, HEIGHT = 0.95, 0.3, 2.35  # inches: of the curve, and of all panels above the pictures
TILES, GAP, ABOVE, BELOW = 8, 0.2, 0.24, 0.82  # to a row; inches between, above, below them
RANK = 0.43  # inches for the rank of the right guess, above an image
ERRORS = (*learning.ERRORS, 1e-5)


def draw(guesses: Guesses, title: str) -> Figure:
    """Draw accuracy by guesses, the retrained networks, and digits that two guesses miss."""
    height, width = (int(n) for n in guesses.arrays["image_shape"])
    side = (WIDTH - 2 * MARGIN - (TILES - 1) * GAP) / TILES
    shown = len(guesses.arrays["labels"])
    step = ABOVE + side * height / width + BELOW
    rows = -(-shown // TILES)
    start = TOP + HEIGHT + 1.0
    sheet = Sheet(
        title,
        "Left: the trained network; accuracy is spaced so that halving the errors always takes the "
        "same height. Right: trained on with three kinds of targets, a line for each run.",
        start + rows * step,
    )
    draw_guesses(sheet.panel(LEFT, TOP, 3.3, HEIGHT), guesses)
    for column, count in enumerate((1, 2)):
        axes = sheet.panel(4.92 + 1.85 * column, TOP, 1.31, HEIGHT)
        draw_kinds(axes, guesses, count)
    if shown:
        axes = sheet.canvas(MARGIN, start, WIDTH - 2 * MARGIN, rows * step)
        axes.text(0, -0.1, shown_images(guesses), weight="bold", va="bottom")
        for place in range(shown):
            x, y = place % TILES * (side + GAP), place // TILES * step + ABOVE
            draw_image(axes, guesses, place, (x, y, side, side * height / width))
    return sheet.figure


def shown_images(guesses: Guesses) -> str:
    """Say which images are shown."""
    shown, neither = len(guesses.arrays["labels"]), guesses.neither
    if shown == neither:
        return f"All {neither:,} that two guesses miss"
    return (
        f"Of {neither:,} that two guesses miss, the {shown} whose right {guesses.noun} comes latest"
    )


def draw_guesses(axes: Axes, guesses: Guesses) -> None:
    """Draw the share of images not yet read, on a logarithmic axis that points down."""
    panel_title(axes, "right within the first guesses")
    classes, images = len(guesses.right), guesses.images
    least = min(1 - GOAL, 1 / images) / 2  # where an error of zero is drawn
    errors = np.maximum(1 - guesses.right / images, least)
    counts = np.arange(1, classes + 1)
    axes.set_yscale("log")
    axes.axhline(1 - GOAL, color=ORANGE, lw=1.2, ls=(0, (4, 3)))
    axes.plot(counts, errors, color=BLUE, lw=1.7, marker="o", ms=5, clip_on=False, zorder=3)
    axes.set_ylim(max(errors[0] * 2.2, 3e-4), least)
    axes.set_xlim(0.6, classes + 0.2)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=11, steps=[1, 2, 5, 10], integer=True))
    inside = [e for e in ERRORS if least < e <= axes.get_ylim()[0]]
    inside = inside if len(inside) <= 10 else [e for e in inside if f"{e:.0e}"[0] == "1"]
    axes.yaxis.set_major_locator(FixedLocator([*inside, least]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticks([*inside, least], [*(f"{100 - 100 * e:g}" for e in inside), "100"])
    axes.grid(visible=True, axis="y")
    axes.set_ylabel("accuracy (%)")
    axes.set_xlabel("guesses that count")
    axes.annotate(
        f"asked for: {percent(GOAL)}",
        (0.6, 1 - GOAL),
        (4, 4),
        textcoords="offset points",
        color=ORANGE,
        weight="bold",
    )
    first = [
        f"{k} {'guess' if k == 1 else 'guesses'}: {percent(float(guesses.right[k - 1]) / images)}"
        for k in range(1, min(3, classes) + 1)
    ]
    axes.annotate(
        "\n".join(first),
        (0.6, 1 - GOAL),
        (4, -6),
        textcoords="offset points",
        va="top",
        color=BLUE,
        weight="bold",
        linespacing=1.5,
    )


def draw_kinds(axes: Axes, guesses: Guesses, count: int) -> None:
    """Draw every run of the three retrainings, and the mean of each kind."""
    name = "first guess" if count == 1 else "first two guesses"
    panel_title(axes, name)
    values = np.stack([100 * guesses.shares(kind, count) for kind in KINDS])
    now = 100 * guesses.right[count - 1] / guesses.images
    places = np.arange(len(KINDS))
    axes.axhline(now, color=MUTED, lw=1, ls=(0, (4, 3)))
    axes.text(len(KINDS) - 0.52, now, "before", color=MUTED, size=7.5, ha="right", va="bottom")
    axes.plot(places, values, color="#b9c4d1", lw=1, zorder=2)
    for place, runs in zip(places, values, strict=True):
        color = ORANGE if place == len(KINDS) - 1 else BLUE
        axes.plot(np.full(len(runs), place), runs, "o", color=color, ms=4.5, alpha=0.55, mew=0)
        axes.plot([place - 0.27, place + 0.27], [runs.mean()] * 2, color=color, lw=2.2)
    low, high = min(values.min(), now), max(values.max(), now)
    pad = 0.25 * max(high - low, 0.2)
    axes.set_ylim(low - pad, high + pad)
    axes.set_xlim(-0.5, len(KINDS) - 0.5)
    axes.set_xticks(places, [*NAMES.values()], size=7.5)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter("{x:.2f}")
    axes.tick_params(axis="y", labelsize=8)
    axes.grid(visible=True, axis="y")


def draw_image(
    axes: Axes, guesses: Guesses, place: int, where: tuple[float, float, float, float]
) -> None:
    """One image with its class and the rank of the right guess; below, three of its outputs."""
    x, y, width, height = where
    arrays = guesses.arrays
    label, outputs = int(arrays["labels"][place]), arrays["outputs"][place]
    ranked = np.argsort(-outputs, kind="stable")
    axes.imshow(
        arrays["images"][place].reshape(arrays["image_shape"]),
        cmap=GLOW,
        vmin=0,
        vmax=255,
        extent=(x, x + width, y + height, y),
        aspect="auto",
        interpolation="nearest",
    )
    room = width if guesses.names.longest == 1 else width - RANK
    name_tile(axes, (x, y, room), guesses.names, label)
    rank = 1 + int(np.flatnonzero(ranked == label)[0])
    axes.text(x + width, y - 0.06, f"guess {rank}", color=MUTED, ha="right", size=7.5)
    for row, guess in enumerate((*ranked[:2], label)):
        color = BLUE if guess == label else ORANGE
        spot = (x, y + height + 0.16 + 0.2 * row, width)
        draw_bar(axes, spot, guesses.names.brief(guess), float(outputs[guess]), color)
