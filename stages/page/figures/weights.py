"""The weights into each neuron of the first layer, drawn as an image of the input's shape."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from stages.common.files.arrays import Floats
from stages.common.models.statistics import correlation
from stages.page.figures.layout import INK, MARGIN, MUTED, PULL, WIDTH, Picture, Sheet
from stages.page.figures.results import Results
from stages.page.figures.text import TIMES, decimal, percent, plural, significant

MOST = 48  # neurons drawn; of a wider layer, those with the largest weights
FEW = 16  # neurons up to which four pairs stand in a row, six beyond
BEYOND = 0.001  # share of the weights that may lie beyond the ends of the colour scale


def draw(results: Results) -> Picture:
    """Before and after training side by side, all on one scale."""
    height, width = results.seen_shape
    after_all, before_all = (
        network.weights[0].reshape(-1, height, width)
        for network in (results.network, results.untrained)
    )
    chosen = largest(results.network.weights[0], MOST)
    after, before = after_all[chosen], before_all[chosen]
    limit = scale_end(np.concatenate([after, before]))
    title = finding(results, before_all, after_all)
    which = name_neurons(results, len(chosen))
    columns = min(len(chosen), 4 if len(chosen) <= FEW else 6)
    sheet = Sheet(
        title,
        f"The weights into {which}: before training on the left, after epoch {results.epoch} "
        "on the right.",
        body_height(len(chosen), columns, height / width),
    )
    image = pairs(sheet, before, after, chosen, columns, limit)
    scale(sheet, image, limit, results.large)
    shape = f"{height} {TIMES} {width}"
    return Picture(
        name="weights",
        title=title,
        caption=caption(results, before_all, after_all, which, limit),
        alt=f"{title}. Pairs of {shape} images for {which}, before and after training: "
        "orange for negative and blue for positive weights.",
        figure=sheet.figure,
    )


def scale_end(weights: Floats) -> float:
    """Where the colour scale ends: beyond nearly all weights, rounded up to two digits."""
    size = float(np.quantile(np.abs(weights), 1 - BEYOND)) or 1.0
    unit = 10.0 ** (np.floor(np.log10(size)) - 1)
    return float(np.ceil(size / unit - 1e-6) * unit)


def name_neurons(results: Results, drawn: int) -> str:
    """Tell which neurons of the first layer are drawn."""
    kind = "output neuron" if len(results.network.weights) == 1 else "first-layer neuron"
    neurons = results.network.sizes[1]
    if neurons == 1:
        return f"the one {kind}"
    if drawn == neurons:
        return f"all {neurons} {kind}s"
    return f"the {drawn} of {neurons:,} {kind}s with the largest weights"


def largest(weights: Floats, most: int) -> NDArray[np.intp]:
    """Indices of the ``most`` rows with the largest norm, in the layer's order."""
    order = np.argsort(-np.linalg.norm(weights, axis=1), kind="stable")
    return np.sort(order[:most])


def correlation_of_neighbours(images: Floats, maps: tuple[int, int]) -> float | None:
    """Correlation of neighbouring pixels, over all images (n, height, width).

    Neighbours are in one of the maps, so many rows and columns of them, that make up an image.

    None where there is nothing to compare: a single pixel, or no variation at all.
    """
    (rows, columns), (_, height, width) = maps, images.shape
    tiles = images.reshape(-1, rows, height // rows, columns, width // columns)
    left, right = tiles[..., :-1].ravel(), tiles[..., 1:].ravel()
    above, below = tiles[:, :, :-1].ravel(), tiles[:, :, 1:].ravel()
    first, second = np.concatenate([left, above]), np.concatenate([right, below])
    if not first.size or not first.std() or not second.std():
        return None
    return correlation(first.astype(np.float64), second.astype(np.float64))


def finding(results: Results, before: Floats, after: Floats) -> str:
    """Name the measured difference between before and after."""
    first, last = (
        correlation_of_neighbours(w, results.model.preprocessing.maps) for w in (before, after)
    )
    if first is None or last is None:
        sizes = [significant(float(np.sqrt(np.mean(np.square(w))))) for w in (before, after)]
        return f"Typical size of a weight: {sizes[0]} before training, {sizes[1]} after"
    return (
        f"Weights of neighbouring {results.input}s: correlation {decimal(first)} before training, "
        f"{decimal(last)} after"
    )


def caption(results: Results, before: Floats, after: Floats, which: str, limit: float) -> str:
    """Say how to read the images, with the numbers behind them."""
    height, width = results.seen_shape
    sizes = [significant(float(np.sqrt(np.mean(np.square(w))))) for w in (before, after)]
    beyond = float(np.mean(np.abs(after) > limit))
    ink, layout = results.large, results.layout and f" {results.layout}"
    text = (
        f"Each image holds the weights from the {plural(height * width, results.input)} into one "
        f"neuron; drawn are {which}: blue where {ink} makes the neuron brighter, orange where "
        f"{ink} makes it dimmer, neither where it does not matter.{layout} One scale serves all "
        f"images; {percent(beyond)} of the trained weights lie beyond its ends of "
        f"{significant(limit)} either way. The typical weight (root mean square) goes from "
        f"{sizes[0]} to {sizes[1]}."
    )
    first, last = (
        correlation_of_neighbours(w, results.model.preprocessing.maps) for w in (before, after)
    )
    if first is None or last is None:
        return text
    return (
        f"{text} Pure noise would show a correlation of about 0 between neighbouring "
        f"{results.input}s, a smooth picture close to 1: these have {decimal(first)} before "
        f"training and {decimal(last)} after it."
    )


def tile_width(columns: int, aspect: float) -> float:
    """Inches, so that the pairs fill the sheet without growing out of proportion."""
    room = (WIDTH - 2 * MARGIN - 0.34 * (columns - 1)) / columns
    return float(min((room - 0.06) / 2, 1.15, 1.15 / aspect))


def body_height(n: int, columns: int, aspect: float) -> float:
    """Inches for all rows of pairs and the scale below them."""
    return -(-n // columns) * (tile_width(columns, aspect) * aspect + 0.26) + 0.75


def pairs(
    sheet: Sheet,
    before: Floats,
    after: Floats,
    numbers: NDArray[np.intp],
    columns: int,
    limit: float,
) -> AxesImage:
    """Draw every neuron twice; return one of the images for the scale."""
    _, height, width = after.shape
    side = tile_width(columns, height / width)
    rows = -(-len(after) // columns)
    step_x, step_y = 2 * side + 0.06 + 0.34, side * height / width + 0.26
    axes = sheet.canvas(MARGIN, 0, WIDTH - 2 * MARGIN, rows * step_y)
    for place, number in enumerate(numbers):
        x, y = place % columns * step_x, place // columns * step_y + 0.2
        name = f"neuron {number}" if columns <= 4 else str(number)
        axes.text(x, y - 0.05, name, size=8, color=MUTED)
        for image, left in ((before[place], x), (after[place], x + side + 0.06)):
            drawn = tile(axes, image, left, y, side, limit)
    return drawn


def tile(axes: Axes, image: Floats, x: float, y: float, side: float, limit: float) -> AxesImage:
    """One image of weights with its left upper corner at (x, y), ``side`` inches wide."""
    bottom = y + side * image.shape[0] / image.shape[1]
    drawn = axes.imshow(
        image,
        cmap=PULL,
        vmin=-limit,
        vmax=limit,
        extent=(x, x + side, bottom, y),
        aspect="auto",
        interpolation="nearest",
    )
    frame(axes, x, y, side, bottom - y)
    return drawn


def frame(
    axes: Axes, x: float, y: float, width: float, height: float, color: str = "#aab4c0"
) -> None:
    """A hairline around a tile, since its corners may be white."""
    right, bottom = x + width, y + height
    axes.plot(
        [x, right, right, x, x],
        [y, y, bottom, bottom, y],
        color=color,
        lw=0.6,
        zorder=3,
        clip_on=False,
    )


def scale(sheet: Sheet, image: AxesImage, limit: float, ink: str) -> None:
    """The colour bar, at the foot of the sheet."""
    foot = sheet.height - sheet.heading
    bar = sheet.figure.colorbar(
        image, cax=sheet.panel(MARGIN, foot - 0.55, 2.6, 0.11), orientation="horizontal"
    )
    bar.outline.set_visible(False)
    bar.set_ticks([-limit, 0, limit], labels=[significant(v) for v in (-limit, 0.0, limit)])
    words = sheet.canvas(MARGIN + 2.6, foot - 0.6, 4.5, 0.4)
    words.text(0.3, 0.08, "weight: the same scale everywhere", color=INK, va="center")
    legend = f"blue: {ink} makes the neuron brighter; orange: dimmer"
    words.text(0.3, 0.27, legend, color=MUTED, va="center")
