"""Node, for the page's modules that know no document; a browser, and a run for it."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser

from stages.report import report
from tests.page.chromium import (
    Watched,
    calm_page,
    draw_no_figures,
    launch_chromium,
    patient_playwright,
    write_real_run,
)
from tests.page.firefox import launch_firefox
from tests.sample import call

RUNNER = Path(__file__).with_name("page_core.mjs")

Node: TypeAlias = Callable[..., list[Any]]


@pytest.fixture(scope="session")
def node() -> Node:
    """Run calls of the page's modules: node({"task": ..., ...}, ...) gives their results."""
    program = shutil.which("node")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Node is missing; CI must not leave out the page's tests")
        pytest.skip("Node is not installed: apt install nodejs")

    def run(*calls: dict[str, Any]) -> list[Any]:
        answer = subprocess.run(
            [program, str(RUNNER)],
            input=json.dumps(calls),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert answer.returncode == 0, answer.stderr
        assert not answer.stderr
        results: list[Any] = json.loads(answer.stdout)
        return results

    return run


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test of the page in Chromium, and those marked ``in_firefox`` there, too."""
    if "browser" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("in_firefox") is not None
        names = ["chromium", *(["firefox"] if both else [])]
        metafunc.parametrize("browser", names, indirect=True, scope="module")


@pytest.fixture(scope="module")  # other files start a Playwright of their own, one at a time
def launch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Browser]]:
    """Start a browser by its name when it is first asked for; all are closed in the end."""
    with patient_playwright() as playwright:
        launched: dict[str, Browser] = {}

        def launch(name: str) -> Browser:
            if name not in launched:
                launched[name] = (
                    launch_chromium(playwright)
                    if name == "chromium"
                    else launch_firefox(playwright, tmp_path_factory.mktemp("firefox"))
                )
            return launched[name]

        yield launch
        for browser in launched.values():
            browser.close()


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest, launch: Callable[[str], Browser]) -> Browser:
    """A browser that has no page yet."""
    return launch(request.param)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on real digits, with its report but for the figures; for reading only."""
    folder = tmp_path_factory.mktemp("run")
    write_real_run(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        draw_no_figures(patch)
        call(report, dpi=50, mistakes=6)
    return folder


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    """A new page that must cause no trouble: no error, no request, nothing against the policy."""
    watched = Watched(calm_page(browser))
    yield watched
    watched.page.context.close()
    assert not watched.troubles
