"""Whether the ground rises in every direction where descents have ended."""

from typing import NamedTuple

import numpy as np

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import mean_interval
from stages.common.files.arrays import Arrays, Floats
from stages.common.files.paths import claim_arrays
from stages.page.figures.text import SPACE, decimal, plural, significant

ABOUT = ("names", "images", "walk", "reach")
FIELDS = ("cost", "slope", "curvatures", "error", "walked", "dip", "rise")
SMALL = 0.01  # of the first slope, and of the largest rise
CRITERION = (
    "Held if at every end the slope is below one percent of the slope before training and no "
    "direction dips: the smallest curvature is above zero by more than its error. In part if the "
    "slope is as small and the largest dip is below one percent of the largest rise, a valley "
    "floor to the eye. A minimum leaves no direction down; one percent is what no figure shows."
)


class Place(NamedTuple):
    """What the cost is like around a network; curvatures are the extreme ones, ascending."""

    name: str
    cost: float
    slope: float
    curvatures: Floats
    error: float
    walked: float
    dip: Floats
    rise: Floats

    @property
    def dips(self) -> float:
        """The largest dip, as a share of the largest rise; 0 if there is none."""
        low, high = float(self.curvatures[0]), float(self.curvatures[-1])
        return max(0.0, -low) / (high if high > 0 else max(1e-300, -low))

    @property
    def rises(self) -> bool:
        """Whether there is no dip in any direction, as far as the search can tell."""
        return bool(self.curvatures[0] > self.error)

    @property
    def fall(self) -> float:
        """Share of the cost that further steps take away."""
        return (self.cost - self.walked) / (self.cost or 1)


class Valley(NamedTuple):
    """The page's network at its start, and networks at their ends, that of the page first."""

    images: int
    walk: int  # further steps
    reach: float  # of the lines, to either side
    start: Place
    ends: list[Place]

    @property
    def slopes(self) -> list[float]:
        """The slope at each end, as a share of that at the start."""
        return [end.slope / (self.start.slope or 1) for end in self.ends]

    @property
    def dips(self) -> Floats:
        """The largest dip at each end, as a share of the largest rise."""
        return np.array([end.dips for end in self.ends])


def read() -> Valley:
    """All places that were looked at."""
    arrays = read_arrays("valley", (*ABOUT, *FIELDS))
    with written_by("valley", claim_arrays("valley")):
        start, *ends = (place_of(arrays, row) for row in range(len(arrays["names"])))
        return Valley(
            int(arrays["images"]), int(arrays["walk"]), float(arrays["reach"]), start, ends
        )


def place_of(arrays: Arrays, row: int) -> Place:
    """One network's place."""
    numbers = {name: arrays[name][row] for name in FIELDS}
    single = {name: float(numbers[name]) for name in ("cost", "slope", "error", "walked")}
    return Place(str(arrays["names"][row]), **{**numbers, **single})


def judge(valley: Valley) -> Finding:
    """Held if every end is a minimum; in part if each is one to the eye."""
    title = heading(valley)
    level = all(slope < SMALL for slope in valley.slopes)
    held = level and all(end.rises for end in valley.ends)
    partly = level and bool((valley.dips < SMALL).all())
    dips = mean_interval(100 * valley.dips)
    return Finding(
        verdict=Verdict.of(held, held or partly),
        title=title,
        measured=measured(valley),
        alt=alt(valley, title),
        plain=plain(valley),
        notes=notes(valley),
        estimate=Estimate(*dips, len(valley.ends), "% of the largest rise, the largest dip"),
    )


def share(value: float) -> str:
    """A share in percent, to two digits."""
    return f"{significant(100 * value, 2)}{SPACE}%"


def heading(valley: Valley) -> str:
    """The largest dip before training and at the ends."""
    dip = share(float(valley.dips.max()))
    if (valley.dips < SMALL).all():
        return f"At the end it goes up or stays level: the largest dip is {dip} of the largest rise"
    return f"At the end it goes up and down: the largest dip is {dip} of the largest rise"


def plain(valley: Valley) -> str:
    """The finding in one sentence."""
    if (valley.dips < SMALL).all():
        return (
            "Learning ends on a nearly level valley floor: up in many directions, level in most, "
            "and down hardly anywhere."
        )
    return (
        "Where learning ends here, the cost still falls in some directions as it rises in others."
    )


def notes(valley: Valley) -> str:
    """What is missing to a minimum."""
    fall, steps = share(valley.ends[0].fall), plural(valley.walk, "more step")
    if all(end.rises for end in valley.ends):
        return f"Even so, {steps} with all images change the cost by {fall}."
    return (
        "Strictly it is no minimum yet: a few directions still curve downward, and "
        f"{steps} with all images lower the cost by {fall}."
    )


def measured(valley: Valley) -> str:
    """Slope and curvatures of every place."""
    listing = "; ".join(
        f"{place.name}: slope {significant(place.slope, 2)}, curvatures from "
        f"{significant(float(place.curvatures[0]), 2)} to "
        f"{significant(float(place.curvatures[-1]), 2)}"
        for place in (valley.start, *valley.ends)
    )
    dips = mean_interval(100 * valley.dips)
    return (
        f"Slope (the gradient's length) and curvature (the extreme eigenvalues of the Hessian, by "
        f"Lanczos' method) of the cost of {plural(valley.images, 'training image')}, without "
        "weight decay, for the page's network and others trained as it was, from other first "
        f"weights. {listing}. The search can miss a larger dip, not make one up. At the ends the "
        f"slope is {', '.join(share(s) for s in valley.slopes)} of that before training, and the "
        f"largest dip {decimal(dips.value, 3)}{SPACE}% of the largest rise (95 % interval "
        f"{decimal(dips.low, 3)} to {decimal(dips.high, 3)}); before training it is "
        f"{share(valley.start.dips)}. Further steps are as long as the "
        f"largest rise allows; they change the costs by "
        f"{', '.join(share(end.fall) for end in valley.ends)}."
    )


def alt(valley: Valley, title: str) -> str:
    """All panels."""
    start, end = valley.start, valley.ends[0]
    lines = [
        f"{name} the cost goes from {significant(place.cost)} to {significant(float(line[0]))} "
        f"and {significant(float(line[-1]))} along the largest {way}"
        for name, place in (("before training", start), ("at the end", end))
        for way, line in (("rise", place.rise), ("dip", place.dip))
    ]
    return f"{title}. Lines of the cost: {'; '.join(lines)}. Below, dots of the extreme curvatures."
