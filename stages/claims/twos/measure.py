"""If we only listened to the 2s: what a network becomes that learns from one digit alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from nn import SGD, Examples, Network, Settings, predict
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import NETWORKS
from stages.claims.shared.stepwise import StepwiseSGD
from stages.common.files.atomic import StageError
from stages.common.files.paths import NETWORK, TEST, TRAIN, claim_table
from stages.common.files.tables import Rows, write_csv
from stages.common.images.outlook import Outlook
from stages.common.models.model import load_model
from stages.common.models.recipe import Recipe, examples_of, outlook_of
from stages.common.runtime.params import real, whole

PER_DECADE = 5  # looks, evenly spaced on a logarithmic axis of steps
DECIMALS = 6  # of a share


@dataclass(frozen=True, kw_only=True)
class TwosParams:
    """What a network becomes that learns from one digit alone."""

    digit: Annotated[int, whole(0, 255, "the only class that is listened to")]
    learning_rate: Annotated[
        float, real(0, 1e6, "step as a multiple of the gradient, short to be followed")
    ]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    steps: Annotated[int, whole(1, 10**6, "mini-batches to learn from")]
    seeds: Annotated[int, whole(2, 1000, "trainings from each start")]
    seed: Annotated[int, whole(0, 2**62, "the first of these seeds")]


def twos(params: TwosParams) -> None:
    """Train on images of one class only, from random weights and from the trained network.

    A seed decides the random weights and the order of the images. Writes data/claims/twos.csv:
    for each start, seed and look the accuracy on the test images, and which share of them, and of
    those of every class, is called ``digit``.
    """
    trained, test = load_model(NETWORK).network, examples_of(TEST)
    everything = examples_of(TRAIN)
    check(params, outlook_of(everything))
    examples = only(everything, params.digit)
    settings = Settings(params.learning_rate, 1, params.batch_size)
    recipe = Recipe(trained.sizes[1:-1], settings, trained.activation, trained.cost)
    rows: Rows = []
    for one in range(params.seed, params.seed + params.seeds):
        for start in NETWORKS:
            sgd = recipe.start(examples, trained.sizes[-1], one)
            if start == "trained":
                sgd.network.parameters[:] = trained.parameters
            for step in looks(sgd, params.steps):
                row = {"digit": params.digit, "start": start, "seed": one, "step": step}
                rows.append({**row, "images": len(test), **called(sgd.network, test, params.digit)})
    write(rows)
    tell(rows, params.digit)


def check(params: TwosParams, outlook: Outlook) -> None:
    """Raise ``StageError`` if no training image shows the digit."""
    if outlook.labels is not None and params.digit not in outlook.labels:
        raise StageError(
            f"twos.digit: expected a class of {TRAIN}, which has none of {params.digit}; choose "
            f"one of {', '.join(str(label) for label in np.unique(outlook.labels))}"
        )


def only(examples: Examples, digit: int) -> Examples:
    """The examples of one class; raises ``StageError`` if there are none."""
    own = np.flatnonzero(examples.labels == digit)
    return Examples(examples.stored[own], examples.labels[own], examples.scale, examples.offset)


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


def called(network: Network, test: Examples, digit: int) -> dict[str, float]:
    """Share of test images called ``digit``, accuracy, and the first share for every class.

    A class without test images has none that is called anything: 0.
    """
    guesses = predict(network, test)[0].argmax(axis=1)
    own = [guesses[test.labels == label] == digit for label in range(network.sizes[-1])]
    return {
        "called": float((guesses == digit).mean()),
        "accuracy": float((guesses == test.labels).mean()),
        **{f"called_{label}": float(c.sum()) / max(1, len(c)) for label, c in enumerate(own)},
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
    told = [f"{np.mean(share):.2%} from the {start} network" for start, share in shares.items()]
    print(f"called {digit} after {last:,} steps: {', '.join(told)}")


if __name__ == "__main__":
    run_claim(twos)
