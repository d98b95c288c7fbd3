"""Replay the recorded strokes on the pad of a finished report: at least 9 in 10 must be read.

python -m tests.page.read_strokes reports/index.html
"""

import json
import sys
from pathlib import Path

from playwright.sync_api import Page

from tests.page.chromium import Watched, started_browser

STROKES = Path(__file__).parents[1] / "data/strokes.json"
LEAST = 0.9
# All moves of a stroke at once: a browser takes a frame for each one that comes from outside.
MOVES = """(places) => {
  const pad = document.querySelector("#pad");
  for (const [clientX, clientY] of places) {
    pad.dispatchEvent(new PointerEvent("pointermove", { pointerId: 1, clientX, clientY }));
  }
}"""


def main(path: Path) -> int:
    """Print what the page reads, hand by hand; return 1 if too little of it is right."""
    hands = json.loads(STROKES.read_text())["hands"]
    right = 0
    with started_browser() as browser:
        watched = Watched(browser.new_page(viewport={"width": 1280, "height": 900}))
        page = watched.open(path)
        for hand in hands:
            read = [answer(page, digit) for digit in hand["digits"]]
            right += sum(guess == label for label, guess in enumerate(read))
            print(f"{hand['name']}: 0 to 9 read as {' '.join(map(str, read))}")
    count = sum(len(hand["digits"]) for hand in hands)
    print(f"{right} of {count} recorded digits read correctly, at least {LEAST:.0%} wanted")
    return int(right < LEAST * count or bool(watched.troubles))


def answer(page: Page, strokes: list[list[list[float]]]) -> int:
    """Draw a digit with the mouse, and return what the page reads."""
    page.locator("#clear").click()
    box = page.locator("#pad").bounding_box()
    if box is None:
        raise RuntimeError("the pad is not on the page")
    for stroke in strokes:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        page.evaluate(MOVES, places[1:])
        page.mouse.up()
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    return int(str(page.locator("#network").get_attribute("data-guess")))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
