"""Whether both ways give one gradient, and how much work each of them is."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nn import parameter_count
from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import read_arrays, written_by
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_arrays
from stages.page.figures.text import plural, significant

ARRAYS = (
    *("names", "sizes", "images", "wiggle", "places"),
    *("backpropagation", "wiggles", "multiplications"),
)
NEAR, LESS = 0.001, 10  # of the gradient's length; times fewer multiplications
CRITERION = (
    "Held if the two gradients differ by less than a thousandth of their length, before training "
    f"and after, and backpropagation takes at most 1/{LESS} of the multiplications; in part if "
    "only one of these is so. A thousandth is what the wiggle itself may spoil; ten times less "
    "work is what nobody can overlook."
)


@dataclass(frozen=True)
class Ways:
    """Derivatives by both ways, (2, w), of the untrained and the trained network, and the work."""

    sizes: tuple[int, ...]
    images: int
    wiggle: float
    names: list[str]
    backpropagation: Floats
    wiggles: Floats
    look: int  # multiplications for one image: one look,
    back: int  # backpropagation,
    clever: int  # wiggles that work out again only what they change,
    plain: int  # and wiggles that each take one more look

    @property
    def parameters(self) -> int:
        """Weights and biases of the network."""
        return parameter_count(self.sizes)

    @cached_property
    def apart(self) -> Floats:
        """How far the two gradients differ, as a share of the length of backpropagation's, (2,)."""
        lengths = np.linalg.norm(self.backpropagation, axis=1)
        apart = np.linalg.norm(self.wiggles - self.backpropagation, axis=1)
        return np.asarray(apart / np.where(lengths > 0, lengths, 1))

    @property
    def times(self) -> float:
        """How many times the multiplications of backpropagation the plain wiggles take."""
        return self.plain / self.back


def read() -> Ways:
    """What both ways gave."""
    arrays = read_arrays("efficient", ARRAYS)
    with written_by("efficient", claim_arrays("efficient")):
        look, back, clever, plain = (int(n) for n in arrays["multiplications"])
        return Ways(
            tuple(int(n) for n in arrays["sizes"]),
            int(arrays["images"]),
            float(arrays["wiggle"]),
            [str(name) for name in arrays["names"]],
            arrays["backpropagation"],
            arrays["wiggles"],
            look,
            back,
            clever,
            plain,
        )


def judge(ways: Ways) -> Finding:
    """Held if both ways give one gradient, and backpropagation with much less work."""
    title = heading(ways)
    return Finding(
        verdict=Verdict.of(bool((ways.apart < NEAR).all()), ways.times >= LESS),
        title=title,
        measured=measured(ways),
        alt=alt(ways, title),
        plain="One sweep forward and back tells how every weight matters; without it, each weight "
        "would need a sweep of its own.",
        notes=notes(ways),
        estimate=Estimate(
            ways.times, ways.times, ways.times, 1, "times as many multiplications by wiggles"
        ),
    )


def heading(ways: Ways) -> str:
    """The gradient of all wiggles, and the work that is saved."""
    same = "The same" if (ways.apart < NEAR).all() else "Nearly the same"
    return (
        f"{same} gradient as by {ways.parameters:,} wiggles, with 1/{ways.times:,.0f} of the "
        "multiplications"
    )


def notes(ways: Ways) -> str:
    """What cleverness in wiggling could save."""
    return (
        f"It takes {significant(ways.back / ways.look, 2)} times the work of looking at the image "
        "once. Even wiggles that work out again only what they change would take "
        f"{ways.clever / ways.back:,.0f} times as much as it does."
    )


def measured(ways: Ways) -> str:
    """How far the gradients differ, and all counts."""
    errors = ", ".join(
        f"{significant(float(apart), 2)} ({name})"
        for name, apart in zip(ways.names, ways.apart, strict=True)
    )
    count = ways.wiggles.shape[1]
    which = "all" if count == ways.parameters else f"{count:,} random ones of"
    return (
        f"The network on the page, {plural(ways.images, 'training image')}, in float64. To each of "
        f"{which} {ways.parameters:,} weights and biases {ways.wiggle:g} was added alone, and the "
        "change of the cost divided by it. The difference between the two gradients, as a share of "
        f"the gradient's length: {errors}. Multiplications with weights for one image: a look "
        f"{ways.look:,}, backpropagation {ways.back:,}, wiggles that work out again only what they "
        f"change {ways.clever:,}, one look for every wiggle {ways.plain:,}."
    )


def alt(ways: Ways, title: str) -> str:
    """Both panels."""
    return (
        f"{title}. Left, every derivative by wiggle against the same by backpropagation: dots on "
        f"the diagonal. Right, bars of multiplications on a logarithmic axis, from {ways.look:,} "
        f"for a look to {ways.plain:,} for all wiggles."
    )
