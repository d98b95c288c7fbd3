"""Show networks what is no digit at all, and see how sure of it they are."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from nn import Examples, Network, parameter_count, predict
from stages.claims.shared.command import run_claim
from stages.common.files.arrays import (
    ArrayError,
    Floats,
    load_arrays,
    load_labelled,
    require,
    save_arrays,
)
from stages.common.files.atomic import one_line
from stages.common.files.paths import MINIMA, PREPROCESSING, TEST, claim_arrays, claim_table
from stages.common.files.tables import write_csv
from stages.common.images.preprocess import Preprocessing
from stages.common.runtime.params import real, whole

BINS = 50  # of the largest output, from 0 to 1


@dataclass(frozen=True, kw_only=True)
class NoiseParams:
    """What the networks of minima say to pictures that show nothing."""

    images: Annotated[int, whole(1, 10**5, "pictures of uniform noise, and of shuffled digits")]
    threshold: Annotated[
        float, real(0, 1, "largest output above which an answer counts as confident")
    ]
    seed: Annotated[int, whole(0, 2**63 - 1, "decides the noise and the shuffles")]


def noise(params: NoiseParams) -> None:
    """Show noise, pixel-shuffled digits and real test digits to the networks of ``minima``.

    Writes data/claims/noise.csv, a row for each network and kind of picture, and
    data/claims/noise.npz: histograms of the largest output, guesses, and one picture of each
    kind with every network's outputs.
    """
    seeds, networks = load_networks()
    preprocessing = Preprocessing.load(PREPROCESSING)
    shown = pictures(params.images, preprocessing, np.random.default_rng(params.seed))
    outputs = {}
    for kind, grey in shown.items():
        examples = as_seen(grey, preprocessing)
        outputs[kind] = np.stack([predict(network, examples)[0] for network in networks])
    write_table(outputs, seeds, params.threshold)
    shape = preprocessing.height, preprocessing.width
    answers = {
        "kinds": np.array([*shown]),
        "counts": np.array([len(grey) for grey in shown.values()]),
        "threshold": np.array(params.threshold),
        "histograms": np.stack([histograms(values) for values in outputs.values()]),
        "guesses": np.stack([guesses(values) for values in outputs.values()]),
        "pictures": np.stack([grey[0].reshape(shape) for grey in shown.values()]),
        "first_outputs": np.stack([values[:, 0] for values in outputs.values()]),
    }
    save_arrays(claim_arrays("noise"), answers)
    sure = confident(outputs["uniform"], params.threshold)
    print(
        f"uniform noise: an output above {params.threshold:g} for {sure.mean():.0%} of the "
        f"pictures, {sure.min():.0%} to {sure.max():.0%} by network; real digits "
        f"{confident(outputs['digits'], params.threshold).mean():.0%}"
    )


def load_networks() -> tuple[NDArray[np.int64], list[Network]]:
    """Seeds, (n,), and the n networks that ``minima`` has trained.

    Raises ``ArrayError`` if the file does not hold them.
    """
    arrays = load_arrays(MINIMA)
    try:
        require(arrays, "sizes", np.int64, (arrays["sizes"].size,))
        require(arrays, "seeds", np.int64, (len(arrays["parameters"]),))
        sizes = tuple(int(n) for n in arrays["sizes"])
        shape = len(arrays["seeds"]), parameter_count(sizes)
        require(arrays, "parameters", np.float32, shape)
        activation, cost = str(arrays["activation"]), str(arrays["cost"])
        networks = [Network(sizes, activation, cost, row) for row in arrays["parameters"]]
        return arrays["seeds"], networks
    except (KeyError, ValueError, TypeError) as error:
        reason = one_line(error)
        raise ArrayError(f"{MINIMA}: expected networks: {reason}; run dvc repro") from error


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


def as_seen(grey: NDArray[np.uint8], preprocessing: Preprocessing) -> Examples:
    """Prepared grey levels as networks take them; noise has no class, so all have the first."""
    labels = np.zeros(len(grey), np.int64)
    return Examples(preprocessing.see(grey), labels, preprocessing.scale, preprocessing.offset)


def confident(outputs: Floats, threshold: float) -> NDArray[np.float64]:
    """Share of pictures with an output above the threshold, (networks,)."""
    return np.asarray((outputs.max(axis=2) > threshold).mean(axis=1))


def histograms(outputs: Floats) -> NDArray[np.int32]:
    """Pictures by their largest output, for each network: (networks, BINS)."""
    counts = [np.histogram(largest, BINS, (0, 1))[0] for largest in outputs.max(axis=2)]
    return np.stack(counts).astype(np.int32)


def guesses(outputs: Floats) -> NDArray[np.int32]:
    """Pictures by their brightest output, for each network: (networks, classes)."""
    answers = outputs.argmax(axis=2)
    counts = [np.bincount(row, minlength=outputs.shape[2]) for row in answers]
    return np.stack(counts).astype(np.int32)


def write_table(outputs: dict[str, Floats], seeds: NDArray[np.int64], threshold: float) -> None:
    """Write how sure each network is of each kind of picture, and which class it sees most."""
    import pandas as pd

    tables: list[Any] = []
    for kind, values in outputs.items():
        counts = guesses(values)
        columns = {
            "kind": kind,
            "seed": seeds,
            "confident": confident(values, threshold),
            "mean_largest": values.max(axis=2).mean(axis=1, dtype=np.float64),
            "favourite": counts.argmax(axis=1),
            "favourite_share": counts.max(axis=1) / counts.sum(axis=1),
        }
        tables.append(pd.DataFrame(columns).round(6))
    write_csv(claim_table("noise"), pd.concat(tables))


if __name__ == "__main__":
    run_claim(noise)
