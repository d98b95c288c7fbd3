"""A network that learns before one's eyes, in a real browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from stages.page.bundle import bundle
from stages.report import report
from tests.page.chromium import Watched, draw_no_figures, write_real_run
from tests.page.test_page import OUTPUTS
from tests.page.test_teach import hundred_steps
from tests.sample import call

LEAST_PER_SECOND = 10_000  # images learned from, by a second of the thread's processor time
LONGEST_TASK = 50  # milliseconds of the page's own thread


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on real digits, with its report; for reading only."""
    folder = tmp_path_factory.mktemp("run")
    write_real_run(folder, epochs=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        draw_no_figures(patch)
        call(report, dpi=50, mistakes=6)
    return folder


@pytest.fixture
def page(browser: Browser, finished: Path) -> Iterator[Page]:
    """A page whose new network has just been made; it must cause no trouble."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    watched = Watched(context.new_page())
    page = watched.open(finished / "reports/index.html")
    page.locator("#teach").scroll_into_view_if_needed()
    expect(page.locator("#teach")).to_have_attribute("data-steps", "0")
    yield page
    context.close()
    assert not watched.troubles


def shown(page: Page, name: str) -> str:
    return str(page.locator("#teach").get_attribute(f"data-{name}"))


@pytest.mark.in_firefox
def test_it_learns_to_read_digits_it_never_learns_from(page: Page) -> None:
    expect(page.locator("#teach-word")).to_have_text("Untrained")
    first = page.locator("#teach-weights canvas").first.evaluate("(image) => image.toDataURL()")
    assert float(shown(page, "accuracy")) < 0.3
    page.locator("#teach-play").press("Enter")
    read = re.compile(r"^(0\.[89]|1$)")
    expect(page.locator("#teach")).to_have_attribute("data-accuracy", read, timeout=30_000)
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#teach")).to_have_attribute("data-playing", "false")
    expect(page.locator("#teach-word")).not_to_have_text("Untrained")
    last = page.locator("#teach-weights canvas").first.evaluate("(image) => image.toDataURL()")
    assert first != last
    points = page.locator("#teach-cost-plot .curve").first.get_attribute("points")
    heights = [float(point.split(",")[1]) for point in str(points).split()]
    assert heights[-1] > heights[0]  # downward on the screen
    before = page.locator("#teach-answer").inner_text()
    page.locator("#test-image").fill("1")
    expect(page.locator("#teach-answer")).not_to_have_text(before)


@pytest.mark.in_firefox
def test_it_goes_step_by_step_and_begins_again(page: Page) -> None:
    page.click("#teach-step")
    expect(page.locator("#teach")).to_have_attribute("data-steps", "1")
    page.locator("#teach-step").press("Enter")
    expect(page.locator("#teach")).to_have_attribute("data-steps", "2")
    once = shown(page, "accuracy"), page.locator("#teach-cost").inner_text()
    page.locator("#teach-seed").fill("0")
    page.locator("#teach-seed").dispatch_event("change")
    expect(page.locator("#teach")).to_have_attribute("data-steps", "0")
    page.click("#teach-step")
    page.click("#teach-step")
    expect(page.locator("#teach")).to_have_attribute("data-steps", "2")
    assert once == (shown(page, "accuracy"), page.locator("#teach-cost").inner_text())
    page.get_by_role("button", name="New weights").click()
    expect(page.locator("#teach-seed")).to_have_value("1")
    expect(page).to_have_url(re.compile(r"teach=sigmoid~quadratic~[\d-]*~\d+~1~"))
    expect(page.locator("#teach")).to_have_attribute("data-steps", "0")
    assert page.locator("#teach-cost").inner_text() != once[1]


@pytest.mark.in_firefox
def test_a_browser_takes_the_steps_that_numpy_takes(browser: Browser) -> None:
    given, first, network = hundred_steps((16, 16), "sigmoid", "quadratic", 1)
    page = browser.new_page()
    parameters = page.evaluate(
        "() => {"
        + bundle("descent.js")
        + f"const given = {json.dumps(given)};"
        + """
          const { makeLearner, packExamples } = descent_js;
          const learner = makeLearner(given.description);
          const examples = packExamples(given.inputs, given.labels);
          for (const places of given.batches) {
            learner.step(examples, Uint32Array.from(places), given.rate);
          }
          return Array.from(learner.parameters());
        }"""
    )
    page.close()
    assert np.abs(network.parameters - first).max() > 0.1
    assert np.abs(np.array(parameters) - network.parameters).max() < 1e-4


def test_layers_and_activation_are_chosen(page: Page) -> None:
    page.locator("#teach-hidden").select_option("")
    expect(page.locator("#teach-weights canvas")).to_have_count(10)
    page.locator("#teach-hidden").select_option("32-32")
    page.locator("#teach-activation").select_option("leaky_relu")
    expect(page.locator("#teach-rate-value")).to_have_text("0.3")
    expect(page.locator("#teach-weights canvas")).to_have_count(16)
    expect(page.locator("#teach-use")).to_be_disabled()
    page.click("#teach-step")
    expect(page.locator("#teach")).to_have_attribute("data-steps", "1")


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ("Dead neurons", "dead"),
        ("Steps too short", "creeping"),
        ("Too few digits", "memorizing"),
        ("Steps too long", "diverging"),
    ],
)
def test_what_goes_wrong_is_named(page: Page, fault: str, verdict: str) -> None:
    page.locator("#teach-pace").select_option("1e9")
    page.get_by_role("button", name=fault).click()
    expect(page.locator("#teach")).to_have_attribute("data-verdict", verdict, timeout=30_000)
    expect(page.locator("#teach-live")).not_to_be_empty()


def test_it_takes_the_place_of_the_trained_network_and_gives_it_back(page: Page) -> None:
    trained = np.array(page.evaluate(OUTPUTS))
    page.click("#teach-step")
    page.get_by_role("button", name="Put it in the trained one").click()
    learning = np.array(page.evaluate(OUTPUTS))
    assert not np.allclose(trained, learning, atol=0.05)
    expect(page.locator("#changed-what")).to_have_text("Changed: a network taught here")
    bars = page.locator("#teach-bars .bar-number").all_inner_texts()
    assert [f"{output:.2f}" for output in learning] == bars
    page.get_by_role("button", name="Put the trained network back").click()
    assert np.allclose(trained, page.evaluate(OUTPUTS))


def test_it_is_quick_and_leaves_the_page_free(page: Page, browser: Browser) -> None:
    page.locator("#teach-pace").select_option("1e9")
    page.click("#teach-play")
    page.wait_for_timeout(500)
    before = int(shown(page, "steps"))
    browser.start_tracing(page=page, categories=["toplevel", "devtools.timeline"])
    page.wait_for_timeout(2000)
    seen = 10 * (int(shown(page, "steps")) - before)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    own = [task for task in tasks(events, "CrRendererMain") if task > 0]
    learning = sum(tasks(events, "DedicatedWorker thread"))
    assert len(own) > 10
    assert max(own) < LONGEST_TASK
    assert seen / (learning / 1000) > LEAST_PER_SECOND


def tasks(events: list[dict[str, Any]], thread: str) -> list[float]:
    """Milliseconds of processor time of every task of the threads of this name."""
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == thread
    }
    return [
        event.get("tdur", 0) / 1000
        for event in events
        if event["name"].endswith("::RunTask") and (event["pid"], event["tid"]) in threads
    ]
