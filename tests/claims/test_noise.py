"""Noise: shuffled digits keep their ink, and the caption says what the files say."""

from contextlib import chdir
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest

from nn import Network, feedforward
from stages.claims.minima.measure import save_networks
from stages.claims.noise.figure import ANSWERS, CLAIM, SHARES
from stages.claims.noise.measure import as_seen, noise, pictures
from stages.claims.shared.claim import HELD, NOT_HELD, PARTLY
from stages.common.files.arrays import load_arrays, save_arrays
from stages.common.files.atomic import StageError
from stages.common.files.paths import MINIMA, PREPROCESSING
from stages.common.images.classes import numbered, save_classes
from stages.common.images.preprocess import Preprocessing
from stages.normalize import normalize
from tests.claims.shared import (
    Options,
    Row,
    check_parameters,
    copied,
    drawn,
    finish,
    numbers_in,
    rows_of,
)

OPTIONS: Options = {"images": 80, "threshold": 0.6, "seed": 0}
CHANGES = {"images": 70, "threshold": 0.7, "seed": 1}
FILES = (SHARES, ANSWERS)


@pytest.fixture(scope="module")
def finished(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copied(digits, tmp_path_factory.mktemp("noise"))
    with chdir(folder):
        write_networks()
    return finish(folder, noise, OPTIONS)


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
    normalize(scaling="standard", deskew=True, edges=True, transpose=False, first_label=0)
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
    rng = np.random.default_rng(OPTIONS["seed"])
    shown = pictures(OPTIONS["images"], Preprocessing.load(PREPROCESSING), rng)
    for kind, grey in shown.items():
        inputs = (grey.T / 255).astype(np.float32)
        for parameters, row in zip(arrays["parameters"], rows(kind), strict=True):
            network = Network((784, 6, 10), "sigmoid", "quadratic", parameters)
            outputs = feedforward(network, inputs)
            sure = sum(max(column) > OPTIONS["threshold"] for column in outputs.T)
            assert float(row["confident"]) == pytest.approx(sure / inputs.shape[1], abs=1e-6)
            winners = outputs.argmax(axis=0).tolist()
            favourite = max(range(10), key=winners.count)
            assert int(row["favourite"]) == favourite
            share = winners.count(favourite) / len(winners)
            assert float(row["favourite_share"]) == pytest.approx(share, abs=1e-6)


@pytest.mark.usefixtures("folder")
def test_every_parameter_changes_the_outputs_and_nothing_else_does() -> None:
    check_parameters(noise, OPTIONS, CHANGES, FILES)


@pytest.mark.parametrize(
    ("sizes", "gain", "count"),
    [((784, 6, 10), 2, 3), ((784, 10), 20, 2), ((784, 5, 4, 14), 2, 35), ((784, 6, 10), 0, 2)],
)
@pytest.mark.usefixtures("folder")
def test_the_caption_says_what_the_files_say(
    sizes: tuple[int, ...], gain: float, count: int
) -> None:
    save_classes(numbered(sizes[-1]))
    write_networks(sizes, gain, count)
    noise(**OPTIONS)
    picture, answers = drawn(CLAIM), load_arrays(ANSWERS)
    numbers = [str(count), "80", "60", "0.6", "75", f"{100 / sizes[-1]:.0f}"]
    for kind in ("uniform", "shuffled", "digits"):
        shares = [100 * float(row["confident"]) for row in rows(kind)]
        numbers += [f"{f(shares):.1f}" for f in (mean, stdev, min, max)]
        told = f"{mean(shares):.1f} ± {stdev(shares):.1f}\N{NO-BREAK SPACE}% of the"
        assert told in picture.caption
    own = [row["favourite"] for row in rows("uniform")]
    numbers += [*own, *(str(own.count(label)) for label in own)]
    numbers.append(f"{100 * mean(float(row['favourite_share']) for row in rows('uniform')):.0f}")
    largest = answers["first_outputs"][0].max(axis=1)
    numbers += [f"{min(largest):.2f}", f"{max(largest):.2f}"]
    sure = sum(float(row["confident"]) >= 0.5 for row in rows("uniform"))
    assert f" {sure} of {count} networks are confident" in picture.caption
    assert numbers_in(picture.caption) <= {*numbers, str(sure)}
    verdict = HELD if sure >= 0.75 * count else PARTLY if sure else NOT_HELD
    assert picture.caption.endswith(verdict)


@pytest.mark.usefixtures("folder")
def test_files_that_are_missing_or_of_another_kind_are_told() -> None:
    arrays = load_arrays(ANSWERS)
    save_arrays(ANSWERS, {**arrays, "first_outputs": arrays["first_outputs"][:, :2]})
    with pytest.raises(StageError, match="2 networks"):
        CLAIM.draw()
    for path in FILES:
        path.unlink()
    with pytest.raises(FileNotFoundError):
        CLAIM.draw()
    save_arrays(MINIMA, {"sizes": np.array([784, 10])})
    with pytest.raises(StageError, match="expected networks"):
        noise(**OPTIONS)
