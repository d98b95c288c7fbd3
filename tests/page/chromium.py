"""A real browser for the tests, and what it takes to put a run of real digits before it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from nn import SGD, Network, Settings, feedforward
from stages.batch import batch
from stages.common.files.arrays import load_labelled
from stages.common.images.preprocess import Preprocessing
from stages.common.models.model import Model, as_examples, save_model
from stages.common.models.snapshots import save_snapshots
from stages.normalize import normalize
from tests.sample import call, sample_as_raw
from tests.stages.test_report import write_reports

NAMES = ("chromium", "chromium-browser", "google-chrome")
AXE = Path(__file__).parents[1] / "browser/node_modules/axe-core/axe.min.js"


def refuse_or_skip(missing: str, how: str) -> None:
    """Leave a test out and say why; where tests must be complete (CI=true), fail instead."""
    message = f"{missing}: {how}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def find_browser() -> str:
    """The path of Chromium or Chrome."""
    program = next(filter(None, map(shutil.which, NAMES)), "")
    if not program:
        refuse_or_skip(
            "no browser found",
            "install Chromium (on Debian: apt-get install chromium) to test the page",
        )
    return program


def launch_chromium(playwright: Playwright) -> Browser:
    """A browser without a window."""
    return playwright.chromium.launch(
        executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"]
    )


@contextmanager
def patient_playwright() -> Iterator[Playwright]:
    """What starts browsers; what is expected of a page may take long on a busy machine."""
    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        yield playwright


@contextmanager
def started_browser() -> Iterator[Browser]:
    """A browser that is closed in the end."""
    with patient_playwright() as playwright:
        browser = launch_chromium(playwright)
        yield browser
        browser.close()


class Watched:
    """An open page, and everything about it that must not be."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.troubles: list[str] = []
        page.on("console", lambda message: self.troubles.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("request", lambda request: self._note_request(request.url))
        page.add_init_script(
            "addEventListener('securitypolicyviolation', "
            "(event) => console.error(`policy: ${event.violatedDirective}`));"
        )

    def _note_request(self, address: str) -> None:
        if not address.startswith(("file:", "data:", "blob:")):
            self.troubles.append(f"request: {address}")

    def open(self, path: Path) -> Page:
        """Open a report and wait until it has come alive."""
        self.page.goto(path.resolve().as_uri())
        self.page.wait_for_selector("main[data-ready]", state="attached")
        return self.page


def write_real_run(folder: Path, hidden: tuple[int, ...] = (16, 16), epochs: int = 40) -> None:
    """Train a network on the sample of real digits; write what the report stage reads."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        sample_as_raw(Path("data/raw"), train=1000, test=200)
        call(normalize, scaling="unit", deskew=False, edges=False)
        call(batch, validation=200, batch_size=50, seed=0)
        _train(hidden, epochs)
    finally:
        os.chdir(before)


def _train(hidden: tuple[int, ...], epochs: int) -> None:
    preprocessing = Preprocessing.load(Path("data/normalized/preprocessing.npz"))
    examples = as_examples(Path("data/normalized/train"), preprocessing)
    rng = np.random.default_rng(0)
    network = Network.random((784, *hidden, 10), "sigmoid", "quadratic", rng=rng, gain=2)
    settings = Settings(learning_rate=3, epochs=epochs, batch_size=50)
    sgd = SGD(network, examples, settings, rng)
    snapshots = {0: network.parameters.copy()}
    for epoch in range(epochs):
        sgd.epoch()
        snapshots[1 + epoch] = network.parameters.copy()
    Path("models").mkdir()
    Path("reports").mkdir()
    save_snapshots(Path("models/snapshots"), snapshots)
    save_model(Path("models/network.npz"), Model(network, preprocessing))
    images, labels = load_labelled(Path("data/normalized/test"))
    outputs = feedforward(network, (images.T * preprocessing.scale).astype(np.float32)).T
    ranked = np.argsort(-outputs, axis=1, kind="stable")
    write_reports(Path("reports"), labels.astype(np.int64), ranked, outputs, epochs)


def calm_page(browser: Browser) -> Page:
    """A page that scrolls at once: nothing to wait for."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, has_touch=True, reduced_motion="reduce"
    )
    return context.new_page()


def draw_no_figures(patch: pytest.MonkeyPatch) -> None:
    """Let every figure be one white pixel: tests of the page need not wait for Matplotlib."""
    from stages.page.html import Image as Figure  # noqa: PLC0415 - for this only

    pixel = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
    names = ("hero", "learning", "weights", "activations", "calibration")
    figures = {n: Figure(n, "What it shows.", f"{n} in words", pixel, 1, 1) for n in names}
    patch.setattr("stages.report.draw", lambda *_: figures)
