"""Train every recipe with several seeds, and count what the test images say.

    python -m benchmarks.accuracy                        # every recipe, all its seeds
    python -m benchmarks.accuracy --seeds 3 deskewed     # one of them, 3 seeds
    python -m benchmarks.accuracy --quick deskewed       # one epoch of few neurons: does it run?

Each run is the real thing: the stages as DVC starts them, on data/raw, in a temporary folder. With
``--jobs 2`` two seeds are trained side by side, one on each core.
Recipes were chosen on validation images; the test images are read once by each trained network.
"""

import copy
import csv
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated, Any

import typer
from ruamel.yaml import YAML

from benchmarks.tables import write
from stages.common.runtime.params import flat
from stages.tools.recipe import RESULTS, load_recipes

ROOT = Path(__file__).parent.parent
SEEDS = 10  # of each recipe that does not say how many, in what is written down
QUICK = {  # changes of a quick run, after a recipe's own
    "batch.validation": 50,
    "batch.batch_size": 10,
    "train.hidden": [6],
    "train.epochs": 1,
}
Params = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Run:
    """One trained network; accuracies in percent, processor seconds of the training loop alone."""

    recipe: str
    seed: int
    validation: float
    test: float
    two_guesses: float
    seconds: float


def main(
    names: Annotated[list[str] | None, typer.Argument(help="Recipes; all if none.")] = None,
    seeds: Annotated[
        int | None, typer.Option(min=2, help="Networks trained for each recipe.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Networks trained at once.")] = 1,
    quick: Annotated[bool, typer.Option("--quick", help="Two seeds, one epoch.")] = False,  # noqa: FBT002
) -> None:
    """Measure the recipes on data/raw; print the table of docs/recipes.md.

    With all their seeds the runs are kept in stages/tools/recipes.csv.
    """
    seeds = 2 if quick else seeds
    recipes = load_recipes()
    params: Params = YAML(typ="safe").load(ROOT / "params.yaml")
    runs = []
    for name in names or recipes:
        changed = apply(params, {**recipes[name]["changes"], **(QUICK if quick else {})})
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
            prepare(Path(folder), changed)
            one = partial(measure, Path(folder), name, changed)
            done = [*pool.map(one, range(seeds or recipes[name].get("seeds", SEEDS)))]
        if seeds is None:
            keep(recipes, done)
        runs += done
    print(table(recipes, runs))


def apply(params: Params, changes: dict[str, Any]) -> Params:
    """The parameters of a recipe: those of params.yaml but for its changes."""
    changed = copy.deepcopy(params)
    for place, value in changes.items():
        section, key = place.split(".", 1)
        changed[section] = flat(changed[section]) | {key: value}
    return changed


def prepare(folder: Path, params: Params) -> None:
    """Link the raw images and run the stages before training."""
    (folder / "data").mkdir()
    (folder / "data/raw").symlink_to(Path("data/raw").resolve())
    for stage in ("normalize", "batch"):
        start(folder, stage, params[stage])


def measure(prepared: Path, recipe: str, params: Params, seed: int) -> Run:
    """Train and evaluate one network, in a folder of its own."""
    folder = prepared / f"seed-{seed}"
    folder.mkdir()
    (folder / "data").symlink_to(prepared / "data")
    output = start(folder, "train", {**params["train"], "seed": seed})
    seconds = re.search(r", ([\d.]+) s of processor time", output)
    start(folder, "evaluate", {})
    metrics = json.loads((folder / "reports/metrics.json").read_text())
    with (folder / "reports/history.csv").open() as file:
        last = list(csv.DictReader(file))[-1]
    run = Run(
        recipe=recipe,
        seed=seed,
        validation=round(100 * float(last["validation_accuracy"]), 2),
        test=round(100 * metrics["accuracy"], 2),
        two_guesses=round(100 * metrics["top_2_accuracy"], 2),
        seconds=float(seconds[1]) if seconds else float("nan"),
    )
    print(f"{recipe:20} seed {seed}: {run.test:.2f} %, {run.seconds:.1f} s", flush=True)
    return run


def start(folder: Path, stage: str, options: dict[str, Any]) -> str:
    """Run a stage in a folder of its own, and return what it printed."""
    words = [sys.executable, "-m", f"stages.{stage}", *as_options(options)]
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def as_options(values: dict[str, Any]) -> list[str]:
    """The command line that DVC makes of a section of params.yaml."""
    options: list[str] = []
    for key, value in flat(values).items():
        if isinstance(value, bool):
            options += [f"--{key}" if value else f"--no-{key}"]
        else:
            for item in value if isinstance(value, list) else [value]:
                options += [f"--{key}", str(item)]
    return options


def keep(recipes: dict[str, Any], runs: list[Run]) -> None:
    """Keep every run, so that the table can be checked; a recipe's new runs replace its old."""
    new = {run.recipe for run in runs}
    runs = [run for run in read() if run.recipe not in new] + runs
    runs.sort(key=lambda run: (list(recipes).index(run.recipe), run.seed))
    write(RESULTS, runs)


def read() -> list[Run]:
    """The runs that were written down."""
    if not RESULTS.exists():
        return []
    with RESULTS.open() as file:
        return [
            Run(row["recipe"], int(row["seed"]), *(float(row[key]) for key in list(row)[2:]))
            for row in csv.DictReader(file)
        ]


def table(recipes: dict[str, Any], runs: list[Run]) -> str:
    """The table of docs/recipes.md: mean and deviation over seeds of each recipe."""
    lines = [
        "| recipe | test accuracy, % | two guesses, % | validation, % | training, s |",
        "|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(run.recipe for run in runs):
        of_recipe = [run for run in runs if run.recipe == name]
        test = [run.test for run in of_recipe]
        spread = f" ± {stdev(test):.2f}" if len(test) > 1 else ""
        lines.append(
            f"| `{name}`: {recipes[name]['about']} | {mean(test):.2f}{spread} "
            f"| {mean(run.two_guesses for run in of_recipe):.2f} "
            f"| {mean(run.validation for run in of_recipe):.2f} "
            f"| {mean(run.seconds for run in of_recipe):.1f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
