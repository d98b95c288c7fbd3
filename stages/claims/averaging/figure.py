"""Wishes of single images and their mean, and how well the mean of a few speaks for all."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import NDArray

from stages.claims.shared.claim import BACKPROPAGATION, HELD, NOT_HELD, PARTLY, Claim
from stages.common.files.arrays import load_arrays
from stages.common.files.paths import claim_arrays, claim_table
from stages.common.files.tables import Table, read_table
from stages.common.images.classes import load_classes
from stages.page.figures.layout import INK, MARGIN, MUTED, PULL, WIDTH, Picture, Sheet
from stages.page.figures.results import load_input
from stages.page.figures.text import decimal, plural

CURVES, TABLE = claim_table("averaging"), claim_arrays("averaging")
COLUMNS = (
    "network",
    "batch_size",
    "draws",
    "cosine",
    "deviation",
    "lowest",
    "highest",
    "multiplications",
)
GOOD = 0.5**0.5  # a cosine from which more of the squared length goes along than across
FASTER = 10  # times less work that count as a significant speed-up

SHOWN, MOST = 8, 8  # images and rows of the table that are drawn
NAMES, CELL, GAP, MEAN, ROW = 2.1, 0.56, 0.4, 0.66, 0.27  # inches across, and a row's height
ABOVE = 0.72  # inches of a table that are above its first row
LEFT, RIGHT, HEIGHT = 0.95, 0.45, 3.1  # inches around and along the curves
LINE = 13  # points from one line of text to the next
DIMMED = LinearSegmentedColormap.from_list("dimmed", ["#ffffff", "#18202a"])
ORDER = LinearSegmentedColormap.from_list("order", ["#c9561a", "#a58a93", "#1d5fa8"])

HALO = withStroke(linewidth=3.5, foreground="white")

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Averages:
    """The curves by network, the table of one mini-batch, and what follows from them."""

    curves: Table
    table: Arrays

    @cached_property
    def networks(self) -> list[str]:
        """Names of the networks, in the order of training."""
        return list(dict.fromkeys(self.curves["network"].tolist()))

    @property
    def batch(self) -> int:
        """Images of the mini-batch that is looked at closely."""
        return len(self.table["rows"])

    @property
    def images(self) -> int:
        """How many training images there are."""
        return int(self.curves["batch_size"].max())

    @property
    def draws(self) -> int:
        """Mini-batches of each size."""
        return int(self.curves["draws"][0])

    @property
    def faster(self) -> float:
        """How many times fewer multiplications the mini-batch takes than all images."""
        counts, sizes = self.curves["multiplications"], self.curves["batch_size"]
        return float(counts.max() / counts[sizes == self.batch][0])

    def of(self, network: str) -> Table:
        """The rows of one network."""
        own = self.curves["network"] == network
        return {name: column[own] for name, column in self.curves.items()}

    def at(self, network: str) -> tuple[float, float]:
        """Mean and deviation of the cosine at the mini-batch that is looked at closely."""
        own = self.of(network)
        row = int(np.flatnonzero(own["batch_size"] == self.batch)[0])
        return float(own["cosine"][row]), float(own["deviation"][row])

    def enough(self, network: str) -> int:
        """The smallest batch size tried from which on the mean cosine is ``GOOD``."""
        own = self.of(network)
        bad = np.flatnonzero(own["cosine"] <= GOOD)
        return int(own["batch_size"][bad[-1] + 1 if bad.size else 0])

    def told(self, network: str) -> str:
        """Mean and deviation in words."""
        mean, deviation = self.at(network)
        return f"{decimal(mean, 3)} ± {decimal(deviation, 3)}"


def draw() -> Picture:
    """Draw the table of wishes above the curves of cosines."""
    averages = Averages(read_table(CURVES, COLUMNS, texts=("network",)), load_arrays(TABLE))
    title = finding(averages)
    rows = len(drawn(averages.table["places"]))
    top = ABOVE + rows * ROW + 0.5
    sheet = Sheet(
        title,
        "Above: what single images ask of some weights and biases of the untrained network; blue "
        "asks for more, orange for less. Below: how nearly mini-batches agree with all images.",
        top + HEIGHT + 1.0,
    )
    width = WIDTH - 2 * MARGIN
    draw_table(sheet.canvas(MARGIN, 0.1, width, ABOVE + rows * ROW), averages)
    axes = sheet.panel(LEFT, top, WIDTH - LEFT - RIGHT, HEIGHT)
    draw_curves(axes, averages)
    return Picture("averaging", title, caption(averages), alt(averages, title), sheet.figure)


def finding(averages: Averages) -> str:
    """The cosine before training and after, with the work."""
    first, last = (decimal(averages.at(averages.networks[i])[0]) for i in (0, -1))
    images = plural(averages.batch, "image")
    return (
        f"{images} against all {averages.images:,}: cosine of the gradients {first} before "
        f"training, {last} after it, with 1/{averages.faster:,.0f} of the work"
    )


def caption(averages: Averages) -> str:
    """Explain the table and the angle, with the numbers behind the verdict."""
    found = ", ".join(f"{averages.told(name)} ({name})" for name in averages.networks)
    enough = ", ".join(f"{averages.enough(name):,} ({name})" for name in averages.networks)
    return (
        f"{table_words(averages)} The cosine of the angle between the gradients of "
        f"{plural(averages.batch, 'image')} and of all {averages.images:,} is {found}: mean ± "
        f"standard deviation of {averages.draws:,} random mini-batches. It tells what share of "
        "the full gradient's descent a short step of the same length makes. Above "
        f"{decimal(GOOD)} (dashed) more of the step, in squares, goes along the full gradient "
        f"than across; of the batch sizes tried, that takes {enough}. {verdict(averages)}"
    )


def table_words(averages: Averages) -> str:
    """What the table shows, and whether its mean is the gradient."""
    table = averages.table
    gap = np.abs(table["wishes"].mean(axis=0) - table["mean"]).max()
    close = gap <= 1e-9 * np.abs(table["mean"]).max()
    return (
        "The table has each layer's weight and bias about which the images of one mini-batch "
        f"differ most; the mean over all {averages.batch:,} "
        f"{'is' if close else 'is not quite'} minus the mini-batch's gradient."
    )


def verdict(averages: Averages) -> str:
    """Good if more goes along than across, on every network; fast if the work is a tenth."""
    good = [averages.at(name)[0] > GOOD for name in averages.networks]
    fast = averages.faster >= FASTER
    words = (
        f"The work is {decimal(averages.faster, 0)} times less. Asked for: a mean cosine above "
        f"{decimal(GOOD)}, and {FASTER} times less work."
    )
    if fast and all(good):
        return f"{words} {HELD}"
    if not fast or not any(good):
        return f"{words} {NOT_HELD}"
    names = ", ".join(
        name for name, is_good in zip(averages.networks, good, strict=True) if is_good
    )
    return f"{words} Both hold for: {names}. {PARTLY}"


def alt(averages: Averages, title: str) -> str:
    """Describe the table and give the curves' course."""
    parts = [
        f"{name}, from {decimal(averages.of(name)['cosine'][0])} with 1 image to "
        f"{decimal(averages.at(name)[0])} with {averages.batch}"
        for name in averages.networks
    ]
    return (
        f"{title}. A table of images by weights with the mean in the last column; below, curves of "
        f"the cosine by batch size: {'; '.join(parts)}; all end at 1 with all images."
    )


def drawn(places: NDArray[np.int64]) -> NDArray[np.intp]:
    """Which rows of the table are drawn: all, or of a deep network the first and last layers'."""
    rows = np.arange(len(places))
    return rows if len(rows) <= MOST else np.r_[rows[: MOST // 2], rows[-MOST // 2 :]]


def parameter_name(place: int, sizes: tuple[int, ...], given: str) -> str:
    """What a place in the vector of parameters holds: layer 1: pixel 406 → neuron 3.

    ``given`` is what the network is given for each of its inputs.
    """
    last, names = len(sizes) - 2, load_classes(sizes[-1])
    for layer, (n_in, n_out) in enumerate(pairwise(sizes)):
        if place < n_in * n_out:
            source = "neuron" if layer else given
            target, origin = divmod(place, n_in)
            goal = f"output {names.brief(target)}" if layer == last else f"neuron {target}"
            return f"layer {layer + 1}: {source} {origin} → {goal}"
        place -= n_in * n_out
    for layer, n_out in enumerate(sizes[1:]):
        if place < n_out:
            goal = f"output {names.brief(place)}" if layer == last else f"neuron {place}"
            return f"layer {layer + 1}: bias of {goal}"
        place -= n_out
    raise IndexError(f"no parameter {place}")


def draw_table(axes: Axes, averages: Averages) -> None:
    """Draw the images, their wishes, and the mean."""
    table = averages.table
    shown = min(SHOWN, averages.batch)
    mean = NAMES + shown * CELL + GAP
    for column in range(shown):
        thumbnail(axes, table["images"][column], NAMES + column * CELL + 0.05)
    axes.text(mean + MEAN / 2, 0.22, "mean of", ha="center", size=8.5, color=INK)
    axes.text(mean + MEAN / 2, 0.4, f"all {averages.batch:,}", ha="center", size=8.5, color=INK)
    sizes, given = tuple(int(n) for n in table["sizes"]), load_input()
    for line, row in enumerate(drawn(table["places"])):
        y = ABOVE - 0.1 + line * ROW
        wishes = np.append(table["wishes"][:shown, row], table["mean"][row])
        name = parameter_name(int(table["places"][row]), sizes, given)
        axes.text(0, y + ROW / 2, name, size=8.5, color=INK, va="center")
        lefts = [*(NAMES + column * CELL for column in range(shown)), mean]
        cells(axes, wishes, lefts, y)
        if averages.batch > shown:
            axes.text(mean - GAP / 2, y + ROW / 2, "…", color=MUTED, ha="center", va="center")
    bottom = ABOVE - 0.1 + len(drawn(table["places"])) * ROW
    box = Rectangle((mean - 0.03, ABOVE - 0.13), MEAN + 0.06, bottom - ABOVE + 0.16, fill=False,
                    edgecolor=INK, lw=1.1)  # fmt: skip
    axes.add_patch(box)


def thumbnail(axes: Axes, image: NDArray[np.uint8], x: float) -> None:
    """Draw one image above its column, dark ink on white."""
    side = CELL - 0.1
    height = min(side, side * image.shape[0] / image.shape[1])
    width = height * image.shape[1] / image.shape[0]
    left, bottom = x + (side - width) / 2, ABOVE - 0.18
    place = (left, left + width, bottom, bottom - height)
    axes.imshow(image, cmap=DIMMED, vmin=0, vmax=255, extent=place, aspect="auto")


def cells(axes: Axes, wishes: NDArray[np.floating], lefts: list[float], y: float) -> None:
    """Draw one row of numbers, coloured by their share of the row's largest; the mean is last."""
    largest = float(np.abs(wishes).max()) or 1.0
    digits = max(0, 1 - int(np.floor(np.log10(largest))))
    for place, (wish, left) in enumerate(zip(wishes, lefts, strict=True)):
        width = MEAN if place == len(wishes) - 1 else CELL - 0.04
        colour = to_hex(PULL(0.5 + 0.24 * float(wish) / largest))
        axes.add_patch(Rectangle((left, y + 0.015), width, ROW - 0.03, color=colour, lw=0))
        text = decimal(float(wish), digits)
        sign = "+" if float(f"{wish:.{digits}f}") > 0 else ""
        axes.text(left + width / 2, y + ROW / 2, sign + text, size=7.6, ha="center", va="center")


def colours(names: list[str]) -> dict[str, str]:
    """A colour for each network, from orange (untrained) to blue (trained)."""
    steps = np.linspace(0, 1, len(names))
    return {name: to_hex(ORDER(step)) for name, step in zip(names, steps, strict=True)}


def draw_curves(axes: Axes, averages: Averages) -> None:
    """Draw the mean cosine with its spread by batch size, and name the curves."""
    axes.set_xscale("log")
    axes.set_xlim(1, averages.images)
    low = float(min(0.0, (averages.curves["cosine"] - averages.curves["deviation"]).min()))
    axes.set_ylim(low - 0.05, 1.14)
    axes.axhline(GOOD, color=MUTED, lw=1, ls=(0, (4, 3)))
    axes.axvline(averages.batch, color=INK, lw=0.9)
    for name, colour in colours(averages.networks).items():
        own = averages.of(name)
        mean, deviation = own["cosine"], own["deviation"]
        x = own["batch_size"]
        axes.fill_between(x, mean - deviation, mean + deviation, color=colour, alpha=0.13, lw=0)
        axes.plot(x, mean, color=colour, lw=1.8, marker="o", ms=3.6, clip_on=False)
    axes.grid(visible=True, axis="y")
    ticks(axes, averages)
    name_curves(axes, averages)
    axes.set_ylabel("cosine with the gradient of all images")
    axes.set_xlabel("images in the mini-batch; below, its share of the multiplications")


def ticks(axes: Axes, averages: Averages) -> None:
    """Powers of ten and all images, each with its share of the work."""
    count = averages.images
    powers = [10**e for e in range(len(str(count))) if 10**e < count / 3]
    labels = [f"{n:,}\n1/{count / n:,.0f}" for n in powers] + [f"{count:,}\nall"]
    axes.xaxis.set_major_locator(FixedLocator([*powers, count]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks([*powers, count], labels)


def name_curves(axes: Axes, averages: Averages) -> None:
    """Write the names beside the mini-batch's line, far enough apart to be read.

    They stand below their curves, which rise, but the highest one's stands above.
    """
    values = {name: averages.at(name)[0] for name in averages.networks}
    ranked = sorted(values, key=lambda name: values[name])
    above = -np.inf
    for name in ranked:
        point = float(axes.transData.transform((1, values[name]))[1]) * 72 / axes.figure.dpi
        own = point + LINE * (0.8 if name == ranked[-1] else -1)
        above = max(own, above + LINE)
        text = axes.annotate(
            f"{name} {decimal(values[name])}",
            (averages.batch, values[name]),
            (7, above - point),
            textcoords="offset points",
            color=colours(averages.networks)[name],
            weight="bold",
            va="center",
        )
        text.set_path_effects([HALO])
    words = axes.text(
        (averages.batch * averages.images) ** 0.5,
        GOOD - 0.015,
        "above: more along than across",
        size=8.5,
        color=MUTED,
        ha="center",
        va="top",
    )
    words.set_path_effects([HALO])


CLAIM = Claim(
    "averaging",
    "A hundred images in place of them all",
    "The average of what all training images wish is the gradient. A mini-batch of a hundred or so "
    'is enough: its gradient is "a pretty good approximation", and a significant speed-up.',
    BACKPROPAGATION,
    draw,
)
