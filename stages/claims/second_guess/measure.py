"""Count the second guess too, and teach a network a second, softer label for every image.

A viewer asked whether 99.99 % could be reached so.
"""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray

from nn import SGD, Dataset, Network, Settings, Workspace, predict
from nn.dataset import Index, Transform, identity_transform
from nn.functions import Array
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import load_siblings
from stages.common.files.arrays import load_labelled, save_arrays
from stages.common.files.paths import (
    NETWORK,
    PREPROCESSING,
    SIBLINGS,
    TEST,
    TRAIN,
    claim_arrays,
    claim_table,
)
from stages.common.files.tables import write_csv
from stages.common.models.model import Model, load_model
from stages.common.models.recipe import examples_of, side_by_side
from stages.common.runtime.checkpoints import ResultCache
from stages.common.runtime.params import real, whole

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("one label", "even labels", "second label")  # of targets
SCHEDULE = "linear"  # to zero: the retraining ends calmly, as the training before it did


@dataclass(frozen=True, kw_only=True)
class SecondGuessParams:
    """Claim: 99.99 % could be reached if the second guess counts too."""

    share: Annotated[
        float, real(0, 0.5, "part of an image's target that another class than its own gets")
    ]
    learning_rate: Annotated[float, real(0, 1e6, "of the retraining's first step, falling to 0")]
    epochs: Annotated[int, whole(1, 10**6, "times that every image is visited again")]
    batch_size: Annotated[int, whole(1, 10**6, "images in a mini-batch")]
    networks: Annotated[
        int, whole(2, 1000, "of the siblings that are retrained{}; all if there are fewer")
    ]
    seed: Annotated[int, whole(0, 2**32, "of the first one's order of images")]
    pictures: Annotated[int, whole(0, 100, "test images to show whose first two guesses are wrong")]


def second_guess(params: SecondGuessParams) -> None:
    """Count right answers among the first k guesses, of trained networks and of retrained ones.

    Writes data/claims/second_guess.csv (for each network and k, the number of test images whose
    class is among its first k guesses) and .npz (the pictures, with all outputs).
    """
    model, test = load_model(NETWORK), examples_of(TEST)
    outputs, _ = predict(model.network, test)
    settings = Settings(
        params.learning_rate, params.epochs, params.batch_size, SCHEDULE, reshuffle=True
    )
    siblings = load_siblings()
    networks = siblings.after(siblings.last)[: params.networks]
    names = [(kind, n) for kind in KINDS for n in range(len(networks))]
    jobs = [(networks[n], kind, params.share, settings, params.seed + n) for kind, n in names]
    cache = ResultCache("second_guess", TRAIN, TEST, PREPROCESSING, SIBLINGS)
    results = side_by_side(retrain, jobs, "second guess", cache)
    trained = right_within(outputs, test.labels)
    table = table_of([("trained", 0), *names], [trained, *results])
    write_csv(claim_table("second_guess"), table)
    write_pictures(
        model, outputs, params.pictures, {"share": params.share, "epochs": params.epochs}
    )
    cache.clear()
    taught = np.mean(results[-len(networks) :], axis=0) / len(test)
    print(
        f"{trained[0] / len(test):.2%} of the test images right, {trained[1] / len(test):.2%} in "
        f"two guesses; {taught[1]:.2%} if taught a second label"
    )


def targets_of(network: Network, examples: Dataset, kind: str, share: float) -> Array:
    """Targets of one of ``KINDS``, (N, classes) float32, whose every row adds up to 1.

    The class on the label gets 1, or 1 - ``share``. In the viewer's kind the rest goes to the
    class that ``network`` finds likest among the wrong ones, image by image. The control spreads
    it evenly over all wrong classes, and so knows nothing of likeness (Szegedy et al. 2016).
    """
    outputs, _ = predict(network, examples)
    one_hot = np.eye(outputs.shape[1], dtype=outputs.dtype)[examples.labels]
    likest = np.eye(outputs.shape[1], dtype=outputs.dtype)[(outputs - 2 * one_hot).argmax(axis=1)]
    even = (1 - one_hot) / (1 - one_hot).sum(axis=1, keepdims=True)
    part = outputs.dtype.type(share)
    rest = {"one label": one_hot, "even labels": even, "second label": likest}[kind]
    return np.asarray((1 - part) * one_hot + part * rest)


@dataclass(frozen=True, eq=False)
class Softened(Dataset):
    """Examples whose ``targets``, (N, classes), are given, instead of made from their labels."""

    targets: Array = field(kw_only=True)

    def load(self, rows: Index, work: Workspace, transform: Transform = identity_transform) -> None:
        """Copy B stored inputs and their targets into ``work``."""
        super().load(rows, work, transform)
        work.targets[:] = self.targets[rows].T


def retrain(
    network: Network, kind: str, share: float, settings: Settings, seed: int
) -> NDArray[np.int64]:
    """Go on training a trained network with such targets; count its right guesses, (classes,).

    Equal seeds visit the images in the same order, so that their networks can be compared.
    """
    labelled, test = examples_of(TRAIN), examples_of(TEST)
    examples = Softened(
        labelled.stored,
        labelled.labels,
        labelled.scale,
        labelled.offset,
        targets=targets_of(network, labelled, kind, share),
    )
    network = replace(network, parameters=network.parameters.copy())
    sgd = SGD(network, examples, settings, np.random.default_rng(seed))
    with np.errstate(all="ignore"):  # a rate that is too high is seen in the results
        for _ in range(settings.epochs):
            sgd.epoch()
        return right_within(predict(network, test)[0], test.labels)


def ranks(outputs: Array, labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Which guess names the right class, (N,): 0 for the first. Equal outputs count in order."""
    ranked = np.argsort(-outputs, axis=1, kind="stable")
    return np.asarray((ranked == labels[:, np.newaxis]).argmax(axis=1), np.int64)


def right_within(outputs: Array, labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """How many of N images have their class among the first k guesses, for k = 1, 2, ..."""
    return np.bincount(ranks(outputs, labels), minlength=outputs.shape[1]).cumsum()


def table_of(names: list[tuple[str, int]], counts: list[NDArray[np.int64]]) -> "pd.DataFrame":
    """One row for each network and number of guesses."""
    import pandas as pd

    rows = [
        (name, run, guesses, right)
        for (name, run), numbers in zip(names, counts, strict=True)
        for guesses, right in enumerate(numbers, start=1)
    ]
    return pd.DataFrame(rows, columns=["network", "run", "guesses", "right"])


def write_pictures(model: Model, outputs: Array, most: int, settings: dict[str, float]) -> None:
    """Keep images whose first two guesses are wrong, those with the latest right guess first."""
    images, labels = load_labelled(TEST)
    rank = ranks(outputs, labels)
    true_outputs = outputs[np.arange(len(labels)), labels]
    order = np.lexsort((true_outputs, -rank))
    chosen = order[rank[order] > 1][:most]
    arrays = {
        "image_shape": np.array([model.preprocessing.height, model.preprocessing.width]),
        "images": np.asarray(images[chosen]),
        "labels": labels[chosen],
        "outputs": outputs[chosen],
        **{name: np.array(value) for name, value in settings.items()},
    }
    save_arrays(claim_arrays("second_guess"), arrays)


if __name__ == "__main__":
    run_claim(second_guess)
