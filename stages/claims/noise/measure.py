"""Show networks what is no digit at all, and see how sure of it they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nn import Dataset, predict
from stages.claims.shared.command import run_claim
from stages.claims.shared.networks import load_siblings
from stages.common.files.arrays import Floats, load_labelled, save_arrays
from stages.common.files.paths import NETWORK, TEST, claim_arrays, claim_table
from stages.common.files.tables import write_csv
from stages.common.images.preprocess import Preprocessing
from stages.common.models.model import load_model
from stages.common.runtime.params import real, whole

OWN = -1  # in place of a seed: the network of this run
LIT = 0.5  # an output above this is nearer to bright than to dark


@dataclass(frozen=True, kw_only=True)
class NoiseParams:
    """What this network and its siblings say to pictures that show nothing."""

    images: Annotated[int, whole(1, 10**5, "pictures of uniform noise, and of shuffled digits")]
    threshold: Annotated[
        float, real(0.5, 1, "largest output above which an answer counts as confident")
    ]
    seed: Annotated[int, whole(0, 2**63 - 1, "decides the noise and the shuffles")]


def noise(params: NoiseParams) -> None:
    """Show noise, pixel-shuffled digits and test digits to this network and to its siblings.

    Writes data/claims/noise.csv, a row for each network and kind of picture, and
    data/claims/noise.npz: one picture of each kind with every network's outputs.
    """
    model = load_model(NETWORK)
    siblings = load_siblings()
    networks = [model.network, *siblings.after(siblings.last)]
    shown = pictures(params.images, model.preprocessing, np.random.default_rng(params.seed))
    outputs = {}
    for kind, grey in shown.items():
        examples = as_seen(grey, model.preprocessing)
        outputs[kind] = np.stack([predict(network, examples)[0] for network in networks])
    write_table(outputs, [OWN, *siblings.seeds], params.threshold)
    shape = model.preprocessing.height, model.preprocessing.width
    answers = {
        "sizes": np.array(networks[1].sizes),
        "epochs": np.array(siblings.last),
        "kinds": np.array([*shown]),
        "counts": np.array([len(grey) for grey in shown.values()]),
        "threshold": np.array(params.threshold),
        "pictures": np.stack([grey[0].reshape(shape) for grey in shown.values()]),
        "first_outputs": np.stack([values[:, 0] for values in outputs.values()]),
    }
    save_arrays(claim_arrays("noise"), answers)
    sure = confident(outputs["uniform"], params.threshold)
    print(
        f"uniform noise: an output above {params.threshold:g} for {sure[0]:.0%} of the pictures "
        f"by this network; by the {len(networks) - 1} others {sure[1:].min():.0%} to "
        f"{sure[1:].max():.0%}, median {np.median(sure[1:]):.0%}"
    )


def pictures(
    count: int, preprocessing: Preprocessing, rng: np.random.Generator
) -> dict[str, NDArray[np.uint8]]:
    """So many pictures of noise, as many shuffled digits, and all test digits, by name.

    Uniform noise has every grey level alike, in each pixel by itself. A shuffled digit is a test
    image with its pixels in a random order of its own: as much ink, and no shape. Both go through
    the preprocessing that any picture would: prepared grey levels, (n, height * width), come out.
    """
    shape = (preprocessing.height, preprocessing.width)
    uniform = rng.integers(0, 256, (count, *shape), dtype=np.uint8)
    grey, _ = load_labelled(TEST)
    digits = np.resize(np.arange(len(grey)), count)  # again from the first if there are too few
    shuffled = rng.permuted(grey[digits], axis=1).reshape(-1, *shape)
    return {
        "uniform": preprocessing.prepare(uniform),
        "shuffled": preprocessing.prepare(shuffled),
        "digits": grey,
    }


def as_seen(grey: NDArray[np.uint8], preprocessing: Preprocessing) -> Dataset:
    """Prepared grey levels as networks take them; noise has no class, so all have the first."""
    labels = np.zeros(len(grey), np.int64)
    return Dataset(preprocessing.see(grey), labels, preprocessing.scale, preprocessing.offset)


def confident(outputs: Floats, threshold: float) -> NDArray[np.float64]:
    """Share of pictures with an output above the threshold, (networks,)."""
    return np.asarray((outputs.max(axis=2) > threshold).mean(axis=1))


def clear(outputs: Floats) -> NDArray[np.float64]:
    """Share of pictures for which one output, and no other, is above ``LIT``, (networks,)."""
    return np.asarray(((outputs > LIT).sum(axis=2) == 1).mean(axis=1))


def guesses(outputs: Floats) -> NDArray[np.int32]:
    """Pictures by their brightest output, for each network: (networks, classes)."""
    answers = outputs.argmax(axis=2)
    counts = [np.bincount(row, minlength=outputs.shape[2]) for row in answers]
    return np.stack(counts).astype(np.int32)


def write_table(outputs: dict[str, Floats], seeds: Sequence[int], threshold: float) -> None:
    """Write how sure each network is of each kind of picture, and which class it sees most."""
    import pandas as pd

    tables: list[Any] = []
    for kind, values in outputs.items():
        counts = guesses(values)
        columns = {
            "kind": kind,
            "seed": seeds,
            "confident": confident(values, threshold),
            "clear": clear(values),
            "mean_largest": values.max(axis=2).mean(axis=1, dtype=np.float64),
            "favourite": counts.argmax(axis=1),
            "favourite_share": counts.max(axis=1) / counts.sum(axis=1),
        }
        tables.append(pd.DataFrame(columns).round(6))
    write_csv(claim_table("noise"), pd.concat(tables))


if __name__ == "__main__":
    run_claim(noise)
