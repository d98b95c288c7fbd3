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
