"""Firefox as it is released, for the tests that both browsers run."""

import shlex
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright

from tests.page.chromium import refuse_or_skip

NAMES = ("firefox-esr", "firefox")
RELAY = Path(__file__).with_name("relay.py")
CALM: dict[str, str | float | bool] = {"ui.prefersReducedMotion": 1}


def launch_firefox(playwright: Playwright, folder: Path) -> Browser:
    """A Firefox without a window, by WebDriver BiDi: Playwright's own build is not needed.

    :param folder: where the program that Playwright starts is written
    """
    browser = next(filter(None, map(shutil.which, NAMES)), "")
    if not browser:
        refuse_or_skip(
            "no Firefox found",
            "install it (on Debian: apt-get install firefox-esr) to test the page there, too",
        )
    program = folder / "firefox"
    command = shlex.join([sys.executable, str(RELAY), browser])
    program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
    program.chmod(0o755)
    return playwright.firefox.launch(
        channel="moz-firefox", executable_path=program, firefox_user_prefs=CALM
    )
