"""How a step changes each weight, against what the neurons at its two ends do."""

from dataclasses import dataclass
from typing import NamedTuple

from stages.claims.shared.claim import Finding, Verdict
from stages.claims.shared.networks import NETWORKS
from stages.claims.shared.outputs import read_arrays, written_by
from stages.common.files.arrays import Arrays, Floats
from stages.common.files.paths import claim_arrays, claim_table
from stages.common.files.tables import read_table
from stages.common.images.dataset import load_classes
from stages.page.figures.results import load_input
from stages.page.figures.text import MINUS, decimal, percent, plural, significant

TEXTS = ("network", "examples", "group")
SCORES = ("correlation_fire", "agree_fire", "correlation_wish", "agree_wish")
COLUMNS = ("network", "examples", "layer", "group", "weights", "largest_change", *SCORES)
ARRAYS = ("sizes", "digit", "images", "learning_rate")
POINTS = ("change", "fire", "wish")  # of single weights
RULES = ("fire", "wish")
THRESHOLDS = {"correlation": 0.5, "agree": 0.75}  # from both on a rule is counted as right


class Key(NamedTuple):
    """Which weights: see the stage ``hebb``."""

    network: str
    examples: str
    layer: int
    group: str


@dataclass(frozen=True)
class Weights:
    """Scores of both rules by group of weights, and single weights."""

    scores: dict[Key, dict[str, float]]
    arrays: Arrays
    input: str  # what the network is given for each of its inputs

    @property
    def last(self) -> int:
        """Number of the last layer of weights, from 0."""
        return len(self.arrays["sizes"]) - 2

    @property
    def images(self) -> int:
        """Images in the mini-batch."""
        return int(self.arrays["images"])

    @property
    def batch(self) -> str:
        """The mini-batch, in words."""
        return f"a mini-batch of {self.images:,}"

    @property
    def digit(self) -> str:
        """What the single image shows, in words."""
        names = load_classes(int(self.arrays["sizes"][-1]))
        return names.one(int(self.arrays["digit"]))

    def points(self, key: Key, name: str) -> Floats:
        """``change``, ``fire`` or ``wish`` of single weights of a group."""
        return self.arrays["_".join([*map(str, key), name])]

    def joint(self, layer: int) -> str:
        """Which layers some weights join."""
        return (
            f"hidden layer {layer} to {layer + 1}" if layer else f"{self.input}s to hidden layer 1"
        )

    def of(self, key: Key) -> str:
        """The weights of a group, in words."""
        names = {"true": "into the true output", "others": "into the other outputs"}
        return names.get(key.group) or self.joint(key.layer)

    def into_outputs(self, examples: str) -> list[Key]:
        """The two kinds of weights into the outputs, of the untrained network."""
        return [Key("untrained", examples, self.last, group) for group in ("true", "others")]

    def scatters(self) -> list[tuple[str, list[Key]]]:
        """The rows of scatters: their names, and the groups of weights in them."""
        rows = [
            (
                f"{words}: weights into the true output and into the others",
                self.into_outputs(examples),
            )
            for examples, words in (
                ("one", f"One image of {self.digit}"),
                ("batch", self.batch.capitalize()),
            )
        ]
        if self.last > 0:
            hidden = [Key("untrained", "batch", self.last - 1, "all")]
            name = f"{self.batch.capitalize()}: weights from {self.joint(self.last - 1)}"
            rows.append((name, hidden))
        return rows

    def tabled(self) -> list[Key]:
        """The rows of the table, for the untrained network: outputs first, then backwards."""
        groups = [(self.last, "true"), (self.last, "others")]
        hidden = {*range(self.last)} & {self.last - 1, 0}
        groups += [(layer, "all") for layer in sorted(hidden, reverse=True)]
        return [
            Key("untrained", examples, layer, group)
            for layer, group in groups
            for examples in ("one", "batch")
        ]


def read() -> Weights:
    """Scores of all groups of weights, and the single weights that are drawn."""
    path = claim_table("hebb")
    table, arrays = read_table(path, COLUMNS, TEXTS), read_arrays("hebb", ARRAYS)
    scores = {}
    for row in range(len(table["layer"])):
        network, examples, group = (str(table[name][row]) for name in TEXTS)
        key = Key(network, examples, int(table["layer"][row]), group)
        scores[key] = {name: float(table[name][row]) for name in ("weights", *SCORES)}
    weights = Weights(scores, arrays, load_input())
    tabled = [key._replace(network=name) for key in weights.tabled() for name in NETWORKS]
    kept = [key for key in tabled if key.layer >= weights.last - 1]
    with written_by("hebb", path):
        _ = [weights.scores[key] for key in tabled]
    with written_by("hebb", claim_arrays("hebb")):
        _ = [weights.points(key, name) for key in kept for name in POINTS]
    return weights


def judge(weights: Weights) -> Finding:
    """Held if firing together is right for all weights in both networks, in part for some."""
    cases = [(row._replace(network=name)) for row in weights.tabled() for name in NETWORKS]
    right = {rule: [holds(weights, key, rule) for key in cases] for rule in RULES}
    title = heading(weights)
    return Finding(
        Verdict.of(*right["fire"]),
        title,
        f"{measured(weights)} A rule is counted as right where its correlation is at least "
        f"{decimal(THRESHOLDS['correlation'], 1)} and at least "
        f"{percent(THRESHOLDS['agree'], 0)} of the signs agree (dotted lines): firing together is "
        f"in {sum(right['fire'])} of {plural(len(cases), 'case')}, firing and being wanted in "
        f"{sum(right['wish'])}.",
        "Firing together is right in every case; it holds in part if it is in some.",
        alt(weights, title),
    )


def holds(weights: Weights, key: Key, rule: str) -> bool:
    """Whether a rule describes some weights."""
    return all(weights.scores[key][f"{name}_{rule}"] >= THRESHOLDS[name] for name in THRESHOLDS)


def heading(weights: Weights) -> str:
    """How far the signs agree, in the outputs' two kinds of weights."""
    true, others = (
        percent(weights.scores[key]["agree_fire"], 0) for key in weights.into_outputs("batch")
    )
    return (
        f"Fire together, wire together: right in sign for {true} of the weights into the "
        f"true output, for {others} into the others"
    )


def measured(weights: Weights) -> str:
    """What the step goes by, and how well either rule describes it."""
    rate = significant(float(weights.arrays["learning_rate"]))
    one, batch = weights.into_outputs("one"), weights.into_outputs("batch")
    words = (
        "Correlation of the change of a weight with the product of the activations at its two "
        "ends, with the share of signs that agree in brackets, in the untrained network. One image "
        f"of {weights.digit}, a step of learning rate {rate}: {result(weights, one[0])} for the "
        f"weights into the true output, {result(weights, one[1])} into the others. Over "
        f"{weights.batch}, where each image has its own true output: {result(weights, batch[0])} "
        f"and {result(weights, batch[1])}."
    )
    if weights.last > 0:
        inner = Key("untrained", "batch", weights.last - 1, "all")
        words += f" From {weights.joint(weights.last - 1)}: {result(weights, inner)}."
    return " ".join([words, rule_instead(weights), *thinned(weights)])


def result(weights: Weights, key: Key) -> str:
    """Correlation with the product of the activations, and share of signs that agree."""
    score = weights.scores[key]
    return f"{decimal(score['correlation_fire'])} ({percent(score['agree_fire'], 0)})"


def rule_instead(weights: Weights) -> str:
    """What the step goes by instead of firing together."""
    true, others = (
        decimal(weights.scores[key]["correlation_wish"]) for key in weights.into_outputs("batch")
    )
    return (
        "So the rule about brains is a loose analogy, no more: the step multiplies the activation "
        f"before by how the neuron after ought to move (its wish, {MINUS}dC/da, times how far it "
        "still can), not by whether it fires. With the wish in place of the second activation the "
        f"correlations over the mini-batch are {true} and {others}."
    )


def thinned(weights: Weights) -> list[str]:
    """A sentence if not every weight has a dot."""
    drawn = [key for _, keys in weights.scatters() for key in keys]
    if all(len(weights.points(key, "fire")) == weights.scores[key]["weights"] for key in drawn):
        return []
    return ["Of large layers, only every so many weights are drawn."]


def alt(weights: Weights, title: str) -> str:
    """The finding, and what takes the place of the rule."""
    true, others = (weights.scores[key] for key in weights.into_outputs("batch"))
    return (
        f"{title}. Scatter plots of the change of each weight: against the product of both "
        f"activations, with correlations of {decimal(true['correlation_fire'])} and "
        f"{decimal(others['correlation_fire'])}; against activation times wish, with "
        f"{decimal(true['correlation_wish'])} and {decimal(others['correlation_wish'])}."
    )
