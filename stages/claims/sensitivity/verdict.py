"""How unequally the cost listens to the weights, and whether two that are wiggled agree."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.networks import NETWORKS
from stages.claims.shared.outputs import read_arrays
from stages.claims.shared.significance import mean_interval
from stages.common.files.arrays import Arrays, Floats
from stages.page.figures.results import load_input
from stages.page.figures.text import SPACE, TIMES, percent, plural, significant

ARRAYS = ("images", "ratio", "wiggles", "sizes", "first")
OF_NETWORK = (
    *("ranks", "ranked", "zeros", "within", "pairs"),
    *("pixels", "cost", "places", "components", "changes", "agreed", "siblings"),
)
CLOSE = 0.01  # a ratio is as it should be if it is this near, as a share
ALONG = 0.1  # a change of cost still follows the slope if it is this near, as a share
CRITERION = (
    "It holds if on every network, this one and others of its recipe, untrained and trained, the "
    "gradient has two components, one as many times the other as asked for (within "
    f"{percent(CLOSE, 0)}), and the smallest wiggle of the one changes the cost as many times as "
    f"much as that of the other (again within {percent(CLOSE, 0)}: of so small a wiggle, the bend "
    "of the cost makes less). It holds in part if that is so of all untrained ones or of all "
    "trained ones."
)
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Probed:
    """What was measured on one network; see the stage ``sensitivity``."""

    name: str
    arrays: Arrays
    input: str  # what the network is given for each of its inputs

    def __getitem__(self, key: str) -> Floats:
        """One of the arrays of this network, by its name without the network's."""
        return self.arrays[f"{self.name}_{key}"]

    @property
    def wiggles(self) -> Floats:
        """By how much the two parameters were changed, (k,)."""
        return self.arrays["wiggles"]

    @property
    def predicted(self) -> float:
        """How many times the first component is the second; 0 if that one is zero."""
        return ratio_of(self["components"])

    @property
    def measured(self) -> float:
        """How many times the first change of cost is the second, at the smallest wiggle."""
        return ratio_of(self["changes"][:, 0])

    @property
    def agrees(self) -> bool:
        """Whether each network has two components in this ratio, and its cost changes in it."""
        asked = float(self.arrays["ratio"])
        predicted, measured = np.array([(self.predicted, self.measured), *self["siblings"]]).T
        exist = np.abs(predicted - asked) <= CLOSE * asked
        return bool((exist & (np.abs(measured - predicted) <= CLOSE * predicted)).all())

    @property
    def follows(self) -> float:
        """The largest wiggle up to which both changes of cost follow the slope; 0 if none."""
        slopes = self["components"][:, np.newaxis] * self.wiggles
        off = np.abs(self["changes"] - slopes) > ALONG * np.abs(slopes)
        bad = np.flatnonzero(off.any(axis=0))
        steps = int(bad[0]) if bad.size else len(self.wiggles)
        return float(self.wiggles[steps - 1]) if steps else 0.0


def ratio_of(pair: Floats) -> float:
    """How many times larger in size the first of two is; 0 if there is nothing to compare with."""
    large, small = np.abs(pair)
    return float(large / small) if small else 0.0


def read() -> list[Probed]:
    """What was measured on the untrained network and on the trained one."""
    names = [f"{network}_{name}" for network in NETWORKS for name in OF_NETWORK]
    arrays, given = read_arrays("sensitivity", [*ARRAYS, *names]), load_input()
    return [Probed(network, arrays, given) for network in NETWORKS]


def judge(both: list[Probed]) -> Finding:
    """Compare predicted and measured ratios, as ``CRITERION`` says."""
    title, siblings = heading(both), both[-1]["siblings"]
    unit = "times as much change of the cost, on trained networks"
    return Finding(
        Verdict.of(*(probed.agrees for probed in both)),
        title,
        measured(both),
        alt(both, title),
        plain(both),
        notes(both),
        Estimate(*mean_interval(siblings[:, 1]), len(siblings), unit),
    )


def heading(both: list[Probed]) -> str:
    """The ratios on the trained network, measured and predicted."""
    actual, predicted = (significant(r, 4) for r in (both[-1].measured, both[-1].predicted))
    moved = f"One weight's wiggle moves the cost {actual} times as far as another's"
    return f"{moved}; promised: {predicted}"


def plain(both: list[Probed]) -> str:
    """The finding in one sentence."""
    asked = significant(float(both[0].arrays["ratio"]))
    if all(probed.agrees for probed in both):
        return (
            "The gradient says how much each weight matters: where it says "
            f"{asked} times as much as another, a wiggle proves it right."
        )
    return f"Not on every network do two weights behave as a {asked}-fold difference promises."


def notes(both: list[Probed]) -> str:
    """Whether different images ask for the same weights."""
    first = int(both[0].arrays["first"])
    agreed = [f"{int(probed['agreed'])} of them ({probed.name})" for probed in both]
    return (
        f"Which weights matter most depends on the network and on the images: of the {first} most "
        f"sensitive ones, one half of the training images and the other name {agreed[0]} and "
        f"{agreed[1]} alike."
    )


def measured(both: list[Probed]) -> str:
    """Which two were wiggled, and how unequal all are."""
    arrays = both[0].arrays
    sizes = tuple(int(n) for n in arrays["sizes"])
    count = sum((n_in + 1) * n_out for n_in, n_out in pairwise(sizes))
    wiggle, asked = significant(float(arrays["wiggles"][0])), significant(float(arrays["ratio"]))
    pairs = " and ".join(f"{percent(float(p['pairs']), 0)} ({p.name})" for p in both)
    zeros = " and ".join(f"{int(p['zeros']):,} ({p.name})" for p in both)
    return (
        f"The cost is that of all {plural(int(arrays['images']), 'training image')}. "
        f"Of {count:,} weights and biases, the most sensitive one and the one nearest to {asked} "
        f"times less so were made larger by {wiggle}, one at a time. "
        f"{' '.join(course(probed) for probed in both)} In {pairs} of "
        f"all pairs the cost listens to one at least {asked} times as much as to the other. For "
        f"{zeros} the derivative is exactly zero; they are not drawn."
    )


def course(probed: Probed) -> str:
    """The two derivatives of one network, what the wiggles did, and what its siblings say."""
    large, small = (scientific(float(slope)) for slope in probed["components"])
    near = percent(ALONG, 0)
    reach = (
        f"both changes stay within {near} of the prediction up to {significant(probed.follows)}"
        if probed.follows
        else f"even the smallest wiggle is not within {near} of the prediction"
    )
    return (
        f"{probed.name.capitalize()}: derivatives {large} and {small}, predicted ratio "
        f"{significant(probed.predicted, 4)}, measured {significant(probed.measured, 4)}; {reach}; "
        f"{siblings(probed)}."
    )


def siblings(probed: Probed) -> str:
    """Between which ratios the siblings lie."""
    ends = [
        f"{significant(float(ratios.min()), 4)} to {significant(float(ratios.max()), 4)}"
        for ratios in probed["siblings"].T
    ]
    count = len(probed["siblings"])
    return f"on {count} other networks, predicted ratios of {ends[0]}, measured {ends[1]}"


def alt(both: list[Probed], title: str) -> str:
    """Describe the panels."""
    parts = [
        f"{p.name}, derivatives fall from {scientific(float(p['ranked'][0]))} at rank 1 to "
        f"{scientific(float(np.median(p['ranked'])))} in the middle of the drawn ranks"
        for p in both
    ]
    return (
        f"{title}. Curves of all derivatives by rank: {'; '.join(parts)}. Beside them, maps of "
        f"the {both[0].input}s; below, changes of cost against the wiggle, on straight lines at "
        "first."
    )


def scientific(value: float) -> str:
    """Three digits, with a power of ten if there were many zeros in front of them."""
    if value == 0 or abs(value) >= 1e-3:
        return significant(value)
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{significant(float(mantissa))}{SPACE}{TIMES}{SPACE}{power(int(exponent))}"


def power(exponent: int) -> str:
    """``power(-3)`` is 0.001, and ``power(-5)`` is 10 with a raised -5."""
    if abs(exponent) <= 3:
        return f"{10.0**exponent:,g}"
    return f"10{str(exponent).translate(RAISED)}"
