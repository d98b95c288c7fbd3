"""Cost and accuracy by epoch, on training and on validation images."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from stages.page.figures.layout import BLUE, FAINT, INK, MUTED, ORANGE, WIDTH, Picture, Sheet
from stages.page.figures.results import Results
from stages.page.figures.text import decimal, percent, plural, significant

LINE = 14  # points from one line of text to the next
LEFT, RIGHT = 0.95, 1.55  # inches beside the curves: tick labels, and the curves' names
SERIES = (("train", ORANGE, "training"), ("validation", BLUE, "validation"))
Curves = dict[str, NDArray[np.float64]]
ERRORS = (1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001)


def draw(results: Results) -> Picture:
    """Draw cost, accuracy and learning rate above one another, on one axis of epochs."""
    history = results.history
    first, last = (percent(history["validation_accuracy"][i], 1) for i in (0, -1))
    title = f"{plural(epochs(results), 'epoch')}: from {first} to {last} of validation images right"
    sheet = Sheet(
        title,
        "Epoch 0 is the network before its first step. Cost has a logarithmic axis; accuracy is "
        "spaced so that halving the errors always takes the same height.",
        5.35,
    )
    inner = WIDTH - LEFT - RIGHT
    cost = sheet.panel(LEFT, 0.15, inner, 1.85)
    accuracy = sheet.panel(LEFT, 2.25, inner, 1.85)
    rate = sheet.panel(LEFT, 4.35, inner, 0.42)
    draw_cost(cost, results)
    draw_accuracy(accuracy, results)
    draw_rate(rate, results)
    for axes in (cost, accuracy, rate):
        style_axes(axes, results)
    for axes in (cost, accuracy):
        axes.tick_params(labelbottom=False)
    rate.set_xlabel("epoch")
    sheet.figure.align_ylabels([cost, accuracy, rate])
    return Picture("learning", title, caption(results), alt(results, title), sheet.figure)


def epochs(results: Results) -> int:
    """How many epochs were trained."""
    return int(results.history["epoch"][-1])


def caption(results: Results) -> str:
    """Name the falls and the gap with their numbers."""
    history = results.history
    costs = [significant(history["validation_cost"][i]) for i in (0, -1)]
    one = min(1, epochs(results))
    train, validation = (history[f"{name}_accuracy"][-1] for name in ("train", "validation"))
    best = int(np.argmax(history["validation_accuracy"]))
    text = (
        f"The cost of validation images, which no step looks at, goes from {costs[0]} to "
        f"{costs[1]}. "
        f"{percent(history['validation_accuracy'][one], 1)} of them are read correctly after "
        f"epoch {one}, {percent(validation)} at the end, and at best "
        f"{percent(history['validation_accuracy'][best])} (epoch {int(history['epoch'][best])}). "
        f"On as many training images it is {percent(train)} at the end, a difference of "
        f"{decimal(abs(train - validation) * 100)} points."
    )
    if results.epoch != epochs(results):
        text += f" The network of epoch {results.epoch}, with the lowest validation cost, was kept."
    return text


def alt(results: Results, title: str) -> str:
    """Describe the curves' ends."""
    history = results.history
    parts = [
        f"{name} cost {significant(history[f'{key}_cost'][0])} to "
        f"{significant(history[f'{key}_cost'][-1])}"
        for key, _, name in SERIES
    ]
    return f"{title}. Curves by epoch: {', '.join(parts)}, with the learning rate below."


def draw_cost(axes: Axes, results: Results) -> None:
    """Draw the mean cost of an image, on a logarithmic axis."""
    axes.set_yscale("log")
    tiny = 1e-12  # a cost of exactly zero has no place on a logarithmic axis
    curves = {key: np.maximum(results.history[f"{key}_cost"], tiny) for key, *_ in SERIES}
    plot(axes, results, curves)
    low, high = min(c.min() for c in curves.values()), max(c.max() for c in curves.values())
    axes.set_ylim(low / 1.25, high * 1.25)
    name_ends(axes, results, curves, {key: significant(c[-1]) for key, c in curves.items()})
    ticks = [m * 10.0**e for e in range(-12, 12) for m in (1, 2, 5)]
    inside = [t for t in ticks if low / 1.25 <= t <= high * 1.25]
    inside = inside if len(inside) <= 7 else [t for t in inside if f"{t:.0e}"[0] == "1"]
    set_ticks(axes, inside, [f"{t:g}" for t in inside])
    axes.set_ylabel("cost of an image")


def draw_accuracy(axes: Axes, results: Results) -> None:
    """Draw accuracy by its distance from 100 %, and name the curves."""
    curves = draw_errors(axes, results)
    ends = {key: percent(results.history[f"{key}_accuracy"][-1], 1) for key in curves}
    name_ends(axes, results, curves, ends)


def draw_errors(axes: Axes, results: Results, colors: dict[str, str] | None = None) -> Curves:
    """Draw the share of errors on a logarithmic axis that points down and tells the accuracy."""
    axes.set_yscale("log")
    errors = {key: 1 - results.history[f"{key}_accuracy"] for key, *_ in SERIES}
    positive = np.concatenate([e[e > 0] for e in errors.values()])
    least = positive.min() / 2 if positive.size else 1e-3
    curves = {key: np.maximum(e, least) for key, e in errors.items()}
    plot(axes, results, curves, colors)
    low = min(c.min() for c in curves.values())
    axes.set_ylim(1.12, low / 1.25)
    inside = [e for e in ERRORS if e >= low / 1.25]
    set_ticks(axes, inside, [f"{100 - 100 * e:g}" for e in inside])
    axes.set_ylabel("accuracy (%)")
    return curves


def set_ticks(axes: Axes, ticks: list[float], labels: list[str]) -> None:
    """Fix the ticks of the y axis."""
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticks(ticks, labels)


def plot(
    axes: Axes, results: Results, curves: Curves, colors: dict[str, str] | None = None
) -> None:
    """Draw both curves by epoch."""
    epoch = results.history["epoch"]
    for key, usual, _ in SERIES:
        color = (colors or {}).get(key, usual)
        marker = "o" if len(epoch) <= 20 else ""
        axes.plot(epoch, curves[key], color=color, lw=1.7, marker=marker, ms=3.5)
        axes.plot(epoch[-1:], curves[key][-1:], color=color, marker="o", ms=4.5, clip_on=False)


def name_ends(axes: Axes, results: Results, curves: Curves, ends: dict[str, str]) -> None:
    """Name the curves at their right ends, far enough apart to be read."""
    points = {key: axes.transData.transform((0, curves[key][-1]))[1] for key, *_ in SERIES}
    apart = abs(points["train"] - points["validation"]) * 72 / axes.figure.dpi
    shift = max(0.0, (LINE - apart) / 2)
    upper = max(points, key=lambda key: points[key])
    for key, color, name in SERIES:
        axes.annotate(
            f"{name} {ends[key]}",
            (results.history["epoch"][-1], curves[key][-1]),
            (9, shift if key == upper else -shift),
            textcoords="offset points",
            color=color,
            weight="bold",
            va="center",
            annotation_clip=False,
        )


def draw_rate(axes: Axes, results: Results) -> None:
    """Draw the learning rate as a thin strip."""
    epoch, rate = results.history["epoch"], results.history["learning_rate"]
    axes.fill_between(epoch, rate, color=FAINT, lw=0)
    axes.plot(epoch, rate, color=MUTED, lw=1.2)
    top = float(rate.max()) or 1.0
    axes.set_ylim(0, top * 1.12)
    axes.set_yticks([0, top], ["0", significant(top)])
    axes.set_ylabel("rate")
    axes.annotate(
        "learning rate",
        (1, 0.5),
        (9, 0),
        xycoords="axes fraction",
        textcoords="offset points",
        color=MUTED,
        va="center",
    )


def style_axes(axes: Axes, results: Results) -> None:
    """Give the three panels the same axis of epochs."""
    axes.set_xlim(0, max(1, epochs(results)))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10], integer=True))
    axes.grid(visible=True, axis="y")
    if results.epoch != epochs(results):
        axes.axvline(results.epoch, color=INK, lw=0.9, ls=(0, (3, 3)))
