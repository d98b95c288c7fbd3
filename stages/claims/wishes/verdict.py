"""Whether the wishes of one image add up to what the cost does, before training and after."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import NETWORKS
from stages.claims.shared.outputs import read_arrays, written_by
from stages.claims.shared.words import without_exponent
from stages.common.files.arrays import Arrays, Floats
from stages.common.files.paths import claim_arrays
from stages.common.images.classes import Classes
from stages.common.images.dataset import load_classes
from stages.page.figures.results import load_input
from stages.page.figures.text import SPACE, decimal, percent, significant

ARRAYS = ("image", "seen", "place", "digit", "sizes", "cost")
OF_NETWORK = (
    *("cost", "unsigned", "weights"),
    *("avenue_bias", "avenue_weights", "avenue_activations"),
)
CLOSE = 0.01  # the sums are right if they are this near to what was measured, as a share
MOST = 16  # outputs drawn


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
    def wishes(self) -> Floats:
        """What each output wishes for itself, (classes,)."""
        return self[f"wishes_{self.last}"]

    @property
    def pushes(self) -> Floats:
        """The same times how far the output can still move, (classes,)."""
        return self[f"pushes_{self.last}"]

    @property
    def digit(self) -> str:
        """What the image shows, in words: a 2."""
        return self.names.one(self.true)

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

    def gap(self) -> float:
        """Largest distance of a sum of wishes from the measured one, as a share of the largest."""
        gaps = [0.0]
        for layer in range(max(0, self.last - 2), self.last):
            sums = self.sums(layer)
            away = np.abs(sums - self[f"measured_{layer}"]).max()
            gaps.append(float(away / (np.abs(sums).max() or 1)))
        return max(gaps)

    def turned(self) -> tuple[int, int]:
        """Neurons that would go the other way if every output wished to rise, and of how many."""
        wrong = self["unsigned"] * self[f"wishes_{self.last - 1}"] < 0
        return int(wrong.sum()), len(wrong)

    def farthest(self) -> int:
        """The output with the largest wish."""
        return int(np.abs(self.wishes).argmax())

    def loudest(self) -> int:
        """The output with the largest push."""
        return int(np.abs(self.pushes).argmax())


def read() -> list[Asked]:
    """What one image asks of the untrained network and of the trained one."""
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
    return [
        *OF_NETWORK,
        *(f"{kind}_{n}" for names, layers in kinds.items() for kind in names for n in layers),
    ]


def judge(both: list[Asked]) -> Finding:
    """Held if the sums are right and the farthest outputs are the loudest."""
    title, right = heading(both), sums_are_right(both)
    loudest = all(asked.farthest() == asked.loudest() for asked in both)
    return Finding(
        Verdict.NOT_HELD if not right else Verdict.HELD if loudest else Verdict.PARTLY,
        title,
        measured(both),
        f"The sums lie within {percent(CLOSE, 0)} of what was measured, and on both networks the "
        "output that is farthest from its target pushes hardest; it holds in part if only the sums "
        "are right.",
        alt(both, title),
    )


def sums_are_right(both: list[Asked]) -> bool:
    """Whether the sums are what was measured."""
    return max(asked.gap() for asked in both) <= CLOSE


def heading(both: list[Asked]) -> str:
    """Whether the sums hold, and what the signs are worth."""
    turned, of = both[0].turned()
    agree = "match" if sums_are_right(both) else "do not match"
    return (
        f"The wishes of all outputs, added up with their signs, {agree} what the cost does; "
        f"without the signs, {turned} of {of} {before_outputs(both[0])} would go the wrong way"
    )


def before_outputs(asked: Asked) -> str:
    """What the layer before the outputs is made of."""
    return f"{asked.input}s" if asked.last == 1 else "neurons"


def measured(both: list[Asked]) -> str:
    """What was measured, on both networks."""
    before, after = both
    place = int(before.arrays["place"])
    return " ".join(
        [
            f"Test image {place:,} (counted from 0) shows {before.digit}.",
            *(reading(asked) for asked in both),
            *(voices(asked) for asked in both),
            shrinking(before, after),
            signs(before, after),
            nearness(both),
            *left_out(before),
            conclusion(both),
        ]
    )


def reading(asked: Asked) -> str:
    """What a network answers, and its cost."""
    guess, cost = int(asked.outputs.argmax()), without_exponent(asked["cost"], 3)
    return (
        f"The {asked.name} network answers {asked.names[guess]} with an output of "
        f"{decimal(float(asked.outputs[guess]))}, at a cost of {cost}."
    )


def voices(asked: Asked) -> str:
    """Whether the output that is farthest from its target has the most to say."""
    far, loud = asked.farthest(), asked.loudest()
    names = asked.names
    text = f"In the {asked.name} one, output {names[far]} is farthest from its target"
    if far == loud:
        return f"{text} and pushes hardest."
    return (
        f"{text}, by {decimal(distance(asked, far))}, but output {names[loud]}, "
        f"{decimal(distance(asked, loud))} away, pushes hardest: output {names[far]} is on a "
        f"flatter part of its curve."
    )


def distance(asked: Asked, output: int) -> float:
    """How far an output is from its target."""
    return abs(float(output == asked.true) - float(asked.outputs[output]))


def shrinking(before: Asked, after: Asked) -> str:
    """How large the wishes for the layer before the outputs are."""
    layer = before.last - 1
    first, last = (without_exponent(np.abs(asked.sums(layer)).max()) for asked in (before, after))
    return (
        f"The largest sum of wishes for {before.layer(layer)} is {first} before training and "
        f"{last} after."
    )


def signs(before: Asked, after: Asked) -> str:
    """What comes out if one forgets that most outputs must fall."""
    (first, of), (second, _) = before.turned(), after.turned()
    return (
        f"Were every output to wish for a rise, {first} of {of} sums would have the wrong sign "
        f"in the untrained network and {second} in the trained one."
    )


def nearness(both: list[Asked]) -> str:
    """How near the sums come to what was measured."""
    gap = max(asked.gap() for asked in both)
    share = "0.001" if gap < 1e-5 else significant(gap * 100, 2)
    return (
        f"The ticks were measured by moving one of the {before_outputs(both[0])} at a time and "
        "looking at the cost: they "
        f"lie within {share}{SPACE}% of the largest sum."
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


def conclusion(both: list[Asked]) -> str:
    """Whether the sums are right, and whose push is the hardest."""
    if not sums_are_right(both):
        return f"The sums are farther than {percent(CLOSE, 0)} from what was measured."
    if all(asked.farthest() == asked.loudest() for asked in both):
        return "The sums are right, and the farthest outputs push hardest."
    return "The sums are right, but the farthest output need not push hardest."


def alt(both: list[Asked], title: str) -> str:
    """The finding, and what each network answers."""
    return (
        f"{title}. {' '.join(reading(asked) for asked in both)} For each network: arrows "
        "from its outputs to their targets, a matrix of wishes with the sums of its columns, and "
        "the same one layer further back."
    )
