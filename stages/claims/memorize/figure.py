"""True and shuffled labels learnt by heart: how fast, what for, and how many."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from nn import parameter_count
from stages.claims.amount.figure import spread_out
from stages.claims.shared.claim import GRADIENT_DESCENT, HELD, NOT_HELD, PARTLY, Claim
from stages.common.files.arrays import load_arrays, require
from stages.common.files.atomic import StageError
from stages.common.files.paths import claim_arrays, claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.layout import BLUE, MUTED, ORANGE, WIDTH, Picture, Sheet
from stages.page.figures.text import SPACE, decimal, percent, plural

TABLE, CURVES = claim_table("memorize"), claim_arrays("memorize")
COLUMNS = (
    "part", "network", "images", "labels", "seed", "steps", "train_accuracy", "test_accuracy",
)  # fmt: skip
COLORS = {"true": BLUE, "shuffled": ORANGE}
THRESHOLDS = (0.5, 0.9, 0.99)
# What the claim asks for: shares of labels learnt, points from guessing, and a ratio of steps.
FITTED, LIKE_GUESSING, SLOWER = 0.99, 5.0, 2.0

LEFT, BARS = 0.95, 1.55  # inches: room for tick labels, width of the panel of bars
RACE, LADDER = 2.7, 2.2  # heights in inches
HIGHEST = 104  # percent, the top of the axes
TWO_LINES = 28  # points that a name of two lines takes

Numbers = NDArray[np.float64]
Curve = tuple[Numbers, Numbers]  # steps taken, share of the labels learnt


class Runner(NamedTuple):
    """What became of one kind of labels in the race, network by network."""

    curves: list[Curve]
    train: Numbers  # accuracy at the end
    test: Numbers

    def reached(self, share: float) -> Numbers:
        """Steps, by network, until so many labels were right; infinite if they never were."""
        return np.array(
            [
                next((step for step, a in zip(*curve, strict=True) if a >= share), np.inf)
                for curve in self.curves
            ]
        )


class Rungs(NamedTuple):
    """Labels of one kind that the ladder's network learnt: means over its seeds, (n,)."""

    images: Numbers
    train: Numbers


class Measured(NamedTuple):
    """What the stage found."""

    race: dict[str, Runner]
    ladder: dict[str, Rungs]
    table: Table

    def first(self, part: str, column: str) -> Any:
        """A value that all trainings of one part have in common."""
        return self.table[column][self.table["part"] == part][0]

    def guessing(self) -> float:
        """Share of images that a guess among the classes gets right."""
        return 1 / int(self.first("race", "network").split("-")[-1])

    def networks(self) -> int:
        """Trained for each kind of labels."""
        return len(self.race["true"].train)

    def ratio(self) -> float:
        """How many times the steps of true labels shuffled ones take to be ``FITTED``."""
        true, shuffled = (self.race[kind].reached(FITTED).mean() for kind in COLORS)
        return float(shuffled / true) if np.isfinite(true) else np.nan


def load() -> Measured:
    """Read what the stage wrote, and sort it."""
    table = read_table(TABLE, COLUMNS, texts=("part", "network", "labels"))
    arrays = load_arrays(CURVES)
    try:
        for name, kind in (("run", np.int64), ("step", np.int64), ("accuracy", np.float64)):
            require(arrays, name, kind, arrays["run"].shape)
    except (KeyError, ValueError) as error:
        raise StageError(f"{CURVES}: not the curves of memorize: {error}; run dvc repro") from error
    race, ladder = {}, {}
    for labels in COLORS:
        own = table["labels"] == labels
        rows = np.flatnonzero(own & (table["part"] == "race"))
        curves = [
            (arrays["step"][arrays["run"] == row], arrays["accuracy"][arrays["run"] == row])
            for row in rows
        ]
        race[labels] = Runner(curves, table["train_accuracy"][rows], table["test_accuracy"][rows])
        own &= table["part"] == "ladder"
        images = np.unique(table["images"][own])
        means = [table["train_accuracy"][own & (table["images"] == n)].mean() for n in images]
        ladder[labels] = Rungs(images, np.array(means))
    return Measured(race, ladder, table)


def draw() -> Picture:
    """Draw the race with what it was good for on test images, and the ladder below."""
    measured = load()
    title = finding(measured)
    sheet = Sheet(
        title,
        "Every line is a network; it stops when all labels are right. Below, lines are means of "
        f"{measured.networks()} networks, the axis of images is logarithmic, and numbers at the "
        "dots count the shuffled labels that were right.",
        RACE + LADDER + 2.0,
    )
    right = WIDTH - BARS - 0.45
    race = sheet.panel(LEFT, 0.42, right - LEFT - 0.75, RACE)
    bars = sheet.panel(right, 0.42, BARS, RACE)
    ladder = sheet.panel(LEFT, RACE + 1.47, WIDTH - LEFT - 1.75, LADDER)
    images = int(measured.first("race", "images"))
    head(race, f"{measured.first('race', 'network')} on {plural(images, 'image')}")
    head(bars, "... then on test images")
    head(ladder, f"{small_network(measured)} on more and more images")
    draw_race(race, measured)
    draw_bars(bars, measured)
    draw_ladder(ladder, measured)
    sheet.figure.align_ylabels([race, ladder])
    caption = f"{told_of_race(measured)} {told_of_ladder(measured)} {verdict(measured)}"
    return Picture("memorize", title, caption, alt(measured, title), sheet.figure)


def small_network(measured: Measured) -> str:
    """The ladder's network with the number of its weights and biases."""
    network = measured.first("ladder", "network")
    count = parameter_count(tuple(int(n) for n in network.split("-")))
    return f"{network} ({plural(count, 'parameter')})"


def finding(measured: Measured) -> str:
    """What became of shuffled labels, against true ones."""
    true, shuffled = measured.race.values()
    tests = f"{percent(shuffled.test.mean(), 1)} of test images are right, not "
    tests += percent(true.test.mean(), 1)
    if fits(true) and fits(shuffled):
        return (
            f"Shuffled labels are learnt by heart as well, in {decimal(measured.ratio(), 1)} times "
            f"the steps: then {tests}"
        )
    return (
        f"{percent(shuffled.train.mean(), 1)} of shuffled labels are learnt, and "
        f"{percent(true.train.mean(), 1)} of true ones: then {tests}"
    )


def fits(runner: Runner) -> bool:
    """Whether every network has learnt its labels."""
    return bool((runner.train >= FITTED).all())


def told_of_race(measured: Measured) -> str:
    """How the race went, and what it was good for."""
    images = int(measured.first("race", "images"))
    true, shuffled = measured.race.values()
    paces = [
        f"{percent(share, 0)} after {steps(true, share)} against {steps(shuffled, share)}"
        for share in THRESHOLDS
    ]
    every = min((int(at[1]) for at, _ in true.curves if len(at) > 1), default=0)
    tests = [
        f"{decimal(100 * r.test.mean(), 1)} ± {decimal(100 * r.test.std(ddof=1), 1)}{SPACE}%"
        for r in (true, shuffled)
    ]
    return (
        f"{plural(measured.networks(), 'network')} got {plural(images, 'image')} with the true "
        "labels, and as many got the same images with these labels shuffled; all else was equal. "
        f"Steps, on average, until so many labels were right, true against shuffled, looked at "
        f"every {every}: {'; '.join(paces)}. Then {tests[0]} against {tests[1]} of the test images "
        f"are right (mean ± standard deviation); guessing gives {percent(measured.guessing(), 1)}."
    )


def steps(runner: Runner, share: float) -> str:
    """The mean number of steps to this share."""
    mean = runner.reached(share).mean()
    return f"{mean:,.0f}" if np.isfinite(mean) else "(not all did)"


def told_of_ladder(measured: Measured) -> str:
    """What the small network could and could not learn by heart."""
    most = int(measured.table["steps"][measured.table["part"] == "ladder"].max())
    true, shuffled = measured.ladder.values()
    return (
        f"{small_network(measured)} was given at most {plural(most, 'step')}. It learnt "
        f"{percent(FITTED, 0)} or more of the true labels of {fitted(true)}, and as much of the "
        f"shuffled ones of {fitted(shuffled)}; of {true.images[-1]:,.0f} labels it ended with "
        f"{percent(true.train[-1], 1)} right if they were true, {percent(shuffled.train[-1], 1)} "
        "if shuffled."
    )


def fitted(rungs: Rungs) -> str:
    """Up to how many images (and for all fewer) the labels were learnt."""
    learnt = rungs.images[np.minimum.accumulate(rungs.train) >= FITTED]
    return f"up to {learnt.max():,.0f} images" if len(learnt) else "no number of images tried"


def verdict(measured: Measured) -> str:
    """Count what came true of the three things that the claim says."""
    shuffled = measured.race["shuffled"]
    beyond = abs(shuffled.test.mean() - measured.guessing()) * 100
    came = [fits(shuffled), beyond <= LIKE_GUESSING, measured.ratio() >= SLOWER]
    return (
        f"Asked for were {percent(FITTED, 0)} of the shuffled labels learnt by every network, a "
        f"test accuracy within {LIKE_GUESSING:.0f} points of guessing after that, and at least "
        f"{SLOWER:.0f} times the steps that true labels need until {percent(FITTED, 0)}: "
        f"{sum(came)} of {len(came)} came true. "
        f"{HELD if all(came) else PARTLY if any(came) else NOT_HELD}"
    )


def alt(measured: Measured, title: str) -> str:
    """Give the race's thresholds, and the ladder's values, in words."""
    paces = []
    for labels, runner in measured.race.items():
        when = [f"{percent(share, 0)} after {steps(runner, share)}" for share in THRESHOLDS]
        paces.append(f"{labels.capitalize()} labels reach {', '.join(when)} steps")
    rungs = measured.ladder["shuffled"]
    shares = [f"{n:,.0f}: {percent(a, 1)}" for n, a in zip(rungs.images, rungs.train, strict=True)]
    return (
        f"{title}. {'. '.join(paces)}. Shuffled labels learnt by the smaller network, by number "
        f"of images: {', '.join(shares)}."
    )


def head(axes: Axes, text: str) -> None:
    """Head a panel."""
    axes.set_title(text, loc="left", size=9.5, weight="bold", color=MUTED, pad=14)


def dress(axes: Axes) -> None:
    """Give a panel the axis of shares."""
    axes.set_ylim(0, HIGHEST)
    axes.set_yticks([0, 20, 40, 60, 80, 100])
    axes.grid(visible=True, axis="y")


def draw_race(axes: Axes, measured: Measured) -> None:
    """Draw every network's way, and the steps that it took to each threshold."""
    longest = max(at[-1] for runner in measured.race.values() for at, _ in runner.curves)
    for labels, runner in measured.race.items():
        color = COLORS[labels]
        for at, share in runner.curves:
            axes.plot(at, 100 * share, color=color, lw=1.3, alpha=0.6)
            axes.plot(at[-1:], 100 * share[-1:], color=color, marker="o", ms=4.5, clip_on=False)
        for threshold in THRESHOLDS:
            mean, percents = runner.reached(threshold).mean(), 100 * threshold
            if np.isfinite(mean):
                axes.plot(mean, percents, color=color, marker="o", ms=5.5, mfc="white", mew=1.4)
                text, late = f"{percents:.0f}{SPACE}%: {mean:,.0f}", mean > 0.8 * longest
                offset = (-8, -5) if late else (8, -5)
                say(axes, (mean, percents), offset, text, color, ha="right" if late else "left")
    name_curves(axes, measured)
    dress(axes)
    axes.set_xlim(left=0)
    axes.set_ylabel("labels learnt (%)")
    axes.set_xlabel("steps")


def name_curves(axes: Axes, measured: Measured) -> None:
    """Write at the longest curve of each kind what it is: shuffled below if both end together."""
    ends = {
        labels: max((at[-1], -share[-1]) for at, share in runner.curves)
        for labels, runner in measured.race.items()
    }
    (true, _), (shuffled, _) = ends.values()
    together = abs(true - shuffled) < 0.25 * max(true, shuffled)
    for labels, (step, below) in ends.items():
        offset = (8, -22) if together and labels == "shuffled" else (8, 10)
        place = (step, -100 * below)
        say(axes, place, offset, f"{labels} labels", COLORS[labels], bold=True, ha="right")


def draw_bars(axes: Axes, measured: Measured) -> None:
    """Draw test accuracies beside what guessing would give."""
    for x, (labels, runner) in enumerate(measured.race.items()):
        mean, color = 100 * runner.test.mean(), COLORS[labels]
        axes.bar(x, mean, width=0.62, color=color, alpha=0.8)
        text = f"{decimal(mean, 1)}{SPACE}%"
        say(axes, (x, mean), (0, 8), text, color, bold=True, ha="center")
    guess(axes, measured)
    axes.set_xlim(-0.5, 1.5)
    axes.set_xticks(range(len(measured.race)), [f"{labels}\nlabels" for labels in measured.race])
    dress(axes)
    axes.set_ylabel("test images right (%)")


def guess(axes: Axes, measured: Measured) -> None:
    """Draw the line that guessing reaches."""
    axes.axhline(100 * measured.guessing(), color=MUTED, lw=1, ls=(0, (4, 3)))


def draw_ladder(axes: Axes, measured: Measured) -> None:
    """Draw the share of labels learnt over the number of images."""
    axes.set_xscale("log")
    table, ladder = measured.table, measured.ladder
    for labels, rungs in ladder.items():
        color = COLORS[labels]
        own = (table["part"] == "ladder") & (table["labels"] == labels)
        single = 100 * table["train_accuracy"][own]
        axes.plot(table["images"][own], single, color=color, ls="", marker="o", mew=0, alpha=0.3)
        axes.plot(rungs.images, 100 * rungs.train, color=color, lw=1.8, marker="o", clip_on=False)
    guess(axes, measured)
    axes.margins(x=0.05)
    dress(axes)
    images = ladder["true"].images
    places = spread_out(axes, images)
    axes.set_xticks(images, [f"{n:,.0f}" if i in places else "" for i, n in enumerate(images)])
    axes.minorticks_off()
    axes.set_ylabel("labels learnt (%)")
    axes.set_xlabel("training images")
    name_rungs(axes, measured, places)


def name_rungs(axes: Axes, measured: Measured, places: list[int]) -> None:
    """Write what the lines are, and at these dots how many shuffled labels were right."""
    ends = {labels: 100 * rungs.train[-1] for labels, rungs in measured.ladder.items()}
    apart = LADDER * 72 * abs(ends["true"] - ends["shuffled"]) / HIGHEST
    push = max(0.0, (TWO_LINES - apart) / 2)
    upper = max(ends, key=lambda labels: ends[labels])
    for labels, end in ends.items():
        place = (measured.ladder[labels].images[-1], end)
        offset = (22, push if labels == upper else -push)
        text = f"{labels} labels\n{percent(end / 100, 1)}"
        say(axes, place, offset, text, COLORS[labels], bold=True)
    images, train = measured.ladder["shuffled"]
    for i in places:
        text = f"{images[i] * train[i]:,.0f}"
        say(axes, (images[i], 100 * train[i]), (0, -12), text, ORANGE, ha="center")
    place = (images[0], 100 * measured.guessing())
    say(axes, place, (-4, 7), f"guessing: {percent(measured.guessing(), 1)}", MUTED)


def say(
    axes: Axes,
    place: tuple[float, float],
    offset: tuple[float, float],
    text: str,
    color: str,
    *,
    bold: bool = False,
    ha: str = "left",
) -> None:
    """Write at a place, this many points off."""
    axes.annotate(
        text, place, offset, textcoords="offset points", color=color, va="center",
        ha=ha, weight="bold" if bold else "normal",
        size=9.5 if bold else 8.5, annotation_clip=False, linespacing=1.15,
    )  # fmt: skip


CLAIM = Claim(
    "memorize",
    "Is it just memorizing?",
    "Shuffle the labels, and a large enough network still learns all of them, although there is "
    "nothing to understand: it does no better than chance on new images. But it has to struggle: "
    "the true labels are learnt much faster, so there is something smarter going on with them.",
    f"{GRADIENT_DESCENT}, after Zhang et al. 2017 and Arpit et al. 2017",
    draw,
)
