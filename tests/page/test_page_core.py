"""The page's mathematics, pictures and codes, run under Node, are those of Python."""

import re
from base64 import b64decode
from dataclasses import replace
from io import BytesIO
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from benchmarks.photographs import KINDS
from nn import Network, cost_of, feedforward, gradient
from nn.functions import ACTIVATIONS, LEAK, Array
from stages.common.images import drawing as ink
from stages.common.images.drawing import (
    has_another_mark,
    image_of_strokes,
    pen_for,
    prepare,
    rasterize,
)
from stages.common.images.ink import Levels
from stages.common.images.novelty import describe
from stages.common.images.pictures import grey_of, read_picture
from stages.common.images.preprocess import Preprocessing, standard_scaling, unit_scaling
from stages.page.codec import encode_array, encode_images, quantize, restore
from stages.page.embed import packed_criterion
from stages.page.html import data_url
from tests.common.test_drawing import HANDS, photo, sample_digits
from tests.common.test_preprocess import flat_dash
from tests.conftest import Problem, random_problem
from tests.page.conftest import Node

TOLERANCE = 1e-5

PROBLEMS = {
    "784-16-16-10 sigmoid quadratic": ((784, 16, 16, 10), "sigmoid", "quadratic"),
    "20-7-5 leaky_relu cross_entropy": ((20, 7, 5), "leaky_relu", "cross_entropy"),
    "9-8-7-6-3 tanh cross_entropy": ((9, 8, 7, 6, 3), "tanh", "cross_entropy"),
    "12-9-4 relu quadratic": ((12, 9, 4), "relu", "quadratic"),
    "6-2 no hidden layer": ((6, 2), "sigmoid", "quadratic"),
}


def described(network: Network) -> dict[str, Any]:
    return {
        "sizes": network.sizes,
        "activation": network.activation,
        "cost": network.cost,
        "leak": LEAK,
        "parameters": network.parameters.tolist(),
    }


def example(problem: Problem, column: int, **changes: Any) -> dict[str, Any]:
    return {
        "task": "example",
        "description": described(problem.network),
        "input": problem.inputs[:, column].tolist(),
        "target": problem.targets[:, column].tolist(),
        "changes": changes,
    }


def batch(problem: Problem, task: str, **more: Any) -> dict[str, Any]:
    columns = {"inputs": problem.inputs.T.tolist(), "targets": problem.targets.T.tolist()}
    return {"task": task, "description": described(problem.network), **columns, **more}


def flat(result: dict[str, Any]) -> Array:
    """Weights and biases of a result in the order of nn.Network's parameters."""
    return np.concatenate([np.ravel(part) for part in (*result["weights"], *result["biases"])])


def column(problem: Problem, place: int) -> tuple[Array, Array]:
    return problem.inputs[:, [place]], problem.targets[:, [place]]


def close(got: Any, expected: Any, tolerance: float = TOLERANCE) -> None:
    np.testing.assert_allclose(np.array(got, float), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", PROBLEMS)
def test_outputs_costs_and_gradients_are_those_of_nn(node: Node, name: str) -> None:
    problem = random_problem(*PROBLEMS[name])
    network = problem.network
    batched, *examples = node(
        batch(problem, "batch"), *(example(problem, place) for place in range(3))
    )
    close(flat(batched), gradient(network, problem.inputs, problem.targets).parameters)
    close(batched["cost"], cost_of(network, problem.inputs, problem.targets))
    for place, result in enumerate(examples):
        inputs, targets = column(problem, place)
        close(result["activations"][-1], feedforward(network, inputs)[:, 0])
        close(flat(result), gradient(network, inputs, targets).parameters)
        close(result["cost"]["total"], cost_of(network, inputs, targets))
        close(result["cost"]["total"], sum(result["cost"]["terms"]))
        assert len(result["cost"]["terms"]) == network.sizes[-1]
    assert np.abs(flat(batched)).max() > 100 * TOLERANCE  # or zeros would pass


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_layer_is_shown_as_the_equations_have_it(node: Node, name: str) -> None:
    problem = random_problem(*PROBLEMS[name])
    (result,) = node(example(problem, 0))
    a, z, network = result["activations"], result["zs"], problem.network
    derivative = ACTIVATIONS[network.activation].derivative
    assert [len(layer) for layer in a] == [len(layer) for layer in result["nablaA"]]
    assert [len(layer) for layer in z] == [len(layer) for layer in result["deltas"]]
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        close(z[layer], w @ np.array(a[layer]) + b)
        close(result["nablaA"][layer], w.T @ np.array(result["deltas"][layer]))
        if layer > 0:
            slope = np.zeros(len(a[layer]))
            derivative(np.array(a[layer]), slope)
            close(result["deltas"][layer - 1], np.array(result["nablaA"][layer]) * slope)


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_wishes_of_the_pixels_match_central_differences(node: Node, name: str) -> None:
    problem = random_problem(*PROBLEMS[name])
    inputs, targets = column(problem, 0)
    (result,) = node(example(problem, 0))
    step = 1e-6
    for pixel in range(min(20, len(inputs))):
        nudge = np.zeros_like(inputs)
        nudge[pixel] = step
        costs = [cost_of(problem.network, inputs + sign * nudge, targets) for sign in (1, -1)]
        close(result["nablaA"][0][pixel], (costs[0] - costs[1]) / (2 * step))


@pytest.mark.parametrize("cost", ["quadratic", "cross_entropy"])
def test_the_wish_of_an_output_is_the_slope_of_its_own_cost_term(node: Node, cost: str) -> None:
    (result,) = node(example(problem := random_problem(cost=cost), 0))
    a, y = np.array(result["activations"][-1]), problem.targets[:, 0]
    close(result["nablaA"][-1], 2 * (a - y) if cost == "quadratic" else -y / a)


def backward_call(problem: Problem, layer: int, index: int) -> dict[str, Any]:
    call = example(problem, 0)
    return {**call, "task": "backward", "layer": layer, "index": index}


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_lowers_the_cost_is_minus_the_gradient_of_nn(node: Node, name: str) -> None:
    problem = random_problem(*PROBLEMS[name])
    network, (inputs, targets) = problem.network, column(problem, 0)
    layers = range(1, len(network.sizes))
    results = node(*(backward_call(problem, layer, network.sizes[layer] - 1) for layer in layers))
    nabla = gradient(network, inputs, targets)
    deltas = nabla.biases  # BP3, for one example
    outputs = feedforward(network, inputs)
    by_output = deltas[-1] if network.cost == "cross_entropy" else 2 * (outputs - targets)[:, 0]
    for layer, result in zip(layers, results, strict=True):
        weights, delta = network.weights[layer - 1], deltas[layer - 1]
        close(result["contributions"], -delta[:, np.newaxis] * weights)
        close(np.sum(result["contributions"], axis=0), result["negative"][layer - 1])
        close(result["negative"][layer - 1], -weights.T @ delta)
        close(result["negative"][-1], -by_output)
        close(result["neuron"]["z"], -delta[-1])
        close(result["neuron"]["bias"], -delta[-1])
        close(result["neuron"]["weights"], -nabla.weights[layer - 1][-1])
        close(result["neuron"]["activations"], -delta[-1] * weights[-1])
        assert np.abs(result["contributions"]).max() > 100 * TOLERANCE  # or zeros would pass


def test_no_zero_of_a_negative_gradient_is_negative(node: Node) -> None:
    problem = random_problem((6, 5, 3))
    problem.network.weights[1][:, 2] = 0
    (result,) = node(backward_call(problem, 1, 0))
    assert result["negative"][1][2] == 0
    assert result["negativeZeros"] == []


def test_the_stages_of_backpropagation_end_at_the_inputs(node: Node) -> None:
    (seen,) = node({"task": "stages", "last": 2, "places": [1, 2, 3, 3, 4, 0, -1, 2]})
    assert seen == [
        ["cost", 3, False],
        [True, "outputs", 2, False],
        [True, 1, 1, False],
        [True, 0, 0, True],
        [False, 0, 0, True],
        [False, 0, 0, True],
        [False, "cost", 3, False],
        [False, "cost", 3, False],
        [True, 1, 1, False],
    ]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_neuron_switched_off_sends_nothing_and_learns_nothing(
    node: Node, activation: str
) -> None:
    problem = random_problem((6, 5, 4, 3), activation)
    (result,) = node(example(problem, 0, off=["1:3", "2:0"]))
    cut = replace(problem.network, parameters=problem.network.parameters.copy())
    cut.weights[1][:, 3] = 0
    cut.weights[2][:, 0] = 0
    inputs, targets = column(problem, 0)
    close(result["activations"][-1], feedforward(cut, inputs)[:, 0])
    expected = gradient(cut, inputs, targets)
    close(flat(result), masked(expected).parameters)
    assert result["activations"][1][3] == 0 == result["activations"][2][0]
    assert np.abs(flat(result)).max() > 0


def masked(nabla: Network) -> Network:
    """Without the weights out of the neurons 1:3 and 2:0, whose activation is really 0."""
    nabla.weights[1][:, 3] = 0
    nabla.weights[2][:, 0] = 0
    return nabla


def test_a_shifted_bias_acts_as_another_bias(node: Node) -> None:
    problem = random_problem((6, 5, 4, 3))
    shifted = replace(problem.network, parameters=problem.network.parameters.copy())
    shifted.biases[0][2] += 0.7
    shifted.biases[2][1] -= 1.5
    moved, plain = node(
        example(problem, 0, shift={"1:2": 0.7, "3:1": -1.5}),
        example(Problem(shifted, problem.inputs, problem.targets), 0),
    )
    close(moved["activations"][-1], plain["activations"][-1])
    close(flat(moved), flat(plain))


def test_a_step_goes_down_the_mean_gradient_and_leaves_the_copy(node: Node) -> None:
    problem = random_problem()
    network, inputs, targets = problem
    (result,) = node(batch(problem, "step", rate=0.3))
    nabla = gradient(network, inputs, targets).parameters
    close(result["cost"], cost_of(network, inputs, targets))
    close(flat(result["after"]), network.parameters - 0.3 * nabla)
    assert flat(result["before"]).tolist() == network.parameters.tolist()


def test_guesses_are_ranked_and_equal_ones_keep_their_order(node: Node) -> None:
    assert node({"task": "guesses", "output": [0.1, 0.9, 0.1, 0.5, 0.9]}) == [[1, 4, 3, 0, 2]]


def test_extreme_weights_overflow_nowhere(node: Node) -> None:
    for cost in ("quadratic", "cross_entropy"):
        problem = random_problem(cost=cost)
        problem.network.parameters[:] *= 1e4
        for result in node(*(example(problem, place) for place in range(7))):
            values = [*np.concatenate(result["nablaA"]), *flat(result), result["cost"]["total"]]
            assert None not in values  # as JSON writes what is not finite
            assert np.isfinite(values).all()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"activation": "step"}, "unknown activation: step"),
        ({"activation": "constructor"}, "unknown activation: constructor"),
        ({"cost": "toString"}, "unknown cost: toString"),
        ({"sizes": [5, 4, 4]}, "expected 44 parameters for 5-4-4, got 39"),
    ],
)
def test_what_is_no_network_is_refused(node: Node, change: dict[str, Any], complaint: str) -> None:
    call = batch(random_problem(), "batch")
    call["description"] |= change
    assert node(call) == [{"error": complaint}]


def test_accuracy_and_inputs_are_those_of_the_pipeline_on_real_digits(node: Node) -> None:
    images, labels = sample_digits()
    grey = images.reshape(len(images), -1)
    images = np.concatenate([images[:50], [flat_dash(), flat_dash()[:, ::-1]]])
    for deskew, edges in product((False, True), (True, False)):
        plain = Preprocessing(28, 28, deskew, edges, *unit_scaling())
        for scale, offset in (unit_scaling(), standard_scaling(plain.see(grey))):
            preprocessing = replace(plain, scale=scale, offset=offset)
            seen = preprocessing.inputs(images).T
            got = node(*(inputs_call(image, preprocessing) for image in images))
            one_level = np.broadcast_to(scale, seen.shape) * 1.001  # what one grey level makes
            assert (np.abs(np.array(got) - seen) <= one_level).all()
            assert (np.abs(np.array(got) - seen) < 1e-6).mean() > 0.999
    network = Network.random((784, 16, 16, 10), "sigmoid", "quadratic", rng=rng(), gain=2)
    outputs = feedforward(network, seen.T)
    call = {"task": "accuracy", "description": described(network), "inputs": seen.tolist()}
    (accuracy,) = node({**call, "labels": [*labels[:50].tolist(), 1, 1]})
    assert accuracy == pytest.approx((outputs.argmax(axis=0) == [*labels[:50], 1, 1]).mean())


@pytest.mark.parametrize("name", [n for n in PROBLEMS if "no hidden" not in n])
def test_a_nudge_is_predicted_by_the_gradient_and_measured_by_trying(node: Node, name: str) -> None:
    problem = random_problem(*PROBLEMS[name])
    network = problem.network
    inputs, targets = column(problem, 0)
    nabla = gradient(network, inputs, targets)
    slopes = np.concatenate([np.abs(weights).ravel() for weights in nabla.weights])
    wanted = float(slopes.max() / 32)
    weight, by = {"layer": 2, "index": 1, "from": 3}, 0.3
    call = {
        **example(problem, 0), "task": "nudged", "weight": weight, "by": by, "slope": wanted,
    }  # fmt: skip
    (answer,) = node(call)
    before = cost_of(network, inputs, targets)
    network.weights[1][1, 3] += by
    close(answer["measured"], cost_of(network, inputs, targets) - before)
    close(answer["slope"], nabla.weights[1][1, 3])
    close(answer["predicted"], by * nabla.weights[1][1, 3])

    def slope_at(weight: dict[str, int]) -> float:
        return float(np.abs(nabla.weights[weight["layer"] - 1][weight["index"], weight["from"]]))

    assert slope_at(answer["most"]) == pytest.approx(slopes.max())
    ratios = np.abs(np.log(slopes[slopes > 0] / wanted))
    assert abs(np.log(slope_at(answer["near"]) / wanted)) == pytest.approx(ratios.min(), abs=1e-6)


def test_drawings_images_actions_and_the_ball_survive_a_link(node: Node) -> None:
    rng = np.random.default_rng(0)
    strokes = [
        [[x / 4095 for x in rng.integers(0, 4096, 2).tolist()] for _ in range(n)] for n in (1, 9)
    ]
    levels = [rng.integers(0, 256, 784).tolist(), [0] * 784, [0] * 700 + [255] * 84]
    steps = {"kind": "steps", "count": 10, "rate": -0.5, "source": "r1zz", "label": 3}
    nudge = {"kind": "nudge", "layer": 2, "index": 3, "from": 4, "by": -0.25}
    actions = [{**steps, "off": "1:3.2:0", "shift": "1:3:-250"}, nudge]
    balls = [
        {"from": "start", "power": 10, "steps": []},
        {"from": "-1000:37", "power": -20, "steps": [10, 10, 10, -20, 0, 0]},
    ]
    calls = [
        {"encode": "encodeStrokes", "decode": "decodeStrokes", "values": [strokes]},
        {"encode": "encodeLevels", "decode": "decodeLevels", "values": levels, "more": [784]},
        {"encode": "encodeActions", "decode": "decodeActions", "values": [actions]},
        {"encode": "encodeBall", "decode": "decodeBall", "values": balls},
    ]
    results = node(*({"task": "codes", **call} for call in calls))
    for call, result in zip(calls, results, strict=True):
        for value, (text, back) in zip(call["values"], result, strict=True):
            assert re.fullmatch(r"[\w.:~*-]*", text, re.ASCII)  # as it is in an address
            assert back == value
    assert len(results[0][0][0]) == 4 * 10 + 1
    assert results[3][1][0] == "-1000:37~-20~3.10~1.-20~2.0"


@pytest.mark.parametrize(
    ("decode", "text", "more"),
    [
        ("decodeBall", "", []), ("decodeBall", "middle~10", []), ("decodeBall", "start", []),
        ("decodeBall", "start~10~2.3.4", []), ("decodeBall", "1.5:2~10", []),
        ("decodeStrokes", "", []), ("decodeStrokes", "abc", []), ("decodeStrokes", "abc!", []),
        ("decodeLevels", ".__", [3]), ("decodeLevels", "__" * 784, [784]),
        ("decodeLevels", "AAA", [784]), ("decodeActions", "", []),
        ("decodeActions", "w~1~2~3~x", []),
        ("decodeActions", "s~1~2", []), ("decodeOff", "1-2", []), ("decodeShift", "1:2", []),
    ],
)  # fmt: skip
def test_what_is_no_code_is_refused(node: Node, decode: str, text: str, more: list[int]) -> None:
    (answer,) = node({"task": "decoded", "decode": decode, "text": text, "more": more})
    assert re.match("no ", answer["error"])


def test_a_figure_gets_its_dark_palette(node: Node) -> None:
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 40, (30, 50), dtype=np.uint8), mode="P")
    light, dark = rng.integers(0, 256, (2, 40, 3), dtype=np.uint8)
    picture.putpalette(light.tobytes())
    file = BytesIO()
    picture.save(file, format="png")
    source = data_url("image/png", file.getvalue())
    call = {"task": "withPalette", "source": source, "colours": encode_array(dark)}
    (address,) = node(call)
    shown = Image.open(BytesIO(b64decode(address.removeprefix("data:image/png;base64,"))))
    assert np.array_equal(np.asarray(shown.convert("RGB")), dark[np.asarray(picture)])


@pytest.mark.parametrize("shape", [(28, 28), (17, 11)])
def test_what_is_unfamiliar_is_what_predict_finds_unfamiliar(
    node: Node, shape: tuple[int, int]
) -> None:
    digits, labels = sample_digits()
    digits = digits[:, : shape[0], : shape[1]]
    rng = np.random.default_rng(2)
    grey = np.ascontiguousarray(digits).reshape(len(digits), -1)
    familiar = describe(grey[:600], labels[:600], grey[600:900], shape)
    noise = rng.integers(0, 256, (20, *shape), dtype=np.uint8)
    images = np.concatenate([digits[900:], rng.permuted(digits[900:920], axis=1), noise])
    images[0] = 0
    for deskew in (False, True):
        preprocessing = Preprocessing(*shape, deskew, False, *unit_scaling())
        described = inputs_call(images[0], preprocessing)["preprocessing"]
        (answers,) = node(
            {
                "task": "novelty",
                "familiar": packed_criterion(familiar),
                "images": [encode_array(image) for image in images],
                "preprocessing": described,
            }
        )
        seen = preprocessing.prepare(images)
        close([one["strangeness"] for one in answers], familiar.strangeness(seen), 0.5)
        warnings = [familiar.warning(image) for image in seen]
        assert [one["unfamiliar"] for one in answers] == [bool(text) for text in warnings]
        assert 20 <= sum(map(bool, warnings)) < len(images) - 5
        for one, text in zip(answers, warnings, strict=True):
            assert not text or f"stranger than {one['milder']} of {familiar.judges} " in text


def inputs_call(image: Levels, preprocessing: Preprocessing) -> dict[str, Any]:
    described = {
        "height": preprocessing.height,
        "width": preprocessing.width,
        "deskew": preprocessing.deskew,
        "edges": preprocessing.edges,
        "scale": preprocessing.scale.tolist(),
        "offset": preprocessing.offset.tolist(),
    }
    return {"task": "inputs", "image": encode_array(image), "preprocessing": described}


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def prepare_call(levels: Levels, rows: int = 28, columns: int = 28) -> dict[str, Any]:
    height, width = levels.shape
    shape = {"height": height, "width": width, "rows": rows, "columns": columns}
    return {"task": "prepare", "levels": encode_array(levels), **shape}


def same_images(node: Node, pictures: list[Levels], rows: int = 28, columns: int = 28) -> Levels:
    """The images that Python prepares, which must be those of the page to the last bit."""
    expected = np.array([prepare(levels, rows, columns) for levels in pictures])
    got = node(*(prepare_call(levels, rows, columns) for levels in pictures))
    np.testing.assert_array_equal(np.array(got).reshape(expected.shape), expected)
    return expected


def drawings(side: int, pen: float) -> list[Levels]:
    return [rasterize(digit, side, pen) for digits in HANDS.values() for digit in digits]


def test_drawings_and_photos_are_prepared_alike(node: Node) -> None:
    drawn = drawings(150, 0.04)
    seen = same_images(node, drawn)
    assert (seen.max(axis=(1, 2)) == 255).all()
    dark = same_images(node, [255 - picture for picture in drawn])
    np.testing.assert_array_equal(dark, seen)
    same_images(node, [photo(picture, seed) for seed, picture in enumerate(drawn)])


def test_real_digits_are_prepared_alike(node: Node) -> None:
    images, _ = sample_digits()
    same_images(node, list(images[:200]))
    same_images(node, list(images[:20]), 16, 9)
    same_images(node, list(images[:20]), 1, 40)


def test_digits_of_few_pixels_are_prepared_alike(node: Node) -> None:
    images, _ = sample_digits()
    blocks = [images[:60, 4:24, 4:24].reshape(60, n, 20 // n, n, 20 // n) for n in (4, 5, 10)]
    tiny = [tiny for sums in blocks for tiny in sums.mean(axis=(2, 4)).astype(np.uint8)]
    small = [np.pad(picture, 30) for picture in tiny]  # in a picture of usual size
    for rows, columns in ((28, 28), (28, 14), (96, 128)):
        assert same_images(node, tiny[::3] + small[::3], rows, columns).any(axis=(1, 2)).all()


def test_noise_of_any_shape_is_prepared_alike(node: Node) -> None:
    generator = rng()
    shapes = generator.integers(1, 60, (60, 2))
    noise = [generator.integers(0, 256, shape, dtype=np.uint8) for shape in shapes]
    faint = [(100 + levels // int(generator.integers(1, 50))).astype(np.uint8) for levels in noise]
    sparse = [np.where(generator.random(n.shape) < 0.05, n, 0).astype(np.uint8) for n in noise]
    constant = [np.full((5, 7), level, np.uint8) for level in (0, 128, 255)]
    dots = np.where(generator.random((160, 160)) < 0.04, 0, 255).astype(np.uint8)  # many parts
    assert same_images(node, [*noise, *faint, *sparse, *constant, dots]).any()


def test_large_pictures_are_prepared_alike(node: Node) -> None:
    drawn = rasterize(HANDS["upright"][3], 1300, 0.03)
    pictures = [photo(drawn, 0), drawn[:, 400:900], np.ascontiguousarray(drawn[600:602])]
    same_images(node, pictures)


def test_strokes_are_drawn_alike(node: Node) -> None:
    odd: list[Any] = [[], [[]], [[[0.5, 0.5]]], [[[-1, 0.2], [2, 0.9]]], [[[0.3, 0.3]] * 3]]
    strokes = [*HANDS["hasty"], *HANDS["shaky"], *odd]
    raster = node(*({"task": "rasterize", "strokes": s, "side": 64, "pen": 0.05} for s in strokes))
    image = node(*({"task": "imageOfStrokes", "strokes": s} for s in strokes))
    for place, stroke in enumerate(strokes):
        assert rasterize(stroke, 64, 0.05).ravel().tolist() == raster[place]
        assert image_of_strokes(stroke).ravel().tolist() == image[place]
    assert max(image[-3]) == 255  # a dot is ink
    assert not any(image[len(strokes) - 5])
    assert pen_for([]) == ink.FINEST_PEN


def test_colours_weigh_as_much_as_in_pillow(node: Node, tmp_path: Path) -> None:
    rgba = rng().integers(0, 256, (40, 30, 4), dtype=np.uint8)
    Image.fromarray(rgba).save(tmp_path / "colours.png")
    (got,) = node({"task": "colours", "levels": encode_array(rgba), "height": 40, "width": 30})
    expected = read_picture(tmp_path / "colours.png").levels.astype(int)
    assert np.abs(np.array(got).reshape(40, 30) - expected).max() <= 1


def test_transparent_strokes_are_seen_whatever_their_colour(node: Node, tmp_path: Path) -> None:
    for colour in (255, 240, 128, 0):
        strokes = np.full((40, 30, 4), colour, np.uint8)
        strokes[..., 3] = rng().integers(0, 2, (40, 30)) * 255
        Image.fromarray(strokes).save(tmp_path / "strokes.png")
        call = {"task": "colours", "levels": encode_array(strokes), "height": 40, "width": 30}
        (got,) = node(call)
        assert np.ptp(got) >= 128 - 1
        np.testing.assert_array_equal(got, read_picture(tmp_path / "strokes.png").levels.ravel())


def test_pictures_as_people_take_them_are_prepared_alike(node: Node) -> None:
    digits, generator = sample_digits()[0], rng()
    pictures = [
        grey_of(kind(digits[place], generator)) for place, kind in enumerate([*KINDS.values()] * 2)
    ]
    seen = same_images(node, pictures)
    assert (seen.max(axis=(1, 2)) == 255).all()


def test_another_mark_is_seen_alike(node: Node) -> None:
    digits = sample_digits()[0]
    sheets = [np.pad(np.hstack([a, b]).repeat(6, 0).repeat(6, 1), 40) for a, b in pairwise(digits)]
    generator = rng()
    kinds = (KINDS[name] for name in ("clean", "second mark", "dark ruling", "table's edge"))
    pictures = [*sheets, *(grey_of(kind(digits[0], generator)) for kind in kinds), digits[0]]
    expected = [has_another_mark(levels) for levels in pictures]
    got = node(*({**prepare_call(levels), "task": "anotherMark"} for levels in pictures))
    assert got == expected
    assert np.mean(expected[: len(sheets)]) > 0.5
    assert not any(expected[len(sheets) :])


def test_arrays_and_images_are_unpacked_as_they_were_packed(node: Node) -> None:
    floats = rng().normal(size=7).astype(np.float32)
    signed = rng().integers(-128, 128, 9, dtype=np.int8)
    images, _ = sample_digits()
    runs = np.repeat(np.array([0, 7, 0, 255, 0], np.uint8), [1, 3, 255, 2, 1000])
    got = node(
        {"task": "floats", "text": encode_array(floats)},
        {"task": "signed", "text": encode_array(signed)},
        {"task": "images", "text": encode_images(images[:20]), "length": 20 * 784},
        {"task": "images", "text": encode_images(runs), "length": len(runs)},
        {"task": "images", "text": "", "length": 0},
    )
    packages: list[NDArray[Any]] = [floats, signed, images[:20], runs, runs[:0]]
    for unpacked, packed in zip(got, packages, strict=True):
        assert unpacked == packed.ravel().tolist()


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        ([5, 0], "a zero without its count"),
        ([0, 0, 5], "a zero without its count"),
        ([5], "expected 3 grey levels, got 1"),
        ([0, 255], "expected 3 grey levels, got 255"),
        ([1, 2, 3, 4], "expected 3 grey levels, got 4"),
    ],
)
def test_a_broken_code_is_refused(node: Node, code: list[int], complaint: str) -> None:
    text = encode_array(np.array(code, np.uint8))
    assert node({"task": "images", "text": text, "length": 3}) == [{"error": complaint}]


def test_quantized_parameters_come_back_alike(node: Node) -> None:
    parameters: NDArray[np.floating] = random_problem((6, 5, 3)).network.parameters
    levels, scales = quantize(parameters, (6, 5, 3))
    packed = {"levels": encode_array(levels), "scales": encode_array(scales)}
    (got,) = node({"task": "restore", "sizes": [6, 5, 3], **packed})
    assert got == restore(levels, scales, (6, 5, 3)).tolist()


def test_the_strongest_are_those_of_largest_magnitude(node: Node) -> None:
    values = rng().normal(size=50)
    order = np.argsort(-np.abs(values), kind="stable")
    calls = [{"task": "strongest", "values": values.tolist(), "count": n} for n in (0, 7, 99)]
    assert node(*calls) == [order[:0].tolist(), order[:7].tolist(), order.tolist()]
    assert node(
        {"task": "largest", "values": values.tolist()},
        {"task": "largest", "values": [0, -0.0]},
        {"task": "largest", "values": [1, -3]},
    ) == [pytest.approx(np.abs(values).max()), 1, 3]


NUMBERS = [0, -0.001, 0.5, -1.234, 0.0123, 7.12e-5, 1234.5, -1e-13]
MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("decimalText", ["0.00", "0.00", "0.50", "-1.23", "0.01", "0.00", "1234.50", "0.00"]),
        ("signedDecimal", ["0.00", "0.00", "+0.50", "-1.23", "+0.01", "0.00", "+1234.50", "0.00"]),
        ("signedText", ["0", "-0.0010", "+0.500", "-1.23", "+0.0123", "+7.1e-5", "+1.2e3", "0"]),
        ("plainText", ["0", "-0.0010", "0.500", "-1.23", "0.0123", "7.1e-5", "1.2e3", "0"]),
        (
            "arrowText",
            [
                "\u00b7 0",
                "\u2193 -0.0010",
                "\u2191 +0.500",
                "\u2193 -1.23",
                "\u2191 +0.0123",
                "\u2191 +7.1e-5",
                "\u2191 +1.2e3",
                "\u2193 0",
            ],
        ),
        ("roughText", ["0", "-1e-3", "+0.50", "-1.23", "+0.01", "+7e-5", "+1234.50", "0"]),
    ],
)
def test_numbers_are_written_with_true_signs_and_powers(
    node: Node, name: str, texts: list[str]
) -> None:
    assert node({"task": "formats", "name": name, "values": NUMBERS}) == [[*map(printed, texts)]]


def printed(text: str) -> str:
    """A number with a true minus sign, and its power of ten above the line."""
    digits, _, power = text.partition("e")
    raised = power.translate(str.maketrans("-2345", "\u207b\xb2\xb3\u2074\u2075"))
    return digits.replace("-", MINUS) + (f"\xb710{raised}" if power else "")


def test_words_of_the_page(node: Node) -> None:
    assert node(
        {"task": "formats", "name": "percentText", "values": [0, 0.9614, 1]},
        {"task": "formats", "name": "percentText", "values": [0.9614], "more": [0]},
        {"task": "formats", "name": "withArticle", "values": ["1", "8", "11", "18", "80"]},
        {"task": "formats", "name": "capital", "values": ["", "hidden layer"]},
    ) == [
        ["0.0\xa0%", "96.1\xa0%", "100.0\xa0%"],
        ["96\xa0%"],
        ["a 1", "an 8", "an 11", "an 18", "an 80"],
        ["", "Hidden layer"],
    ]


def test_colours_tell_the_sign_and_grow_with_the_value(node: Node) -> None:
    night, white = [13, 21, 32], [255, 255, 255]
    names = ("glowColour", "signedColour", "nightSignedColour")
    values = np.linspace(-1, 1, 201)
    calls = [{"task": "valueColours", "name": name, "values": values.tolist()} for name in names]
    glow, signed, dark = map(np.array, node(*calls))
    assert [glow[100].tolist(), glow[200].tolist()] == [night, white]
    assert signed[100].tolist() == white
    assert dark[100].tolist() == night
    for colours in (signed, dark):
        warmth = colours[:, 0] - colours[:, 2]  # red minus blue
        assert (warmth[:100] > warmth[100]).all()
        assert (warmth[101:] < warmth[100]).all()
    assert (np.diff(glow[100:], axis=0) > 0).all()
    beyond = [{"task": "valueColours", "name": "signedColour", "values": [-9, 9]}]
    assert node(*beyond) == [[signed[0].tolist(), signed[-1].tolist()]]
    assert node({"task": "cssColour", "value": [1.4, 1.5, 255]}) == ["rgb(1 2 255)"]
