"""What the README says is what was measured, and what it names exists."""

import re

import pytest

from benchmarks.accuracy import SEEDS, read, table
from benchmarks.tables import speed_table
from stages.common.runtime.imports import ROOT
from stages.tools.recipe import load_recipes
from tests.pipelines import PARAMS
from tests.readme import claims_in_words

README = (ROOT / "README.md").read_text()
CHOSEN = load_recipes()


def test_the_table_is_that_of_the_runs_written_down() -> None:
    runs = read()
    assert [(run.recipe, run.seed) for run in runs] == [
        (n, s) for n in CHOSEN for s in range(CHOSEN[n].get("seeds", SEEDS))
    ]
    assert table(CHOSEN, runs) in (ROOT / "docs/recipes.md").read_text()
    for name, *cells in re.findall(
        r"^\| `([\w-]+)`: [^|]+ \| ([^|]+) \| ([\d.]+) \|$", README, re.MULTILINE
    ):
        (row,) = (line for line in table(CHOSEN, runs).splitlines() if f"`{name}`" in line)
        assert row.split(" | ")[1::3] == [cells[0], f"{cells[1]} |"]


def test_the_table_of_speed_is_that_of_the_benchmark() -> None:
    assert speed_table() in (ROOT / "docs/speed.md").read_text()


def test_the_verdicts_are_those_of_the_last_run() -> None:
    assert claims_in_words() in README, "run python -m tests.readme"


@pytest.mark.parametrize("name", CHOSEN)
def test_every_recipe_changes_what_exists(name: str) -> None:
    for place, value in CHOSEN[name]["changes"].items():
        section, key = place.split(".", 1)
        assert PARAMS[section][key] != value


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/datasets.md",
        "docs/experiments.md",
        "docs/export.md",
        "docs/first-run.md",
        "docs/lesson.md",
        "docs/pictures.md",
        "docs/recipes.md",
        "docs/reliability.md",
        "docs/speed.md",
        "docs/sweeps.md",
    ],
)
def test_every_file_that_a_document_links_to_exists(document: str) -> None:
    text = (ROOT / document).read_text()
    links = re.findall(r"\]\((?!https://)([^)#]+)\)", text)
    assert all(((ROOT / document).parent / link).exists() for link in links), links


def test_every_target_that_the_readme_names_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`?make ([a-z]+)`", README):
        assert f"\n{target}:" in makefile
