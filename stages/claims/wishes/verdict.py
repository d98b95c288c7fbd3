"""Whether the wishes of one image are what the cost does, before training and after."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.claims.shared.claim import QUARTILES, Estimate, Finding, Verdict
from stages.claims.shared.networks import NETWORKS
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.significance import quartiles
from stages.common.files.arrays import Arrays, Floats
from stages.common.files.paths import claim_arrays
from stages.common.images.classes import Classes
from stages.common.images.dataset import load_classes
from stages.page.figures.results import load_input
from stages.page.figures.text import decimal, percent, plural, significant

ARRAYS = ("image", "place", "digit", "sizes", "epochs", "gaps", "turned", "loudest")
CLOSE = 0.01  # a sentence is right if what it says is this near to what was measured, as a share
CRITERION = (
    "The lecture says three things that can be measured. An output asks for a nudge in proportion "
    "to its distance from the target; a weight is to change in proportion to the activation that "
    "it carries; and the wishes of all neurons after it, added up with their signs, are what a "
    "neuron is to do, layer by layer backwards. It holds if, for every network, all three lie "
    f"within {percent(CLOSE, 0)} of what moving that neuron or weight does to the cost, in part if "
    "some do. They are equations, so nothing but rounding may be left."
)
MOST = 12  # outputs drawn


@dataclass(frozen=True)
class Asked:
    """What was measured on one network with L layers of weights; see the stage ``wishes``."""

    name: str
    sizes: tuple[int, ...]
    true: int
    arrays: Arrays
    names: Classes
    input: str  # what the network is given for each of its inputs

    def __getitem__(self, key: str) -> Floats:
        """One of the arrays of this network, by its name without the network's."""
        return self.arrays[f"{self.name}_{key}"]

    @property
    def last(self) -> int:
        """L, the number of the output layer."""
        return len(self.sizes) - 1

    @property
    def outputs(self) -> Floats:
        """Activations of the output layer, (classes,)."""
        return self[f"activations_{self.last}"]

    @property
    def pushes(self) -> Floats:
        """What each output wishes for itself, times how far it can still move, (classes,)."""
        return self[f"pushes_{self.last}"]

    def layer(self, number: int) -> str:
        """What to call the neurons of a layer."""
        if number == 0:
            return f"the {self.input}s"
        return "the hidden layer" if self.last == 2 else f"hidden layer {number}"

    def drawn(self) -> NDArray[np.intp]:
        """Outputs to draw, in their order: the true one and the loudest others."""
        loud = np.abs(self.pushes)
        loud[self.true] = np.inf
        return np.sort(np.argsort(-loud, kind="stable")[:MOST])

    def sums(self, layer: int) -> Floats:
        """What the layer after wishes of the kept neurons of a layer, added up, (kept,)."""
        return np.asarray(self[f"matrix_{layer}"].sum(axis=0, dtype=np.float64))

    def turned(self) -> tuple[int, int]:
        """Neurons that would go the other way if every output wished to rise, and of how many."""
        wrong = self["unsigned"] * self[f"wishes_{self.last - 1}"] < 0
        return int(wrong.sum()), len(wrong)


def read() -> list[Asked]:
    """What one image asks of the untrained network of the page, and of the trained one."""
    arrays = read_arrays("wishes", ARRAYS)
    sizes = tuple(int(n) for n in arrays["sizes"])
    words = load_classes(sizes[-1]), load_input()
    both = [Asked(name, sizes, int(arrays["digit"]), arrays, *words) for name in NETWORKS]
    with written_by("wishes", claim_arrays("wishes")):
        _ = [asked[name] for asked in both for name in names_of_arrays(asked.last)]
    return both


def names_of_arrays(last: int) -> list[str]:
    """The arrays of one network with so many layers of weights."""
    kinds = {
        ("activations", "wishes"): range(last + 1),
        ("pushes",): range(1, last + 1),
        ("neurons", "matrix", "measured"): range(max(0, last - 2), last),
    }
    single = ("unsigned", "avenue_weights", "measured_weights")
    return [
        *single,
        *(f"{kind}_{n}" for names, layers in kinds.items() for kind in names for n in layers),
    ]


def judge(both: list[Asked]) -> Finding:
    """Held if all three sentences are right of every network, in part if some are."""
    gaps = both[0].arrays["gaps"]
    right = [bool((sentence <= CLOSE).all()) for sentence in gaps]
    middle, low, high = quartiles(100 * gaps.max(axis=(0, 1)))
    title = heading(both, right)
    return Finding(
        Verdict.of(*right),
        title,
        measured(both),
        alt(both, title),
        plain=plain(right),
        notes=notes(both),
        estimate=Estimate(
            middle, low, high, gaps.shape[2],
            "% of the largest value: how far wishes are from what was measured", QUARTILES,
        ),
    )  # fmt: skip


def heading(both: list[Asked], right: list[bool]) -> str:
    """Whether the sums hold, and what the signs are worth."""
    turned, of = both[0].turned()
    agree = "are what the cost does" if right[2] else "are not what the cost does"
    return f"Added-up wishes {agree}; without signs {turned} of {of} would be wrong"


def plain(right: list[bool]) -> str:
    """The finding for somebody who has seen the chapters."""
    if all(right):
        return (
            "One digit asks every neuron for more or less, and adding up what the neurons after it "
            "ask tells exactly what helps."
        )
    return "What one digit asks of the neurons is not all that the lecture says."


def notes(both: list[Asked]) -> str:
    """What the signs are worth, and what the distance is not."""
    shares = [percent(float(np.median(share)), 0) for share in both[0].arrays["turned"]]
    loudest = both[0].arrays["loudest"]
    return (
        f"An output that must fall asks for the opposite of its weights: without the signs, "
        f"{shares[0]} of the neurons before the outputs would go the wrong way, {shares[1]} once "
        f"trained. The farthest output pushes hardest in {int(loudest.sum())} of {loudest.size} "
        "cases: one that is almost 0 or 1 can hardly move."
    )


def measured(both: list[Asked]) -> str:
    """What was measured, on the network of the page and on the others."""
    before, after = both
    place, gaps = int(before.arrays["place"]), before.arrays["gaps"]
    layers = " and ".join(
        before.layer(layer) for layer in range(max(0, before.last - 2), before.last)
    )
    farthest = [share_of(gap) for gap in gaps.max(axis=(1, 2))]
    return (
        f"Test image {place:,} (counted from 0) shows {before.names.one(before.true)}. "
        f"{reading(before)} {reading(after)} On {plural(gaps.shape[2], 'network')} of the same "
        f"recipe, untrained and after {plural(int(before.arrays['epochs']), 'epoch')}, each neuron "
        f"of {layers} and each weight into the true output was moved a little, both ways, and the "
        "cost looked at. The largest distances from what the lecture says, as shares of the "
        f"largest value: {farthest[0]} (outputs in proportion to their distance), {farthest[1]} "
        f"(weights in proportion to activations), {farthest[2]} (sums of wishes). "
        f"{' '.join(left_out(before))}"
    ).strip()


def share_of(gap: float) -> str:
    """A small share in percent."""
    return f"less than {percent(1e-5, 3)}" if gap < 1e-5 else f"{significant(100 * gap, 2)} %"


def reading(asked: Asked) -> str:
    """What a network answers."""
    guess = int(asked.outputs.argmax())
    return (
        f"The {asked.name} network of the page answers {asked.names[guess]} with an output of "
        f"{decimal(float(asked.outputs[guess]))}."
    )


def left_out(asked: Asked) -> list[str]:
    """Sentences on what is too wide to be drawn."""
    sentences = []
    for layer in range(max(0, asked.last - 2), asked.last):
        kept, total = len(asked[f"neurons_{layer}"]), asked.sizes[layer]
        if kept < total:
            noun = f"neurons of {asked.layer(layer)}" if layer else f"{asked.input}s"
            sentences.append(f"Of the {total:,} {noun}, the {kept} most wished for are drawn.")
    if len(asked.drawn()) < asked.sizes[-1]:
        sentences.append(f"Of the {asked.sizes[-1]} outputs, {MOST} are drawn.")
    return sentences


def alt(both: list[Asked], title: str) -> str:
    """The finding, and what is drawn."""
    return (
        f"{title}. {reading(both[0])} Arrows from its outputs to their targets; a matrix of what "
        "each output asks of the neurons before; below, the sums of its columns with ticks where "
        "moving that neuron was measured to lead, the same without signs, and the sums one layer "
        "further back."
    )
