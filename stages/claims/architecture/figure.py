"""Accuracy by width, depth and functions, and why deep sigmoid networks start slowly."""

from dataclasses import dataclass
from itertools import product
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedLocator, LogLocator, NullLocator
from numpy.typing import NDArray

from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY, VIEWER, Claim
from stages.common.files.arrays import load_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import claim_arrays, claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.layout import BLUE, ORANGE, Picture, Sheet
from stages.page.figures.text import MINUS, SPACE, TIMES, decimal, percent, plural, significant

TABLE = claim_table("architecture")
ARRAYS = claim_arrays("architecture")
TEXTS = ("activation", "cost")
COLUMNS = (
    *TEXTS,
    "depth",
    "width",
    "parameters",
    "multiplications",
    "learning_rate",
    "trial_accuracy",
    "seed",
    "validation_accuracy",
    "test_accuracy",
)
NAMES = {
    "sigmoid": "sigmoid",
    "relu": "ReLU",
    "quadratic": "squares",
    "cross_entropy": "cross-entropy",
}
ACTIVATIONS, COSTS = ("sigmoid", "relu"), ("quadratic", "cross_entropy")  # the lectures' first
PAIRS = {("sigmoid", "quadratic"): BLUE, ("relu", "cross_entropy"): ORANGE}
CLEAR = 2  # standard errors that a mean difference must have to count as one
LEAST = 1e-5  # the smallest error that an axis shows
TINY = 1e-12  # the smallest slope
MOST_TICKS = 10  # on the axis of layers
LINE = 13  # points from one line of a curve's name to the next
ERRORS = (0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0001)
FINE = tuple(m / 10**e for e in (1, 2, 3) for m in (8, 6, 4, 3, 2, 1.5, 1))
PLUS_MINUS = "\N{PLUS-MINUS SIGN}"

Key: TypeAlias = tuple[str, str, int, int]  # activation, cost, hidden layers, neurons in each
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Found:
    """What the stage wrote: the trainings' test accuracies by network, (seeds,) each."""

    tests: dict[Key, Floats]
    parameters: dict[tuple[int, int], int]  # by hidden layers and neurons in each
    multiplications: dict[tuple[int, int], int]
    rates: dict[Key, float]  # the learning rate that was best in the trial
    arrays: dict[str, NDArray[Any]]

    @property
    def depth(self) -> int:
        """Hidden layers of the network in the middle."""
        return int(self.arrays["depth"])

    @property
    def width(self) -> int:
        """Neurons in each of them."""
        return int(self.arrays["width"])

    @property
    def epochs(self) -> str:
        """How long every network was trained."""
        return plural(int(self.arrays["epochs"]), "epoch")

    @property
    def seeds(self) -> int:
        """How often each network was trained."""
        return len(next(iter(self.tests.values())))

    def middle(self, activation: str = "sigmoid", cost: str = "quadratic") -> Key:
        """The network whose shape and functions are changed in turn."""
        return activation, cost, self.depth, self.width

    def by_width(self, pair: tuple[str, str]) -> dict[int, Floats]:
        """Networks of the middle's depth, the narrowest first."""
        return {k[3]: self.tests[k] for k in sorted(self.tests) if k[:3] == (*pair, self.depth)}

    def by_depth(self, pair: tuple[str, str]) -> dict[int, Floats]:
        """Networks of the middle's width, from no hidden layer on."""
        keys = [k for k in sorted(self.tests) if k[:2] == pair and k[3] in {0, self.width}]
        return {k[2]: self.tests[k] for k in keys}

    def best(self) -> Key:
        """The network with the highest mean."""
        return max(self.tests, key=lambda key: float(self.tests[key].mean()))


def load() -> Found:
    """Read what the stage wrote."""
    table = read_table(TABLE, COLUMNS, texts=TEXTS)
    keys = list(
        zip(
            *(table[name].tolist() for name in TEXTS),
            *(table[name].astype(int).tolist() for name in ("depth", "width")),
            strict=True,
        )
    )
    tests = {
        key: table["test_accuracy"][[other == key for other in keys]] for key in dict.fromkeys(keys)
    }
    found = Found(
        tests,
        by_shape(table, "parameters"),
        by_shape(table, "multiplications"),
        dict(zip(keys, table["learning_rate"].tolist(), strict=True)),
        load_arrays(ARRAYS),
    )
    if any(found.middle(a, c) not in tests for a, c in product(ACTIVATIONS, COSTS)):
        raise StageError(f"{TABLE}: expected four networks of one shape; run dvc repro")
    return found


def by_shape(table: Table, name: str) -> dict[tuple[int, int], int]:
    """A column of whole numbers by hidden layers and neurons in each."""
    columns = (table[column].astype(int).tolist() for column in ("depth", "width", name))
    return {(depth, width): value for depth, width, value in zip(*columns, strict=True)}


def shape_name(depth: int, width: int) -> str:
    """``shape_name(2, 16)`` is 2 x 16, with the right sign."""
    return f"{depth} {TIMES} {width}" if depth else "no hidden layer"


def describe(key: Key) -> str:
    """A network in a few words."""
    activation, cost, depth, width = key
    names = f"{NAMES[activation]} and {NAMES[cost]}" if depth else NAMES[cost]
    return f"{shape_name(depth, width)} with {names}"


def draw() -> Picture:
    """Draw four panels: width, depth, functions, and the gradient layer by layer."""
    found = load()
    title = finding(found)
    sheet = Sheet(
        title,
        f"Dots: {plural(found.seeds, 'training')} of each network; lines: their mean. Accuracy is "
        "spaced so that halving the errors always takes the same height (below: the same width).",
        5.95,
    )
    width = sheet.panel(0.95, 0.3, 2.95, 2.3)
    depth = sheet.panel(4.35, 0.3, 2.65, 2.3)
    draw_width(width, found)
    draw_depth(depth, found)
    draw_functions(sheet.panel(1.85, 3.6, 2.05, 1.75), found)
    draw_slopes(sheet.panel(4.85, 3.6, 2.15, 1.75), found)
    return Picture("architecture", title, caption(found), alt(found, title), sheet.figure)


def finding(found: Found) -> str:
    """Set the best network beside the one in the middle."""
    best, middle = found.best(), found.middle()
    own = percent(float(found.tests[middle].mean()), 1)
    if best == middle:
        return (
            f"After {found.epochs} none of {len(found.tests)} networks beats {describe(middle)}: "
            f"{own} of the test images"
        )
    share = percent(float(found.tests[best].mean()), 1)
    return (
        f"After {found.epochs}, {describe(best)} reads {share} of the test images; "
        f"{describe(middle)} {own}"
    )


def changes(found: Found) -> dict[str, dict[str, tuple[Key, Key]]]:
    """What was changed in the middle, and what stayed: the networks before and after."""
    most, deepest = (
        max(max(by(pair)) for pair in PAIRS) for by in (found.by_width, found.by_depth)
    )
    both = {NAMES[pair[0]]: found.middle(*pair) for pair in PAIRS}
    tried: dict[str, dict[str, tuple[Key, Key]]] = {}
    if most > found.width:
        what = f"{plural(most, 'neuron')} in each layer"
        tried[what] = {name: (m, (*m[:3], most)) for name, m in both.items()}
    if deepest > found.depth:
        what = plural(deepest, "hidden layer")
        tried[what] = {name: (m, (*m[:2], deepest, found.width)) for name, m in both.items()}
    tried["ReLU instead of sigmoid"] = {
        NAMES[cost]: (found.middle("sigmoid", cost), found.middle("relu", cost)) for cost in COSTS
    }
    tried["cross-entropy instead of squares"] = {
        NAMES[name]: (found.middle(name, COSTS[0]), found.middle(name, COSTS[1]))
        for name in ACTIVATIONS
    }
    return tried


def helped(found: Found, before: Key, after: Key) -> bool:
    """Whether the mean rose by more than ``CLEAR`` standard errors of the difference.

    One training of each has no spread, and proves nothing.
    """
    if found.seeds == 1:
        return False
    rise = found.tests[after].mean() - found.tests[before].mean()
    variance = sum(found.tests[key].var(ddof=1) / found.seeds for key in (before, after))
    return bool(rise > CLEAR * variance**0.5)


def caption(found: Found) -> str:
    """Give every change with what it gains, and count those that are clear gains."""
    tried = changes(found)
    pairs = [pair for both in tried.values() for pair in both.values()]
    gains = sum(helped(found, *pair) for pair in pairs)
    verdict = HELD if gains == len(pairs) else PARTLY if gains else NOT_HELD
    rates = [f"{float(rate):g}" for rate in found.arrays["rates"]]
    parts = [
        f"{what} {' and '.join(f'{gain(found, *p)} with {name}' for name, p in both.items())}"
        for what, both in tried.items()
    ]
    middle = found.middle()
    start = (
        f"Each of {len(found.tests)} networks was trained {often(found.seeds)} for {found.epochs}, "
        f"with that of the learning rates {', '.join(rates)} that did best on validation images in "
        "a shorter trial; such short trainings tell what learns fast, not what is best in the end. "
        f"{shape_name(*middle[2:])} with sigmoid and squares reads {spread(found.tests[middle])} "
        f"of the test images{meaning(found)}."
    )
    end = (
        f"{gains} of {len(pairs)} changes are gains of more than {CLEAR} standard errors"
        f"{' (which single trainings do not have)' if found.seeds == 1 else ''}; the claim counts "
        f"as held if all are, and in part if some are. {verdict}"
    )
    return (
        f"{start} Points that a change adds (where only the shape changes, sigmoid comes with "
        f"squares and ReLU with cross-entropy): {'; '.join(parts)}. {chosen_rates(found)}"
        f"{work(found)}{slowness(found)}{end}"
    )


def often(times: int) -> str:
    """``often(3)`` is 3 times."""
    return "once" if times == 1 else f"{times} times"


def gain(found: Found, before: Key, after: Key) -> str:
    """Points of accuracy that a change adds on average, with their sign."""
    text = decimal(100 * float(found.tests[after].mean() - found.tests[before].mean()), 1)
    return text if text.startswith(MINUS) else f"+{text}"


def spread(shares: Floats) -> str:
    """Mean and standard deviation in percent; the mean alone for one training."""
    mean = percent(float(shares.mean()), 1)
    if len(shares) == 1:
        return mean
    deviation = percent(float(shares.std(ddof=1)), 1)
    return f"{mean.split(SPACE)[0]} {PLUS_MINUS} {deviation}"


def meaning(found: Found) -> str:
    """Explain what ``spread`` gives."""
    return f" (mean {PLUS_MINUS} standard deviation, n = {found.seeds})" if found.seeds > 1 else ""


def chosen_rates(found: Found) -> str:
    """Which learning rates suited the narrowest and the widest networks of the lectures' kind."""
    widths = [*found.by_width(found.middle()[:2])]
    rates = [found.rates[*found.middle()[:3], width] for width in (widths[0], widths[-1])]
    if len(widths) == 1:
        return ""
    return (
        f"With sigmoid and squares the rate that did best is {rates[0]:g} for "
        f"{shape_name(found.depth, widths[0])} and {rates[1]:g} for "
        f"{shape_name(found.depth, widths[-1])}. "
    )


def work(found: Found) -> str:
    """What the best network costs, in multiplications."""
    middle, best = found.middle()[2:], found.best()[2:]
    if middle == best:
        return ""
    ratio = found.multiplications[best] / found.multiplications[middle]
    return (
        f"For each image, a step of the best network, {shape_name(*best)}, takes "
        f"{found.multiplications[best]:,} multiplications, {decimal(ratio, 1)} times as many as "
        f"{shape_name(*middle)}. "
    )


def slowness(found: Found) -> str:
    """How much less the first layer learns than the last, before the first step."""
    ratios, shares = {}, {}
    for name in ACTIVATIONS:
        slope = found.arrays[f"{name}_slope"].mean(axis=0)
        ratio = float(slope[-1] / max(slope[0], TINY))
        ratios[name] = f"{ratio:,.0f}" if ratio >= 10 else decimal(ratio, 1)
        share = 100 * float(found.arrays[f"{name}_share"].mean(axis=0)[0])
        shares[name] = significant(share, 2) + SPACE + "%"
    layers = found.arrays["sigmoid_slope"].shape[1]
    if layers == 1:
        return ""
    return (
        f"In the untrained network of {plural(layers - 1, 'hidden layer')} the mean |gradient| of "
        f"the last layer's weights is {ratios['sigmoid']} times that of the first layer's with "
        f"sigmoid, {ratios['relu']} times with ReLU; the first layer's part of the first step's "
        f"squared length is {shares['sigmoid']} and {shares['relu']}. "
    )


def alt(found: Found, title: str) -> str:
    """Read out the ends of the curves."""
    parts = [
        f"{NAMES[pair[0]]} goes from {percent(float(first.mean()), 1)} to "
        f"{percent(float(last.mean()), 1)} as {what}"
        for by, what in (
            (found.by_width, "neurons are added"),
            (found.by_depth, "layers are added"),
        )
        for pair in PAIRS
        for first, *_, last in [[*by(pair).values()] * 2]  # one value is both ends
    ]
    return f"{title}. Curves of accuracy: {'; '.join(parts)}."


def as_errors(shares: Floats) -> Floats:
    """Shares of images misread, (n,), as a logarithmic axis can show them."""
    return np.maximum(1 - shares, LEAST)


def draw_width(axes: Axes, found: Found) -> None:
    """Draw accuracy against the neurons in each layer, with the parameters that they need."""
    axes.set_title(
        f"width, with {plural(found.depth, 'hidden layer')}", loc="left", size=9.5, weight="bold"
    )
    axes.set_xscale("log", base=2)
    curves = {pair: found.by_width(pair) for pair in PAIRS}
    draw_curves(axes, found, curves, found.width)
    widths = [*curves[next(iter(PAIRS))]]
    labels = [f"{w}\n{found.parameters[found.depth, w]:,}" for w in widths]
    axes.xaxis.set_major_locator(FixedLocator(widths))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticks(widths, labels, size=8)
    axes.set_xlim(widths[0] / 1.35, widths[-1] * 1.35)
    axes.set_xlabel("neurons in each layer; below, all parameters")
    axes.set_ylabel("accuracy on test images (%)")


def draw_depth(axes: Axes, found: Found) -> None:
    """Draw accuracy against the number of hidden layers, and name the curves."""
    axes.set_title(f"depth, with layers of {found.width}", loc="left", size=9.5, weight="bold")
    curves = {pair: found.by_depth(pair) for pair in PAIRS}
    draw_curves(axes, found, curves, found.depth)
    depths = [*curves[next(iter(PAIRS))]]
    axes.set_xticks(depths, [f"{d}" for d in depths])
    axes.set_xlim(depths[0] - 0.3, depths[-1] + 0.3)
    axes.set_xlabel("hidden layers")
    ends = {pair: float(as_errors(c[depths[-1]]).mean()) for pair, c in curves.items()}
    texts = {pair: f"{NAMES[pair[0]]},\n{NAMES[pair[1]]}" for pair in PAIRS}
    name_ends(axes, depths[-1], ends, texts)


def name_ends(
    axes: Axes, x: float, ends: dict[tuple[str, str], float], texts: dict[tuple[str, str], str]
) -> None:
    """Name two curves at their right ends, far enough apart to be read."""
    heights = {key: float(axes.transData.transform((x, y))[1]) for key, y in ends.items()}
    lower, upper = sorted(heights, key=lambda key: heights[key])
    apart = (heights[upper] - heights[lower]) * 72 / axes.figure.dpi
    lines = 1 + texts[upper].count("\n")
    shift = max(0.0, (LINE * lines - apart) / 2)
    for key, moved in ((lower, -shift), (upper, shift)):
        axes.annotate(
            texts[key],
            (x, ends[key]),
            (10, moved),
            textcoords="offset points",
            color=PAIRS[key],
            weight="bold",
            va="center",
            annotation_clip=False,
        )


def draw_curves(
    axes: Axes, found: Found, curves: dict[tuple[str, str], dict[int, Floats]], at: int
) -> None:
    """Draw a dot for each training, a line through the means, and a ring in the middle."""
    axes.set_yscale("log")
    for pair, color in PAIRS.items():
        places = [*curves[pair]]
        errors = [as_errors(shares) for shares in curves[pair].values()]
        axes.plot(places, [e.mean() for e in errors], color=color, lw=1.7, zorder=3)
        for place, values in zip(places, errors, strict=True):
            axes.plot([place] * len(values), values, "o", color=color, ms=4, alpha=0.55, mew=0)
        mean = errors[places.index(at)].mean()
        axes.plot([at], [mean], "o", color="white", mec=color, mew=1.5, ms=7, zorder=4)
    error_axis(axes.yaxis, [*found.tests.values()])
    axes.grid(visible=True, axis="y")


def error_axis(axis: Axis, shares: list[Floats]) -> None:
    """Let an axis of errors run backwards and tell accuracies in percent."""
    errors = as_errors(np.concatenate(shares))
    high, low = float(errors.max()) * 1.12, float(errors.min()) / 1.2
    axis.set_view_interval(high, low, ignore=True)
    inside = [e for e in ERRORS if low <= e <= high]
    inside = inside if len(inside) > 2 else [e for e in FINE if low <= e <= high]
    axis.set_major_locator(FixedLocator(inside))
    axis.set_minor_locator(NullLocator())
    axis.set_ticks(inside, [f"{100 - 100 * e:g}" for e in inside])


def draw_functions(axes: Axes, found: Found) -> None:
    """Draw the four combinations of functions in the middle's shape, one below the other."""
    shape = shape_name(found.depth, found.width)
    axes.set_title(f"functions, with {shape}", loc="left", size=9.5, weight="bold")
    axes.set_xscale("log")
    rows = [found.middle(name, cost) for name, cost in product(ACTIVATIONS, COSTS)]
    for row, key in enumerate(rows):
        color = BLUE if key[0] == ACTIVATIONS[0] else ORANGE
        errors = as_errors(found.tests[key])
        axes.plot(errors, [row] * len(errors), "o", color=color, ms=4.5, alpha=0.55, mew=0)
        axes.plot([errors.mean()] * 2, [row - 0.25, row + 0.25], color=color, lw=2.2)
    error_axis(axes.xaxis, [found.tests[key] for key in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    names = [f"{NAMES[k[0]]}, {NAMES[k[1]]}\n{spread(found.tests[k])}" for k in rows]
    axes.set_yticks(range(len(rows)), names, size=8)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, axis="x")
    axes.set_xlabel("accuracy on test images (%)")


def power_of_ten(value: float) -> str:
    """``power_of_ten(0.001)`` is 0.001; from five places on it is 1e-5, with a true minus sign."""
    places = -round(np.log10(value))
    return f"{value:g}" if places < 5 else f"1e{MINUS}{places}"


def draw_slopes(axes: Axes, found: Found) -> None:
    """Draw the mean |gradient| of each layer's weights, before the first step."""
    layers = found.arrays["sigmoid_slope"].shape[1]
    axes.set_title("gradient before the first step", loc="left", size=9.5, weight="bold")
    axes.set_yscale("log")
    places = np.arange(1, layers + 1)
    ends = {}
    for name, (pair, color) in zip(ACTIVATIONS, PAIRS.items(), strict=True):
        slopes = np.maximum(found.arrays[f"{name}_slope"], TINY)
        for one in slopes:
            axes.plot(places, one, color=color, lw=0.8, alpha=0.45)
        axes.plot(places, slopes.mean(axis=0), color=color, lw=1.7, marker="o", ms=4.5)
        ends[pair] = float(slopes.mean(axis=0)[-1])
    axes.yaxis.set_major_locator(LogLocator(numticks=6))
    axes.yaxis.set_major_formatter(lambda x, _: power_of_ten(x))
    axes.yaxis.set_minor_locator(NullLocator())
    ticks = np.unique(np.linspace(1, layers, min(layers, MOST_TICKS)).astype(int))
    axes.set_xticks(ticks, [*(f"{n}" for n in ticks[:-1]), "last"])
    axes.set_xlim(0.7, layers + 0.3)
    axes.grid(visible=True, axis="y")
    axes.set_xlabel(f"layer of weights, with {plural(layers - 1, 'hidden layer')}")
    axes.set_ylabel("mean |gradient|")
    name_ends(axes, layers, ends, {pair: NAMES[pair[0]] for pair in PAIRS})


CLAIM = Claim(
    "architecture",
    "How many neurons, how many layers?",
    "Two hidden layers of 16 neurons fit on the screen, says the first lecture, and there is room "
    "to experiment. Viewers expect more: that more neurons, more layers, ReLU, and another cost "
    "each read more digits.",
    VIEWER,
    draw,
)
