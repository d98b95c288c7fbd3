"""Recipes by name: what they change is what DVC reads back, and a wrong name is told."""

import shlex

import pytest
from dvc.utils.hydra import get_hydra_sweeps
from ruamel.yaml import YAML

from stages.common.files.atomic import StageError
from stages.tools.recipe import load_recipes, recipe

RECIPES = load_recipes()


@pytest.mark.parametrize("name", RECIPES)
def test_what_is_printed_is_read_by_dvc_as_the_recipes_changes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe(name)
    printed = capsys.readouterr().out.split()  # as a shell parts $(...), which minds no quotes
    assert printed == shlex.split(" ".join(printed))
    assert printed[::2] == ["-S"] * len(RECIPES[name]["changes"])
    (changes,) = get_hydra_sweeps({"params.yaml": printed[1::2]})
    read = (change.split("=", 1) for change in changes["params.yaml"])
    assert {k: YAML(typ="safe").load(v) for k, v in read} == RECIPES[name]["changes"]


def test_the_list_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    recipe()
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == ["recipe", *RECIPES]


def test_a_wrong_name_is_told_with_the_right_ones() -> None:
    with pytest.raises(StageError, match=r"expected one of default, .*, got 'edge'"):
        recipe("edge")
