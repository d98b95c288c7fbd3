"""The lesson for a class says what the page and the pipeline say."""

import json
import re

import pytest
from ruamel.yaml import YAML

from stages.common.runtime.imports import ROOT
from stages.page.html import WEB

LESSON = (ROOT / "docs/lesson.md").read_text()
PARAMS = YAML(typ="safe").load(ROOT / "params.yaml")


def test_the_lesson_has_the_stops_of_the_page_in_their_order() -> None:
    titles = re.findall(r'^    title: "(.+)"', (WEB / "stops.js").read_text(), re.MULTILINE)
    rows = re.findall(r"^\| (\d) ([\w ]+) \((\d) min\) \|", LESSON, re.MULTILINE)
    assert [name for _, name, _ in rows] == titles
    assert [int(number) for number, _, _ in rows] == [*range(1, 9)]
    assert sum(int(minutes) for *_, minutes in rows) == 30


def test_the_lesson_tells_the_accuracy_that_was_measured() -> None:
    accuracy = json.loads((ROOT / "reports/metrics.json").read_text())["accuracy"]
    assert f"784-16-16-10, {100 * accuracy:.2f} % of the test images" in LESSON


@pytest.mark.parametrize("change", re.findall(r'`dvc exp run -S "?([^`"]+)"?`', LESSON))
def test_its_tweaks_change_what_exists(change: str) -> None:
    place, value = change.split("=")
    section, key = place.split(".")
    assert str(PARAMS[section][key]) != value
