"""The hill in a real browser: the ball by mouse, finger and keyboard, and its steps."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from stages.report import report
from tests.page.chromium import Watched, draw_no_figures
from tests.sample import call
from tests.stages.test_report import Shape, write_run


@pytest.fixture
def page(watched: Watched, finished: Path) -> Page:
    """A page whose ball lies at the start of the run."""
    page = watched.open(finished / "reports/index.html")
    page.locator("#hill-map").scroll_into_view_if_needed()
    expect(page.locator("#hill")).to_have_attribute("data-steps", "0")
    return page


def shown(page: Page, name: str) -> Any:
    """Numbers that the section tells once it has been painted."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    numbers = [float(x) for x in str(page.locator("#hill").get_attribute(f"data-{name}")).split()]
    return np.array(numbers) if len(numbers) > 1 else numbers[0]


def choose_rate(page: Page, power: float) -> None:
    page.locator("#hill-rate").fill(str(power))


@pytest.mark.in_firefox
def test_a_step_goes_against_the_slope_by_the_rate(page: Page) -> None:
    place, slope, cost = (shown(page, name) for name in ("place", "slope", "cost"))
    choose_rate(page, 0.5)
    page.get_by_role("button", name="One step").nth(0).scroll_into_view_if_needed()
    page.locator("#hill-step").click()
    assert shown(page, "steps") == 1
    assert shown(page, "place") == pytest.approx(place - 3.2 * slope)
    assert shown(page, "cost") < cost
    expect(page.locator("#hill-text")).to_contain_text("Downhill")


def test_short_steps_creep_and_long_ones_leap(page: Page) -> None:
    choose_rate(page, -2)
    page.locator("#hill-step").click()
    expect(page.locator("#hill-text")).to_contain_text("creeps")
    page.locator("#hill-end").click()
    cost = shown(page, "cost")
    choose_rate(page, 4)
    said = []
    for _ in range(8):
        page.locator("#hill-step").click()
        said.append(page.locator("#hill-text").inner_text().split(",")[0])
    assert "Uphill" in said
    page.locator("#hill-end").click()
    assert shown(page, "cost") == cost


def test_it_rolls_by_itself_until_it_is_stopped(page: Page) -> None:
    first = shown(page, "cost")
    page.locator("#hill-roll").click()
    expect(page.locator("#hill")).to_have_attribute(
        "data-steps", re.compile(r"^([3-9]|\d\d+)$"), timeout=20_000
    )
    page.locator("#hill-roll").click()
    steps = shown(page, "steps")
    page.wait_for_timeout(800)
    assert shown(page, "steps") == steps
    assert shown(page, "cost") < first


@pytest.mark.in_firefox
def test_the_ball_is_dragged_by_mouse(page: Page) -> None:
    page.locator("#hill-step").click()
    page.locator("#hill-map").scroll_into_view_if_needed()
    box = page.locator("#hill-map").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    first = shown(page, "place")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    last = shown(page, "place")
    assert first[0] < last[0]
    assert first[1] > last[1]
    assert shown(page, "steps") == 0  # a new place, a new trail
    page.mouse.move(5, 5)
    assert shown(page, "place") == pytest.approx(last)


def test_the_ball_is_dragged_by_finger(page: Page) -> None:
    box = page.locator("#hill-map").bounding_box()
    assert box is not None
    session = page.context.new_cdp_session(page)
    places = []
    for kind, points in [("touchStart", [(30, 30)]), ("touchMove", [(90, 60)]), ("touchEnd", [])]:
        touches = [{"x": box["x"] + x, "y": box["y"] + y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})
        places.append(shown(page, "place"))
    assert places[0][0] < places[1][0]
    assert places[0][1] > places[1][1]
    assert places[2] == pytest.approx(places[1])


def test_the_keyboard_moves_the_ball_and_takes_steps(page: Page) -> None:
    page.locator("#hill-map").focus()
    start = shown(page, "place")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    moved = shown(page, "place")
    assert moved[0] > start[0]
    assert moved[1] > start[1]
    page.keyboard.press("Enter")
    assert shown(page, "steps") == 1
    page.keyboard.press("End")
    assert shown(page, "place") == pytest.approx([0, 0], abs=1e-3)
    page.keyboard.press("Home")
    assert shown(page, "place") == pytest.approx(start)
    expect(page.locator("#hill-live")).to_contain_text("Cost")


def test_a_link_has_the_ball_its_rate_and_its_steps(page: Page) -> None:
    expect(page).not_to_have_url(re.compile("hill="))
    box = page.locator("#hill-map").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
    for power, steps in ((1.5, 2), (0.5, 3)):
        choose_rate(page, power)
        for _ in range(steps):
            page.locator("#hill-step").click()
    choose_rate(page, 2)
    expect(page).to_have_url(re.compile(r"hill=-\d+:\d+~20~2\.15~3\.5"))
    seen = shown(page, "place"), shown(page, "cost"), page.locator("#hill-next").inner_text()
    linked = page.url.split("hill=")[1].split("&")[0]
    for scrolls in (False, True):  # what nobody has looked at since is not lost, either
        page.reload()
        page.wait_for_selector("main[data-ready]", state="attached")
        page.locator("#shift").fill("1" if scrolls else "2")
        expect(page).to_have_url(re.compile("shift="))
        expect(page).to_have_url(re.compile(f"hill={re.escape(linked)}(&|$)"))
    page.locator("#hill-map").scroll_into_view_if_needed()
    expect(page.locator("#hill")).to_have_attribute("data-steps", "5")
    again = shown(page, "place"), shown(page, "cost"), page.locator("#hill-next").inner_text()
    assert again[0].tolist() == seen[0].tolist()
    assert again[1:] == seen[1:]
    page.locator("#hill-start").click()
    choose_rate(page, 1)
    expect(page).not_to_have_url(re.compile("hill="))


def test_a_run_without_a_hill_says_why(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(tmp_path, Shape())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("stages.page.hill.MOST_PARAMETERS", 10)
    draw_no_figures(monkeypatch)
    call(report, dpi=50, mistakes=9)
    page = watched.open(tmp_path / "reports/index.html")
    expect(page.locator("#hill .missing")).to_contain_text("No hill here")
