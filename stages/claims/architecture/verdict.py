"""Which changes of width, depth and functions are gains, and how slowly deep networks start."""

from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.outputs import read_arrays
from stages.claims.shared.significance import CLEAR, is_clear_gain
from stages.claims.shared.words import PLUS_MINUS, percent_and_deviation, signed
from stages.common.files.arrays import Arrays, Floats
from stages.common.files.atomic import StageError
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import SPACE, TIMES, decimal, percent, plural, significant

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
PAIRS = tuple(zip(ACTIVATIONS, COSTS, strict=True))  # the lectures', and today's
ARRAYS = (
    *("depth", "width", "epochs", "rates"),
    *(f"{name}_{of_layers}" for name in ACTIVATIONS for of_layers in ("slope", "share")),
)
TINY = 1e-12  # the smallest slope

Key: TypeAlias = tuple[str, str, int, int]  # activation, cost, hidden layers, neurons in each


@dataclass(frozen=True)
class Trainings:
    """Test accuracies by network, (seeds,) each, and what else the stage wrote."""

    tests: dict[Key, Floats]
    parameters: dict[tuple[int, int], int]  # by hidden layers and neurons in each
    multiplications: dict[tuple[int, int], int]
    rates: dict[Key, float]  # the learning rate that was best in the trial
    arrays: Arrays

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

    def mean(self, key: Key) -> float:
        """Mean test accuracy of a network."""
        return float(self.tests[key].mean())

    def by_width(self, pair: tuple[str, str]) -> dict[int, Floats]:
        """Networks of the middle's depth, the narrowest first."""
        return {k[3]: self.tests[k] for k in sorted(self.tests) if k[:3] == (*pair, self.depth)}

    def by_depth(self, pair: tuple[str, str]) -> dict[int, Floats]:
        """Networks of the middle's width, from no hidden layer on."""
        keys = [k for k in sorted(self.tests) if k[:2] == pair and k[3] in {0, self.width}]
        return {k[2]: self.tests[k] for k in keys}

    def best(self) -> Key:
        """The network with the highest mean."""
        return max(self.tests, key=self.mean)


def read() -> Trainings:
    """The trainings of all networks, and the slopes before their first step."""
    path = claim_table("architecture")
    table = read_table(path, COLUMNS, texts=TEXTS)
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
    trainings = Trainings(
        tests,
        by_shape(table, "parameters"),
        by_shape(table, "multiplications"),
        dict(zip(keys, table["learning_rate"].tolist(), strict=True)),
        read_arrays("architecture", ARRAYS),
    )
    if any(trainings.middle(a, c) not in tests for a, c in product(ACTIVATIONS, COSTS)):
        raise StageError(f"{path}: expected four networks of one shape; run dvc repro")
    return trainings


def by_shape(table: Table, name: str) -> dict[tuple[int, int], int]:
    """A column of whole numbers by hidden layers and neurons in each."""
    columns = (table[column].astype(int).tolist() for column in ("depth", "width", name))
    return {(depth, width): value for depth, width, value in zip(*columns, strict=True)}


def judge(trainings: Trainings) -> Finding:
    """Held if every change is a clear gain, and in part if some are."""
    pairs = [pair for both in changes(trainings).values() for pair in both.values()]
    gains = [is_gain(trainings, *pair) for pair in pairs]
    title = heading(trainings)
    return Finding(
        Verdict.of(*gains),
        title,
        f"{measured(trainings)}{sum(gains)} of {len(pairs)} changes are gains of more than {CLEAR} "
        f"standard errors{' (which single trainings do not have)' * (trainings.seeds == 1)}.",
        f"All changes are gains of more than {CLEAR} standard errors; it holds in part if some "
        "are.",
        alt(trainings, title),
    )


def shape_name(depth: int, width: int) -> str:
    """``shape_name(2, 16)`` is 2 x 16, with the right sign."""
    return f"{depth} {TIMES} {width}" if depth else "no hidden layer"


def describe(key: Key) -> str:
    """A network in a few words."""
    activation, cost, depth, width = key
    names = f"{NAMES[activation]} and {NAMES[cost]}" if depth else NAMES[cost]
    return f"{shape_name(depth, width)} with {names}"


def heading(trainings: Trainings) -> str:
    """Set the best network beside the one in the middle."""
    best, middle = trainings.best(), trainings.middle()
    usual = percent(trainings.mean(middle), 1)
    if best == middle:
        return (
            f"After {trainings.epochs} none of {len(trainings.tests)} networks beats "
            f"{describe(middle)}: {usual} of the test images"
        )
    share = percent(trainings.mean(best), 1)
    return (
        f"After {trainings.epochs}, {describe(best)} reads {share} of the test images; "
        f"{describe(middle)} {usual}"
    )


def changes(trainings: Trainings) -> dict[str, dict[str, tuple[Key, Key]]]:
    """What was changed in the middle, and what stayed: the networks before and after."""
    most, deepest = (
        max(max(by(pair)) for pair in PAIRS) for by in (trainings.by_width, trainings.by_depth)
    )
    both = {NAMES[pair[0]]: trainings.middle(*pair) for pair in PAIRS}
    tried: dict[str, dict[str, tuple[Key, Key]]] = {}
    if most > trainings.width:
        what = f"{plural(most, 'neuron')} in each layer"
        tried[what] = {name: (m, (*m[:3], most)) for name, m in both.items()}
    if deepest > trainings.depth:
        what = plural(deepest, "hidden layer")
        tried[what] = {name: (m, (*m[:2], deepest, trainings.width)) for name, m in both.items()}
    tried["ReLU instead of sigmoid"] = {
        NAMES[cost]: (trainings.middle("sigmoid", cost), trainings.middle("relu", cost))
        for cost in COSTS
    }
    tried["cross-entropy instead of squares"] = {
        NAMES[name]: (trainings.middle(name, COSTS[0]), trainings.middle(name, COSTS[1]))
        for name in ACTIVATIONS
    }
    return tried


def gain(trainings: Trainings, before: Key, after: Key) -> float:
    """Share of the test images by which the mean accuracy rises."""
    return trainings.mean(after) - trainings.mean(before)


def is_gain(trainings: Trainings, before: Key, after: Key) -> bool:
    """Whether the mean rises by more than chance would have it."""
    tests = trainings.tests
    return is_clear_gain(gain(trainings, before, after), tests[after], tests[before])


def measured(trainings: Trainings) -> str:
    """Give every change with what it gains."""
    rates = [f"{float(rate):g}" for rate in trainings.arrays["rates"]]
    parts = [f"{what} {points(trainings, both)}" for what, both in changes(trainings).items()]
    middle, seeds = trainings.middle(), trainings.seeds
    meaning = f" (mean {PLUS_MINUS} standard deviation, n = {seeds})" if seeds > 1 else ""
    start = (
        f"Each of {len(trainings.tests)} networks was trained "
        f"{'once' if seeds == 1 else f'{seeds} times'} for {trainings.epochs}, "
        f"with that of the learning rates {', '.join(rates)} that did best on validation images in "
        "a shorter trial; such short trainings tell what learns fast, not what is best in the end. "
        f"{shape_name(*middle[2:])} with sigmoid and squares reads "
        f"{percent_and_deviation(trainings.tests[middle])} of the test images{meaning}."
    )
    return (
        f"{start} Points that a change adds (where only the shape changes, sigmoid comes with "
        f"squares and ReLU with cross-entropy): {'; '.join(parts)}. {chosen_rates(trainings)}"
        f"{work(trainings)}{slowness(trainings)}"
    )


def points(trainings: Trainings, both: dict[str, tuple[Key, Key]]) -> str:
    """Points of accuracy that a change adds on average, with their sign, by what stayed."""
    return " and ".join(
        f"{signed(100 * gain(trainings, *pair), 1)} with {name}" for name, pair in both.items()
    )


def chosen_rates(trainings: Trainings) -> str:
    """Which learning rates suited the narrowest and the widest networks of the lectures' kind."""
    widths = [*trainings.by_width(PAIRS[0])]
    rates = [trainings.rates[*trainings.middle()[:3], width] for width in (widths[0], widths[-1])]
    if len(widths) == 1:
        return ""
    return (
        f"With sigmoid and squares the rate that did best is {rates[0]:g} for "
        f"{shape_name(trainings.depth, widths[0])} and {rates[1]:g} for "
        f"{shape_name(trainings.depth, widths[-1])}. "
    )


def work(trainings: Trainings) -> str:
    """What the best network costs, in multiplications."""
    middle, best = trainings.middle()[2:], trainings.best()[2:]
    if middle == best:
        return ""
    ratio = trainings.multiplications[best] / trainings.multiplications[middle]
    return (
        f"For each image, a step of the best network, {shape_name(*best)}, takes "
        f"{trainings.multiplications[best]:,} multiplications, {decimal(ratio, 1)} times as many "
        f"as {shape_name(*middle)}. "
    )


def slowness(trainings: Trainings) -> str:
    """How much less the first layer learns than the last, before the first step."""
    ratios, shares = {}, {}
    for name in ACTIVATIONS:
        slope = trainings.arrays[f"{name}_slope"].mean(axis=0)
        ratio = float(slope[-1] / max(slope[0], TINY))
        ratios[name] = f"{ratio:,.0f}" if ratio >= 10 else decimal(ratio, 1)
        share = 100 * float(trainings.arrays[f"{name}_share"].mean(axis=0)[0])
        shares[name] = significant(share, 2) + SPACE + "%"
    layers = trainings.arrays["sigmoid_slope"].shape[1]
    if layers == 1:
        return ""
    return (
        f"In the untrained network of {plural(layers - 1, 'hidden layer')} the mean |gradient| of "
        f"the last layer's weights is {ratios['sigmoid']} times that of the first layer's with "
        f"sigmoid, {ratios['relu']} times with ReLU; the first layer's part of the first step's "
        f"squared length is {shares['sigmoid']} and {shares['relu']}. "
    )


def alt(trainings: Trainings, title: str) -> str:
    """Read out the ends of the curves."""
    parts = [
        f"{NAMES[pair[0]]} goes from {percent(float(first.mean()), 1)} to "
        f"{percent(float(last.mean()), 1)} as {what}"
        for by, what in (
            (trainings.by_width, "neurons are added"),
            (trainings.by_depth, "layers are added"),
        )
        for pair in PAIRS
        for first, *_, last in [[*by(pair).values()] * 2]  # one value is both ends
    ]
    return f"{title}. Curves of accuracy: {'; '.join(parts)}."
