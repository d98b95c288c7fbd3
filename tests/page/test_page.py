"""The page in a real browser: its numbers, its tools by mouse, touch and keyboard, its manners."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from nn import Network, feedforward, gradient
from stages.common.images.drawing import image_of_strokes
from stages.common.models.model import load_model
from stages.page import embed
from stages.page.bundle import bundle
from stages.report import report
from tests.page.chromium import (
    AXE,
    Watched,
    calm_page,
    draw_no_figures,
    refuse_or_skip,
    write_real_run,
)
from tests.sample import call
from tests.stages.test_report import SHAPES, Shape, write_run

CLOSE = 1e-5
ZIGZAG = [(0.3, 0.25), (0.7, 0.25), (0.45, 0.5), (0.45, 0.8)]
BAD = """<script>alert("1")</script>'&"""
OUTPUTS = "document.querySelector('#network').dataset.outputs.split(' ').map(Number)"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network trained on real digits, with its report; for reading only."""
    folder = tmp_path_factory.mktemp("run")
    write_real_run(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        call(report, dpi=50, mistakes=6)
    return folder


@pytest.fixture(scope="module")
def opened(browser: Browser, finished: Path) -> Iterator[Watched]:
    """The page that most tests use one after the other; opening one takes a second."""
    watched = Watched(calm_page(browser))
    watched.open(finished / "reports/index.html")
    yield watched
    watched.page.context.close()


@pytest.fixture
def page(opened: Watched) -> Iterator[Page]:
    """The page as it was when it was opened."""
    opened.page.evaluate(
        """() => {
          document.getElementById("changed-reset").click();
          document.querySelector("#stages button").click();
          document.querySelector("#test-image").value = 0;
          document.querySelector("#test-image").dispatchEvent(new Event("input"));
          scrollTo({ top: 0, behavior: "instant" });
        }"""
    )
    yield opened.page
    assert not opened.troubles


def outputs_of(page: Page) -> np.ndarray[Any, Any]:
    # A drawing is read once a frame.
    page.evaluate("new Promise((told) => requestAnimationFrame(() => requestAnimationFrame(told)))")
    return np.array(page.evaluate(OUTPUTS))


@pytest.mark.in_firefox
def test_the_page_reads_200_test_images_as_numpy_does(page: Page, finished: Path) -> None:
    read = page.evaluate(
        """() => {
          const number = document.querySelector("#test-image");
          const network = document.querySelector("#network");
          return Array.from({ length: 200 }, (_, k) => {
            number.value = k;
            number.dispatchEvent(new Event("input"));
            return `${network.dataset.outputs} ${network.dataset.guess}`.split(" ").map(Number);
          });
        }"""
    )
    outputs, guesses = np.array(read)[:, :-1], np.array(read)[:, -1]
    images = np.load(finished / "data/normalized/test/images.npy").reshape(-1, 28, 28)
    expected = load_model(finished / "models/network.npz").outputs(images)
    assert len(images) == 200
    assert np.abs(outputs - expected).max() < CLOSE
    assert np.array_equal(guesses, expected.argmax(axis=1))


@pytest.mark.parametrize(
    ("sizes", "activation", "cost"),
    [
        ((784, 16, 16, 10), "sigmoid", "quadratic"),
        ((35, 12, 3), "leaky_relu", "cross_entropy"),
        ((20, 7, 6, 5, 4), "tanh", "quadratic"),
    ],
)
def test_gradients_equal_those_of_nn(
    sizes: tuple[int, ...], activation: str, cost: str, browser: Browser
) -> None:
    rng = np.random.default_rng(3)
    network = Network.random(sizes, activation, cost, rng=rng, dtype=np.float64)
    network.parameters[:] += rng.normal(0, 0.1, network.parameters.size)
    inputs, label = rng.random((sizes[0], 1)), int(rng.integers(sizes[-1]))
    nabla = gradient(network, inputs, np.eye(sizes[-1])[:, [label]])
    page = browser.new_page()
    in_page = page.evaluate(
        "(given) => {"
        + bundle("network.js")
        + """
          const { backprop, makeNetwork, oneHot } = network_js;
          const network = makeNetwork(given);
          const target = oneHot(given.label, given.sizes.at(-1));
          const { weights, biases } = backprop(network, given.input, target);
          return [...weights, ...biases].flatMap((values) => Array.from(values));
        }""",
        {
            "sizes": sizes,
            "activation": activation,
            "cost": cost,
            "parameters": network.parameters.tolist(),
            "input": inputs[:, 0].tolist(),
            "label": label,
        },
    )
    page.close()
    assert np.abs(nabla.parameters).max() > 1e-3
    assert np.abs(np.array(in_page) - nabla.parameters).max() < CLOSE


@pytest.mark.in_firefox
def test_a_stroke_of_the_mouse_lights_the_outputs(page: Page, finished: Path) -> None:
    before = outputs_of(page)
    draw(page, ZIGZAG)
    expect(page.locator("#pad-hint")).to_be_hidden()
    expect(page.locator("#source-note")).to_contain_text("Your drawing")
    after = outputs_of(page)
    assert not np.allclose(before, after, atol=1e-3)
    image = image_of_strokes([ZIGZAG])
    expected = load_model(finished / "models/network.npz").outputs(image[np.newaxis])[0]
    assert np.abs(after - expected).max() < 0.2  # the mouse moves by whole pixels
    page.get_by_role("button", name="Undo line").click()
    empty = load_model(finished / "models/network.npz").outputs(np.zeros((1, 28, 28), np.uint8))[0]
    assert np.allclose(outputs_of(page), empty, atol=CLOSE)


def draw(page: Page, points: list[tuple[float, float]], pad: str = "#pad") -> None:
    page.locator(pad).scroll_into_view_if_needed()
    box = page.locator(pad).bounding_box()
    assert box is not None
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()


def test_a_stroke_of_the_finger_lights_the_outputs(page: Page) -> None:
    before = outputs_of(page)
    box = page.locator("#pad").bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    for kind, points in [
        ("touchStart", ZIGZAG[:1]),
        *(("touchMove", [point]) for point in ZIGZAG[1:]),
        ("touchEnd", []),
    ]:
        touches = [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in points
        ]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
    expect(page.locator("#source-note")).to_contain_text("Your drawing")
    assert not np.allclose(before, outputs_of(page), atol=1e-3)


@pytest.mark.in_firefox
def test_the_keyboard_draws_too(page: Page) -> None:
    page.locator("#pad").focus()
    page.keyboard.press("Space")
    for key in ["ArrowDown"] * 9 + ["ArrowRight"] * 3:
        page.keyboard.press(key)
    page.keyboard.press("Space")
    expect(page.locator("#source-note")).to_contain_text("Your drawing")
    page.keyboard.press("Delete")
    expect(page.locator("#source-note")).to_contain_text("No ink")


def test_every_source_of_images_reaches_the_network(page: Page, tmp_path: Path) -> None:
    notes = []
    for name in ("Noise", "Blank", "A misread one", "Random"):
        page.locator("#draw").get_by_role("button", name=name, exact=True).click()
        notes.append(page.locator("#source-note").inner_text())
    photo = np.full((90, 70, 3), 235, np.uint8)
    photo[20:70, 30:38] = 40
    Image.fromarray(photo).save(tmp_path / "one.png")
    page.locator("#picture").set_input_files(tmp_path / "one.png")
    expect(page.locator("#source-note")).to_contain_text("Your picture")
    expect(page.locator("#source-note")).not_to_contain_text("another mark")
    notes.append(page.locator("#source-note").inner_text())
    assert len(set(notes)) == len(notes)
    Image.fromarray(np.hstack([photo, photo])).save(tmp_path / "two.png")
    page.locator("#picture").set_input_files(tmp_path / "two.png")
    expect(page.locator("#source-note")).to_contain_text("another mark")


def test_a_file_that_is_no_picture_is_refused_by_its_name_as_text(
    page: Page, tmp_path: Path
) -> None:
    name = "<img src=x onerror=alert(1)>.png"
    (tmp_path / name).write_bytes(b"no picture")
    page.locator("#picture").set_input_files(tmp_path / name)
    expect(page.locator("#source-note")).to_contain_text(f"{name} cannot be read as a picture")


def test_neurons_are_inspected_switched_off_and_shifted_by_mouse(page: Page) -> None:
    neuron = page.get_by_role("button", name=re.compile("^hidden layer 2, neuron 3:"))
    neurons = page.locator("#network").locator(neuron)
    neurons.hover()
    expect(page.locator("#look-name")).to_have_text("Hidden layer 2, neuron 3")
    neurons.click()
    expect(neurons).to_have_attribute("aria-pressed", "true")
    before = outputs_of(page)
    page.get_by_role("button", name="Switch it off").click()
    assert not np.allclose(before, outputs_of(page), atol=1e-7, rtol=0)
    expect(neurons).to_have_attribute("aria-label", re.compile("switched off"))
    page.get_by_role("button", name="Undo all changes").click()
    assert np.allclose(before, outputs_of(page))
    page.locator("#look-layer").select_option(label="outputs")
    page.locator("#look-neuron").fill("4")
    page.locator("#shift").fill("10")
    assert outputs_of(page)[4] > 0.3
    expect(page.locator("#look-difference")).to_contain_text("points")  # fewer are read correctly


def test_neurons_are_inspected_and_switched_off_by_keyboard(page: Page) -> None:
    page.locator("#network .neuron").first.focus()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#look-name")).to_have_text("Hidden layer 2, neuron 1")
    before = outputs_of(page)
    page.get_by_role("button", name="Switch it off").press("Enter")
    expect(page.get_by_role("button", name="Switch it on again")).to_be_focused()
    assert not np.allclose(before, outputs_of(page), atol=1e-7, rtol=0)


def test_one_weight_is_nudged_predicted_measured_and_kept(page: Page, finished: Path) -> None:
    page.locator("#true-label").select_option("3")
    page.locator("#look-layer").select_option("3")
    page.locator("#look-neuron").fill("3")
    page.locator("#nudge-from").fill("7")
    page.locator("#nudge").fill("0.5")
    network = load_model(finished / "models/network.npz").network
    image = np.load(finished / "data/normalized/test/images.npy")[0] / 255

    def cost() -> float:
        outputs = feedforward(network, image[:, np.newaxis].astype(np.float32))[:, 0]
        return float(((outputs - np.eye(10)[3]) ** 2).sum())

    before = cost()
    network.weights[2][3, 7] += 0.5
    difference = cost() - before
    cells = page.locator("#nudge-rows tr").first.locator("td")
    slope, predicted, measured = (number_of(text) for text in cells.all_inner_texts())
    assert predicted == pytest.approx(0.5 * slope, rel=0.02)
    assert measured == pytest.approx(difference, rel=0.02, abs=1e-4)
    page.locator("#nudge-keep").click()
    expect(page.locator("#changed")).to_contain_text("Changed: 1 weight nudged")
    expect(page).to_have_url(re.compile(r"weights=w~3~3~7~0\.5"))
    kept = feedforward(network, image[:, np.newaxis].astype(np.float32))[:, 0]
    assert np.abs(outputs_of(page) - kept).max() < CLOSE
    page.locator("#look-layer").select_option("1")
    page.locator("#look-weights").click(position={"x": 76, "y": 76})
    expect(page.locator("#nudge-name")).to_contain_text(re.compile("row 1[34], column 1[34]"))
    page.get_by_role("button", name="The most sensitive of all").click()
    expect(page.locator("#nudge-words")).to_contain_text("No weight matters more")
    page.get_by_role("button", name="One 32 times less so").click()
    times = re.search(r"matters ([\d.]+) times", page.locator("#nudge-words").inner_text())
    assert times
    assert float(times[1]) == pytest.approx(32, rel=0.1)


def number_of(text: str) -> float:
    """A number as the page writes it: with a true minus, or as a power of ten."""
    text = text.replace("\N{MINUS SIGN}", "-").replace("\N{MIDDLE DOT}10", "e")
    raised = str.maketrans("\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076", "-0123456")
    return float(text.translate(raised))


@pytest.mark.in_firefox
def test_backpropagation_goes_back_stage_by_stage(page: Page, finished: Path) -> None:
    page.locator("#wants").scroll_into_view_if_needed()
    page.locator("#true-label").select_option("3")
    outputs = outputs_of(page)
    cost = float(((outputs - np.eye(10)[3]) ** 2).sum())
    expect(page.locator("#term-total")).to_have_text(f"{cost:.4f}")
    for stage in ("outputs", "2", "1", "0"):
        page.get_by_role("button", name="Next", exact=True).press("Enter")
        expect(page.locator("#wants")).to_have_attribute("data-stage", stage)
    expect(page.get_by_role("button", name="Next", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Back to hidden layer 2").click()
    sums = page.locator("#matrix-foot .quiet").all_inner_texts()
    model = load_model(finished / "models/network.npz")
    delta = 2 * (outputs - np.eye(10)[3]) * outputs * (1 - outputs)
    wishes = -(model.network.weights[2].T @ delta)
    shown = [float(text.replace("\N{MINUS SIGN}", "-")) for text in sums if "\u00b7" not in text]
    expected = [w for w, text in zip(wishes, sums, strict=True) if "\u00b7" not in text]
    assert len(shown) > 8
    assert np.allclose(shown, expected, rtol=0.06)


def test_bias_avenue_is_minus_the_error_of_the_neuron(page: Page) -> None:
    page.locator("#wants").scroll_into_view_if_needed()
    page.locator("#true-label").select_option("3")
    expect(page.locator("#avenue-name")).to_have_text("output 3")
    output = outputs_of(page)[3]
    expected = 2 * (1 - output) * output * (1 - output)
    shown = page.locator("#avenue-bias").inner_text()
    assert float(shown.lstrip("+")) == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("by", ["mouse", "keyboard"])
def test_steps_change_the_network_and_are_undone(page: Page, by: str) -> None:
    def press(name: str) -> None:
        button = page.locator("#step").get_by_role("button", name=name, exact=True)
        if by == "mouse":
            button.click()
        else:
            button.press("Enter")

    section = page.locator("#step")
    section.scroll_into_view_if_needed()
    start = outputs_of(page)
    section.locator("#step-label").select_option("5")
    section.locator("#rate").fill("-1")
    press("One step")
    first = outputs_of(page)
    assert cost_as_5(first) < cost_as_5(start)
    press("Ten steps")
    expect(section).to_have_attribute("data-steps", "11")
    assert cost_as_5(outputs_of(page)) < cost_as_5(first)
    press("Undo")
    assert np.allclose(outputs_of(page), first)
    press("Reset")
    assert np.allclose(outputs_of(page), start)
    expect(section).to_have_attribute("data-steps", "0")


def cost_as_5(outputs: np.ndarray[Any, Any]) -> float:
    return float(((outputs - np.eye(10)[5]) ** 2).sum())


def test_one_image_spoils_the_others_and_a_batch_does_not(page: Page) -> None:
    section = page.locator("#step")
    section.scroll_into_view_if_needed()
    expect(section).to_have_attribute("data-steps", "0")

    def accuracy() -> float:
        return float(str(section.get_attribute("data-accuracy")))

    before = accuracy()
    section.locator("#step-label").select_option("5")
    section.locator("#rate").fill("1")
    for _ in range(6):
        section.get_by_role("button", name="Ten steps").click()
    alone = accuracy()
    section.get_by_role("button", name="Reset").click()
    section.locator("#learn-batch").check()
    for _ in range(2):
        section.get_by_role("button", name="Ten steps").click()
        assert accuracy() > before - 0.02  # at the rate with which the section opens
    section.get_by_role("button", name="Reset").click()
    section.locator("#rate").fill("2")
    expect(page.locator("#rate-note")).to_contain_text("right across the valley")
    section.get_by_role("button", name="Ten steps").click()
    assert accuracy() < before - 0.2
    assert alone < before - 0.05


def test_neurons_that_are_off_count_in_every_number_and_one_reset_undoes_all(
    page: Page, finished: Path
) -> None:
    page.locator("#true-label").select_option("3")
    chip, section = page.locator("#changed"), page.locator("#step")
    expect(chip).to_be_hidden()
    start = outputs_of(page)
    for index in ("1", "6", "11"):
        page.locator("#look-layer").select_option("1")
        page.locator("#look-neuron").fill(index)
        page.get_by_role("button", name="Switch it off").click()
    page.locator("#shift").fill("2")
    expect(chip).to_contain_text("Changed: 3 neurons off, 1 bias shifted")
    section.scroll_into_view_if_needed()
    cost = float(((outputs_of(page) - np.eye(10)[3]) ** 2).sum())
    was = float(((start - np.eye(10)[3]) ** 2).sum())
    expect(page.locator("#step-cost")).to_contain_text("\N{RIGHTWARDS ARROW}")
    before, after = page.locator("#step-cost").inner_text().split(" \N{RIGHTWARDS ARROW} ")
    assert float(before) == pytest.approx(was, rel=0.01)
    assert float(after) == pytest.approx(cost, rel=0.01)
    expect(page.locator("#term-total")).to_have_text(f"{cost:.4f}")
    accuracy = damaged_accuracy(finished, off=[1, 6, 11], shift=(11, 2))
    expect(page.locator("#look-accuracy")).to_have_text(f"{100 * accuracy:.1f}\N{NO-BREAK SPACE}%")
    expect(page.locator("#step-accuracy")).to_contain_text(f"{100 * accuracy:.1f}")
    section.get_by_role("button", name="One step").click()
    expect(chip).to_contain_text("1 step, 3 neurons off, 1 bias shifted")
    chip.get_by_role("button", name="Reset").click()
    expect(chip).to_be_hidden()
    expect(section).to_have_attribute("data-steps", "0")
    assert np.allclose(outputs_of(page), start)


def damaged_accuracy(folder: Path, off: list[int], shift: tuple[int, float]) -> float:
    """Share of the test images read correctly without some neurons of the first hidden layer."""
    images = np.load(folder / "data/normalized/test/images.npy").reshape(-1, 784) / 255
    labels = np.load(folder / "data/normalized/test/labels.npy")
    network = load_model(folder / "models/network.npz").network
    a = images.T
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        z = w @ a + b[:, np.newaxis]
        if layer == 0:
            z[shift[0]] += shift[1]
        a = 1 / (1 + np.exp(-z))
        if layer == 0:
            a[off] = 0
    return float((a.argmax(axis=0) == labels).mean())


def test_the_walk_opens_on_an_image_that_it_doubts_and_has_a_pad_of_its_own(
    watched: Watched, finished: Path
) -> None:
    page = watched.open(finished / "reports/index.html")
    ranked = np.sort(outputs_of(page))
    assert 0.4 < ranked[-1] < 0.8
    section = page.locator("#wants")
    section.scroll_into_view_if_needed()
    assert float(page.locator("#term-total").inner_text()) > 0.03
    section.get_by_role("button", name="A misread one").click()
    expect(page.locator("#walk-answer")).to_contain_text("It reads test image")
    shown = int(page.locator("#test-image").input_value())
    row = np.loadtxt(finished / "reports/predictions.csv", delimiter=",", skiprows=1)[shown]
    assert row[0] != row[1]
    draw(page, ZIGZAG, "#walk-pad")
    expect(page.locator("#source-note")).to_contain_text("Your drawing")
    expect(page.locator("#walk-answer")).to_contain_text("It reads your drawing")


def test_what_is_like_nothing_it_has_seen_is_warned_of(page: Page) -> None:
    warning = page.locator("#warning")
    page.get_by_role("button", name="Blank").click()
    expect(warning).to_contain_text("no ink")
    page.get_by_role("button", name="Noise").click()
    expect(warning).to_contain_text("Like nothing it was trained on: stranger than 200 of 200")
    expect(page.locator("#answer-live")).to_contain_text("Like nothing it was trained on")
    page.get_by_role("button", name="Clear").first.click()
    draw(page, [(0.5, 0.15), (0.5, 0.85)])
    expect(warning).to_have_text("")  # a 1


def test_the_scrubber_shows_earlier_epochs_by_mouse_and_by_keyboard(page: Page) -> None:
    section, scrubber = page.locator("#learn"), page.locator("#epoch")
    section.scroll_into_view_if_needed()
    expect(section).to_have_attribute("data-epoch", "40")
    trained = page.locator("#weight-images canvas").first.evaluate("(image) => image.toDataURL()")
    box = scrubber.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
    expect(section).to_have_attribute("data-epoch", "0")
    first = page.locator("#weight-images canvas").first.evaluate("(image) => image.toDataURL()")
    assert first != trained
    scrubber.press("ArrowRight")
    expect(section).to_have_attribute("data-epoch", "1")
    scrubber.press("End")
    expect(section).to_have_attribute("data-epoch", "40")
    guess = page.locator("#network").get_attribute("data-guess")
    expect(section).to_have_attribute("data-guess", str(guess))


def test_a_cell_of_the_confusion_matrix_opens_its_images(page: Page, finished: Path) -> None:
    images = page.locator("#cell-images button")
    cell = page.locator("#confusion-table button", has_text=re.compile(r"^[1-9]\d*$")).first
    cell.click()
    expect(images).to_have_count(int(cell.inner_text()))
    cell.press("ArrowDown")
    expect(page.locator("#confusion-table button").nth(10)).to_be_focused()
    cell.click()
    images.first.click()
    expect(page.locator("#source-note")).to_contain_text("Test image")
    assert (finished / "reports/index.html").stat().st_size < 3e6


def test_on_a_phone_pad_answer_and_network_are_seen_together(
    watched: Watched, finished: Path
) -> None:
    watched.page.set_viewport_size({"width": 360, "height": 740})
    page = watched.open(finished / "reports/index.html")
    for part in ("#pad", "#answer-digit", "#second-digit", "#network"):
        box = page.locator(part).bounding_box()
        assert box is not None
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 740
    page.locator("#fails").evaluate("(section) => section.scrollIntoView()")
    link = page.locator(".contents a[href='#fails']")
    expect(link).to_have_attribute("aria-current", "true")
    expect(link).to_be_in_viewport(ratio=1)
    page.locator("#learning").get_by_role("button", name="Enlarge the figure").click()
    sheet = page.locator("#zoom-sheet")
    box = sheet.bounding_box()
    assert box is not None
    assert box["width"] > 330
    assert box["height"] > 640
    sheet.evaluate("(sheet) => sheet.scrollTo(400, 0)")
    assert sheet.evaluate("(sheet) => sheet.scrollLeft") == 400


def test_an_arrow_and_its_opposite_come_back_to_the_same_neuron(page: Page) -> None:
    neurons = page.locator("#network .neuron")
    names = [re.compile(f"^hidden layer 2, neuron {index}:") for index in range(16)]
    for name in names[:4]:
        page.locator("#network").get_by_role("button", name=name).focus()
        for key in ("ArrowRight", "ArrowLeft"):
            page.keyboard.press(key)
        focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert name.match(focused)
    assert neurons.count() == 42
    expect(page.locator("#network .of-inputs")).to_have_text("784")


def test_figures_are_dark_on_a_dark_page_and_light_on_paper(
    watched: Watched, finished: Path
) -> None:
    watched.page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page = watched.open(finished / "reports/index.html")
    image = page.locator("#learning img")
    image.scroll_into_view_if_needed()
    corner = """(image) => {
      const canvas = document.createElement("canvas");
      canvas.getContext("2d").drawImage(image, 0, 0);
      return [...canvas.getContext("2d").getImageData(1, 1, 1, 1).data];
    }"""
    expect(page.locator("#learning .card")).to_contain_class("card on-dark")
    assert max(image.evaluate(corner)[:3]) < 60
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    image.evaluate("(image) => image.decode()")
    assert image.evaluate(corner)[:3] == [255, 255, 255]
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(color_scheme="light")
    page.evaluate("new Promise(requestAnimationFrame)")  # the change is told with the next frame
    expect(page.locator("#learning .card")).not_to_contain_class("on-dark")
    tile = page.locator("#weight-images canvas").first
    level = "(canvas) => canvas.getContext('2d').getImageData(0, 0, 1, 1).data[0]"
    assert tile.evaluate(level) > 200


def test_printing_takes_few_pages(watched: Watched, finished: Path) -> None:
    page = watched.open(finished / "reports/index.html")
    paper = page.pdf(format="A4")
    assert 3 < len(re.findall(rb"/Type /Page\b", paper)) < 15


def as_kept(point: tuple[float, float]) -> tuple[float, float]:
    """A point as a link can hold it."""
    x, y = (round(4095 * place) / 4095 for place in point)
    return x, y


def test_ones_with_longer_upstrokes_are_read_as_predict_reads_them(
    page: Page, finished: Path
) -> None:
    shown = page.locator("#upstrokes button")
    guesses = [int(str(one.get_attribute("data-guess"))) for one in shown.all()]
    stem = [(0.56, 0.12), (0.56, 0.88)]
    images = [
        image_of_strokes(
            [[as_kept(point) for point in [(0.56 - 0.75 * up, 0.12 + up)][: up > 0] + stem]]
        )
        for up in (0, 0.12, 0.2, 0.28, 0.36, 0.44)
    ]
    outputs = load_model(finished / "models/network.npz").outputs(np.stack(images))
    assert guesses == outputs.argmax(axis=1).tolist()
    shown.last.click()
    expect(page.locator("#source-note")).to_contain_text("Your drawing")
    assert np.abs(outputs_of(page) - outputs[-1]).max() < CLOSE


@pytest.mark.in_firefox
def test_a_link_reproduces_what_is_seen_and_a_reload_loses_nothing(
    watched: Watched, browser: Browser, finished: Path
) -> None:
    page = watched.open(finished / "reports/index.html")
    draw(page, ZIGZAG)
    page.locator("#true-label").select_option("3")
    page.locator("#step-ten").click()
    page.locator("#learn-batch").check()
    page.locator("#step-one").click()
    page.locator("#look-neuron").fill("5")
    page.locator("#switch-off").click()
    page.locator("#shift").fill("-2.5")
    page.locator("#stage-on").click()
    page.locator("#epoch").fill("3")
    seen = outputs_of(page)
    expect(page.locator("#share-link")).to_have_value(re.compile("image=d.*weights=s.*run="))
    expect(page).to_have_url(re.compile("epoch="))
    address = page.url
    assert len(address) < 700
    other = Watched(calm_page(browser))
    for _ in range(2):  # by link, and by reload
        other.page.goto(address)
        other.page.wait_for_selector("main[data-ready]", state="attached")
        assert np.array_equal(outputs_of(other.page), seen)
        expect(other.page.locator("#changed-what")).to_have_text(
            "Changed: 11 steps, 1 neuron off, 1 bias shifted"
        )
        expect(other.page.locator("#true-label")).to_have_value("3")
        expect(other.page.locator("#wants")).to_have_attribute("data-stage", "outputs")
        expect(other.page.locator("#learn")).to_have_attribute("data-epoch", "3")
        expect(other.page.locator("#look-name")).to_have_text("Hidden layer 1, neuron 5")
        expect(other.page.locator("#link-note")).to_be_hidden()
        address = other.page.url
    assert not other.troubles
    other.page.context.close()


def test_every_kind_of_image_has_a_link(watched: Watched, finished: Path) -> None:
    page = watched.open(finished / "reports/index.html")
    for name, code in {"Noise": "n", "Blank": "e", "A misread one": "t"}.items():
        page.locator("#draw").get_by_role("button", name=name).click()
        expect(page).to_have_url(re.compile(f"image={code}"))
        seen = outputs_of(page)
        page.reload()
        page.wait_for_selector("main[data-ready]", state="attached")
        assert np.array_equal(outputs_of(page), seen)


@pytest.mark.parametrize(
    "text",
    ["image=t999999&off=9:9&weights=s~5", "image=%00&neuron=1:99", "stage=99&epoch=-1&without=x"],
)
def test_a_link_that_fits_nothing_says_so(text: str, watched: Watched, finished: Path) -> None:
    page = watched.page
    page.goto((finished / "reports/index.html").as_uri() + f"?{text}&run=other")
    page.wait_for_selector("main[data-ready]", state="attached")
    expect(page.locator("#link-note")).to_contain_text("made with another network")
    expect(page.locator("#link-note")).to_contain_text("could not take from the link: ")
    assert len(outputs_of(page)) == 10


def test_a_teacher_enlarges_type_and_leaves_sections_out(watched: Watched, finished: Path) -> None:
    page = watched.page
    page.goto((finished / "reports/index.html").as_uri() + "?class&without=step.fails")
    page.wait_for_selector("main[data-ready]", state="attached")
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "20px"
    for id_ in ("step", "fails"):
        expect(page.locator(f"#{id_}")).to_be_hidden()
        expect(page.locator(f".contents a[href='#{id_}']")).to_be_hidden()
    page.get_by_role("checkbox", name="Take a step").check()
    expect(page.locator("#step")).to_be_visible()
    expect(page.locator("#share-link")).to_have_value(re.compile("class&without=fails"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


@pytest.mark.in_firefox
def test_the_guided_way_asks_shows_and_is_left_and_come_back_to(
    watched: Watched, finished: Path
) -> None:
    page = watched.open(finished / "reports/index.html")
    trained = shares(page.locator("#look-accuracy").inner_text())[0]
    answers = []
    page.get_by_role("button", name="A guided way of eight stops").click()
    for section in ("draw", "look", "wants", "wants", "wants", "step", "step", "fails"):
        expect(page.locator("#guide-title")).to_be_focused()
        expect(page.locator(f"#{section}")).to_be_in_viewport()
        expect(page.locator("#guide-answer")).to_have_text("")
        page.get_by_role("button", name="Show", exact=True).click()
        answers.append(page.locator("#guide-answer").inner_text())
        if section == "wants":
            cost = page.locator("#term-total").text_content()
        page.get_by_role("button", name=re.compile("^(Next|Finish)$")).last.click()
    expect(page.locator("#guide")).to_be_hidden()
    assert "It reads your drawing as" in answers[0]
    assert len(set(answers)) == 8
    assert f"{float(str(cost)):.3g}" in answers[2]
    after_one, long = (shares(answers[k])[-1] for k in (5, 6))
    assert shares(answers[5])[0] == pytest.approx(trained)
    assert after_one < trained
    assert shares(answers[6])[1] > trained - 2
    assert ("across the valley" in answers[6]) == (long < shares(answers[6])[1])
    page.get_by_role("button", name="A guided way of eight stops").press("Enter")
    for _ in range(3):
        page.locator("#guide-on").press("Enter")
    expect(page).to_have_url(re.compile("stop=4"))
    page.locator("#guide-on").press("Escape")
    expect(page.get_by_role("button", name="Back to stop 4")).to_be_focused()
    page.get_by_role("button", name="Back to stop 4").press("Enter")
    expect(page.locator("#guide-title")).to_have_text("4 of 8: One wish")
    expect(page.locator("#wants")).to_have_attribute("data-stage", "outputs")
    expect(page).to_have_url(re.compile("stop=4"))
    page.reload()
    page.wait_for_selector("main[data-ready]", state="attached")
    expect(page.locator("#guide-title")).to_have_text("4 of 8: One wish")


def shares(text: str) -> list[float]:
    return [float(share) for share in re.findall(r"([\d.]+)\N{NO-BREAK SPACE}%", text)]


def test_figures_are_enlarged_in_a_dialog(page: Page) -> None:
    page.locator("#learning").get_by_role("button", name="Enlarge the figure").click()
    expect(page.locator("#zoom")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#zoom")).to_be_hidden()


@pytest.mark.parametrize("width", [360, 800, 1920])
def test_nothing_is_wider_than_the_window(width: int, watched: Watched, finished: Path) -> None:
    watched.page.set_viewport_size({"width": width, "height": 800})
    page = watched.open(finished / "reports/index.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    overflowing = page.evaluate(
        """() => [...document.querySelectorAll(".lab *, .panel *, .stats *")]
          .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
          .map((one) => one.id || one.className)"""
    )
    assert not overflowing


def test_the_page_does_not_jump(watched: Watched, finished: Path) -> None:
    watched.page.add_init_script(
        "window.jumps = 0; new PerformanceObserver((list) => list.getEntries().forEach("
        "(entry) => { window.jumps += entry.value; }))"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    page = watched.open(finished / "reports/index.html")
    assert page.evaluate("window.jumps") < 0.01


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 360)])
def test_axe_finds_no_violation(scheme: Any, width: int, watched: Watched, finished: Path) -> None:
    if not AXE.is_file():
        refuse_or_skip("axe-core is missing", "npm ci --prefix tests/browser")
    watched.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    watched.page.set_viewport_size({"width": width, "height": 900})
    page = watched.open(finished / "reports/index.html")
    page.get_by_role("button", name="Back to hidden layer 2").click()
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.locator("#switch-off").click()
    page.get_by_role("button", name="A guided way of eight stops").click()
    page.get_by_role("button", name="Show", exact=True).click()
    page.locator("#shift").fill("1")
    expect(page.locator("#changed")).to_be_visible()
    page.evaluate(AXE.read_text(encoding="utf-8"))
    overlapping = page.evaluate(
        "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
        ".map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html)}`)"
    )
    assert not overlapping


def test_backpropagation_plays_by_itself(watched: Watched, finished: Path) -> None:
    watched.page.emulate_media(reduced_motion="no-preference")
    page = watched.open(finished / "reports/index.html")
    page.get_by_role("button", name="Play").first.click()
    expect(page.locator("#wants")).to_have_attribute("data-stage", "outputs")
    expect(page.locator("#wants")).to_have_attribute("data-stage", "2")
    page.get_by_role("button", name="Pause").click()


def test_motion_is_left_out_for_those_who_do_not_want_it(page: Page) -> None:
    page.get_by_role("button", name="Back to hidden layer 1").click()
    durations = page.evaluate(
        "[...document.querySelectorAll('.neuron')].map((one) => "
        "getComputedStyle(one).transitionDuration)"
    )
    assert {part for text in durations for part in text.split(", ")} == {"0s"}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_every_shape_of_network_comes_alive(
    shape: Shape, watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path, shape)
    monkeypatch.chdir(tmp_path)
    draw_no_figures(monkeypatch)
    call(report, dpi=50, mistakes=9)
    page = watched.open(tmp_path / "reports/index.html")
    shown = int(page.locator("#test-image").input_value())
    expected = np.loadtxt("reports/predictions.csv", delimiter=",", skiprows=1)[shown, 3:]
    assert np.abs(outputs_of(page) - expected).max() < CLOSE
    words = page.evaluate(
        """() => {
          const heard = document.createElement("p");
          document.querySelector("#main").append(heard);
          const all = "#stages button, #network .neuron, #backward .neuron, #step-one, #any-image";
          for (const button of document.querySelectorAll(all)) button.click();
          document.querySelector("#guide-start").click();
          for (let stop = 0; stop < 8; stop++) {
            document.querySelector("#guide-show").click();
            const answer = document.querySelector("#guide-answer").textContent;
            heard.append(answer);
            document.querySelector("#guide-on").click();
          }
          return document.body.innerText;
        }"""
    )
    assert not re.search(r"\bNaN\b|undefined|Infinity|\[object", words)


def test_a_network_too_large_for_a_page_says_so(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path, Shape())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(embed, "MOST_PARAMETERS", 100)
    draw_no_figures(monkeypatch)
    call(report, dpi=50, mistakes=9)
    page = watched.open(tmp_path / "reports/index.html")
    expect(page.locator(".missing").first).to_contain_text("too many to put into a page")
    assert page.locator("#cell-images button").count() > 0


def test_markup_in_a_parameter_is_shown_as_text(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path, Shape())
    monkeypatch.chdir(tmp_path)
    draw_no_figures(monkeypatch)
    train = {"hidden": [4], "activation": "sigmoid", "cost": "quadratic", "note": BAD}
    sections = {"fetch": {BAD: BAD}, "normalize": {}, "batch": {}, "train": train}
    Path("params.yaml").write_text(json.dumps(sections))
    call(report, dpi=50, mistakes=9)
    page = watched.open(tmp_path / "reports/index.html")
    assert page.locator("#run").inner_text().count(BAD) == 3
