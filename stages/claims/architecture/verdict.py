"""Which changes of width, depth and functions are gains, and how slowly deep networks start."""

from stages.claims.architecture.trainings import (
    ACTIVATIONS,
    NAMES,
    PAIRS,
    TINY,
    Change,
    Key,
    Trainings,
    changes,
    gain,
    is_gain,
)
from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.words import PLUS_MINUS, percent_and_deviation, signed
from stages.page.figures.text import SPACE, TIMES, decimal, percent, plural, significant

CRITERION = (
    "It holds if each of four changes (more neurons, more layers, ReLU instead of sigmoid, "
    "cross-entropy instead of squares) raises the accuracy in both settings in which it is tried: "
    "by the longer training, each network with its own best learning rate, the 95 % interval of "
    "the gain (Welch's t) is above 0, so that chance would seem to give it once in forty times at "
    "most. It does not hold if no change does in any, and holds in part otherwise."
)


def judge(trainings: Trainings) -> Finding:
    """Compare what was changed with what it gained, as ``CRITERION`` says."""
    met = [met for both in outcomes(trainings).values() for met in both]
    title = heading(trainings)
    return Finding(
        Verdict.of(*met),
        title,
        measured(trainings),
        alt(trainings, title),
        plain(trainings),
        notes(trainings),
        estimate(trainings),
    )


def outcomes(trainings: Trainings) -> dict[str, list[bool]]:
    """For each change, whether it is a gain in the settings in which it was tried."""
    return {
        change.brief: [is_gain(trainings, *pair) for pair in change.pairs.values()]
        for change in changes(trainings)
    }


def estimate(trainings: Trainings) -> Estimate:
    """What the first change brings to the lectures' network."""
    change = changes(trainings)[0]
    setting, (before, after) = next(iter(change.pairs.items()))
    value, low, high = (100 * each for each in gain(trainings, before, after))
    networks = sum(len(trainings.tests[key]) for key in (before, after))
    unit = f"points of accuracy by {change.what} with {setting}"
    return Estimate(value, low, high, networks, unit)


def shape_name(depth: int, width: int) -> str:
    """``shape_name(2, 16)`` is 2 x 16, with the right sign."""
    return f"{depth} {TIMES} {width}" if depth else "no hidden layer"


def describe(key: Key) -> str:
    """A network in a few words."""
    activation, cost, depth, width = key
    names = f"{NAMES[activation]} and {NAMES[cost]}" if depth else NAMES[cost]
    return f"{shape_name(depth, width)} with {names}"


def heading(trainings: Trainings) -> str:
    """Which changes help, which do so in one setting, and which do not."""
    kinds: dict[int, list[str]] = {}
    for brief, met in outcomes(trainings).items():
        kinds.setdefault(sum(met), []).append(brief)
    once = f"{'helped ' * (2 not in kinds)}in one of two settings"
    words = {2: "helped", 1: once, 0: "did not" if len(kinds) > 1 else "did not help"}
    parts = [f"{in_row(kinds[kind])} {words[kind]}" for kind in (2, 1, 0) if kind in kinds]
    text = "; ".join(parts)
    return text[0].upper() + text[1:]


def in_row(names: list[str]) -> str:
    """Names as one speaks them: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def plain(trainings: Trainings) -> str:
    """The finding in one sentence."""
    title = heading(trainings)
    start = title if title.startswith(("ReLU", "Cross")) else title[0].lower() + title[1:]
    return f"After {trainings.length}, each network at its best rate: {start}."


def notes(trainings: Trainings) -> str:
    """What a short training would have said."""
    early, change = trainings.early, changes(trainings)[0]
    if early is None:
        return ""
    setting, pair = next(iter(change.pairs.items()))
    short, long = (signed(100 * gain(each, *pair).value, 1) for each in (early, trainings))
    return (
        f"A short training tells what learns fast, not what is best in the end: {change.what} "
        f"brought {short} points with {setting} after {early.length}, and {long} after "
        f"{trainings.length}."
    )


def measured(trainings: Trainings) -> str:
    """Give every change with what it gains."""
    rates = [f"{float(rate):g}" for rate in trainings.arrays["rates"]]
    parts = [f"{change.what} {points(trainings, change)}" for change in changes(trainings)]
    middle, seeds = trainings.middle(), trainings.seeds
    meaning = f" (mean {PLUS_MINUS} standard deviation, n = {seeds})" if seeds > 1 else ""
    start = (
        f"Each of {len(trainings.tests)} networks was trained "
        f"{'once' if seeds == 1 else f'{seeds} times'} for {trainings.length}, with weight decay "
        f"and that of the learning rates {', '.join(rates)} at which validation images are read "
        "best after as many epochs, the next lower and higher ones tried, too. "
        f"{shape_name(*middle[2:])} with sigmoid and squares reads "
        f"{percent_and_deviation(trainings.tests[middle])} of the test images{meaning}."
    )
    return (
        f"{start} Points that a change adds, with their 95 % interval (where only the shape "
        "changes, sigmoid comes with squares and ReLU with cross-entropy): "
        f"{'; '.join(parts)}. {chosen_rates(trainings)}{work(trainings)}{slowness(trainings)}"
    )


def points(trainings: Trainings, change: Change) -> str:
    """Points of accuracy that a change adds on average, with their interval, by what stayed."""
    texts = []
    for name, pair in change.pairs.items():
        value, low, high = (signed(100 * each, 1) for each in gain(trainings, *pair))
        between = f" ({low} to {high})" if low != high else ""
        texts.append(f"{value}{between} with {name}")
    return " and ".join(texts)


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
    deepest = max(trainings.by_depth(PAIRS[0]))
    middle, deep = (
        trainings.gains[*PAIRS[0], n, trainings.width] for n in (trainings.depth, deepest)
    )
    larger = (
        f"Its sigmoid neurons then learn best with first weights {deep / middle:g} times as large "
        "as those of the others. "
        if deep > middle
        else ""
    )
    return (
        f"In the untrained network of {plural(layers - 1, 'hidden layer')} the mean |gradient| of "
        f"the last layer's weights is {ratios['sigmoid']} times that of the first layer's with "
        f"sigmoid, {ratios['relu']} times with ReLU; the first layer's part of the first step's "
        f"squared length is {shares['sigmoid']} and {shares['relu']}. {larger}"
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
