"""If we only listened to the 2s: what a network becomes that learns from one digit alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from nn import SGD, Dataset, Network, Settings, predict, stacked, unstacked
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import NETWORKS, load_siblings
from stages.claims.shared.stepwise import StepwiseSGD
from stages.common.files.paths import TEST, TRAIN, claim_table
from stages.common.files.tables import Rows, write_csv
from stages.common.images.labels import in_runs
from stages.common.images.outlook import NotInDataError, Outlook
from stages.common.models.recipe import examples_of, outlook_of, side_by_side
from stages.common.runtime.params import real, whole

PER_DECADE = 4  # looks, evenly spaced on a logarithmic axis of steps
DECIMALS = 6  # of a share


@dataclass(frozen=True, kw_only=True)
class TwosParams:
    """What networks become that learn from one digit alone."""

    digit: Annotated[int, whole(0, 255, "the only class that is listened to")]
    learning_rate: Annotated[float, real(0, 1e6, "step as a multiple of the gradient")]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    steps: Annotated[int, whole(1, 10**6, "mini-batches to learn from")]
    seed: Annotated[int, whole(0, 2**62, "decides the order of the images")]


def twos(params: TwosParams) -> None:
    """Train on images of one class only: networks of the run's recipe, and their random starts.

    Writes data/claims/twos.csv: for each start, network and look the accuracy on the test images,
    and which share of them, and of those of every class, is called ``digit``.
    """
    everything = examples_of(TRAIN)
    check(params, outlook_of(everything))
    jobs = [(start, params) for start in NETWORKS]
    rows = [row for rows in side_by_side(walk, jobs, "twos: starts") for row in rows]
    write(rows)
    tell(rows, params.digit)


def walk(start: str, params: TwosParams) -> Rows:
    """Rows of all networks from one start, which see the same images in the same order."""
    test, siblings = examples_of(TEST), load_siblings()
    examples = only(examples_of(TRAIN), params.digit)
    settings = Settings(params.learning_rate, 1, params.batch_size)
    networks = siblings.after(0 if start == "untrained" else siblings.last)
    sgd = SGD(stacked(networks), examples, settings, np.random.default_rng(params.seed))
    rows: Rows = []
    for step in looks(sgd, params.steps):
        for seed, network in zip(siblings.seeds.tolist(), unstacked(sgd.network), strict=True):
            row = {"digit": params.digit, "start": start, "seed": seed, "step": step}
            rows.append({**row, "images": len(test), **called(network, test, params.digit)})
    return sorted(rows, key=lambda row: (row["seed"], row["step"]))


def check(params: TwosParams, outlook: Outlook) -> None:
    """Raise ``NotInDataError`` if no training image shows the digit."""
    if outlook.labels is not None and params.digit not in outlook.labels:
        raise NotInDataError(
            f"twos.digit: expected a class that {TRAIN} has, {in_runs(np.unique(outlook.labels))}, "
            f"got {params.digit}"
        )


def only(examples: Dataset, digit: int) -> Dataset:
    """The examples of one class; raises ``StageError`` if there are none."""
    rows = np.flatnonzero(examples.labels == digit)
    return Dataset(examples.stored[rows], examples.labels[rows], examples.scale, examples.offset)


def looks(sgd: SGD, steps: int) -> Iterator[int]:
    """Walk so many steps, and stop at 0, 1, the last, and between them ever more rarely."""
    decades = np.log10(steps)
    marks = np.geomspace(1, steps, max(2, round(PER_DECADE * decades) + 1)).round().astype(int)
    walk, done = StepwiseSGD(sgd), 0
    yield 0
    for mark in np.unique(marks).tolist():
        walk.train_on((mark - done) * sgd.settings.batch_size)
        done = mark
        yield mark


def called(network: Network, test: Dataset, digit: int) -> dict[str, float]:
    """Share of test images called ``digit``, accuracy, and the first share for every class.

    A class without test images has none that is called anything: 0.
    """
    guesses = predict(network, test)[0].argmax(axis=1)
    called = [guesses[test.labels == label] == digit for label in range(network.sizes[-1])]
    return {
        "called": float((guesses == digit).mean()),
        "accuracy": float((guesses == test.labels).mean()),
        **{f"called_{label}": float(c.sum()) / max(1, len(c)) for label, c in enumerate(called)},
    }


def write(rows: Rows) -> None:
    """Write one row for every look."""
    import pandas as pd

    write_csv(claim_table("twos"), pd.DataFrame(rows).round(DECIMALS))


def tell(rows: Rows, digit: int) -> None:
    """Print the mean share at the end, from each start."""
    last = max(row["step"] for row in rows)
    shares = {
        start: [row["called"] for row in rows if (row["start"], row["step"]) == (start, last)]
        for start in NETWORKS
    }
    parts = [f"{np.mean(share):.2%} from the {start} network" for start, share in shares.items()]
    print(f"called {digit} after {last:,} steps: {', '.join(parts)}")


if __name__ == "__main__":
    run_claim(twos)
