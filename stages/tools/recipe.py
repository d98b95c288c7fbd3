"""Recipes: parameters that were tried, by name, with how well the networks read.

python -m stages recipe
dvc exp run $(python -m stages recipe edges)
"""

import csv
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated, Any

import typer
from ruamel.yaml import YAML

from stages.common.files.atomic import StageError
from stages.common.files.paths import RECIPE_RESULTS
from stages.common.models.model import Model
from stages.common.runtime.cli import run
from stages.common.runtime.imports import ROOT
from stages.common.runtime.params import shown, written

RECIPES = Path(__file__).with_suffix(".yaml").with_stem("recipes")
RESULTS = ROOT / RECIPE_RESULTS  # of `python -m benchmarks.accuracy`

AS_SHIPPED = {  # what params.yaml says of a network's form, where a recipe says nothing
    "train.hidden": [16, 16],
    "train.activation": "sigmoid",
    "train.cost": "quadratic",
    "normalize.deskew": False,
    "normalize.edges": False,
}

Name = Annotated[str, typer.Argument(metavar="[NAME]", help="Of the recipe; none lists them all.")]


def recipe(name: Name = "") -> None:
    """Print what a recipe changes, as `dvc exp run` takes it; without a name, list all of them.

    Accuracies are of the test images, mean and standard deviation over seeds; seconds are those
    of one processor, of the training alone.
    """
    recipes = load_recipes()
    if not name:
        print("\n".join(listing(recipes)))
    elif name in recipes:
        print(*words(recipes[name]["changes"]))
    else:
        raise StageError(f"recipe: expected one of {', '.join(recipes)}, got {shown(name)}")


def load_recipes() -> dict[str, Any]:
    """Every recipe by name: ``about`` it, and its ``changes`` in params.yaml."""
    recipes: dict[str, Any] = YAML(typ="safe").load(RECIPES)
    return recipes


def words(changes: dict[str, Any]) -> list[str]:
    """The options of `dvc exp run`; none holds a space, for a shell would part it there."""
    return [f"-S {place}={written(value)}" for place, value in changes.items()]


def recipes_of(model: Model) -> list[str]:
    """The names of the recipes that make a network of this form, fed in this way."""
    network, preprocessing = model.network, model.preprocessing
    form = {
        "train.hidden": list(network.sizes[1:-1]),
        "train.activation": network.activation,
        "train.cost": network.cost,
        "normalize.deskew": preprocessing.deskew,
        "normalize.edges": preprocessing.edges,
    }
    return [
        name
        for name, entry in load_recipes().items()
        if form == {key: entry["changes"].get(key, value) for key, value in AS_SHIPPED.items()}
    ]


def listing(recipes: dict[str, Any]) -> list[str]:
    """A line for each recipe: how well its networks read, how long they learn, and what it is."""
    with RESULTS.open(newline="") as file:
        rows = [*csv.DictReader(file)]
    lines = ["recipe            test accuracy   training  what it is"]
    for name, entry in recipes.items():
        tests = [float(row["test"]) for row in rows if row["recipe"] == name]
        seconds = mean(float(row["seconds"]) for row in rows if row["recipe"] == name)
        spread = f"\N{PLUS-MINUS SIGN} {stdev(tests):.2f}" if len(tests) > 1 else ""
        lines.append(f"{name:17} {mean(tests):.2f} {spread:6} % {seconds:7.1f} s  {entry['about']}")
    return lines


if __name__ == "__main__":
    run(recipe, writes=False)
