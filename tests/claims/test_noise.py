"""Noise: networks of the run's own recipe, digits that keep their ink, and every answer counted."""

import math
from statistics import median
from typing import Any

import numpy as np
import pytest

from nn import layers_of
from stages.claims.noise.claim import CLAIM
from stages.claims.noise.measure import OWN, as_seen, noise, pictures
from stages.claims.shared.claim import Finding, Verdict
from stages.common.files.arrays import Floats, load_arrays, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import NETWORK, PREPROCESSING, SIBLINGS, claim_arrays, claim_table
from stages.common.images.preprocess import Preprocessing
from stages.normalize import normalize
from tests.claims.shared import Case, Row, finding_of, rows_of, write_rows, write_siblings
from tests.sample import call

SHARES, ANSWERS = claim_table("noise"), claim_arrays("noise")
KINDS = ("uniform", "shuffled", "digits")
SEED = 3


def rows(kind: str) -> list[Row]:
    """The rows of the other networks."""
    return [row for row in rows_of(SHARES) if row["kind"] == kind and row["seed"] != str(OWN)]


def own(kind: str) -> Row:
    """The row of the run's own network."""
    (row,) = (r for r in rows_of(SHARES) if r["kind"] == kind and r["seed"] == str(OWN))
    return row


def quartiles(values: list[float]) -> list[float]:
    """Quartiles and median: straight lines between the sorted values."""
    ranked, cuts = sorted(values), []
    for share in (0.25, 0.5, 0.75):
        place = share * (len(ranked) - 1)
        below = math.floor(place)
        above = min(below + 1, len(ranked) - 1)
        cuts.append(ranked[below] + (place - below) * (ranked[above] - ranked[below]))
    return cuts


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the files by other means."""
    answers, count = load_arrays(ANSWERS), len(rows("uniform"))
    numbers = [str(count), f"{float(answers['threshold']):g}", str(answers["epochs"])]
    numbers += [f"{n:,}" for n in (*answers["counts"], *answers["sizes"])]
    for kind in KINDS:
        shares = [100 * float(row["confident"]) for row in rows(kind)]
        for share in (
            *quartiles(shares),
            min(shares),
            max(shares),
            100 * float(own(kind)["confident"]),
        ):
            for rounded in (share - 1e-9, share + 1e-9):  # ties go either way
                numbers += [f"{rounded:z.1f}", f"{rounded:z.0f}"]
    noise_rows = rows("uniform")
    shares = [float(row["confident"]) for row in noise_rows]
    numbers.append(str(sum(share >= 0.5 for share in shares)))
    numbers.append(f"{100 * median(float(row['clear']) for row in noise_rows):.0f}")
    numbers.append(f"{100 * median(float(row['favourite_share']) for row in noise_rows):.0f}")
    favourites = [int(row["favourite"]) for row in noise_rows]
    commonest = min({*favourites}, key=lambda label: (-favourites.count(label), label))
    numbers += [str(commonest), str(favourites.count(commonest))]
    largest = answers["first_outputs"][0][1:].max(axis=1)
    numbers += [f"{min(largest):.2f}", f"{max(largest):.2f}"]
    low, middle, high = quartiles(shares)
    expected = Verdict.HELD if low >= 0.5 else Verdict.NOT_HELD if high < 0.5 else Verdict.PARTLY
    assert finding.verdict == expected
    interval = (finding.estimate.low, finding.estimate.value, finding.estimate.high)
    assert interval == pytest.approx([100 * low, 100 * middle, 100 * high])
    assert finding.estimate.networks == count
    return {*numbers}


CASE = Case(
    noise,
    {"images": 80, "threshold": 0.6, "seed": SEED},
    {"images": 70, "threshold": 0.7, "seed": 1},
    (SHARES, ANSWERS),
    known_numbers,
    inputs="trained_run",
    prepare=write_siblings,
    of_shape=lambda _: {"images": 20},
)


def answers_of(grey: Floats, weights: list[Floats], biases: list[Floats]) -> Floats:
    """What a network of sigmoids answers to pictures, (k, n): two lines a layer."""
    a = grey.T / 255
    for w, b in zip(weights, biases, strict=True):
        z = w @ a + b[:, np.newaxis]
        a = 1 / (1 + np.exp(-z))
    return np.asarray(a)


def shown() -> dict[str, Any]:
    """The pictures that the stage has shown."""
    rng = np.random.default_rng(SEED)
    return pictures(CASE.options["images"], Preprocessing.load(PREPROCESSING), rng)


def assert_is_told(row: Row, outputs: Floats) -> None:
    """The row counts these outputs, (k, n), rightly."""
    columns = outputs.T.tolist()
    sure = [max(column) > CASE.options["threshold"] for column in columns]
    assert float(row["confident"]) == pytest.approx(np.mean(sure), abs=1e-6)
    alone = [sum(output > 0.5 for output in column) == 1 for column in columns]
    assert float(row["clear"]) == pytest.approx(np.mean(alone), abs=1e-6)
    winners = [column.index(max(column)) for column in columns]
    favourite = max(range(10), key=winners.count)
    assert int(row["favourite"]) == favourite
    share = winners.count(favourite) / len(winners)
    assert float(row["favourite_share"]) == pytest.approx(share, abs=1e-6)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("kind", KINDS)
def test_the_answers_of_this_runs_network_are_counted_as_said(kind: str) -> None:
    model = load_arrays(NETWORK)
    weights, biases = ([model[f"{name}_{i}"] for i in range(3)] for name in ("weights", "biases"))
    assert_is_told(own(kind), answers_of(shown()[kind], weights, biases))


@pytest.mark.usefixtures("folder")
def test_the_answers_of_its_siblings_are_counted_as_said() -> None:
    siblings = load_arrays(SIBLINGS)
    for seed, parameters in zip(siblings["seeds"], siblings["parameters"][-1], strict=True):
        weights, biases = layers_of(parameters, (784, 6, 5, 10))
        for kind, grey in shown().items():
            (row,) = (row for row in rows(kind) if row["seed"] == str(seed))
            assert_is_told(row, answers_of(grey, weights, biases))


@pytest.mark.usefixtures("folder")
def test_a_shuffled_digit_keeps_its_ink_and_loses_its_shape() -> None:
    digits, shuffled = shown()["digits"], shown()["shuffled"]
    again = digits[np.arange(80) % 60]  # more pictures than digits: from the first one on again
    np.testing.assert_array_equal(np.sort(shuffled), np.sort(again))
    assert (shuffled != again).any(axis=1).all()
    assert (shuffled[:20] != shuffled[60:]).any(axis=1).all()  # each in an order of its own


@pytest.mark.usefixtures("folder")
def test_uniform_noise_has_every_grey_level_alike() -> None:
    counts = np.bincount(shown()["uniform"].ravel(), minlength=256)
    assert len(counts) == 256
    assert np.square(counts - counts.mean()).sum() / counts.mean() < 340  # chi squared, 255 free


@pytest.mark.usefixtures("folder")
def test_noise_is_seen_through_the_preprocessing() -> None:
    call(normalize, scaling="standard", deskew=True, edges=True)
    preprocessing = Preprocessing.load(PREPROCESSING)
    grey = pictures(5, preprocessing, np.random.default_rng(0))["uniform"]
    raw = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    assert (grey != raw.reshape(5, 784)).any(axis=1).all()  # deskewed
    np.testing.assert_array_equal(grey, preprocessing.prepare(raw))
    seen = as_seen(grey, preprocessing)
    np.testing.assert_array_equal(seen.stored, preprocessing.see(grey))
    np.testing.assert_array_equal(seen.scale, preprocessing.scale)
    np.testing.assert_array_equal(seen.offset, preprocessing.offset)


@pytest.mark.parametrize(
    ("shares", "verdict"),
    [
        ([0.49, 0.5, 0.5, 0.9, 0.9], Verdict.HELD),
        ([0.49, 0.4999, 0.9, 0.9, 0.9], Verdict.PARTLY),
        ([0, 0, 0, 0.5, 0.5], Verdict.PARTLY),
        ([0, 0, 0, 0.4999, 0.9], Verdict.NOT_HELD),
    ],
)
@pytest.mark.usefixtures("folder")
def test_three_of_four_networks_decide(shares: list[float], verdict: Verdict) -> None:
    lines = [row for kind in KINDS for row in [own(kind), *rows(kind)[: len(shares)]]]
    for row, share in zip(lines[1 : len(shares) + 1], shares, strict=True):
        row["confident"] = str(share)
    write_rows(SHARES, [*lines[0]], [[*row.values()] for row in lines])
    arrays = load_arrays(ANSWERS)
    kept = arrays["first_outputs"][:, : len(shares) + 1]
    save_arrays(ANSWERS, {**arrays, "first_outputs": kept})
    finding = finding_of(CLAIM)
    assert finding.verdict == verdict
    known_numbers(finding)


@pytest.mark.usefixtures("folder")
def test_answers_of_other_networks_are_refused() -> None:
    arrays = load_arrays(ANSWERS)
    save_arrays(ANSWERS, {**arrays, "first_outputs": arrays["first_outputs"][:, :2]})
    with pytest.raises(StageError, match="noise writes: 2 networks for each kind"):
        CLAIM.read()
