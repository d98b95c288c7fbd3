"""The page of the claims in a real browser: guesses before looking, figures, manners."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.claims.test_chapters import write_book
from tests.page.chromium import AXE, Watched, calm_page, refuse_or_skip

BOOK = Path("reports/chapters.html")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of two made-up claims: "one" held, "two" did not; for reading only."""
    folder = tmp_path_factory.mktemp("book")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_book(patch)
    return folder / BOOK


@pytest.fixture
def page(browser: Browser, book: Path) -> Iterator[Page]:
    """That page, which must cause no trouble."""
    watched = Watched(calm_page(browser))
    yield watched.open(book)
    watched.page.context.close()
    assert not watched.troubles


@pytest.mark.in_firefox
def test_readers_guess_before_they_look(page: Page) -> None:
    one, two = page.locator("#one"), page.locator("#two")
    expect(one.locator(".found")).to_be_visible()
    page.locator("#guess-mode").click()
    for part in (one, two):
        expect(part.locator(".found")).to_be_hidden()
        expect(part.locator(".guess")).to_be_visible()
    expect(page.locator('.scores [data-claim="one"] .verdict')).to_be_hidden()
    one.locator('[data-guess="held"]').press("Enter")
    expect(one.locator(".guessed")).to_contain_text("You were right.")
    expect(one.locator(".guessed")).to_be_focused()
    two.locator('[data-guess="held"]').click()
    expect(two.locator(".guessed")).to_contain_text("It did not hold.")
    expect(page.locator("#tally")).to_have_text("1 of 2 guesses were right")
    for part in (one, two):
        expect(part.locator(".found")).to_be_visible()


def test_a_figure_is_enlarged_in_a_dialog(page: Page) -> None:
    page.locator("#one").get_by_role("button", name="Enlarge the figure").click()
    expect(page.locator("#zoom")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#zoom")).to_be_hidden()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("dark", 320)])
def test_axe_finds_no_violation(scheme: Any, width: int, page: Page) -> None:
    if not AXE.is_file():
        refuse_or_skip("axe-core is missing", "npm ci --prefix tests/browser")
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
    page.locator("#guess-mode").click()
    page.locator('#one [data-guess="held"]').click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate(AXE.read_text(encoding="utf-8"))
    overlapping = page.evaluate(
        "async () => (await axe.run(document, { resultTypes: ['violations'] })).violations"
        ".map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html)}`)"
    )
    assert not overlapping
