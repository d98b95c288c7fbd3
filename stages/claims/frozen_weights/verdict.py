"""Whether the step with old weights is the gradient's, and what the other two come to."""

from typing import NamedTuple

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import written_by
from stages.claims.shared.significance import Interval, mean_interval
from stages.claims.shared.words import signed
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import read_table
from stages.page.figures.text import decimal, percent, plural, significant

OLD, MIXED, ANEW = WAYS = ("all at once", "old errors", "layer by layer")
NAMES = {
    OLD: "old weights for all layers",
    MIXED: "new weights, old errors",
    ANEW: "new weights, a new pass for each layer",
}
GENTLE, LONG = STEPS = ("gentle", "long")
ABOUT = ("images", "epochs", "batch_size")
NUMBERS = ("apart_start", "fall_start", "apart_end", "fall_end", "cost", "accuracy")
COLUMNS = ("network", *ABOUT, "step", "rate", "way", "seed", *NUMBERS)
NEAR = 0.001  # of the gradient's length
CRITERION = (
    "Held if a long step with old weights differs from the slopes of the cost, measured by finite "
    "differences, by less than a thousandth of the gradient's length, before training and after, "
    "and both other ways by more: the ends of the 95 % intervals count. In part if only the first "
    "is so. A thousandth is what finite differences may spoil."
)


class Descents(NamedTuple):
    """Networks that learnt by steps of one length, made in one way: (networks,) each.

    ``apart`` is how far single steps are from the gradient, as a share of its length, and ``fall``
    which share of the cost they take away, by when: at the first weights, and after training.
    """

    rate: float
    apart: dict[str, Floats]
    fall: dict[str, Floats]
    cost: Floats
    accuracy: Floats


class Updates(NamedTuple):
    """All descents by step and way, and what they have in common."""

    network: str
    images: int
    epochs: int
    batch_size: int
    descents: dict[tuple[str, str], Descents]

    @property
    def networks(self) -> int:
        """How many networks learnt in each way."""
        return len(self.descents[LONG, OLD].accuracy)

    @property
    def layers(self) -> int:
        """Layers with weights, each of which asks for a pass of its own."""
        return self.network.count("-")

    def apart(self, step: str, way: str) -> list[Interval]:
        """How far single steps are from the gradient, at the start and in the end."""
        return [mean_interval(each) for each in self.descents[step, way].apart.values()]

    @property
    def nearest(self) -> Interval:
        """Of the long steps with new weights, those that come nearest to the gradient."""
        return min(*self.apart(LONG, MIXED), *self.apart(LONG, ANEW), key=lambda one: one.low)

    def gain(self, step: str, way: str) -> Interval:
        """Points by which networks read more than with old weights, from equal first weights."""
        accuracies, old = (self.descents[step, each].accuracy for each in (way, OLD))
        return mean_interval(100 * (accuracies - old))


def read() -> Updates:
    """All descents."""
    path = claim_table("frozen_weights")
    table = read_table(path, COLUMNS, texts=("network", "step", "way"))
    with written_by("frozen_weights", path):
        descents = {}
        for step, way in ((step, way) for step in STEPS for way in WAYS):
            at = (table["step"] == step) & (table["way"] == way)
            columns = {name: table[name][at] for name in ("rate", *NUMBERS)}
            apart, fall = (
                {when: columns[f"{what}_{when}"] for when in ("start", "end")}
                for what in ("apart", "fall")
            )
            rate = float(columns["rate"][0])
            descents[step, way] = Descents(rate, apart, fall, columns["cost"], columns["accuracy"])
        images, epochs, batch_size = (int(table[name][0]) for name in ABOUT)
        return Updates(str(table["network"][0]), images, epochs, batch_size, descents)


def judge(updates: Updates) -> Finding:
    """Held if only the step with old weights is the gradient's; in part if the others are, too."""
    old = all(one.high < NEAR for one in updates.apart(LONG, OLD))
    title, nearest = heading(updates), updates.nearest
    return Finding(
        verdict=Verdict.of(old, old and nearest.low > NEAR),
        title=title,
        measured=measured(updates),
        alt=alt(updates, title),
        plain=plain(updates),
        notes=notes(updates),
        estimate=Estimate(
            100 * nearest.value,
            100 * nearest.low,
            100 * nearest.high,
            updates.networks,
            "% of the gradient's length between it and the nearest step with new weights",
        ),
    )


def heading(updates: Updates) -> str:
    """What mixing old errors with new weights changes, by the length of the steps."""
    gentle, long = (signed(updates.gain(step, MIXED).value, 1) for step in STEPS)
    return f"New weights with old errors: {gentle} points by gentle steps, {long} by long ones"


def plain(updates: Updates) -> str:
    """The answer in one sentence."""
    if updates.nearest.low > NEAR:
        return (
            "Yes: every layer's blame is worked out with the old weights; otherwise the step is "
            "not the gradient's but another method's."
        )
    return "Here old weights and new ones give steps that can hardly be told from the gradient's."


def notes(updates: Updates) -> str:
    """How the other two read after training."""
    gentle, long = (updates.gain(step, MIXED) for step in STEPS)
    anew = updates.gain(LONG, ANEW)
    return (
        f"New weights with old errors read {compared(gentle)} by gentle steps, {compared(long)} by "
        f"long ones. A new pass for each layer, which takes {updates.layers} times the work, reads "
        f"{compared(anew)} by long steps."
    )


def compared(gain: Interval) -> str:
    """A difference in points; one that may be chance is named as such."""
    size = f"{decimal(abs(gain.value), 1)} points"
    if gain.low <= 0 <= gain.high:
        return f"as much as old ones within chance ({signed(gain.value, 1)} points)"
    return f"{size} {'more' if gain.value > 0 else 'fewer'}"


def measured(updates: Updates) -> str:
    """Everything, by step and way."""
    listing = "; ".join(
        f"{step} steps (rate {updates.descents[step, OLD].rate:g} falling to 0): "
        + ", ".join(in_words(updates, step, way) for way in WAYS)
        for step in STEPS
    )
    return (
        f"{plural(updates.networks, 'network')} of {updates.network} for each way and rate, from "
        f"equal first weights, sigmoids and squared errors, {plural(updates.epochs, 'epoch')} of "
        f"{plural(updates.images, 'training image')}, mini-batches of {updates.batch_size:,}. How "
        "far single steps are from the gradient, as a share of its length, by finite differences "
        "along random directions in float64, at the first weights and after training with old "
        f"weights; the cost and what is read after training; means, 95 % interval in brackets. "
        f"{listing}."
    )


def in_words(updates: Updates, step: str, way: str) -> str:
    """One way's numbers."""
    runs, (start, end) = updates.descents[step, way], updates.apart(step, way)
    gain = updates.gain(step, way)
    against = (
        ""
        if way == OLD
        else f" ({signed(gain.value)} points, {signed(gain.low)} to {signed(gain.high)})"
    )
    falls = " and ".join(percent(float(fall.mean()), 1) for fall in runs.fall.values())
    return (
        f"{NAMES[way]}, {significant(start.value, 2)} and {significant(end.value, 2)} from the "
        f"gradient, a step lowers its mini-batch's cost by {falls}, cost "
        f"{decimal(float(runs.cost.mean()), 3)}, {percent(float(runs.accuracy.mean()), 1)} of the "
        f"test images read{against}"
    )


def alt(updates: Updates, title: str) -> str:
    """Both panels, row by row."""
    rows = "; ".join(
        f"{NAMES[way]}, {step} steps: "
        f"{percent(float(updates.descents[step, way].accuracy.mean()), 1)}"
        for way in WAYS
        for step in STEPS
    )
    return f"{title}. Rows of dots, one for each network, of what they read after training: {rows}."
