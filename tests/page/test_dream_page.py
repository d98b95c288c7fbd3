"""Dreams and the map of digits, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from stages.report import report
from tests.page.chromium import Watched, draw_no_figures
from tests.sample import call
from tests.stages.test_report import SHAPES, write_run


@pytest.fixture
def page(watched: Watched, finished: Path) -> Page:
    return watched.open(finished / "reports/index.html")


@pytest.mark.in_firefox
def test_a_dream_becomes_what_it_should_be(page: Page) -> None:
    section = page.locator("#dream")
    section.scroll_into_view_if_needed()
    page.locator("#dream-label").select_option("3")
    expect(section).to_have_attribute("data-steps", "0")
    first = float(str(section.get_attribute("data-output")))
    image = page.locator("#dream-image").evaluate("(one) => one.toDataURL()")
    page.locator("#dream-step").press("Enter")
    expect(section).to_have_attribute("data-steps", "1")
    page.locator("#dream-play").click()
    expect(section).to_have_attribute("data-output", re.compile(r"^(0\.9|1$)"), timeout=30_000)
    page.locator("#dream-play").click()
    assert first < 0.9
    assert image != page.locator("#dream-image").evaluate("(one) => one.toDataURL()")
    expect(page.locator("#dream-real-text")).to_contain_text("a real one: test image")
    page.locator("#dream-from").select_option("image")
    expect(section).to_have_attribute("data-steps", "0")
    expect(page.locator("#dream-text")).to_contain_text("After 0 steps")


@pytest.mark.parametrize("begin", ["blank", "noise", "image"])
def test_a_link_has_the_dream(page: Page, begin: str) -> None:
    page.locator("#dream").scroll_into_view_if_needed()
    page.locator("#dream-label").select_option("4")
    page.locator("#dream-from").select_option(begin)
    page.locator("#dream-soft").check()
    page.locator("#dream-again").click()
    for _ in range(3):
        page.locator("#dream-step").click()
    expect(page.locator("#dream")).to_have_attribute("data-steps", "3")
    expect(page).to_have_url(re.compile(f"dream=4~{begin}~1~3~1"))
    image = "document.querySelector('#dream-image').toDataURL()"
    seen = page.evaluate(image)
    page.reload()
    page.wait_for_selector("main[data-ready]", state="attached")
    page.locator("#dream").scroll_into_view_if_needed()
    expect(page.locator("#dream")).to_have_attribute("data-steps", "3")
    assert page.evaluate(image) == seen
    page.locator("#dream-again").click()
    expect(page.locator("#dream")).to_have_attribute("data-steps", "0")
    assert page.evaluate(image) != seen


def test_a_network_with_a_neuron_off_dreams_and_reads_without_it(page: Page) -> None:
    page.locator("#dream").scroll_into_view_if_needed()
    for _ in range(2):
        page.locator("#dream-step").click()
    expect(page.locator("#dream")).to_have_attribute("data-steps", "2")
    output = page.locator("#dream").get_attribute("data-output")
    for neuron in range(16):
        page.locator("#look-neuron").fill(str(neuron))
        page.locator("#switch-off").click()
    page.locator("#dream").scroll_into_view_if_needed()
    expect(page.locator("#dream")).to_have_attribute("data-steps", "0")
    assert page.locator("#dream").get_attribute("data-output") != output
    image = page.locator("#dream-image").evaluate("(one) => one.toDataURL()")
    page.locator("#dream-step").click()
    expect(page.locator("#dream")).to_have_attribute("data-steps", "1")  # no way leads to a pixel
    assert page.locator("#dream-image").evaluate("(one) => one.toDataURL()") == image


def test_edges_have_no_dream(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path, SHAPES["edges of 7 x 5"])
    monkeypatch.chdir(tmp_path)
    draw_no_figures(monkeypatch)
    call(report, dpi=50, mistakes=9)
    page = watched.open(tmp_path / "reports/index.html")
    expect(page.locator("#dream .missing")).to_contain_text("edges")
    assert page.locator("#dream-play").count() == 0


def test_digits_are_found_on_the_map_of_every_layer(page: Page) -> None:
    section, chart = page.locator("#chart"), page.locator("#chart-map")
    chart.scroll_into_view_if_needed()
    seen = set()
    for layer in ("0", "1", "2", "3"):
        page.locator("#chart-layer").select_option(layer)
        seen.add(chart.evaluate("(one) => one.toDataURL()"))
        assert 0.1 < float(str(section.get_attribute("data-same"))) <= 1
    assert len(seen) == 4
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#chart-text")).to_contain_text("Test image")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    shown = str(section.get_attribute("data-looked"))
    expect(page.locator("#test-image")).to_have_value(shown)
    chart.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator("#test-image")).to_have_value(str((int(shown) + 1) % 200))
    page.locator("#chart-layer").select_option("1")
    expect(page).to_have_url(re.compile("map=1~"))
    text = page.locator("#chart-text").inner_text()
    page.reload()
    page.wait_for_selector("main[data-ready]", state="attached")
    chart.scroll_into_view_if_needed()
    expect(page.locator("#chart-layer")).to_have_value("1")
    expect(page.locator("#chart-text")).to_have_text(text)
