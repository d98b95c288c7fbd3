"""Whether fewer connections serve as well: built so from the start, or cut after training."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stages.claims.shared.claim import Estimate, Finding, Verdict
from stages.claims.shared.outputs import written_by
from stages.claims.shared.significance import Interval, mean_interval
from stages.common.files.arrays import Floats
from stages.common.files.paths import claim_table
from stages.common.files.tables import Table, read_table
from stages.page.figures.text import decimal, percent, plural

COLUMNS = (
    *("kind", "network", "weights", "share", "epochs", "seed"),
    *("validation_accuracy", "test_accuracy"),
)
HALF, LOSS = 0.5, 0.5  # of the connections, and points of test accuracy
CRITERION = (
    "It holds, and there is something more efficient, if half of the connections can simply be cut "
    f"from this run's trained networks, those with the smallest weights, for less than {LOSS:g} "
    "points of test accuracy, with the whole 95 % interval of the loss (Student's t, each network "
    "against itself); in part if the networks have to train on without them. Of the shares that "
    f"were tried, the one next to half counts. {LOSS:g} points are one digit in 200."
)
NAMES = {0: "no hidden layer", 1: "one hidden layer", 2: "two hidden layers"}


class Built(NamedTuple):
    """Networks of one shape, trained from scratch, half as long and all the epochs."""

    depth: int  # hidden layers
    width: int  # neurons in each
    weights: int
    half: Floats  # (networks,), accuracies on validation images half as long
    full: Floats  # (networks,), and after all epochs
    test: Floats  # (networks,), accuracies on test images


class Rung(NamedTuple):
    """Trained networks of which a share of the connections is left."""

    share: float
    weights: int
    cut: Floats  # (networks,), accuracies on test images at once
    trained: Floats  # (networks,), and after training on; those with all connections do not


class Pipes(NamedTuple):
    """What networks read by the number of their connections."""

    network: str  # that was cut
    epochs: int  # of those that were built
    epochs_after: int  # epochs that those that were cut trained on
    built: list[Built]  # the fewest connections first
    rungs: list[Rung]  # all connections first

    def line(self, depth: int) -> list[Built]:
        """Shapes of so many hidden layers."""
        return [built for built in self.built if built.depth == depth]

    @property
    def middle(self) -> Rung:
        """The rung next to half of the connections; all of them is none."""
        return min(self.rungs[1:] or self.rungs, key=lambda rung: abs(rung.share - HALF))

    def loss(self, accuracies: Floats) -> Interval:
        """Points of test accuracy that networks lose against themselves with all connections."""
        return mean_interval(100 * (self.rungs[0].cut - accuracies))

    @property
    def fewest(self) -> Rung:
        """The last rung of those that are as good in turn, trained on; the middle if none is."""
        best = self.middle
        for rung in self.rungs[1:]:
            if self.loss(rung.trained).high >= LOSS:
                break
            best = min(best, rung, key=lambda each: each.share)
        return best


def read() -> Pipes:
    """The accuracies by shape and by the share of the connections."""
    path = claim_table("pipes")
    table = read_table(path, COLUMNS, texts=("kind", "network"))
    with written_by("pipes", path):
        scratch, cut = (table["kind"] == kind for kind in ("built", "cut"))
        longest = table["epochs"][scratch].max()
        built = [shape(table, scratch, name) for name in unique(table["network"][scratch])]
        shares = sorted({*table["share"][cut].tolist()}, reverse=True)
        return Pipes(
            str(table["network"][cut][0]),
            int(longest),
            int(table["epochs"][table["kind"] != "built"].max()),
            sorted(built, key=lambda each: (each.weights, each.depth)),
            [rung(table, share) for share in shares],
        )


def unique(names: NDArray[np.str_]) -> list[str]:
    """Every name once, in their order."""
    return list(dict.fromkeys(names.tolist()))


def shape(table: Table, scratch: NDArray[np.bool_], name: str) -> Built:
    """Networks of one shape."""
    own = scratch & (table["network"] == name)
    epochs = table["epochs"]
    short, long = (own & (epochs == pick(epochs[own])) for pick in (np.min, np.max))
    _, *hidden, _ = (int(n) for n in name.split("-"))
    return Built(
        len(hidden),
        max(hidden, default=0),
        int(table["weights"][own][0]),
        table["validation_accuracy"][short],
        table["validation_accuracy"][long],
        table["test_accuracy"][long],
    )


def rung(table: Table, share: float) -> Rung:
    """What is left of trained networks with a share of their connections."""
    own = table["share"] == share
    cut, trained = (own & (table["kind"] == kind) for kind in ("cut", "trained on"))
    after = trained if trained.any() else cut
    tests = table["test_accuracy"]
    return Rung(share, int(table["weights"][cut][0]), tests[cut], tests[after])


def judge(pipes: Pipes) -> Finding:
    """Look at half of the connections, as ``CRITERION`` says."""
    loss, title = pipes.loss(pipes.middle.cut), heading(pipes)
    return Finding(
        Verdict.of(*outcomes(pipes)),
        title,
        measured(pipes),
        alt(pipes, title),
        plain(pipes),
        notes(pipes),
        Estimate(
            *loss,
            len(pipes.middle.cut),
            f"points of test accuracy lost by cutting to {percent(pipes.middle.share, 0)}",
        ),
    )


def outcomes(pipes: Pipes) -> tuple[bool, bool]:
    """Whether half of them can simply be cut; and whether they can in any way."""
    cut, trained = (
        pipes.loss(accuracies).high < LOSS and pipes.middle.share < 1
        for accuracies in (pipes.middle.cut, pipes.middle.trained)
    )
    return cut, cut or trained


def heading(pipes: Pipes) -> str:
    """What networks read with few connections, and with all."""
    fewest, every = pipes.fewest, pipes.rungs[0]
    few, all_ = (percent(float(each.mean()), 1) for each in (fewest.trained, every.cut))
    return (
        f"With {percent(fewest.share, 0)} of its {every.weights:,} connections the network reads "
        f"{few}, with all {all_}"
    )


def plain(pipes: Pipes) -> str:
    """The finding in one sentence."""
    cut, trained = outcomes(pipes)
    if cut and pipes.fewest.share < pipes.middle.share:
        return (
            "Yes: half of the connections can simply be cut, and more of them if the network then "
            "trains on for a while."
        )
    if cut:
        return "Yes: half of the connections can simply be cut, at hardly any cost."
    if trained:
        return "Half of the connections can go, if the network trains on for a while without them."
    return "Not by cutting: the network reads fewer digits with half of its connections."


def notes(pipes: Pipes) -> str:
    """What networks read that have few connections from the start."""
    (without, *_), one, two = (pipes.line(depth) for depth in NAMES)
    small = max((b for b in one if b.weights <= without.weights), default=None)
    twin = next((b for b in two if small and b.width == small.width), None)
    if not small or not twin:
        return ""
    bare, single, double = (
        percent(float(built.test.mean()), 1) for built in (without, small, twin)
    )
    return (
        f"Built small from the start, a hidden layer pays: {without.weights:,} connections without "
        f"one read {bare}, {small.weights:,} by way of {plural(small.width, 'neuron')} {single}. "
        f"With a second such layer, which has few connections, it is {double}."
    )


def measured(pipes: Pipes) -> str:
    """Every number, and how the networks were trained."""
    whole = mean_interval(100 * pipes.rungs[0].cut)
    rungs = "; ".join(of_rung(pipes, rung) for rung in pipes.rungs[1:])
    shapes = "; ".join(
        f"{name}: {', '.join(map(summary, pipes.line(depth)))}" for depth, name in NAMES.items()
    )
    gains = [100 * float(each.full.mean() - each.half.mean()) for each in pipes.built]
    return (
        f"{plural(len(pipes.rungs[0].cut), 'network')} of this run's recipe, {pipes.network}, "
        f"read {interval(whole)} of the test images (mean with 95 % interval). Of all their "
        "weights the smallest are set to 0; then the others train on for "
        f"{plural(pipes.epochs_after, 'epoch')}, from train's first learning rate to 0. "
        f"{rungs + '. ' if rungs else ''}"
        f"Built: {plural(len(pipes.built[0].test), 'network')} of each shape, leaky ReLU, softmax "
        "and cross-entropy with momentum, which need few epochs; one learning rate, chosen on "
        f"validation images, falls to 0 in {plural(pipes.epochs, 'epoch')}. {shapes}. Half as long "
        f"they read {decimal(min(gains), 1)} to {decimal(max(gains), 1)} points less of the "
        "validation images."
    )


def of_rung(pipes: Pipes, rung: Rung) -> str:
    """A rung with its losses."""
    cut, trained = (interval(mean_interval(100 * each)) for each in (rung.cut, rung.trained))
    after = f", trained on {trained}" if pipes.epochs_after else ""
    return f"{percent(rung.share, 0)} left, {rung.weights:,}: {cut}{after}"


def summary(built: Built) -> str:
    """A shape with its connections and its accuracy."""
    neurons = f" ({plural(built.width, 'neuron')})" if built.depth else ""
    return f"{built.weights:,}{neurons} {interval(mean_interval(100 * built.test))}"


def interval(estimate: Interval) -> str:
    """Percent within an interval: 96.1 % (96.0 to 96.2)."""
    low, high = (decimal(end, 1) for end in (estimate.low, estimate.high))
    return f"{percent(estimate.value / 100, 1)} ({low} to {high})"


def alt(pipes: Pipes, title: str) -> str:
    """Read out the ends of the curves."""
    lines = [
        f"{name} from {percent(float(first.test.mean()), 1)} with {first.weights:,} to "
        f"{percent(float(last.test.mean()), 1)} with {last.weights:,}"
        for depth, name in NAMES.items()
        for first, *_, last in [[*pipes.line(depth)] * 2]
    ]
    last = pipes.rungs[-1]
    lines.append(
        f"cut to {last.weights:,}, {percent(float(last.cut.mean()), 1)}, and trained on, "
        f"{percent(float(last.trained.mean()), 1)}"
    )
    return f"{title}. Curves of accuracy by connections: {'; '.join(lines)}."
