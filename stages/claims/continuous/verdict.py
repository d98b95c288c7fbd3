"""Whether neurons that are on or off have a slope, and whether they learn by it."""

from dataclasses import dataclass

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import Interval, mean_interval
from stages.common.files.arrays import Arrays, Floats
from stages.common.files.paths import claim_arrays
from stages.page.figures.text import decimal, percent, plural

KINDS = ("sigmoid", "own slope", "borrowed slope", "switched")
ARRAYS = (
    *("places", "smooth_costs", "step_costs", "images", "nudge", "smooth_changes", "step_changes"),
    *("learning", "epochs", "learning_rate", "before", "after"),
)
FLAT, GAIN = 0.99, 1  # share of nudges that change nothing; points that count as nothing learnt
CRITERION = (
    f"Held if, with neurons on or off, at least {percent(FLAT, 0)} of the nudges that move the "
    "smooth cost change nothing, and networks learn nothing by their own slope: the upper end of "
    f"the 95 % interval of the gain is at most {GAIN} point. In part if only one of these is so. "
    "By one point networks differ by chance."
)


@dataclass(frozen=True)
class Switches:
    """What was measured of sigmoids and of neurons on or off."""

    places: Floats  # (n,), along the line
    smooth: Floats  # (n,), the cost there
    steps: Floats  # (n,), with neurons on or off
    flat: float  # share of the nudges that move the smooth cost and leave the other as it is
    before: Floats  # (kinds, seeds), test accuracies
    after: Floats
    about: dict[str, float]  # images, nudge, learning, epochs, learning_rate

    def accuracy(self, kind: str) -> float:
        """Mean test accuracy after learning."""
        return float(self.after[KINDS.index(kind)].mean())

    @property
    def gain(self) -> Interval:
        """Points that networks gain by the slope of neurons on or off."""
        row = KINDS.index("own slope")
        return mean_interval(100 * (self.after[row] - self.before[row]))

    @property
    def behind(self) -> Interval:
        """Points by which they then are behind those with sigmoids."""
        smooth, stepped = (self.after[KINDS.index(kind)] for kind in ("sigmoid", "own slope"))
        return mean_interval(100 * (smooth - stepped))

    @property
    def seeds(self) -> int:
        """Networks that learnt in each way."""
        return len(self.after[0])


def read() -> Switches:
    """What was measured."""
    arrays = read_arrays("continuous", ARRAYS)
    with written_by("continuous", claim_arrays("continuous")):
        return Switches(
            arrays["places"],
            arrays["smooth_costs"],
            arrays["step_costs"],
            flat_share(arrays),
            arrays["before"].reshape(len(KINDS), -1),
            arrays["after"].reshape(len(KINDS), -1),
            {
                name: float(arrays[name])
                for name in ("images", "nudge", "learning", "epochs", "learning_rate")
            },
        )


def flat_share(arrays: Arrays) -> float:
    """Share of the nudges that move the smooth cost and leave the other as it is; 1 if none do."""
    moving = arrays["smooth_changes"] != 0
    return float((arrays["step_changes"][moving] == 0).mean()) if moving.any() else 1.0


def judge(switches: Switches) -> Finding:
    """Held if there is no slope, and nothing is learnt by it."""
    title = heading(switches)
    return Finding(
        verdict=Verdict.of(switches.flat >= FLAT, switches.gain.high <= GAIN),
        title=title,
        measured=measured(switches),
        alt=alt(switches, title),
        plain="Neurons that are only on or off give learning nothing to go by: nudge a weight a "
        "little, and nothing changes.",
        notes=notes(switches),
        estimate=Estimate(
            *switches.behind, switches.seeds, "points by which sigmoids learn to read more"
        ),
    )


def heading(switches: Switches) -> str:
    """How many nudges change nothing, and what is learnt."""
    learnt = "and nothing is learnt" if switches.gain.high <= GAIN else "yet something is learnt"
    return (
        f"Neurons that are on or off: {percent(switches.flat)} of small nudges change nothing, "
        f"{learnt}"
    )


def notes(switches: Switches) -> str:
    """What neurons on or off can do all the same."""
    return (
        "It is learning that needs the slope, not reading: neurons on or off read "
        f"{percent(switches.accuracy('switched'), 1)} with weights that were learnt with sigmoids. "
        "If learning pretends that they have the sigmoid's slope, they reach "
        f"{percent(switches.accuracy('borrowed slope'), 1)}."
    )


def measured(switches: Switches) -> str:
    """What was nudged, and what was learnt, with all numbers."""
    about = switches.about
    gain, behind = switches.gain, switches.behind
    accuracies = ", ".join(percent(switches.accuracy(kind), 1) for kind in KINDS)
    return (
        f"Cost of {plural(int(about['images']), 'training image')} on the network of the page, "
        f"before training and after: random weights and biases are changed by {about['nudge']:g}, "
        f"one at a time; of the nudges that move the smooth cost, {percent(switches.flat, 2)} "
        f"leave the other as it is. {plural(switches.seeds, 'network')} of that shape for each way "
        f"to learn, squared errors, {plural(int(about['epochs']), 'epoch')} of "
        f"{plural(int(about['learning']), 'image')}, rate {about['learning_rate']:g} falling to 0. "
        f"Test images read: {accuracies} (sigmoids; on or off by their own slope, by the "
        f"sigmoid's, and switched after learning). By their own slope networks gain "
        f"{decimal(gain.value, 1)} points (95 % interval {decimal(gain.low, 1)} to "
        f"{decimal(gain.high, 1)}) and end {decimal(behind.value, 1)} behind "
        f"({decimal(behind.low, 1)} to "
        f"{decimal(behind.high, 1)}). Of equal outputs the first counts."
    )


def alt(switches: Switches, title: str) -> str:
    """Both sides of the figure."""
    accuracies = ", ".join(f"{kind} {percent(switches.accuracy(kind), 1)}" for kind in KINDS)
    return (
        f"{title}. Left, the cost along a line: a smooth curve with sigmoids, a staircase with "
        f"neurons on or off. Right, test images read after learning: {accuracies}."
    )
