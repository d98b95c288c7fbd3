"""Recipes by name: what they change is what DVC reads back, and a wrong name is told."""

import shlex

import numpy as np
import pytest
from dvc.utils.hydra import get_hydra_sweeps
from ruamel.yaml import YAML

from nn import Network
from stages.common.files.atomic import StageError
from stages.common.images.preprocess import Preprocessing, unit_scaling
from stages.common.models.model import Model
from stages.tools.recipe import AS_SHIPPED, load_recipes, recipe, recipes_of
from tests.pipelines import PARAMS

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


def test_a_network_is_known_by_its_form() -> None:
    def names(*hidden: int, activation: str = "sigmoid", edges: bool = False) -> list[str]:
        cost = "quadratic" if activation == "sigmoid" else "cross_entropy"
        sizes = (28 * 28 * (2 if edges else 1), *hidden, 10)
        network = Network.random(sizes, activation, cost, rng=np.random.default_rng(0))
        seen = Preprocessing(28, 28, edges and activation == "relu", edges, *unit_scaling())
        return recipes_of(Model(network, seen))

    assert names(16, 16) == ["default"]
    assert names(16, 16, edges=True) == ["seeing-edges"]
    assert names(256, 128, activation="relu", edges=True) == ["hands"]
    assert names(16, 16, activation="leaky_relu") == ["sixteen", "race-96"]  # alike in form
    assert names(17) == []


def test_what_is_shipped_is_what_params_yaml_says() -> None:
    for place, value in AS_SHIPPED.items():
        section, key = place.split(".")
        assert PARAMS[section][key] == value
