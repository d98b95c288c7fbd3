"""How sure the network is, against how often it is right."""

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from stages.common.files.tables import Table
from stages.page.figures.layout import BLUE, INK, MUTED, WIDTH, Picture, Sheet
from stages.page.figures.results import Results
from stages.page.figures.text import decimal, percent, plural

BIN = 0.1  # width of a bin of the winning output
Z = 1.96  # standard deviations of a 95 % interval
LEFT, RIGHT = 0.95, 0.5  # inches beside the panels


def draw(results: Results) -> Picture:
    """Draw accuracy by brightness of the winning output, above the number of images."""
    table = results.calibration
    title = finding(table)
    sheet = Sheet(
        title,
        "Test images in bins by the brightness of their winning output. Bars through the dots "
        "are 95 % intervals: few images, long bar.",
        4.75,
    )
    inner = WIDTH - LEFT - RIGHT
    curve, counts = sheet.panel(LEFT, 0.15, inner, 2.9), sheet.panel(LEFT, 3.25, inner, 0.85)
    draw_curve(curve, table)
    draw_counts(counts, table)
    for axes in (curve, counts):
        axes.set_xlim(0, 1.0)
        axes.set_xticks(np.linspace(0, 1, 11))
    curve.tick_params(labelbottom=False)
    counts.set_xlabel("brightness of the winning output")
    sheet.figure.align_ylabels([curve, counts])
    return Picture("calibration", title, caption(results), alt(results, title), sheet.figure)


def finding(table: Table) -> str:
    """How often the network is right where it is surest."""
    low, share = table["lower"][-1], table["accuracy"][-1]
    images = int(table["images"][-1])
    return (
        f"At an output of {decimal(low, 1)} or more it is right {percent(share, 1)} of the time "
        f"({plural(images, 'image')})"
    )


def caption(results: Results) -> str:
    """Explain the diagonal and give the mean distance from it."""
    table = results.calibration
    above = table["accuracy"] > table["confidence"]
    images = table["images"]
    n = int(images.sum())
    gap = results.metrics["calibration_error"] * 100
    return (
        "On the dashed line the network would be right exactly as often as its winning output "
        f"is bright; above it, more often than that. {int(above.sum())} of {len(above)} bins lie "
        f"above the line, with {int(images[above].sum()):,} of {n:,} images; the mean distance "
        f"from it, weighted by images, is {gap:.1f} points. In the dimmest bin, from "
        f"{decimal(table['lower'][0], 1)} on, the network is right "
        f"{percent(table['accuracy'][0], 1)} of the time ({plural(int(images[0]), 'image')})."
    )


def alt(results: Results, title: str) -> str:
    """Give the ends of the curve."""
    table = results.calibration
    return (
        f"{title}. Accuracy goes from {percent(table['accuracy'][0], 1)} in the dimmest bin to "
        f"{percent(table['accuracy'][-1], 1)} in the brightest."
    )


def interval(shares: NDArray[np.float64], n: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lower and upper end, (2, bins), of Wilson's 95 % interval for shares of n."""
    middle = (shares + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(shares * (1 - shares) / n + Z**2 / (4 * n**2))
    return np.stack([middle - half, middle + half])


def draw_curve(axes: Axes, table: Table) -> None:
    """Draw dots with intervals against the line of perfect calibration."""
    axes.plot([0, 1], [0, 1], color=MUTED, lw=1, ls=(0, (4, 3)))
    axes.text(0.6, 0.5, "as often right as it is bright", color=MUTED, va="center")
    low, high = interval(table["accuracy"], table["images"])
    axes.vlines(table["confidence"], low, high, color=BLUE, alpha=0.35, lw=3)
    axes.plot(table["confidence"], table["accuracy"], color=BLUE, lw=1.4, marker="o", ms=5.5)
    axes.set_ylim(0, 1.03)
    axes.set_yticks(np.linspace(0, 1, 6), [f"{v:.0f}" for v in np.linspace(0, 100, 6)])
    axes.grid(visible=True)
    axes.set_ylabel("read correctly (%)")


def draw_counts(axes: Axes, table: Table) -> None:
    """Draw the number of images of each bin, on a logarithmic axis, and write it above its bar."""
    images = table["images"]
    axes.bar(table["lower"] + BIN / 2, images, width=BIN * 0.86, color="#c3d4e8", log=True)
    axes.set_ylim(0.7, max(10.0, float(images.max()) * 5))
    axes.set_yticks([], [])
    axes.minorticks_off()
    axes.spines["left"].set_visible(False)
    axes.set_ylabel("images (log)")
    for lower, count in zip(table["lower"], images, strict=True):
        axes.annotate(
            f"{int(count):,}",
            (lower + BIN / 2, count),
            (0, 2),
            textcoords="offset points",
            ha="center",
            size=8,
            color=INK,
        )
