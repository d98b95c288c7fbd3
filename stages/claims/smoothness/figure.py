"""Weights as images: noise or picture? Measured by how far neighbours agree."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from stages.claims.minima.figure import apart, heading, paint
from stages.claims.shared.claim import GRADIENT_DESCENT, HELD, NOT_HELD, PARTLY, Claim
from stages.common.files.arrays import load_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import claim_arrays, claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.layout import BLUE, INK, MARGIN, MUTED, ORANGE, WIDTH, Picture, Sheet
from stages.page.figures.results import LARGE, load_input
from stages.page.figures.text import SPACE, decimal, plural, significant

SWEEP = claim_table("smoothness")
IMAGES = claim_arrays("smoothness")
COLUMNS = (
    "start",
    "weight_decay",
    "seed",
    "morans_i",
    "lowest",
    "highest",
    "first_weights",
    "validation_accuracy",
    "test_accuracy",
)
NEEDED = {
    "after",
    "before",
    "digits",
    "epochs",
    "first_weights",
    "hidden",
    "images",
    "inked",
    "shuffled_counts",
    "shuffled_highest",
    "shuffled_mean",
    "shuffles",
    "sizes",
    "sweep_images",
}
STARTS = {"small": BLUE, "large": ORANGE}
# Below this, half-way from noise (about 0) to a perfectly smooth image (1), weights count as
# almost random.
RANDOM = 0.5
MOST = 4  # strengths of weight decay whose weights are drawn
PAIR, SIDE, GAP = 2, 0.64, 0.05  # images in a cell, their width and distance in inches
NAMES = 0.95  # inches for the names of the rows of images
NOISE = "#8793a3"

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Smooth:
    """What the stage ``smoothness`` measured: its table, and its arrays."""

    table: Table
    arrays: dict[str, Numbers]
    input: str  # what the network is given for each of its inputs

    @property
    def pictures(self) -> str:
        """What the weights are compared with."""
        return "images" if self.input == "pixel" else "maps"

    @property
    def decays(self) -> Numbers:
        """The strengths of weight decay, ascending."""
        return np.unique(self.table["weight_decay"])

    @property
    def seeds(self) -> int:
        """Networks for each start and strength."""
        return len(np.unique(self.table["seed"]))

    def column(self, name: str, start: str) -> Numbers:
        """A column for one start, (strengths, seeds)."""
        rows = self.table["start"] == start
        return np.asarray(self.table[name][rows].reshape(len(self.decays), self.seeds))

    def told(self, name: str, start: str, at: int, digits: int = 2, factor: float = 1) -> str:
        """Mean and deviation over the seeds: 0.61 ± 0.07."""
        values = factor * self.column(name, start)[at]
        return f"{decimal(values.mean(), digits)} ± {decimal(values.std(ddof=1), digits)}"

    @property
    def means(self) -> dict[str, float]:
        """Moran's I of the three networks that are judged: the mean of their neurons."""
        least = {start: float(self.column("morans_i", start)[0].mean()) for start in STARTS}
        return {"own": float(self.arrays["after"].mean()), **least}

    @property
    def beyond(self) -> int:
        """Neurons of the pipeline's network that are smoother than all shuffles of theirs."""
        return int((self.arrays["after"] > self.arrays["shuffled_highest"]).sum())


def load() -> Smooth:
    """Read what the stage has written, and see that it fits together."""
    table, arrays = read_table(SWEEP, COLUMNS, texts=("start",)), load_arrays(IMAGES)
    try:
        missing = NEEDED - set(arrays)
        smooth = Smooth(table, arrays, load_input())
        cells = sum(len(smooth.column("morans_i", start)) for start in STARTS)
        fits = not missing and len(arrays["sweep_images"]) == cells
    except (ValueError, IndexError):
        fits = False
    if not fits:
        message = f"{IMAGES}: expected what the stage smoothness writes; run dvc repro"
        raise StageError(message)
    return smooth


def draw() -> Picture:
    """Draw weights as images, and below them Moran's I of every condition."""
    smooth = load()
    title = finding(smooth)
    height, width = smooth.arrays["inked"].shape
    tall = SIDE * min(1.2, height / width)
    row = tall + 0.33
    top = 0.42 + 3 * row + 0.35
    sheet = Sheet(
        title,
        "Smoothness is Moran's I, 0 for noise and 1 for a smooth image; the mean of all neurons. "
        "Two neurons' weights are drawn each time, every image on its own scale: blue positive, "
        f"orange negative, grey where no training image has {LARGE[smooth.input]}.",
        top + 3.0,
    )
    draw_images(sheet, smooth, tall, row)
    draw_neurons(sheet.panel(0.4, top, 2.95, 2.2), smooth)
    draw_sweep(sheet.panel(4.35, top, 2.65, 1.1), smooth)
    draw_accuracy(sheet.panel(4.35, top + 1.25, 2.65, 0.95), smooth)
    caption = f"{measured(smooth)} {swept(smooth)} {verdict(smooth)}"
    return Picture("smoothness", title, caption, alt(smooth, title), sheet.figure)


def finding(smooth: Smooth) -> str:
    """Moran's I after training, without or with the least weight decay."""
    small, large = (decimal(smooth.means[start]) for start in STARTS)
    return f"Trained weights: smoothness {small} from small random starts, {large} from large ones"


def measured(smooth: Smooth) -> str:
    """Moran's I of the pipeline's own network, and of what it is compared with."""
    a = smooth.arrays
    inked, neurons = int(a["inked"].sum()), len(a["after"])
    shape = "-".join(str(n) for n in a["sizes"])
    return (
        f"Moran's I tells how far neighbouring {smooth.input}s agree: 1 for a smooth image, "
        f"{significant(-1 / (inked - 1))} expected of random ones, over the {inked:,} of "
        f"{plural(a['inked'].size, smooth.input)} where any training image has "
        f"{LARGE[smooth.input]} (the weights of the others only ever keep their random start, or "
        f"shrink). The pipeline's network, "
        f"{shape}, has {decimal(a['before'].mean())} before training and "
        f"{decimal(a['after'].mean())} after it (from {decimal(a['after'].min())} to "
        f"{decimal(a['after'].max())}; {smooth.pictures} have {decimal(a['digits'].mean())}); "
        f"{smooth.beyond} of its {plural(neurons, 'neuron')} are smoother than each of "
        f"{int(a['shuffles']):,} shuffles of their own {smooth.input}s."
    )


def swept(smooth: Smooth) -> str:
    """What the size of the first weights and weight decay do."""
    first, last = (significant(float(d)) for d in smooth.decays[[0, -1]])
    kept = {s: decimal(float(smooth.column("first_weights", s)[0].mean())) for s in STARTS}
    text = (
        f"Trained for {plural(int(smooth.arrays['epochs']), 'epoch')} with weight decay {first} "
        f"({plural(smooth.seeds, 'network')} each, mean ± standard deviation), weights have "
        f"{smooth.told('morans_i', 'small', 0, 3)} from a small start (a deviation of 2 / "
        f"\N{SQUARE ROOT}n for n inputs) and {smooth.told('morans_i', 'large', 0, 3)} from a large "
        f"one (a deviation of 1, as in Nielsen's first program), and their correlation with "
        f"that start is {kept['small']} and {kept['large']}: the nearer to 1, the more of what "
        f"one sees was there before the first image."
    )
    if first == last:
        return text
    after = " and ".join(
        f"{smooth.told('morans_i', start, -1, 3)} ({start} start; "
        f"{smooth.told('validation_accuracy', start, -1, 1, 100)}{SPACE}% of validation images "
        f"right, against {smooth.told('validation_accuracy', start, 0, 1, 100)}{SPACE}%)"
        for start in STARTS
    )
    return f"{text} With weight decay {last} they have {after}."


def verdict(smooth: Smooth) -> str:
    """In how many of the judged networks the weights are almost random."""
    names = {
        "own": "the pipeline's network",
        "small": "small first weights",
        "large": "large first weights",
    }
    means = smooth.means
    random = [names[name] for name in names if means[name] < RANDOM]
    least = significant(float(smooth.decays[0]))
    told = ", ".join(random) if random else "none"
    held = HELD if len(random) == len(names) else PARTLY if random else NOT_HELD
    return (
        f"Weights count as almost random with a mean below {RANDOM:g}; of the pipeline's network "
        f"and the two starts with weight decay {least}, that is so for: {told}. {held}"
    )


def alt(smooth: Smooth, title: str) -> str:
    """Give the rows and the two panels in words."""
    return (
        f"{title}. Rows of weight images: the pipeline's network before and after training, and "
        f"networks with weight decay up to {significant(float(smooth.decays[-1]))}, from small "
        "and from large first weights. Below, Moran's I by neuron, and by weight decay with the "
        "validation accuracy."
    )


def shown(smooth: Smooth) -> Numbers:
    """Strengths of weight decay to draw, by their places: the ends, and evenly between."""
    count = len(smooth.decays)
    return np.unique(np.linspace(0, count - 1, min(count, MOST)).round().astype(np.int64))


def draw_images(sheet: Sheet, smooth: Smooth, tall: float, row: float) -> None:
    """Three rows of weight images: the pipeline's network, and both starts by weight decay."""
    a = smooth.arrays
    axes = sheet.canvas(MARGIN, 0, WIDTH - 2 * MARGIN, sheet.height - sheet.heading)
    cell = PAIR * (SIDE + GAP) + 0.28
    own = [("before", a["before"].mean()), ("after", a["after"].mean())]
    own += [("after, shuffled", a["shuffled_mean"])]
    rows = [
        (
            "pipeline's\nnetwork",
            INK,
            [(*words, images) for words, images in zip(own, a["images"], strict=True)],
        )
    ]
    for start, images in zip(STARTS, np.split(a["sweep_images"], len(STARTS)), strict=True):
        means = smooth.column("morans_i", start).mean(axis=1)
        cells = [(strength(smooth, i), means[i], images[i]) for i in shown(smooth)]
        rows.append((f"{start} start,\n{plural(int(a['epochs']), 'epoch')}", STARTS[start], cells))
    for j, (name, color, cells) in enumerate(rows):
        y = 0.32 + j * row
        axes.text(0, y + tall / 2, name, color=color, va="center", weight="bold", linespacing=1.25)
        for i, (words, value, images) in enumerate(cells):
            x = NAMES + 0.2 + i * cell
            label = f"{words}: I = {decimal(float(value))}"
            axes.text(x, y - 0.1, label, size=8.5, color=MUTED, va="center")
            for k, image in enumerate(images[:PAIR]):
                left = x + k * (SIDE + GAP)
                paint(axes, image, a["inked"], (left, left + SIDE, y + tall, y))
    axes.set_xlim(0, WIDTH - 2 * MARGIN)
    axes.set_ylim(sheet.height - sheet.heading, 0)


def strength(smooth: Smooth, at: int) -> str:
    """Name a weight decay."""
    return f"decay {significant(float(smooth.decays[at]))}"


def draw_neurons(axes: Axes, smooth: Smooth) -> None:
    """Moran's I of every neuron, of shuffled inputs and of digits."""
    a = smooth.arrays
    counts = a["shuffled_counts"] / a["shuffled_counts"].max()
    axes.stairs(0.8 * counts, np.linspace(-1, 1, len(counts) + 1), color=NOISE, fill=True)
    rows = (
        (1.25, a["before"], MUTED, "before training"),
        (2.05, a["after"], INK, "after training"),
    )
    axes.text(0.2, 0.2, f"shuffled {smooth.input}s", color=NOISE, va="center", size=8.5)
    for y, values, color, words in rows:
        jitter = 0.12 * ((np.arange(len(values)) * 0.618) % 1 - 0.5)
        axes.plot(values, y + jitter, color=color, ls="", marker="o", ms=4.5, alpha=0.6, mew=0)
        middle = float(values.mean())
        axes.text(middle, y + 0.2, words, color=color, ha="center", va="center", size=8.5)
    digits = float(a["digits"].mean())
    axes.axvline(digits, color=MUTED, lw=1, ls=(0, (3, 3)))
    axes.annotate(
        smooth.pictures, (digits, 1), (4, -4), xycoords=("data", "axes fraction"),
        textcoords="offset points", color=MUTED, size=8.5, va="top",
    )  # fmt: skip
    low = min(-0.2, float(a["before"].min()) - 0.05, float(a["after"].min()) - 0.05)
    axes.set_xlim(low, 1)
    axes.set_ylim(0, 2.6)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xticks([0, 0.5, 1], ["0\nnoise", "0.5", "1\nsmooth"])
    axes.set_xlabel("Moran's I", labelpad=-8)
    heading(axes, f"The pipeline's network, {plural(len(a['after']), 'neuron')}")


def draw_sweep(axes: Axes, smooth: Smooth) -> None:
    """Moran's I by weight decay, for both starts."""
    draw_curves(axes, smooth, "morans_i", 1)
    axes.set_ylim(min(-0.05, float(smooth.table["morans_i"].min())), 1)
    axes.set_yticks([0, 0.5, 1])
    axes.tick_params(labelbottom=False)
    axes.set_ylabel("Moran's I")
    heading(axes, "Does weight decay make it an image?")
    ends = [float(smooth.column("morans_i", start)[-1].mean()) for start in STARTS]
    for y, (start, color) in zip(apart(ends, 0.17, 1), STARTS.items(), strict=True):
        axes.annotate(
            f"{start} start", (1, y), (8, 0), xycoords=("axes fraction", "data"), color=color,
            textcoords="offset points", weight="bold", va="center", annotation_clip=False,
        )  # fmt: skip


def draw_accuracy(axes: Axes, smooth: Smooth) -> None:
    """Validation accuracy by weight decay, for both starts."""
    draw_curves(axes, smooth, "validation_accuracy", 100)
    axes.margins(y=0.15)
    axes.set_ylabel("validation (%)")
    axes.set_xlabel("weight decay")


def draw_curves(axes: Axes, smooth: Smooth, name: str, factor: float) -> None:
    """Means as lines and single networks as dots, by weight decay; strengths evenly spaced."""
    x = np.arange(len(smooth.decays))
    for start, color in STARTS.items():
        values = factor * smooth.column(name, start)
        axes.plot(x, values, color=color, ls="", marker="o", ms=4, alpha=0.35, mew=0)
        axes.plot(x, values.mean(axis=1), color=color, lw=1.8)
    axes.set_xlim(-0.15, max(x[-1], 0.15) + 0.15)
    axes.set_xticks(x, [significant(float(d)) for d in smooth.decays])
    axes.grid(visible=True, axis="y")


CLAIM = Claim(
    "smoothness",
    "The weights look almost random",
    "One hopes that the neurons of the first layer look for edges and strokes. Drawn as images, "
    "their weights look almost random, with at most loose patterns in the middle.",
    GRADIENT_DESCENT,
    draw,
)
