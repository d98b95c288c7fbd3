"""The page's own training, run under Node, is NumPy's; and what goes wrong has its name."""

import json
import math
from base64 import b64encode
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from nn import SGD, Dataset, Network, Settings, cost_of, feedforward
from nn.functions import Array
from stages.common.files.arrays import save_labelled
from stages.common.files.paths import TRAIN
from stages.common.images.ink import Levels
from stages.page.codec import COARSE, decode_array, decode_coarse, encode_array, encode_coarse
from stages.page.teach import MOST_TAUGHT, packed, taught_shapes, training_digits
from tests.common.test_drawing import sample_digits
from tests.page.conftest import Node
from tests.page.test_page_core import described

PREPROCESSING = {"height": 28, "width": 28, "deskew": False, "edges": False}
UNIT = {**PREPROCESSING, "scale": 1 / 255, "offset": 0}
OWN, ALL = 800, 1000  # digits of the sample: to learn from, and with those to be tested with
SOFTMAX = {"cost": "cross_entropy"}
FLAT = {"cost": 1.0, "accuracy": 0.1, "slopes": [0.1, 0.1], "spans": []}


def coarse_digits() -> tuple[Levels, Levels]:
    """The sample in 16 grey levels, (n, 784), as the page has it, and its labels."""
    images, labels = sample_digits()
    levels = np.rint(images / COARSE) * COARSE
    return levels.reshape(len(images), -1).astype(np.uint8), labels


class Recorded(Dataset):
    """Examples that take down which of them were asked for, batch by batch."""

    def load(self, rows: Any, *others: Any) -> None:
        """Note the rows, and load them."""
        order.append(rows.tolist())
        super().load(rows, *others)


order: list[list[int]] = []


class HundredSteps(NamedTuple):
    """What a hundred SGD steps start from, as the page takes it, and what NumPy makes of it."""

    given: dict[str, Any]
    first: Array
    network: Network


def hundred_steps(hidden: tuple[int, ...], activation: str, cost: str, rate: float) -> HundredSteps:
    """Let NumPy learn from 250 digits, ten at a time."""
    levels, labels = (part[:250] for part in coarse_digits())
    rng = np.random.default_rng(0)
    network = Network.random((784, *hidden, 10), activation, cost, rng=rng, gain=2)
    description, first = described(network), network.parameters.copy()
    order.clear()
    examples = Recorded(levels, labels, 1 / 255)
    sgd = SGD(network, examples, Settings(rate, 4, 10, reshuffle=True), rng)
    for _ in range(4):
        sgd.epoch()
    assert len(order) == 100
    inputs = (levels * np.float32(1 / 255)).astype(np.float32)
    given = {
        "description": description,
        "inputs": inputs.tolist(),
        "labels": labels.tolist(),
        "batches": [*order],
        "rate": rate,
    }
    return HundredSteps(given, first, network)


@pytest.mark.parametrize(
    ("hidden", "activation", "cost", "rate"),
    [
        ((16, 16), "sigmoid", "quadratic", 1),
        ((12,), "relu", "cross_entropy", 0.1),
        ((9, 8, 7), "tanh", "quadratic", 0.3),
        ((8,), "leaky_relu", "quadratic", 0.3),
        ((), "sigmoid", "cross_entropy", 0.3),
    ],
)
def test_the_first_hundred_steps_are_those_of_numpy(
    node: Node, hidden: tuple[int, ...], activation: str, cost: str, rate: float
) -> None:
    given, first, network = hundred_steps(hidden, activation, cost, rate)
    (result,) = node({"task": "descent", **given})
    inputs, labels = np.array(given["inputs"], np.float32), given["labels"]
    assert np.abs(network.parameters - first).max() > 0.1
    assert np.abs(result["parameters"] - network.parameters).max() < 1e-4
    assert np.abs(np.array(result["outputs"]) - feedforward(network, inputs.T).T).max() < 1e-4
    mean = cost_of(network, inputs.T, np.eye(10, dtype=np.float32)[labels].T)
    assert np.mean(result["costs"]) == pytest.approx(mean, abs=1e-4)


def test_random_numbers_are_what_they_are_called_and_repeat(node: Node) -> None:
    call = {"task": "random", "count": 4000}
    one, same, other = node({**call, "seed": 0}, {**call, "seed": 0}, {**call, "seed": 1})
    assert one == same
    assert one["uniform"][:5] != other["uniform"][:5]
    for drawn in (one, other):
        uniform, normal = np.array(drawn["uniform"]), np.array(drawn["normal"])
        assert 0 < uniform.min() < uniform.max() < 1
        error = 4 / math.sqrt(len(uniform))
        assert uniform.mean() == pytest.approx(0.5, abs=error / math.sqrt(12))
        assert uniform.std() == pytest.approx(1 / math.sqrt(12), abs=error)
        assert normal.mean() == pytest.approx(0, abs=error)
        assert normal.std() == pytest.approx(1, abs=error)
        assert abs(np.corrcoef(uniform[1:], uniform[:-1])[0, 1]) < error
        assert sorted(drawn["shuffled"]) == [*range(4000)]
        moved = np.array(drawn["shuffled"]) - np.arange(4000)
        assert np.abs(moved).mean() == pytest.approx(4000 / 3, rel=0.05)


def training_call(
    hidden: tuple[int, ...] = (16, 16), *, rate: float, reports: list[int], **changes: Any
) -> dict[str, Any]:
    levels, labels = (part[:ALL] for part in coarse_digits())
    setup = {
        "sizes": [784, *hidden, 10], "activation": "sigmoid", "cost": "quadratic", "leak": 0.05,
        "count": OWN, "seed": 0, **changes,
    }  # fmt: skip
    return {
        "task": "training",
        "levels": encode_array(levels),
        "labels": labels.tolist(),
        "preprocessing": UNIT,
        "own": OWN,
        "setup": setup,
        "rate": rate,
        "batch": 10,
        "reports": reports,
    }


def test_a_training_begins_as_its_description_says(node: Node) -> None:
    (result,) = node(training_call(rate=1, reports=[3]))
    first, last = np.array(result["first"]), np.array(result["last"])
    weights = first[: 784 * 16].reshape(16, 784)
    assert weights.std() == pytest.approx(2 / 28, rel=0.03)
    assert first[784 * 16 : 784 * 16 + 256].std() == pytest.approx(2 / 4, rel=0.2)
    assert not first[-42:].any()
    assert (first != last).mean() > 0.5


def test_what_is_measured_is_what_numpy_measures(node: Node) -> None:
    (result,) = node(training_call(rate=1, reports=[40]))
    levels, labels = (part[:ALL] for part in coarse_digits())
    network = Network((784, 16, 16, 10), "sigmoid", "quadratic", np.array(result["last"]))
    report = result["reports"][-1]
    assert (report["steps"], report["images"], report["epochs"]) == (40, 400, 0.5)
    for part, rows in (("own", slice(0, 500)), ("other", slice(OWN, ALL))):
        inputs, targets = levels[rows].T / 255, np.eye(10)[labels[rows]].T
        outputs = feedforward(network, inputs)
        right = outputs.argmax(axis=0) == labels[rows]
        assert report[part]["accuracy"] == pytest.approx(right.mean())
        assert report[part]["cost"] == pytest.approx(cost_of(network, inputs, targets), rel=1e-4)
        assert report[part]["slopes"][-1] == pytest.approx((outputs * (1 - outputs)).mean())
        spans = np.ptp(outputs, axis=1)
        assert report[part]["spans"][-1] == pytest.approx(spans, rel=1e-4)
    assert report["past"]["chance"] == pytest.approx(np.bincount(labels[OWN:]).max() / 200)


def test_every_digit_comes_once_in_an_epoch(node: Node) -> None:
    """Seven digits in batches of three, at a rate at which order alone makes a difference."""
    one, two = node(
        training_call(rate=0, reports=[3], count=7) | {"batch": 3},
        training_call(rate=0, reports=[4], count=7) | {"batch": 3},
    )
    assert one["reports"][-1]["images"] == 7
    assert two["reports"][-1]["images"] == 10


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        ("new", {"rate": 1, "reports": []}),
        ("learning", {"rate": 1, "reports": [500]}),
        ("memorizing", {"rate": 1, "reports": [1500], "count": 100}),
        ("dead", {"rate": 100, "reports": [200]}),
        ("dead", {"rate": 10, "reports": [200], "activation": "relu"}),
        ("dead", {"rate": 3, "reports": [500], "activation": "relu", **SOFTMAX}),
        ("diverging", {"rate": 3, "reports": [9], "activation": "leaky_relu", **SOFTMAX}),
        ("creeping", {"rate": 0.003, "reports": [400]}),
    ],
)  # fmt: skip
def test_what_becomes_of_a_training_has_its_name(
    node: Node, kind: str, call: dict[str, Any]
) -> None:
    (result,) = node(training_call(**call))
    report = result["reports"][-1]
    assert report["diagnosis"]["kind"] == kind
    assert len(report["text"]) > 30
    assert not any(word in report["text"] for word in ("NaN", "undefined", "Infinity"))


def test_a_cost_that_rises_again_is_told(node: Node) -> None:
    past = {"first": 2.0, "lowest": 0.3, "chance": 0.1}
    calls = [
        {
            "task": "diagnose",
            "past": past,
            "now": {"steps": 9, "own": {**FLAT, **own}, "other": FLAT},
        }
        for own in ({"cost": 0.49, "accuracy": 0.5}, {"cost": 0.51, "accuracy": 0.5}, {"cost": 2.3})
    ]
    kinds = [answer["kind"] for answer in node(*calls)]
    assert kinds == ["learning", "overshooting", "diverging"]


def test_neurons_that_never_move_are_counted(node: Node) -> None:
    (result,) = node(training_call(rate=3, reports=[300], activation="relu", cost="cross_entropy"))
    assert result["reports"][0]["unmoved"] == [0, 0, 0]
    assert result["reports"][-1]["unmoved"][0] >= 14


@pytest.fixture
def trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Levels, Levels]:
    """A folder with training images."""
    monkeypatch.chdir(tmp_path)
    images, labels = sample_digits()
    flat = images.reshape(len(images), -1)
    TRAIN.mkdir(parents=True)
    save_labelled(TRAIN, flat, labels)
    return flat, labels


def test_coarse_images_are_unpacked_as_they_were_packed(node: Node) -> None:
    rng = np.random.default_rng(0)
    images, _ = sample_digits()
    for levels in (images[:20], rng.integers(0, 256, 301), np.zeros(1000), np.ones(1)):
        text = encode_coarse(np.asarray(levels, np.uint8))
        (unpacked,) = node({"task": "coarse", "text": text, "length": levels.size})
        assert unpacked == decode_coarse(text, levels.size).tolist()


@pytest.mark.parametrize("code", [b"\x12", b"\x12\x34\x50", b"\x01\x00", b""])
def test_a_broken_coarse_code_is_refused(node: Node, code: bytes) -> None:
    text = b64encode(code).decode()
    (answer,) = node({"task": "coarse", "text": text, "length": 4})
    with pytest.raises(ValueError, match="expected 4 grey levels, got"):
        decode_coarse(text, 4)
    assert answer["error"].startswith("expected 4 grey levels, got")


def test_training_digits_come_back(trained: tuple[Levels, Levels]) -> None:
    digits = training_digits()
    data = json.loads(digits.json)
    assert digits.count == len(trained[0]) == 1000
    levels = decode_coarse(data["code"], trained[0].size).reshape(trained[0].shape)
    assert np.abs(levels.astype(int) - trained[0]).max() <= COARSE // 2
    assert np.array_equal(decode_array(data["labels"], np.uint8), trained[1])
    assert "<" not in digits.json


def test_images_with_much_ink_are_fewer(trained: tuple[Levels, Levels]) -> None:
    images = trained[0]
    code, count = packed(images, most=20_000)
    assert 10_000 < len(code) <= 20_000
    assert code == encode_coarse(images[:count])
    assert packed(images[:1], most=10)[1] == 1


def test_the_shape_of_the_run_is_offered_first_unless_it_is_too_large() -> None:
    assert taught_shapes((784, 30, 10))[:2] == [[30], [16, 16]]
    assert taught_shapes((784, 16, 16, 10))[0] == [16, 16]
    assert [16, 16] in taught_shapes((784, 500, 500, 10))
    assert [500, 500] not in taught_shapes((784, 500, 500, 10))
    assert taught_shapes((MOST_TAUGHT, 3)) == [[]]
