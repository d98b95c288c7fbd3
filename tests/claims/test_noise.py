"""Noise: shuffled digits keep their ink, and all answers are counted."""

from statistics import mean, stdev

import numpy as np
import pytest

from nn import Network, feedforward
from stages.claims.minima.measure import save_networks
from stages.claims.noise.claim import CLAIM
from stages.claims.noise.measure import as_seen, noise, pictures
from stages.claims.shared.claim import Finding, Verdict
from stages.common.files.arrays import load_arrays, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import DATASET, MINIMA, PREPROCESSING, claim_arrays, claim_table
from stages.common.images.classes import numbered
from stages.common.images.dataset import DataSet
from stages.common.images.preprocess import Preprocessing
from stages.normalize import normalize
from tests.claims.shared import (
    Case,
    Row,
    Shape,
    finding_and_figure_of,
    numbers_in,
    rows_of,
    words_of,
)
from tests.sample import call

SHARES, ANSWERS = claim_table("noise"), claim_arrays("noise")


def write_networks(
    sizes: tuple[int, ...] = (784, 6, 10), gain: float = 2, count: int = 3
) -> list[Network]:
    networks = [
        Network.random(sizes, "sigmoid", "quadratic", rng=np.random.default_rng(s), gain=gain)
        for s in range(count)
    ]
    save_networks(networks, range(5, 5 + count))
    return networks


def rows(kind: str) -> list[Row]:
    return [row for row in rows_of(SHARES) if row["kind"] == kind]


def known_numbers(finding: Finding) -> set[str]:
    """The numbers that the words may hold, from the files by other means."""
    answers, noise = load_arrays(ANSWERS), rows("uniform")
    count, classes = len(noise), answers["guesses"].shape[2]
    numbers = [str(count), f"{float(answers['threshold']):g}", "75", f"{100 / classes:.0f}"]
    numbers += [str(n) for n in answers["counts"]]
    for kind in ("uniform", "shuffled", "digits"):
        shares = [100 * float(row["confident"]) for row in rows(kind)]
        numbers += [f"{f(shares):.1f}" for f in (mean, stdev, min, max)]
        in_words = f"{mean(shares):.1f} ± {stdev(shares):.1f}\N{NO-BREAK SPACE}% of the"
        assert in_words in finding.measured
    shares = [float(row["confident"]) for row in noise]
    for end in (min(shares), max(shares)):
        numbers.append(f"{100 * end:.0f}")
        numbers += [row["seed"] for row in noise if float(row["confident"]) == end]
    favourites = [row["favourite"] for row in noise]
    numbers += [*favourites, *(str(favourites.count(label)) for label in favourites)]
    numbers.append(f"{100 * mean(float(row['favourite_share']) for row in noise):.0f}")
    largest = answers["first_outputs"][0].max(axis=1)
    numbers += [f"{min(largest):.2f}", f"{max(largest):.2f}"]
    sure = sum(share >= 0.5 for share in shares)
    assert f" {sure} of {count} networks are confident" in finding.measured
    verdict = Verdict.PARTLY if sure else Verdict.NOT_HELD
    assert finding.verdict == (Verdict.HELD if sure >= 0.75 * count else verdict)
    return {*numbers, str(sure)}


def networks_of(shape: Shape) -> dict[str, int]:
    """Networks of a shape, and options."""
    write_networks(shape.sizes)
    return {"images": 20}


CASE = Case(
    noise,
    {"images": 80, "threshold": 0.6, "seed": 0},
    {"images": 70, "threshold": 0.7, "seed": 1},
    (SHARES, ANSWERS),
    known_numbers,
    prepare=write_networks,
    of_shape=networks_of,
)


@pytest.mark.usefixtures("folder")
def test_a_shuffled_digit_keeps_its_ink_and_loses_its_shape() -> None:
    shown = pictures(80, Preprocessing.load(PREPROCESSING), np.random.default_rng(0))
    digits, shuffled = shown["digits"], shown["shuffled"]
    again = digits[np.arange(80) % 60]  # more pictures than digits: from the first one on again
    np.testing.assert_array_equal(np.sort(shuffled), np.sort(again))
    assert (shuffled != again).any(axis=1).all()
    assert (shuffled[:20] != shuffled[60:]).any(axis=1).all()  # each in an order of its own


@pytest.mark.usefixtures("folder")
def test_uniform_noise_has_every_grey_level_alike() -> None:
    grey = pictures(80, Preprocessing.load(PREPROCESSING), np.random.default_rng(0))["uniform"]
    counts = np.bincount(grey.ravel(), minlength=256)
    assert len(counts) == 256
    assert np.square(counts - counts.mean()).sum() / counts.mean() < 340  # chi squared, 255 free


@pytest.mark.usefixtures("folder")
def test_noise_is_seen_through_the_preprocessing() -> None:
    call(normalize, scaling="standard", deskew=True, edges=True)
    preprocessing = Preprocessing.load(PREPROCESSING)
    shown = pictures(5, preprocessing, np.random.default_rng(0))["uniform"]
    raw = np.random.default_rng(0).integers(0, 256, (5, 28, 28), dtype=np.uint8)
    assert (shown != raw.reshape(5, 784)).any(axis=1).all()  # deskewed
    np.testing.assert_array_equal(shown, preprocessing.prepare(raw))
    seen = as_seen(shown, preprocessing)
    np.testing.assert_array_equal(seen.stored, preprocessing.see(shown))
    np.testing.assert_array_equal(seen.scale, preprocessing.scale)
    np.testing.assert_array_equal(seen.offset, preprocessing.offset)


@pytest.mark.usefixtures("folder")
def test_shares_and_favourites_are_counted_as_said() -> None:
    arrays = load_arrays(MINIMA)
    rng = np.random.default_rng(CASE.options["seed"])
    shown = pictures(CASE.options["images"], Preprocessing.load(PREPROCESSING), rng)
    for kind, grey in shown.items():
        inputs = (grey.T / 255).astype(np.float32)
        for parameters, row in zip(arrays["parameters"], rows(kind), strict=True):
            network = Network((784, 6, 10), "sigmoid", "quadratic", parameters)
            outputs = feedforward(network, inputs)
            sure = sum(max(column) > CASE.options["threshold"] for column in outputs.T)
            assert float(row["confident"]) == pytest.approx(sure / inputs.shape[1], abs=1e-6)
            winners = outputs.argmax(axis=0).tolist()
            favourite = max(range(10), key=winners.count)
            assert int(row["favourite"]) == favourite
            share = winners.count(favourite) / len(winners)
            assert float(row["favourite_share"]) == pytest.approx(share, abs=1e-6)


@pytest.mark.parametrize(
    ("sizes", "gain", "count"),
    [((784, 10), 20, 2), ((784, 5, 4, 14), 2, 35), ((784, 6, 10), 0, 2)],
)
@pytest.mark.usefixtures("folder")
def test_sure_networks_many_networks_and_dull_ones_are_shown(
    sizes: tuple[int, ...], gain: float, count: int
) -> None:
    DataSet("made up", numbered(sizes[-1]).names).save(DATASET)
    write_networks(sizes, gain, count)
    call(noise, **CASE.options)
    finding, _ = finding_and_figure_of(CLAIM)
    assert numbers_in(words_of(finding)) <= known_numbers(finding)


@pytest.mark.usefixtures("folder")
def test_answers_of_other_networks_and_no_networks_at_all_are_refused() -> None:
    arrays = load_arrays(ANSWERS)
    save_arrays(ANSWERS, {**arrays, "first_outputs": arrays["first_outputs"][:, :2]})
    with pytest.raises(StageError, match="noise writes: 2 networks for each kind"):
        CLAIM.read()
    save_arrays(MINIMA, {"sizes": np.array([784, 10])})
    with pytest.raises(StageError, match="expected networks"):
        call(noise, **CASE.options)
